// Package generic posts outbound messages as signed JSON to a gateway's URL. docs/webhook.md describes the
// wire for those who write the receiving side; Verify is for receivers written in Go. See router.Gateway.
package generic

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"sync/atomic"
	"time"

	"smsflow/services/flow"
)

// Options are what the one who runs the server decides.
type Options struct {
	// AllowPrivate are networks, private ones too, in which gateways may be. All other addresses that are not public
	// are refused.
	AllowPrivate []netip.Prefix
}

// Sender posts messages. It calls a gateway once for each Send: it follows no redirect, uses no proxy, and keeps
// net/http from repeating a request by itself (see request and transports).
type Sender struct {
	now     func() time.Time
	timeout time.Duration
	// reusing keeps connections open between messages. One that the gateway closes just then looks as if it had taken
	// the message and died, so it serves only gateways to which an unknown message may be handed again.
	reusing *http.Transport
	// fresh opens a connection for each message.
	fresh *http.Transport
}

// New makes a sender. Close it at the end.
func New(now func() time.Time, o Options) *Sender {
	return &Sender{
		now:     now,
		timeout: flow.SendTimeout,
		reusing: newTransport(o.AllowPrivate, true),
		fresh:   newTransport(o.AllowPrivate, false),
	}
}

// Close closes the connections that are not in use.
func (s *Sender) Close() {
	s.reusing.CloseIdleConnections()
	s.fresh.CloseIdleConnections()
}

// Send posts one message and waits for the answer. See gateway.Sender.
func (s *Sender) Send(ctx context.Context, d flow.Dispatch) flow.Sent {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	// From the moment a request has a connection, bytes may leave. Nothing later is safe to go by: net/http announces
	// headers as written while they are in its buffer, and also after the first of them have left it.
	var mayHaveLeft atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { mayHaveLeft.Store(true) },
	})
	req, problem := newRequest(traced, d, s.now())
	if problem != "" {
		return flow.Sent{State: flow.OutboundFailed, Reason: problem}
	}
	transport := s.fresh
	if d.Connection.Dedupes {
		transport = s.reusing
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return unanswered(ctx, err, mayHaveLeft.Load())
	}
	defer resp.Body.Close()
	return answered(resp, s.now())
}
