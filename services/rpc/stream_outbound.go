package rpc

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/router"
)

// Limits of DeliverOutbound.
const (
	// MaxUnsettled is how many messages of one stream may be handed over and not settled.
	MaxUnsettled = 256
	// MaxHanded is how many messages one response holds.
	MaxHanded = 64
	// UnsettledLimit is how long a stream may have MaxUnsettled messages of which it says nothing. Their claims have
	// ended by then; the stream does too, so that the gateway begins anew instead of never getting another one.
	UnsettledLimit = time.Minute
	// DrainUnsettled is how long a server that stops waits for the results of what it has handed over.
	DrainUnsettled = 5 * time.Second
	// settleLimit is how long the end of a stream may take to write what is known.
	settleLimit = 5 * time.Second
	// settleRetry is how soon the database is tried again.
	settleRetry = 200 * time.Millisecond
)

// ReasonUnsettled is given when the gateway takes messages and does not say what becomes of them.
const ReasonUnsettled = "UNSETTLED"

// outboundStream is one DeliverOutbound. One goroutine reads results, one settles them, one claims messages; the
// handler's goroutine alone sends.
type outboundStream struct {
	pull   *router.Pull
	check  *checker
	stream grpc.BidiStreamingServer[smsflowv1.DeliverOutboundRequest, smsflowv1.DeliverOutboundResponse]

	results    chan *smsflowv1.DeliveryResult          // read; closed when there will be no more
	unanswered atomic.Int64                            // results read, and not answered yet
	handed     chan []flow.Outbound                    // claimed, to be sent
	settled    chan *smsflowv1.DeliverOutboundResponse // to be sent
	room       chan struct{}                           // something was settled
	ended      chan struct{}                           // closed when no more results are waited for
}

// DeliverOutbound serves grpc-go.
func (s *nativeRouter) DeliverOutbound(stream grpc.BidiStreamingServer[smsflowv1.DeliverOutboundRequest, smsflowv1.DeliverOutboundResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	caller, err := access.From(ctx)
	if err != nil {
		return err
	}
	pull, err := s.use.Pull(ctx, caller.Tenant, caller.Connection)
	if err != nil {
		return err
	}
	out := &outboundStream{
		pull: pull, check: s.check, stream: stream,
		results: make(chan *smsflowv1.DeliveryResult, MaxUnsettled), handed: make(chan []flow.Outbound),
		settled: make(chan *smsflowv1.DeliverOutboundResponse), room: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	// What has been said of messages is written also when the client is gone.
	writes, cancelWrites := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelWrites()
	claims, stopClaims := context.WithCancel(ctx)
	w := outboundWork{
		over:       background(func() error { return s.over(ctx, smsflowv1.RouterService_DeliverOutbound_FullMethodName) }),
		reading:    background(func() error { return out.read(ctx) }),
		settling:   background(func() error { return out.settle(writes) }),
		claiming:   background(func() error { return out.claim(claims, writes) }),
		stopClaims: stopClaims,
	}
	defer func() {
		stopClaims()
		limit := time.AfterFunc(settleLimit, cancelWrites)
		defer limit.Stop()
		out.finish(w)
		pull.Close(writes)
	}()
	return out.serve(ctx, w)
}

// outboundWork is what goes on beside the handler; each channel gives an error and is closed.
type outboundWork struct {
	over, reading, settling, claiming <-chan error
	stopClaims                        func()
}

// serve sends until one side, the process or the key ends the stream, and gives the error that ends it.
func (s *outboundStream) serve(ctx context.Context, w outboundWork) error {
	var limit <-chan time.Time
	var draining, read error
	for {
		if draining != nil && s.pull.Open() == 0 && s.unanswered.Load() == 0 {
			return draining
		}
		select {
		case ms := <-s.handed:
			if err := s.hand(ms); err != nil {
				return err
			}
		case res := <-s.settled:
			if err := s.stream.Send(res); err != nil {
				return err
			}
			s.unanswered.Add(int64(-len(res.GetRecorded()) - len(res.GetIgnored())))
		case read = <-w.reading:
			// No more results will come. Those that have come are settled, and answered, before the end.
			w.stopClaims()
			w.reading, w.claiming = nil, nil
		case err := <-w.settling:
			if err == nil {
				err = read
			}
			return err
		case err := <-w.claiming:
			return err
		case err := <-w.over:
			if !errors.Is(err, flow.ErrUnavailable) {
				return err
			}
			// The process stops: nothing more is claimed, and what was handed over may still be settled.
			w.stopClaims()
			draining, w.over, w.claiming = err, nil, nil
			t := time.NewTimer(DrainUnsettled)
			defer t.Stop() //nolint:gocritic // this branch is taken once
			limit = t.C
		case <-limit:
			return draining
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// finish waits until what goes on beside the handler has ended. Its answers come too late to be sent.
func (s *outboundStream) finish(w outboundWork) {
	close(s.ended)
	for joined := false; !joined; {
		select {
		case <-s.settled:
		case _, more := <-w.settling:
			joined = !more
		}
	}
	for range w.claiming {
	}
}

// hand sends claimed messages.
func (s *outboundStream) hand(ms []flow.Outbound) error {
	for part := range slices.Chunk(ms, MaxHanded) {
		if err := s.stream.Send(&smsflowv1.DeliverOutboundResponse{Messages: each(part, replyTo)}); err != nil {
			return err
		}
	}
	return nil
}

// read takes results until the client closes its side, which is no error.
func (s *outboundStream) read(ctx context.Context) error {
	defer close(s.results)
	for {
		req := new(smsflowv1.DeliverOutboundRequest)
		unread, err := receive(s.stream, req)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		checked, fields := withUnread(ctx)
		fields.violations = unread
		if err := s.check.request(checked, req); err != nil {
			return err
		}
		s.unanswered.Add(int64(len(req.GetResults())))
		for _, r := range req.GetResults() {
			select {
			case s.results <- r:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// settle writes results, as many together as have come meanwhile, until there are no more.
func (s *outboundStream) settle(ctx context.Context) error {
	for {
		batch := s.gather()
		if len(batch) == 0 {
			return nil
		}
		res, err := s.settleAll(ctx, batch)
		if err != nil {
			return err
		}
		signal(s.room)
		select {
		case s.settled <- res:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gather waits for results and takes those that are there.
func (s *outboundStream) gather() []*smsflowv1.DeliveryResult {
	var batch []*smsflowv1.DeliveryResult
	take := func(r *smsflowv1.DeliveryResult, more bool) bool {
		if more {
			batch = append(batch, r)
		}
		return more
	}
	select {
	case r, more := <-s.results:
		if !take(r, more) {
			return nil
		}
	case <-s.ended:
	}
	for len(batch) < MaxUnsettled {
		select {
		case r, more := <-s.results:
			if !take(r, more) {
				return batch
			}
		default:
			return batch
		}
	}
	return batch
}

// settleAll writes the results of a batch side by side, but those of one message one after the other.
func (s *outboundStream) settleAll(ctx context.Context, batch []*smsflowv1.DeliveryResult) (*smsflowv1.DeliverOutboundResponse, error) {
	var order []string
	by := make(map[string][]*smsflowv1.DeliveryResult, len(batch))
	for _, r := range batch {
		if _, ok := by[r.GetId()]; !ok {
			order = append(order, r.GetId())
		}
		by[r.GetId()] = append(by[r.GetId()], r)
	}
	res := &smsflowv1.DeliverOutboundResponse{}
	var mu sync.Mutex
	var group errgroup.Group
	for _, id := range order {
		group.Go(func() error {
			for _, r := range by[id] {
				counted, err := s.settleOne(ctx, r)
				if err != nil {
					return err
				}
				mu.Lock()
				if counted {
					res.Recorded = append(res.Recorded, id)
				} else {
					res.Ignored = append(res.Ignored, id)
				}
				mu.Unlock()
			}
			return nil
		})
	}
	return res, group.Wait()
}

// settleOne does not give up while the database cannot be reached: a message that was sent, and of which that is not
// written, would be unknown for ever.
func (s *outboundStream) settleOne(ctx context.Context, r *smsflowv1.DeliveryResult) (bool, error) {
	for {
		counted, err := s.pull.Settle(ctx, flow.Settled{
			ID: flow.OutboundID(r.GetId()), State: settledFrom(r.GetState()), Reason: r.GetReason(), GatewayID: r.GetGatewayId(),
		})
		if err == nil || !again(err) {
			return counted, err
		}
		if !pause(ctx) {
			return false, err
		}
	}
}

// again says whether the same call may work a little later.
func again(err error) bool {
	return errors.Is(err, flow.ErrUnavailable) || errors.Is(err, flow.ErrExhausted)
}

// pause waits before the database is tried again; false: ctx is done.
func pause(ctx context.Context) bool {
	t := time.NewTimer(settleRetry)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// claim takes messages to hand over while there is room, until ctx is done.
func (s *outboundStream) claim(ctx, writes context.Context) error {
	for {
		room, err := s.waitForRoom(ctx)
		if room <= 0 {
			return err
		}
		ms, err := s.pull.Next(ctx, room)
		switch {
		case ctx.Err() != nil && len(ms) == 0:
			return nil
		case err != nil && again(err):
			pause(ctx)
			continue
		case err != nil:
			return err
		}
		select {
		case s.handed <- ms:
		case <-ctx.Done():
			s.giveBack(writes, ms)
			return nil
		}
	}
}

// waitForRoom gives how many more messages may be handed over; 0: none any more, because of err if there is one.
func (s *outboundStream) waitForRoom(ctx context.Context) (int, error) {
	limit := time.NewTimer(UnsettledLimit)
	defer limit.Stop()
	for {
		if room := MaxUnsettled - s.pull.Open(); room > 0 && ctx.Err() == nil {
			return room, nil
		}
		select {
		case <-s.room:
		case <-limit.C:
			return 0, flow.Errorf(flow.ErrStale, ReasonUnsettled,
				"nothing was said of %d messages for %s: say of each what became of it, and begin a new stream", MaxUnsettled, UnsettledLimit)
		case <-ctx.Done():
			return 0, nil
		}
	}
}

// giveBack leaves messages that were claimed and not sent to the next stream.
func (s *outboundStream) giveBack(ctx context.Context, ms []flow.Outbound) {
	var group sync.WaitGroup
	for _, m := range ms {
		group.Go(func() {
			// If that fails, the claim ends by itself.
			_, _ = s.pull.Settle(ctx, flow.Settled{ID: m.ID, State: flow.OutboundPending, Reason: "the gateway's stream ended before it was handed over"})
		})
	}
	group.Wait()
}
