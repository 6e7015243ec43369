package flow

import "time"

// RunState says how far a run has come.
type RunState string

// The states of a run.
const (
	RunRunning   RunState = "running" // an effect is under way
	RunWaiting   RunState = "waiting" // for the contact or a time
	RunCompleted RunState = "completed"
	RunFailed    RunState = "failed"
	RunCancelled RunState = "cancelled"
)

// Open says whether the run can still advance.
func (s RunState) Open() bool { return s == RunRunning || s == RunWaiting }

// Run is one execution of one revision in one conversation.
type Run struct {
	Tenant       TenantID
	ID           RunID
	Conversation ConversationID
	Workflow     WorkflowID
	Revision     int64
	Inbound      InboundID // the message that began it
	State        RunState
	Reason       string // why it ended, or what it waits for
	Cursor       int    // index of the current step
	Sent         int    // messages sent so far
	Effects      int    // effects asked for so far: numbers their ids
	Advances     int    // since the last inbound message
	Pending      *Effect
	Rank         int // of the candidate, from 1
	StartedAt    time.Time
	UpdatedAt    time.Time
}

// EffectKind is what an effect asks for.
type EffectKind string

// EffectAsk is a call of an assistant.
const EffectAsk EffectKind = "ask"

// Effect is what a run waits for from outside: it is committed with the run and done outside any transaction.
type Effect struct {
	ID          EffectID   `json:"id"`
	Kind        EffectKind `json:"kind"`
	Step        StepID     `json:"step"`
	MaxSegments int        `json:"max_segments,omitempty"`
	History     int        `json:"history,omitempty"`
}

// StepResult is how a step went.
type StepResult string

// The results of a step.
const (
	StepPassed  StepResult = "passed"
	StepFailed  StepResult = "failed"
	StepDone    StepResult = "done"
	StepWaiting StepResult = "waiting"
	StepError   StepResult = "error"
)

// StepEvent is a fact of a run: what a step looked at and did. Events are appended, never changed.
type StepEvent struct {
	Step   StepID     `json:"step"`
	Type   StepType   `json:"type"`
	Result StepResult `json:"result"`
	Input  string     `json:"input,omitempty"`
	Detail string     `json:"detail,omitempty"`
	Then   string     `json:"then,omitempty"`
	At     time.Time  `json:"at"`
	Answer *Answer    `json:"answer,omitempty"`
}
