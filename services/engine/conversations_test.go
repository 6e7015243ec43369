package engine_test

import (
	"path/filepath"
	"testing"
	"time"

	"smsflow/services/engine"
	"smsflow/services/flow"
)

// conversation is a file of testdata/conversations: a tenant's workflows in their order, and what a contact writes.
type conversation struct {
	About     string         `json:"about"`
	Zone      string         `json:"zone,omitempty"`
	Workflows []caseWorkflow `json:"workflows"`
	Turns     []*caseTurn    `json:"turns"`
}

type caseTurn struct {
	Now     time.Time         `json:"now,omitzero"`
	Message string            `json:"message"`
	Answer  *flow.Answer      `json:"answer,omitempty"`
	Want    turn              `json:"want"`
	Vars    map[string]string `json:"vars,omitempty"`
	Tags    []string          `json:"tags,omitempty"`
}

// Whole conversations: what the contact reads, which workflow wrote it, and why.
func TestConversations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/conversations/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			golden(t, path, func(t *testing.T, c *conversation) {
				t.Helper()
				h := host{facts: engine.Facts{
					TenantName: "Bright Dental", TenantNumber: "+15550001000", Contact: "+15550002000", Zone: c.Zone, NewContact: true, Now: noon(),
				}}
				for _, w := range c.Workflows {
					h.programs = append(h.programs, w.compile(t))
				}
				for _, in := range c.Turns {
					if !in.Now.IsZero() {
						h.facts.Now = in.Now
					}
					in.Want = h.receive(in.Message, func(e flow.Effect) flow.Answer {
						if in.Answer == nil {
							t.Fatalf("%q: the assistant is asked (%s) and the file has no answer", in.Message, e.ID)
						}
						return *in.Answer
					})
					in.Vars, in.Tags = h.facts.Vars, h.facts.Tags
				}
			})
		})
	}
}

func (c *caseWorkflow) compile(t *testing.T) *engine.Program {
	t.Helper()
	steps, err := flow.DecodeSteps(c.Steps)
	if err != nil {
		t.Fatal(err)
	}
	w := flow.Workflow{
		ID: "workflow-1", Name: c.Name, Goal: c.Goal, Steps: steps, Revision: 1, Assistant: flow.AssistantID(c.Assistant),
	}
	if w.Name == "" {
		w.Name = "Prices"
	}
	if w.Goal == "" {
		w.Goal = flow.GoalLeadCapture
	}
	if bad := w.Validate(); len(bad) > 0 {
		t.Fatal(flow.Invalid(bad))
	}
	return compile(t, w.RevisionOf())
}
