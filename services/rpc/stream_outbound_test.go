package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/flow"
	"smsflow/services/rpc"
	"smsflow/services/store/sqlite"
)

type outbound = grpc.BidiStreamingClient[smsflowv1.DeliverOutboundRequest, smsflowv1.DeliverOutboundResponse]

// pulling serves tenants of which t1 has a gateway that pulls, and a workflow that answers everything.
func pulling(t *testing.T, b backend, dedupes bool) *servers {
	t.Helper()
	s, store := serveRealWith(t, b)
	putConnection(t, store, flow.DeliverStream, dedupes)
	w := soundWorkflow()
	w.Active = true
	must(t, protocols()[0], s, createWorkflow, &smsflowv1.CreateWorkflowRequest{Workflow: w}, &smsflowv1.CreateWorkflowResponse{})
	return s
}

func putConnection(t *testing.T, store *sqlite.Store, delivery flow.Delivery, dedupes bool) {
	t.Helper()
	c := flow.Connection{Tenant: "t1", ID: "c1", Name: "Gateway", Delivery: delivery, Dedupes: dedupes, CreatedAt: time.Now()}
	if err := store.PutConnection(context.WithoutCancel(t.Context()), c, flow.Audit{By: "test", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

// text has n contacts text, each once, and waits until all are answered.
func (s *servers) text(t *testing.T, prefix string, n int) {
	t.Helper()
	client, ctx := s.gateway(t, s.all)
	done := make(chan error, n)
	for i := range n {
		go func() {
			m := inboundOf(fmt.Sprint(prefix, i), fmt.Sprintf("+1415555%04d", 1000+i), "hello")
			m.Wait = durationpb.New(time.Minute)
			res, err := client.RouteInbound(ctx, m)
			if err == nil && res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED {
				err = fmt.Errorf("outcome %v", res.GetOutcome())
			}
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func (s *servers) deliver(t *testing.T, token string) (outbound, context.CancelFunc) {
	t.Helper()
	client, ctx := s.gateway(t, token)
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	stream, err := client.DeliverOutbound(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream, cancel
}

// joined has the server take up the stream before the test goes on.
func joined(t *testing.T, stream outbound) {
	t.Helper()
	report(t, stream, sent, strangeID)
	new(taken).take(t, stream, 0, 1)
}

// taken is what a gateway got.
type taken struct {
	messages          []*smsflowv1.Reply
	recorded, ignored []string
}

// take reads until there are so many messages and answers.
func (g *taken) take(t *testing.T, stream outbound, messages, answers int) {
	t.Helper()
	for len(g.messages) < messages || len(g.recorded)+len(g.ignored) < answers {
		res, err := stream.Recv()
		if err != nil {
			t.Fatalf("with %d messages and %d answers: %v", len(g.messages), len(g.recorded)+len(g.ignored), err)
		}
		g.messages = append(g.messages, res.GetMessages()...)
		g.recorded = append(g.recorded, res.GetRecorded()...)
		g.ignored = append(g.ignored, res.GetIgnored()...)
	}
}

func report(t *testing.T, stream outbound, state smsflowv1.OutboundState, ids ...string) {
	t.Helper()
	req := &smsflowv1.DeliverOutboundRequest{}
	for _, id := range ids {
		req.Results = append(req.Results, &smsflowv1.DeliveryResult{Id: id, State: state, GatewayId: "g-" + id[:8]})
	}
	if err := stream.Send(req); err != nil {
		t.Fatal(err)
	}
}

const (
	sent      = smsflowv1.OutboundState_OUTBOUND_STATE_SENT
	failed    = smsflowv1.OutboundState_OUTBOUND_STATE_FAILED
	delivered = smsflowv1.OutboundState_OUTBOUND_STATE_DELIVERED
	unknown   = smsflowv1.OutboundState_OUTBOUND_STATE_UNKNOWN
	strangeID = "01936d00-0000-7000-8000-00000000ffff"
)

func (s *servers) undelivered(t *testing.T) *smsflowv1.ListUndeliveredResponse {
	t.Helper()
	client, ctx := s.gateway(t, s.all)
	res, err := client.ListUndelivered(ctx, &smsflowv1.ListUndeliveredRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestDeliverOutbound: a gateway takes its messages, and what it says of them is kept.
func TestDeliverOutbound(t *testing.T) {
	t.Parallel()
	s := pulling(t, backend{}, false)
	stream, _ := s.deliver(t, s.all)
	joined(t, stream)
	s.text(t, "m", 3)
	var got taken
	got.take(t, stream, 3, 0)
	for _, m := range got.messages {
		if m.GetBody() != "Nine to five." || m.GetFrom() != ownNumber || m.GetTo() == "" || m.GetSegments() != 1 {
			t.Errorf("handed over: %v", m)
		}
	}
	a, b, c := got.messages[0].GetId(), got.messages[1].GetId(), got.messages[2].GetId()
	report(t, stream, sent, a, strangeID)
	report(t, stream, failed, b)
	got.take(t, stream, 3, 3)
	report(t, stream, delivered, a)
	report(t, stream, sent, a) // too late
	got.take(t, stream, 3, 5)
	if len(got.recorded) != 3 || len(got.ignored) != 2 {
		t.Errorf("recorded %v, ignored %v", got.recorded, got.ignored)
	}
	// The third was handed over, and nobody says what became of it.
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	ends(t, received(stream), codes.OK, "")
	list := s.undelivered(t)
	states := map[string]smsflowv1.OutboundState{}
	for _, m := range list.GetMessages() {
		states[m.GetMessage().GetId()] = m.GetState()
		if m.GetAttempts() != 1 || m.GetCreatedAt() == nil || m.GetInboundId() == "" {
			t.Errorf("listed: %v", m)
		}
	}
	if len(states) != 2 || list.GetTotal() != 2 || states[b] != failed || states[c] != unknown {
		t.Errorf("undelivered: %v", list)
	}

	// A person has it sent again.
	client, ctx := s.gateway(t, s.all)
	again, err := client.RetryOutbound(ctx, &smsflowv1.RetryOutboundRequest{Id: c})
	if err != nil || again.GetMessage().GetState() != smsflowv1.OutboundState_OUTBOUND_STATE_PENDING {
		t.Fatalf("%v, %v", again, err)
	}
	stream, _ = s.deliver(t, s.all)
	got = taken{}
	got.take(t, stream, 1, 0)
	if got.messages[0].GetId() != c {
		t.Errorf("handed over after the retry: %v", got.messages)
	}
	report(t, stream, sent, c)
	got.take(t, stream, 1, 1)
	refused(t, s, request{procedure: "/smsflow.v1.RouterService/RetryOutbound", message: &smsflowv1.RetryOutboundRequest{Id: c}}).is(t, "failed_precondition", flow.ReasonNotRetryable)
	refused(t, s, request{procedure: "/smsflow.v1.RouterService/RetryOutbound", token: s.key(t, "t2", flow.ScopeRouterIngest), message: &smsflowv1.RetryOutboundRequest{Id: b}}).is(t, "not_found", flow.ReasonNotFound)
}

// TestDeliverOutboundAgain: what a gateway that dedupes has not acknowledged is handed over again, under the same id.
func TestDeliverOutboundAgain(t *testing.T) {
	t.Parallel()
	s := pulling(t, backend{}, true)
	stream, cancel := s.deliver(t, s.all)
	joined(t, stream)
	s.text(t, "m", 1)
	var first, second taken
	first.take(t, stream, 1, 0)
	cancel()
	stream, _ = s.deliver(t, s.all)
	second.take(t, stream, 1, 0)
	if first.messages[0].GetId() != second.messages[0].GetId() {
		t.Errorf("handed over %v, then %v", first.messages, second.messages)
	}
	report(t, stream, sent, second.messages[0].GetId())
	second.take(t, stream, 1, 1)
	if n := len(second.recorded); n != 1 {
		t.Errorf("recorded %d", n)
	}
}

// TestDeliverOutboundWindow: no more is handed over than may be unsettled.
func TestDeliverOutboundWindow(t *testing.T) {
	t.Parallel()
	const more = 8
	s := pulling(t, backend{}, false)
	stream, _ := s.deliver(t, s.all)
	joined(t, stream)
	s.text(t, "m", rpc.MaxUnsettled+more)
	var got taken
	got.take(t, stream, rpc.MaxUnsettled, 0)
	for i := 0; len(got.messages) < rpc.MaxUnsettled+more; i++ {
		if settled := len(got.recorded); len(got.messages) > rpc.MaxUnsettled+settled+1 {
			t.Fatalf("%d are handed over, %d are settled", len(got.messages), settled)
		}
		report(t, stream, sent, got.messages[i].GetId())
		got.take(t, stream, rpc.MaxUnsettled, i+1)
	}
	got.take(t, stream, rpc.MaxUnsettled+more, len(got.recorded))
	seen := map[string]bool{}
	for _, m := range got.messages {
		if seen[m.GetId()] {
			t.Errorf("%s is handed over twice", m.GetId())
		}
		seen[m.GetId()] = true
	}
}

// TestDeliverOutboundRefusals: what a stream does not take.
func TestDeliverOutboundRefusals(t *testing.T) {
	t.Parallel()
	s := pulling(t, backend{}, false)
	for name, r := range map[string]*smsflowv1.DeliveryResult{
		"no id":    {State: sent},
		"no state": {Id: strangeID},
		"our own":  {Id: strangeID, State: unknown},
		"NUL":      {Id: strangeID, State: failed, Reason: "a\x00"},
		"long":     {Id: strangeID, State: failed, Reason: string(make([]rune, 501))},
	} {
		stream, _ := s.deliver(t, s.all)
		if err := stream.Send(&smsflowv1.DeliverOutboundRequest{Results: []*smsflowv1.DeliveryResult{r}}); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		ends(t, received(stream), codes.InvalidArgument, flow.ReasonInvalidFields)
	}
	other, _ := s.deliver(t, s.key(t, "t2", flow.ScopeRouterIngest))
	ends(t, received(other), codes.FailedPrecondition, flow.ReasonDelivery)
}

// TestDeliverOutboundDrains: a server that stops hands over nothing more, and waits for what is said of what it has.
func TestDeliverOutboundDrains(t *testing.T) {
	t.Parallel()
	draining := make(chan struct{})
	s := pulling(t, backend{draining: draining}, false)
	stream, _ := s.deliver(t, s.all)
	joined(t, stream)
	s.text(t, "m", 2)
	var got taken
	got.take(t, stream, 2, 0)
	close(draining)
	for i, m := range got.messages {
		report(t, stream, sent, m.GetId())
		got.take(t, stream, 2, i+1)
	}
	ends(t, received(stream), codes.Unavailable, flow.ReasonUnavailable)
	if len(got.recorded) != 2 || s.undelivered(t).GetTotal() != 0 {
		t.Errorf("recorded %v; undelivered %v", got.recorded, s.undelivered(t))
	}
}

// TestStreamsOnTheHTTPPort: who calls a stream there is told where it is.
func TestStreamsOnTheHTTPPort(t *testing.T) {
	t.Parallel()
	s := serve(t, backend{router: &scripted{}})
	for _, options := range [][]connecthttp.Option{nil, {connecthttp.WithGRPC()}} {
		c := smsflowv1connect.NewRouterServiceClient(connect.NewClient(connecthttp.NewTransport(client(t, true), "http://"+s.http, options...)))
		ctx, info := connect.NewClientContext(t.Context())
		info.RequestHeader().Set("Authorization", "Bearer "+s.all)
		in, err := c.StreamInbound(ctx)
		if err == nil {
			t.Cleanup(func() { in.Close() })
			_ = in.Send(&smsflowv1.StreamInboundRequest{}) // may be refused already
			_, err = in.Receive()
		}
		var e *connect.Error
		if !errors.As(err, &e) || e.Code() != connect.CodeUnimplemented || e.Message() == "" {
			t.Errorf("StreamInbound: %v", err)
		}
	}
}
