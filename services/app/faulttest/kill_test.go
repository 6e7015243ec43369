//go:build linux

package faulttest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"smsflow/services/gateway/gatewaytest"
)

// points are the places at which the product dies on demand: one on each side of everything that leaves the process.
func points() []string {
	return []string{
		"before_ingest", "after_ingest", "in_transaction", "before_commit", "after_commit", "before_ask", "after_ask",
		"after_claim", "after_take", "before_send", "after_send", "after_settle",
	}
}

const (
	killRounds  = 50 // with each database
	deathRounds = 6  // of a replica
	// maxPasses is how often a point may be passed before the product dies at it.
	maxPasses = 15
	// lifeLimit is how long a life lasts in which the point is not reached; then it is ended from outside.
	lifeLimit = 10 * time.Second
	// resumeLimit is within what a product that was killed accepts messages again.
	resumeLimit = 10 * time.Second
)

// troubles are what gateways do beside sending: each of them is something that the product has to get right anyway.
func troubles() [gatewayCount]gatewaytest.Settings {
	good := func(n int) gatewaytest.Mode { return gatewaytest.Mode{Times: n} }
	return [gatewayCount]gatewaytest.Settings{
		careful: {Repeat: true, Script: []gatewaytest.Mode{
			good(30), {Do: gatewaytest.Cut}, good(30), gatewaytest.Status(500), good(30), gatewaytest.Busy("1"), good(30),
			{Do: gatewaytest.CutUnread}, good(30), {Status: 500, SMS: true}, good(30), gatewaytest.Slow(300 * time.Millisecond),
		}},
		careless: {Repeat: true, Script: []gatewaytest.Mode{
			good(60), {Do: gatewaytest.Cut}, good(60), gatewaytest.Busy("1"), good(60), gatewaytest.Status(503), good(60),
			{Status: 500, SMS: true}, good(60), gatewaytest.Slow(300 * time.Millisecond),
		}},
	}
}

// TestKill kills the product under load, at every point and at random moments, and starts it again each time.
func TestKill(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind database) {
		w := newWorld(t, options{database: kind, gateways: troubles()})
		k := &killer{world: w, died: map[string]int{}}
		stop := w.load(150, 24)
		for i := range rounds(t, killRounds) {
			k.life(i)
		}
		w.products[0].start()
		stop()
		v := w.holds()
		for _, point := range points() {
			if k.died[point] == 0 {
				t.Errorf("it has never died at %s", point)
			}
		}
		t.Logf("%d kills: %s; accepts again after at most %s; %s", rounds(t, killRounds), k.how(), k.slowest.Round(time.Millisecond), v)
	})
}

// TestReplicaDies kills one of two replicas under load, now the one, now the other; the one that lives takes over.
func TestReplicaDies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{database: postgresDB, replicas: 2, gateways: troubles(), assistant: thinks})
	w.start()
	stop := w.load(100, 24)
	for n := range rounds(t, deathRounds) {
		enough := w.ledger.count() + 20 + rand.IntN(60)
		w.want(resumeLimit, "messages are accepted", func() bool { return w.ledger.count() >= enough })
		dies, lives := w.products[n%2], (n+1)%2
		dies.kill()
		mark := time.Now()
		w.want(takeOverLimit, "the other replica does what the dead one has begun", func() bool {
			list, err := w.listed(lives)
			return err == nil && w.judgeUntil(mark, list).count(lost) == 0
		})
		t.Logf("taken over %s after its death", time.Since(mark).Round(time.Millisecond))
		dies.start()
	}
	stop()
	w.holds()
}

// killer ends lives of a world's only product.
type killer struct {
	*world
	died    map[string]int // by point; "" is from outside
	slowest time.Duration  // from a start to the next acknowledgement
}

// life starts the product and waits for its death: every fourth time at a random moment, else at one of the points in
// turn.
func (k *killer) life(n int) {
	k.Helper()
	p := k.products[0]
	before, began := k.ledger.count(), time.Now()
	point := ""
	if n%4 != 0 {
		list := points()
		point = list[(n-n/4-1)%len(list)]
		p.start(fmt.Sprintf("SMSFLOW_FAULT_CRASH=%s:%d", point, 1+rand.IntN(maxPasses)))
	} else {
		p.start()
	}
	if until(resumeLimit, func() bool { return k.ledger.count() > before || p.ended(0) }) && k.ledger.count() > before {
		k.slowest = max(k.slowest, time.Since(began))
	} else if !p.ended(0) {
		k.Errorf("no message is accepted %s after the start", resumeLimit)
	}
	if point == "" {
		enough := k.ledger.count() + rand.IntN(40)
		until(lifeLimit, func() bool { return k.ledger.count() >= enough })
	} else if p.ended(lifeLimit) {
		if !p.killed() {
			k.Fatalf("the product has ended by itself: %s\n%s", p.cmd.ProcessState, p.tail())
		}
		k.died[point]++
		return
	}
	p.kill()
	k.died[""]++
}

// how tells where the product died.
func (k *killer) how() string {
	var parts []string
	for _, point := range slices.Sorted(maps.Keys(k.died)) {
		name := point
		if name == "" {
			name = "at random"
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, k.died[point]))
	}
	return strings.Join(parts, ", ")
}
