package sqlite

import (
	"context"
	"errors"
	"time"

	"smsflow/services/flow"
)

var errNoOwner = errors.New("sqlite: an owner without a name can hold no lease")

// dueQuery is what a poll costs if nothing is due: no transaction that writes.
const dueQuery = `SELECT EXISTS (SELECT 1 FROM wake WHERE due_at <= ?)`

// tenantQuery gives the next tenant behind one, up to another: it jumps from one tenant's rows to the next one's.
const tenantQuery = `SELECT tenant_id FROM wake WHERE tenant_id > ? AND (? IS NULL OR tenant_id <= ?) ORDER BY tenant_id LIMIT 1`

const tenantDueQuery = `SELECT conv FROM wake WHERE tenant_id = ? AND due_at <= ? ORDER BY due_at LIMIT ?`

const takeQuery = `UPDATE wake SET owner = ?1, lease = max(lease + 1, ?2), due_at = ?3 WHERE conv = ?4 RETURNING lease`

// Claim: see router.Store.
func (s *Store) Claim(ctx context.Context, owner string, length time.Duration, cursor flow.TenantID, perTenant, limit int) ([]flow.Lease, flow.TenantID, error) {
	if owner == "" {
		return nil, cursor, errNoOwner
	}
	if perTenant <= 0 || limit <= 0 {
		return nil, cursor, nil
	}
	now := s.now()
	var due bool
	if err := s.bulkRead(ctx, func(q statements) error { return q.get(&due, dueQuery, now.UnixMicro()) }); err != nil || !due {
		return nil, cursor, err
	}
	c := claim{owner: owner, now: now, due: now.Add(length), perTenant: perTenant, limit: limit}
	err := s.bulkWrite(ctx, func(q statements) error {
		c.leases, c.last = nil, string(cursor)
		if err := c.tenants(q, string(cursor), nil); err != nil {
			return err
		}
		if cursor == "" {
			return nil
		}
		return c.tenants(q, "", string(cursor))
	})
	if err != nil {
		return nil, cursor, err
	}
	return c.leases, flow.TenantID(c.last), nil
}

// claim is one call of Claim.
type claim struct {
	owner            string
	now, due         time.Time
	perTenant, limit int
	leases           []flow.Lease
	last             string // tenant
}

// tenants leases what is due of the tenants behind one, up to another (nil: no end).
func (c *claim) tenants(q statements, behind string, upTo any) error {
	for len(c.leases) < c.limit {
		var tenants []string
		if err := q.all(&tenants, tenantQuery, behind, upTo, upTo); err != nil || len(tenants) == 0 {
			return err
		}
		behind = tenants[0]
		var convs []string
		if err := q.all(&convs, tenantDueQuery, behind, c.now.UnixMicro(), min(c.perTenant, c.limit-len(c.leases))); err != nil {
			return err
		}
		for _, conv := range convs {
			var lease int64
			if err := q.get(&lease, takeQuery, c.owner, c.now.UnixMicro(), c.due.UnixMicro(), conv); err != nil {
				return err
			}
			c.leases = append(c.leases, flow.Lease{Tenant: flow.TenantID(behind), Conversation: flow.ConversationID(conv), Lease: lease})
			c.last = behind
		}
	}
	return nil
}

const renewQuery = `UPDATE wake SET due_at = ? WHERE conv = ? AND tenant_id = ? AND owner = ? AND lease = ?`

// returnQuery makes the row due at once, unless forgetQuery deletes it because there is nothing to do.
const returnQuery = `UPDATE wake SET owner = '', due_at = ? WHERE conv = ? AND tenant_id = ? AND owner = ? AND lease = ?`

const forgetQuery = `DELETE FROM wake WHERE conv = ?1 AND tenant_id = ?2 AND owner = ?3 AND lease = ?4
	AND NOT EXISTS (SELECT 1 FROM pending WHERE conv = ?1)
	AND NOT EXISTS (SELECT 1 FROM convo c JOIN run r ON r.id = c.run_id WHERE c.conv = ?1 AND r.pending IS NOT NULL)`

// Renew: see router.Store.
func (s *Store) Renew(ctx context.Context, owner string, length time.Duration, leases []flow.Lease) ([]flow.Lease, error) {
	if len(leases) == 0 || owner == "" {
		return nil, nil
	}
	var held []flow.Lease
	err := s.bulkWrite(ctx, func(q statements) error {
		held = nil
		due := s.now().Add(length).UnixMicro()
		for _, l := range leases {
			n, err := q.count(renewQuery, due, string(l.Conversation), string(l.Tenant), owner, l.Lease)
			if err != nil {
				return err
			}
			if n > 0 {
				held = append(held, l)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// Release: see router.Store.
func (s *Store) Release(ctx context.Context, owner string, leases []flow.Lease) error {
	if len(leases) == 0 || owner == "" {
		return nil
	}
	return s.bulkWrite(ctx, func(q statements) error {
		now := s.now().UnixMicro()
		for _, l := range leases {
			if _, err := q.exec(forgetQuery, string(l.Conversation), string(l.Tenant), owner, l.Lease); err != nil {
				return err
			}
			if _, err := q.exec(returnQuery, now, string(l.Conversation), string(l.Tenant), owner, l.Lease); err != nil {
				return err
			}
		}
		return nil
	})
}
