package router_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"smsflow/services/flow"
	"smsflow/services/router"
)

// settledOutbox counts what has been recorded as sent.
type settledOutbox struct {
	router.Outbox
	sent atomic.Int64
	all  chan struct{} // closed when want are sent
	want int64
}

func (o *settledOutbox) SettleOutbounds(ctx context.Context, owner string, batch []flow.Settled) ([]bool, error) {
	counted, err := o.Outbox.SettleOutbounds(ctx, owner, batch)
	for _, c := range counted {
		if c && o.sent.Add(1) == o.want {
			close(o.all)
		}
	}
	return counted, err
}

// bench starts a router with a null gateway and a workflow of one check and one message.
func bench(b *testing.B, s store) (*router.Router, *settledOutbox, func() router.Submission) {
	b.Helper()
	out := &settledOutbox{Outbox: s, all: make(chan struct{}), want: int64(b.N)}
	h := newHarness(b, s)
	h.stop()
	h.options.Outbox, h.options.Poll = out, 250*time.Millisecond
	h.start()
	h.connect(flow.Connection{Delivery: flow.DeliverNull})
	h.workflow(flow.Workflow{Steps: []flow.Step{words("open"), say("We are open from nine to five.")}})
	var n atomic.Int64
	return h.router, out, func() router.Submission {
		i := n.Add(1)
		return router.Submission{
			Tenant: h.tenant, Connection: "gw", GatewayMessageID: fmt.Sprint("b", i),
			From: fmt.Sprintf("+1212%07d", 2_000_000+i), To: h.number, Body: "When are you open?",
		}
	}
}

// BenchmarkAccept is the durable acknowledgement alone, at 256 submitters; the handling goes on behind it.
func BenchmarkAccept(b *testing.B) {
	both(b, func(b *testing.B, s store) {
		r, out, next := bench(b, s)
		b.SetParallelism(128)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := r.Accept(b.Context(), next()); err != nil {
					b.Error(err)
				}
			}
		})
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acks/s")
		<-out.all
	})
}

// BenchmarkWhole is all of it, at 64 messages in flight: accepted, decided with its trace, committed, handed to a null
// gateway and recorded as sent.
func BenchmarkWhole(b *testing.B) {
	both(b, func(b *testing.B, s store) {
		r, out, next := bench(b, s)
		b.SetParallelism(32)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				res, err := r.RouteInbound(b.Context(), next(), time.Minute)
				if err != nil || res.Outcome != flow.OutcomeReplied {
					b.Errorf("%v, %v", res.Outcome, err)
				}
			}
		})
		<-out.all
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	})
}
