package flow

import "time"

// MaxGatewayMessageID is the length of a gateway's own message id, in characters.
const MaxGatewayMessageID = 200

// Inbound is an SMS received.
type Inbound struct {
	Tenant           TenantID
	ID               InboundID
	Seq              int64 // given by the store: place in the conversation's queue
	Conversation     ConversationID
	Connection       ConnectionID
	GatewayMessageID string
	Key              string // see NewMessageKey
	From             string
	To               string
	Body             string
	ReceivedAt       time.Time // by the gateway
	AcceptedAt       time.Time // by us
	// Stop: the text is a stop word. The commit that accepts it opts the contact out, so that nothing that is decided
	// or sent afterwards can miss it.
	Stop bool
}

// OutboundState says how far an outbound message has come.
type OutboundState string

// The states of an outbound message.
const (
	// OutboundReturned: handed to the gateway in the answer to its own call.
	OutboundReturned OutboundState = "returned"
	OutboundPending  OutboundState = "pending"
	OutboundSending  OutboundState = "sending"
	OutboundSent     OutboundState = "sent"
	OutboundFailed   OutboundState = "failed"
	// OutboundUnknown: the gateway may or may not have taken it; it is never sent again by itself.
	OutboundUnknown OutboundState = "unknown"
	// OutboundSuppressed: the contact opted out before it was sent.
	OutboundSuppressed OutboundState = "suppressed"
	// OutboundDelivered and OutboundUndelivered are the gateway's delivery reports of a message that was sent.
	OutboundDelivered   OutboundState = "delivered"
	OutboundUndelivered OutboundState = "undelivered"
)

// Outbound is an SMS to be sent: an intent, committed before it is sent.
type Outbound struct {
	Tenant       TenantID
	ID           OutboundID
	Conversation ConversationID
	Connection   ConnectionID
	Inbound      InboundID // what it answers
	Run          RunID     // empty: not by a run (consent words, policies)
	Step         StepID
	From         string
	To           string
	Body         string
	Segments     int
	Encoding     string
	State        OutboundState
	CreatedAt    time.Time
	// Consent: the answer to a consent word, which goes out also to a contact who has opted out.
	Consent bool
	// Attempts, Reason, GatewayID and UpdatedAt tell how the sending went.
	Attempts  int
	Reason    string
	GatewayID string
	// Doubt: nobody knows of an earlier attempt whether it was taken.
	Doubt     bool
	UpdatedAt time.Time
	// SendingFor: with OutboundSending in a Commit, how long the committing owner has for the sending.
	SendingFor time.Duration
}

// Take says which outbound messages are to be claimed: see router.Outbox.
type Take struct {
	IDs        []OutboundID // these; empty: those that are due
	Tenant     TenantID     // with Connection
	Connection ConnectionID // of a gateway that pulls; empty: of all that are pushed to
	Cursor     TenantID     // tenants are served in turn from the one after it
	PerTenant  int
	Limit      int
}

// Clearance is what there is to know of an outbound message just before it is handed over.
type Clearance struct {
	Held     bool // the claim on it has not ended
	Behind   bool // an older message of its conversation is still to be sent
	OptedOut bool // its contact has opted out
}

// Settled is how far an outbound message has come.
type Settled struct {
	Tenant     TenantID
	ID         OutboundID
	State      OutboundState
	Reason     string
	GatewayID  string
	RetryAfter time.Duration // with OutboundPending: from now
	Attempts   int
	Doubt      bool
}
