package engine_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"smsflow/services/engine"
	"smsflow/services/flow"
	"smsflow/services/flow/flowtest"
	"smsflow/services/sms"
)

func randomProgram(t *rapid.T) *engine.Program {
	w := flowtest.Workflow().Draw(t, "workflow")
	p, err := engine.Compile(w.RevisionOf())
	if err != nil {
		t.Fatalf("a valid workflow does not compile: %v", err)
	}
	return p
}

func randomFacts(t *rapid.T) engine.Facts {
	values := flowtest.Message()
	return engine.Facts{
		Now: time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "now"), 0).UTC(), TenantName: "Bright Dental", TenantNumber: "+15550001000",
		Zone:    rapid.SampledFrom([]string{"", "America/New_York", "Asia/Kathmandu", "Mars/Base"}).Draw(t, "zone"),
		Contact: "+15550002000", NewContact: rapid.Bool().Draw(t, "new"), OptedIn: rapid.Bool().Draw(t, "opted in"),
		Vars:    rapid.MapOfN(rapid.SampledFrom([]string{"name", "email", "q_1"}), values, 0, 3).Draw(t, "vars"),
		Tags:    rapid.SliceOfDistinct(rapid.SampledFrom([]string{"lead", "vip"}), func(s string) string { return s }).Draw(t, "tags"),
		Message: values.Draw(t, "message"),
	}
}

func randomAnswer(t *rapid.T) flow.Answer {
	return flow.Answer{
		Text:   rapid.OneOf(rapid.Just("We open at 9."), flowtest.Message()).Draw(t, "answer"),
		Unsure: rapid.Bool().Draw(t, "unsure"), Err: rapid.SampledFrom([]string{"", "", "timeout", "\x00"}).Draw(t, "err"),
	}
}

// step is one Advance: what went in and what came out.
type step struct {
	run   flow.Run
	facts engine.Facts
	ev    engine.Event
	after flow.Run
	out   engine.Output
}

// play runs a program to its end with random answers and gives every Advance of it.
func play(t *rapid.T, p *engine.Program, facts engine.Facts) []step {
	run := p.NewRun("run-1", "tenant-1", "conversation-1", "inbound-1", 1, facts.Now)
	var ev engine.Event
	var all []step
	for {
		s := step{run: run, facts: facts, ev: ev}
		s.after, s.out = p.Advance(run, facts, ev)
		all = append(all, s)
		if s.after.Pending == nil {
			return all
		}
		if len(all) > engine.MaxAdvances {
			t.Fatalf("the run does not end")
		}
		run = s.after
		h := host{facts: facts}
		h.take(p, &turn{}, run, s.out)
		facts = h.facts
		facts.Now = facts.Now.Add(time.Second)
		a := randomAnswer(t)
		ev = engine.Event{Answered: &a, Effect: run.Pending.ID}
	}
}

// The laws of Advance, for random workflows, messages and answers.
func TestAdvance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		rev := p.Revision()
		all := play(t, p, randomFacts(t))
		sends, executed, cursor := 0, 0, 0
		for i, s := range all {
			again, sameOut := p.Advance(s.run, s.facts, s.ev)
			if !reflect.DeepEqual(again, s.after) || !reflect.DeepEqual(sameOut, s.out) {
				t.Fatal("the same inputs gave another result")
			}
			again, sameOut = p.Advance(s.run, s.facts.Prepare(), s.ev)
			if !reflect.DeepEqual(again, s.after) || !reflect.DeepEqual(sameOut, s.out) {
				t.Fatal("prepared facts gave another result")
			}
			sends += len(s.out.Sends)
			for _, e := range s.out.Steps {
				checkEvent(t, &rev, &e, s.facts.Now)
				if e.Result != flow.StepWaiting {
					executed++
				}
			}
			checkOutput(t, &s.out)
			if s.after.Cursor < cursor {
				t.Fatalf("the cursor went back from %d to %d", cursor, s.after.Cursor)
			}
			cursor = s.after.Cursor
			if last := i == len(all)-1; last == s.after.State.Open() {
				t.Fatalf("the run is %s after Advance %d of %d", s.after.State, i+1, len(all))
			}
			if (s.out.Ask != nil) != (s.after.Pending != nil) || s.out.Ask != nil && *s.out.Ask != *s.after.Pending {
				t.Fatalf("asks for %+v and waits for %+v", s.out.Ask, s.after.Pending)
			}
		}
		end := all[len(all)-1]
		if end.after.State != flow.RunCompleted || end.after.Reason == "" {
			t.Fatalf("the run is %s: %q", end.after.State, end.after.Reason)
		}
		if end.out.Passed && sends > 0 {
			t.Fatal("passed the message on after something was sent")
		}
		if sends != end.after.Sent || sends > len(rev.Steps) || executed > len(rev.Steps) {
			t.Fatalf("%d steps, %d executed, %d sends, Sent is %d", len(rev.Steps), executed, sends, end.after.Sent)
		}
		if end.after.Advances > engine.MaxAdvances || end.after.Advances > len(rev.Steps) {
			t.Fatalf("%d advances for %d steps", end.after.Advances, len(rev.Steps))
		}
	})
}

func checkEvent(t *rapid.T, rev *flow.Revision, e *flow.StepEvent, now time.Time) {
	i := slices.IndexFunc(rev.Steps, func(s flow.Step) bool { return s.ID == e.Step })
	if i < 0 || rev.Steps[i].Spec.Type() != e.Type || !e.At.Equal(now) {
		t.Fatalf("no step like that: %+v", e)
	}
	for _, s := range []string{e.Input, e.Detail} {
		if strings.ContainsAny(s, "\x00\x1b\r") || strings.ToValidUTF8(s, "?") != s {
			t.Fatalf("an event holds what must not be stored: %q", s)
		}
	}
	if target, ok := strings.CutPrefix(e.Then, "go_to "); ok {
		j := slices.IndexFunc(rev.Steps, func(s flow.Step) bool { return string(s.ID) == target })
		if j <= i {
			t.Fatalf("step %d goes to step %d", i, j)
		}
	}
	if (e.Result == flow.StepFailed) != (e.Then == "continue" || e.Then == "next_workflow" || strings.HasPrefix(e.Then, "go_to")) &&
		e.Then != "stop" && e.Then != "hand_off" {
		t.Fatalf("%s is followed by %q", e.Result, e.Then)
	}
}

func checkOutput(t *rapid.T, out *engine.Output) {
	for _, s := range out.Sends {
		if flow.Blank(s.Text) || sms.Count(s.Text).Parts > engine.MaxSegments || strings.ToValidUTF8(s.Text, "?") != s.Text ||
			strings.ContainsAny(s.Text, "\x00\x1b\r\t") {
			t.Fatalf("must not be sent: %q", s.Text)
		}
	}
	for _, v := range out.Vars {
		if flow.Cut(v.Value, flow.MaxVariableValue) != v.Value || strings.ContainsAny(v.Value, "\x00\x1b\r") || strings.ToValidUTF8(v.Value, "?") != v.Value {
			t.Fatalf("must not be kept: %q", v.Value)
		}
	}
}

// A process may die between any two events: what it wrote is read by another one, which compiles the revision anew.
// The conversation goes on as if nothing had happened.
func TestCrashAtEveryPrefix(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := flowtest.Workflow().Draw(t, "workflow")
		p, err := engine.Compile(w.RevisionOf())
		if err != nil {
			t.Fatal(err)
		}
		facts := randomFacts(t)
		// What is not UTF-8 is refused before it is stored.
		facts.Message = strings.ToValidUTF8(facts.Message, "?")
		for name, value := range facts.Vars {
			facts.Vars[name] = strings.ToValidUTF8(value, "?")
		}
		whole := play(t, p, facts)
		for crash := range whole {
			run, facts := whole[crash].run, whole[crash].facts
			throughJSON(t, &run)
			throughJSON(t, &facts)
			again := recompile(t, &w)
			for _, s := range whole[crash:] {
				got, out := again.Advance(run, facts, s.ev)
				if !reflect.DeepEqual(got, s.after) || !reflect.DeepEqual(out, s.out) {
					t.Fatalf("after a crash before event %d: got %+v %+v, want %+v %+v", crash, got, out, s.after, s.out)
				}
				h := host{facts: facts}
				h.take(again, &turn{}, got, out)
				run, facts = got, h.facts
				facts.Now = facts.Now.Add(time.Second)
			}
		}
	})
}

// throughJSON writes a value and reads it again.
func throughJSON[T any](t *rapid.T, v *T) {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var read T
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	*v = read
}

func recompile(t *rapid.T, w *flow.Workflow) *engine.Program {
	steps, err := flow.EncodeSteps(w.Steps)
	if err != nil {
		t.Fatal(err)
	}
	rev := w.RevisionOf()
	if rev.Steps, err = flow.DecodeSteps(steps); err != nil {
		t.Fatal(err)
	}
	p, err := engine.Compile(rev)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// An event that the run does not wait for changes nothing, whenever it comes.
func TestUnexpectedEventsChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		for _, s := range play(t, p, randomFacts(t)) {
			a := randomAnswer(t)
			events := []engine.Event{{Answered: &a}, {Answered: &a, Effect: "run-1/99"}, {}}
			if s.ev.Answered != nil {
				events = append(events, s.ev) // a second time
			}
			for _, ev := range events {
				got, out := p.Advance(s.after, s.facts, ev)
				if !reflect.DeepEqual(got, s.after) || !reflect.DeepEqual(out, engine.Output{}) {
					t.Fatalf("%+v changed the run: %+v, %+v", ev, got, out)
				}
			}
		}
	})
}

// Whatever a store gives back as a run, Advance neither panics nor runs on without end.
func TestOddRunsNeverPanic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := randomProgram(t)
		run := p.NewRun("run-1", "tenant-1", "conversation-1", "inbound-1", 1, noon())
		run.State = rapid.SampledFrom([]flow.RunState{"", flow.RunRunning, flow.RunWaiting, flow.RunCompleted}).Draw(t, "state")
		run.Cursor = rapid.IntRange(-3, 20).Draw(t, "cursor")
		run.Advances = rapid.IntRange(-1, 2*engine.MaxAdvances).Draw(t, "advances")
		run.Revision = rapid.Int64Range(1, 2).Draw(t, "revision")
		var ev engine.Event
		if rapid.Bool().Draw(t, "answered") {
			run.Pending = &flow.Effect{ID: "e"}
			a := randomAnswer(t)
			ev = engine.Event{Answered: &a, Effect: "e"}
		}
		got, out := p.Advance(run, randomFacts(t), ev)
		if got.State.Open() && got.Pending == nil {
			t.Fatalf("the run is open and waits for nothing: %+v, %+v", got, out)
		}
	})
}

// One program serves any number of goroutines at once (run with -race).
func TestProgramIsShared(t *testing.T) {
	t.Parallel()
	p := program(t, flow.GoalLeadCapture,
		flow.Step{Spec: &flow.MatchGoal{}},
		flow.Step{Spec: &flow.MatchWords{Mode: flow.MatchRegex, Words: []string{`(?i)price`}}},
		flow.Step{Spec: &flow.WithinHours{Hours: []flow.Hours{{Day: flow.Monday, Opens: "00:00", Closes: "24:00"}}, Zone: "Europe/Berlin"}},
		flow.Step{Spec: &flow.SendMessage{Text: "Hi {{contact.name|there}}, {{message.text}}"}},
	)
	facts := engine.Facts{Now: noon(), Message: "Prićes: what is the PRICE?"}
	want, _ := p.Advance(start(p), facts, engine.Event{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got, _ := p.Advance(start(p), facts, engine.Event{}); !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		})
	}
	all.Wait()
	if want.Sent != 1 {
		t.Errorf("the run sent %d messages: %s", want.Sent, want.Reason)
	}
}
