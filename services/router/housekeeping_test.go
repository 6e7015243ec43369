package router_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"smsflow/services/flow"
)

// Messages go after their time, and a repeated delivery is still known as one until the keys' time is over too.
func TestRetention(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
		h.stop()
		var ahead atomic.Int64
		h.options.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		h.options.KeepMessages, h.options.KeepKeys, h.options.Sweep = 72*time.Hour, 240*time.Hour, 10*time.Millisecond
		h.start()
		sub := h.submission(alice, "hello")
		first := h.submit(sub)
		h.want(first, flow.OutcomeReplied, "hi")

		// until waits for the sweep to have come as far as check wants.
		until := func(check func() bool) {
			t.Helper()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for !check() {
				select {
				case <-tick.C:
				case <-ctx.Done():
					t.Fatal("the sweep did not come")
				}
			}
		}
		ahead.Store(int64(100 * time.Hour))
		until(func() bool {
			_, err := h.router.Outcome(t.Context(), h.tenant, first.Inbound, 0)
			return errors.Is(err, flow.ErrNotFound)
		})
		if again := h.submit(sub); again.Outcome != flow.OutcomeDuplicate || !again.Duplicate || again.Inbound != first.Inbound {
			t.Errorf("a repetition after the message's time: %+v", again)
		}
		ahead.Store(int64(300 * time.Hour))
		until(func() bool {
			res, err := h.router.RouteInbound(t.Context(), sub, 20*time.Second)
			return err == nil && !res.Duplicate
		})
	})
}
