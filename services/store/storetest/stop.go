package storetest

import (
	"time"

	"smsflow/services/flow"
)

// stop is a message with a stop word.
func (k *kit) stop(contact string) flow.Inbound {
	m := k.inbound(contact, "STOP")
	m.Stop = true
	return m
}

// optedOut says what the dispatcher is told.
func (k *kit) optedOut(ids ...flow.ConversationID) []bool {
	k.Helper()
	var ms []flow.Outbound
	for _, c := range ids {
		ms = append(ms, flow.Outbound{Conversation: c})
	}
	var out []bool
	for _, c := range k.clear(me, ms...) {
		out = append(out, c.OptedOut)
	}
	return out
}

func (k *kit) clear(owner string, ms ...flow.Outbound) []flow.Clearance {
	k.Helper()
	got, err := k.Store.Clear(k.ctx(), owner, ms)
	k.must(err)
	if len(got) != len(ms) {
		k.Fatalf("%d answers for %d messages", len(got), len(ms))
	}
	return got
}

func stopTests() []test {
	return []test{
		{name: "a stop word opts a new contact out", run: func(k *kit) {
			m := k.stop(k.contact())
			c := k.hold(m)
			equal(k, c.Conversation, flow.Conversation{
				Tenant: k.tenant, ID: m.Conversation, Number: k.number, Contact: m.From, State: flow.OptedOut, StateReason: "stop word",
				Vars: map[string]string{}, Ver: 1,
			})
			equal(k, len(c.Pending), 1)
			// Its handling goes on from there.
			out := next(c)
			out.Conversation.StopConfirmed = true
			k.commits(out)
			equal(k, k.optedOut(m.Conversation, flow.NewConversationID(k.tenant, "a", "b"), m.Conversation), []bool{true, false, true})
			equal(k, len(k.optedOut()), 0)
		}},
		{name: "a commit under way is stale", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			k.ingest(other, long, k.stop(c.Conversation.Contact))
			equal(k, k.commit(me, next(c))[0].Stale, true)
			now := k.load(me, c.Lease)
			equal(k, now.Conversation.State, flow.OptedOut)
			equal(k, len(now.Pending), 2)
			k.commits(next(now))
		}},
		{name: "what is kept and what is not", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			out.Release = false
			v := &out.Conversation
			v.State, v.StateReason, v.HandedOffAt, v.OptedIn, v.StopConfirmed = flow.HandedOff, "asked for a person", k.at, true, true
			v.Vars, v.Tags, v.Run, v.LastText, v.Recent = map[string]string{"a": "b"}, []string{"t"}, "", "hello", []time.Time{k.at}
			k.commits(out)
			equal(k, k.load(me, c.Lease).Conversation, *v)

			k.ingest(me, long, k.stop(v.Contact), k.inbound(v.Contact, "why?"))
			now := k.load(me, c.Lease)
			want := *v
			want.Ver, want.State, want.StateReason, want.HandedOffAt = v.Ver+1, flow.OptedOut, "stop word", time.Time{}
			want.OptedIn, want.StopConfirmed = false, false
			equal(k, now.Conversation, want)
		}},
		{name: "a second stop is not confirmed again, one after a start is", run: func(k *kit) {
			c := k.hold(k.stop(k.contact()))
			confirmed := func(change func(v *flow.Conversation)) bool {
				now := k.load(me, c.Lease)
				out := next(now)
				out.Release = false
				change(&out.Conversation)
				k.commits(out)
				k.ingest(me, long, k.stop(now.Conversation.Contact))
				return k.load(me, c.Lease).Conversation.StopConfirmed
			}
			equal(k, confirmed(func(v *flow.Conversation) { v.StopConfirmed = true }), true)
			equal(k, confirmed(func(*flow.Conversation) {}), true)
			equal(k, confirmed(func(v *flow.Conversation) { v.State, v.StateReason = flow.Automated, "" }), false)
		}},
		{name: "a repeated delivery changes nothing", run: func(k *kit) {
			m := k.stop(k.contact())
			c := k.hold(m)
			plain := k.inbound(k.contact(), "1")
			d := k.hold(plain)
			plain.Stop = true // the first one's payload counts
			fresh := k.inbound(k.contact(), "1")
			again := fresh
			again.Stop = true
			for i, got := range k.ingest(me, long, m, m, plain, fresh, again) {
				equal(k, got.Duplicate, i != 3)
			}
			equal(k, k.load(me, c.Lease), c)
			equal(k, k.load(me, d.Lease), d)
			equal(k, k.optedOut(fresh.Conversation), []bool{false})
		}},
		{name: "twice in a batch, and several conversations", run: func(k *kit) {
			a, b := k.contact(), k.contact()
			ms := []flow.Inbound{k.stop(b), k.inbound(a, "1"), k.stop(a), k.stop(b)}
			got := k.ingest(me, long, ms...)
			equal(k, k.optedOut(ms[0].Conversation, ms[1].Conversation), []bool{true, true})
			c := k.load(me, flow.Lease{Tenant: k.tenant, Conversation: ms[0].Conversation, Lease: got[0].Lease})
			equal(k, c.Conversation.Ver, 1)
			equal(k, len(c.Pending), 2)
		}},
		{name: "an open run is still the conversation's", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			b, r := begun(c, k.workflow())
			k.commits(b)
			k.ingest(me, long, k.stop(c.Conversation.Contact))
			now := k.load(me, c.Lease)
			equal(k, *now.Run, r)
			equal(k, now.Partial.Inbound, r.Inbound)
			equal(k, now.Conversation.State, flow.OptedOut)
		}},
		{name: "what waits is suppressed, the answer to a consent word is not", alone: true, run: func(k *kit) {
			c, contact := k.push(false), k.contact()
			claimed := k.hold(k.inbound(contact, "1"))
			out := next(claimed)
			var ms []flow.Outbound
			for i, state := range []flow.OutboundState{flow.OutboundPending, flow.OutboundSending, flow.OutboundPending, flow.OutboundReturned, flow.OutboundPending} {
				o := reply(claimed.Pending[0], "out")
				o.Connection, o.State, o.Consent = c, state, i == 2
				if state == flow.OutboundSending {
					o.SendingFor = long
				}
				ms = append(ms, o)
			}
			out.Outbounds = ms
			k.commits(out)
			elsewhere := k.pending(c, "another's")[0]
			k.ingest(me, long, k.stop(contact))
			for i, want := range []flow.OutboundState{
				flow.OutboundSuppressed, flow.OutboundSending, flow.OutboundPending, flow.OutboundReturned, flow.OutboundSuppressed,
			} {
				now := k.is(ms[i], want)
				equal(k, now.Reason != "", want == flow.OutboundSuppressed)
			}
			k.is(elsewhere, flow.OutboundPending)
			equal(k, k.settle(me, settled(ms[0], flow.OutboundSent)), []bool{false})

			// The one that was on its way comes back, and is not sent again.
			s := settled(ms[1], flow.OutboundPending)
			k.settle(me, s)
			sent := k.due(me)
			equal(k, len(sent), 1)
			equal(k, sent[0].ID, elsewhere.ID)
			k.is(ms[1], flow.OutboundSuppressed)
			sent = k.due(me)
			equal(k, len(sent), 1)
			equal(k, sent[0].ID, ms[2].ID)
			k.settle(me, settled(sent[0], flow.OutboundSent))

			// By its name neither.
			k.settle(me, settled(elsewhere, flow.OutboundFailed))
			k.ingest(me, long, k.stop(elsewhere.To))
			_, err := k.Store.RetryOutbound(k.ctx(), k.tenant, elsewhere.ID, k.audit)
			k.must(err)
			equal(k, len(k.named(me, elsewhere)), 0)
			k.is(elsewhere, flow.OutboundSuppressed)
			equal(k, k.count("outgoing"), 0)
		}},
	}
}
