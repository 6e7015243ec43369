package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"smsflow/services/engine"
	"smsflow/services/flow"
)

// noon is Monday, 2 March 2026, 12:00 UTC.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func compile(tb testing.TB, rev flow.Revision) *engine.Program {
	tb.Helper()
	p, err := engine.Compile(rev)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// program compiles steps that have been named and found valid.
func program(tb testing.TB, goal flow.Goal, steps ...flow.Step) *engine.Program {
	tb.Helper()
	w := flow.Workflow{ID: "workflow-1", Name: "Prices", Goal: goal, Steps: steps, Revision: 1}
	w.NameSteps()
	if bad := w.Validate(); len(bad) > 0 {
		tb.Fatal(flow.Invalid(bad))
	}
	return compile(tb, w.RevisionOf())
}

func start(p *engine.Program) flow.Run {
	return p.NewRun("run-1", "tenant-1", "conversation-1", "inbound-1", 1, noon())
}

// host does for one conversation what the router does: it offers each message to the workflows in their order, keeps
// what runs say, and has the assistant's answers come from a script.
type host struct {
	programs []*engine.Program
	facts    engine.Facts
	runs     int
	// Between two events of a run everything that is kept passes through here; see TestCrashAtEveryPrefix.
	restart func(flow.Run, engine.Facts) (flow.Run, engine.Facts)
}

// turn is what came of one message.
type turn struct {
	By       string   `json:"by,omitempty"`
	Trace    []string `json:"trace,omitempty"`
	Sends    []string `json:"sends,omitempty"`
	HandOff  string   `json:"hand_off,omitempty"`
	State    string   `json:"state,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Effects  []string `json:"effects,omitempty"`
	handed   bool
	advances int
}

// receive handles a message; answer is asked for each effect.
func (h *host) receive(message string, answer func(flow.Effect) flow.Answer) turn {
	h.facts.Message = message
	var all turn
	for i, p := range h.programs {
		h.runs++
		run := p.NewRun(flow.RunID(fmt.Sprintf("run-%d", h.runs)), "tenant-1", "conversation-1", "inbound-1", i+1, h.facts.Now)
		run, out := p.Advance(run, h.facts, engine.Event{})
		h.take(p, &all, run, out)
		for run.Pending != nil {
			if h.restart != nil {
				run, h.facts = h.restart(run, h.facts)
			}
			a := answer(*run.Pending)
			run, out = p.Advance(run, h.facts, engine.Event{Effect: run.Pending.ID, Answered: &a})
			h.take(p, &all, run, out)
		}
		if !out.Passed {
			break
		}
	}
	h.facts.NewContact = false
	return all
}

// take keeps what one Advance said.
func (h *host) take(p *engine.Program, all *turn, run flow.Run, out engine.Output) {
	rev := p.Revision()
	for _, s := range out.Steps {
		all.Trace = append(all.Trace, rev.Name+"/"+string(s.Step)+": "+join(string(s.Result), s.Detail, s.Then))
	}
	for _, s := range out.Sends {
		all.Sends = append(all.Sends, s.Text)
	}
	h.facts.Vars, h.facts.Tags = maps.Clone(h.facts.Vars), slices.Clone(h.facts.Tags)
	for _, v := range out.Vars {
		if h.facts.Vars == nil {
			h.facts.Vars = map[string]string{}
		}
		h.facts.Vars[v.Name] = v.Value
	}
	for _, tag := range out.Tags {
		h.facts.Tags = slices.DeleteFunc(h.facts.Tags, func(have string) bool { return have == tag.Name })
		if !tag.Remove {
			h.facts.Tags = append(h.facts.Tags, tag.Name)
		}
	}
	if out.Ask != nil {
		all.Effects = append(all.Effects, string(out.Ask.ID))
	}
	if out.HandOff != nil {
		all.HandOff, all.handed = out.HandOff.Note, true
	}
	all.By, all.State, all.Reason, all.advances = rev.Name, string(run.State), run.Reason, run.Advances
	if out.Passed {
		all.By, all.State, all.Reason = "", "", ""
	}
}

func join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	s := parts[0]
	for _, p := range parts[1:] {
		s += " | " + p
	}
	return s
}

func mustJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
