package sqlite

import (
	"context"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

const heldQuery = `
SELECT w.gen, coalesce((SELECT t.config_version FROM tenant t WHERE t.id = w.tenant_id), 0) AS config_version
FROM wake w WHERE w.conv = ? AND w.tenant_id = ? AND w.owner = ? AND w.lease = ?`

type held struct {
	Gen           int64 `db:"gen"`
	ConfigVersion int64 `db:"config_version"`
}

const conversationReadQuery = `SELECT ` + sqlstore.ConvoColumns + ` FROM convo c WHERE c.conv = ?`

const queueQuery = `SELECT ` + sqlstore.MessageColumns + ` FROM pending p JOIN message m ON m.seq = p.seq
	WHERE p.conv = ? ORDER BY p.seq LIMIT ?`

const begunQuery = `SELECT ` + sqlstore.OutcomeColumns + ` FROM outcome o WHERE o.inbound_id = ?`

const runReadQuery = `SELECT ` + sqlstore.RunColumns + ` FROM run r WHERE r.id = ?`

const eventReadQuery = `SELECT run_id, ver, n, tenant_id, inbound_id, steps FROM run_event
	WHERE run_id = ? AND inbound_id = ? ORDER BY ver, n`

// Load: see router.Store. All is read as of one moment.
func (s *Store) Load(ctx context.Context, owner string, leases []flow.Lease, maxPending int) ([]flow.Claimed, error) {
	if len(leases) == 0 || owner == "" {
		return nil, nil
	}
	var out []flow.Claimed
	err := s.bulkRead(ctx, func(q statements) error {
		out = nil
		for _, l := range leases {
			c, ok, err := q.load(owner, l, max(maxPending, 0))
			if err != nil {
				return err
			}
			if ok {
				out = append(out, c)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// load says whether the lease is still held.
func (q statements) load(owner string, l flow.Lease, maxPending int) (flow.Claimed, bool, error) {
	c := flow.Claimed{Lease: l}
	conv := string(l.Conversation)
	var rows []held
	if err := q.all(&rows, heldQuery, conv, string(l.Tenant), owner, l.Lease); err != nil || len(rows) == 0 {
		return c, false, err
	}
	c.Gen, c.ConfigVersion = rows[0].Gen, rows[0].ConfigVersion
	var queue []sqlstore.Message
	if err := q.all(&queue, queueQuery, conv, maxPending); err != nil {
		return c, false, err
	}
	var first *flow.Inbound
	for _, m := range queue {
		c.Pending = append(c.Pending, m.Noun())
		first = &c.Pending[0]
	}
	var convos []sqlstore.Convo
	if err := q.all(&convos, conversationReadQuery, conv); err != nil {
		return c, false, err
	}
	c.Conversation = sqlstore.NewConversation(l, first)
	if len(convos) > 0 {
		var err error
		if c.Conversation, err = convos[0].Noun(); err != nil {
			return c, false, err
		}
	}
	err := q.resume(&c, first)
	return c, true, err
}

// resume adds what has been begun: the partial outcome, and the run that is open or belongs to it.
func (q statements) resume(c *flow.Claimed, first *flow.Inbound) error {
	run := c.Conversation.Run
	var events []sqlstore.Event
	var wanted []flow.RunID
	if first != nil {
		var outcomes []sqlstore.Outcome
		if err := q.all(&outcomes, begunQuery, string(first.ID)); err != nil {
			return err
		}
		if len(outcomes) > 0 {
			r, err := outcomes[0].Noun()
			if err != nil {
				return err
			}
			c.Partial = &r
			if r.Run != "" {
				wanted = append(wanted, r.Run)
				if err := q.all(&events, eventReadQuery, string(r.Run), string(first.ID)); err != nil {
					return err
				}
			}
			if run == "" {
				run = r.Run
			}
		}
	}
	if run != "" {
		c.Run = &flow.Run{ID: run}
		wanted = append(wanted, run)
	}
	var runs []sqlstore.Run
	for _, id := range wanted {
		if err := q.all(&runs, runReadQuery, string(id)); err != nil {
			return err
		}
	}
	one := []flow.Claimed{*c}
	if err := sqlstore.Resume(one, runs, events); err != nil {
		return err
	}
	*c = one[0]
	return nil
}
