package postgres

import (
	"context"
	"time"

	"github.com/lib/pq"

	"smsflow/services/flow"
)

// dueQuery is what a poll of an idle replica costs.
const dueQuery = `SELECT EXISTS (SELECT 1 FROM wake WHERE due_at <= now())`

// claimQuery leases due conversations of the tenants behind $3 and up to $4 (NULL: no end), tenant by tenant: it jumps
// from one tenant's rows to the next one's, however many rows lie between. Rows that another transaction holds are
// somebody else's by then.
const claimQuery = `
WITH RECURSIVE turn (tenant_id) AS (
	(SELECT w.tenant_id FROM wake w WHERE w.tenant_id > $3::text ORDER BY w.tenant_id LIMIT 1)
	UNION ALL
	SELECT (SELECT w.tenant_id FROM wake w WHERE w.tenant_id > t.tenant_id ORDER BY w.tenant_id LIMIT 1)
	FROM turn t WHERE t.tenant_id IS NOT NULL AND ($4::text IS NULL OR t.tenant_id < $4::text)
), picked AS MATERIALIZED (
	SELECT d.conv FROM turn t CROSS JOIN LATERAL (
		SELECT w.conv FROM wake w WHERE w.tenant_id = t.tenant_id AND w.due_at <= now()
		ORDER BY w.due_at LIMIT $5::bigint FOR UPDATE SKIP LOCKED
	) d
	WHERE $4::text IS NULL OR t.tenant_id <= $4::text
	LIMIT $6::bigint
)
UPDATE wake w SET owner = $1::text, shared = w.shared OR w.owner <> '', lease = greatest(w.lease + 1, ` + newLease + `),
	due_at = now() + $2::bigint * interval '1 microsecond'
FROM picked p WHERE w.conv = p.conv
RETURNING w.tenant_id, w.conv, w.lease`

type lease struct {
	Tenant       string `db:"tenant_id"`
	Conversation string `db:"conv"`
	Lease        int64  `db:"lease"`
}

func (l lease) noun() flow.Lease {
	return flow.Lease{Tenant: flow.TenantID(l.Tenant), Conversation: flow.ConversationID(l.Conversation), Lease: l.Lease}
}

// Claim: see router.Store.
func (s *Store) Claim(ctx context.Context, owner string, length time.Duration, cursor flow.TenantID, perTenant, limit int) ([]flow.Lease, flow.TenantID, error) {
	if owner == "" {
		return nil, cursor, errNoOwner
	}
	if perTenant <= 0 || limit <= 0 {
		return nil, cursor, nil
	}
	made, err := s.stmts.All(ctx)
	if err != nil {
		return nil, cursor, s.Fail(ctx, err)
	}
	var due bool
	if err := made[dueQuery].GetContext(ctx, &due); err != nil || !due {
		return nil, cursor, s.Fail(ctx, err)
	}
	var leases []flow.Lease
	next := cursor
	err = s.bulkTx(ctx, func(q statements) error {
		leases, next = nil, cursor
		var rows []lease
		if err := q.all(&rows, claimQuery, owner, length.Microseconds(), cursor, nil, perTenant, limit); err != nil {
			return err
		}
		leases, next = taken(leases, rows, next)
		if cursor == "" || len(leases) >= limit {
			return nil
		}
		rows = nil
		if err := q.all(&rows, claimQuery, owner, length.Microseconds(), "", cursor, perTenant, limit-len(leases)); err != nil {
			return err
		}
		leases, next = taken(leases, rows, next)
		return nil
	})
	if err != nil {
		return nil, cursor, err
	}
	return leases, next, nil
}

// taken adds rows to the leases; the cursor goes to the last of their tenants.
func taken(leases []flow.Lease, rows []lease, cursor flow.TenantID) ([]flow.Lease, flow.TenantID) {
	var last flow.TenantID
	for _, r := range rows {
		l := r.noun()
		leases = append(leases, l)
		last = max(last, l.Tenant)
	}
	if len(rows) == 0 {
		last = cursor
	}
	return leases, last
}

// renewQuery and returnQuery lock in the order of the conversations, like everyone.
const renewQuery = `
WITH held AS MATERIALIZED (
	SELECT w.conv FROM unnest($3::text[], $4::text[], $5::bigint[]) AS i (tenant_id, conv, lease)
	JOIN wake w ON w.conv = i.conv AND w.tenant_id = i.tenant_id AND w.lease = i.lease AND w.owner = $1::text
	ORDER BY w.conv FOR UPDATE OF w
)
UPDATE wake w SET due_at = now() + $2::bigint * interval '1 microsecond' FROM held h WHERE w.conv = h.conv
RETURNING w.tenant_id, w.conv, w.lease`

// returnQuery makes the rows due at once, and locks them by that; forgetQuery, behind it, deletes those that have
// nothing to do.
const returnQuery = `
WITH held AS MATERIALIZED (
	SELECT w.conv FROM unnest($2::text[], $3::text[], $4::bigint[]) AS i (tenant_id, conv, lease)
	JOIN wake w ON w.conv = i.conv AND w.tenant_id = i.tenant_id AND w.lease = i.lease AND w.owner = $1::text
	ORDER BY w.conv FOR UPDATE OF w
)
UPDATE wake w SET owner = '', shared = true, due_at = now() FROM held h WHERE w.conv = h.conv RETURNING w.conv`

const forgetQuery = `
DELETE FROM wake w WHERE w.conv = ANY ($1::text[])
	AND (SELECT p.seq FROM pending p WHERE p.conv = w.conv ORDER BY p.seq LIMIT 1) IS NULL
	AND NOT EXISTS (SELECT 1 FROM convo c JOIN run r ON r.id = c.run_id WHERE c.conv = w.conv AND r.pending IS NOT NULL)`

// Renew: see router.Store.
func (s *Store) Renew(ctx context.Context, owner string, length time.Duration, leases []flow.Lease) ([]flow.Lease, error) {
	if len(leases) == 0 || owner == "" {
		return nil, nil
	}
	var rows []lease
	err := s.bulkTx(ctx, func(q statements) error {
		rows = nil
		return q.all(&rows, renewQuery, append([]any{owner, length.Microseconds()}, leaseArrays(leases)...)...)
	})
	if err != nil {
		return nil, err
	}
	held := make([]flow.Lease, len(rows))
	for i, r := range rows {
		held[i] = r.noun()
	}
	return held, nil
}

// Release: see router.Store.
func (s *Store) Release(ctx context.Context, owner string, leases []flow.Lease) error {
	if len(leases) == 0 || owner == "" {
		return nil
	}
	return s.bulkTx(ctx, func(q statements) error {
		var returned pq.StringArray
		if err := q.all(&returned, returnQuery, append([]any{owner}, leaseArrays(leases)...)...); err != nil || len(returned) == 0 {
			return err
		}
		if err := q.exec(forgetQuery, returned); err != nil {
			return err
		}
		return q.hint(true, nil)
	})
}

func leaseArrays(leases []flow.Lease) []any {
	return []any{
		texts(leases, func(l *flow.Lease) flow.TenantID { return l.Tenant }),
		texts(leases, func(l *flow.Lease) flow.ConversationID { return l.Conversation }),
		ints(leases, func(l *flow.Lease) int64 { return l.Lease }),
	}
}
