package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

// outcomeWait is how long a call waits for its outcome.
const outcomeWait = 60 * time.Second

// span is when a load is measured. It begins with a warm-up, which does not count, unless the messages are counted.
type span struct {
	from, until time.Time
	left        atomic.Int64 // messages that may still be sent
}

func newSpan(o *Options) *span {
	s := &span{from: time.Now().Add(warmUp)}
	s.left.Store(MaxMessages)
	if o.Messages > 0 {
		s.from = time.Now()
		s.left.Store(int64(o.Messages))
	}
	s.until = s.from.Add(o.Duration)
	return s
}

// next says whether one more message may be sent, now.
func (s *span) next() bool { return time.Now().Before(s.until) && s.left.Add(-1) >= 0 }

// message is the nth one: each comes from another contact, so that none is held up by another or by the loop guard.
func message(n int) *smsflowv1.RouteInboundRequest {
	return &smsflowv1.RouteInboundRequest{
		GatewayMessageId: "load-" + strconv.Itoa(n), From: fmt.Sprintf("+49151%08d", n), To: number, Body: body,
	}
}

// acknowledgements measures durable acknowledgements through StreamInbound. Each of the submitters sends a message,
// waits for its own answer, and sends the next one; they share a few streams. rate: answers that came within the span, a
// second. latencies: from just before the message is sent until its answer is read.
func acknowledgements(ctx context.Context, o *Options, b *bench) (figures, error) {
	s := newSpan(o)
	parts := make([]streamed, len(b.conns))
	var group sync.WaitGroup
	for i := range parts {
		n := (o.Submitters + len(parts) - 1 - i) / len(parts)
		if n == 0 {
			continue
		}
		group.Go(func() { parts[i].err = parts[i].run(b.key(ctx), b.gateway(i), s, n, i, len(parts)) })
	}
	group.Wait()
	var f figures
	for i := range parts {
		if parts[i].err != nil {
			return f, parts[i].err
		}
		f.latencies = append(f.latencies, parts[i].latencies...)
	}
	f.rate = float64(len(f.latencies)) / o.Duration.Seconds()
	if o.Messages > 0 {
		f.rate = perSecond(len(f.latencies), s.from, last(parts))
	}
	return f, nil
}

// last is when the last answer came.
func last(parts []streamed) time.Time {
	var at time.Time
	for i := range parts {
		if parts[i].last.After(at) {
			at = parts[i].last
		}
	}
	return at
}

func perSecond(n int, from, until time.Time) float64 {
	if took := until.Sub(from).Seconds(); took > 0 {
		return float64(n) / took
	}
	return 0
}

// streamed is one stream with its submitters.
type streamed struct {
	latencies []time.Duration
	last      time.Time
	err       error
}

// run has n submitters share a stream. Their messages are numbered from first in steps.
func (p *streamed) run(ctx context.Context, gateway smsflowv1.RouterServiceClient, s *span, n, first, step int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := gateway.StreamInbound(ctx)
	if err != nil {
		return err
	}
	began := make([]time.Time, n) // of each submitter's message; written before it is sent, read after it is answered
	free := make(chan int, n)     // submitters whose message is answered
	for i := range n {
		free <- i
	}
	sending := make(chan error, 1)
	go func() { sending <- submitAll(ctx, stream, s, free, began, first, step) }()
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return <-sending
		}
		if err != nil {
			return err
		}
		now := time.Now()
		who, ok := submitter(res.GetGatewayMessageId())
		if !ok || who >= n {
			return fmt.Errorf("an answer to a message that was not sent: %q", res.GetGatewayMessageId())
		}
		if res.GetAck().GetOutcome() != smsflowv1.Outcome_OUTCOME_ACCEPTED {
			return fmt.Errorf("not accepted: %v", res)
		}
		if now.After(s.from) && now.Before(s.until) {
			p.latencies = append(p.latencies, now.Sub(began[who]))
			p.last = now
		}
		free <- who
	}
}

// submitAll sends the submitters' messages until the span ends.
func submitAll(ctx context.Context, stream grpc.BidiStreamingClient[smsflowv1.StreamInboundRequest, smsflowv1.StreamInboundResponse], s *span, free <-chan int, began []time.Time, first, step int) error {
	for n := first; s.next(); n += step {
		var who int
		select {
		case who = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		m := message(n)
		m.GatewayMessageId = strconv.Itoa(who) + "-" + m.GetGatewayMessageId()
		began[who] = time.Now()
		if err := stream.Send(&smsflowv1.StreamInboundRequest{Message: m}); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return stream.CloseSend()
}

// submitter reads whose message an id is of.
func submitter(id string) (int, bool) {
	who, _, ok := strings.Cut(id, "-")
	n, err := strconv.Atoi(who)
	return n, ok && err == nil && n >= 0
}

// wholes measures messages from the gateway's call to the reply that is known to be sent. As many calls of RouteInbound
// as may be in flight submit a message each, wait for its outcome, which is there when run, events and reply are
// committed, and submit the next one. The reply is then handed to the null gateway and written down as sent, which no
// call waits for: the database tells when that was. rate: messages sent from the first call in the span to the last
// reply that was sent, a second. latencies: from just before the call until the reply's commit as sent began.
func wholes(ctx context.Context, o *Options, b *bench) (figures, error) {
	s := newSpan(o)
	var numbers atomic.Int64
	callers := make([]caller, o.InFlight)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() { callers[i].err = callers[i].run(b.key(ctx), b.gateway(i), s, &numbers) })
	}
	group.Wait()
	for i := range callers {
		if callers[i].err != nil {
			return figures{}, callers[i].err
		}
	}
	if err := b.allSent(ctx); err != nil {
		return figures{}, err
	}
	sent, err := b.db.sentAt(ctx)
	if err != nil {
		return figures{}, fmt.Errorf("read when messages were sent: %w", err)
	}
	var f figures
	var last time.Time
	for i := range callers {
		for _, c := range callers[i].calls {
			at, ok := sent[c.id]
			if !ok {
				return f, fmt.Errorf("message %s has no reply that was sent", c.id)
			}
			if c.began.Before(s.from) {
				continue
			}
			if at.After(last) {
				last = at
			}
			f.latencies = append(f.latencies, at.Sub(c.began))
		}
	}
	f.rate = perSecond(len(f.latencies), s.from, last)
	return f, nil
}

// caller makes one call after the other.
type caller struct {
	calls []call
	err   error
}

type call struct {
	id    string
	began time.Time
}

func (c *caller) run(ctx context.Context, gateway smsflowv1.RouterServiceClient, s *span, numbers *atomic.Int64) error {
	wait := durationpb.New(outcomeWait)
	for s.next() {
		m := message(int(numbers.Add(1)))
		m.Wait = wait
		c.calls = append(c.calls, call{m.GetGatewayMessageId(), time.Now()})
		res, err := gateway.RouteInbound(ctx, m)
		if err != nil {
			return err
		}
		if res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED || len(res.GetReplies()) != 1 {
			return fmt.Errorf("not replied to: %v", res.GetOutcome())
		}
	}
	return nil
}

// allSent waits until nothing is left to be done.
func (b *bench) allSent(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for look := time.NewTicker(20 * time.Millisecond); ; {
		n, err := b.db.unsent(ctx)
		if err != nil {
			return fmt.Errorf("count what is not sent: %w", err)
		}
		if n == 0 {
			look.Stop()
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			look.Stop()
			return fmt.Errorf("%d messages are not finished after %s", n, settleLimit)
		}
	}
}
