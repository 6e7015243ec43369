package storetest

import (
	"fmt"
	"slices"
	"time"

	"smsflow/services/flow"
)

func outboxTests() []test {
	return slices.Concat(takeTests(), settleTests(), orderTests(), deadLetterTests(), outboxRaceTests())
}

// push is a gateway connection of the kit's tenant that messages are pushed to.
func (k *kit) push(dedupes bool) flow.ConnectionID {
	return k.connection(k.tenant, flow.DeliverWebhook, dedupes)
}

func (k *kit) connection(tenant flow.TenantID, d flow.Delivery, dedupes bool) flow.ConnectionID {
	k.Helper()
	c := flow.Connection{Tenant: tenant, ID: flow.ConnectionID(id()), Name: "Main gateway", Delivery: d, Dedupes: dedupes, CreatedAt: k.at}
	k.must(k.Store.PutConnection(k.ctx(), c, k.audit))
	return c.ID
}

// sends commits a message of a contact with answers that go out by a connection. One that is sending has sendingFor.
func (k *kit) sends(m flow.Inbound, c flow.ConnectionID, state flow.OutboundState, sendingFor time.Duration, bodies ...string) []flow.Outbound {
	k.Helper()
	claimed := k.hold(m)
	out := next(claimed)
	for _, b := range bodies {
		o := reply(m, b)
		o.Connection, o.State = c, state
		if state == flow.OutboundSending {
			o.SendingFor = sendingFor
		}
		out.Outbounds = append(out.Outbounds, o)
	}
	k.commits(out)
	return out.Outbounds
}

// pending commits a message of a new contact with answers that wait.
func (k *kit) pending(c flow.ConnectionID, bodies ...string) []flow.Outbound {
	k.Helper()
	return k.sends(k.inbound(k.contact(), "1"), c, flow.OutboundPending, 0, bodies...)
}

func (k *kit) sending(c flow.ConnectionID, length time.Duration) flow.Outbound {
	k.Helper()
	return k.sends(k.inbound(k.contact(), "1"), c, flow.OutboundSending, length, "out")[0]
}

func (k *kit) take(owner string, length time.Duration, t flow.Take) []flow.Outbound {
	k.Helper()
	got, err := k.Store.TakeOutbounds(k.ctx(), owner, length, t)
	k.must(err)
	return got
}

// due is what a poll claims.
func (k *kit) due(owner string) []flow.Outbound {
	k.Helper()
	return k.take(owner, long, flow.Take{PerTenant: 100, Limit: 1000})
}

func (k *kit) named(owner string, ms ...flow.Outbound) []flow.Outbound {
	k.Helper()
	var ids []flow.OutboundID
	for _, m := range ms {
		ids = append(ids, m.ID)
	}
	return k.take(owner, long, flow.Take{IDs: ids, Limit: len(ids)})
}

func (k *kit) settle(owner string, ss ...flow.Settled) []bool {
	k.Helper()
	got, err := k.Store.SettleOutbounds(k.ctx(), owner, ss)
	k.must(err)
	if len(got) != len(ss) {
		k.Fatalf("%d answers for %d settlements", len(got), len(ss))
	}
	return got
}

// settled is what became of a message at its latest attempt.
func settled(m flow.Outbound, state flow.OutboundState) flow.Settled {
	return flow.Settled{Tenant: m.Tenant, ID: m.ID, State: state, Attempts: max(m.Attempts, 1), Doubt: m.Doubt}
}

// stored reads a message as the reply that it is.
func (k *kit) stored(m flow.Outbound) flow.Outbound {
	k.Helper()
	r, err := k.Store.Result(k.ctx(), m.Tenant, m.Inbound)
	k.must(err)
	i := slices.IndexFunc(r.Replies, func(o flow.Outbound) bool { return o.ID == m.ID })
	if i < 0 {
		k.Fatalf("message %s is not among the replies", m.ID)
	}
	return r.Replies[i]
}

// is wants a message to have come so far.
func (k *kit) is(m flow.Outbound, state flow.OutboundState) flow.Outbound {
	k.Helper()
	got := k.stored(m)
	if got.State != state {
		k.Fatalf("the message is %s, want %s: %+v", got.State, state, got)
	}
	return got
}

func said(ms []flow.Outbound) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Body)
	}
	return out
}

func takeTests() []test {
	return []test{
		{name: "a pending message is one sender's", alone: true, run: func(k *kit) {
			m := k.pending(k.push(false), "out")[0]
			equal(k, k.stored(m), m)
			got := k.due(me)
			equal(k, len(got), 1)
			want := m
			want.State, want.Attempts = flow.OutboundSending, 1
			equal(k, got[0], want)
			equal(k, k.stored(m), want)
			equal(k, len(k.due(other)), 0)
			equal(k, len(k.named(other, m)), 0)
			s := settled(got[0], flow.OutboundSent)
			s.GatewayID = "gw-1"
			equal(k, k.settle(other, s), []bool{false})
			equal(k, k.settle("", s), []bool{false})
			equal(k, k.settle(me, s), []bool{true})
			now := k.is(m, flow.OutboundSent)
			if now.UpdatedAt.IsZero() {
				k.Error("nobody knows when it was sent")
			}
			want.State, want.GatewayID, want.UpdatedAt = flow.OutboundSent, "gw-1", now.UpdatedAt
			equal(k, now, want)
			equal(k, k.settle(me, s), []bool{false})
			equal(k, len(k.due(me)), 0)
			equal(k, k.count("outgoing"), 0)
		}},
		{name: "a commit can claim for its owner", alone: true, run: func(k *kit) {
			m := k.sending(k.push(true), long)
			equal(k, len(k.due(other)), 0)
			equal(k, len(k.named(other, m)), 0)
			now := k.is(m, flow.OutboundSending)
			equal(k, now.Attempts, 1)
			equal(k, now.SendingFor, 0)
			equal(k, k.settle(other, settled(m, flow.OutboundSent)), []bool{false})
			equal(k, k.settle(me, settled(m, flow.OutboundSent)), []bool{true})
		}},
		{name: "what is returned in an answer is never sent", alone: true, run: func(k *kit) {
			m := k.sends(k.inbound(k.contact(), "1"), k.push(true), flow.OutboundReturned, 0, "out")[0]
			equal(k, len(k.due(me)), 0)
			equal(k, len(k.named(me, m)), 0)
			equal(k, k.settle(me, settled(m, flow.OutboundSent)), []bool{false})
			equal(k, k.settle(me, settled(m, flow.OutboundDelivered)), []bool{false})
			k.is(m, flow.OutboundReturned)
		}},
		{name: "who dies while sending to a gateway that dedupes is followed by another", alone: true, run: func(k *kit) {
			for _, c := range []flow.ConnectionID{k.push(true), k.connection(k.tenant, flow.DeliverNull, false)} {
				m := k.sending(c, short)
				k.Pass(k, 2*short)
				// As long as nobody else has it, its sender may still tell.
				late := k.sending(c, short)
				k.Pass(k, 2*short)
				equal(k, k.settle(me, settled(late, flow.OutboundSent)), []bool{true})
				got := k.due(other)
				equal(k, len(got), 1)
				equal(k, got[0].ID, m.ID)
				equal(k, got[0].Attempts, 2)
				equal(k, got[0].Doubt, true)
				equal(k, k.settle(me, settled(m, flow.OutboundSent)), []bool{false})
				equal(k, k.settle(other, settled(got[0], flow.OutboundSent)), []bool{true})
			}
		}},
		{name: "who dies while sending to one that does not leaves an unknown", alone: true, run: func(k *kit) {
			var ms []flow.Outbound
			for _, c := range []flow.ConnectionID{
				k.push(false), k.connection(k.tenant, flow.DeliverStream, false), k.connection(k.tenant, flow.DeliverResponse, false), "gone",
			} {
				ms = append(ms, k.sending(c, short))
			}
			k.Pass(k, 2*short)
			equal(k, len(k.due(other)), 0)
			for _, m := range ms {
				now := k.is(m, flow.OutboundUnknown)
				if !now.Doubt || now.Reason == "" || now.Attempts != 1 {
					k.Fatalf("got %+v", now)
				}
				equal(k, k.settle(me, settled(m, flow.OutboundSent)), []bool{false})
			}
			list, total, err := k.Store.Undelivered(k.ctx(), k.tenant, 10, 0)
			k.must(err)
			equal(k, total, 4)
			equal(k, len(list), 4)
			equal(k, len(k.due(other)), 0)
		}},
		{name: "a gateway pulls its own", alone: true, run: func(k *kit) {
			stream, more := k.connection(k.tenant, flow.DeliverStream, false), k.connection(k.tenant, flow.DeliverStream, true)
			foreign := k.newTenant()
			ours, theirs := k.pending(stream, "a", "b"), k.pending(more, "c")
			k.pending(k.push(false), "pushed")
			pull := func(tenant flow.TenantID, c flow.ConnectionID, length time.Duration, limit int) []string {
				return said(k.take(me, length, flow.Take{Tenant: tenant, Connection: c, PerTenant: limit, Limit: limit}))
			}
			equal(k, pull(foreign, stream, long, 10), nil)
			equal(k, pull(k.tenant, stream, long, 0), nil)
			equal(k, said(k.due(me)), []string{"pushed"})
			equal(k, pull(k.tenant, stream, long, 10), []string{"a"})
			equal(k, pull(k.tenant, stream, long, 10), nil) // the next one comes when that one is settled
			equal(k, pull(k.tenant, more, short, 10), []string{"c"})
			lost := k.sending(stream, short)
			k.Pass(k, 2*short)
			equal(k, pull(k.tenant, more, long, 10), []string{"c"})
			k.is(lost, flow.OutboundUnknown) // ended by any call
			equal(k, k.settle(me, settled(ours[0], flow.OutboundSent), settled(theirs[0], flow.OutboundSent)), []bool{true, true})
			equal(k, pull(k.tenant, stream, long, 10), []string{"b"})
			equal(k, k.settle(me, settled(ours[1], flow.OutboundSent)), []bool{true})
			equal(k, k.count("outgoing"), 1)
		}},
		{name: "what is not due is claimed by its name only", alone: true, run: func(k *kit) {
			m := k.pending(k.push(false), "out")[0]
			got := k.due(me)[0]
			s := settled(got, flow.OutboundPending)
			s.RetryAfter, s.Reason, s.Doubt = time.Hour, "busy", true
			equal(k, k.settle(me, s), []bool{true})
			now := k.is(m, flow.OutboundPending)
			equal(k, []any{now.Reason, now.Doubt, now.Attempts}, []any{"busy", true, 1})
			equal(k, len(k.due(me)), 0)
			again := k.named(other, m)
			equal(k, len(again), 1)
			equal(k, []any{again[0].Attempts, again[0].Doubt}, []any{2, true})
			s = settled(again[0], flow.OutboundPending)
			s.RetryAfter, s.Attempts = short, 1
			equal(k, k.settle(me, s), []bool{false})
			equal(k, k.settle(other, s), []bool{true})
			k.Pass(k, 2*short)
			got = k.due(me)[0]
			equal(k, []any{got.Attempts, got.Doubt}, []any{2, true})
		}},
		{name: "tenants take turns", alone: true, run: func(k *kit) {
			const each, tenants = 5, 4
			var all []flow.TenantID
			for range tenants {
				tenant := k.newTenant()
				all = append(all, tenant)
				c := k.connection(tenant, flow.DeliverNull, false)
				for range each {
					k.sends(inboundOf(tenant, k.number, k.contact(), "1"), c, flow.OutboundPending, 0, "out")
				}
			}
			slices.Sort(all)
			served := map[flow.TenantID]int{}
			var order []flow.TenantID
			var cursor flow.TenantID
			for range tenants * each {
				got := k.take(me, long, flow.Take{Cursor: cursor, PerTenant: 1, Limit: 3})
				for _, m := range got {
					served[m.Tenant]++
					order = append(order, m.Tenant)
				}
				if len(got) == 0 {
					break
				}
				cursor = got[len(got)-1].Tenant
			}
			equal(k, len(order), tenants*each)
			for i, tenant := range order {
				equal(k, tenant, all[i%tenants])
			}
			for _, n := range served {
				equal(k, n, each)
			}
		}},
		{name: "at most so many of a tenant, and of all", alone: true, run: func(k *kit) {
			a, b := k.newTenant(), k.newTenant()
			for _, tenant := range []flow.TenantID{a, b} {
				one, two := k.connection(tenant, flow.DeliverNull, false), k.connection(tenant, flow.DeliverWebhook, true)
				for range 4 {
					k.sends(inboundOf(tenant, k.number, k.contact(), "1"), one, flow.OutboundPending, 0, "out")
					k.sends(inboundOf(tenant, k.number, k.contact(), "1"), two, flow.OutboundPending, 0, "out")
				}
			}
			counted := map[flow.TenantID]int{}
			for _, m := range k.take(me, long, flow.Take{PerTenant: 3, Limit: 100}) {
				counted[m.Tenant]++
			}
			equal(k, counted, map[flow.TenantID]int{a: 3, b: 3})
			equal(k, len(k.take(me, long, flow.Take{PerTenant: 3, Limit: 4})), 4)
			equal(k, len(k.take(me, long, flow.Take{PerTenant: 3, Limit: 0})), 0)
			equal(k, len(k.take(me, long, flow.Take{PerTenant: 0, Limit: 3})), 0)
			equal(k, len(k.due(me)), 6)
		}},
		{name: "one without a name claims nothing", run: func(k *kit) {
			if _, err := k.Store.TakeOutbounds(k.ctx(), "", long, flow.Take{PerTenant: 1, Limit: 1}); err == nil {
				k.Error("an owner without a name may claim")
			}
		}},
	}
}

func orderTests() []test {
	return []test{
		{name: "one conversation's go one after the other", alone: true, run: func(k *kit) {
			c, contact := k.push(false), k.contact()
			first := k.sends(k.inbound(contact, "1"), c, flow.OutboundPending, 0, "1a", "1b")
			k.sends(k.inbound(contact, "2"), c, flow.OutboundPending, 0, "2a")
			for i, state := range []flow.OutboundState{flow.OutboundSent, flow.OutboundFailed, flow.OutboundUnknown} {
				got := k.due(me)
				equal(k, said(got), []string{[]string{"1a", "1b", "2a"}[i]})
				equal(k, len(k.due(me)), 0)
				equal(k, k.settle(me, settled(got[0], state)), []bool{true})
			}
			// What is sent again stands where it stood.
			k.sends(k.inbound(contact, "3"), c, flow.OutboundPending, 0, "3a")
			_, err := k.Store.RetryOutbound(k.ctx(), k.tenant, first[1].ID, k.audit)
			k.must(err)
			equal(k, said(k.due(me)), []string{"1b"})
		}},
		{name: "one that is to be tried again is not overtaken", alone: true, run: func(k *kit) {
			c, contact := k.push(false), k.contact()
			ms := k.sends(k.inbound(contact, "1"), c, flow.OutboundPending, 0, "1a", "1b")
			got := k.due(me)
			s := settled(got[0], flow.OutboundPending)
			s.RetryAfter = long
			k.settle(me, s)
			equal(k, len(k.due(me)), 0)
			equal(k, len(k.named(me, ms[1])), 0)
			equal(k, said(k.named(me, ms[1], ms[0])), []string{"1a", "1b"})
		}},
		{name: "what is known just before a message is handed over", run: func(k *kit) {
			c, contact := k.push(true), k.contact()
			first := k.sends(k.inbound(contact, "1"), c, flow.OutboundSending, long, "1")[0]
			second := k.sends(k.inbound(contact, "2"), c, flow.OutboundSending, long, "2")[0]
			waits := k.pending(c, "3")[0]
			equal(k, k.clear(me, first, second, waits), []flow.Clearance{{Held: true}, {Held: true, Behind: true}, {}})
			equal(k, k.clear(other, second), []flow.Clearance{{Behind: true}})
			late := k.sending(c, short)
			k.Pass(k, short)
			equal(k, k.clear(me, late), []flow.Clearance{{}})
			k.settle(me, settled(first, flow.OutboundSent))
			k.ingest(me, long, k.stop(contact))
			equal(k, k.clear(me, first, second), []flow.Clearance{{OptedOut: true}, {Held: true, OptedOut: true}})
		}},
		{name: "those that are named come in order, behind what is named with them", alone: true, run: func(k *kit) {
			c, contact := k.push(false), k.contact()
			a := k.sends(k.inbound(contact, "1"), c, flow.OutboundPending, 0, "1", "2")
			b := k.sends(k.inbound(contact, "2"), c, flow.OutboundPending, 0, "3", "4")
			elsewhere := k.pending(c, "x")
			equal(k, len(k.named(me, b...)), 0)
			got := said(k.named(me, b[0], elsewhere[0], a[1], a[0]))
			at := func(body string) int { return slices.Index(got, body) }
			if len(got) != 4 || at("x") < 0 || at("1") > at("2") || at("2") > at("3") {
				k.Fatalf("got %v", got)
			}
			equal(k, len(k.named(me, b[1])), 0)
			foreign := flow.Outbound{ID: flow.OutboundID(id())}
			equal(k, len(k.named(me, foreign)), 0)
		}},
		{name: "a sending that has run out goes before what waits behind it", alone: true, run: func(k *kit) {
			c, contact := k.push(true), k.contact()
			k.sends(k.inbound(contact, "1"), c, flow.OutboundSending, short, "1", "2")
			k.sends(k.inbound(contact, "2"), c, flow.OutboundPending, 0, "3")
			k.Pass(k, 2*short)
			for _, want := range []string{"1", "2", "3"} {
				got := k.due(other)
				equal(k, said(got), []string{want})
				k.settle(other, settled(got[0], flow.OutboundSent))
			}
		}},
		{name: "a long queue of one conversation holds up nobody", alone: true, run: func(k *kit) {
			c, contact := k.push(false), k.contact()
			var bodies []string
			for i := range 30 {
				bodies = append(bodies, fmt.Sprint(i))
			}
			k.sends(k.inbound(contact, "1"), c, flow.OutboundPending, 0, bodies...)
			s := settled(k.due(me)[0], flow.OutboundPending)
			s.RetryAfter = long
			k.settle(me, s)
			k.pending(c, "quiet")
			equal(k, said(k.take(me, long, flow.Take{PerTenant: 1, Limit: 1})), []string{"quiet"})
		}},
	}
}

func settleTests() []test {
	return []test{
		{name: "delivery reports", alone: true, run: func(k *kit) {
			c := k.push(true)
			counts := map[flow.OutboundState]bool{flow.OutboundSent: true, flow.OutboundUnknown: true}
			for _, before := range []flow.OutboundState{
				flow.OutboundSent, flow.OutboundUnknown, flow.OutboundFailed, flow.OutboundSuppressed, flow.OutboundDelivered,
				flow.OutboundUndelivered, flow.OutboundPending, flow.OutboundSending,
			} {
				for _, report := range []flow.OutboundState{flow.OutboundDelivered, flow.OutboundUndelivered} {
					m := k.sending(c, long)
					s := settled(m, before)
					s.GatewayID, s.RetryAfter = "gw", long
					if before != flow.OutboundSending {
						k.settle(me, s)
					}
					want := counts[before] || before == flow.OutboundSending
					foreign := settled(m, report)
					foreign.Tenant = "elsewhere"
					equal(k, k.settle(other, foreign), []bool{false})
					r := flow.Settled{Tenant: m.Tenant, ID: m.ID, State: report, Reason: "says the network"}
					equal(k, k.settle(other, r), []bool{want})
					if !want {
						k.is(m, before)
						continue
					}
					now := k.is(m, report)
					equal(k, []any{now.Attempts, now.Reason}, []any{1, "says the network"})
					if before == flow.OutboundSending {
						equal(k, k.settle(me, settled(m, flow.OutboundSent)), []bool{false})
						k.is(m, report)
					} else {
						equal(k, now.GatewayID, "gw")
					}
				}
			}
			list, total, err := k.Store.Undelivered(k.ctx(), k.tenant, 100, 0)
			k.must(err)
			equal(k, len(list), total)
			for _, m := range list {
				if !slices.Contains([]flow.OutboundState{flow.OutboundFailed, flow.OutboundUnknown, flow.OutboundUndelivered}, m.State) {
					k.Errorf("listed %+v", m)
				}
			}
		}},
		{name: "in one batch they count one after the other", run: func(k *kit) {
			c := k.push(true)
			m, n := k.sending(c, long), k.sending(c, long)
			again := settled(n, flow.OutboundPending)
			again.RetryAfter = long
			equal(k, k.settle(me, settled(m, flow.OutboundSent), again, settled(m, flow.OutboundDelivered), settled(n, flow.OutboundSent), settled(m, flow.OutboundSent)),
				[]bool{true, true, true, false, false})
			k.is(m, flow.OutboundDelivered)
			k.is(n, flow.OutboundPending)
			equal(k, len(k.settle(me)), 0)
		}},
		{name: "another tenant's settlement does not count", run: func(k *kit) {
			m := k.sending(k.push(true), long)
			s := settled(m, flow.OutboundSent)
			s.Tenant = k.newTenant()
			absent := settled(m, flow.OutboundSent)
			absent.ID = flow.OutboundID(id())
			equal(k, k.settle(me, s, absent), []bool{false, false})
			k.is(m, flow.OutboundSending)
		}},
		{name: "only an end is one", run: func(k *kit) {
			m := k.sending(k.push(true), long)
			for _, state := range []flow.OutboundState{flow.OutboundSending, flow.OutboundReturned, ""} {
				if _, err := k.Store.SettleOutbounds(k.ctx(), me, []flow.Settled{settled(m, state)}); err == nil {
					k.Errorf("settled as %q", state)
				}
			}
			k.is(m, flow.OutboundSending)
		}},
	}
}

func deadLetterTests() []test {
	return []test{
		{name: "what was not delivered is listed, newest first", run: func(k *kit) {
			c := k.push(true)
			var want []flow.OutboundID
			for _, state := range []flow.OutboundState{flow.OutboundFailed, flow.OutboundUnknown, flow.OutboundSent, flow.OutboundUndelivered} {
				m := k.sending(c, long)
				s := settled(m, state)
				s.Reason = "why"
				k.settle(me, s)
				if state != flow.OutboundSent {
					want = append([]flow.OutboundID{m.ID}, want...)
				}
			}
			page := func(tenant flow.TenantID, limit, offset, total int, want []flow.OutboundID) {
				k.Helper()
				got, n, err := k.Store.Undelivered(k.ctx(), tenant, limit, offset)
				k.must(err)
				var ids []flow.OutboundID
				for _, m := range got {
					ids = append(ids, m.ID)
					equal(k, m, k.stored(m))
				}
				equal(k, ids, want)
				equal(k, n, total)
			}
			page(k.tenant, 10, 0, 3, want)
			page(k.tenant, 2, 1, 3, want[1:])
			page(k.tenant, 0, 0, 3, nil)
			page(k.newTenant(), 10, 0, 0, nil)
		}},
		{name: "it can be sent again", alone: true, run: func(k *kit) {
			c := k.push(true)
			for _, state := range []flow.OutboundState{flow.OutboundFailed, flow.OutboundUnknown, flow.OutboundUndelivered} {
				m := k.sending(c, long)
				s := settled(m, state)
				s.Attempts, s.Reason, s.Doubt, s.GatewayID = 8, "why", state == flow.OutboundUnknown, "gw"
				k.settle(me, s)
				got, err := k.Store.RetryOutbound(k.ctx(), k.tenant, m.ID, k.audit)
				k.must(err)
				now := k.is(m, flow.OutboundPending)
				equal(k, got, now)
				equal(k, []any{now.Attempts, now.Reason, now.Doubt, now.GatewayID}, []any{0, "", state == flow.OutboundUnknown, "gw"})
				_, err = k.Store.RetryOutbound(k.ctx(), k.tenant, m.ID, k.audit)
				k.fails(err, flow.ErrPrecondition, flow.ReasonNotRetryable)
				sent := k.due(other)
				equal(k, len(sent), 1)
				equal(k, sent[0].Attempts, 1)
				equal(k, k.settle(other, settled(sent[0], flow.OutboundSent)), []bool{true})
				_, err = k.Store.RetryOutbound(k.ctx(), k.tenant, m.ID, k.audit)
				k.fails(err, flow.ErrPrecondition, flow.ReasonNotRetryable)
				equal(k, k.Rows(k, `SELECT actor FROM audit WHERE action = 'outbound.retry' AND target = ?`, string(m.ID)), []string{"tester"})
			}
			_, total, err := k.Store.Undelivered(k.ctx(), k.tenant, 10, 0)
			k.must(err)
			equal(k, total, 0)
		}},
		{name: "absent and another tenant's are the same", run: func(k *kit) {
			m := k.sending(k.push(true), long)
			k.settle(me, settled(m, flow.OutboundFailed))
			_, absent := k.Store.RetryOutbound(k.ctx(), k.tenant, flow.OutboundID(id()), k.audit)
			k.fails(absent, flow.ErrNotFound, flow.ReasonNotFound)
			_, foreign := k.Store.RetryOutbound(k.ctx(), k.newTenant(), m.ID, k.audit)
			k.fails(foreign, flow.ErrNotFound, flow.ReasonNotFound)
			equal(k, foreign.Error(), absent.Error())
			k.is(m, flow.OutboundFailed)
		}},
	}
}
