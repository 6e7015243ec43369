//go:build linux

package faulttest

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

const (
	zombieRounds = 8
	// takeOverLimit is within what another replica does what a frozen one has begun: leases of the tests and some polls.
	takeOverLimit = 30 * time.Second
)

// TestZombie freezes one of two replicas for longer than its leases, until the other one has done its work, and lets it
// go on: what it then writes is refused.
func TestZombie(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"before_commit", "in_transaction", "after_take", "before_send"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options{database: postgresDB, replicas: 2})
			w.freeze(point, rounds(t, zombieRounds/4))
			w.holds()
		})
	}
}

// freeze has the first replica freeze at a point again and again, while there is load on both.
func (w *world) freeze(point string, times int, env ...string) {
	w.Helper()
	zombie, other := w.products[0], w.products[1]
	other.start(env...)
	zombie.start(append(env, fmt.Sprintf("SMSFLOW_FAULT_FREEZE=%s:%d", point, 60))...)
	stop := w.load(120, 24)
	for range times {
		w.want(resumeLimit*2, "the replica freezes", zombie.frozen)
		mark := time.Now()
		began := w.ledger.count()
		w.want(resumeLimit*2, "the other replica accepts messages", func() bool { return w.ledger.count() > began })
		w.want(takeOverLimit, "the other replica does what the frozen one has begun", func() bool {
			list, err := w.listed(1)
			return err == nil && w.judgeUntil(mark, list).count(lost) == 0
		})
		w.Logf("taken over %s after it froze", time.Since(mark).Round(time.Millisecond))
		zombie.signal(syscall.SIGCONT)
	}
	// It may freeze again, and nobody waits for it then.
	thawed := make(chan struct{})
	go func() {
		defer close(thawed)
		until(time.Hour, func() bool {
			if zombie.frozen() {
				zombie.signal(syscall.SIGCONT)
			}
			return zombie.ended(0)
		})
	}()
	w.Cleanup(func() {
		zombie.signal(syscall.SIGKILL)
		<-thawed
	})
	stop()
}
