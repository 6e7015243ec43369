package workflow

import (
	"context"
	"fmt"
	"slices"

	"smsflow/services/flow"
)

// CreateWorkflow saves a new workflow. Without steps it gets its goal's default ones.
func (s *Service) CreateWorkflow(ctx context.Context, c Caller, w flow.Workflow, requestID string) (flow.Workflow, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.Workflow{}, err
	}
	w = flow.Workflow{
		Name: w.Name, Goal: w.Goal, Description: w.Description, Context: w.Context, ResponseTemplate: w.ResponseTemplate,
		Assistant: w.Assistant, Priority: w.Priority, Active: w.Active, Interrupts: w.Interrupts, Steps: w.Steps,
	}
	if len(w.Steps) == 0 {
		w.Steps = flow.DefaultSteps(w.Goal)
	}
	w.NameSteps()
	mark, err := fingerprint(w)
	if err != nil {
		return flow.Workflow{}, err
	}
	if err := flow.Invalid(append(w.Validate(), checkRequestID(requestID)...)); err != nil {
		return flow.Workflow{}, err
	}
	if err := s.checkWorkflow(ctx, c, &w); err != nil {
		return flow.Workflow{}, err
	}
	a := s.audit(c)
	w.Tenant, w.ID = c.Tenant, flow.WorkflowID(s.NewID())
	w.Version, w.Revision = 1, 1
	w.CreatedAt, w.UpdatedAt, w.UpdatedBy = a.At, a.At, a.By
	return s.Store.CreateWorkflow(ctx, w, requestID, mark, a)
}

// Workflow reads one workflow.
func (s *Service) Workflow(ctx context.Context, c Caller, id flow.WorkflowID) (flow.Workflow, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.Workflow{}, err
	}
	return s.Store.Workflow(ctx, c.Tenant, id)
}

// Workflows reads one page of the tenant's workflows.
func (s *Service) Workflows(ctx context.Context, c Caller, q flow.WorkflowQuery) (flow.WorkflowList, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.WorkflowList{}, err
	}
	return s.Store.Workflows(ctx, c.Tenant, q)
}

// UpdateWorkflow changes the named fields ("*": all of them) of the workflow with w's id.
func (s *Service) UpdateWorkflow(ctx context.Context, c Caller, w flow.Workflow, fields []string, etag string) (flow.Workflow, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.Workflow{}, err
	}
	set, err := workflowFields(fields)
	if err != nil {
		return flow.Workflow{}, err
	}
	current, err := s.Store.Workflow(ctx, c.Tenant, w.ID)
	if err != nil {
		return flow.Workflow{}, err
	}
	// The rules are checked on what was read, then the change is made on what is there: only when nobody changed
	// the workflow in between are the two the same, so the version is compared inside the transaction.
	for range maxRaces {
		next := current
		set(&next, w)
		next.NameSteps()
		if err := checkEtag(etag, current.Version); err != nil {
			return flow.Workflow{}, err
		}
		if err := flow.Invalid(next.Validate()); err != nil {
			return flow.Workflow{}, err
		}
		if err := s.checkWorkflow(ctx, c, &next); err != nil {
			return flow.Workflow{}, err
		}
		raced := false
		saved, err := s.Store.UpdateWorkflow(ctx, c.Tenant, w.ID, func(now *flow.Workflow) error {
			if now.Version != current.Version {
				raced, current = true, *now
				return errRaced
			}
			*now = next
			return nil
		}, s.audit(c))
		if !raced {
			return saved, err
		}
	}
	return flow.Workflow{}, errRaced
}

// maxRaces is how often an update begins again because somebody else was quicker.
const maxRaces = 5

// errRaced leaves the transaction when the workflow changed after it was read.
var errRaced = flow.Errorf(flow.ErrStale, flow.ReasonEtagMismatch, "it has been changed since it was read")

// SetWorkflowActive switches a workflow on or off.
func (s *Service) SetWorkflowActive(ctx context.Context, c Caller, id flow.WorkflowID, active bool, etag string) (flow.Workflow, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.Workflow{}, err
	}
	return s.Store.UpdateWorkflow(ctx, c.Tenant, id, func(w *flow.Workflow) error {
		if err := checkEtag(etag, w.Version); err != nil {
			return err
		}
		w.Active = active
		if active {
			return w.Activatable()
		}
		return nil
	}, s.audit(c))
}

// ReorderWorkflows gives all of the tenant's workflows priorities 10, 20, 30 … so that they are tried in the order of ids.
func (s *Service) ReorderWorkflows(ctx context.Context, c Caller, ids []flow.WorkflowID) ([]flow.Workflow, error) {
	if err := s.open(ctx, c); err != nil {
		return nil, err
	}
	err := s.Store.ReorderWorkflows(ctx, c.Tenant, func(order flow.PriorityOrder, all []flow.Workflow) error {
		place := make(map[flow.WorkflowID]int, len(ids))
		for i, id := range ids {
			place[id] = i
		}
		if len(place) != len(all) || len(ids) != len(all) {
			return orderMismatch(len(all))
		}
		for i := range all {
			at, ok := place[all[i].ID]
			if !ok {
				return orderMismatch(len(all))
			}
			if order == flow.LowestFirst {
				all[i].Priority = int32(at+1) * 10
			} else {
				all[i].Priority = int32(len(all)-at) * 10
			}
		}
		return nil
	}, s.audit(c))
	if err != nil {
		return nil, err
	}
	list, err := s.Store.Workflows(ctx, c.Tenant, flow.WorkflowQuery{Limit: flow.MaxWorkflows})
	return list.Workflows, err
}

func orderMismatch(n int) error {
	return flow.Errorf(flow.ErrStale, flow.ReasonOrderMismatch,
		"the ids must be exactly the tenant's %d workflows, each once: list them again and repeat", n)
}

// DeleteWorkflow removes a workflow for good and cancels its open runs, of which it gives the number.
func (s *Service) DeleteWorkflow(ctx context.Context, c Caller, id flow.WorkflowID, etag string) (int, error) {
	if err := s.open(ctx, c); err != nil {
		return 0, err
	}
	return s.Store.DeleteWorkflow(ctx, c.Tenant, id, func(w flow.Workflow) error { return checkEtag(etag, w.Version) }, s.audit(c))
}

// checkWorkflow holds the rules that need more than the workflow: its assistant is the tenant's own, and it can be
// active if it is to be.
func (s *Service) checkWorkflow(ctx context.Context, c Caller, w *flow.Workflow) error {
	if w.Active {
		if err := w.Activatable(); err != nil {
			return err
		}
	}
	if w.Assistant == "" {
		return nil
	}
	if _, err := s.Store.Assistant(ctx, c.Tenant, w.Assistant); err != nil {
		if isNotFound(err) {
			return flow.Invalid([]flow.Violation{{
				Field: "assistant_id", Reason: "NOT_FOUND", Text: "names no assistant: choose one of the tenant's, or leave it empty",
			}})
		}
		return err
	}
	return nil
}

// workflowFields makes a function that copies the named fields.
func workflowFields(names []string) (func(to *flow.Workflow, from flow.Workflow), error) {
	known := []string{
		"name", "goal", "description", "context", "response_template", "assistant_id", "priority", "active", "steps", "interrupts",
	}
	if len(names) == 0 {
		return nil, noMask()
	}
	if slices.Equal(names, []string{"*"}) {
		names = known
	}
	var bad []flow.Violation
	for _, n := range names {
		if !slices.Contains(known, n) {
			bad = append(bad, unknownField(n, known))
		}
	}
	if err := flow.Invalid(bad); err != nil {
		return nil, err
	}
	return func(to *flow.Workflow, from flow.Workflow) {
		for _, n := range names {
			switch n {
			case "name":
				to.Name = from.Name
			case "goal":
				to.Goal = from.Goal
			case "description":
				to.Description = from.Description
			case "context":
				to.Context = from.Context
			case "response_template":
				to.ResponseTemplate = from.ResponseTemplate
			case "assistant_id":
				to.Assistant = from.Assistant
			case "priority":
				to.Priority = from.Priority
			case "active":
				to.Active = from.Active
			case "steps":
				to.Steps = slices.Clone(from.Steps)
			case "interrupts":
				to.Interrupts = from.Interrupts
			default:
				panic(fmt.Sprintf("workflow: field %q is known but not copied", n))
			}
		}
	}, nil
}
