package rpc

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"smsflow/services/access"
	"smsflow/services/flow"
)

func TestReadinessIsKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var asked int
	var down error
	r := newReadiness(Config{Now: func() time.Time { return now }, Ready: func(ctx context.Context) error {
		asked++
		if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil {
			t.Error("Ready is asked without a deadline, or for a caller who has hung up")
		}
		return down
	}})
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for range 100 {
		if !r.ready(gone) {
			t.Fatal("not ready")
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times in a moment", asked)
	}
	down = errors.New("down")
	if !r.ready(t.Context()) {
		t.Error("the answer is not kept")
	}
	now = now.Add(readyFor)
	if r.ready(t.Context()) || asked != 2 {
		t.Errorf("the answer is kept too long; asked %d times", asked)
	}
	if !newReadiness(Config{}).ready(t.Context()) {
		t.Error("without Ready a server is not ready")
	}
}

// TestWatch: a watcher is told the status now, each change, and the end.
func TestWatch(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	answers := make(chan error) // of Ready, which is asked anew each time: the clock moves on
	draining := make(chan struct{})
	h := newHealth(newReadiness(Config{
		Now: func() time.Time { now = now.Add(readyFor); return now }, Ready: func(context.Context) error { return <-answers }, Draining: draining,
	}), []string{"a.B"})
	look := make(chan time.Time)
	sent := make(chan healthpb.HealthCheckResponse_ServingStatus)
	done := make(chan error)
	go func() {
		done <- h.watch(t.Context(), &healthpb.HealthCheckRequest{Service: "a.B"}, look, func(res *healthpb.HealthCheckResponse) error {
			sent <- res.GetStatus()
			return nil
		})
	}()
	expect := func(want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		if got := <-sent; got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
	answers <- nil
	expect(healthpb.HealthCheckResponse_SERVING)
	look <- time.Time{}
	answers <- nil // nothing has changed, so nothing is sent
	look <- time.Time{}
	answers <- errors.New("down")
	expect(healthpb.HealthCheckResponse_NOT_SERVING)
	look <- time.Time{}
	answers <- nil
	expect(healthpb.HealthCheckResponse_SERVING)
	close(draining)
	expect(healthpb.HealthCheckResponse_NOT_SERVING)
	if err := <-done; !errors.Is(err, flow.ErrUnavailable) {
		t.Errorf("a watcher is let go with %v", err)
	}
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	h := newHealth(newReadiness(Config{}), nil)
	ctx, cancel := context.WithCancel(t.Context())
	err := h.watch(ctx, &healthpb.HealthCheckRequest{Service: "not.There"}, nil, func(res *healthpb.HealthCheckResponse) error {
		if res.GetStatus() != healthpb.HealthCheckResponse_SERVICE_UNKNOWN {
			t.Errorf("status %s", res.GetStatus())
		}
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	gone := errors.New("gone")
	if err := h.watch(t.Context(), &healthpb.HealthCheckRequest{}, nil, func(*healthpb.HealthCheckResponse) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
}

// TestEveryMethodHasARow: neither port is made with a method that the access table does not have.
func TestEveryMethodHasARow(t *testing.T) {
	t.Parallel()
	c := Config{Gate: &access.Gate{}, Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: func() string { return "" }}
	const extra = "/smsflow.v1.NewService/Forgotten"
	server := connect.NewServer()
	server.Register(connect.Method{Spec: connect.Spec{Procedure: extra}})
	if _, err := newEdge(c).mux(c, server, newReadiness(c)); err == nil || !strings.Contains(err.Error(), extra) {
		t.Errorf("the HTTP port starts with a method that has no row: %v", err)
	}
	native := grpc.NewServer()
	defer native.Stop()
	native.RegisterService(&grpc.ServiceDesc{ServiceName: "smsflow.v1.NewService", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: "Forgotten"}}}, nil)
	if err := gated(nativeMethods(native)); err == nil || !strings.Contains(err.Error(), extra) {
		t.Errorf("the gRPC port starts with a method that has no row: %v", err)
	}
}
