package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"smsflow/services/flow"
)

// What a message says that the store itself has ended.
const (
	ReasonExpired    = "its sender stopped before it could say whether the gateway had taken it"
	ReasonSuppressed = "the contact opted out before it was sent"
)

// ReasonStop is why a conversation is opted out by a stop word.
const ReasonStop = "stop word"

// Settlements splits a batch into rounds in which no message occurs twice, each in the order of the ids, which is the
// order of all locks. It gives the places in the batch; what a round writes the next one sees.
func Settlements(batch []flow.Settled) ([][]int, error) {
	var rounds [][]int
	seen := make(map[flow.OutboundID]int, len(batch))
	for i, s := range batch {
		switch s.State {
		case flow.OutboundSent, flow.OutboundFailed, flow.OutboundPending, flow.OutboundUnknown, flow.OutboundSuppressed,
			flow.OutboundDelivered, flow.OutboundUndelivered:
		default:
			return nil, fmt.Errorf("store: a message cannot be settled as %q", s.State)
		}
		round := seen[s.ID]
		seen[s.ID] = round + 1
		if round == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[round] = append(rounds[round], i)
	}
	for _, places := range rounds {
		slices.SortFunc(places, func(a, b int) int { return strings.Compare(string(batch[a].ID), string(batch[b].ID)) })
	}
	return rounds, nil
}

// Report says whether a settlement is a gateway's delivery report.
func Report(s flow.Settled) bool {
	return s.State == flow.OutboundDelivered || s.State == flow.OutboundUndelivered
}

// InTurn sorts claimed messages: the tenants behind the cursor first, each conversation's in the order of its commits.
func InTurn(rows []Outbound, cursor flow.TenantID) []flow.Outbound {
	slices.SortFunc(rows, func(a, b Outbound) int {
		if x, y := a.Tenant <= string(cursor), b.Tenant <= string(cursor); x != y {
			if x {
				return 1
			}
			return -1
		}
		if c := strings.Compare(a.Tenant, b.Tenant); c != 0 {
			return c
		}
		if c := strings.Compare(a.Conversation, b.Conversation); c != 0 {
			return c
		}
		if a.Ver != b.Ver {
			return int(min(max(a.Ver-b.Ver, -1), 1))
		}
		return a.N - b.N
	})
	out := make([]flow.Outbound, len(rows))
	for i, r := range rows {
		out[i] = r.Noun()
	}
	return out
}

// Undelivered: see router.Outbox.
func (b *Base) Undelivered(ctx context.Context, tenant flow.TenantID, limit, offset int) ([]flow.Outbound, int, error) {
	var rows []Outbound
	var total int
	err := b.inRead(ctx, func(q tx) error {
		if err := q.get(&total, `SELECT count(*) FROM dead_letter WHERE tenant_id = ?`, tenant); err != nil {
			return err
		}
		return q.all(&rows, `SELECT `+OutboundColumns+` FROM `+OutboundTables+` JOIN dead_letter d ON d.id = o.id
			WHERE d.tenant_id = ? ORDER BY d.created_at DESC, d.id DESC LIMIT ? OFFSET ?`, tenant, max(limit, 0), max(offset, 0))
	})
	if err != nil {
		return nil, 0, err
	}
	var out []flow.Outbound
	for _, r := range rows {
		out = append(out, r.Noun())
	}
	return out, total, nil
}

// auditedOutbound is how far a message has come, in the audit log.
type auditedOutbound struct {
	State    flow.OutboundState `json:"state"`
	Attempts int                `json:"attempts"`
	Reason   string             `json:"reason"`
}

// RetryOutbound: see router.Outbox. What is known of earlier attempts (Doubt, GatewayID) stays.
func (b *Base) RetryOutbound(ctx context.Context, tenant flow.TenantID, id flow.OutboundID, audit flow.Audit) (flow.Outbound, error) {
	var out flow.Outbound
	err := b.inWrite(ctx, func(q tx) (err error) {
		out, err = q.retryOutbound(tenant, id, audit)
		return err
	})
	if err != nil {
		return flow.Outbound{}, err
	}
	return out, nil
}

func (t tx) retryOutbound(tenant flow.TenantID, id flow.OutboundID, audit flow.Audit) (flow.Outbound, error) {
	var state string
	err := t.get(&state, `SELECT state FROM outbound WHERE id = ? AND tenant_id = ?`+t.LockRow, id, tenant)
	if errors.Is(err, sql.ErrNoRows) {
		return flow.Outbound{}, flow.NotFound("message")
	}
	if err != nil {
		return flow.Outbound{}, err
	}
	old, err := t.outbound(tenant, id)
	if err != nil {
		return flow.Outbound{}, err
	}
	switch old.State {
	case flow.OutboundFailed, flow.OutboundUnknown, flow.OutboundUndelivered:
	default:
		return flow.Outbound{}, flow.Errorf(flow.ErrPrecondition, flow.ReasonNotRetryable,
			"the message is %s: only one that is failed, unknown or undelivered can be sent again", old.State)
	}
	now, err := t.Now(t.ctx, t.q)
	if err != nil {
		return flow.Outbound{}, err
	}
	if err := t.exec(`UPDATE outbound SET state = 'pending', attempts = 0, reason = '', updated_at = ? WHERE id = ?`, t.Time(now), id); err != nil {
		return flow.Outbound{}, err
	}
	if err := t.exec(`DELETE FROM dead_letter WHERE id = ?`, id); err != nil {
		return flow.Outbound{}, err
	}
	if err := t.exec(`INSERT INTO outgoing (id, tenant_id, conv, ver, n, connection, consent, state, due_at, owner, attempts, doubt)
		SELECT id, tenant_id, conv, ver, n, connection, consent, 'pending', ?, '', 0, doubt FROM outbound WHERE id = ?`, t.Time(now), id); err != nil {
		return flow.Outbound{}, err
	}
	if err := t.audit(tenant, audit, "outbound.retry", string(id),
		auditedOutbound{old.State, old.Attempts, old.Reason}, auditedOutbound{State: flow.OutboundPending}); err != nil {
		return flow.Outbound{}, err
	}
	if t.Hint != "" {
		if err := t.exec(t.Hint); err != nil {
			return flow.Outbound{}, err
		}
	}
	return t.outbound(tenant, id)
}

func (t tx) outbound(tenant flow.TenantID, id flow.OutboundID) (flow.Outbound, error) {
	var row Outbound
	err := t.get(&row, `SELECT `+OutboundColumns+` FROM `+OutboundTables+` WHERE o.id = ? AND o.tenant_id = ?`, id, tenant)
	return row.Noun(), err
}
