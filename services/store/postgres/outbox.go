package postgres

import (
	"context"
	"time"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// What is still to be sent has a row in outgoing, which is locked before the message's row in outbound; both in the
// order of the ids. A claim waits for nobody: what another transaction holds is somebody else's by then.

// lateLimit is how many messages one call ends whose sender has gone.
const lateLimit = 1000

// anyOutgoingQuery and pulledQuery are what a poll costs if nothing is due.
const (
	anyOutgoingQuery = `SELECT EXISTS (SELECT 1 FROM outgoing WHERE state = 'pending' AND due_at <= now())
		OR EXISTS (SELECT 1 FROM outgoing WHERE state = 'sending' AND due_at <= now())`
	pulledQuery = `SELECT EXISTS (SELECT 1 FROM outgoing WHERE state = 'pending' AND tenant_id = $1::text AND connection = $2::text AND due_at <= now())
		OR EXISTS (SELECT 1 FROM outgoing WHERE state = 'sending' AND due_at <= now())`
)

// lateQuery ends what nobody may send again.
const lateQuery = `
WITH late AS MATERIALIZED (
	SELECT q.id, q.attempts FROM outgoing q
	WHERE q.state = 'sending' AND q.due_at <= now() AND NOT EXISTS (
		SELECT 1 FROM gateway_connection g WHERE g.tenant_id = q.tenant_id AND g.id = q.connection AND (g.dedupes OR g.delivery = 'null'))
	ORDER BY q.id LIMIT $1::bigint FOR UPDATE OF q SKIP LOCKED
), gone AS (
	DELETE FROM outgoing q USING late l WHERE q.id = l.id
), listed AS (
	INSERT INTO dead_letter (id, tenant_id, created_at) SELECT o.id, o.tenant_id, o.created_at FROM late l JOIN outbound o ON o.id = l.id
	ON CONFLICT (id) DO NOTHING
)
UPDATE outbound o SET state = 'unknown', reason = $2::text, attempts = l.attempts, doubt = true, updated_at = now()
FROM late l WHERE o.id = l.id`

// eldest is said of a row q of outgoing: it is the next one of its conversation. It is asked row by row.
const eldest = `(SELECT e.id FROM outgoing e WHERE e.conv = q.conv AND (e.ver, e.n) < (q.ver, q.n) ORDER BY e.conv, e.ver, e.n LIMIT 1) IS NULL`

// nextTenant is the first tenant behind one who has something to be sent.
func nextTenant(behind string) string {
	return `least((SELECT q.tenant_id FROM outgoing q WHERE q.state = 'pending' AND q.tenant_id > ` + behind + ` ORDER BY q.tenant_id LIMIT 1),
		(SELECT q.tenant_id FROM outgoing q WHERE q.state = 'sending' AND q.tenant_id > ` + behind + ` ORDER BY q.tenant_id LIMIT 1))`
}

// claimable are the due messages of a connection g, at most those of one parameter.
func claimable(limit string) string {
	return `(VALUES ('pending'), ('sending')) AS s (state)
		CROSS JOIN LATERAL (
			SELECT q.id, q.state, q.conv, q.consent, q.due_at FROM outgoing q
			WHERE q.state = s.state AND q.tenant_id = g.tenant_id AND q.connection = g.id AND q.due_at <= now() AND ` + eldest + `
			ORDER BY q.due_at LIMIT ` + limit + ` FOR UPDATE SKIP LOCKED
		) q
		WHERE (s.state = 'pending' OR g.dedupes OR g.delivery = 'null')`
}

// claimed goes on from picked, which holds locked rows: those of contacts who have opted out are suppressed, the others
// are the owner's, $1, for $2. A sending that is claimed again may have been taken before.
const claimed = `, silent AS MATERIALIZED (
	SELECT p.id FROM picked p JOIN convo c ON c.conv = p.conv WHERE p.state = 'pending' AND NOT p.consent AND c.state = 'opted_out'
), gone AS (
	DELETE FROM outgoing q USING silent s WHERE q.id = s.id
), told AS (
	UPDATE outbound o SET state = 'suppressed', reason = '` + sqlstore.ReasonSuppressed + `', updated_at = now() FROM silent s WHERE o.id = s.id
)
UPDATE outgoing q SET state = 'sending', owner = $1::text, due_at = now() + $2::bigint * interval '1 microsecond',
	attempts = q.attempts + 1, doubt = q.doubt OR p.state = 'sending'
FROM picked p JOIN outbound o ON o.id = p.id
WHERE q.id = p.id AND NOT EXISTS (SELECT 1 FROM silent s WHERE s.id = p.id)
RETURNING ` + sqlstore.OutboundColumns

// takeQuery goes from tenant to tenant like claimQuery: those behind $3 and up to $4 (NULL: no end).
//
//nolint:gochecknoglobals // put together of parts that are functions; nobody writes to it
var takeQuery = `
WITH RECURSIVE turn (tenant_id) AS (
	SELECT ` + nextTenant(`$3::text`) + `
	UNION ALL
	SELECT ` + nextTenant(`t.tenant_id`) + ` FROM turn t
	WHERE t.tenant_id IS NOT NULL AND ($4::text IS NULL OR t.tenant_id < $4::text)
), picked AS MATERIALIZED (
	SELECT d.id, d.state, d.conv, d.consent FROM turn t CROSS JOIN LATERAL (
		SELECT q.id, q.state, q.conv, q.consent FROM gateway_connection g CROSS JOIN ` + claimable(`$5::bigint`) + `
			AND g.tenant_id = t.tenant_id AND g.delivery IN ('webhook', 'null')
		ORDER BY q.due_at LIMIT $5::bigint
	) d
	WHERE $4::text IS NULL OR t.tenant_id <= $4::text
	LIMIT $6::bigint
)` + claimed

// pullQuery claims what is due of one connection.
//
//nolint:gochecknoglobals // as takeQuery
var pullQuery = `
WITH picked AS MATERIALIZED (
	SELECT q.id, q.state, q.conv, q.consent FROM gateway_connection g CROSS JOIN ` + claimable(`$5::bigint`) + `
		AND g.tenant_id = $3::text AND g.id = $4::text
	ORDER BY q.due_at LIMIT $5::bigint
)` + claimed

// namedQuery claims those of the messages named that are pending and have nothing before them that is not claimed with
// them.
const namedQuery = `
WITH locked AS MATERIALIZED (
	SELECT q.id, q.state, q.conv, q.consent, q.ver, q.n FROM outgoing q
	WHERE q.id = ANY ($3::text[]) AND q.state = 'pending' ORDER BY q.id FOR UPDATE SKIP LOCKED
), picked AS MATERIALIZED (
	SELECT l.id, l.state, l.conv, l.consent FROM locked l WHERE NOT EXISTS (
		SELECT 1 FROM outgoing e WHERE e.conv = l.conv AND (e.ver, e.n) < (l.ver, l.n)
			AND NOT EXISTS (SELECT 1 FROM locked o WHERE o.id = e.id))
	ORDER BY l.ver, l.n LIMIT $4::bigint
)` + claimed

// TakeOutbounds: see router.Outbox. Due messages are claimed one a conversation: the next one is due when the gateway has
// answered for it. Those that are named come with what stands before them, if that is named too.
func (s *Store) TakeOutbounds(ctx context.Context, owner string, sending time.Duration, take flow.Take) ([]flow.Outbound, error) {
	if owner == "" {
		return nil, errNoOwner
	}
	if take.Limit <= 0 {
		return nil, nil
	}
	var rows []sqlstore.Outbound
	mine := []any{owner, sending.Microseconds()}
	if len(take.IDs) > 0 {
		err := s.bulkTx(ctx, func(q statements) error {
			rows = nil
			return q.all(&rows, namedQuery, append(mine, texts(take.IDs, func(id *flow.OutboundID) string { return string(*id) }), take.Limit)...)
		})
		if err != nil {
			return nil, err
		}
		return sqlstore.InTurn(rows, ""), nil
	}
	if due, err := s.outgoing(ctx, take); err != nil || !due {
		return nil, err
	}
	err := s.bulkTx(ctx, func(q statements) error {
		rows = nil
		if err := q.exec(lateQuery, lateLimit, sqlstore.ReasonExpired); err != nil {
			return err
		}
		if take.Connection != "" {
			return q.all(&rows, pullQuery, append(mine, string(take.Tenant), string(take.Connection), take.Limit)...)
		}
		if take.PerTenant <= 0 {
			return nil
		}
		if err := q.all(&rows, takeQuery, append(mine, string(take.Cursor), nil, take.PerTenant, take.Limit)...); err != nil {
			return err
		}
		if take.Cursor == "" || len(rows) >= take.Limit {
			return nil
		}
		var more []sqlstore.Outbound
		err := q.all(&more, takeQuery, append(mine, "", string(take.Cursor), take.PerTenant, take.Limit-len(rows))...)
		rows = append(rows, more...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return sqlstore.InTurn(rows, take.Cursor), nil
}

// outgoing says whether there may be something to claim or to end.
func (s *Store) outgoing(ctx context.Context, take flow.Take) (bool, error) {
	made, err := s.stmts.All(ctx)
	if err != nil {
		return false, s.Fail(ctx, err)
	}
	var due bool
	if take.Connection != "" {
		err = made[pulledQuery].GetContext(ctx, &due, string(take.Tenant), string(take.Connection))
	} else {
		err = made[anyOutgoingQuery].GetContext(ctx, &due)
	}
	return due, s.Fail(ctx, err)
}

// settleInput are the settlements as rows.
const settleInput = `input AS MATERIALIZED (
	SELECT u.id, u.tenant_id, u.state, u.reason, u.gateway_id, u.retry, u.attempts, u.doubt,
		u.state IN ('delivered', 'undelivered') AS report, u.state IN ('failed', 'unknown', 'undelivered') AS dead
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::integer[], $8::boolean[])
		AS u (id, tenant_id, state, reason, gateway_id, retry, attempts, doubt)
	ORDER BY u.id COLLATE "C"
)`

// settleQuery settles what is being sent. A report tells nothing of the attempts.
const settleQuery = `
WITH ` + settleInput + `, counted AS MATERIALIZED (
	SELECT i.id, i.state, i.reason, i.gateway_id, i.retry, i.dead, CASE WHEN i.report THEN q.attempts ELSE i.attempts END AS attempts,
		CASE WHEN i.report THEN q.doubt ELSE i.doubt END AS doubt
	FROM input i CROSS JOIN LATERAL (
		SELECT q.attempts, q.doubt FROM outgoing q
		WHERE q.id = i.id AND q.tenant_id = i.tenant_id AND q.state = 'sending' AND (q.owner = $9::text OR i.report) FOR UPDATE
	) q
), gone AS (
	DELETE FROM outgoing q USING counted c WHERE q.id = c.id AND c.state <> 'pending'
), again AS (
	UPDATE outgoing q SET state = 'pending', owner = '', due_at = now() + c.retry * interval '1 microsecond', attempts = c.attempts, doubt = c.doubt
	FROM counted c WHERE q.id = c.id AND c.state = 'pending'
), listed AS (
	INSERT INTO dead_letter (id, tenant_id, created_at)
	SELECT o.id, o.tenant_id, o.created_at FROM counted c JOIN outbound o ON o.id = c.id WHERE c.dead
	ON CONFLICT (id) DO NOTHING
)
UPDATE outbound o SET state = c.state, reason = c.reason, gateway_id = coalesce(nullif(c.gateway_id, ''), o.gateway_id),
	attempts = c.attempts, doubt = c.doubt, updated_at = now()
FROM counted c WHERE o.id = c.id
RETURNING o.id`

// reportQuery takes the reports of what has been sent. It is a statement of its own, so that it sees what settleQuery
// waited for.
const reportQuery = `
WITH ` + settleInput + `, counted AS MATERIALIZED (
	SELECT i.id, i.state, i.reason, i.gateway_id, i.dead, o.tenant_id, o.created_at FROM input i CROSS JOIN LATERAL (
		SELECT o.tenant_id, o.created_at FROM outbound o
		WHERE o.id = i.id AND o.tenant_id = i.tenant_id AND o.state IN ('sent', 'unknown') FOR UPDATE
	) o
), unlisted AS (
	DELETE FROM dead_letter d USING counted c WHERE d.id = c.id AND NOT c.dead
), listed AS (
	INSERT INTO dead_letter (id, tenant_id, created_at) SELECT c.id, c.tenant_id, c.created_at FROM counted c WHERE c.dead
	ON CONFLICT (id) DO NOTHING
)
UPDATE outbound o SET state = c.state, reason = c.reason, gateway_id = coalesce(nullif(c.gateway_id, ''), o.gateway_id), updated_at = now()
FROM counted c WHERE o.id = c.id
RETURNING o.id`

// SettleOutbounds: see router.Outbox.
func (s *Store) SettleOutbounds(ctx context.Context, owner string, batch []flow.Settled) ([]bool, error) {
	rounds, err := sqlstore.Settlements(batch)
	if err != nil || len(batch) == 0 {
		return nil, err
	}
	var counted []bool
	err = s.bulkTx(ctx, func(q statements) error {
		counted = make([]bool, len(batch))
		for _, places := range rounds {
			if err := q.settle(owner, batch, places, counted); err != nil {
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

func (q statements) settle(owner string, batch []flow.Settled, places []int, counted []bool) error {
	var ids []string
	if err := q.all(&ids, settleQuery, append(settledArrays(batch, places), owner)...); err != nil {
		return err
	}
	mark(ids, batch, places, counted)
	var reports []int
	for _, at := range places {
		if !counted[at] && sqlstore.Report(batch[at]) {
			reports = append(reports, at)
		}
	}
	if len(reports) == 0 {
		return nil
	}
	ids = nil
	if err := q.all(&ids, reportQuery, settledArrays(batch, reports)...); err != nil {
		return err
	}
	mark(ids, batch, reports, counted)
	return nil
}

func mark(ids []string, batch []flow.Settled, places []int, counted []bool) {
	there := make(map[string]bool, len(ids))
	for _, id := range ids {
		there[id] = true
	}
	for _, at := range places {
		counted[at] = there[string(batch[at].ID)]
	}
}

func settledArrays(batch []flow.Settled, places []int) []any {
	return []any{
		texts(places, func(at *int) flow.OutboundID { return batch[*at].ID }),
		texts(places, func(at *int) flow.TenantID { return batch[*at].Tenant }),
		texts(places, func(at *int) flow.OutboundState { return batch[*at].State }),
		texts(places, func(at *int) string { return batch[*at].Reason }),
		texts(places, func(at *int) string { return batch[*at].GatewayID }),
		ints(places, func(at *int) int64 { return batch[*at].RetryAfter.Microseconds() }),
		ints(places, func(at *int) int { return batch[*at].Attempts }),
		flags(places, func(at *int) bool { return batch[*at].Doubt }),
	}
}

const clearQuery = `
SELECT coalesce(q.state = 'sending' AND q.owner = $1::text AND q.due_at > now(), false) AS held,
	EXISTS (SELECT 1 FROM outgoing e WHERE e.conv = q.conv AND (e.ver, e.n) < (q.ver, q.n)) AS behind,
	coalesce(c.state = 'opted_out', false) AS opted_out
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (id, conv, at)
LEFT JOIN outgoing q ON q.id = i.id
LEFT JOIN convo c ON c.conv = i.conv
ORDER BY i.at`

// Clear: see router.Outbox.
func (s *Store) Clear(ctx context.Context, owner string, ms []flow.Outbound) ([]flow.Clearance, error) {
	if len(ms) == 0 {
		return nil, nil
	}
	made, err := s.stmts.All(ctx)
	if err != nil {
		return nil, s.Fail(ctx, err)
	}
	var rows []sqlstore.Clearance
	if err := made[clearQuery].SelectContext(ctx, &rows, owner,
		texts(ms, func(m *flow.Outbound) flow.OutboundID { return m.ID }),
		texts(ms, func(m *flow.Outbound) flow.ConversationID { return m.Conversation })); err != nil {
		return nil, s.Fail(ctx, err)
	}
	out := make([]flow.Clearance, len(rows))
	for i, r := range rows {
		out[i] = flow.Clearance(r)
	}
	return out, nil
}

func outboxQueries() []string {
	return []string{
		anyOutgoingQuery, pulledQuery, lateQuery, takeQuery, pullQuery, namedQuery, settleQuery, reportQuery, clearQuery,
		stopQuery, suppressQuery, hintQuery,
	}
}
