package sqlstore

import (
	"time"

	"smsflow/services/flow"
)

// OutboundColumns are those of Outbound, of OutboundTables.
const OutboundColumns = `o.id, o.tenant_id, o.conv, o.connection, o.inbound_id, o.run_id, o.step_id, o.sender, o.recipient, o.body,
	o.segments, o.encoding, coalesce(q.state, o.state) AS state, o.created_at, o.ver, o.n, o.consent,
	coalesce(q.attempts, o.attempts) AS attempts, o.reason, o.gateway_id, coalesce(q.doubt, o.doubt) AS doubt, o.updated_at`

// OutboundTables are where a message and, as long as it is still to be sent, its place in the queue are.
const OutboundTables = `outbound o LEFT JOIN outgoing q ON q.id = o.id`

// Clearance is a row of what Clear reads.
type Clearance struct {
	Held     bool `db:"held"`
	Behind   bool `db:"behind"`
	OptedOut bool `db:"opted_out"`
}

// Outbound is a row of outbound.
type Outbound struct {
	ID           string `db:"id"`
	Tenant       string `db:"tenant_id"`
	Conversation string `db:"conv"`
	Connection   string `db:"connection"`
	Inbound      string `db:"inbound_id"`
	Run          string `db:"run_id"`
	Step         string `db:"step_id"`
	From         string `db:"sender"`
	To           string `db:"recipient"`
	Body         string `db:"body"`
	Segments     int    `db:"segments"`
	Encoding     string `db:"encoding"`
	State        string `db:"state"`
	CreatedAt    Stamp  `db:"created_at"`
	Ver          int64  `db:"ver"`
	N            int    `db:"n"`
	Consent      bool   `db:"consent"`
	Attempts     int    `db:"attempts"`
	Reason       string `db:"reason"`
	GatewayID    string `db:"gateway_id"`
	Doubt        bool   `db:"doubt"`
	UpdatedAt    Stamp  `db:"updated_at"`
	// SendingFor is not a column: see Due.
	SendingFor time.Duration `db:"-"`
}

// Noun is the message that the row holds.
func (r Outbound) Noun() flow.Outbound {
	return flow.Outbound{
		Tenant: flow.TenantID(r.Tenant), ID: flow.OutboundID(r.ID), Conversation: flow.ConversationID(r.Conversation),
		Connection: flow.ConnectionID(r.Connection), Inbound: flow.InboundID(r.Inbound), Run: flow.RunID(r.Run), Step: flow.StepID(r.Step),
		From: r.From, To: r.To, Body: r.Body, Segments: r.Segments, Encoding: r.Encoding,
		State: flow.OutboundState(r.State), CreatedAt: r.CreatedAt.Time, Consent: r.Consent,
		Attempts: r.Attempts, Reason: r.Reason, GatewayID: r.GatewayID, Doubt: r.Doubt, UpdatedAt: r.UpdatedAt.Time,
	}
}

// OutboundOf is the row of the nth message that a commit, which makes the conversation's version ver, asks for. One that
// the commit claims is at its first attempt.
func OutboundOf(m flow.Outbound, ver int64, n int) Outbound {
	r := Outbound{
		ID: string(m.ID), Tenant: string(m.Tenant), Conversation: string(m.Conversation), Connection: string(m.Connection),
		Inbound: string(m.Inbound), Run: string(m.Run), Step: string(m.Step), From: m.From, To: m.To, Body: m.Body,
		Segments: m.Segments, Encoding: m.Encoding, State: string(m.State), CreatedAt: Stamp{Micros(m.CreatedAt)}, Ver: ver, N: n,
		Consent: m.Consent,
	}
	if m.State == flow.OutboundSending {
		r.Attempts, r.SendingFor = 1, m.SendingFor
	}
	return r
}

// Open says whether the message is still to be sent, and so has a row in outgoing.
func (r Outbound) Open() bool {
	return r.State == string(flow.OutboundPending) || r.State == string(flow.OutboundSending)
}
