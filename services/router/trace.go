package router

import (
	"smsflow/services/flow"
)

func (m *message) note(stage, text string) {
	m.res.Trace.Notes = append(m.res.Trace.Notes, flow.Note{Stage: stage, Text: text})
}

// tried says whether a candidate has lost the message already.
func (m *message) tried(id flow.WorkflowID) bool {
	for i := range m.res.Trace.Candidates {
		if c := &m.res.Trace.Candidates[i]; c.Workflow.ID == id && c.Verdict == flow.VerdictLost {
			return true
		}
	}
	return false
}

// last is the candidate that has the message now. Those that were not reached are listed behind it only when the turn
// ends, and taken off again before the next one.
func (m *message) last() *flow.Candidate {
	cs := m.res.Trace.Candidates
	for len(cs) > 1 && cs[len(cs)-1].Verdict == flow.VerdictNotReached {
		cs = cs[:len(cs)-1]
	}
	m.res.Trace.Candidates = cs
	return &cs[len(cs)-1]
}

func (m *message) lastReason(reason string) {
	if len(m.res.Trace.Candidates) > 0 {
		m.last().Reason = reason
	}
}

// notReached lists the candidates behind the winner.
func (m *message) notReached(cfg *config) {
	if len(m.res.Trace.Candidates) == 0 {
		return
	}
	winner := m.last()
	if winner.Verdict != flow.VerdictWon {
		return
	}
	name := winner.Workflow.Name
	m.res.Trace.NotReached = 0
	for i := range cfg.candidates {
		w := &cfg.candidates[i].workflow
		if w.ID == winner.Workflow.ID || m.tried(w.ID) {
			continue
		}
		if m.res.Trace.NotReached < flow.MaxNotReached {
			c := newCandidate(w, i+1)
			c.Verdict, c.Reason = flow.VerdictNotReached, name+" comes before it and kept the message"
			m.res.Trace.Candidates = append(m.res.Trace.Candidates, c)
		}
		m.res.Trace.NotReached++
	}
}

func newCandidate(w *flow.Workflow, rank int) flow.Candidate {
	return flow.Candidate{
		Workflow: flow.WorkflowRef{ID: w.ID, Name: w.Name, Revision: w.Revision},
		Goal:     w.Goal, Priority: w.Priority, Rank: rank,
	}
}

// wonBecause says in a sentence why a candidate kept the message.
func wonBecause(c *flow.Candidate) string {
	passed := 0
	for _, s := range c.Steps {
		if s.Result == flow.StepPassed {
			passed++
		}
	}
	switch passed {
	case 0:
		return "it is the first by priority that no check turned away"
	case 1:
		return "it is the first by priority whose check passed"
	default:
		return "it is the first by priority whose checks passed"
	}
}
