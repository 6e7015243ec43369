package sqlstore

import "smsflow/services/flow"

// MessageColumns are those of Message, of the table (or its alias) m.
const MessageColumns = `m.seq, m.tenant_id, m.id, m.conv, m.msg_key, m.connection, m.gateway_msg_id, m.sender, m.recipient, m.body,
	m.received_at, m.accepted_at`

// Message is a row of message.
type Message struct {
	Seq              int64  `db:"seq"`
	Tenant           string `db:"tenant_id"`
	ID               string `db:"id"`
	Conversation     string `db:"conv"`
	Key              string `db:"msg_key"`
	Connection       string `db:"connection"`
	GatewayMessageID string `db:"gateway_msg_id"`
	From             string `db:"sender"`
	To               string `db:"recipient"`
	Body             string `db:"body"`
	ReceivedAt       Stamp  `db:"received_at"`
	AcceptedAt       Stamp  `db:"accepted_at"`
}

// Noun is the message that the row holds.
func (r Message) Noun() flow.Inbound {
	return flow.Inbound{
		Tenant: flow.TenantID(r.Tenant), ID: flow.InboundID(r.ID), Seq: r.Seq, Conversation: flow.ConversationID(r.Conversation),
		Connection: flow.ConnectionID(r.Connection), GatewayMessageID: r.GatewayMessageID, Key: r.Key,
		From: r.From, To: r.To, Body: r.Body, ReceivedAt: r.ReceivedAt.Time, AcceptedAt: r.AcceptedAt.Time,
	}
}
