package rpc

import (
	"context"
	"log/slog"
	"testing"
	"time"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/flow"
)

// BenchmarkCheck is what the contract's rules cost a call of RouteInbound.
func BenchmarkCheck(b *testing.B) {
	check, err := newChecker()
	if err != nil {
		b.Fatal(err)
	}
	req := &smsflowv1.RouteInboundRequest{GatewayMessageId: "m1", From: "+14155550101", To: "+14155550100", Body: "When are you open?"}
	b.ReportAllocs()
	for b.Loop() {
		if err := check.noun(b.Context(), req, noun{fields: []string{"received_at", "wait"}}); err != nil {
			b.Fatal(err)
		}
	}
}

type oneKey struct{ key flow.Key }

func (k oneKey) Key(context.Context, flow.KeyID) (flow.Key, error) { return k.key, nil }

// BenchmarkEdge is what the edge costs a call: the gate, the principal and the line of log.
func BenchmarkEdge(b *testing.B) {
	key, token, err := access.NewKey(zeros{}, flow.Key{Tenant: "t1", Scopes: []flow.Scope{flow.ScopeRouterIngest}})
	if err != nil {
		b.Fatal(err)
	}
	e := newEdge(Config{Gate: &access.Gate{Store: oneKey{key}, Now: time.Now}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	in := incoming{method: "/smsflow.v1.RouterService/RouteInbound", protocol: protocolNative, authorization: "Bearer " + token.Reveal()}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := e.call(b.Context(), in, func(context.Context) error { return nil }); !ok {
			b.Fatal("refused")
		}
	}
}

// zeros are not random: good enough for a benchmark.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
