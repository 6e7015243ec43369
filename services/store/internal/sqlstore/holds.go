package sqlstore

import "context"

// Holds says whether there is a key of a caller that is not revoked, and whether there is a sealed secret, of any tenant.
func (b *Base) Holds(ctx context.Context) (keys, secrets bool, err error) {
	err = b.single(ctx, func(q tx) error {
		if err := q.get(&keys, `SELECT EXISTS (SELECT 1 FROM api_key WHERE revoked_at IS NULL)`); err != nil {
			return err
		}
		return q.get(&secrets, `SELECT EXISTS (SELECT 1 FROM assistant WHERE sealed_api_key IS NOT NULL)
			OR EXISTS (SELECT 1 FROM gateway_connection WHERE sealed_secret IS NOT NULL)`)
	})
	return keys, secrets, err
}
