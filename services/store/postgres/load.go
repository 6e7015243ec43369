package postgres

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// Load needs no transaction around its statements. It reads gen before the queue: a message that comes in between is
// then in the queue with a gen that is too old, which only makes a release be refused. The other way round it could be
// forgotten. Whatever else changes in between (the lease is lost, the run is cancelled) makes the commit stale.

const heldQuery = `
SELECT w.tenant_id, w.conv, w.lease, w.gen, coalesce(t.config_version, 0) AS config_version
FROM unnest($2::text[], $3::text[], $4::bigint[]) AS i (tenant_id, conv, lease)
CROSS JOIN LATERAL (
	SELECT w.tenant_id, w.conv, w.lease, w.gen FROM wake w
	WHERE w.conv = i.conv AND w.tenant_id = i.tenant_id AND w.lease = i.lease AND w.owner = $1::text OFFSET 0
) w
LEFT JOIN tenant t ON t.id = w.tenant_id
ORDER BY w.conv`

type held struct {
	lease
	Gen           int64 `db:"gen"`
	ConfigVersion int64 `db:"config_version"`
}

const conversationsQuery = `SELECT ` + sqlstore.ConvoColumns + ` FROM convo c WHERE c.conv = ANY ($1::text[])`

const queueQuery = `
SELECT ` + sqlstore.MessageColumns + `, EXISTS (SELECT 1 FROM outcome o WHERE o.inbound_id = m.id) AS begun
FROM unnest($1::text[]) AS i (conv)
CROSS JOIN LATERAL (SELECT p.seq FROM pending p WHERE p.conv = i.conv ORDER BY p.seq LIMIT $2::bigint) q
JOIN message m ON m.seq = q.seq
ORDER BY m.seq`

type queued struct {
	sqlstore.Message
	Begun bool `db:"begun"`
}

const begunQuery = `SELECT ` + sqlstore.OutcomeColumns + ` FROM outcome o WHERE o.inbound_id = ANY ($1::text[])`

const runQuery = `SELECT ` + sqlstore.RunColumns + ` FROM run r WHERE r.id = ANY ($1::text[])`

const eventQuery = `SELECT run_id, ver, n, tenant_id, inbound_id, steps FROM run_event
	WHERE run_id = ANY ($1::text[]) AND inbound_id = ANY ($2::text[]) ORDER BY run_id, ver, n`

// Load: see router.Store.
func (s *Store) Load(ctx context.Context, owner string, leases []flow.Lease, maxPending int) ([]flow.Claimed, error) {
	if len(leases) == 0 || owner == "" {
		return nil, nil
	}
	made, err := s.stmts.All(ctx)
	if err != nil {
		return nil, s.Fail(ctx, err)
	}
	out, err := load(ctx, made, owner, leases, maxPending)
	return out, s.Fail(ctx, err)
}

func load(ctx context.Context, made map[string]*sqlx.Stmt, owner string, leases []flow.Lease, maxPending int) ([]flow.Claimed, error) {
	var rows []held
	if err := made[heldQuery].SelectContext(ctx, &rows, append([]any{owner}, leaseArrays(leases)...)...); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, nil
	}
	names := texts(rows, func(h *held) string { return h.Conversation })
	var convos []sqlstore.Convo
	if err := made[conversationsQuery].SelectContext(ctx, &convos, names); err != nil {
		return nil, err
	}
	var queue []queued
	if err := made[queueQuery].SelectContext(ctx, &queue, names, maxPending); err != nil {
		return nil, err
	}
	out := make([]flow.Claimed, len(rows))
	place := make(map[string]int, len(rows))
	for i, h := range rows {
		out[i] = flow.Claimed{Lease: h.noun(), Gen: h.Gen, ConfigVersion: h.ConfigVersion}
		place[h.Conversation] = i
	}
	var begun pq.StringArray
	for _, m := range queue {
		c := &out[place[m.Conversation]]
		if m.Begun && len(c.Pending) == 0 {
			begun = append(begun, m.ID)
		}
		c.Pending = append(c.Pending, m.Noun())
	}
	stored := make(map[string]sqlstore.Convo, len(convos))
	for _, c := range convos {
		stored[c.ID] = c
	}
	for i := range out {
		var first *flow.Inbound
		if len(out[i].Pending) > 0 {
			first = &out[i].Pending[0]
		}
		c, ok := stored[string(out[i].Lease.Conversation)]
		if !ok {
			out[i].Conversation = sqlstore.NewConversation(out[i].Lease, first)
			continue
		}
		var err error
		if out[i].Conversation, err = c.Noun(); err != nil {
			return nil, err
		}
	}
	return out, resume(ctx, made, out, begun)
}

// resume adds what has been begun: partial outcomes, and the runs that are open or belong to one.
func resume(ctx context.Context, made map[string]*sqlx.Stmt, out []flow.Claimed, begun pq.StringArray) error {
	var outcomes []sqlstore.Outcome
	if len(begun) > 0 {
		if err := made[begunQuery].SelectContext(ctx, &outcomes, begun); err != nil {
			return err
		}
	}
	partial := make(map[flow.InboundID]flow.Result, len(outcomes))
	for _, o := range outcomes {
		r, err := o.Noun()
		if err != nil {
			return err
		}
		partial[r.Inbound] = r
	}
	var wanted, advanced pq.StringArray
	for i := range out {
		c := &out[i]
		run := c.Conversation.Run
		if len(c.Pending) > 0 {
			if r, ok := partial[c.Pending[0].ID]; ok {
				c.Partial = &r
				if r.Run != "" {
					advanced = append(advanced, string(r.Run))
					wanted = append(wanted, string(r.Run))
				}
				if run == "" {
					run = r.Run
				}
			}
		}
		if run != "" {
			wanted = append(wanted, string(run))
			c.Run = &flow.Run{ID: run}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var runRows []sqlstore.Run
	if err := made[runQuery].SelectContext(ctx, &runRows, wanted); err != nil {
		return err
	}
	var events []sqlstore.Event
	if len(advanced) > 0 {
		if err := made[eventQuery].SelectContext(ctx, &events, advanced, begun); err != nil {
			return err
		}
	}
	return sqlstore.Resume(out, runRows, events)
}

var errNoOwner = errors.New("postgres: an owner without a name can hold no lease")
