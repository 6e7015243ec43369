package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// lateLimit is how many messages one call ends whose sender has gone.
const lateLimit = 1000

// outgoingQuery is what a poll costs if nothing is due: no transaction that writes.
const outgoingQuery = `SELECT EXISTS (SELECT 1 FROM outgoing WHERE due_at <= ?)`

const lateQuery = `
SELECT q.id FROM outgoing q WHERE q.state = 'sending' AND q.due_at <= ? AND NOT EXISTS (
	SELECT 1 FROM gateway_connection g WHERE g.tenant_id = q.tenant_id AND g.id = q.connection AND (g.dedupes OR g.delivery = 'null'))
ORDER BY q.id LIMIT ?`

// outgoingTenantQuery gives the next tenant behind one, up to another, who has something to be sent.
const outgoingTenantQuery = `
SELECT min(v.tenant_id) FROM (
	SELECT a.tenant_id FROM (SELECT tenant_id FROM outgoing WHERE state = 'pending' AND tenant_id > ?1 ORDER BY tenant_id LIMIT 1) a
	UNION ALL
	SELECT b.tenant_id FROM (SELECT tenant_id FROM outgoing WHERE state = 'sending' AND tenant_id > ?1 ORDER BY tenant_id LIMIT 1) b
) v WHERE ?2 IS NULL OR v.tenant_id <= ?2`

// claimable are the due messages of a tenant's connections that are the next ones of their conversations.
const claimable = `
SELECT q.id, q.conv, q.state, q.consent FROM gateway_connection g
JOIN outgoing q ON q.tenant_id = g.tenant_id AND q.connection = g.id
WHERE g.tenant_id = ?1 AND q.due_at <= ?2
	AND (q.state = 'pending' OR q.state = 'sending' AND (g.dedupes OR g.delivery = 'null'))
	AND NOT EXISTS (SELECT 1 FROM outgoing e WHERE e.conv = q.conv AND (e.ver, e.n) < (q.ver, q.n))`

const pushQuery = claimable + ` AND g.delivery IN ('webhook', 'null') ORDER BY q.due_at LIMIT ?3`

const pullQuery = claimable + ` AND g.id = ?4 ORDER BY q.due_at LIMIT ?3`

// namedQuery gives a message that is pending; nextQuery says whether something stands before it in its conversation that
// is not sent by the owner since this moment.
const (
	namedQuery  = `SELECT q.id, q.conv, q.state, q.consent, q.ver, q.n FROM outgoing q WHERE q.id = ? AND q.state = 'pending'`
	beforeQuery = `SELECT e.id FROM outgoing e WHERE e.conv = ? AND (e.ver, e.n) < (?, ?)`
)

const clearQuery = `
SELECT EXISTS (SELECT 1 FROM outgoing WHERE id = ?1 AND state = 'sending' AND owner = ?3 AND due_at > ?4) AS held,
	EXISTS (SELECT 1 FROM outgoing q JOIN outgoing e ON e.conv = q.conv AND (e.ver, e.n) < (q.ver, q.n) WHERE q.id = ?1) AS behind,
	EXISTS (SELECT 1 FROM convo WHERE conv = ?2 AND state = 'opted_out') AS opted_out`

const optedOutQuery = `SELECT EXISTS (SELECT 1 FROM convo WHERE conv = ? AND state = 'opted_out')`

const sendingQuery = `UPDATE outgoing SET state = 'sending', owner = ?, due_at = ?, attempts = attempts + 1, doubt = doubt OR state = 'sending' WHERE id = ?`

const outboundReadQuery = `SELECT ` + sqlstore.OutboundColumns + ` FROM ` + sqlstore.OutboundTables + ` WHERE o.id = ?`

const outgoingInsert = `
INSERT INTO outgoing (id, tenant_id, conv, ver, n, connection, consent, state, due_at, owner, attempts, doubt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`

const outgoingDelete = `DELETE FROM outgoing WHERE id = ?`

const deadInsert = `INSERT INTO dead_letter (id, tenant_id, created_at) SELECT id, tenant_id, created_at FROM outbound WHERE id = ? ON CONFLICT DO NOTHING`

const deadDelete = `DELETE FROM dead_letter WHERE id = ?`

// candidate is a message that may be claimed.
type candidate struct {
	ID           string `db:"id"`
	Conversation string `db:"conv"`
	State        string `db:"state"`
	Consent      bool   `db:"consent"`
	Ver          int64  `db:"ver"`
	N            int    `db:"n"`
}

// TakeOutbounds: see router.Outbox. Due messages are claimed one a conversation: the next one is due when the gateway has
// answered for it. Those that are named come with what stands before them, if that is named too.
func (s *Store) TakeOutbounds(ctx context.Context, owner string, sending time.Duration, take flow.Take) ([]flow.Outbound, error) {
	if owner == "" {
		return nil, errNoOwner
	}
	if take.Limit <= 0 {
		return nil, nil
	}
	if len(take.IDs) == 0 {
		var due bool
		now := s.now().UnixMicro()
		if err := s.bulkRead(ctx, func(q statements) error { return q.get(&due, outgoingQuery, now) }); err != nil || !due {
			return nil, err
		}
	}
	var t taking
	err := s.bulkWrite(ctx, func(q statements) error {
		now := s.now()
		t = taking{q: q, owner: owner, now: now, until: now.Add(sending), limit: take.Limit}
		if len(take.IDs) > 0 {
			return t.named(take.IDs)
		}
		if err := t.late(); err != nil {
			return err
		}
		if take.Connection != "" {
			return t.each(pullQuery, string(take.Tenant), t.now.UnixMicro(), take.Limit, string(take.Connection))
		}
		if take.PerTenant <= 0 {
			return nil
		}
		if err := t.tenants(string(take.Cursor), nil, take.PerTenant); err != nil || take.Cursor == "" {
			return err
		}
		return t.tenants("", string(take.Cursor), take.PerTenant)
	})
	if err != nil {
		return nil, err
	}
	return sqlstore.InTurn(t.rows, take.Cursor), nil
}

// taking is one call of TakeOutbounds.
type taking struct {
	q          statements
	owner      string
	now, until time.Time
	limit      int
	rows       []sqlstore.Outbound
}

// late ends what nobody may send again.
func (t *taking) late() error {
	var ids []string
	if err := t.q.all(&ids, lateQuery, t.now.UnixMicro(), lateLimit); err != nil {
		return err
	}
	for _, id := range ids {
		row, err := t.q.outbound(id)
		if err != nil {
			return err
		}
		if err := t.q.close(id, flow.Settled{State: flow.OutboundUnknown, Reason: sqlstore.ReasonExpired, Attempts: row.Attempts, Doubt: true}, t.now); err != nil {
			return err
		}
	}
	return nil
}

// tenants claims what is due of the tenants behind one, up to another (nil: no end).
func (t *taking) tenants(behind string, upTo any, perTenant int) error {
	for len(t.rows) < t.limit {
		var tenant sql.NullString
		if err := t.q.get(&tenant, outgoingTenantQuery, behind, upTo); err != nil || !tenant.Valid {
			return err
		}
		behind = tenant.String
		if err := t.each(pushQuery, behind, t.now.UnixMicro(), min(perTenant, t.limit-len(t.rows))); err != nil {
			return err
		}
	}
	return nil
}

func (t *taking) each(query string, args ...any) error {
	var found []candidate
	if err := t.q.all(&found, query, args...); err != nil {
		return err
	}
	for _, c := range found {
		if err := t.claim(c); err != nil {
			return err
		}
	}
	return nil
}

func (t *taking) claim(c candidate) error {
	if c.State == string(flow.OutboundPending) && !c.Consent {
		var out bool
		if err := t.q.get(&out, optedOutQuery, c.Conversation); err != nil {
			return err
		}
		if out {
			return t.q.suppress(c.ID, t.now)
		}
	}
	if _, err := t.q.exec(sendingQuery, t.owner, t.until.UnixMicro(), c.ID); err != nil {
		return err
	}
	row, err := t.q.outbound(c.ID)
	t.rows = append(t.rows, row)
	return err
}

// named claims those of the messages that are pending and have nothing before them that is not claimed with them.
func (t *taking) named(ids []flow.OutboundID) error {
	pending := make(map[string]candidate, len(ids))
	for _, id := range ids {
		var found []candidate
		if err := t.q.all(&found, namedQuery, string(id)); err != nil {
			return err
		}
		for _, c := range found {
			pending[c.ID] = c
		}
	}
	var free []sqlstore.Outbound // for their order
	for _, c := range pending {
		var before []string
		if err := t.q.all(&before, beforeQuery, c.Conversation, c.Ver, c.N); err != nil {
			return err
		}
		held := false
		for _, id := range before {
			_, with := pending[id]
			held = held || !with
		}
		if !held {
			free = append(free, sqlstore.Outbound{ID: c.ID, Conversation: c.Conversation, Ver: c.Ver, N: c.N})
		}
	}
	for _, m := range sqlstore.InTurn(free, "") {
		if len(t.rows) >= t.limit {
			return nil
		}
		if err := t.claim(pending[string(m.ID)]); err != nil {
			return err
		}
	}
	return nil
}

func (q statements) outbound(id string) (sqlstore.Outbound, error) {
	var row sqlstore.Outbound
	err := q.get(&row, outboundReadQuery, id)
	return row, err
}

const settleQuery = `UPDATE outbound SET state = ?, reason = ?, gateway_id = CASE ?3 WHEN '' THEN gateway_id ELSE ?3 END, attempts = ?4, doubt = ?5,
	updated_at = ?6 WHERE id = ?7`

// close ends a message: it is not in the queue any more.
func (q statements) close(id string, s flow.Settled, now time.Time) error {
	if _, err := q.exec(outgoingDelete, id); err != nil {
		return err
	}
	return q.tell(id, s, now)
}

// tell writes how far a message has come.
func (q statements) tell(id string, s flow.Settled, now time.Time) error {
	if _, err := q.exec(settleQuery, string(s.State), s.Reason, s.GatewayID, s.Attempts, s.Doubt, now.UnixMicro(), id); err != nil {
		return err
	}
	switch s.State { //nolint:exhaustive // the other states change no list
	case flow.OutboundFailed, flow.OutboundUnknown, flow.OutboundUndelivered:
		_, err := q.exec(deadInsert, id)
		return err
	case flow.OutboundDelivered:
		_, err := q.exec(deadDelete, id)
		return err
	}
	return nil
}

func (q statements) suppress(id string, now time.Time) error {
	row, err := q.outbound(id)
	if err != nil {
		return err
	}
	return q.close(id, flow.Settled{
		State: flow.OutboundSuppressed, Reason: sqlstore.ReasonSuppressed, Attempts: row.Attempts, Doubt: row.Doubt,
	}, now)
}

const ownerQuery = `SELECT owner FROM outgoing WHERE id = ? AND tenant_id = ? AND state = 'sending'`

const againQuery = `UPDATE outgoing SET state = 'pending', owner = '', due_at = ?, attempts = ?, doubt = ? WHERE id = ?`

// SettleOutbounds: see router.Outbox.
func (s *Store) SettleOutbounds(ctx context.Context, owner string, batch []flow.Settled) ([]bool, error) {
	if _, err := sqlstore.Settlements(batch); err != nil || len(batch) == 0 {
		return nil, err
	}
	var counted []bool
	err := s.bulkWrite(ctx, func(q statements) error {
		counted = make([]bool, len(batch))
		now := s.now()
		for i, one := range batch {
			var err error
			if counted[i], err = q.settle(owner, one, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return counted, nil
}

func (q statements) settle(owner string, s flow.Settled, now time.Time) (bool, error) {
	id := string(s.ID)
	var owners []string
	if err := q.all(&owners, ownerQuery, id, string(s.Tenant)); err != nil {
		return false, err
	}
	sending := len(owners) > 0
	switch {
	case sqlstore.Report(s):
		row, err := q.outbound(id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return false, nil
		case err != nil:
			return false, err
		}
		state := flow.OutboundState(row.State)
		if row.Tenant != string(s.Tenant) || !sending && state != flow.OutboundSent && state != flow.OutboundUnknown {
			return false, nil
		}
		s.Attempts, s.Doubt = row.Attempts, row.Doubt // a report tells nothing of them
		return true, q.close(id, s, now)
	case !sending || owner == "" || owners[0] != owner:
		return false, nil
	case s.State == flow.OutboundPending:
		if _, err := q.exec(againQuery, now.Add(s.RetryAfter).UnixMicro(), s.Attempts, s.Doubt, id); err != nil {
			return false, err
		}
		return true, q.tell(id, s, now)
	default:
		return true, q.close(id, s, now)
	}
}

// Clear: see router.Outbox.
func (s *Store) Clear(ctx context.Context, owner string, ms []flow.Outbound) ([]flow.Clearance, error) {
	if len(ms) == 0 {
		return nil, nil
	}
	out := make([]flow.Clearance, len(ms))
	now := s.now().UnixMicro()
	err := s.bulkRead(ctx, func(q statements) error {
		for i, m := range ms {
			var row sqlstore.Clearance
			if err := q.get(&row, clearQuery, string(m.ID), string(m.Conversation), owner, now); err != nil {
				return err
			}
			out[i] = flow.Clearance(row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Listen waits until ctx is done: there is no other process that could leave something.
func (s *Store) Listen(ctx context.Context, _ func()) error {
	<-ctx.Done()
	return nil
}

func outboxQueries() []string {
	return []string{
		lateQuery, outgoingTenantQuery, pushQuery, pullQuery, namedQuery, beforeQuery, optedOutQuery, sendingQuery, outboundReadQuery,
		outgoingInsert, outgoingDelete, deadInsert, deadDelete, settleQuery, ownerQuery, againQuery, stopQuery, waitingQuery,
	}
}
