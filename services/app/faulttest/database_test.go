//go:build linux

package faulttest

import (
	"testing"
	"time"

	"smsflow/services/store/storetest"
)

const (
	// crashRounds is how often PostgreSQL crashes.
	crashRounds = 8
	// refusals is how many calls are to fail before it comes back.
	refusals = 40
	// cutTime is how long connections are cut.
	cutTime = 20 * time.Second
)

// TestDatabaseCrash ends PostgreSQL under load without warning and starts it again; the product goes on by itself.
func TestDatabaseCrash(t *testing.T) {
	t.Parallel()
	server := storetest.NewServer(t)
	w := newWorld(t, options{database: postgresDB, url: server.URL, gateways: troubles()})
	w.products[0].start()
	stop := w.load(150, 24)
	var slowest time.Duration
	for range rounds(t, crashRounds) {
		enough := w.ledger.count() + 100
		w.want(resumeLimit, "messages are accepted", func() bool { return w.ledger.count() >= enough })
		failed := w.errs.count()
		server.Crash(t)
		w.want(resumeLimit, "calls are refused while there is no database", func() bool { return w.errs.count() >= failed+refusals })
		server.Start(t)
		began, before := time.Now(), w.ledger.count()
		w.want(resumeLimit, "messages are accepted again", func() bool { return w.ledger.count() > before })
		slowest = max(slowest, time.Since(began))
	}
	stop()
	if w.products[0].ended(0) {
		t.Errorf("the product has ended: %s", w.products[0].tail())
	}
	w.holds()
	t.Logf("%d crashes; accepts again after at most %s", rounds(t, crashRounds), slowest.Round(time.Millisecond))
}

// TestDatabaseConnections breaks the connections between the product and PostgreSQL: at any moment, before a COMMIT
// reaches the server, and after it did and before the answer is back, or long before it.
func TestDatabaseConnections(t *testing.T) {
	t.Parallel()
	at := storetest.Postgres(t)
	p := newProxy(t, at)
	p.calm.Store(true)
	w := newWorld(t, options{database: postgresDB, url: at, through: p.url, gateways: troubles()})
	w.products[0].start()
	w.want(resumeLimit, "the product answers", func() bool { _, err := w.listed(0); return err == nil })
	p.calm.Store(false)
	stop := w.load(150, 24)
	over := time.NewTimer(cutTime * time.Duration(rounds(t, 1)))
	defer over.Stop()
	reset := time.NewTicker(500 * time.Millisecond)
	defer reset.Stop()
	resets := 0
	for going := true; going; {
		select {
		case <-reset.C:
			p.reset(0.1)
			resets++
		case <-over.C:
			going = false
		}
	}
	p.calm.Store(true)
	stop()
	w.holds()
	t.Logf("%d times a tenth of the connections reset; at a COMMIT: %d cut before, %d answers cut, %d half cut, %d held, %d held and cut",
		resets, p.did[cutBefore].Load(), p.did[cutAnswer].Load(), p.did[cutInAnswer].Load(), p.did[holdAnswer].Load(), p.did[holdAndCut].Load())
	for c := cutBefore; c < cutsCount; c++ {
		if p.did[c].Load() == 0 {
			t.Errorf("the proxy has never done %d", c)
		}
	}
}
