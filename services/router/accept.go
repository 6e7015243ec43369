package router

import (
	"context"
	"errors"
	"hash/fnv"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"smsflow/services/fault"
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
	m, owned, err := r.prepare(ctx, s)
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

// Accept commits one message without waiting for its outcome, which is OutcomeAccepted or OutcomeUnknownNumber.
func (r *Router) Accept(ctx context.Context, s Submission) (flow.Result, error) {
	m, owned, err := r.prepare(ctx, s)
	if err != nil {
		return flow.Result{}, err
	}
	if !owned {
		return unknownNumber(m), nil
	}
	in, err := r.intakes[intake(m.Conversation, len(r.intakes))].call(ctx, m)
	if err != nil {
		return flow.Result{}, err
	}
	return accepted(m, in), nil
}

// Submit is Accept for those who do not wait. When it returns, the message has its place in the queue: messages of one
// conversation that are submitted one after the other are committed in that order. done gets what Accept would have
// given: once, before Submit returns or later from another goroutine, and it must not block.
func (r *Router) Submit(ctx context.Context, s Submission, done func(flow.Result, error)) {
	m, owned, err := r.prepare(ctx, s)
	if err != nil {
		done(flow.Result{}, err)
		return
	}
	if !owned {
		done(unknownNumber(m), nil)
		return
	}
	err = r.intakes[intake(m.Conversation, len(r.intakes))].put(item[flow.Inbound, flow.Ingested]{m, func(in flow.Ingested, err error) {
		if err != nil {
			done(flow.Result{}, err)
			return
		}
		done(accepted(m, in), nil)
	}})
	if err != nil {
		done(flow.Result{}, err)
	}
}

func accepted(m flow.Inbound, in flow.Ingested) flow.Result {
	return flow.Result{Tenant: m.Tenant, Inbound: in.ID, Outcome: flow.OutcomeAccepted, Duplicate: in.Duplicate}
}

// prepare makes the message of a submission. owned: the number texted is the tenant's.
func (r *Router) prepare(ctx context.Context, s Submission) (m flow.Inbound, owned bool, err error) {
	if m, err = r.inbound(s); err != nil {
		return m, false, err
	}
	cfg, owned, err := r.ownsNumber(ctx, m.Tenant, m.To)
	if err != nil {
		return m, false, err
	}
	if owned {
		word, _ := sms.ConsentWord(m.Body, false, extraWords(cfg.Tenant.Settings))
		m.Stop = word == sms.ConsentStop && !fault.Off("consent_first")
	}
	return m, owned, nil
}

// intake sends one conversation's messages through one batcher, so that they are committed in the order they came.
func intake(id flow.ConversationID, n int) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % uint32(n))
}

// Validate says all that is wrong with a submission.
func (s Submission) Validate() []flow.Violation {
	_, _, _, bad := s.parse()
	return bad
}

// parse gives the numbers and the text in their canonical form.
func (s Submission) parse() (from, to, body string, bad []flow.Violation) {
	add := func(field, reason string, err error) {
		if err != nil {
			// The kind that the error begins with says no more than the field does.
			_, text, _ := strings.Cut(err.Error(), ": ")
			bad = append(bad, flow.Violation{Field: field, Reason: reason, Text: text})
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
	var err error
	from, err = sms.ParseContact(s.From)
	add("from", "INVALID_NUMBER", err)
	to, err = sms.ParseOwnNumber(s.To)
	add("to", "INVALID_NUMBER", err)
	body, err = sms.CleanBody(s.Body)
	add("body", "INVALID_BODY", err)
	return from, to, body, bad
}

// inbound makes the message of a submission.
func (r *Router) inbound(s Submission) (flow.Inbound, error) {
	from, to, body, bad := s.parse()
	if err := flow.Invalid(bad); err != nil {
		return flow.Inbound{}, err
	}
	now := r.Now()
	received := s.ReceivedAt
	if received.IsZero() {
		received = now
	}
	m := flow.Inbound{
		Tenant: s.Tenant, ID: flow.InboundID(r.NewID()),
		Conversation: flow.NewConversationID(s.Tenant, to, from),
		Connection:   s.Connection, GatewayMessageID: s.GatewayMessageID,
		Key:  flow.NewMessageKey(s.Tenant, s.Connection, s.GatewayMessageID),
		From: from, To: to, Body: body, ReceivedAt: received, AcceptedAt: now,
	}
	if fault.Off("unique") {
		m.Key += string(m.ID)
	}
	return m, nil
}

// ownsNumber says whether the number is the tenant's. Before it says no it reads the configuration anew.
func (r *Router) ownsNumber(ctx context.Context, tenant flow.TenantID, number string) (*config, bool, error) {
	cfg, err := r.configs.get(ctx, tenant, 0)
	if err != nil {
		return nil, false, err
	}
	if slices.Contains(cfg.Numbers, number) {
		return cfg, true, nil
	}
	if cfg, err = r.configs.fresh(ctx, tenant); err != nil {
		return nil, false, err
	}
	return cfg, slices.Contains(cfg.Numbers, number), nil
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
	fault.Point("before_ingest")
	ins, err := r.Store.Ingest(ctx, owner, r.Lease, batch)
	if err != nil {
		return nil, err
	}
	fault.Point("after_ingest")
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
