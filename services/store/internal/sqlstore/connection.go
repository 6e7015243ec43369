package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"smsflow/services/flow"
)

const connectionColumns = `tenant_id, id, name, delivery, url, sealed_secret, dedupes, created_at`

type connectionRow struct {
	Tenant       string `db:"tenant_id"`
	ID           string `db:"id"`
	Name         string `db:"name"`
	Delivery     string `db:"delivery"`
	URL          string `db:"url"`
	SealedSecret []byte `db:"sealed_secret"`
	Dedupes      bool   `db:"dedupes"`
	CreatedAt    Stamp  `db:"created_at"`
}

func (r connectionRow) noun() flow.Connection {
	return flow.Connection{
		Tenant: flow.TenantID(r.Tenant), ID: flow.ConnectionID(r.ID), Name: r.Name, Delivery: flow.Delivery(r.Delivery), URL: r.URL,
		SealedSecret: r.SealedSecret, Dedupes: r.Dedupes, CreatedAt: r.CreatedAt.Time,
	}
}

// Connections lists a tenant's gateway connections by their ids; flow.MaxConnections bounds them.
func (b *Base) Connections(ctx context.Context, tenant flow.TenantID) ([]flow.Connection, error) {
	var out []flow.Connection
	err := b.single(ctx, func(q tx) (err error) {
		out, err = q.connections(tenant)
		return err
	})
	return out, err
}

func (t tx) connections(tenant flow.TenantID) ([]flow.Connection, error) {
	var rows []connectionRow
	if err := t.all(&rows, `SELECT `+connectionColumns+` FROM gateway_connection WHERE tenant_id = ? ORDER BY id`, tenant); err != nil {
		return nil, err
	}
	var out []flow.Connection
	for _, r := range rows {
		out = append(out, r.noun())
	}
	return out, nil
}

// PutConnection inserts a gateway connection, or replaces the one with its id, which keeps its CreatedAt; the config
// version grows by one. If nothing has changed, nothing is written. ErrPrecondition LIMIT_REACHED: there are
// flow.MaxConnections. ErrNotFound: no such tenant.
func (b *Base) PutConnection(ctx context.Context, c flow.Connection, audit flow.Audit) error {
	if len(c.SealedSecret) == 0 {
		c.SealedSecret = nil
	}
	return b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(c.Tenant); err != nil {
			return err
		}
		var row connectionRow
		err := q.get(&row, `SELECT `+connectionColumns+` FROM gateway_connection WHERE tenant_id = ? AND id = ?`, c.Tenant, c.ID)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return q.insertConnection(c, audit)
		case err != nil:
			return err
		}
		return q.updateConnection(row.noun(), c, audit)
	})
}

func (t tx) insertConnection(c flow.Connection, audit flow.Audit) error {
	var have int
	if err := t.get(&have, `SELECT count(*) FROM gateway_connection WHERE tenant_id = ?`, c.Tenant); err != nil {
		return err
	}
	if have >= flow.MaxConnections {
		return flow.Errorf(flow.ErrPrecondition, flow.ReasonLimitReached, "there are %d gateway connections, which is the most", have)
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = audit.At
	}
	if err := t.exec(`INSERT INTO gateway_connection (`+connectionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.Tenant, c.ID, c.Name, c.Delivery, c.URL, c.SealedSecret, c.Dedupes, t.Time(c.CreatedAt)); err != nil {
		return err
	}
	if err := t.audit(c.Tenant, audit, "connection.create", string(c.ID), nil, auditedConnectionOf(c)); err != nil {
		return err
	}
	return t.bump(c.Tenant)
}

func (t tx) updateConnection(old, c flow.Connection, audit flow.Audit) error {
	changed := !bytes.Equal(old.SealedSecret, c.SealedSecret)
	if !changed && c.Name == old.Name && c.Delivery == old.Delivery && c.URL == old.URL && c.Dedupes == old.Dedupes {
		return nil
	}
	if err := t.exec(`UPDATE gateway_connection SET name = ?, delivery = ?, url = ?, sealed_secret = ?, dedupes = ?
		WHERE tenant_id = ? AND id = ?`, c.Name, c.Delivery, c.URL, c.SealedSecret, c.Dedupes, c.Tenant, c.ID); err != nil {
		return err
	}
	was, is := auditedConnectionOf(old), auditedConnectionOf(c)
	is.SecretChanged = changed
	if err := t.audit(c.Tenant, audit, "connection.update", string(c.ID), was, is); err != nil {
		return err
	}
	return t.bump(c.Tenant)
}

// auditedConnection is a connection in the audit log: of the secret it says only whether there is one.
type auditedConnection struct {
	Name          string        `json:"name"`
	Delivery      flow.Delivery `json:"delivery"`
	URL           string        `json:"url"`
	HasSecret     bool          `json:"has_secret"`
	SecretChanged bool          `json:"secret_changed,omitempty"`
	Dedupes       bool          `json:"dedupes"`
}

func auditedConnectionOf(c flow.Connection) auditedConnection {
	return auditedConnection{
		Name: c.Name, Delivery: c.Delivery, URL: withoutPassword(c.URL), HasSecret: len(c.SealedSecret) > 0, Dedupes: c.Dedupes,
	}
}
