// Package engine runs workflows: Advance takes a revision made ready (Program), a run, what the run can see (Facts) and
// an event, and gives the run as it is then and what it asks for (Output). It is pure and deterministic: the same inputs
// give the same outputs; there is no clock, no I/O and no randomness in it.
package engine

import (
	"time"

	"smsflow/services/flow"
)

// Limits of the engine.
const (
	// MaxAdvances bounds the steps that a run takes between two inbound messages.
	MaxAdvances = 100
	// MaxSegments bounds one outbound text; a longer one is cut.
	MaxSegments = 10
	// DefaultReplySegments bounds an assistant's reply that names no limit.
	DefaultReplySegments = 2
	// DefaultHistory is how many messages an assistant sees if the step does not say.
	DefaultHistory = 10
)

// Facts are what a run can see beside its revision.
type Facts struct {
	// Now is when the message (or the event) was accepted: the only clock that a run sees.
	Now          time.Time
	TenantName   string
	TenantNumber string
	Zone         string // IANA; empty: UTC
	Contact      string
	NewContact   bool
	OptedIn      bool
	Vars         map[string]string // never changed by the engine
	Tags         []string          // never changed by the engine
	Message      string
	// prepared holds what Prepare has worked out; nil: each Advance does it for itself.
	prepared *prepared
}

// Event is what makes a run advance: exactly one of its forms.
type Event struct {
	// Answered is the result of the run's pending effect; nil: the run starts with the message in Facts.
	Answered *flow.Answer
	// Effect is the effect that was answered. An answer to another one than the run waits for changes nothing.
	Effect flow.EffectID
}

// Output is what a run did and asks for, in order within each kind.
type Output struct {
	// Passed: a check failed with next_workflow before anything was sent: the next candidate gets the message.
	Passed bool
	Steps  []flow.StepEvent
	Sends  []Send
	Vars   []Var
	Tags   []Tag
	// HandOff: a person takes over.
	HandOff *HandOff
	// Ask is the effect that the run now waits for; it is the run's Pending too.
	Ask *flow.Effect
}

// Send asks for an outbound message. Text is rendered, not empty and has at most MaxSegments segments.
type Send struct {
	Step flow.StepID
	Text string
}

// Var sets a variable of the conversation.
type Var struct{ Name, Value string }

// Tag puts a tag on the contact or takes it off.
type Tag struct {
	Name   string
	Remove bool
}

// HandOff gives the conversation to a person.
type HandOff struct{ Note string }
