package flow

import "time"

// Limits of an assistant.
const (
	MaxModel            = 200
	MaxBaseURL          = 500
	MaxInstructions     = 8_000
	MaxAPIKey           = 500
	MaxAssistants       = 200 // of one tenant
	MinTimeout          = time.Second
	MaxTimeout          = time.Minute
	DefaultTimeout      = 20 * time.Second
	MaxOutputTokens     = 4_096
	DefaultOutputTokens = 400
)

// Provider is who runs an assistant's model.
type Provider string

// The providers.
const (
	ProviderFAQ    Provider = "faq"
	ProviderOpenAI Provider = "openai"
)

// Assistant is a configured language model.
type Assistant struct {
	Tenant          TenantID
	ID              AssistantID
	Name            string
	Provider        Provider
	Model           string
	BaseURL         string
	Instructions    string
	Timeout         time.Duration // 0: DefaultTimeout
	MaxOutputTokens int32         // 0: DefaultOutputTokens
	SealedAPIKey    []byte        // encrypted; nil: none
	Version         int64
	CreatedAt       time.Time
	UpdatedAt       time.Time
	UsedBy          int32 // read only: workflows assigned to it
}

// Said is one message of a conversation's history.
type Said struct {
	Inbound bool
	Text    string
}

// Ask is what an assistant is asked.
type Ask struct {
	Effect           EffectID // idempotency key
	Assistant        Assistant
	APIKey           Secret // opened for this call
	WorkflowName     string
	Goal             Goal
	Context          string
	ResponseTemplate string
	TenantName       string
	Message          string
	History          []Said // oldest first, without Message
	MaxSegments      int
}

// Answer is what an assistant said. A failed call is data too: Err is then set and Text empty.
type Answer struct {
	Text         string        `json:"text,omitempty"`
	Unsure       bool          `json:"unsure,omitempty"` // it says that it does not know
	Model        string        `json:"model,omitempty"`
	InputTokens  int32         `json:"input_tokens,omitempty"`
	OutputTokens int32         `json:"output_tokens,omitempty"`
	Latency      time.Duration `json:"latency,omitempty"`
	Err          string        `json:"err,omitempty"` // a sentence for the trace, without secrets
}

// APIKeyField names an assistant's key to the sealer, so that one assistant's sealed key is of no use to another.
func APIKeyField(id AssistantID) string { return "assistant/" + string(id) + "/api_key" }
