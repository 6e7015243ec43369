package sqlstore

import (
	"context"

	"smsflow/services/flow"
)

// AddNumber gives a tenant a number. One that it has already is no error. ErrExists: it is another tenant's.
// ErrNotFound: no such tenant.
func (b *Base) AddNumber(ctx context.Context, n flow.Number) error {
	return b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(n.Tenant); err != nil {
			return err
		}
		added, err := q.count(`INSERT INTO number (tenant_id, number) VALUES (?, ?) ON CONFLICT (number) DO NOTHING`, n.Tenant, n.Number)
		if err != nil {
			return err
		}
		if added > 0 {
			return q.bump(n.Tenant)
		}
		own, err := q.ownsNumber(n.Tenant, n.Number)
		if err == nil && !own {
			err = flow.Errorf(flow.ErrExists, flow.ReasonNumberNotOwned, "the number belongs to another tenant: choose another one")
		}
		return err
	})
}

func (t tx) ownsNumber(tenant flow.TenantID, number string) (bool, error) {
	var own bool
	err := t.get(&own, `SELECT EXISTS (SELECT 1 FROM number WHERE tenant_id = ? AND number = ?)`, tenant, number)
	return own, err
}
