package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Limits of a conversation.
const (
	MaxVariables     = 100
	MaxVariableValue = 500
	MaxTags          = 50
)

// ConversationState says who answers.
type ConversationState string

// The states of a conversation.
const (
	Automated ConversationState = "automated"
	HandedOff ConversationState = "handed_off"
	OptedOut  ConversationState = "opted_out"
)

// Conversation is what a tenant's number and one contact have said to each other.
type Conversation struct {
	Tenant      TenantID
	ID          ConversationID
	Number      string // the tenant's own
	Contact     string // E.164
	State       ConversationState
	StateReason string
	// HandedOffAt is when a person got the conversation; zero unless State is HandedOff.
	HandedOffAt time.Time
	// StopConfirmed: opted out, and the contact has been told so once.
	StopConfirmed bool
	OptedIn       bool // by a start word
	Vars          map[string]string
	Tags          []string
	Inbounds      int64 // handled so far
	// Run is the run that is open (running or waiting); empty: none.
	Run RunID
	// Ver grows by one with every commit; 0: not stored yet.
	Ver int64
	// Recent holds the times of the last automated replies, LastText the last one's text, and SameReplies how often in a
	// row that text was sent: what the loop guard goes by.
	Recent      []time.Time
	SameReplies int
	LastText    string
}

// NewConversationID is the id of the conversation between a tenant's number and a contact.
func NewConversationID(tenant TenantID, number, contact string) ConversationID {
	return ConversationID(digest(string(tenant), number, contact))
}

// NewMessageKey is the key by which repeated deliveries of one message are known.
func NewMessageKey(tenant TenantID, connection ConnectionID, gatewayMessageID string) string {
	return digest(string(tenant), string(connection), gatewayMessageID)
}

// digest joins its parts unambiguously and hashes them: 32 hex digits.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		for i, l := 7, len(p); i >= 0; i, l = i-1, l>>8 {
			n[i] = byte(l)
		}
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
