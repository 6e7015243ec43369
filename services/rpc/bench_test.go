package rpc_test

import (
	"context"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
	"smsflow/services/router"
	"smsflow/services/rpc"
)

// instant answers at once, so that nothing but the edge is measured.
type instant struct{ scripted }

func (*instant) Submit(_ context.Context, _ router.Submission, done func(flow.Result, error)) {
	done(flow.Result{Inbound: "01936d00-0000-7000-8000-000000000001", Outcome: flow.OutcomeAccepted}, nil)
}

// BenchmarkStreamInbound is one message through a stream and its answer, with 256 messages under way, client and server
// in one process: what the edge costs beside the commit.
func BenchmarkStreamInbound(b *testing.B) {
	keys := &keyStore{byID: map[flow.KeyID]flow.Key{}}
	server, err := rpc.NewGRPC(backend{router: &instant{}}.config(keys, io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	address := run(b, server.Serve, server.Stop)
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	token := (&servers{keys: keys}).key(b, "t1", flow.ScopeRouterIngest)
	stream, err := smsflowv1.NewRouterServiceClient(conn).StreamInbound(metadata.AppendToOutgoingContext(b.Context(), "authorization", "Bearer "+token))
	if err != nil {
		b.Fatal(err)
	}
	const underWay = 256
	free := make(chan struct{}, underWay)
	for range underWay {
		free <- struct{}{}
	}
	before := processorTime(b)
	b.ResetTimer()
	go func() {
		for i := range b.N {
			<-free
			_ = stream.Send(&smsflowv1.StreamInboundRequest{Message: inboundOf(fmt.Sprint("m", i), "+14155550101", "What is the price of a cleaning, please?")})
		}
		_ = stream.CloseSend()
	}()
	for {
		if _, err := stream.Recv(); err != nil {
			break
		}
		free <- struct{}{}
	}
	b.StopTimer()
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// processorTime is what this process has used of all processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
