package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"smsflow/services/flow"
)

func raceTests() []test {
	return []test{
		{name: "no wake-up is lost between a message and a release", alone: true, run: lostWakeUp},
		{name: "every message is handled once, whoever owns", alone: true, run: owners},
		{name: "no run stays open in a workflow that is deleted", alone: true, run: deleteAgainstCommit},
		{name: "one of two updates waits for the other", run: concurrentUpdates},
		{name: "of many who create with one request one creates", run: concurrentCreates},
	}
}

// lostWakeUp lets a message and the release of its conversation meet, many times. Afterwards somebody has to have it:
// the owner, who was not let go; the one who brought the message; or whoever claims.
func lostWakeUp(k *kit) {
	const rounds, conversations = 60, 4
	for round := range rounds {
		var held []flow.Claimed
		for range conversations {
			held = append(held, k.hold(k.inbound(k.contact(), "first")))
		}
		var batch []flow.Commit
		var more []flow.Inbound
		for i, c := range held {
			out := next(c)
			if (round+i)%3 == 0 {
				out.WakeAt = time.Now().Add(time.Hour)
			}
			batch = append(batch, out)
			more = append(more, k.inbound(c.Conversation.Contact, "second"))
		}
		bringer := []string{other, ""}[round%2]
		var committed []flow.Committed
		var ingested []flow.Ingested
		var errs [2]error
		var both sync.WaitGroup
		both.Go(func() { committed, errs[0] = k.Store.Commit(k.ctx(), me, batch) })
		both.Go(func() { ingested, errs[1] = k.Store.Ingest(k.ctx(), bringer, long, more) })
		both.Wait()
		k.must(errs[0])
		k.must(errs[1])
		claimed := map[flow.ConversationID]flow.Lease{}
		for _, l := range k.claim("third") {
			claimed[l.Conversation] = l
		}
		for i, c := range held {
			owner, lease := me, c.Lease
			switch {
			case committed[i].Stale:
				k.Fatalf("round %d: the commit was stale", round)
			case !committed[i].Released:
			case ingested[i].Owned:
				owner, lease.Lease = other, ingested[i].Lease
			default:
				l, ok := claimed[c.Lease.Conversation]
				if !ok {
					k.Fatalf("round %d: a message has nobody: %+v %+v", round, committed[i], ingested[i])
				}
				owner, lease = "third", l
			}
			now := k.load(owner, lease)
			if len(now.Pending) != 1 || now.Pending[0].Body != "second" {
				k.Fatalf("round %d: pending %+v", round, now.Pending)
			}
			if got := k.commit(owner, next(now))[0]; got.Stale || !got.Released {
				k.Fatalf("round %d: got %+v", round, got)
			}
		}
	}
	equal(k, k.count("pending"), 0)
}

// owners has several replicas work on the same conversations while messages come in, with leases that run out, stops
// and restarts in between: every message gets one outcome, one reply, and its conversation counts it once.
func owners(k *kit) {
	const replicas, conversations, each = 4, 12, 12
	var contacts []string
	for range conversations {
		contacts = append(contacts, k.contact())
	}
	var todo atomic.Int64
	todo.Store(conversations * each)
	ctx, cancel := context.WithTimeout(k.ctx(), deadline)
	defer cancel()
	var all sync.WaitGroup
	for n := range replicas {
		r := &replica{k: k, owner: fmt.Sprint("replica-", n), todo: &todo, random: rand.New(rand.NewPCG(7, uint64(n)))}
		all.Go(func() { r.work(ctx) })
	}
	for n := range 3 {
		all.Go(func() {
			for i := range each {
				if i%3 != n {
					continue
				}
				var batch []flow.Inbound
				for _, at := range rand.New(rand.NewPCG(9, uint64(i))).Perm(conversations) {
					batch = append(batch, inboundOf(k.tenant, k.number, contacts[at], fmt.Sprint(i)))
				}
				if _, err := k.Store.Ingest(k.ctx(), fmt.Sprint("replica-", n), 100*time.Millisecond, batch); err != nil {
					k.Errorf("ingest: %v", err)
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		k.Fatalf("%d messages are left after %s; pending %d, wake %d", todo.Load(), deadline, k.count("pending"), k.count("wake"))
	}
	equal(k, k.count("pending"), 0)
	equal(k, k.count("outcome"), conversations*each)
	equal(k, k.count("outbound"), conversations*each)
	equal(k, k.count("(SELECT DISTINCT inbound_id FROM outbound) AS answered"), conversations*each)
	equal(k, k.count("convo WHERE inbounds <> ?", each), 0)
}

// replica claims, loads, commits and gives back; now and then it forgets what it holds, as if it had died.
type replica struct {
	k      *kit
	owner  string
	todo   *atomic.Int64
	random *rand.Rand
	cursor flow.TenantID
}

func (r *replica) work(ctx context.Context) {
	for r.todo.Load() > 0 && ctx.Err() == nil {
		leases, next, err := r.k.Store.Claim(ctx, r.owner, 100*time.Millisecond, r.cursor, 4, 8)
		if err != nil {
			r.k.Errorf("claim: %v", err)
			return
		}
		r.cursor = next
		if len(leases) == 0 {
			r.k.Pass(r.k, time.Millisecond)
			continue
		}
		if err := r.handle(ctx, leases); err != nil {
			r.k.Errorf("%s: %v", r.owner, err)
			return
		}
	}
}

func (r *replica) handle(ctx context.Context, leases []flow.Lease) error {
	switch r.random.IntN(8) {
	case 0:
		return nil // dead: the leases run out
	case 1:
		return r.k.Store.Release(ctx, r.owner, leases)
	case 2:
		if _, err := r.k.Store.Renew(ctx, r.owner, 100*time.Millisecond, leases); err != nil {
			return err
		}
	}
	for len(leases) > 0 {
		loaded, err := r.k.Store.Load(ctx, r.owner, leases, 2)
		if err != nil {
			return err
		}
		var batch []flow.Commit
		for _, c := range loaded {
			out := next(c)
			for _, m := range c.Pending {
				out.Outbounds = append(out.Outbounds, reply(m, "re: "+m.Body))
			}
			batch = append(batch, out)
		}
		r.random.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		done, err := r.k.Store.Commit(ctx, r.owner, batch)
		if err != nil {
			return err
		}
		leases = nil
		for i, d := range done {
			if d.Stale {
				continue
			}
			r.todo.Add(-int64(len(batch[i].Consumed)))
			if !d.Released {
				leases = append(leases, batch[i].Lease)
			}
		}
	}
	return nil
}

// deleteAgainstCommit opens runs of workflows while these are deleted.
func deleteAgainstCommit(k *kit) {
	const rounds, conversations = 12, 6
	for range rounds {
		w := k.workflow()
		var batch []flow.Commit
		for range conversations {
			b, _ := begun(k.hold(k.inbound(k.contact(), "1")), w)
			batch = append(batch, b)
		}
		var done []flow.Committed
		var cancelled int
		var errs [2]error
		var both sync.WaitGroup
		both.Go(func() { done, errs[0] = k.Store.Commit(k.ctx(), me, batch) })
		both.Go(func() {
			cancelled, errs[1] = k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
		})
		both.Wait()
		k.must(errs[0])
		k.must(errs[1])
		written := 0
		for _, d := range done {
			if !d.Stale {
				written++
			}
		}
		equal(k, cancelled, written)
		equal(k, k.count(`run WHERE workflow_id = ? AND state IN ('running', 'waiting')`, string(w.ID)), 0)
	}
	equal(k, k.count(`convo WHERE run_id <> ''`), 0)
}

func concurrentUpdates(k *kit) {
	const writers = 8
	w := k.workflow(func(w *flow.Workflow) { w.Priority = 0 })
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			if _, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Priority++; return nil }, k.audit); err != nil {
				k.Errorf("update: %v", err)
			}
		})
	}
	all.Wait()
	now, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
	k.must(err)
	equal(k, now.Priority, writers)
	equal(k, now.Version, w.Version+writers)
}

func concurrentCreates(k *kit) {
	const creators = 8
	var all sync.WaitGroup
	made := make([]flow.WorkflowID, creators)
	for i := range creators {
		w := k.draft(func(w *flow.Workflow) { w.Name = "One name" })
		all.Go(func() {
			got, err := k.Store.CreateWorkflow(k.ctx(), w, "request", "print", k.audit)
			if err != nil {
				k.Errorf("create: %v", err)
			}
			made[i] = got.ID
		})
	}
	all.Wait()
	for _, m := range made {
		equal(k, m, made[0])
	}
	equal(k, k.count(`workflow WHERE tenant_id = ?`, string(k.tenant)), 1)
}
