package engine

import (
	"errors"
	"fmt"
	"time"

	"smsflow/services/flow"
)

// Program is a revision made ready to run: expressions compiled, words folded, texts parsed, jumps resolved. It never
// changes, so any number of goroutines may share it.
type Program struct {
	rev   flow.Revision
	steps []step
}

// step is one compiled step.
type step struct {
	id     flow.StepID
	typ    flow.StepType
	name   string // for reasons: step "prices" (match_words)
	onFail flow.FailAction
	goTo   int    // index, with FailGoTo
	goToID string // "go_to ID"
	do     stepper
}

// stepper is what one type of step does when its turn comes.
type stepper interface {
	advance(t *turn, s *step) result
}

// Compile makes a revision ready. What was saved has been validated, so an error means that the data or the program
// has changed since: the run fails with the error's text, and nothing panics.
func Compile(rev flow.Revision) (*Program, error) {
	p := &Program{rev: rev, steps: make([]step, len(rev.Steps))}
	for i := range rev.Steps {
		s, err := compileStep(&rev, i)
		if err != nil {
			return nil, fmt.Errorf("step %d (%q): %w", i+1, rev.Steps[i].ID, err)
		}
		p.steps[i] = s
	}
	return p, nil
}

func compileStep(rev *flow.Revision, i int) (step, error) {
	from := &rev.Steps[i]
	if !from.HasKind() {
		return step{}, errors.New("it has no kind")
	}
	do, err := compileSpec(rev, from.Spec)
	if err != nil {
		return step{}, err
	}
	typ := from.Spec.Type()
	s := step{
		id: from.ID, typ: typ, do: do, onFail: flow.FailNextWorkflow,
		name: `step "` + string(from.ID) + `" (` + string(typ) + ")",
	}
	if from.OnFail == nil {
		return s, nil
	}
	s.onFail = from.OnFail.Action
	switch s.onFail {
	case flow.FailNextWorkflow, flow.FailStop, flow.FailHandOff, flow.FailContinue:
		return s, nil
	case flow.FailGoTo:
		for j := i + 1; j < len(rev.Steps); j++ {
			if rev.Steps[j].ID == from.OnFail.GoTo {
				s.goTo, s.goToID = j, "go_to "+string(from.OnFail.GoTo)
				return s, nil
			}
		}
		return step{}, fmt.Errorf("go_to %q is not the id of a later step", from.OnFail.GoTo)
	default:
		return step{}, fmt.Errorf("unknown on_fail action %q", s.onFail)
	}
}

// compileSpec is where a type of step and its file here meet.
func compileSpec(rev *flow.Revision, spec flow.Spec) (stepper, error) {
	switch spec := spec.(type) {
	case *flow.MatchWords:
		return newMatchWords(spec)
	case *flow.MatchGoal:
		return newMatchGoal(spec, rev.Goal)
	case *flow.WithinHours:
		return newWithinHours(spec)
	case *flow.ContactIs:
		return newContactIs(spec)
	case *flow.SendMessage:
		return newSendMessage(spec)
	case *flow.AssistantReply:
		return newAssistantReply(spec)
	case *flow.SetVariable:
		return newSetVariable(spec)
	case *flow.TagContact:
		return &tagContact{tag: spec.Tag, remove: spec.Remove}, nil
	case *flow.HandOff:
		return newHandOff(spec)
	case *flow.End:
		return end{}, nil
	default:
		return nil, fmt.Errorf("unknown kind %T", spec)
	}
}

// parseText parses a text that may name variables.
func parseText(field, s string) (flow.Text, error) {
	text, bad := flow.ParseText(s)
	if len(bad) > 0 {
		return flow.Text{}, fmt.Errorf("%s %s", field, bad[0].Text)
	}
	return text, nil
}

// Revision is what the program was compiled from. It is not to be changed.
func (p *Program) Revision() flow.Revision { return p.rev }

// NewRun begins a run of the program. rank is the workflow's place among the candidates, from 1.
func (p *Program) NewRun(id flow.RunID, tenant flow.TenantID, conversation flow.ConversationID, inbound flow.InboundID, rank int, now time.Time) flow.Run {
	return flow.Run{
		Tenant: tenant, ID: id, Conversation: conversation,
		Workflow: p.rev.Workflow, Revision: p.rev.Number, Inbound: inbound,
		State: flow.RunRunning, Rank: rank, StartedAt: now, UpdatedAt: now,
	}
}
