package storetest

import (
	"fmt"
	"time"

	"smsflow/services/flow"
)

func commitTests() []test {
	return []test{
		{name: "a conversation comes back as it was committed", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			out.Release = false
			v := &out.Conversation
			v.State, v.StateReason, v.OptedIn, v.Inbounds = flow.HandedOff, "asked for a person", true, 41
			v.Vars, v.Tags = map[string]string{"name": "Zoë", "empty": ""}, []string{"vip", "späti"}
			v.Recent, v.LastText = []time.Time{k.at, k.at.Add(time.Minute)}, "See you"
			k.commits(out)
			equal(k, k.load(me, c.Lease).Conversation, *v)
			again := next(k.load(me, c.Lease))
			again.Release = false
			again.Conversation.Vars, again.Conversation.Tags, again.Conversation.Recent = nil, nil, nil
			k.commits(again)
			now := k.load(me, c.Lease).Conversation
			if now.Vars == nil || len(now.Vars) != 0 || now.Tags != nil || now.Recent != nil || now.Ver != 2 {
				k.Fatalf("got %+v", now)
			}
		}},
		{name: "who has lost owner, lease or version writes nothing", run: func(k *kit) {
			w := k.workflow()
			good := k.hold(k.inbound(k.contact(), "1"))
			k.commits(func() flow.Commit { c := next(good); c.Release, c.Consumed = false, nil; return c }())
			good = k.load(me, good.Lease)
			for name, change := range map[string]func(c *flow.Commit){
				"the version before": func(c *flow.Commit) { c.Conversation.Ver-- },
				"the first version":  func(c *flow.Commit) { c.Conversation.Ver = 1 },
				"a version too far":  func(c *flow.Commit) { c.Conversation.Ver++ },
				"an older lease":     func(c *flow.Commit) { c.Lease.Lease-- },
				"a later lease":      func(c *flow.Commit) { c.Lease.Lease++ },
			} {
				c, _ := begun(good, w)
				c.Outbounds = []flow.Outbound{reply(good.Pending[0], "hi")}
				c.Consumed = []int64{good.Pending[0].Seq}
				c.Release = true
				change(&c)
				if got := k.commit(me, c)[0]; !got.Stale || got.Released {
					k.Fatalf("%s: got %+v", name, got)
				}
				k.untouched(good)
			}
			c := next(good)
			if !k.commit(other, c)[0].Stale {
				k.Fatal("another owner committed")
			}
			if !k.commit("", c)[0].Stale {
				k.Fatal("nobody committed")
			}
			k.untouched(good)
			k.commits(c)
		}},
		{name: "a conversation that is not stored has no later version", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			out.Conversation.Ver = 2
			if !k.commit(me, out)[0].Stale {
				k.Fatal("version 2 of nothing was committed")
			}
			k.untouched(c)
		}},
		{name: "another tenant's conversation is out of reach", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			out.Tenant = k.newTenant()
			out.Conversation.Tenant, out.Results = out.Tenant, nil
			if !k.commit(me, out)[0].Stale {
				k.Fatal("another tenant committed")
			}
			k.untouched(c)
		}},
		{name: "stale ones do not hold up the others", run: func(k *kit) {
			var batch []flow.Commit
			var held []flow.Claimed
			for range 9 {
				c := k.hold(k.inbound(k.contact(), "1"))
				held = append(held, c)
				batch = append(batch, next(c))
			}
			batch[2].Lease.Lease--
			batch[5].Conversation.Ver++
			for i, got := range k.commit(me, batch...) {
				stale := i == 2 || i == 5
				if got.Stale != stale || got.Released == stale {
					k.Fatalf("commit %d: %+v", i, got)
				}
				if stale {
					k.untouched(held[i])
				}
				res, err := k.Store.Result(k.ctx(), k.tenant, held[i].Pending[0].ID)
				k.must(err)
				equal(k, res.Outcome == flow.OutcomeAccepted, stale)
			}
		}},
		{name: "of one conversation twice in a batch the first counts", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			first := next(c)
			first.Release = false
			second := first
			second.Conversation.Ver++
			second.Conversation.LastText = "second"
			got := k.commit(me, first, second)
			if got[0].Stale || !got[1].Stale {
				k.Fatalf("got %+v", got)
			}
			equal(k, k.load(me, c.Lease).Conversation.LastText, "")
		}},
		{name: "a commit that names another conversation is refused", run: func(k *kit) {
			w := k.workflow()
			c := k.hold(k.inbound(k.contact(), "1"))
			foreign := k.newTenant()
			for name, change := range map[string]func(c *flow.Commit){
				"conversation":    func(c *flow.Commit) { c.Conversation.ID = "x" },
				"tenant":          func(c *flow.Commit) { c.Conversation.Tenant = foreign },
				"version":         func(c *flow.Commit) { c.Conversation.Ver = 0 },
				"run's tenant":    func(c *flow.Commit) { c.Runs[0].Tenant = foreign },
				"run":             func(c *flow.Commit) { c.Runs[0].Conversation = "x" },
				"result's tenant": func(c *flow.Commit) { c.Results[0].Tenant = foreign },
				"reply":           func(c *flow.Commit) { c.Outbounds[0].Conversation = "x" },
				"reply's tenant":  func(c *flow.Commit) { c.Outbounds[0].Tenant = foreign },
			} {
				out, _ := begun(c, w)
				out.Outbounds = []flow.Outbound{reply(c.Pending[0], "hi")}
				change(&out)
				if _, err := k.Store.Commit(k.ctx(), me, []flow.Commit{out}); err == nil {
					k.Fatalf("%s: no error", name)
				}
				k.untouched(c)
			}
		}},
		{name: "a commit consumes its own conversation's messages only", run: func(k *kit) {
			a, b := k.hold(k.inbound(k.contact(), "1")), k.hold(k.inbound(k.contact(), "1"))
			out := next(a)
			out.Consumed = append(out.Consumed, b.Pending[0].Seq)
			k.commits(out)
			equal(k, k.load(me, b.Lease), b)
		}},
		{name: "what is written twice is written once", run: func(k *kit) {
			w := k.workflow()
			c := k.hold(k.inbound(k.contact(), "1"))
			b, r := begun(c, w)
			later := r
			later.State, later.Pending = flow.RunCompleted, nil
			b.Runs = append(b.Runs, later)
			final := b.Results[0]
			final.Outcome = flow.OutcomeReplied
			b.Results = append(b.Results, final)
			b.Conversation.Run = ""
			out := reply(c.Pending[0], "hi")
			b.Outbounds = []flow.Outbound{out, out}
			k.commits(b)
			res, err := k.Store.Result(k.ctx(), k.tenant, c.Pending[0].ID)
			k.must(err)
			equal(k, res.Outcome, flow.OutcomeReplied)
			equal(k, res.Replies, []flow.Outbound{out})
			equal(k, k.Rows(k, `SELECT state FROM run WHERE id = ?`, string(r.ID)), []string{"completed"})
		}},
		{name: "a batch of many is written together", run: func(k *kit) {
			const many = 64
			w := k.workflow()
			var ms []flow.Inbound
			for i := range many {
				ms = append(ms, k.inbound(k.contact(), fmt.Sprint("message ", i)))
			}
			var ls []flow.Lease
			for i, got := range k.ingest(me, long, ms...) {
				ls = append(ls, flow.Lease{Tenant: k.tenant, Conversation: ms[i].Conversation, Lease: got.Lease})
			}
			var batch []flow.Commit
			want := map[flow.InboundID]flow.Result{}
			for _, c := range k.loadAll(me, ls...) {
				b, r := begun(c, w)
				r.State, r.Pending = flow.RunCompleted, nil
				b.Runs, b.Conversation.Run = []flow.Run{r}, ""
				b.Results[0].Outcome = flow.OutcomeReplied
				b.Results[0].Replies = []flow.Outbound{reply(c.Pending[0], "re: "+c.Pending[0].Body), reply(c.Pending[0], "bye")}
				b.Outbounds = b.Results[0].Replies
				b.Consumed, b.Release = []int64{c.Pending[0].Seq}, true
				want[c.Pending[0].ID] = b.Results[0]
				batch = append(batch, b)
			}
			equal(k, len(batch), many)
			for _, got := range k.commit(me, batch...) {
				equal(k, got, flow.Committed{Released: true})
			}
			for in, res := range want {
				got, err := k.Store.Result(k.ctx(), k.tenant, in)
				k.must(err)
				equal(k, got, res)
			}
		}},
	}
}
