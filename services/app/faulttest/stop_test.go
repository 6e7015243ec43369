//go:build linux

package faulttest

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

const (
	stoppers       = 200
	stoppersAtOnce = 40
)

// TestStop has contacts opt out while replies to them are under way, through another replica where there is one. After
// the acknowledgement nothing goes to them but one confirmation.
func TestStop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind database) {
		o := options{database: kind, assistant: thinks, gateways: slow(), catchAll: true}
		if kind == postgresDB {
			o.replicas = 2
		}
		w := newWorld(t, o)
		w.start()
		w.optOut(rounds(t, stoppers))
		w.holds()
	})
}

// start starts all products.
func (w *world) start(env ...string) {
	w.Helper()
	for _, p := range w.products {
		p.start(env...)
	}
}

// optOut has that many contacts write, opt out at some moment, and write again.
func (w *world) optOut(count int) {
	w.Helper()
	var all sync.WaitGroup
	places := make(chan struct{}, stoppersAtOnce)
	for range count {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			c, via := w.contacts.next(), rand.IntN(len(w.clients))
			for range 2 {
				if !w.submit(w.Context(), c.message([]string{wordTalk, wordSay}[rand.IntN(2)]), via) {
					return
				}
			}
			wait := time.NewTimer(time.Duration(rand.Int64N(int64(thinking))))
			<-wait.C
			stop := c.message(wordStop)
			var both sync.WaitGroup
			for n := range 2 { // delivered twice, at the same time
				both.Go(func() { w.submit(w.Context(), stop, via+1+n) })
			}
			both.Wait()
			w.submit(w.Context(), c.message(wordSay), via)
		})
	}
	all.Wait()
}
