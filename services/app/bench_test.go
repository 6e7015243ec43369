package app

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/flow"
	"smsflow/services/store/storetest"
)

const (
	benchConns   = 4      // connections of the gateways
	benchCallers = 64     // calls under way, for each processor
	benchPeople  = 50_000 // contacts who text in turn
	benchNumber  = "+14155550143"
)

// benchServer is a server whose tenant has one workflow, which sends a text.
func benchServer(b *testing.B, place StoreConfig) (*server, string) {
	b.Helper()
	c := demoConfig(place)
	c.LogLevel = "error" // a line for each call would be measured too
	s := start(b, c)
	token := s.addTenant(b, flow.TenantID(uuid.NewString()), benchNumber, nil)
	if _, err := smsflowv1connect.NewWorkflowServiceClient(s.connect(b, token)).CreateWorkflow(b.Context(), &smsflowv1.CreateWorkflowRequest{Workflow: says("the benchmark", 1)}); err != nil {
		b.Fatal(err)
	}
	return s, token
}

// benchClients are connections to share among the callers.
func benchClients(b *testing.B, s *server) []*grpc.ClientConn {
	b.Helper()
	conns := make([]*grpc.ClientConn, benchConns)
	for i := range conns {
		conns[i] = s.dial(b)
	}
	return conns
}

// BenchmarkRouteInbound is one SMS from the gateway's call to its reply, over real gRPC connections, with many callers
// at once: committed, handled, committed, answered. It also reports how many empty RPCs on the same server take as long.
func BenchmarkRouteInbound(b *testing.B) {
	for name, place := range map[string]func(b *testing.B) StoreConfig{
		"sqlite": func(b *testing.B) StoreConfig { b.Helper(); return StoreConfig{Data: b.TempDir()} },
		"postgres": func(b *testing.B) StoreConfig {
			b.Helper()
			return StoreConfig{Data: b.TempDir(), DatabaseURL: storetest.Postgres(b)}
		},
	} {
		b.Run(name, func(b *testing.B) {
			s, token := benchServer(b, place(b))
			conns := benchClients(b, s)
			var next, caller atomic.Int64
			b.SetParallelism(benchCallers)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				gateway := smsflowv1.NewRouterServiceClient(&keyed{conns[caller.Add(1)%benchConns], token})
				for pb.Next() {
					i := next.Add(1)
					res, err := gateway.RouteInbound(b.Context(), &smsflowv1.RouteInboundRequest{
						GatewayMessageId: fmt.Sprint("bench-", i), From: fmt.Sprintf("+49151%08d", i%benchPeople), To: benchNumber, Body: "hello",
					})
					if err != nil || len(res.GetReplies()) != 1 {
						b.Errorf("%v: %v", err, res)
						return
					}
				}
			})
			b.StopTimer()
			perCall := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "SMS/s")
			if b.N >= benchCallers { // the first round, of one call, says nothing
				b.ReportMetric(float64(perCall)/float64(emptyCall(b, conns)), "x-empty-RPC")
			}
		})
	}
}

// BenchmarkEmptyRPC is a call with nothing to do on the same kind of server, by as many callers at once.
func BenchmarkEmptyRPC(b *testing.B) {
	s, _ := benchServer(b, StoreConfig{Data: b.TempDir()})
	conns := benchClients(b, s)
	var caller atomic.Int64
	b.SetParallelism(benchCallers)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		health := healthpb.NewHealthClient(conns[caller.Add(1)%benchConns])
		for pb.Next() {
			if _, err := health.Check(b.Context(), &healthpb.HealthCheckRequest{}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// emptyCall measures the same beside another benchmark: one cannot run within another.
func emptyCall(b *testing.B, conns []*grpc.ClientConn) time.Duration {
	b.Helper()
	const calls = 20_000
	callers := benchCallers * runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	began := time.Now()
	for i := range callers {
		group.Go(func() {
			health := healthpb.NewHealthClient(conns[i%benchConns])
			for range calls / callers {
				if _, err := health.Check(b.Context(), &healthpb.HealthCheckRequest{}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return time.Since(began) / time.Duration(calls/callers*callers)
}
