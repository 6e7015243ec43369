package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"smsflow/services/flow"
)

func outboxRaceTests() []test {
	return []test{
		{name: "senders side by side send each message once, in order", alone: true, run: func(k *kit) { senders(k, false) }},
		{name: "senders that die send each message once", alone: true, run: func(k *kit) { senders(k, true) }},
		{name: "nothing is claimed behind a stop", alone: true, run: stopAgainstTake},
		{name: "a stop and a commit are one after the other", alone: true, run: stopAgainstCommit},
		{name: "of a report and a settlement at once both count", alone: true, run: reportAgainstSettle},
	}
}

// traffic is what several senders do at once with the messages of some conversations.
type traffic struct {
	k    *kit
	die  bool
	todo atomic.Int64

	mu     sync.Mutex
	flying map[flow.ConversationID]flow.OutboundID
	sent   map[flow.ConversationID][]string
}

func senders(k *kit, die bool) {
	const replicas, conversations, each = 4, 10, 5
	t := &traffic{k: k, die: die, flying: map[flow.ConversationID]flow.OutboundID{}, sent: map[flow.ConversationID][]string{}}
	t.todo.Store(conversations * each)
	c := k.push(true)
	for range conversations {
		contact := k.contact()
		for i := range each {
			k.sends(k.inbound(contact, "1"), c, flow.OutboundPending, 0, fmt.Sprint(i))
		}
	}
	ctx, cancel := context.WithTimeout(k.ctx(), deadline)
	defer cancel()
	var all sync.WaitGroup
	for n := range replicas {
		all.Go(func() { t.work(ctx, fmt.Sprint("replica-", n), rand.New(rand.NewPCG(3, uint64(n)))) })
	}
	all.Wait()
	equal(k, t.todo.Load(), 0)
	equal(k, k.count("outgoing"), 0)
	equal(k, len(t.sent), conversations)
	for conv, bodies := range t.sent {
		// Two settlements may be recorded in another order than they were committed in: see fly.
		if slices.Sort(bodies); len(slices.Compact(bodies)) != each {
			k.Errorf("conversation %s: sent %v", conv, bodies)
		}
	}
}

func (t *traffic) work(ctx context.Context, owner string, random *rand.Rand) {
	length := long
	if t.die {
		length = short
	}
	for t.todo.Load() > 0 && ctx.Err() == nil {
		ms, err := t.k.Store.TakeOutbounds(ctx, owner, length, flow.Take{PerTenant: 4, Limit: 4})
		if err != nil {
			t.k.Errorf("take: %v", err)
			return
		}
		if len(ms) == 0 {
			t.k.Pass(t.k, time.Millisecond)
			continue
		}
		if t.die && random.IntN(4) == 0 {
			continue // they run out
		}
		var batch []flow.Settled
		for _, m := range ms {
			s := settled(m, flow.OutboundSent)
			if random.IntN(3) == 0 {
				s.State, s.RetryAfter = flow.OutboundPending, time.Millisecond
			}
			batch = append(batch, s)
			t.fly(m)
		}
		random.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i]; ms[i], ms[j] = ms[j], ms[i] })
		t.land(ms)
		counted, err := t.k.Store.SettleOutbounds(ctx, owner, batch)
		if err != nil {
			t.k.Errorf("settle: %v", err)
			return
		}
		t.record(ms, batch, counted)
	}
}

// fly notes that a message is on its way: no other of its conversation is, unless somebody has died.
func (t *traffic) fly(m flow.Outbound) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before, ok := t.flying[m.Conversation]; ok && !t.die {
		t.k.Errorf("%s is sent while %s is on its way", m.ID, before)
	}
	t.flying[m.Conversation] = m.ID
	if late := slices.ContainsFunc(t.sent[m.Conversation], func(body string) bool { return body > m.Body }); late && !t.die {
		t.k.Errorf("%s is sent behind %v", m.Body, t.sent[m.Conversation])
	}
}

// land notes it before the settlement, behind which the next one may fly.
func (t *traffic) land(ms []flow.Outbound) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range ms {
		delete(t.flying, m.Conversation)
	}
}

func (t *traffic) record(ms []flow.Outbound, batch []flow.Settled, counted []bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, m := range ms {
		if !counted[i] && !t.die {
			t.k.Errorf("%s was not its sender's any more", m.ID)
		}
		if counted[i] && batch[i].State == flow.OutboundSent {
			t.sent[m.Conversation] = append(t.sent[m.Conversation], m.Body)
			t.todo.Add(-1)
		}
	}
}

// stopAgainstTake has contacts opt out while their messages are claimed: who claims after the stop word was
// acknowledged gets none of theirs.
func stopAgainstTake(k *kit) {
	const conversations, takers = 40, 3
	c := k.push(false)
	var stops []flow.Inbound
	for range conversations {
		contact := k.contact()
		k.sends(k.inbound(contact, "1"), c, flow.OutboundPending, 0, "1", "2", "3")
		stops = append(stops, k.stop(contact))
	}
	var acknowledged sync.Map
	var done atomic.Bool
	var all sync.WaitGroup
	for n := range takers {
		owner := fmt.Sprint("taker-", n)
		all.Go(func() {
			for !done.Load() {
				before := map[flow.ConversationID]bool{}
				acknowledged.Range(func(id, _ any) bool { before[id.(flow.ConversationID)] = true; return true }) //nolint:forcetypeassert,errcheck // nothing else is in it
				ms, err := k.Store.TakeOutbounds(k.ctx(), owner, long, flow.Take{PerTenant: 3, Limit: 3})
				if err != nil {
					k.Errorf("take: %v", err)
					return
				}
				var batch []flow.Settled
				for _, m := range ms {
					if before[m.Conversation] {
						k.Errorf("claimed after its contact's stop: %+v", m)
					}
					batch = append(batch, settled(m, flow.OutboundSent))
				}
				if _, err := k.Store.SettleOutbounds(k.ctx(), owner, batch); err != nil {
					k.Errorf("settle: %v", err)
					return
				}
			}
		})
	}
	for part := range slices.Chunk(stops, 4) {
		k.ingest(me, long, part...)
		for _, m := range part {
			acknowledged.Store(m.Conversation, true)
		}
	}
	done.Store(true)
	all.Wait()
	equal(k, k.count("outgoing WHERE state = 'pending'"), 0)
	equal(k, k.count("outbound WHERE state NOT IN ('sent', 'suppressed')"), k.count("outgoing"))
}

// stopAgainstCommit has stop words meet the commits of answers, and the deletion of their workflow, many times.
func stopAgainstCommit(k *kit) {
	const rounds, conversations = 15, 6
	c := k.push(false)
	for range rounds {
		w := k.workflow()
		var batch []flow.Commit
		var stops []flow.Inbound
		for i := range conversations {
			held := k.hold(k.inbound(k.contact(), "1"))
			out, _ := begun(held, w)
			if i%2 == 0 {
				out = next(held)
			}
			o := reply(held.Pending[0], "out")
			o.Connection, o.State = c, flow.OutboundPending
			out.Outbounds = []flow.Outbound{o}
			batch = append(batch, out)
			stops = append([]flow.Inbound{k.stop(held.Conversation.Contact)}, stops...)
		}
		var committed []flow.Committed
		var errs [3]error
		var all sync.WaitGroup
		all.Go(func() { committed, errs[0] = k.Store.Commit(k.ctx(), me, batch) })
		all.Go(func() { _, errs[1] = k.Store.Ingest(k.ctx(), me, long, stops) })
		all.Go(func() {
			_, errs[2] = k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
		})
		all.Wait()
		for _, err := range errs {
			k.must(err)
		}
		for i, b := range batch {
			id := b.Lease.Conversation
			equal(k, k.optedOut(id), []bool{true})
			equal(k, k.count("outgoing WHERE conv = ?", string(id)), 0)
			want := 1
			if committed[i].Stale {
				want = 0
			}
			equal(k, k.count("outbound WHERE conv = ? AND state = 'suppressed'", string(id)), want)
		}
	}
}

// reportAgainstSettle has a gateway report a message as delivered while its sender records that it was sent.
func reportAgainstSettle(k *kit) {
	const rounds = 60
	c := k.push(true)
	for range rounds {
		var ms []flow.Outbound
		var sent, delivered []flow.Settled
		for range 4 {
			m := k.sending(c, long)
			ms = append(ms, m)
			sent = append(sent, settled(m, flow.OutboundSent))
			delivered = append([]flow.Settled{settled(m, flow.OutboundDelivered)}, delivered...)
		}
		var counted []bool
		var errs [2]error
		var both sync.WaitGroup
		both.Go(func() { _, errs[0] = k.Store.SettleOutbounds(k.ctx(), me, sent) })
		both.Go(func() { counted, errs[1] = k.Store.SettleOutbounds(k.ctx(), other, delivered) })
		both.Wait()
		k.must(errs[0])
		k.must(errs[1])
		for i, m := range ms {
			equal(k, counted[i], true)
			k.is(m, flow.OutboundDelivered)
		}
	}
	equal(k, k.count("outgoing"), 0)
}
