//go:build linux

package faulttest

import (
	"math/rand/v2"
	"sync"
	"testing"
)

const (
	// deliveries is how often one message is delivered at most.
	deliveries = 5
	deliverers = 32
)

// TestDuplicates delivers every message one to five times, shuffled and at the same time, to two replicas where there
// can be two: each is handled once.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind database) {
		o := options{database: kind, shuffled: true}
		contacts := 125
		if kind == postgresDB {
			o.replicas, contacts = 2, 500
		}
		w := newWorld(t, o)
		w.start()
		w.shuffle(rounds(t, contacts))
		v := w.holds()
		if want := rounds(t, contacts) * perContact; v.acks != want {
			t.Errorf("%d messages are acknowledged, want %d", v.acks, want)
		}
	})
}

// shuffle delivers the messages of that many contacts.
func (w *world) shuffle(count int) {
	w.Helper()
	var list []line
	for range count {
		c := w.contacts.next()
		for range perContact {
			m := c.message(someWord())
			for range 1 + rand.IntN(deliveries) {
				list = append(list, m)
			}
		}
	}
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	work := make(chan line)
	var all sync.WaitGroup
	for range deliverers {
		all.Go(func() {
			for m := range work {
				w.submit(w.Context(), m, rand.IntN(len(w.clients)))
			}
		})
	}
	for _, m := range list {
		work <- m
	}
	close(work)
	all.Wait()
	w.Logf("%d deliveries", len(list))
}
