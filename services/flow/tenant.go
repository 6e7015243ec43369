package flow

import "time"

// Tenant is an organisation: it owns workflows, assistants, numbers and conversations.
type Tenant struct {
	ID   TenantID
	Name string
	// SMSPlan and SMSWorkflows are the two gates: the plan includes SMS; the flag smsWorkflowsEnabled is on.
	SMSPlan      bool
	SMSWorkflows bool
	Settings     Settings
	// ConfigVersion grows with every change that the router must see before its next message.
	ConfigVersion int64
	CreatedAt     time.Time
}

// NoMatch is what the router does when no workflow takes a message.
type NoMatch string

// The no-match policies.
const (
	NoMatchSilence NoMatch = "silence"
	NoMatchText    NoMatch = "text"
	NoMatchHandOff NoMatch = "hand_off"
)

// Settings are a tenant's own choices. Zero values stand for the defaults in the comments.
type Settings struct {
	PriorityOrder PriorityOrder `json:"priority_order,omitempty"` // highest_first
	NoMatch       NoMatch       `json:"no_match,omitempty"`       // silence
	NoMatchText   string        `json:"no_match_text,omitempty"`
	Zone          string        `json:"zone,omitempty"` // IANA; UTC
	// ReleaseAfterMinutes is how long a handed-off conversation stays with a person; 0: until it is released.
	ReleaseAfterMinutes int `json:"release_after_minutes,omitempty"`
	// Brand and HelpContact are named in the answers to consent words; the tenant's name stands in for Brand.
	Brand       string `json:"brand,omitempty"`
	HelpContact string `json:"help_contact,omitempty"`
	// Words beside the built-in ones, which cannot be taken away.
	StopWords  []string `json:"stop_words,omitempty"`
	StartWords []string `json:"start_words,omitempty"`
	HelpWords  []string `json:"help_words,omitempty"`
	// Texts instead of the built-in answers.
	StopText  string `json:"stop_text,omitempty"`
	StartText string `json:"start_text,omitempty"`
	HelpText  string `json:"help_text,omitempty"`
}

// Number is one of a tenant's own phone numbers.
type Number struct {
	Tenant TenantID
	Number string // E.164 or a short code
}

// Scope is a permission of a machine key.
type Scope string

// The scopes.
const (
	ScopeRouterIngest Scope = "router:ingest"
	ScopeConfigRead   Scope = "config:read"
	ScopeConfigWrite  Scope = "config:write"
)

// Key is a machine key: "ID.SECRET", of which only the SHA-256 of the secret is kept.
type Key struct {
	ID         KeyID
	Tenant     TenantID
	Name       string
	SecretHash []byte
	Scopes     []Scope
	Connection ConnectionID // for router:ingest: whose messages it submits
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	RevokedAt  time.Time // zero: not
}
