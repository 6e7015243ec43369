package workflow_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"smsflow/services/flow"
	"smsflow/services/store/postgres"
	"smsflow/services/store/sqlite"
	"smsflow/services/store/storetest"
	"smsflow/services/workflow"
)

type store interface {
	workflow.Store
	CreateTenant(ctx context.Context, t flow.Tenant) error
	UpdateTenant(ctx context.Context, id flow.TenantID, change func(*flow.Tenant) error) (flow.Tenant, error)
	Migrate(ctx context.Context) error
	Close() error
}

// both runs a test against SQLite and PostgreSQL.
func both(t *testing.T, test func(t *testing.T, h *harness)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T) (store, error){
		"sqlite": func(t *testing.T) (store, error) { return sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{}) },
		"postgres": func(t *testing.T) (store, error) {
			return postgres.Open(t.Context(), storetest.Postgres(t), postgres.Options{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := open(t)
			must(t, err)
			t.Cleanup(func() { _ = s.Close() })
			must(t, s.Migrate(t.Context()))
			h := &harness{T: t, store: s, caller: workflow.Caller{Tenant: flow.TenantID(newID()), Subject: "ann"}}
			h.service = &workflow.Service{Store: s, Seal: plain{}, Now: time.Now, NewID: newID}
			must(t, s.CreateTenant(t.Context(), flow.Tenant{
				ID: h.caller.Tenant, Name: "Harbour Dental", SMSPlan: true, SMSWorkflows: true, ConfigVersion: 1, CreatedAt: time.Now(),
			}))
			test(t, h)
		})
	}
}

type harness struct {
	*testing.T
	store   store
	service *workflow.Service
	caller  workflow.Caller
}

type plain struct{}

func (plain) Seal(_ flow.TenantID, _ string, s flow.Secret) ([]byte, error) {
	return []byte(s.Reveal()), nil
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks the kind and the reason of an error.
func (h *harness) refused(what string, err, kind error, reason string) {
	h.Helper()
	var e *flow.Error
	if !errors.Is(err, kind) || !errors.As(err, &e) || e.Reason != reason {
		h.Errorf("%s: %v, want %v %s", what, err, kind, reason)
	}
}

func (h *harness) workflow(w flow.Workflow) flow.Workflow {
	h.Helper()
	w.Goal = flow.GoalGeneralInquiry
	saved, err := h.service.CreateWorkflow(h.Context(), h.caller, w, "")
	must(h.T, err)
	return saved
}

func (h *harness) assistant(a flow.Assistant, key flow.Secret) flow.Assistant {
	h.Helper()
	saved, err := h.service.CreateAssistant(h.Context(), h.caller, a, key, "")
	must(h.T, err)
	return saved
}

func say(text string) []flow.Step { return []flow.Step{{Spec: &flow.SendMessage{Text: text}}} }

// S15, S16, S78, S79: every call is refused, with the reason, while the plan has no SMS or the flag is off.
func TestGates(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *harness) {
		ctx, s, c := t.Context(), h.service, h.caller
		calls := map[string]func() error{
			"CreateWorkflow":    func() error { _, err := s.CreateWorkflow(ctx, c, flow.Workflow{}, ""); return err },
			"Workflow":          func() error { _, err := s.Workflow(ctx, c, "x"); return err },
			"Workflows":         func() error { _, err := s.Workflows(ctx, c, flow.WorkflowQuery{Limit: 1}); return err },
			"UpdateWorkflow":    func() error { _, err := s.UpdateWorkflow(ctx, c, flow.Workflow{}, nil, ""); return err },
			"SetWorkflowActive": func() error { _, err := s.SetWorkflowActive(ctx, c, "x", true, ""); return err },
			"ReorderWorkflows":  func() error { _, err := s.ReorderWorkflows(ctx, c, nil); return err },
			"DeleteWorkflow":    func() error { _, err := s.DeleteWorkflow(ctx, c, "x", ""); return err },
			"CreateAssistant":   func() error { _, err := s.CreateAssistant(ctx, c, flow.Assistant{}, "", ""); return err },
			"Assistant":         func() error { _, err := s.Assistant(ctx, c, "x"); return err },
			"Assistants":        func() error { _, _, err := s.Assistants(ctx, c, 1, 0); return err },
			"UpdateAssistant":   func() error { _, err := s.UpdateAssistant(ctx, c, flow.Assistant{}, "", nil, ""); return err },
			"DeleteAssistant":   func() error { return s.DeleteAssistant(ctx, c, "x", "") },
		}
		for _, gate := range []struct {
			plan, flag bool
			reason     string
		}{{false, true, flow.ReasonSMSPlanRequired}, {true, false, flow.ReasonFlagOff}, {false, false, flow.ReasonSMSPlanRequired}} {
			_, err := h.store.UpdateTenant(ctx, c.Tenant, func(ten *flow.Tenant) error {
				ten.SMSPlan, ten.SMSWorkflows = gate.plan, gate.flag
				return nil
			})
			must(t, err)
			for name, call := range calls {
				h.refused(name, call(), flow.ErrPrecondition, gate.reason)
			}
		}
	})
}

// A workflow is switched on only if it can run.
func TestActivation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *harness) {
		w := h.workflow(flow.Workflow{Name: "no assistant"}) // the default steps ask one
		_, err := h.service.SetWorkflowActive(t.Context(), h.caller, w.ID, true, "")
		h.refused("activate", err, flow.ErrPrecondition, flow.ReasonAssistantRequired)
		w.Active = true
		_, err = h.service.UpdateWorkflow(t.Context(), h.caller, w, []string{"active"}, "")
		h.refused("update", err, flow.ErrPrecondition, flow.ReasonAssistantRequired)
		w.Assistant = "another tenant's"
		_, err = h.service.UpdateWorkflow(t.Context(), h.caller, w, []string{"assistant_id"}, "")
		h.refused("foreign assistant", err, flow.ErrInvalid, flow.ReasonInvalidFields)
		w.Assistant = h.assistant(flow.Assistant{Name: "desk", Provider: flow.ProviderFAQ}, "").ID
		saved, err := h.service.UpdateWorkflow(t.Context(), h.caller, w, []string{"assistant_id", "active"}, "")
		must(t, err)
		if !saved.Active || saved.UpdatedBy != "ann" || saved.Version != 2 {
			t.Errorf("saved: %+v", saved)
		}
	})
}

// An update says what it changes; one that was made on an older state is refused with the current etag.
func TestUpdates(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *harness) {
		ctx := t.Context()
		w := h.workflow(flow.Workflow{Name: "one", Description: "first", Steps: say("hi")})
		_, err := h.service.UpdateWorkflow(ctx, h.caller, w, nil, "")
		h.refused("no mask", err, flow.ErrInvalid, flow.ReasonInvalidFields)
		_, err = h.service.UpdateWorkflow(ctx, h.caller, w, []string{"colour"}, "")
		h.refused("unknown field", err, flow.ErrInvalid, flow.ReasonInvalidFields)

		seen := flow.Etag(w.Version)
		w.Description = "second"
		_, err = h.service.UpdateWorkflow(ctx, h.caller, flow.Workflow{ID: w.ID, Description: "second"}, []string{"description"}, seen)
		must(t, err)
		now, err := h.service.Workflow(ctx, h.caller, w.ID)
		must(t, err)
		if now.Description != "second" || now.Name != "one" || len(now.Steps) != 1 {
			t.Errorf("after the update: %+v", now)
		}
		for name, call := range map[string]func() error{
			"update": func() error { _, err := h.service.UpdateWorkflow(ctx, h.caller, w, []string{"name"}, seen); return err },
			"switch": func() error { _, err := h.service.SetWorkflowActive(ctx, h.caller, w.ID, true, seen); return err },
			"delete": func() error { _, err := h.service.DeleteWorkflow(ctx, h.caller, w.ID, seen); return err },
		} {
			err := call()
			h.refused(name, err, flow.ErrStale, flow.ReasonEtagMismatch)
			var e *flow.Error
			if errors.As(err, &e) && e.Meta["etag"] != flow.Etag(now.Version) {
				t.Errorf("%s: etag %q, want %q", name, e.Meta["etag"], flow.Etag(now.Version))
			}
		}
	})
}

// racing changes the workflow between the read and the write of an update.
type racing struct {
	workflow.Store
	once func()
}

func (r racing) UpdateWorkflow(ctx context.Context, tenant flow.TenantID, id flow.WorkflowID, change func(*flow.Workflow) error, audit flow.Audit) (flow.Workflow, error) {
	if r.once != nil {
		r.once()
	}
	return r.Store.UpdateWorkflow(ctx, tenant, id, change, audit)
}

// Of two updates of different fields at once neither is lost; one that never gets through says so.
func TestRacingUpdates(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *harness) {
		ctx := t.Context()
		w := h.workflow(flow.Workflow{Name: "one", Steps: say("hi")})
		other := *h.service
		n := 0
		h.service.Store = racing{h.store, func() {
			if n++; n == 1 {
				_, err := other.UpdateWorkflow(ctx, h.caller, flow.Workflow{ID: w.ID, Priority: 7}, []string{"priority"}, "")
				must(t, err)
			}
		}}
		saved, err := h.service.UpdateWorkflow(ctx, h.caller, flow.Workflow{ID: w.ID, Description: "mine"}, []string{"description"}, "")
		must(t, err)
		if saved.Priority != 7 || saved.Description != "mine" {
			t.Errorf("saved: %+v", saved)
		}
		h.service.Store = racing{h.store, func() {
			n++
			_, err := other.UpdateWorkflow(ctx, h.caller, flow.Workflow{ID: w.ID, Priority: int32(n)}, []string{"priority"}, "")
			must(t, err)
		}}
		_, err = h.service.UpdateWorkflow(ctx, h.caller, flow.Workflow{ID: w.ID, Description: "never"}, []string{"description"}, "")
		h.refused("lost every race", err, flow.ErrStale, flow.ReasonEtagMismatch)
	})
}

// A key stays with its server: it is kept by other changes, and gone when the assistant moves to another one.
func TestAssistantKeys(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *harness) {
		ctx := t.Context()
		a := h.assistant(flow.Assistant{Name: "model", Provider: flow.ProviderOpenAI, Model: "m", BaseURL: "https://one.example/v1"}, "key-1")
		update := func(a flow.Assistant, key flow.Secret, fields ...string) flow.Assistant {
			t.Helper()
			saved, err := h.service.UpdateAssistant(ctx, h.caller, a, key, fields, "")
			must(t, err)
			return saved
		}
		if got := update(flow.Assistant{ID: a.ID, BaseURL: "https://one.example/v2"}, "", "base_url"); string(got.SealedAPIKey) != "key-1" {
			t.Error("the key is gone though the server is the same")
		}
		if got := update(flow.Assistant{ID: a.ID, BaseURL: "https://two.example/v1"}, "", "base_url"); got.SealedAPIKey != nil {
			t.Error("the key has followed the assistant to another server")
		}
		if got := update(flow.Assistant{ID: a.ID, BaseURL: "https://three.example/v1"}, "key-3", "base_url", "api_key"); string(got.SealedAPIKey) != "key-3" {
			t.Error("the new key is not there")
		}
		seen := flow.Etag(a.Version)
		_, err := h.service.UpdateAssistant(ctx, h.caller, a, "", []string{"name"}, seen)
		h.refused("update", err, flow.ErrStale, flow.ReasonEtagMismatch)
		h.refused("delete", h.service.DeleteAssistant(ctx, h.caller, a.ID, seen), flow.ErrStale, flow.ReasonEtagMismatch)
		_, err = h.service.UpdateAssistant(ctx, h.caller, a, "", nil, "")
		h.refused("no mask", err, flow.ErrInvalid, flow.ReasonInvalidFields)
		_, err = h.service.CreateAssistant(ctx, h.caller, flow.Assistant{Name: "x", Provider: flow.ProviderFAQ}, "with a space", "")
		h.refused("bad key", err, flow.ErrInvalid, flow.ReasonInvalidFields)
	})
}

// S43: reordering gives all workflows new priorities in the tenant's direction, or changes nothing.
func TestReorder(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, h *harness) {
		ctx := t.Context()
		a, b := h.workflow(flow.Workflow{Name: "a", Steps: say("a")}), h.workflow(flow.Workflow{Name: "b", Steps: say("b")})
		for name, ids := range map[string][]flow.WorkflowID{"too few": {a.ID}, "twice": {a.ID, a.ID}, "foreign": {a.ID, "x"}} {
			_, err := h.service.ReorderWorkflows(ctx, h.caller, ids)
			h.refused(name, err, flow.ErrStale, flow.ReasonOrderMismatch)
		}
		for _, order := range []flow.PriorityOrder{flow.HighestFirst, flow.LowestFirst} {
			_, err := h.store.UpdateTenant(ctx, h.caller.Tenant, func(ten *flow.Tenant) error { ten.Settings.PriorityOrder = order; return nil })
			must(t, err)
			got, err := h.service.ReorderWorkflows(ctx, h.caller, []flow.WorkflowID{b.ID, a.ID})
			must(t, err)
			if len(got) != 2 || got[0].ID != b.ID || (got[0].Priority < got[1].Priority) != (order == flow.LowestFirst) {
				t.Errorf("%s: %+v", order, got)
			}
		}
	})
}
