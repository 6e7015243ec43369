package flow

// StepType is a step's name on the wire and in a workflow file.
type StepType string

// The step types. Each has a file of its own here (its fields, limits and doc) and one in services/engine.
const (
	TypeMatchWords     StepType = "match_words"
	TypeMatchGoal      StepType = "match_goal"
	TypeWithinHours    StepType = "within_hours"
	TypeContactIs      StepType = "contact_is"
	TypeSendMessage    StepType = "send_message"
	TypeAssistantReply StepType = "assistant_reply"
	TypeSetVariable    StepType = "set_variable"
	TypeTagContact     StepType = "tag_contact"
	TypeHandOff        StepType = "hand_off"
	TypeEnd            StepType = "end"
)

// StepTypes lists every step type.
func StepTypes() []StepType {
	return []StepType{
		TypeMatchWords, TypeMatchGoal, TypeWithinHours, TypeContactIs,
		TypeSendMessage, TypeAssistantReply, TypeSetVariable, TypeTagContact, TypeHandOff, TypeEnd,
	}
}

// Step is one check or action of a workflow.
type Step struct {
	ID     StepID
	Label  string
	OnFail *OnFail // checks only; nil stands for next_workflow
	Spec   Spec
}

// Spec is what one type of step is told: exactly one of the pointer types *MatchWords, *MatchGoal … *End.
type Spec interface {
	// Type is the step's name on the wire.
	Type() StepType
	// Check says whether the step is a check, which can fail, or an action.
	Check() bool
	// validate adds what is wrong with the fields; path is the step's own, for example "steps[2]".
	validate(v *violations, path string)
}

// FailAction is what happens when a check fails.
type FailAction string

// The five forms of on_fail.
const (
	FailNextWorkflow FailAction = "next_workflow"
	FailStop         FailAction = "stop"
	FailHandOff      FailAction = "hand_off"
	FailContinue     FailAction = "continue"
	FailGoTo         FailAction = "go_to"
)

// OnFail is what happens when a check fails. GoTo names a later step and is set with FailGoTo only.
type OnFail struct {
	Action FailAction `json:"action"`
	GoTo   StepID     `json:"go_to,omitempty"`
}
