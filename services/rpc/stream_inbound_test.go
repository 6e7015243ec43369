package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
	"smsflow/services/router"
	"smsflow/services/rpc"
)

// gateway is a client of the gRPC port with a key.
func (s *servers) gateway(t *testing.T, token string) (smsflowv1.RouterServiceClient, context.Context) {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+s.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ctx := t.Context()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	return smsflowv1.NewRouterServiceClient(conn), ctx
}

type inbound = grpc.BidiStreamingClient[smsflowv1.StreamInboundRequest, smsflowv1.StreamInboundResponse]

func (s *servers) streamInbound(t *testing.T, token string) inbound {
	t.Helper()
	client, ctx := s.gateway(t, token)
	stream, err := client.StreamInbound(ctx, grpc.ForceCodecV2(rawNative{encoding.GetCodecV2(grpcproto.Name)}))
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func submit(t *testing.T, stream inbound, m *smsflowv1.RouteInboundRequest) {
	t.Helper()
	if err := stream.Send(&smsflowv1.StreamInboundRequest{Message: m}); err != nil {
		t.Fatal(err)
	}
}

func inboundOf(id, from, body string) *smsflowv1.RouteInboundRequest {
	return &smsflowv1.RouteInboundRequest{GatewayMessageId: id, From: from, To: ownNumber, Body: body}
}

// answers reads n answers.
func answers(t *testing.T, stream inbound, n int) map[string]*smsflowv1.StreamInboundResponse {
	t.Helper()
	got := map[string]*smsflowv1.StreamInboundResponse{}
	for range n {
		res, err := stream.Recv()
		if err != nil {
			t.Fatalf("after %d of %d answers: %v", len(got), n, err)
		}
		if got[res.GetGatewayMessageId()] != nil {
			t.Errorf("%q is answered twice", res.GetGatewayMessageId())
		}
		got[res.GetGatewayMessageId()] = res
	}
	return got
}

// ends reads the end of a stream.
func ends(t *testing.T, recv func() error, code codes.Code, reason string) {
	t.Helper()
	err := recv()
	if code == codes.OK {
		if !errors.Is(err, io.EOF) {
			t.Errorf("the stream ends with %v", err)
		}
		return
	}
	st := status.Convert(err)
	got := ""
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			got = info.GetReason()
		}
	}
	if st.Code() != code || got != reason {
		t.Errorf("the stream ends with %v %q (%v), want %v %q", st.Code(), got, err, code, reason)
	}
}

func received[T any](stream interface{ Recv() (*T, error) }) func() error {
	return func() error { _, err := stream.Recv(); return err }
}

// TestStreamInbound: each message is answered by its id, whatever is wrong with another one.
func TestStreamInbound(t *testing.T) {
	t.Parallel()
	s, store := serveRealWith(t, backend{})
	stream := s.streamInbound(t, s.all)
	const many = 3 * rpc.MaxUnanswered
	go func() {
		for i := range many {
			_ = stream.Send(&smsflowv1.StreamInboundRequest{Message: inboundOf(fmt.Sprint("m", i), "+14155550101", fmt.Sprint("text ", i))})
		}
		_ = stream.CloseSend()
	}()
	ids := map[string]bool{}
	for id, res := range answers(t, stream, many) {
		if ack := res.GetAck(); ack.GetInboundId() == "" || ack.GetOutcome() != smsflowv1.Outcome_OUTCOME_ACCEPTED || ack.GetDuplicate() || ids[ack.GetInboundId()] {
			t.Fatalf("%s: %v", id, res)
		}
		ids[res.GetAck().GetInboundId()] = true
	}
	ends(t, received(stream), codes.OK, "")

	// One conversation's messages keep the order of the stream.
	said, err := store.History(t.Context(), "t1", flow.NewConversationID("t1", ownNumber, "+14155550101"), 1<<60, many)
	if err != nil || len(said) != many {
		t.Fatalf("%d messages are kept, want %d (%v)", len(said), many, err)
	}
	for i, m := range said {
		if m.Text != fmt.Sprint("text ", i) {
			t.Fatalf("message %d is %q", i, m.Text)
		}
	}
}

// TestStreamInboundRefusals: a bad message is refused, and the stream goes on.
func TestStreamInboundRefusals(t *testing.T) {
	t.Parallel()
	s := serveReal(t)
	stream := s.streamInbound(t, s.all)
	longID := strings.Repeat("i", 100_000)
	send := []*smsflowv1.RouteInboundRequest{
		inboundOf("good", "+14155550101", "hello"),
		nil,
		inboundOf("number", "0415", "hello"),
		inboundOf("nul", "+14155550101", "a\x00"),
		inboundOf("body", "+14155550101", strings.Repeat("a", rpc.MaxRequest)),
		inboundOf(longID, "+14155550101", "hello"),
		{GatewayMessageId: "time", From: "+14155550101", To: ownNumber, Body: "", ReceivedAt: &timestamppb.Timestamp{Seconds: -1 << 60}},
		{GatewayMessageId: "elsewhere", From: "+14155550101", To: "+14155550999", Body: "hello"},
		inboundOf("last", "+14155550101", "hello"),
	}
	for _, m := range send {
		submit(t, stream, m)
	}
	submitRaw(t, stream, notUTF8(t))
	got := answers(t, stream, len(send)+1)
	for id, want := range map[string][]string{
		"good": nil, "last": nil, "elsewhere": nil,
		"": {"gateway_message_id", "from", "to", "body"}, "number": {"from"}, "nul": {"body"}, "body": {"body"}, "utf-8": {"body"},
		longID[:flow.MaxGatewayMessageID]: {"gateway_message_id"}, "time": {"body", "received_at"},
	} {
		res := got[id]
		if want == nil {
			if res.GetAck() == nil {
				t.Errorf("%.20q: %v", id, res)
			}
			continue
		}
		refusal := res.GetRefusal()
		var fields []string
		for _, f := range refusal.GetFields() {
			fields = append(fields, f.GetField())
			if f.GetReason() == "" || f.GetText() == "" {
				t.Errorf("%.20q: %v says too little", id, f)
			}
		}
		if diff := cmp.Diff(want, fields); diff != "" || refusal.GetCode() != int32(codes.InvalidArgument) || refusal.GetReason() != flow.ReasonInvalidFields || refusal.GetText() == "" {
			t.Errorf("%.20q: %v\n%s", id, refusal, diff)
		}
	}
	if o := got["elsewhere"].GetAck(); o.GetOutcome() != smsflowv1.Outcome_OUTCOME_UNKNOWN_NUMBER || o.GetInboundId() != "" {
		t.Errorf("a number of nobody's: %v", o)
	}
	submit(t, stream, inboundOf("good", "+14155550102", "again"))
	again := answers(t, stream, 1)["good"].GetAck()
	if !again.GetDuplicate() || again.GetInboundId() != got["good"].GetAck().GetInboundId() {
		t.Errorf("repeated: %v, first: %v", again, got["good"])
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	ends(t, received(stream), codes.OK, "")
}

// notUTF8 is a message as no Go client would send it.
func notUTF8(t *testing.T) raw {
	t.Helper()
	b, err := proto.Marshal(&smsflowv1.StreamInboundRequest{Message: inboundOf("utf-8", "+14155550101", "body")})
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(b, []byte("body"), []byte("bod\xff"), 1)
}

func submitRaw(t *testing.T, stream inbound, b raw) {
	t.Helper()
	if err := stream.SendMsg(b); err != nil {
		t.Fatal(err)
	}
}

// TestStreamInboundEnds: what cannot be read at all ends the stream when what came before it is answered; grpc-go itself
// ends it at once for what it does not even take in.
func TestStreamInboundEnds(t *testing.T) {
	t.Parallel()
	s := serveReal(t)
	stream := s.streamInbound(t, s.all)
	submit(t, stream, inboundOf("before", "+14155550101", "hello"))
	submitRaw(t, stream, raw{0xff, 0xff, 0xff})
	if got := answers(t, stream, 1)["before"]; got.GetAck() == nil {
		t.Errorf("%v", got)
	}
	ends(t, received(stream), codes.InvalidArgument, flow.ReasonMalformed)

	stream = s.streamInbound(t, s.all)
	submitRaw(t, stream, make(raw, rpc.MaxRead+1))
	ends(t, received(stream), codes.ResourceExhausted, "")

	for token, code := range map[string]codes.Code{"": codes.Unauthenticated, s.key(t, "t1", flow.ScopeConfigWrite): codes.PermissionDenied} {
		client, ctx := s.gateway(t, token)
		in, err := client.StreamInbound(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Recv(); status.Code(err) != code {
			t.Errorf("StreamInbound: %v, want %v", err, code)
		}
		out, err := client.DeliverOutbound(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Recv(); status.Code(err) != code {
			t.Errorf("DeliverOutbound: %v, want %v", err, code)
		}
	}
}

// TestRevokedKeyEndsAStream: a stream does not outlive its key.
func TestRevokedKeyEndsAStream(t *testing.T) {
	t.Parallel()
	s, _ := serveRealWith(t, backend{recheck: 10 * time.Millisecond})
	token := s.key(t, "t1", flow.ScopeRouterIngest)
	stream := s.streamInbound(t, token)
	submit(t, stream, inboundOf("before", "+14155550101", "hello"))
	answers(t, stream, 1)
	id, _, _ := strings.Cut(token, ".")
	s.keys.mu.Lock()
	delete(s.keys.byID, flow.KeyID(id))
	s.keys.mu.Unlock()
	ends(t, received(stream), codes.Unauthenticated, flow.ReasonUnauthenticated)
}

// holding is a router that answers when it is told to.
type holding struct {
	scripted

	mu       sync.Mutex
	held     []func()
	most     int
	accepted chan string
}

func (h *holding) Submit(_ context.Context, in router.Submission, done func(flow.Result, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, func() { done(flow.Result{Inbound: "i", Outcome: flow.OutcomeAccepted}, nil) })
	h.most = max(h.most, len(h.held))
	if h.accepted != nil {
		h.accepted <- in.GatewayMessageID
	}
}

// release answers what is held and says how much that was.
func (h *holding) release() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.held {
		f()
	}
	n := len(h.held)
	h.held = nil
	return n
}

// TestStreamInboundDrains: a server that stops reads no more, answers what it has, and says that it goes.
func TestStreamInboundDrains(t *testing.T) {
	t.Parallel()
	use := &holding{accepted: make(chan string, 1)}
	draining := make(chan struct{})
	s := serve(t, backend{router: use, draining: draining})
	stream := s.streamInbound(t, s.all)
	submit(t, stream, inboundOf("under way", "+14155550101", "hello"))
	<-use.accepted
	close(draining)
	use.release()
	if got := answers(t, stream, 1)["under way"]; got.GetAck() == nil {
		t.Errorf("%v", got)
	}
	ends(t, received(stream), codes.Unavailable, flow.ReasonUnavailable)
}

// TestStreamInboundFlowControl: neither a slow database nor a client that does not read its answers makes the server
// take in more.
func TestStreamInboundFlowControl(t *testing.T) {
	t.Parallel()
	const all = 20_000
	for name, holds := range map[string]bool{"slow database": true, "client does not read": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				use := &holding{}
				counted := &counting{holding: use, holds: holds}
				stream, stop := bubble(t, counted)
				defer stop()
				sent := 0
				sending := make(chan error, 1)
				go func() {
					for ; sent < all; sent++ {
						if err := stream.Send(&smsflowv1.StreamInboundRequest{Message: inboundOf(fmt.Sprint("m", sent), "+14155550101", "hello")}); err != nil {
							sending <- err
							return
						}
					}
					sending <- stream.CloseSend()
				}()
				synctest.Wait() // nothing moves any more
				// Beside those that are unanswered there are those whose answers lie in the transport's buffers.
				const buffered = 8_000
				switch n := counted.submitted; {
				case holds && n != rpc.MaxUnanswered:
					t.Errorf("%d messages are taken in while none is answered, want %d", n, rpc.MaxUnanswered)
				case n < rpc.MaxUnanswered, n > rpc.MaxUnanswered+buffered, sent == all:
					t.Errorf("%d of %d messages are taken in from a client that has sent %d", n, all, sent)
				}
				// And everything goes on.
				got := 0
				for ; ; got++ {
					if holds {
						synctest.Wait()
						use.release()
					}
					if _, err := stream.Recv(); err != nil {
						if !errors.Is(err, io.EOF) {
							t.Error(err)
						}
						break
					}
				}
				if err := <-sending; err != nil || got != all || use.most > rpc.MaxUnanswered {
					t.Errorf("%d answers of %d, up to %d unanswered (%v)", got, all, use.most, err)
				}
			})
		})
	}
}

// counting answers at once unless it holds.
type counting struct {
	*holding
	holds     bool
	submitted int
}

func (c *counting) Submit(ctx context.Context, in router.Submission, done func(flow.Result, error)) {
	c.submitted++
	c.holding.Submit(ctx, in, done)
	if !c.holds {
		c.release()
	}
}

// bubble serves without a network, so that a test can wait until nothing moves.
func bubble(t *testing.T, use rpc.Router) (stream inbound, stop func()) {
	t.Helper()
	keys := &keyStore{byID: map[flow.KeyID]flow.Key{}}
	server, err := rpc.NewGRPC(backend{router: use}.config(keys, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	l := bufconn.Listen(1 << 16)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///bubble", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+(&servers{keys: keys}).key(t, "t1", flow.ScopeRouterIngest)))
	stream, err = smsflowv1.NewRouterServiceClient(conn).StreamInbound(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream, func() {
		cancel()
		_ = conn.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
}
