package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"smsflow/services/flow"
)

// Result: see router.Store.
func (b *Base) Result(ctx context.Context, tenant flow.TenantID, id flow.InboundID) (flow.Result, error) {
	var result flow.Result
	err := b.inRead(ctx, func(q tx) (err error) {
		result, err = q.result(tenant, id)
		return err
	})
	if err != nil {
		return flow.Result{}, err
	}
	return result, nil
}

func (t tx) result(tenant flow.TenantID, id flow.InboundID) (flow.Result, error) {
	var accepted Stamp
	err := t.get(&accepted, `SELECT accepted_at FROM message WHERE id = ? AND tenant_id = ? AND NOT swept`, id, tenant)
	if errors.Is(err, sql.ErrNoRows) {
		return flow.Result{}, flow.NotFound("message")
	}
	if err != nil {
		return flow.Result{}, err
	}
	var row Outcome
	err = t.get(&row, `SELECT `+OutcomeColumns+` FROM outcome o WHERE o.inbound_id = ? AND o.tenant_id = ?`, id, tenant)
	if errors.Is(err, sql.ErrNoRows) {
		return flow.Result{
			Tenant: tenant, Inbound: id, Outcome: flow.OutcomeAccepted, Trace: flow.Trace{AcceptedAt: accepted.Time},
		}, nil
	}
	if err != nil {
		return flow.Result{}, err
	}
	result, err := row.Noun()
	if err != nil {
		return result, err
	}
	if result.Run != "" {
		if err := t.fillSteps(&result); err != nil {
			return result, err
		}
	}
	var replies []Outbound
	if err := t.all(&replies, `SELECT `+OutboundColumns+` FROM `+OutboundTables+` WHERE o.inbound_id = ? AND o.tenant_id = ? ORDER BY o.ver, o.n`, id, tenant); err != nil {
		return result, err
	}
	for _, r := range replies {
		result.Replies = append(result.Replies, r.Noun())
	}
	return result, nil
}

func (t tx) fillSteps(result *flow.Result) error {
	var workflow string
	err := t.get(&workflow, `SELECT workflow_id FROM run WHERE id = ? AND tenant_id = ?`, result.Run, result.Tenant)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var rows []Event
	if err := t.all(&rows, `SELECT run_id, ver, n, tenant_id, inbound_id, steps FROM run_event
		WHERE run_id = ? AND inbound_id = ? AND tenant_id = ? ORDER BY ver, n`, result.Run, result.Inbound, result.Tenant); err != nil {
		return err
	}
	steps, err := Steps(rows)
	if err != nil {
		return err
	}
	FillSteps(result, flow.WorkflowID(workflow), steps)
	return nil
}

// said is a row of History.
type said struct {
	Inbound bool   `db:"inbound"`
	Body    string `db:"body"`
}

// History: see router.Store. A reply stands behind the message that it answers; one that could not be sent, or did not
// arrive, was never said.
func (b *Base) History(ctx context.Context, tenant flow.TenantID, conversation flow.ConversationID, before int64, limit int) ([]flow.Said, error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []said
	err := b.single(ctx, func(q tx) error {
		return q.all(&rows, `WITH heard AS (
				SELECT seq, id, body FROM message WHERE conv = ? AND tenant_id = ? AND seq < ? AND NOT swept ORDER BY seq DESC LIMIT ?
			)
			SELECT v.inbound, v.body FROM (
				SELECT true AS inbound, h.body AS body, h.seq AS seq, 0 AS ver, 0 AS n FROM heard h
				UNION ALL
				SELECT false, o.body, h.seq, o.ver, o.n FROM heard h
				JOIN outbound o ON o.inbound_id = h.id AND o.tenant_id = ? AND o.state NOT IN ('failed', 'suppressed', 'undelivered')
			) v ORDER BY v.seq DESC, v.ver DESC, v.n DESC LIMIT ?`, conversation, tenant, before, limit, tenant, limit)
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	out := make([]flow.Said, len(rows))
	for i, r := range rows {
		out[i] = flow.Said{Inbound: r.Inbound, Text: r.Body}
	}
	return out, nil
}
