package storetest

import (
	"fmt"

	"smsflow/services/flow"
)

func loadTests() []test {
	return []test{
		{name: "a conversation without a past", run: func(k *kit) {
			m := k.inbound(k.contact(), "1")
			c := k.hold(m)
			equal(k, c.Conversation, flow.Conversation{
				Tenant: k.tenant, ID: m.Conversation, Number: k.number, Contact: m.From, State: flow.Automated, Vars: map[string]string{},
			})
			if c.Run != nil || c.Partial != nil || c.Gen == 0 || c.ConfigVersion == 0 {
				k.Fatalf("got %+v", c)
			}
		}},
		{name: "what is not held is left out", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			foreign := c.Lease
			foreign.Tenant = k.newTenant()
			older := c.Lease
			older.Lease--
			absent := c.Lease
			absent.Conversation = flow.NewConversationID(k.tenant, "a", "b")
			equal(k, k.loadAll(me, foreign, older, c.Lease, absent), []flow.Claimed{c})
			if got := k.loadAll(other, c.Lease); len(got) != 0 {
				k.Fatalf("another loaded %+v", got)
			}
			if got := k.loadAll("", c.Lease); len(got) != 0 {
				k.Fatalf("nobody loaded %+v", got)
			}
			if got := k.loadAll(me); len(got) != 0 {
				k.Fatalf("loaded %+v of nothing", got)
			}
		}},
		{name: "the limit holds for each conversation", run: func(k *kit) {
			a, b := k.contact(), k.contact()
			var batch []flow.Inbound
			for i := range 5 {
				batch = append(batch, k.inbound(a, fmt.Sprint(i)), k.inbound(b, fmt.Sprint(i)))
			}
			got := k.ingest(me, long, batch...)
			loaded, err := k.Store.Load(k.ctx(), me, []flow.Lease{
				{Tenant: k.tenant, Conversation: batch[0].Conversation, Lease: got[0].Lease},
				{Tenant: k.tenant, Conversation: batch[1].Conversation, Lease: got[1].Lease},
			}, 3)
			k.must(err)
			equal(k, len(loaded), 2)
			for _, c := range loaded {
				equal(k, len(c.Pending), 3)
				for i, m := range c.Pending {
					equal(k, m.Body, fmt.Sprint(i))
				}
				// What was not loaded keeps the lease.
				if done := k.commits(next(c)); done.Released {
					k.Fatalf("released with two messages waiting")
				}
				equal(k, len(k.load(me, c.Lease).Pending), 2)
			}
		}},
		{name: "the config version grows with every change", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			last := c.ConfigVersion
			grown := func(what string) {
				k.Helper()
				now := k.load(me, c.Lease).ConfigVersion
				if now <= last {
					k.Fatalf("%s: version %d after %d", what, now, last)
				}
				last = now
				config, err := k.Store.Config(k.ctx(), k.tenant)
				k.must(err)
				equal(k, config.Tenant.ConfigVersion, now)
			}
			a := k.assistant()
			grown("create assistant")
			w := k.workflow()
			grown("create workflow")
			_, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Active = false; return nil }, k.audit)
			k.must(err)
			grown("update workflow")
			k.must(k.Store.ReorderWorkflows(k.ctx(), k.tenant, func(_ flow.PriorityOrder, all []flow.Workflow) error {
				all[0].Priority++
				return nil
			}, k.audit))
			grown("reorder")
			_, err = k.Store.UpdateAssistant(k.ctx(), k.tenant, a.ID, func(a *flow.Assistant) error { a.Model = "n"; return nil }, k.audit)
			k.must(err)
			grown("update assistant")
			k.must(k.Store.DeleteAssistant(k.ctx(), k.tenant, a.ID, func(flow.Assistant) error { return nil }, k.audit))
			grown("delete assistant")
			_, err = k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
			k.must(err)
			grown("delete workflow")
			_, err = k.Store.UpdateTenant(k.ctx(), k.tenant, func(t *flow.Tenant) error { t.SMSPlan = false; return nil })
			k.must(err)
			grown("update tenant")
			k.must(k.Store.AddNumber(k.ctx(), flow.Number{Tenant: k.tenant, Number: "+49" + digits(10)}))
			grown("add number")
		}},
		{name: "an open run comes with its partial outcome", run: func(k *kit) {
			w := k.workflow()
			c := k.hold(k.inbound(k.contact(), "1"))
			b, r := begun(c, w)
			k.commits(b)
			more := k.inbound(c.Conversation.Contact, "2")
			k.ingest(me, long, more)
			now := k.load(me, c.Lease)
			equal(k, *now.Run, r)
			equal(k, *now.Partial, b.Results[0])
			equal(k, len(now.Pending), 2)
			equal(k, now.Conversation, b.Conversation)

			// A second commit of the same run: the steps come together.
			second := next(now)
			second.Release, second.Consumed, second.Results = false, nil, nil
			r.Cursor, r.Pending = 2, nil
			second.Runs = []flow.Run{r}
			later := step("later", flow.StepDone, r.StartedAt)
			second.Events = []flow.RunEvents{{Run: r.ID, Inbound: r.Inbound, Steps: []flow.StepEvent{later}}}
			k.commits(second)
			now = k.load(me, c.Lease)
			equal(k, *now.Run, r)
			steps := append([]flow.StepEvent{}, b.Events[0].Steps...)
			equal(k, now.Partial.Trace.Candidates[1].Steps, append(steps, later))
			equal(k, now.Partial.Trace.Candidates[0], b.Results[0].Trace.Candidates[0])
		}},
	}
}
