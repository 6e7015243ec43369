package flow

import (
	"bytes"
	"strconv"
)

// DefaultSteps are the steps of a new workflow that names none: the goal's words, then the assistant. A general
// inquiry takes every message, so it has no check.
func DefaultSteps(goal Goal) []Step {
	reply := Step{ID: StepID(TypeAssistantReply), Spec: &AssistantReply{}}
	if goal == GoalGeneralInquiry {
		return []Step{reply}
	}
	return []Step{{ID: StepID(TypeMatchGoal), Spec: &MatchGoal{}}, reply}
}

// NameSteps gives an id to each step without one: its type, with a number if that is taken: match_words,
// match_words-2. The steps' slice is the workflow's own afterwards; a step without a kind gets none.
func (w *Workflow) NameSteps() {
	taken := make(map[StepID]bool, len(w.Steps))
	for _, s := range w.Steps {
		taken[s.ID] = true
	}
	steps := append([]Step(nil), w.Steps...)
	for i := range steps {
		s := &steps[i]
		if s.ID != "" || !s.HasKind() {
			continue
		}
		base := StepID(s.Spec.Type())
		s.ID = base
		for n := 2; taken[s.ID]; n++ {
			s.ID = base + StepID("-"+strconv.Itoa(n))
		}
		taken[s.ID] = true
	}
	w.Steps = steps
}

// NeedsAssistant says whether the step asks the workflow's assistant.
func (s *Step) NeedsAssistant() bool {
	_, ok := s.Spec.(*AssistantReply)
	return ok
}

// Activatable is nil if the workflow may be switched on, else an ErrPrecondition that says what it lacks.
func (w *Workflow) Activatable() error {
	if len(w.Steps) == 0 {
		return Errorf(ErrPrecondition, ReasonStepsRequired, "the workflow has no steps: add at least one before you switch it on")
	}
	if w.Assistant != "" {
		return nil
	}
	for i := range w.Steps {
		if s := &w.Steps[i]; s.NeedsAssistant() {
			e := Errorf(ErrPrecondition, ReasonAssistantRequired,
				"step %d (%s, %s) needs an assistant: assign one to the workflow before you switch it on", i+1, s.ID, s.Spec.Type())
			e.Meta = map[string]string{"step": string(s.ID)}
			return e
		}
	}
	return nil
}

// RevisionOf is what a run that begins now is pinned to.
func (w *Workflow) RevisionOf() Revision {
	return Revision{
		Tenant: w.Tenant, Workflow: w.ID, Number: w.Revision,
		Name: w.Name, Goal: w.Goal, Context: w.Context, ResponseTemplate: w.ResponseTemplate,
		Assistant: w.Assistant, Steps: w.Steps, CreatedAt: w.UpdatedAt, CreatedBy: w.UpdatedBy,
	}
}

// SameRevision says whether a run sees no difference between two states of a workflow. If it does, a save makes a new
// revision.
func SameRevision(a, b Workflow) bool {
	return a.Name == b.Name && a.Goal == b.Goal && a.Context == b.Context &&
		a.ResponseTemplate == b.ResponseTemplate && a.Assistant == b.Assistant && sameSteps(a.Steps, b.Steps)
}

// sameSteps compares stored forms, in which empty and absent lists are one.
func sameSteps(a, b []Step) bool {
	if len(a) != len(b) {
		return false
	}
	x, errX := EncodeSteps(a)
	y, errY := EncodeSteps(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
