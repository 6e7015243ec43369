package router

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"smsflow/services/flow"
	"smsflow/services/sms"
)

// Submission is an inbound SMS as a gateway hands it in.
type Submission struct {
	Tenant           flow.TenantID
	Connection       flow.ConnectionID
	GatewayMessageID string
	From             string
	To               string
	Body             string
	ReceivedAt       time.Time // zero: now
}

var errDraining = errors.New("the router is stopping")

func queueFull() error {
	e := flow.Errorf(flow.ErrExhausted, flow.ReasonQueueFull, "too many messages are waiting: try again with the same gateway_message_id")
	e.RetryAfter = time.Second
	return e
}

// RouteInbound commits one message and gives its outcome, or OutcomeAccepted if that takes longer than wait. Once it
// has answered without an error, the message will be handled whatever happens to this process.
func (r *Router) RouteInbound(ctx context.Context, s Submission, wait time.Duration) (flow.Result, error) {
	m, err := r.inbound(s)
	if err != nil {
		return flow.Result{}, err
	}
	owned, err := r.ownsNumber(ctx, m.Tenant, m.To)
	if err != nil {
		return flow.Result{}, err
	}
	if !owned {
		return unknownNumber(m), nil
	}
	decided, remove := r.waiters.add(m.ID)
	defer remove()
	in, err := r.intakes[intake(m.Conversation, len(r.intakes))].call(ctx, m)
	if err != nil {
		return flow.Result{}, err
	}
	wait = min(wait, MaxWait)
	if in.Duplicate {
		res, err := r.Outcome(ctx, m.Tenant, in.ID, wait)
		res.Duplicate = true
		if errors.Is(err, flow.ErrNotFound) {
			// The key outlives the message.
			return flow.Result{Tenant: m.Tenant, Inbound: in.ID, Outcome: flow.OutcomeDuplicate, Duplicate: true}, nil
		}
		return res, err
	}
	return r.await(ctx, m.Tenant, m.ID, decided, wait, false)
}

// seed spreads conversations over the intakes; it need not be the same in another process.
var seed = maphash.MakeSeed()

// intake sends one conversation's messages through one batcher, so that they are committed in the order they came.
func intake(id flow.ConversationID, n int) int {
	return int(maphash.String(seed, string(id)) % uint64(n))
}

// inbound checks a submission and makes the message of it.
func (r *Router) inbound(s Submission) (flow.Inbound, error) {
	var bad []flow.Violation
	add := func(field, reason string, err error) {
		if err != nil {
			bad = append(bad, flow.Violation{Field: field, Reason: reason, Text: err.Error()})
		}
	}
	switch n := utf8.RuneCountInString(s.GatewayMessageID); {
	case n == 0:
		bad = append(bad, flow.Violation{Field: "gateway_message_id", Reason: "REQUIRED", Text: "must be the gateway's own id of the message"})
	case n > flow.MaxGatewayMessageID:
		bad = append(bad, flow.Violation{Field: "gateway_message_id", Reason: "TOO_LONG", Text: "may have at most 200 characters"})
	case !utf8.ValidString(s.GatewayMessageID) || strings.ContainsFunc(s.GatewayMessageID, func(r rune) bool { return r < ' ' || r == 0x7f }):
		bad = append(bad, flow.Violation{Field: "gateway_message_id", Reason: "INVALID_CHARACTER", Text: "may hold no control characters"})
	}
	from, err := sms.ParseContact(s.From)
	add("from", "INVALID_NUMBER", err)
	to, err := sms.ParseOwnNumber(s.To)
	add("to", "INVALID_NUMBER", err)
	body, err := sms.CleanBody(s.Body)
	add("body", "INVALID_BODY", err)
	if err := flow.Invalid(bad); err != nil {
		return flow.Inbound{}, err
	}
	now := r.Now()
	received := s.ReceivedAt
	if received.IsZero() {
		received = now
	}
	return flow.Inbound{
		Tenant: s.Tenant, ID: flow.InboundID(r.NewID()),
		Conversation: flow.NewConversationID(s.Tenant, to, from),
		Connection:   s.Connection, GatewayMessageID: s.GatewayMessageID,
		Key:  flow.NewMessageKey(s.Tenant, s.Connection, s.GatewayMessageID),
		From: from, To: to, Body: body, ReceivedAt: received, AcceptedAt: now,
	}, nil
}

// ownsNumber says whether the number is the tenant's. Before it says no it reads the configuration anew.
func (r *Router) ownsNumber(ctx context.Context, tenant flow.TenantID, number string) (bool, error) {
	cfg, err := r.configs.get(ctx, tenant, 0)
	if err != nil {
		return false, err
	}
	if slices.Contains(cfg.Numbers, number) {
		return true, nil
	}
	cfg, err = r.configs.get(ctx, tenant, cfg.Tenant.ConfigVersion+1)
	if err != nil {
		return false, err
	}
	return slices.Contains(cfg.Numbers, number), nil
}

func unknownNumber(m flow.Inbound) flow.Result {
	return flow.Result{
		Tenant: m.Tenant, Outcome: flow.OutcomeUnknownNumber,
		Trace: flow.Trace{
			AcceptedAt: m.AcceptedAt, FinishedAt: m.AcceptedAt,
			Notes: []flow.Note{{Stage: "number", Text: "the number texted is not one of the tenant's: the message was not kept"}},
		},
	}
}

// ingest commits a batch of messages and takes hold of their conversations.
func (r *Router) ingest(ctx context.Context, batch []flow.Inbound) ([]flow.Ingested, error) {
	owner := r.Owner
	if r.pool.size() >= MaxHeld {
		owner = "" // whoever has room claims them
	}
	ins, err := r.Store.Ingest(ctx, owner, r.Lease, batch)
	if err != nil {
		return nil, err
	}
	for i, in := range ins {
		switch {
		case in.Duplicate:
		case in.Owned:
			r.pool.add(flow.Lease{Tenant: batch[i].Tenant, Conversation: in.Conversation, Lease: in.Lease})
		case in.Owner == r.Owner:
			r.pool.notify(in.Conversation)
		}
	}
	return ins, nil
}
