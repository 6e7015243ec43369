package flow

import "time"

// Limits of the dispatch of outbound messages.
const (
	MaxConnections    = 100 // of one tenant
	MaxSendAttempts   = 8   // of one message; then it has failed
	SendTimeout       = 15 * time.Second
	MaxOutboundReason = 500
)

// Delivery is how a gateway gets the outbound messages of its connection.
type Delivery string

// The ways of delivery.
const (
	// DeliverResponse: in the answers of RouteInbound and GetOutcome, and nowhere else.
	DeliverResponse Delivery = "response"
	// DeliverStream: the gateway pulls them by DeliverOutbound and acknowledges each.
	DeliverStream Delivery = "stream"
	// DeliverWebhook: they are posted, signed, to the gateway's URL.
	DeliverWebhook Delivery = "webhook"
	// DeliverNull: they are taken for sent at once; for measurements.
	DeliverNull Delivery = "null"
)

// Connection is how one messaging gateway reaches us and we reach it.
type Connection struct {
	Tenant       TenantID
	ID           ConnectionID
	Name         string
	Delivery     Delivery
	URL          string // DeliverWebhook
	SealedSecret []byte // DeliverWebhook: signs what is posted
	// Dedupes: the gateway sends a message once however often it gets the same outbound id. Only then may a message
	// of which nobody knows whether it was taken be handed over again.
	Dedupes   bool
	CreatedAt time.Time
}

// Dispatch is one outbound message on its way to a gateway.
type Dispatch struct {
	Connection Connection
	Secret     Secret // opened for this call
	Message    Outbound
	Attempt    int // from 1
}

// Sent is how a gateway took an outbound message.
type Sent struct {
	// State is OutboundSent, OutboundFailed (not taken, and never will be), OutboundPending (not taken now: try
	// again) or OutboundUnknown (nobody knows).
	State OutboundState
	// Reason is a sentence for people, without secrets; empty when sent.
	Reason string
	// GatewayID is the gateway's own id of the message, if it gave one.
	GatewayID string
	// RetryAfter is what the gateway asked for, with OutboundPending.
	RetryAfter time.Duration
}

// ConnectionSecretField names a connection's secret to the sealer.
func ConnectionSecretField(id ConnectionID) string { return "connection/" + string(id) + "/secret" }
