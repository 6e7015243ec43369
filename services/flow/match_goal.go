package flow

// Limits of MatchGoal.
const (
	MaxExtraWords = 100
	MaxExtraWord  = 80
)

// MatchGoal is a check whether the message speaks of the workflow's goal, by the goal's built-in list of English words
// and phrases and by the ones given here. Words are compared as MatchWords does it; besides, each counts with a plural
// "s" too. With the goal general_inquiry it always passes.
//
//	id: match_goal
//	match_goal:
//	  extra_words: [whitening, implant]
type MatchGoal struct {
	ExtraWords []string `json:"extra_words,omitempty"`
}

// Type is match_goal.
func (*MatchGoal) Type() StepType { return TypeMatchGoal }

// Check is true.
func (*MatchGoal) Check() bool { return true }

func (m *MatchGoal) validate(v *violations, path string) {
	v.words(path+".extra_words", m.ExtraWords, MaxExtraWords, MaxExtraWord, false)
}
