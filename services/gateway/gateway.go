// Package gateway hands outbound messages to messaging gateways, each by the way of delivery of its connection. The
// adapters of single kinds of gateway are in the folders below. See router.Gateway.
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"unicode/utf8"

	"smsflow/services/flow"
)

// Sender hands one message to a gateway, once. See router.Gateway.
type Sender interface {
	// Send waits for the gateway's answer, for flow.SendTimeout at the most. It never calls the gateway twice: whether
	// to go again is for the caller, by the State of what it gets.
	Send(ctx context.Context, d flow.Dispatch) flow.Sent
}

// Senders picks the sender by the connection's way of delivery.
type Senders struct {
	// Webhook serves flow.DeliverWebhook; nil: such messages fail.
	Webhook Sender
	// Log gets what went wrong in our own code; nil: nobody.
	Log *slog.Logger
}

// Send hands over a message and keeps what it returns within the limits of flow. A panic on the way leaves the message
// unknown: it may have come after the gateway was called.
func (s Senders) Send(ctx context.Context, d flow.Dispatch) (sent flow.Sent) {
	defer func() {
		if p := recover(); p != nil {
			s.report(ctx, d, p)
			sent = flow.Sent{
				State:  flow.OutboundUnknown,
				Reason: "Sending broke off by an error of this server, so it is not known whether the gateway took the message.",
			}
		}
	}()
	return checked(s.send(ctx, d))
}

func (s Senders) send(ctx context.Context, d flow.Dispatch) flow.Sent {
	switch d.Connection.Delivery {
	case flow.DeliverNull:
		return flow.Sent{State: flow.OutboundSent}
	case flow.DeliverWebhook:
		if s.Webhook == nil {
			return failed("This server sends nothing to webhooks: choose another delivery for the connection.")
		}
		return s.Webhook.Send(ctx, d)
	case flow.DeliverResponse:
		return failed("The connection's delivery is response: its messages go out in the answer to the gateway's own call and cannot be sent later.")
	case flow.DeliverStream:
		return failed("The connection's delivery is stream: the gateway has to fetch its messages.")
	default:
		return failed("The connection's delivery is not known to this server: choose response, stream, webhook or null.")
	}
}

func failed(reason string) flow.Sent { return flow.Sent{State: flow.OutboundFailed, Reason: reason} }

// checked holds what an adapter returned against the limits. A state that no adapter may return says nothing about the
// message, so nobody knows.
func checked(sent flow.Sent) flow.Sent {
	switch sent.State {
	case flow.OutboundSent, flow.OutboundFailed, flow.OutboundPending, flow.OutboundUnknown:
	default:
		sent.State = flow.OutboundUnknown
		sent.Reason = "The gateway's answer was not understood, so it is not known whether it took the message."
	}
	sent.Reason = flow.Cut(sent.Reason, flow.MaxOutboundReason)
	if utf8.RuneCountInString(sent.GatewayID) > flow.MaxGatewayMessageID {
		sent.GatewayID = "" // half an id would be another id
	}
	sent.RetryAfter = max(sent.RetryAfter, 0)
	return sent
}

// report logs a panic. Its value may hold anything, so it is shown only if it is the runtime's own.
func (s Senders) report(ctx context.Context, d flow.Dispatch, p any) {
	if s.Log == nil {
		return
	}
	what := fmt.Sprintf("%T", p)
	if e, ok := p.(runtime.Error); ok {
		what = e.Error()
	}
	s.Log.ErrorContext(ctx, "panic while sending",
		"panic", what, "tenant", d.Message.Tenant, "connection", d.Connection.ID, "outbound", d.Message.ID,
		"stack", string(debug.Stack()))
}
