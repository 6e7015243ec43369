package engine

import (
	"strconv"

	"smsflow/services/flow"
)

// turn is one Advance under way: the run and the output as they have become so far.
type turn struct {
	p     *Program
	run   flow.Run
	facts *Facts
	out   Output
	words words // of the message; made when a step first asks for them
}

// result is how a step went and what it asks for.
type result struct {
	is     flow.StepResult
	input  string
	detail string
	// follows is what an action asks for; a check's on_fail decides for a check.
	follows follows
	note    string // with handOver: for the person
	answer  *flow.Answer
}

// follows is what comes after a step.
type follows int

const (
	goOn follows = iota
	wait
	stop
	handOver
)

// checked is how a check went: what it looked at and what it found.
func checked(passed bool, input, detail string) result {
	r := result{is: flow.StepFailed, input: input, detail: detail}
	if passed {
		r.is = flow.StepPassed
	}
	return r
}

// Advance runs the program's steps from where the run stands until it waits, passes the message on, hands off, stops
// or completes. It changes nothing that it was given. An event that the run does not wait for (an answer to another
// effect, a start of a run that waits or has ended) changes nothing: the run comes back as it was, with an empty
// Output.
func (p *Program) Advance(run flow.Run, facts Facts, ev Event) (flow.Run, Output) {
	if !expects(&run, &ev) {
		return run, Output{}
	}
	t := turn{p: p, run: run, facts: &facts}
	t.run.Pending, t.run.Reason, t.run.UpdatedAt = nil, "", facts.Now
	if fault := p.misfit(&run, &ev); fault != "" {
		t.end(flow.RunFailed, fault)
		return t.run, t.out
	}
	left := min(len(p.steps)-run.Cursor, usualSteps)
	t.out.Steps = make([]flow.StepEvent, 0, left)
	more := true
	if ev.Answered != nil {
		s := &p.steps[run.Cursor]
		more = t.record(s, s.do.(*assistantReply).answered(&t, s, ev.Answered)) //nolint:errcheck,forcetypeassert // misfit has looked
	}
	for more {
		more = t.step()
	}
	return t.run, t.out
}

// usualSteps is the room for events that an Advance begins with.
const usualSteps = 4

// expects says whether the run waits for the event.
func expects(run *flow.Run, ev *Event) bool {
	if !run.State.Open() {
		return false
	}
	if ev.Answered == nil {
		return run.Pending == nil
	}
	return run.Pending != nil && run.Pending.ID == ev.Effect
}

// misfit says why a run cannot be one of this program's; empty: it can. A host that keeps runs and revisions together
// never sees it; steps of another revision must not be run by mistake.
func (p *Program) misfit(run *flow.Run, ev *Event) string {
	switch {
	case run.Workflow != p.rev.Workflow || run.Revision != p.rev.Number:
		return "the run belongs to revision " + strconv.FormatInt(run.Revision, 10) + " of another state of the workflow"
	case run.Cursor < 0 || run.Cursor > len(p.steps):
		return "the run stands at step " + strconv.Itoa(run.Cursor+1) + ", and there are " + strconv.Itoa(len(p.steps))
	case ev.Answered == nil:
		return ""
	}
	if run.Cursor < len(p.steps) {
		if _, ok := p.steps[run.Cursor].do.(*assistantReply); ok {
			return ""
		}
	}
	return "an answer came for step " + strconv.Itoa(run.Cursor+1) + ", which asks nothing"
}

// step runs the step at the cursor and says whether the run goes on.
func (t *turn) step() bool {
	if t.run.Cursor >= len(t.p.steps) {
		t.end(flow.RunCompleted, "all steps are done")
		return false
	}
	s := &t.p.steps[t.run.Cursor]
	if t.run.Advances >= MaxAdvances {
		reason := "the run took " + strconv.Itoa(MaxAdvances) + " steps for one message, which is the most that is allowed"
		t.event(s, result{is: flow.StepError, detail: reason}, thenStop)
		t.end(flow.RunFailed, reason)
		return false
	}
	t.run.Advances++
	return t.record(s, s.do.advance(t, s))
}

// What a StepEvent's Then says. Empty: the next step, or the end after the last one.
const (
	thenNextWorkflow = string(flow.FailNextWorkflow)
	thenStop         = string(flow.FailStop)
	thenHandOff      = string(flow.FailHandOff)
	thenContinue     = string(flow.FailContinue)
)

// record writes the step's event, does what follows, and says whether the run goes on.
func (t *turn) record(s *step, r result) bool {
	if r.is == flow.StepFailed {
		return t.failed(s, r)
	}
	switch r.follows {
	case wait:
		t.event(s, r, "")
		return false
	case stop:
		t.event(s, r, thenStop)
		t.end(flow.RunCompleted, "ended by "+because(s, r))
		return false
	case handOver:
		t.event(s, r, thenHandOff)
		t.handOff(r.note)
		return false
	default:
		t.event(s, r, "")
		t.run.Cursor++
		return true
	}
}

// failed does a check's on_fail.
func (t *turn) failed(s *step, r result) bool {
	switch s.onFail {
	case flow.FailContinue:
		t.event(s, r, thenContinue)
		t.run.Cursor++
		return true
	case flow.FailGoTo:
		t.event(s, r, s.goToID)
		t.run.Cursor = s.goTo
		return true
	case flow.FailHandOff:
		t.event(s, r, thenHandOff)
		t.handOff(because(s, r))
		return false
	case flow.FailNextWorkflow:
		if t.run.Sent == 0 {
			t.event(s, r, thenNextWorkflow)
			t.out.Passed = true
			t.end(flow.RunCompleted, "passed on by "+because(s, r))
			return false
		}
		// Two workflows must not answer one message.
		r.detail += "; something has been sent, so the next workflow does not get the message"
	case flow.FailStop:
	}
	t.event(s, r, thenStop)
	t.end(flow.RunCompleted, "stopped by "+because(s, r))
	return false
}

// because names a step and what it found.
func because(s *step, r result) string {
	if r.detail == "" {
		return s.name
	}
	return s.name + ": " + r.detail
}

func (t *turn) event(s *step, r result, then string) {
	t.out.Steps = append(t.out.Steps, flow.StepEvent{
		Step: s.id, Type: s.typ, Result: r.is, Input: r.input, Detail: r.detail, Then: then, At: t.facts.Now, Answer: r.answer,
	})
}

func (t *turn) end(state flow.RunState, reason string) { t.run.State, t.run.Reason = state, reason }

func (t *turn) handOff(note string) {
	t.out.HandOff = &HandOff{Note: note}
	t.end(flow.RunCompleted, "handed off: "+note)
}

// ask makes the run wait for an effect.
func (t *turn) ask(effect flow.Effect, reason string) {
	t.run.Effects++
	effect.ID = flow.EffectID(string(t.run.ID) + "/" + strconv.Itoa(t.run.Effects))
	t.run.Pending = &effect
	t.run.State, t.run.Reason = flow.RunRunning, reason
	asked := effect
	t.out.Ask = &asked
}
