// Package flow holds the nouns of the product, their limits and the rules that need nothing but the noun itself:
// tenants, workflows and their steps, assistants, conversations, inbound and outbound messages, runs, and the trace
// that explains a decision. It is pure: no clock, no I/O, no storage, no wire format.
package flow

// Ids are UUIDv7 strings unless their doc says otherwise.
type (
	// TenantID names an organisation.
	TenantID string
	// WorkflowID names a workflow.
	WorkflowID string
	// AssistantID names an assistant.
	AssistantID string
	// ConnectionID names a gateway connection.
	ConnectionID string
	// KeyID names a machine key: the part of the key before the dot.
	KeyID string
	// ConversationID is derived from tenant, number and contact: see NewConversationID.
	ConversationID string
	// InboundID names an inbound message.
	InboundID string
	// OutboundID names an outbound message and is its idempotency key at the gateway.
	OutboundID string
	// RunID names a run.
	RunID string
	// EffectID names an effect of a run and is its idempotency key.
	EffectID string
	// StepID names a step within its workflow.
	StepID string
)
