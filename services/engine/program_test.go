package engine_test

import (
	"strings"
	"testing"

	"smsflow/services/engine"
	"smsflow/services/flow"
)

// A revision that no longer compiles is an error that says which step is at fault.
func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	check := func(f *flow.OnFail, spec flow.Spec) []flow.Step {
		return []flow.Step{{ID: "first", Spec: &flow.End{}}, {ID: "bad", OnFail: f, Spec: spec}, {ID: "last", Spec: &flow.End{}}}
	}
	hours := func(h flow.Hours) *flow.WithinHours { return &flow.WithinHours{Hours: []flow.Hours{h}} }
	for want, steps := range map[string][]flow.Step{
		"it has no kind":              check(nil, nil),
		"unknown mode":                check(nil, &flow.MatchWords{Mode: "fuzzy"}),
		"missing closing )":           check(nil, &flow.MatchWords{Mode: flow.MatchRegex, Words: []string{"("}}),
		"unknown time zone":           check(nil, &flow.WithinHours{Zone: "Mars/Base"}),
		"hours of day 1":              check(nil, hours(flow.Hours{Day: 1, Opens: "9", Closes: "10:00"})),
		"hours of day 9":              check(nil, hours(flow.Hours{Day: 9, Opens: "09:00", Closes: "10:00"})),
		"unknown condition":           check(nil, &flow.ContactIs{Condition: "rich"}),
		"text names \"x\"":            check(nil, &flow.SendMessage{Text: "{{x}}"}),
		"value has \"{{\"":            check(nil, &flow.SetVariable{Name: "a", Value: "{{"}),
		"note names":                  check(nil, &flow.HandOff{Note: "{{x}}"}),
		"text names \"y\"":            check(nil, &flow.HandOff{Text: "{{y}}"}),
		"fallback_text names":         check(nil, &flow.AssistantReply{FallbackText: "{{x}}"}),
		"unknown on_error":            check(nil, &flow.AssistantReply{OnError: "panic"}),
		"go_to \"first\" is not":      check(&flow.OnFail{Action: flow.FailGoTo, GoTo: "first"}, &flow.MatchGoal{}),
		"go_to \"bad\" is not":        check(&flow.OnFail{Action: flow.FailGoTo, GoTo: "bad"}, &flow.MatchGoal{}),
		"unknown on_fail action \"\"": check(&flow.OnFail{}, &flow.MatchGoal{}),
	} {
		_, err := engine.Compile(flow.Revision{Goal: flow.GoalFeedback, Steps: steps})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), `step 2 ("bad"): `) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := engine.Compile(flow.Revision{Goal: "peace", Steps: []flow.Step{{ID: "a", Spec: &flow.MatchGoal{}}}}); err == nil {
		t.Error("an unknown goal was taken")
	}
	for name, spec := range map[string]flow.Spec{"typed nil": (*flow.MatchWords)(nil), "foreign": nil} {
		if _, err := engine.Compile(flow.Revision{Steps: []flow.Step{{ID: "a", Spec: spec}}}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestNewRun(t *testing.T) {
	t.Parallel()
	w := flow.Workflow{ID: "workflow-1", Name: "n", Goal: flow.GoalFeedback, Revision: 7}
	p := compile(t, w.RevisionOf())
	run := p.NewRun("run-1", "tenant-1", "conversation-1", "inbound-1", 3, noon())
	want := flow.Run{
		Tenant: "tenant-1", ID: "run-1", Conversation: "conversation-1", Workflow: "workflow-1", Revision: 7,
		Inbound: "inbound-1", State: flow.RunRunning, Rank: 3, StartedAt: noon(), UpdatedAt: noon(),
	}
	if run != want {
		t.Errorf("got %+v, want %+v", run, want)
	}
	if rev := p.Revision(); rev.Number != 7 || rev.Name != "n" {
		t.Errorf("got %+v", rev)
	}
	// A revision without steps completes at once.
	run, out := p.Advance(run, engine.Facts{Now: noon()}, engine.Event{})
	if run.State != flow.RunCompleted || out.Passed || len(out.Steps) != 0 {
		t.Errorf("got %+v, %+v", run, out)
	}
}

// A run of another revision is failed, not run: its cursor would mean another step.
func TestRunsOfAnotherRevisionFail(t *testing.T) {
	t.Parallel()
	p := program(t, flow.GoalFeedback, flow.Step{Spec: &flow.SendMessage{Text: "Hi"}})
	for _, change := range []func(*flow.Run){
		func(r *flow.Run) { r.Revision++ },
		func(r *flow.Run) { r.Workflow = "workflow-2" },
	} {
		run := start(p)
		change(&run)
		run, out := p.Advance(run, engine.Facts{Now: noon()}, engine.Event{})
		if run.State != flow.RunFailed || len(out.Sends) > 0 || run.Reason == "" {
			t.Errorf("got %+v, %+v", run, out)
		}
	}
}
