package router

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"smsflow/services/fault"
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
		t, err := r.try(ctx, j, cl)
		if err != nil && j.fails >= MaxFailures && len(cl.Pending) > 0 {
			t, err = r.giveUp(j, cl), nil
		}
		switch {
		case err != nil:
			r.Log.ErrorContext(ctx, "a conversation could not be handled; it will be tried again",
				"conversation", cl.Lease.Conversation, "error", err)
			if !errors.Is(err, flow.ErrUnavailable) && ctx.Err() == nil {
				r.pool.failed(cl.Lease.Conversation)
			}
			r.again(j)
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
	early := fault.Off("intent_before_send")
	if early {
		r.dispatch.sendFirst(ctx, commits)
	}
	fault.Point("before_commit")
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
	fault.Point("after_commit")
	for i, t := range taken {
		id := t.out.Lease.Conversation
		if committed[i].Stale {
			r.pool.done(id, false, true)
			continue
		}
		r.publish(ctx, t)
		if !early {
			r.dispatch.committed(ctx, t.out.Outbounds)
		}
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

// try makes a turn. A panic in it is one conversation's failure, not the process's.
func (r *Router) try(ctx context.Context, j job, cl *flow.Claimed) (t *turn, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, fmt.Errorf("panic of type %T\n%s", p, debug.Stack()) // its value may quote a message
		}
	}()
	return r.take(ctx, j, cl)
}

// again has a conversation taken up a little later, without holding up the others.
func (r *Router) again(j job) {
	time.AfterFunc(storeRetry, func() { r.pool.done(j.lease.Conversation, false, true) })
}

// giveUp ends the message that a conversation cannot get past: visibly, with its run, so that the ones behind it get on.
func (r *Router) giveUp(j job, cl *flow.Claimed) *turn {
	t := &turn{r: r, job: j, cl: cl, cfg: &config{}, conv: cl.Conversation}
	in := cl.Pending[0]
	m := &message{Inbound: in, res: flow.Result{
		Tenant: in.Tenant, Inbound: in.ID, Trace: flow.Trace{AcceptedAt: in.AcceptedAt, ConfigVersion: cl.ConfigVersion},
	}}
	if cl.Partial != nil {
		m.res, t.reread = *cl.Partial, true
	}
	reason := fmt.Sprintf("it could not be handled in %d tries, and is given up: the log of the server says why", j.fails+1)
	m.note("failure", reason)
	if cl.Run != nil && cl.Run.State.Open() {
		t.endRun(m, cl.Run, flow.RunFailed, reason)
	}
	t.conv.Run = ""
	t.finish(m, flow.OutcomeFailed)
	t.seal()
	return t
}

// retry has the conversations taken up again a little later.
func (r *Router) retry(ctx context.Context, jobs []job) {
	every(ctx, storeRetry)
	for _, j := range jobs {
		r.pool.done(j.lease.Conversation, false, true)
	}
}
