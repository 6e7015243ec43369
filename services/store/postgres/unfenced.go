package postgres

import "smsflow/services/flow"

// unfence makes every commit of a batch pass the fence, as nothing may. It runs only in test binaries, when a test has
// switched the fence off to see whether that is found out: see services/fault.
func (q statements) unfence(owner string, batch []flow.Commit, order []int) error {
	for _, at := range order {
		c := &batch[at]
		if _, err := q.tx.ExecContext(q.ctx, `INSERT INTO wake (conv, tenant_id, due_at, owner, lease, gen, taken_gen)
			VALUES ($1, $2, now(), $3, $4, 1, 1) ON CONFLICT (conv) DO UPDATE SET owner = excluded.owner, lease = excluded.lease`,
			c.Lease.Conversation, c.Tenant, owner, c.Lease.Lease); err != nil {
			return err
		}
		if err := q.tx.GetContext(q.ctx, &c.Conversation.Ver, `SELECT coalesce(max(ver), 0) + 1 FROM convo WHERE conv = $1`,
			c.Lease.Conversation); err != nil {
			return err
		}
	}
	return nil
}
