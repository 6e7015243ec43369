package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"smsflow/services/flow"
	"smsflow/services/gateway"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sender is a gateway.Sender that is a function.
type sender func() flow.Sent

func (s sender) Send(context.Context, flow.Dispatch) flow.Sent { return s() }

func by(d flow.Delivery) flow.Dispatch {
	return flow.Dispatch{Connection: flow.Connection{Delivery: d, ID: "c"}, Secret: "canary", Message: flow.Outbound{ID: "m", Body: "canary"}}
}

func TestDeliveries(t *testing.T) {
	t.Parallel()
	taken := sender(func() flow.Sent { return flow.Sent{State: flow.OutboundSent, GatewayID: "theirs"} })
	for _, c := range []struct {
		delivery flow.Delivery
		webhook  gateway.Sender
		want     flow.OutboundState
		id       string
		reason   string
	}{
		{flow.DeliverWebhook, taken, flow.OutboundSent, "theirs", ""},
		{flow.DeliverWebhook, nil, flow.OutboundFailed, "", "webhooks"},
		{flow.DeliverNull, nil, flow.OutboundSent, "", ""},
		{flow.DeliverResponse, taken, flow.OutboundFailed, "", "response"},
		{flow.DeliverStream, taken, flow.OutboundFailed, "", "stream"},
		{"", taken, flow.OutboundFailed, "", "not known"},
		{"pigeon", taken, flow.OutboundFailed, "", "not known"},
	} {
		got := gateway.Senders{Webhook: c.webhook}.Send(t.Context(), by(c.delivery))
		if got.State != c.want || got.GatewayID != c.id || !strings.Contains(got.Reason, c.reason) {
			t.Errorf("%s: %+v", c.delivery, got)
		}
		if (got.Reason == "") != (c.want == flow.OutboundSent) {
			t.Errorf("%s: reason %q", c.delivery, got.Reason)
		}
	}
}

// What an adapter returns is kept within the limits of flow.
func TestChecked(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 1000)
	for _, c := range []struct {
		name      string
		got, want flow.Sent
	}{
		{"as it is",
			flow.Sent{State: flow.OutboundPending, Reason: "Later.", RetryAfter: time.Second},
			flow.Sent{State: flow.OutboundPending, Reason: "Later.", RetryAfter: time.Second}},
		{"too long",
			flow.Sent{State: flow.OutboundFailed, Reason: long, GatewayID: long},
			flow.Sent{State: flow.OutboundFailed, Reason: strings.Repeat("é", flow.MaxOutboundReason)}},
		{"negative", flow.Sent{State: flow.OutboundPending, RetryAfter: -1}, flow.Sent{State: flow.OutboundPending}},
		{"no state", flow.Sent{},
			flow.Sent{State: flow.OutboundUnknown, Reason: "The gateway's answer was not understood, so it is not known whether it took the message."}},
		{"state of another", flow.Sent{State: flow.OutboundSending},
			flow.Sent{State: flow.OutboundUnknown, Reason: "The gateway's answer was not understood, so it is not known whether it took the message."}},
	} {
		got := gateway.Senders{Webhook: sender(func() flow.Sent { return c.got })}.Send(t.Context(), by(flow.DeliverWebhook))
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func none() *flow.Sent { return nil }

func TestPanic(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		panics func() flow.Sent
		logged string
	}{
		"the runtime's": {func() flow.Sent { return *none() }, "nil pointer"},
		"another's":     {func() flow.Sent { panic(errors.New("canary")) }, "*errors.errorString"},
	} {
		var log bytes.Buffer
		s := gateway.Senders{Webhook: sender(c.panics), Log: slog.New(slog.NewJSONHandler(&log, nil))}
		got := s.Send(t.Context(), by(flow.DeliverWebhook))
		if got.State != flow.OutboundUnknown || got.Reason == "" {
			t.Errorf("%s: %+v", name, got)
		}
		if !strings.Contains(log.String(), c.logged) || !strings.Contains(log.String(), `"outbound":"m"`) {
			t.Errorf("%s: log %s", name, log.String())
		}
		if strings.Contains(log.String(), "canary") || strings.Contains(got.Reason, "canary") {
			t.Errorf("%s shows what it may not: %s", name, log.String())
		}
		s.Log = nil
		if got := s.Send(t.Context(), by(flow.DeliverWebhook)); got.State != flow.OutboundUnknown {
			t.Errorf("%s, without log: %+v", name, got)
		}
	}
}
