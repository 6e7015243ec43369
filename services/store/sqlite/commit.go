package sqlite

import (
	"context"
	"fmt"
	"time"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// The fence: the lease is still held, and the version is the one before. Nobody else writes meanwhile.
const (
	fenceQuery   = `SELECT gen FROM wake WHERE conv = ? AND tenant_id = ? AND owner = ? AND lease = ?`
	versionQuery = `SELECT ver FROM convo WHERE conv = ?`
)

const workflowQuery = `SELECT count(*) FROM workflow WHERE tenant_id = ? AND id = ?`

const conversationQuery = `
INSERT INTO convo (conv, tenant_id, ver, number, contact, state, state_reason, opted_in, vars, tags, inbounds, run_id, recent, last_text,
	handed_off_at, stop_confirmed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (conv) DO UPDATE SET
	ver = excluded.ver, number = excluded.number, contact = excluded.contact, state = excluded.state,
	state_reason = excluded.state_reason, opted_in = excluded.opted_in, vars = excluded.vars, tags = excluded.tags,
	inbounds = excluded.inbounds, run_id = excluded.run_id, recent = excluded.recent, last_text = excluded.last_text,
	handed_off_at = excluded.handed_off_at, stop_confirmed = excluded.stop_confirmed
WHERE convo.tenant_id = excluded.tenant_id`

const runQuery = `
INSERT INTO run (id, tenant_id, conv, workflow_id, revision, inbound_id, state, reason, step, sent, effects, advances, pending, rank,
	started_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
	state = excluded.state, reason = excluded.reason, step = excluded.step, sent = excluded.sent, effects = excluded.effects,
	advances = excluded.advances, pending = excluded.pending, updated_at = excluded.updated_at
WHERE run.conv = excluded.conv`

const eventQuery = `INSERT INTO run_event (run_id, ver, n, tenant_id, inbound_id, steps) VALUES (?, ?, ?, ?, ?, ?)`

const outcomeQuery = `
INSERT INTO outcome (inbound_id, tenant_id, outcome, workflow_id, workflow_name, workflow_revision, run_id, trace)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (inbound_id) DO UPDATE SET
	outcome = excluded.outcome, workflow_id = excluded.workflow_id, workflow_name = excluded.workflow_name,
	workflow_revision = excluded.workflow_revision, run_id = excluded.run_id, trace = excluded.trace
WHERE outcome.tenant_id = excluded.tenant_id`

const outboundQuery = `
INSERT INTO outbound (id, tenant_id, conv, connection, inbound_id, run_id, step_id, sender, recipient, body, segments, encoding, state,
	created_at, ver, n, consent, attempts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`

const consumeQuery = `DELETE FROM pending WHERE seq = ? AND conv = ?`

const releaseQuery = `DELETE FROM wake WHERE conv = ?1 AND NOT EXISTS (SELECT 1 FROM pending WHERE conv = ?1)`

const restQuery = `UPDATE wake SET owner = '', due_at = ?2 WHERE conv = ?1 AND NOT EXISTS (SELECT 1 FROM pending WHERE conv = ?1)`

// Commit: see router.Store. A commit that opens a run of a workflow which has been deleted is stale too.
func (s *Store) Commit(ctx context.Context, owner string, batch []flow.Commit) ([]flow.Committed, error) {
	for _, c := range batch {
		if !sqlstore.Sound(c) {
			return nil, fmt.Errorf("sqlite: the commit of conversation %s names others", c.Lease.Conversation)
		}
	}
	out := make([]flow.Committed, len(batch))
	for i := range out {
		out[i].Stale = true
	}
	if len(batch) == 0 || owner == "" {
		return out, nil
	}
	order := sqlstore.Sorted(batch)
	err := s.bulkWrite(ctx, func(q statements) error {
		for _, at := range order {
			gen, ok, err := q.fence(owner, batch[at])
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			out[at].Stale = false
			if err := q.progress(owner, batch[at], s.now()); err != nil {
				return err
			}
			if batch[at].Release && gen == batch[at].Gen {
				if out[at].Released, err = q.release(batch[at]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// fence says whether the commit may write, and gives the conversation's gen.
func (q statements) fence(owner string, c flow.Commit) (int64, bool, error) {
	conv := string(c.Lease.Conversation)
	var gens []int64
	if err := q.all(&gens, fenceQuery, conv, string(c.Tenant), owner, c.Lease.Lease); err != nil || len(gens) == 0 {
		return 0, false, err
	}
	var vers []int64
	if err := q.all(&vers, versionQuery, conv); err != nil {
		return 0, false, err
	}
	var ver int64
	if len(vers) > 0 {
		ver = vers[0]
	}
	if c.Conversation.Ver != ver+1 {
		return 0, false, nil
	}
	for _, r := range c.Runs {
		if !r.State.Open() {
			continue
		}
		var there int
		if err := q.get(&there, workflowQuery, string(r.Tenant), string(r.Workflow)); err != nil || there == 0 {
			return 0, false, err
		}
	}
	return gens[0], true, nil
}

// progress writes one commit that has passed the fence.
func (q statements) progress(owner string, c flow.Commit, now time.Time) error {
	v, err := sqlstore.ConvoOf(c.Conversation)
	if err != nil {
		return err
	}
	if _, err := q.exec(conversationQuery, v.ID, v.Tenant, v.Ver, v.Number, v.Contact, v.State, v.StateReason, v.OptedIn, v.Vars, v.Tags,
		v.Inbounds, v.Run, v.Recent, v.LastText, parameter(v.HandedOffAt.Time), v.StopConfirmed); err != nil {
		return err
	}
	var rows sqlstore.Rows
	if err := rows.Add(c); err != nil {
		return err
	}
	for _, r := range rows.Runs {
		if _, err := q.exec(runQuery, r.ID, r.Tenant, r.Conversation, r.Workflow, r.Revision, r.Inbound, r.State, r.Reason, r.Step, r.Sent,
			r.Effects, r.Advances, r.Pending, r.Rank, parameter(r.StartedAt.Time), parameter(r.UpdatedAt.Time)); err != nil {
			return err
		}
	}
	for _, e := range rows.Events {
		if _, err := q.exec(eventQuery, e.Run, e.Ver, e.N, e.Tenant, e.Inbound, e.Steps); err != nil {
			return err
		}
	}
	for _, o := range rows.Outcomes {
		if _, err := q.exec(outcomeQuery, o.Inbound, o.Tenant, o.Outcome, o.Workflow, o.WorkflowName, o.WorkflowRevision, o.Run, o.Trace); err != nil {
			return err
		}
	}
	for _, m := range rows.Outbounds {
		if err := q.intend(owner, m, now); err != nil {
			return err
		}
	}
	for _, seq := range rows.Consumed {
		if _, err := q.exec(consumeQuery, seq, v.ID); err != nil {
			return err
		}
	}
	return nil
}

// intend writes a message that is to be sent, and its place in the queue if it is not handed over in an answer.
func (q statements) intend(owner string, m sqlstore.Outbound, now time.Time) error {
	n, err := q.count(outboundQuery, m.ID, m.Tenant, m.Conversation, m.Connection, m.Inbound, m.Run, m.Step, m.From, m.To, m.Body,
		m.Segments, m.Encoding, m.State, parameter(m.CreatedAt.Time), m.Ver, m.N, m.Consent, m.Attempts)
	if err != nil || n == 0 || !m.Open() {
		return err
	}
	if m.State == string(flow.OutboundPending) {
		owner = ""
	}
	_, err = q.exec(outgoingInsert, m.ID, m.Tenant, m.Conversation, m.Ver, m.N, m.Connection, m.Consent, m.State,
		now.Add(m.SendingFor).UnixMicro(), owner, m.Attempts)
	return err
}

// release gives the lease back unless something is in the queue.
func (q statements) release(c flow.Commit) (bool, error) {
	conv := string(c.Lease.Conversation)
	var n int64
	var err error
	if c.WakeAt.IsZero() {
		n, err = q.count(releaseQuery, conv)
	} else {
		n, err = q.count(restQuery, conv, c.WakeAt.UnixMicro())
	}
	return n > 0, err
}
