package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"smsflow/services/flow"
)

const keyColumns = `tenant_id, id, name, secret_hash, scopes, connection, created_at, expires_at, revoked_at`

type keyRow struct {
	Tenant     string `db:"tenant_id"`
	ID         string `db:"id"`
	Name       string `db:"name"`
	SecretHash []byte `db:"secret_hash"`
	Scopes     string `db:"scopes"`
	Connection string `db:"connection"`
	CreatedAt  Stamp  `db:"created_at"`
	ExpiresAt  Stamp  `db:"expires_at"`
	RevokedAt  Stamp  `db:"revoked_at"`
}

// Key: see access.Store.
func (b *Base) Key(ctx context.Context, id flow.KeyID) (flow.Key, error) {
	var row keyRow
	err := b.single(ctx, func(q tx) error {
		err := q.get(&row, `SELECT `+keyColumns+` FROM api_key WHERE id = ?`, id)
		if errors.Is(err, sql.ErrNoRows) {
			return flow.NotFound("key")
		}
		return err
	})
	if err != nil {
		return flow.Key{}, err
	}
	k := flow.Key{
		ID: flow.KeyID(row.ID), Tenant: flow.TenantID(row.Tenant), Name: row.Name, SecretHash: row.SecretHash,
		Connection: flow.ConnectionID(row.Connection),
		CreatedAt:  row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time, RevokedAt: row.RevokedAt.Time,
	}
	err = Decode(row.Scopes, &k.Scopes)
	return k, err
}

// CreateKey inserts a machine key. ErrExists: there is one with that id. ErrNotFound: no such tenant.
func (b *Base) CreateKey(ctx context.Context, k flow.Key) error {
	scopes, err := Encode(k.Scopes)
	if err != nil {
		return err
	}
	return b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(k.Tenant); err != nil {
			return err
		}
		n, err := q.count(`INSERT INTO api_key (`+keyColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			k.Tenant, k.ID, k.Name, k.SecretHash, scopes, k.Connection, q.Time(k.CreatedAt), q.Time(k.ExpiresAt), q.Time(k.RevokedAt))
		if err == nil && n == 0 {
			err = flow.Errorf(flow.ErrExists, flow.ReasonNameTaken, "there is already a key with the id %q: choose another one", k.ID)
		}
		return err
	})
}

// RevokeKey ends a key at the given time; one that is revoked already keeps its time. ErrNotFound: the tenant has no
// such key.
func (b *Base) RevokeKey(ctx context.Context, tenant flow.TenantID, id flow.KeyID, at time.Time) error {
	return b.inWrite(ctx, func(q tx) error {
		n, err := q.count(`UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE tenant_id = ? AND id = ?`, q.Time(at), tenant, id)
		if err == nil && n == 0 {
			err = flow.NotFound("key")
		}
		return err
	})
}
