package router

import (
	"context"
	"time"
)

const (
	// sweepBatch is how many rows of a kind one sweep deletes: few enough that nobody waits for it.
	sweepBatch = 500
	// listenRetry is how long to wait before listening for hints again.
	listenRetry = 5 * time.Second
)

// listen lets other replicas' hints shorten the wait for what they have left. Without it everything works, a little later.
func (r *Router) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.Hints.Listen(ctx, r.hint); err != nil {
			r.logFailure(ctx, "listen", err)
		}
		every(ctx, listenRetry)
	}
}

// hint has everything that is polled looked at now.
func (r *Router) hint() {
	for _, c := range []chan struct{}{r.dueConversations, r.dueMessages} {
		select {
		case c <- struct{}{}:
		default: // it will look anyway
		}
	}
	r.dispatch.hub.signalAll()
}

// sweeps removes what has been kept long enough.
func (r *Router) sweeps(ctx context.Context) {
	if r.KeepMessages <= 0 {
		return
	}
	for every(ctx, r.Sweep) {
		for ctx.Err() == nil {
			now := r.Now()
			n, err := r.Broom.Sweep(ctx, now.Add(-r.KeepMessages), now.Add(-max(r.KeepKeys, r.KeepMessages)), sweepBatch)
			if err != nil {
				r.logFailure(ctx, "sweep", err)
				break
			}
			if n == 0 {
				break
			}
		}
	}
}
