package sqlstore

import (
	"database/sql"
	"errors"
	"time"

	"smsflow/services/flow"
)

// replayed gives what an earlier create with this request id made; empty: there was none. The tenant is locked.
func (t tx) replayed(tenant flow.TenantID, kind, requestID, fingerprint string) (string, error) {
	if requestID == "" {
		return "", nil
	}
	var row struct {
		Fingerprint string `db:"fingerprint"`
		Target      string `db:"target"`
	}
	err := t.get(&row, `SELECT fingerprint, target FROM request WHERE tenant_id = ? AND kind = ? AND request_id = ?`, tenant, kind, requestID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err == nil && row.Fingerprint != fingerprint {
		err = flow.Errorf(flow.ErrExists, flow.ReasonKeyReused, "the request id was used before, with other contents: choose a new one")
	}
	return row.Target, err
}

func (t tx) remember(tenant flow.TenantID, kind, requestID, fingerprint, target string, at time.Time) error {
	if requestID == "" {
		return nil
	}
	return t.exec(`INSERT INTO request (tenant_id, kind, request_id, fingerprint, target, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		tenant, kind, requestID, fingerprint, target, t.Time(at))
}
