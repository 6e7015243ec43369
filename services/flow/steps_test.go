package flow_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"smsflow/services/flow"
	"smsflow/services/flow/flowtest"
)

func TestNameSteps(t *testing.T) {
	t.Parallel()
	given := []flow.Step{
		{Spec: &flow.End{}}, {ID: "end-2", Spec: &flow.MatchGoal{}}, {Spec: &flow.End{}}, {Spec: &flow.MatchGoal{}}, {}, {ID: "x", Spec: &flow.End{}},
	}
	w := flow.Workflow{Steps: given}
	w.NameSteps()
	var got []flow.StepID
	for _, s := range w.Steps {
		got = append(got, s.ID)
	}
	if want := []flow.StepID{"end", "end-2", "end-3", "match_goal", "", "x"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if given[0].ID != "" {
		t.Error("the caller's steps were changed")
	}
}

func TestNamesNeverClash(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := flow.Workflow{Name: "n", Goal: flow.GoalFeedback}
		for range rapid.IntRange(0, flow.MaxSteps).Draw(t, "steps") {
			w.Steps = append(w.Steps, flow.Step{
				ID:   flow.StepID(rapid.SampledFrom([]string{"", "", "end", "end-2", "end-3", "match_goal"}).Draw(t, "id")),
				Spec: rapid.SampledFrom([]flow.Spec{&flow.End{}, &flow.MatchGoal{}}).Draw(t, "spec"),
			})
		}
		given := map[flow.StepID]int{}
		for _, s := range w.Steps {
			given[s.ID]++
		}
		w.NameSteps()
		seen := map[flow.StepID]int{}
		for _, s := range w.Steps {
			if seen[s.ID]++; s.ID == "" || seen[s.ID] > max(1, given[s.ID]) {
				t.Fatalf("%q was given to a step though it is taken", s.ID)
			}
		}
	})
}

func TestDefaultSteps(t *testing.T) {
	t.Parallel()
	for _, goal := range flow.Goals() {
		w := flow.Workflow{Name: "n", Goal: goal, Steps: flow.DefaultSteps(goal)}
		if bad := w.Validate(); bad != nil {
			t.Errorf("%s: %+v", goal, bad)
		}
		want := []flow.StepType{flow.TypeMatchGoal, flow.TypeAssistantReply}
		if goal == flow.GoalGeneralInquiry {
			want = want[1:]
		}
		var got []flow.StepType
		for _, s := range w.Steps {
			got = append(got, s.Spec.Type())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", goal, got, want)
		}
	}
}

func TestActivatable(t *testing.T) {
	t.Parallel()
	w := flow.Workflow{}
	var e *flow.Error
	if err := w.Activatable(); !errors.Is(err, flow.ErrPrecondition) || !errors.As(err, &e) || e.Reason != flow.ReasonStepsRequired {
		t.Errorf("no steps: %v", err)
	}
	w.Steps = []flow.Step{{ID: "a", Spec: &flow.MatchGoal{}}, {ID: "answer", Spec: &flow.AssistantReply{}}}
	err := w.Activatable()
	if !errors.Is(err, flow.ErrPrecondition) || !errors.As(err, &e) || e.Reason != flow.ReasonAssistantRequired || !strings.Contains(e.Text, "step 2 (answer, assistant_reply)") {
		t.Errorf("no assistant: %v", err)
	}
	w.Assistant = "assistant-1"
	if err := w.Activatable(); err != nil {
		t.Error(err)
	}
	w.Assistant, w.Steps = "", w.Steps[:1]
	if err := w.Activatable(); err != nil {
		t.Errorf("no step needs an assistant: %v", err)
	}
}

func TestSameRevision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := flowtest.Workflow().Draw(t, "workflow")
		for name, change := range map[string]func(*flow.Workflow){
			"description": func(w *flow.Workflow) { w.Description += "x" },
			"priority":    func(w *flow.Workflow) { w.Priority++ },
			"active":      func(w *flow.Workflow) { w.Active = !w.Active },
			"times":       func(w *flow.Workflow) { w.UpdatedAt, w.Version = time.Unix(9, 0), 9 },
			"no steps":    func(w *flow.Workflow) { w.Steps = append([]flow.Step{}, w.Steps...) },
		} {
			if other := changed(w, change); !flow.SameRevision(w, other) {
				t.Fatalf("%s makes a difference to a run", name)
			}
		}
		for name, change := range map[string]func(*flow.Workflow){
			"name":      func(w *flow.Workflow) { w.Name += "x" },
			"goal":      func(w *flow.Workflow) { w.Goal += "x" },
			"context":   func(w *flow.Workflow) { w.Context += "x" },
			"template":  func(w *flow.Workflow) { w.ResponseTemplate += "x" },
			"assistant": func(w *flow.Workflow) { w.Assistant += "x" },
			"step": func(w *flow.Workflow) {
				w.Steps = append(slices.Clone(w.Steps), flow.Step{ID: "new", Spec: &flow.End{}})
			},
			"label": func(w *flow.Workflow) {
				w.Steps = append(slices.Clone(w.Steps), flow.Step{})
				w.Steps[0] = flow.Step{ID: "new", Label: "x", Spec: &flow.End{}}
			},
		} {
			if other := changed(w, change); flow.SameRevision(w, other) {
				t.Fatalf("%s makes no difference to a run", name)
			}
		}
	})
}

func changed(w flow.Workflow, change func(*flow.Workflow)) flow.Workflow {
	change(&w)
	return w
}

func TestRevisionOf(t *testing.T) {
	t.Parallel()
	w := flow.Workflow{
		Tenant: "t", ID: "w", Name: "n", Goal: flow.GoalFeedback, Context: "c", ResponseTemplate: "r", Assistant: "a",
		Steps: flow.DefaultSteps(flow.GoalFeedback), Revision: 3, UpdatedAt: time.Unix(5, 0), UpdatedBy: "ann",
	}
	r := w.RevisionOf()
	if r.Tenant != "t" || r.Workflow != "w" || r.Number != 3 || r.Name != "n" || r.Goal != flow.GoalFeedback || r.Context != "c" ||
		r.ResponseTemplate != "r" || r.Assistant != "a" || len(r.Steps) != 2 || !r.CreatedAt.Equal(w.UpdatedAt) || r.CreatedBy != "ann" {
		t.Errorf("got %+v", r)
	}
}

func TestNewSpecKnowsEveryType(t *testing.T) {
	t.Parallel()
	for _, typ := range flow.StepTypes() {
		if s := flow.NewSpec(typ); s == nil || s.Type() != typ {
			t.Errorf("%s: got %v", typ, s)
		}
	}
	if s := flow.NewSpec("dance"); s != nil {
		t.Errorf("got %v", s)
	}
}
