package flow

import "time"

// Outcome is what became of an inbound SMS.
type Outcome string

// The outcomes.
const (
	OutcomeReplied       Outcome = "replied"
	OutcomeNoReply       Outcome = "no_reply"
	OutcomeAccepted      Outcome = "accepted" // committed, not handled yet
	OutcomeNoWorkflow    Outcome = "no_workflow"
	OutcomeOptedOut      Outcome = "opted_out"
	OutcomeOptedIn       Outcome = "opted_in"
	OutcomeHelpSent      Outcome = "help_sent"
	OutcomeHandedOff     Outcome = "handed_off"
	OutcomeDuplicate     Outcome = "duplicate"
	OutcomeBlockedPlan   Outcome = "blocked_plan"
	OutcomeBlockedFlag   Outcome = "blocked_flag"
	OutcomeUnknownNumber Outcome = "unknown_number"
	OutcomeFailed        Outcome = "failed"
	OutcomeBlockedLoop   Outcome = "blocked_loop"
)

// Verdict is how a candidate fared.
type Verdict string

// The verdicts.
const (
	VerdictWon        Verdict = "won"
	VerdictLost       Verdict = "lost"
	VerdictNotReached Verdict = "not_reached"
)

// MaxNotReached is how many candidates behind the winner a trace lists.
const MaxNotReached = 20

// WorkflowRef names a workflow as it was.
type WorkflowRef struct {
	ID       WorkflowID `json:"id"`
	Name     string     `json:"name"`
	Revision int64      `json:"revision"`
}

// Trace explains the outcome of one inbound message.
type Trace struct {
	AcceptedAt    time.Time     `json:"accepted_at"`
	FinishedAt    time.Time     `json:"finished_at"`
	Notes         []Note        `json:"notes,omitempty"`
	PriorityOrder PriorityOrder `json:"priority_order,omitempty"`
	ConfigVersion int64         `json:"config_version,omitempty"`
	Candidates    []Candidate   `json:"candidates,omitempty"`
	NotReached    int           `json:"not_reached,omitempty"`
}

// Note is one thing that was looked at before selection.
type Note struct {
	Stage string `json:"stage"`
	Text  string `json:"text"`
}

// Candidate is one workflow that could have handled the message.
type Candidate struct {
	Workflow WorkflowRef `json:"workflow"`
	Goal     Goal        `json:"goal"`
	Priority int32       `json:"priority"`
	Rank     int         `json:"rank"`
	Verdict  Verdict     `json:"verdict"`
	Reason   string      `json:"reason,omitempty"`
	Steps    []StepEvent `json:"steps,omitempty"`
}

// Result is the outcome of one inbound message with its reason.
type Result struct {
	Tenant    TenantID
	Inbound   InboundID
	Outcome   Outcome
	Workflow  *WorkflowRef
	Run       RunID
	Trace     Trace
	Replies   []Outbound // read from the outbound messages that answer it
	Duplicate bool
}
