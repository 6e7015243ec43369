package engine

import (
	"fmt"

	"smsflow/services/flow"
)

// matchGoal looks for the words of the workflow's goal in the message.
type matchGoal struct {
	finder finder
	every  bool // general_inquiry takes every message
	absent string
}

func newMatchGoal(spec *flow.MatchGoal, goal flow.Goal) (stepper, error) {
	m := &matchGoal{every: goal == flow.GoalGeneralInquiry, absent: "no word of " + string(goal) + " found"}
	words, ok := goalWords(goal)
	if !ok {
		return nil, fmt.Errorf("unknown goal %q", goal)
	}
	for _, w := range words {
		m.finder.add(w, true)
	}
	for _, w := range spec.ExtraWords {
		m.finder.add(w, true)
	}
	return m, nil
}

func (m *matchGoal) advance(t *turn, _ *step) result {
	if m.every {
		return checked(true, t.input(), string(flow.GoalGeneralInquiry)+" takes every message")
	}
	detail, found := m.finder.look(t.message(), m.absent)
	return checked(found, t.input(), detail)
}
