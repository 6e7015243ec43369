//go:build linux

package faulttest

import (
	"fmt"
	"testing"
)

// TestSwitches: with a control switched off, the same tests find a broken promise. Each is tried some times, because
// what it needs to go wrong is a matter of chance.
func TestSwitches(t *testing.T) {
	t.Parallel()
	const tries = 6
	for _, c := range []struct {
		control string
		options options
		// run does something that the control makes harmless.
		run  func(w *world, off string)
		want []kind
	}{
		{"unique", options{database: postgresDB, replicas: 2, shuffled: true}, func(w *world, off string) {
			w.start(off)
			w.shuffle(10)
		}, []kind{double, twice}},
		{"ack_after_commit", options{database: sqliteDB}, func(w *world, off string) {
			w.crash("before_ingest", off)
		}, []kind{lost}},
		{"fence", options{database: postgresDB, replicas: 2}, func(w *world, off string) {
			w.freeze("before_commit", 1, off)
		}, []kind{double}},
		{"intent_before_send", options{database: sqliteDB}, func(w *world, off string) {
			w.crash("before_commit", off)
		}, []kind{double}},
		{"consent_first", options{database: sqliteDB, assistant: thinks, catchAll: true}, func(w *world, off string) {
			w.start(off)
			w.optOut(20)
		}, []kind{afterStop, orphan}},
	} {
		t.Run(c.control, func(t *testing.T) {
			t.Parallel()
			for try := range tries {
				w := newWorld(t, c.options)
				c.run(w, "SMSFLOW_FAULT_OFF="+c.control)
				v := w.settle(len(w.products)-1, takeOverLimit/2)
				until(takeOverLimit/6, func() bool {
					if now, err := w.verdict(len(w.products) - 1); err == nil {
						v = now
					}
					return v.count(c.want...) > 0
				})
				for _, p := range w.products {
					p.kill()
				}
				if v.count(c.want...) > 0 {
					t.Logf("found at try %d: %s", try+1, v)
					return
				}
			}
			t.Errorf("%s is switched off, and nobody notices", c.control)
		})
	}
	t.Run("sync_full", func(t *testing.T) {
		t.Parallel()
		if synced, acks := traced(t, 10, "SMSFLOW_FAULT_OFF=sync_full"); synced == acks {
			t.Errorf("all of %d acknowledgements came after a sync", acks)
		}
	})
}

// crash kills the product at a point a few times, under load, and lets it live then.
func (w *world) crash(point, off string) {
	w.Helper()
	p := w.products[0]
	stop := w.load(150, 24)
	for n := range 3 {
		p.start(off, fmt.Sprintf("SMSFLOW_FAULT_CRASH=%s:%d", point, 20+n))
		if !p.ended(resumeLimit) {
			p.kill()
		}
	}
	p.start(off)
	stop()
}
