package router

import (
	"context"

	"smsflow/services/flow"
)

// turns is one worker: it takes conversations with work to do, as many as are there, loads them together, handles each,
// commits all of them together, and only then does what they ask for.
func (r *Router) turns(ctx context.Context) {
	for {
		jobs := r.pool.take(MaxBatch)
		if jobs == nil {
			return
		}
		r.work(ctx, jobs)
	}
}

func (r *Router) work(ctx context.Context, jobs []job) {
	by := make(map[flow.ConversationID]job, len(jobs))
	leases := make([]flow.Lease, len(jobs))
	for i, j := range jobs {
		by[j.lease.Conversation], leases[i] = j, j.lease
	}
	claimed, err := r.Store.Load(ctx, r.Owner, leases, MaxPending)
	if err != nil {
		r.logFailure(ctx, "load", err)
		r.retry(ctx, jobs)
		return
	}
	var taken []*turn
	var commits []flow.Commit
	for i := range claimed {
		cl := &claimed[i]
		j := by[cl.Lease.Conversation]
		delete(by, cl.Lease.Conversation)
		switch t, err := r.take(ctx, j, cl); {
		case err != nil:
			r.Log.ErrorContext(ctx, "a conversation could not be handled; it will be tried again",
				"conversation", cl.Lease.Conversation, "error", err)
			r.retry(ctx, []job{j})
		case t.dirty:
			taken, commits = append(taken, t), append(commits, t.out)
		case t.ask != nil:
			r.effects.start(ctx, t)
			r.pool.done(cl.Lease.Conversation, false, false)
		case len(cl.Pending) == 0:
			r.letGo(ctx, j)
		default: // it waits for an effect that is under way
			r.pool.done(cl.Lease.Conversation, false, false)
		}
	}
	// What was not loaded is no longer ours.
	for id := range by {
		r.pool.done(id, true, false)
	}
	if len(commits) > 0 {
		r.commit(ctx, taken, commits)
	}
}

func (r *Router) commit(ctx context.Context, taken []*turn, commits []flow.Commit) {
	committed, err := r.Store.Commit(ctx, r.Owner, commits)
	if err != nil {
		// It may have been written all the same: the next load tells.
		r.logFailure(ctx, "commit", err)
		jobs := make([]job, len(taken))
		for i, t := range taken {
			jobs[i] = t.job
		}
		r.retry(ctx, jobs)
		return
	}
	for i, t := range taken {
		id := t.out.Lease.Conversation
		if committed[i].Stale {
			r.pool.done(id, false, true)
			continue
		}
		r.publish(ctx, t)
		if t.ask != nil {
			r.effects.start(ctx, t)
			r.pool.done(id, false, false)
			continue
		}
		r.pool.asks(id, "")
		r.pool.done(id, committed[i].Released, !committed[i].Released)
	}
}

// publish tells who waits in this process; a waiter elsewhere finds the outcome in the database.
func (r *Router) publish(ctx context.Context, t *turn) {
	if t.reread && len(t.finished) > 0 {
		if res, err := r.Store.Result(ctx, t.finished[0].Tenant, t.finished[0].Inbound); err == nil {
			t.finished[0] = res
		} else {
			t.finished = t.finished[1:]
		}
	}
	r.waiters.publish(t.finished)
}

// letGo gives back a lease on a conversation that has nothing to do.
func (r *Router) letGo(ctx context.Context, j job) {
	if err := r.Store.Release(ctx, r.Owner, []flow.Lease{j.lease}); err != nil {
		r.logFailure(ctx, "release", err)
	}
	r.pool.done(j.lease.Conversation, true, false)
}

// retry has the conversations taken up again a little later.
func (r *Router) retry(ctx context.Context, jobs []job) {
	every(ctx, storeRetry)
	for _, j := range jobs {
		r.pool.done(j.lease.Conversation, false, true)
	}
}
