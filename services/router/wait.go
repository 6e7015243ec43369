package router

import (
	"context"
	"errors"
	"sync"
	"time"

	"smsflow/services/flow"
)

// waiters are the calls that wait for an outcome.
type waiters struct {
	mu sync.Mutex
	by map[flow.InboundID][]chan flow.Result
}

func newWaiters() *waiters { return &waiters{by: make(map[flow.InboundID][]chan flow.Result)} }

// add makes a channel that gets the message's outcome if this process decides it; remove must be called.
func (w *waiters) add(id flow.InboundID) (ch <-chan flow.Result, remove func()) {
	c := make(chan flow.Result, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by[id] = append(w.by[id], c)
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		rest := w.by[id][:0]
		for _, other := range w.by[id] {
			if other != c {
				rest = append(rest, other)
			}
		}
		if len(rest) == 0 {
			delete(w.by, id)
		} else {
			w.by[id] = rest
		}
	}
}

// publish hands a committed outcome to who waits for it.
func (w *waiters) publish(results []flow.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, res := range results {
		for _, c := range w.by[res.Inbound] {
			select {
			case c <- res:
			default: // it has one already
			}
		}
	}
}

// Outcome reads what became of a message, waiting for it up to wait.
func (r *Router) Outcome(ctx context.Context, tenant flow.TenantID, id flow.InboundID, wait time.Duration) (flow.Result, error) {
	decided, remove := r.waiters.add(id)
	defer remove()
	return r.await(ctx, tenant, id, decided, wait, true)
}

// await waits for an outcome: by the channel if this process decides it, by looking if another does. look: look at once.
func (r *Router) await(ctx context.Context, tenant flow.TenantID, id flow.InboundID, decided <-chan flow.Result, wait time.Duration, look bool) (flow.Result, error) {
	accepted := flow.Result{Tenant: tenant, Inbound: id, Outcome: flow.OutcomeAccepted}
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	poll := time.NewTicker(pollResult)
	defer poll.Stop()
	for {
		if look {
			res, err := r.Store.Result(ctx, tenant, id)
			switch {
			case err == nil && res.Outcome != flow.OutcomeAccepted:
				return res, nil
			case err == nil:
				accepted = res
			case errors.Is(err, flow.ErrNotFound), ctx.Err() != nil:
				return flow.Result{}, err
			case wait == 0:
				return flow.Result{}, err
			default:
				r.logFailure(ctx, "result", err)
			}
		}
		if wait == 0 {
			return accepted, nil
		}
		select {
		case res := <-decided:
			return res, nil
		case <-poll.C:
			look = true
		case <-deadline.C:
			return accepted, nil
		case <-ctx.Done():
			return flow.Result{}, ctx.Err()
		}
	}
}
