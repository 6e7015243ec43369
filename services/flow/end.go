package flow

// End is an action that completes the run: no step after it runs, unless a check's go_to leads there.
//
//	id: done
//	end: {}
type End struct{}

// Type is end.
func (*End) Type() StepType { return TypeEnd }

// Check is false.
func (*End) Check() bool { return false }

func (*End) validate(*violations, string) {}
