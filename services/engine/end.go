package engine

import "smsflow/services/flow"

// end completes the run.
type end struct{}

func (end) advance(*turn, *step) result { return result{is: flow.StepDone, follows: stop} }
