package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"smsflow/services/flow"
)

const tenantColumns = `id, name, sms_plan, sms_workflows, settings, config_version, created_at`

type tenantRow struct {
	ID            string `db:"id"`
	Name          string `db:"name"`
	SMSPlan       bool   `db:"sms_plan"`
	SMSWorkflows  bool   `db:"sms_workflows"`
	Settings      string `db:"settings"`
	ConfigVersion int64  `db:"config_version"`
	CreatedAt     Stamp  `db:"created_at"`
}

func (r tenantRow) noun() (flow.Tenant, error) {
	t := flow.Tenant{
		ID: flow.TenantID(r.ID), Name: r.Name, SMSPlan: r.SMSPlan, SMSWorkflows: r.SMSWorkflows,
		ConfigVersion: r.ConfigVersion, CreatedAt: r.CreatedAt.Time,
	}
	err := Decode(r.Settings, &t.Settings)
	return t, err
}

// Tenant: see workflow.Store.
func (b *Base) Tenant(ctx context.Context, id flow.TenantID) (flow.Tenant, error) {
	var t flow.Tenant
	err := b.single(ctx, func(q tx) (err error) {
		t, err = q.tenant(id, "")
		return err
	})
	return t, err
}

func (t tx) tenant(id flow.TenantID, lock string) (flow.Tenant, error) {
	var row tenantRow
	err := t.get(&row, `SELECT `+tenantColumns+` FROM tenant WHERE id = ?`+lock, id)
	if errors.Is(err, sql.ErrNoRows) {
		return flow.Tenant{}, flow.NotFound("tenant")
	}
	if err != nil {
		return flow.Tenant{}, err
	}
	return row.noun()
}

func isNotFound(err error) bool { return errors.Is(err, flow.ErrNotFound) }

// lockTenant is the first statement of every transaction that changes a tenant's configuration: such changes come one
// after the other, so what one of them has checked stays true until it commits.
func (t tx) lockTenant(id flow.TenantID) (flow.Tenant, error) { return t.tenant(id, t.LockRow) }

// bump makes the tenant's config version grow.
func (t tx) bump(id flow.TenantID) error {
	return t.exec(`UPDATE tenant SET config_version = config_version + 1 WHERE id = ?`, id)
}

// CreateTenant inserts a tenant. Its config version is at least 1. ErrExists: there is one with that id.
func (b *Base) CreateTenant(ctx context.Context, t flow.Tenant) error {
	settings, err := Encode(t.Settings)
	if err != nil {
		return err
	}
	return b.inWrite(ctx, func(q tx) error {
		n, err := q.count(`INSERT INTO tenant (`+tenantColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			t.ID, t.Name, t.SMSPlan, t.SMSWorkflows, settings, max(t.ConfigVersion, 1), q.Time(t.CreatedAt))
		if err == nil && n == 0 {
			err = flow.Errorf(flow.ErrExists, flow.ReasonNameTaken, "there is already a tenant with the id %q: choose another one", t.ID)
		}
		return err
	})
}

// UpdateTenant has change alter the tenant and writes it; the config version grows by one. If nothing has changed,
// nothing is written. An error of change is given back. change may be called again.
func (b *Base) UpdateTenant(ctx context.Context, id flow.TenantID, change func(*flow.Tenant) error) (flow.Tenant, error) {
	var out flow.Tenant
	err := b.inWrite(ctx, func(q tx) error {
		old, err := q.lockTenant(id)
		if err != nil {
			return err
		}
		before, err := Encode(old.Settings)
		if err != nil {
			return err
		}
		t := old
		if err := change(&t); err != nil {
			return given{err}
		}
		t.ID, t.ConfigVersion, t.CreatedAt = old.ID, old.ConfigVersion, old.CreatedAt
		after, err := Encode(t.Settings)
		if err != nil {
			return err
		}
		if before != after || t.Name != old.Name || t.SMSPlan != old.SMSPlan || t.SMSWorkflows != old.SMSWorkflows {
			t.ConfigVersion++
			err = q.exec(`UPDATE tenant SET name = ?, sms_plan = ?, sms_workflows = ?, settings = ?, config_version = ? WHERE id = ?`,
				t.Name, t.SMSPlan, t.SMSWorkflows, after, t.ConfigVersion, t.ID)
		}
		out = t
		return err
	})
	return out, err
}
