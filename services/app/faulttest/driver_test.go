//go:build linux

package faulttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

const (
	// callLimit is how long one call may take, retryWait how long the driver waits after one that failed.
	callLimit = 3 * time.Second
	retryWait = 50 * time.Millisecond
	// ackLimit is how long the driver goes on trying to get a message acknowledged.
	ackLimit = 2 * time.Minute
	// perContact is how many messages a contact sends. The loop guard stops one who gets more replies than five a minute.
	perContact = 4
)

// contacts gives out contacts.
type contacts struct{ last atomic.Int64 }

// contact is somebody who texts.
type contact struct {
	number  string
	name    string
	gateway int
	sent    int
}

func (c *contacts) next() *contact {
	n := c.last.Add(1)
	return &contact{number: fmt.Sprintf("+1212%07d", 2_000_000+n), name: fmt.Sprintf("c%d", n), gateway: int(n % gatewayCount)}
}

// message is the contact's next message.
func (c *contact) message(word string) line {
	c.sent++
	body := word
	if word != wordStop {
		body = fmt.Sprintf("%s %sm%d", word, c.name, c.sent)
	}
	return line{ID: fmt.Sprintf("%s-%d", c.name, c.sent), From: c.number, To: ownNumber, Body: body, Gateway: c.gateway}
}

// someWord picks what a message asks for.
func someWord() string {
	switch n := rand.IntN(10); {
	case n < 3:
		return wordTalk
	case n < 9:
		return wordSay
	default:
		return wordQuiet
	}
}

// codesSeen counts the errors that calls ended with.
type codesSeen struct {
	mu sync.Mutex
	by map[codes.Code]int
	// bad are those that no fault excuses.
	bad []string
}

func (c *codesSeen) add(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[codes.Code]int{}
	}
	code := status.Code(err)
	c.by[code]++
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted:
	default:
		c.bad = append(c.bad, err.Error())
	}
}

func (c *codesSeen) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, of := range c.by {
		n += of
	}
	return n
}

func (c *codesSeen) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.by)
}

// submit hands a message in, again and again with the same id until it is acknowledged, and says whether it was. The
// first try goes to the product named by via, the next ones to the others in turn.
func (w *world) submit(ctx context.Context, m line, via int) bool {
	ctx, cancel := context.WithTimeout(ctx, ackLimit)
	defer cancel()
	for try := 0; ; try++ {
		m.Deed, m.Time, m.Inbound, m.Duplicate = submitted, time.Now(), "", false
		w.ledger.add(m)
		res, err := w.call(ctx, w.clients[(via+try)%len(w.clients)], m)
		if err == nil {
			m.Deed, m.Time, m.Inbound, m.Duplicate = acked, time.Now(), res.inbound, res.duplicate
			w.ledger.add(m)
			return true
		}
		w.errs.add(err)
		wait := time.NewTimer(retryWait)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			if w.Context().Err() == nil { // else the test is over
				w.Errorf("%s is not acknowledged: %v", m.Body, err)
			}
			return false
		}
	}
}

type ack struct {
	inbound   string
	duplicate bool
}

// call submits once, in one of the ways that there are.
func (w *world) call(ctx context.Context, client smsflowv1.RouterServiceClient, m line) (ack, error) {
	ctx, cancel := context.WithTimeout(w.as(ctx, m.Gateway), callLimit)
	defer cancel()
	req := &smsflowv1.RouteInboundRequest{
		GatewayMessageId: m.ID, From: m.From, To: m.To, Body: m.Body, Wait: durationpb.New(0),
	}
	switch n := rand.IntN(16); {
	case n < 4:
		return stream(ctx, client, req)
	case n == 4:
		req.Wait = durationpb.New(time.Second)
	}
	res, err := client.RouteInbound(ctx, req)
	return ack{res.GetInboundId(), res.GetDuplicate()}, err
}

// stream submits through a stream of its own.
func stream(ctx context.Context, client smsflowv1.RouterServiceClient, req *smsflowv1.RouteInboundRequest) (ack, error) {
	s, err := client.StreamInbound(ctx)
	if err != nil {
		return ack{}, err
	}
	if err := s.Send(&smsflowv1.StreamInboundRequest{Message: req}); err != nil && !errors.Is(err, io.EOF) { // Recv tells why
		return ack{}, err
	}
	if err := s.CloseSend(); err != nil {
		return ack{}, err
	}
	res, err := s.Recv()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = status.Error(codes.Internal, "the stream has ended well without an answer")
		}
		return ack{}, err
	}
	if r := res.GetRefusal(); r != nil {
		return ack{}, status.Error(codes.Code(r.GetCode()), r.GetReason()+": "+r.GetText())
	}
	// A stream that is not read to its end is never given back.
	if _, err := s.Recv(); err != nil && !errors.Is(err, io.EOF) {
		w := status.Convert(err)
		if w.Code() != codes.Unavailable && w.Code() != codes.Canceled && w.Code() != codes.DeadlineExceeded {
			return ack{}, err
		}
	}
	return ack{res.GetAck().GetInboundId(), res.GetAck().GetDuplicate()}, nil
}

// as calls with the key of a gateway.
func (w *world) as(ctx context.Context, gateway int) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+w.key[gateway])
}

// load has that many clients submit messages, that many a second all together, each contact's one after the other. The
// function that it returns ends it when what was submitted is acknowledged.
func (w *world) load(perSecond, clients int) (stop func()) {
	w.Helper()
	ctx := w.Context()
	over := make(chan struct{})
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			for {
				c := w.contacts.next()
				for range perContact {
					select {
					case <-over:
						return
					case <-tick.C:
					}
					if !w.submit(ctx, c.message(someWord()), n) {
						return
					}
				}
			}
		})
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			close(over)
			all.Wait()
			tick.Stop()
		})
	}
	w.Cleanup(stop)
	return stop
}

// listed pages through what the product says was not delivered.
func (w *world) listed(via int) (map[reply]bool, error) {
	ctx, cancel := context.WithTimeout(w.as(w.Context(), careful), 10*callLimit)
	defer cancel()
	list := map[reply]bool{}
	w.reasons = map[string]int{}
	for token := ""; ; {
		res, err := w.clients[via].ListUndelivered(ctx, &smsflowv1.ListUndeliveredRequest{PageSize: 200, PageToken: token})
		if err != nil {
			return nil, err
		}
		for _, m := range res.GetMessages() {
			list[reply{m.GetMessage().GetTo(), m.GetMessage().GetBody()}] = true
			w.reasons[m.GetReason()]++
		}
		if token = res.GetNextPageToken(); token == "" {
			return list, nil
		}
	}
}

// verdict judges what there is so far. via: a product that runs.
func (w *world) verdict(via int) (*verdict, error) {
	list, err := w.listed(via)
	if err != nil {
		return nil, err
	}
	return w.judge(list), nil
}

func (w *world) judge(listed map[reply]bool) *verdict {
	w.Helper()
	return w.judgeUntil(time.Now(), listed)
}

// judgeUntil asks of the acknowledgements up to a moment only.
func (w *world) judgeUntil(mark time.Time, listed map[reply]bool) *verdict {
	w.Helper()
	lines := slices.DeleteFunc(w.ledger.lines(), func(l line) bool { return l.Deed == acked && l.Time.After(mark) })
	e := evidence{driver: lines, listed: listed, shuffled: w.shuffled}
	for _, g := range w.process {
		e.gateways = append(e.gateways, g.Entries(w))
	}
	return judge(e)
}

const (
	// settleLimit is within what everything acknowledged has to come to its end, once nothing breaks any more.
	settleLimit = 60 * time.Second
	// stopLimit is what a supervisor gives.
	stopLimit = 20 * time.Second
)

// settle waits until nothing is lost, with a product that runs.
func (w *world) settle(via int, within time.Duration) *verdict {
	w.Helper()
	began := time.Now()
	v := new(verdict)
	var failed error
	ok := until(within, func() bool {
		var now *verdict
		if now, failed = w.verdict(via); failed != nil {
			return false
		}
		v = now
		return v.count(lost) == 0
	})
	if failed != nil {
		w.Errorf("ListUndelivered: %v", failed)
	}
	if ok {
		w.Logf("everything has come to its end after %s", time.Since(began).Round(time.Millisecond))
	}
	return v
}

// finish waits for the end of everything, asks for every outcome, stops the products and gives the last verdict.
func (w *world) finish() *verdict {
	w.Helper()
	w.settle(0, settleLimit)
	w.outcomes()
	list, err := w.listed(0)
	if err != nil {
		w.Errorf("ListUndelivered: %v", err)
	}
	for _, p := range w.products {
		p.terminate(stopLimit)
	}
	v := w.judge(list)
	w.Logf("%s; errors of calls: %s; not delivered: %v", v, w.errs.String(), w.reasons)
	return v
}

// holds is finish for a product whose promises have to hold.
func (w *world) holds() *verdict {
	w.Helper()
	v := w.finish()
	if len(v.violations) > 0 {
		w.Errorf("%d promises are broken: %s", len(v.violations), v)
	}
	for i, text := range w.errs.bad {
		if i == 5 {
			break
		}
		w.Errorf("a call failed for no reason that the fault gives: %s", text)
	}
	return v
}

// outcomes wants every acknowledged message to have an outcome that fits what it asked for.
func (w *world) outcomes() {
	w.Helper()
	lines := make(chan line)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for l := range lines {
				w.outcome(l)
			}
		})
	}
	ledger, stopped := w.ledger.lines(), map[string]bool{}
	for _, l := range ledger {
		stopped[l.From] = stopped[l.From] || l.Body == wordStop
	}
	seen := map[string]bool{}
	for _, l := range ledger {
		if l.Deed == acked && !seen[l.Inbound] && !stopped[l.From] {
			seen[l.Inbound] = true
			lines <- l
		}
	}
	close(lines)
	all.Wait()
}

func (w *world) outcome(l line) {
	ctx, cancel := context.WithTimeout(w.as(w.Context(), l.Gateway), 2*callLimit)
	defer cancel()
	res, err := w.clients[0].GetOutcome(ctx, &smsflowv1.GetOutcomeRequest{InboundId: l.Inbound, Wait: durationpb.New(callLimit)})
	if err != nil {
		w.Errorf("GetOutcome of %q, acknowledged as %s: %v", l.Body, l.Inbound, err)
		return
	}
	want := smsflowv1.Outcome_OUTCOME_REPLIED
	if len(stepsOf(l.Body)) == 0 {
		want = smsflowv1.Outcome_OUTCOME_NO_WORKFLOW
	}
	if got := res.GetResult().GetOutcome(); got != want {
		w.Errorf("%q: the outcome is %s, want %s", l.Body, got, want)
	}
}
