//go:build linux

package faulttest

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"smsflow/services/assistant/assistanttest"
	"smsflow/services/gateway/gatewaytest"
)

const (
	terminateRounds = 5
	// thinking is how long the assistant takes at most, in tests in which it takes its time.
	thinking = 2 * time.Second
)

// thinks is an assistant that takes its time.
func thinks(rw http.ResponseWriter, r *http.Request, chat assistanttest.Chat) {
	t := time.NewTimer(time.Duration(rand.Int64N(int64(thinking))))
	defer t.Stop()
	select {
	case <-t.C:
		repeats(rw, r, chat)
	case <-r.Context().Done():
	}
}

// slow are gateways that take their time now and then.
func slow() [gatewayCount]gatewaytest.Settings {
	s := gatewaytest.Settings{Repeat: true, Script: []gatewaytest.Mode{{Times: 3}, gatewaytest.Slow(200 * time.Millisecond), {Times: 2}, gatewaytest.Slow(700 * time.Millisecond)}}
	return [gatewayCount]gatewaytest.Settings{careful: s, careless: s}
}

// TestTerminate stops the product as a supervisor does while assistants are being asked and messages sent. It ends well
// and in time each time, and what it could not finish the next start does.
func TestTerminate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind database) {
		w := newWorld(t, options{database: kind, assistant: thinks, gateways: slow()})
		w.products[0].start()
		stop := w.load(60, 24)
		var slowest time.Duration
		for range rounds(t, terminateRounds) {
			enough := w.ledger.count() + 40 + rand.IntN(60)
			w.want(resumeLimit, "messages are accepted", func() bool { return w.ledger.count() >= enough })
			began := time.Now()
			w.products[0].terminate(stopLimit)
			slowest = max(slowest, time.Since(began))
			w.products[0].start()
		}
		stop()
		w.holds()
		t.Logf("%d stops, the slowest took %s", rounds(t, terminateRounds), slowest.Round(time.Millisecond))
	})
}
