package sqlstore

import (
	"database/sql"

	"smsflow/services/flow"
)

// RunColumns are those of Run, of the table (or its alias) r.
const RunColumns = `r.id, r.tenant_id, r.conv, r.workflow_id, r.revision, r.inbound_id, r.state, r.reason, r.step, r.sent, r.effects,
	r.advances, r.pending, r.rank, r.started_at, r.updated_at`

// Run is a row of run.
type Run struct {
	ID           string         `db:"id"`
	Tenant       string         `db:"tenant_id"`
	Conversation string         `db:"conv"`
	Workflow     string         `db:"workflow_id"`
	Revision     int64          `db:"revision"`
	Inbound      string         `db:"inbound_id"`
	State        string         `db:"state"`
	Reason       string         `db:"reason"`
	Step         int            `db:"step"`
	Sent         int            `db:"sent"`
	Effects      int            `db:"effects"`
	Advances     int            `db:"advances"`
	Pending      sql.NullString `db:"pending"`
	Rank         int            `db:"rank"`
	StartedAt    Stamp          `db:"started_at"`
	UpdatedAt    Stamp          `db:"updated_at"`
}

// Noun is the run that the row holds.
func (r Run) Noun() (flow.Run, error) {
	n := flow.Run{
		Tenant: flow.TenantID(r.Tenant), ID: flow.RunID(r.ID), Conversation: flow.ConversationID(r.Conversation),
		Workflow: flow.WorkflowID(r.Workflow), Revision: r.Revision, Inbound: flow.InboundID(r.Inbound),
		State: flow.RunState(r.State), Reason: r.Reason, Cursor: r.Step, Sent: r.Sent, Effects: r.Effects, Advances: r.Advances,
		Rank: r.Rank, StartedAt: r.StartedAt.Time, UpdatedAt: r.UpdatedAt.Time,
	}
	if r.Pending.Valid {
		n.Pending = new(flow.Effect)
		if err := Decode(r.Pending.String, n.Pending); err != nil {
			return n, err
		}
	}
	return n, nil
}

// RunOf is the row of a run.
func RunOf(n flow.Run) (Run, error) {
	r := Run{
		ID: string(n.ID), Tenant: string(n.Tenant), Conversation: string(n.Conversation), Workflow: string(n.Workflow),
		Revision: n.Revision, Inbound: string(n.Inbound), State: string(n.State), Reason: n.Reason,
		Step: n.Cursor, Sent: n.Sent, Effects: n.Effects, Advances: n.Advances, Rank: n.Rank,
		StartedAt: Stamp{Micros(n.StartedAt)}, UpdatedAt: Stamp{Micros(n.UpdatedAt)},
	}
	if n.Pending != nil {
		s, err := Encode(n.Pending)
		if err != nil {
			return r, err
		}
		r.Pending = sql.NullString{String: s, Valid: true}
	}
	return r, nil
}
