package rpc

import (
	"context"
	"errors"
	"io"
	"sync"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/flow"
)

// MaxUnanswered is how many messages of one StreamInbound may be read and not answered. Until some are, nothing more is
// read, HTTP/2's flow control holds the client back, and the stream's memory stays where it is, whether it is the
// database that is slow or the client that does not read its answers.
const MaxUnanswered = 1024

// inboundStream is one StreamInbound. One goroutine reads and submits, in the order of the stream; the router says in
// its own time what became of each message; the handler's goroutine alone sends.
type inboundStream struct {
	use    Router
	edge   *edge
	caller access.Principal
	stream grpc.BidiStreamingServer[smsflowv1.StreamInboundRequest, smsflowv1.StreamInboundResponse]

	wake chan struct{} // ready has grown
	room chan struct{} // open has shrunk from MaxUnanswered, or closed

	mu     sync.Mutex
	ready  []*inboundAnswer // to be sent
	open   int              // read and not sent
	closed bool             // nothing more is submitted
}

// inboundAnswer is what became of one message, as it is sent: in one piece, because there are tens of thousands a second.
type inboundAnswer struct {
	message smsflowv1.StreamInboundResponse
	result  smsflowv1.StreamInboundResponse_Ack
	ack     smsflowv1.InboundAck
}

// StreamInbound serves grpc-go.
func (s *nativeRouter) StreamInbound(stream grpc.BidiStreamingServer[smsflowv1.StreamInboundRequest, smsflowv1.StreamInboundResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	caller, err := access.From(ctx)
	if err != nil {
		return err
	}
	in := &inboundStream{
		use: s.use, edge: s.edge, caller: caller, stream: stream,
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1),
	}
	// The reader outlives the handler, by no more than the Recv that the handler's end breaks off.
	defer in.close()
	read := background(func() error { return in.read(ctx) })
	over := background(func() error { return s.over(ctx, smsflowv1.RouterService_StreamInbound_FullMethodName) })
	for ended := false; ; {
		left, failed := in.send()
		if failed != nil {
			return failed
		}
		if ended && left == 0 {
			return err
		}
		select {
		case <-in.wake:
			continue
		case err = <-read:
			read = nil
		case err = <-over:
			over = nil
		case <-ctx.Done():
			return ctx.Err()
		}
		ended = true
		in.close()
	}
}

// read submits what comes until the client closes its side, which is no error, or the stream is closed.
func (s *inboundStream) read(ctx context.Context) error {
	for s.waitForRoom(ctx) {
		req := new(smsflowv1.StreamInboundRequest)
		unread, err := receive(s.stream, req)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !s.admit() {
			return nil // the sender hears that the stream has ended, and submits it again
		}
		s.submit(ctx, req, unread)
	}
	return ctx.Err()
}

// submit hands one message to the router.
func (s *inboundStream) submit(ctx context.Context, req *smsflowv1.StreamInboundRequest, unread []flow.Violation) {
	m := req.GetMessage()
	id := m.GetGatewayMessageId()
	in := submissionFrom(s.caller, m)
	// What the router checks is all that there is to check but for these two: the contract's own rules would say the
	// same again, at a price.
	if moment := m.GetReceivedAt(); len(unread) > 0 || moment != nil && moment.CheckValid() != nil {
		s.refuse(ctx, id, flow.Invalid(combine(prefixCut(unread, "message."), in.Validate(), formViolations(m))))
		return
	}
	s.use.Submit(ctx, in, func(res flow.Result, err error) {
		if err != nil {
			s.refuse(ctx, id, err)
			return
		}
		a := &inboundAnswer{}
		a.ack.InboundId, a.ack.Outcome, a.ack.Duplicate = string(res.Inbound), outcomeTo(res.Outcome), res.Duplicate
		a.result.Ack = &a.ack
		a.message.GatewayMessageId, a.message.Result = id, &a.result
		s.answer(a)
	})
}

// refuse answers with an error.
func (s *inboundStream) refuse(ctx context.Context, id string, err error) {
	judged := s.edge.part(ctx, smsflowv1.RouterService_StreamInbound_FullMethodName, s.caller, err)
	refusal := &smsflowv1.InboundRefusal{Code: int32(judged.code), Reason: judged.reason, Text: clean(judged.text)}
	for _, v := range judged.violations {
		refusal.Fields = append(refusal.Fields, &smsflowv1.BadField{Field: clean(v.Field), Reason: v.Reason, Text: clean(v.Text)})
	}
	if judged.retryAfter > 0 {
		refusal.RetryAfter = durationpb.New(judged.retryAfter)
	}
	a := &inboundAnswer{}
	a.message.GatewayMessageId = shortID(id)
	a.message.Result = &smsflowv1.StreamInboundResponse_Refusal{Refusal: refusal}
	s.answer(a)
}

// shortID keeps a message from having us hold and send back an id of any length.
func shortID(id string) string {
	if len(id) <= flow.MaxGatewayMessageID || utf8.RuneCountInString(id) <= flow.MaxGatewayMessageID {
		return id
	}
	return string([]rune(id)[:flow.MaxGatewayMessageID])
}

// prefixCut takes the request's own part off the paths.
func prefixCut(vs []flow.Violation, prefix string) []flow.Violation {
	return each(vs, func(v flow.Violation) flow.Violation {
		if len(v.Field) > len(prefix) && v.Field[:len(prefix)] == prefix {
			v.Field = v.Field[len(prefix):]
		}
		return v
	})
}

// answer has a message sent. It never blocks.
func (s *inboundStream) answer(a *inboundAnswer) {
	s.mu.Lock()
	s.ready = append(s.ready, a)
	first := len(s.ready) == 1
	s.mu.Unlock()
	if first {
		signal(s.wake)
	}
}

// send sends what is ready and gives how many messages are still open.
func (s *inboundStream) send() (left int, err error) {
	var spare []*inboundAnswer
	for {
		s.mu.Lock()
		batch := s.ready
		left = s.open
		s.ready = spare[:0]
		s.mu.Unlock()
		if len(batch) == 0 {
			return left, nil
		}
		for _, a := range batch {
			if err := s.stream.Send(&a.message); err != nil {
				return left, err
			}
		}
		s.mu.Lock()
		s.open -= len(batch)
		s.mu.Unlock()
		signal(s.room)
		clear(batch)
		spare = batch
	}
}

// waitForRoom waits until one more message may be read; false: nothing more is to be read.
func (s *inboundStream) waitForRoom(ctx context.Context) bool {
	for {
		s.mu.Lock()
		closed, room := s.closed, s.open < MaxUnanswered
		s.mu.Unlock()
		if closed || room {
			return !closed
		}
		select {
		case <-s.room:
		case <-ctx.Done():
			return false
		}
	}
}

// admit takes in a message that has been read; false: too late.
func (s *inboundStream) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.open++
	return true
}

// close has nothing more submitted: from then on open only falls.
func (s *inboundStream) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	signal(s.room)
}
