package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"smsflow/services/fault"
	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// workflowQuery holds the workflows of open runs until the commit is through: see DeleteWorkflow.
const workflowQuery = `
SELECT w.tenant_id, w.id FROM unnest($1::text[], $2::text[]) AS i (tenant_id, id)
JOIN workflow w ON w.tenant_id = i.tenant_id AND w.id = i.id
ORDER BY w.tenant_id, w.id FOR KEY SHARE OF w`

type workflowKey struct {
	Tenant string `db:"tenant_id"`
	ID     string `db:"id"`
}

// conversationQuery is the fence. It locks the wake rows that owner still holds by the leases given, in the order of
// the conversations, and writes those whose version is the one before. What comes back may be written on.
//
// The planner expects ten rows of every array, so a join of two lists would compare each row with each: here and below,
// rows are looked up one by one by a key (LATERAL, or a subquery that is no join), and lists are joined by hashing.
const conversationQuery = `
WITH input AS MATERIALIZED (
	SELECT u.conv, u.tenant_id, u.lease, u.ver, u.number, u.contact, u.state, u.state_reason, u.opted_in, u.vars, u.tags, u.inbounds,
		u.run_id, u.recent, u.last_text, u.handed_off_at, u.stop_confirmed
	FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::boolean[],
		$11::json[], $12::json[], $13::bigint[], $14::text[], $15::json[], $16::text[], $17::timestamptz[], $18::boolean[])
		AS u (conv, tenant_id, lease, ver, number, contact, state, state_reason, opted_in, vars, tags, inbounds, run_id, recent,
			last_text, handed_off_at, stop_confirmed)
	ORDER BY u.conv COLLATE "C"
), held AS MATERIALIZED (
	SELECT i.conv, i.tenant_id, i.ver, i.number, i.contact, i.state, i.state_reason, i.opted_in, i.vars, i.tags, i.inbounds,
		i.run_id, i.recent, i.last_text, i.handed_off_at, i.stop_confirmed, w.gen, w.shared
	FROM input i CROSS JOIN LATERAL (
		SELECT w.gen, w.shared FROM wake w
		WHERE w.conv = i.conv AND w.tenant_id = i.tenant_id AND w.lease = i.lease AND w.owner = $1::text FOR UPDATE
	) w
), saved AS (
	INSERT INTO convo AS c (conv, tenant_id, ver, number, contact, state, state_reason, opted_in, vars, tags, inbounds, run_id,
		recent, last_text, handed_off_at, stop_confirmed)
	SELECT h.conv, h.tenant_id, h.ver, h.number, h.contact, h.state, h.state_reason, h.opted_in, h.vars, h.tags, h.inbounds, h.run_id,
		h.recent, h.last_text, h.handed_off_at, h.stop_confirmed
	FROM held h WHERE h.ver = 1 OR (SELECT e.ver FROM convo e WHERE e.conv = h.conv) IS NOT NULL
	ORDER BY h.conv COLLATE "C"
	ON CONFLICT (conv) DO UPDATE SET
		ver = excluded.ver, number = excluded.number, contact = excluded.contact, state = excluded.state,
		state_reason = excluded.state_reason, opted_in = excluded.opted_in, vars = excluded.vars, tags = excluded.tags,
		inbounds = excluded.inbounds, run_id = excluded.run_id, recent = excluded.recent, last_text = excluded.last_text,
		handed_off_at = excluded.handed_off_at, stop_confirmed = excluded.stop_confirmed
	WHERE c.ver = excluded.ver - 1 AND c.tenant_id = excluded.tenant_id
	RETURNING c.conv
)
SELECT h.conv, h.gen, h.shared FROM held h WHERE (h.conv IN (SELECT s.conv FROM saved s)) IS TRUE`

type saved struct {
	Conversation string `db:"conv"`
	Gen          int64  `db:"gen"`
	Shared       bool   `db:"shared"`
}

// progressQuery writes everything else of the conversations that passed the fence.
const progressQuery = `
WITH runs AS (
	INSERT INTO run AS r (id, tenant_id, conv, workflow_id, revision, inbound_id, state, reason, step, sent, effects, advances,
		pending, rank, started_at, updated_at)
	SELECT u.id, u.tenant_id, u.conv, u.workflow_id, u.revision, u.inbound_id, u.state, u.reason, u.step, u.sent, u.effects, u.advances,
		u.pending, u.rank, u.started_at, u.updated_at
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::integer[],
		$10::integer[], $11::integer[], $12::integer[], $13::json[], $14::integer[], $15::timestamptz[], $16::timestamptz[])
		AS u (id, tenant_id, conv, workflow_id, revision, inbound_id, state, reason, step, sent, effects, advances, pending, rank,
			started_at, updated_at)
	ON CONFLICT (id) DO UPDATE SET
		state = excluded.state, reason = excluded.reason, step = excluded.step, sent = excluded.sent, effects = excluded.effects,
		advances = excluded.advances, pending = excluded.pending, updated_at = excluded.updated_at
	WHERE r.conv = excluded.conv
), events AS (
	INSERT INTO run_event (run_id, ver, n, tenant_id, inbound_id, steps)
	SELECT u.run_id, u.ver, u.n, u.tenant_id, u.inbound_id, u.steps
	FROM unnest($17::text[], $18::bigint[], $19::integer[], $20::text[], $21::text[], $22::json[])
		AS u (run_id, ver, n, tenant_id, inbound_id, steps)
), outcomes AS (
	INSERT INTO outcome AS o (inbound_id, tenant_id, outcome, workflow_id, workflow_name, workflow_revision, run_id, trace)
	SELECT u.inbound_id, u.tenant_id, u.outcome, u.workflow_id, u.workflow_name, u.workflow_revision, u.run_id, u.trace
	FROM unnest($23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::bigint[], $29::text[], $30::json[])
		AS u (inbound_id, tenant_id, outcome, workflow_id, workflow_name, workflow_revision, run_id, trace)
	ON CONFLICT (inbound_id) DO UPDATE SET
		outcome = excluded.outcome, workflow_id = excluded.workflow_id, workflow_name = excluded.workflow_name,
		workflow_revision = excluded.workflow_revision, run_id = excluded.run_id, trace = excluded.trace
	WHERE o.tenant_id = excluded.tenant_id
), intents AS MATERIALIZED (
	SELECT u.id, u.tenant_id, u.conv, u.connection, u.inbound_id, u.run_id, u.step_id, u.sender, u.recipient, u.body, u.segments,
		u.encoding, u.state, u.created_at, u.ver, u.n, u.consent, u.attempts, u.sending_for
	FROM unnest($31::text[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[], $37::text[], $38::text[], $39::text[],
		$40::text[], $41::integer[], $42::text[], $43::text[], $44::timestamptz[], $45::bigint[], $46::integer[],
		$47::boolean[], $48::integer[], $49::bigint[])
		AS u (id, tenant_id, conv, connection, inbound_id, run_id, step_id, sender, recipient, body, segments, encoding, state,
			created_at, ver, n, consent, attempts, sending_for)
), outbounds AS (
	INSERT INTO outbound (id, tenant_id, conv, connection, inbound_id, run_id, step_id, sender, recipient, body, segments, encoding,
		state, created_at, ver, n, consent, attempts)
	SELECT i.id, i.tenant_id, i.conv, i.connection, i.inbound_id, i.run_id, i.step_id, i.sender, i.recipient, i.body, i.segments,
		i.encoding, i.state, i.created_at, i.ver, i.n, i.consent, i.attempts
	FROM intents i
	ON CONFLICT (id) DO NOTHING
	RETURNING id
), queued AS (
	INSERT INTO outgoing (id, tenant_id, conv, ver, n, connection, consent, state, due_at, owner, attempts, doubt)
	SELECT i.id, i.tenant_id, i.conv, i.ver, i.n, i.connection, i.consent, i.state, now() + i.sending_for * interval '1 microsecond',
		CASE i.state WHEN 'sending' THEN $52::text ELSE '' END, i.attempts, false
	FROM intents i WHERE i.state IN ('pending', 'sending') AND (i.id IN (SELECT o.id FROM outbounds o)) IS TRUE
)
DELETE FROM pending p USING unnest($50::bigint[], $51::text[]) AS u (seq, conv) WHERE p.seq = u.seq AND p.conv = u.conv`

// releaseQuery and restQuery run behind the deletion of what is consumed, with the wake rows locked. That the queue is
// empty is asked row by row, for each conversation by the queue's index.
const releaseQuery = `
DELETE FROM wake w WHERE w.conv = ANY ($1::text[])
	AND (SELECT p.seq FROM pending p WHERE p.conv = w.conv ORDER BY p.seq LIMIT 1) IS NULL
RETURNING w.conv`

const restQuery = `
UPDATE wake w SET owner = '', shared = false, due_at = u.due_at FROM unnest($1::text[], $2::timestamptz[]) AS u (conv, due_at)
WHERE w.conv = u.conv AND (SELECT p.seq FROM pending p WHERE p.conv = w.conv ORDER BY p.seq LIMIT 1) IS NULL
RETURNING w.conv`

// Commit: see router.Store. A commit that opens a run of a workflow which has been deleted is stale too.
func (s *Store) Commit(ctx context.Context, owner string, batch []flow.Commit) ([]flow.Committed, error) {
	for _, c := range batch {
		if !sqlstore.Sound(c) {
			return nil, fmt.Errorf("postgres: the commit of conversation %s names others", c.Lease.Conversation)
		}
	}
	out := stale(len(batch))
	if len(batch) == 0 || owner == "" {
		return out, nil
	}
	order := sqlstore.Sorted(batch)
	err := s.bulkTx(ctx, func(q statements) error {
		out = stale(len(batch))
		alive, err := q.withWorkflows(batch, order)
		if err != nil {
			return err
		}
		if fault.Off("fence") {
			if err := q.unfence(owner, batch, alive); err != nil {
				return err
			}
		}
		gens, err := q.conversations(owner, batch, alive)
		if err != nil || len(gens) == 0 {
			return err
		}
		var rows sqlstore.Rows
		var passed []int
		for _, at := range alive {
			if _, ok := gens[batch[at].Lease.Conversation]; ok {
				passed = append(passed, at)
				out[at].Stale = false
				if err := rows.Add(batch[at]); err != nil {
					return err
				}
			}
		}
		if err := q.exec(progressQuery, append(progress(rows, batch, passed), owner)...); err != nil {
			return err
		}
		if err := q.hintCommit(batch, passed, gens, rows.Outbounds); err != nil {
			return err
		}
		return q.release(batch, passed, gens, out)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func stale(n int) []flow.Committed {
	out := make([]flow.Committed, n)
	for i := range out {
		out[i].Stale = true
	}
	return out
}

// withWorkflows leaves out the commits with open runs of workflows that are not there any more.
func (q statements) withWorkflows(batch []flow.Commit, order []int) ([]int, error) {
	var wanted []workflowKey
	for _, at := range order {
		for _, r := range batch[at].Runs {
			if r.State.Open() {
				wanted = append(wanted, workflowKey{Tenant: string(r.Tenant), ID: string(r.Workflow)})
			}
		}
	}
	if len(wanted) == 0 {
		return order, nil
	}
	slices.SortFunc(wanted, func(a, b workflowKey) int {
		if c := strings.Compare(a.Tenant, b.Tenant); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	wanted = slices.Compact(wanted)
	var there []workflowKey
	if err := q.all(&there, workflowQuery,
		texts(wanted, func(k *workflowKey) string { return k.Tenant }), texts(wanted, func(k *workflowKey) string { return k.ID })); err != nil {
		return nil, err
	}
	if len(there) == len(wanted) {
		return order, nil
	}
	alive := make([]int, 0, len(order))
	for _, at := range order {
		if !slices.ContainsFunc(batch[at].Runs, func(r flow.Run) bool {
			return r.State.Open() && !slices.Contains(there, workflowKey{Tenant: string(r.Tenant), ID: string(r.Workflow)})
		}) {
			alive = append(alive, at)
		}
	}
	return alive, nil
}

// conversations writes the conversations that pass the fence and gives their gens.
func (q statements) conversations(owner string, batch []flow.Commit, order []int) (map[flow.ConversationID]saved, error) {
	rows := make([]sqlstore.Convo, len(order))
	leases := make(pq.Int64Array, len(order))
	for i, at := range order {
		var err error
		if rows[i], err = sqlstore.ConvoOf(batch[at].Conversation); err != nil {
			return nil, err
		}
		leases[i] = batch[at].Lease.Lease
	}
	var passed []saved
	if err := q.all(&passed, conversationQuery, owner,
		texts(rows, func(r *sqlstore.Convo) string { return r.ID }), texts(rows, func(r *sqlstore.Convo) string { return r.Tenant }),
		leases, ints(rows, func(r *sqlstore.Convo) int64 { return r.Ver }),
		texts(rows, func(r *sqlstore.Convo) string { return r.Number }), texts(rows, func(r *sqlstore.Convo) string { return r.Contact }),
		texts(rows, func(r *sqlstore.Convo) string { return r.State }), texts(rows, func(r *sqlstore.Convo) string { return r.StateReason }),
		flags(rows, func(r *sqlstore.Convo) bool { return r.OptedIn }),
		texts(rows, func(r *sqlstore.Convo) string { return r.Vars }), texts(rows, func(r *sqlstore.Convo) string { return r.Tags }),
		ints(rows, func(r *sqlstore.Convo) int64 { return r.Inbounds }), texts(rows, func(r *sqlstore.Convo) string { return r.Run }),
		texts(rows, func(r *sqlstore.Convo) string { return r.Recent }), texts(rows, func(r *sqlstore.Convo) string { return r.LastText }),
		stamps(rows, func(r *sqlstore.Convo) time.Time { return r.HandedOffAt.Time }),
		flags(rows, func(r *sqlstore.Convo) bool { return r.StopConfirmed }),
	); err != nil {
		return nil, err
	}
	gens := make(map[flow.ConversationID]saved, len(passed))
	for _, p := range passed {
		gens[flow.ConversationID(p.Conversation)] = p
	}
	return gens, nil
}

// progress makes the parameters of progressQuery.
func progress(rows sqlstore.Rows, batch []flow.Commit, passed []int) []any {
	consumed, of := pq.Int64Array{}, pq.StringArray{}
	for _, at := range passed {
		for _, seq := range batch[at].Consumed {
			consumed, of = append(consumed, seq), append(of, string(batch[at].Lease.Conversation))
		}
	}
	type run = sqlstore.Run
	type event = sqlstore.Event
	type outcome = sqlstore.Outcome
	type outbound = sqlstore.Outbound
	return []any{
		texts(rows.Runs, func(r *run) string { return r.ID }), texts(rows.Runs, func(r *run) string { return r.Tenant }),
		texts(rows.Runs, func(r *run) string { return r.Conversation }), texts(rows.Runs, func(r *run) string { return r.Workflow }),
		ints(rows.Runs, func(r *run) int64 { return r.Revision }), texts(rows.Runs, func(r *run) string { return r.Inbound }),
		texts(rows.Runs, func(r *run) string { return r.State }), texts(rows.Runs, func(r *run) string { return r.Reason }),
		ints(rows.Runs, func(r *run) int { return r.Step }), ints(rows.Runs, func(r *run) int { return r.Sent }),
		ints(rows.Runs, func(r *run) int { return r.Effects }), ints(rows.Runs, func(r *run) int { return r.Advances }),
		documents(rows.Runs, func(r *run) sql.NullString { return r.Pending }), ints(rows.Runs, func(r *run) int { return r.Rank }),
		stamps(rows.Runs, func(r *run) time.Time { return r.StartedAt.Time }),
		stamps(rows.Runs, func(r *run) time.Time { return r.UpdatedAt.Time }),

		texts(rows.Events, func(r *event) string { return r.Run }), ints(rows.Events, func(r *event) int64 { return r.Ver }),
		ints(rows.Events, func(r *event) int { return r.N }), texts(rows.Events, func(r *event) string { return r.Tenant }),
		texts(rows.Events, func(r *event) string { return r.Inbound }), texts(rows.Events, func(r *event) string { return r.Steps }),

		texts(rows.Outcomes, func(r *outcome) string { return r.Inbound }), texts(rows.Outcomes, func(r *outcome) string { return r.Tenant }),
		texts(rows.Outcomes, func(r *outcome) string { return r.Outcome }), texts(rows.Outcomes, func(r *outcome) string { return r.Workflow }),
		texts(rows.Outcomes, func(r *outcome) string { return r.WorkflowName }),
		ints(rows.Outcomes, func(r *outcome) int64 { return r.WorkflowRevision }),
		texts(rows.Outcomes, func(r *outcome) string { return r.Run }), texts(rows.Outcomes, func(r *outcome) string { return r.Trace }),

		texts(rows.Outbounds, func(r *outbound) string { return r.ID }), texts(rows.Outbounds, func(r *outbound) string { return r.Tenant }),
		texts(rows.Outbounds, func(r *outbound) string { return r.Conversation }),
		texts(rows.Outbounds, func(r *outbound) string { return r.Connection }),
		texts(rows.Outbounds, func(r *outbound) string { return r.Inbound }), texts(rows.Outbounds, func(r *outbound) string { return r.Run }),
		texts(rows.Outbounds, func(r *outbound) string { return r.Step }), texts(rows.Outbounds, func(r *outbound) string { return r.From }),
		texts(rows.Outbounds, func(r *outbound) string { return r.To }), texts(rows.Outbounds, func(r *outbound) string { return r.Body }),
		ints(rows.Outbounds, func(r *outbound) int { return r.Segments }), texts(rows.Outbounds, func(r *outbound) string { return r.Encoding }),
		texts(rows.Outbounds, func(r *outbound) string { return r.State }),
		stamps(rows.Outbounds, func(r *outbound) time.Time { return r.CreatedAt.Time }),
		ints(rows.Outbounds, func(r *outbound) int64 { return r.Ver }), ints(rows.Outbounds, func(r *outbound) int { return r.N }),
		flags(rows.Outbounds, func(r *outbound) bool { return r.Consent }), ints(rows.Outbounds, func(r *outbound) int { return r.Attempts }),
		ints(rows.Outbounds, func(r *outbound) int64 { return r.SendingFor.Microseconds() }),

		consumed, of,
	}
}

// release gives back the leases for which no message has come in since they were loaded: gen is read under the row's
// lock, so it does not grow before this commit.
func (q statements) release(batch []flow.Commit, passed []int, gens map[flow.ConversationID]saved, out []flow.Committed) error {
	var gone, rest pq.StringArray
	var wakeAt times
	for _, at := range passed {
		c := batch[at]
		switch {
		case !c.Release || gens[c.Lease.Conversation].Gen != c.Gen:
		case c.WakeAt.IsZero():
			gone = append(gone, string(c.Lease.Conversation))
		default:
			rest = append(rest, string(c.Lease.Conversation))
			wakeAt = append(wakeAt, c.WakeAt)
		}
	}
	var released, rested []string
	if len(gone) > 0 {
		if err := q.all(&released, releaseQuery, gone); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		if err := q.all(&rested, restQuery, rest, wakeAt); err != nil {
			return err
		}
	}
	if len(released)+len(rested) == 0 {
		return nil
	}
	place := make(map[string]int, len(passed))
	for _, at := range passed {
		place[string(batch[at].Lease.Conversation)] = at
	}
	for _, conv := range slices.Concat(released, rested) {
		out[place[conv]].Released = true
	}
	return nil
}
