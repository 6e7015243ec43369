package flow

import "strconv"

// Limits of AssistantReply.
const (
	MaxReplySegments = 10
	MaxHistory       = 50
)

// OnError is what happens when the assistant fails.
type OnError string

// The ways to go on. Each sends the fallback text first, if there is one.
const (
	OnErrorContinue OnError = ""
	OnErrorHandOff  OnError = "hand_off"
	OnErrorStop     OnError = "stop"
)

// AssistantReply is an action: the workflow's assistant writes a reply from the workflow's context, its response
// template and the conversation so far. FallbackText, which may name variables, is sent when the assistant fails or
// does not know; OnError says what else happens when it fails.
//
//	id: answer
//	assistant_reply:
//	  max_segments: 2 # 0 stands for 2
//	  fallback_text: "We will get back to you."
//	  on_error: hand_off
//	  history: 10     # messages that the assistant sees; without it: 10
type AssistantReply struct {
	MaxSegments  int32   `json:"max_segments,omitempty"`
	FallbackText string  `json:"fallback_text,omitempty"`
	OnError      OnError `json:"on_error,omitempty"`
	History      *int32  `json:"history,omitempty"`
}

// Type is assistant_reply.
func (*AssistantReply) Type() StepType { return TypeAssistantReply }

// Check is false.
func (*AssistantReply) Check() bool { return false }

func (a *AssistantReply) validate(v *violations, path string) {
	if a.MaxSegments < 0 || a.MaxSegments > MaxReplySegments {
		v.add(path+".max_segments", ViolationOutOfRange, "is "+strconv.Itoa(int(a.MaxSegments))+": choose 1 to "+strconv.Itoa(MaxReplySegments)+", or 0 for the default")
	}
	v.template(path+".fallback_text", a.FallbackText, MaxText)
	switch a.OnError {
	case OnErrorContinue, OnErrorHandOff, OnErrorStop:
	default:
		v.add(path+".on_error", ViolationUnknownValue, "is "+quoted(string(a.OnError))+": choose hand_off or stop, or leave it empty to go on")
	}
	if a.History != nil && (*a.History < 0 || *a.History > MaxHistory) {
		v.add(path+".history", ViolationOutOfRange, "is "+strconv.Itoa(int(*a.History))+": choose 0 to "+strconv.Itoa(MaxHistory)+" messages")
	}
}
