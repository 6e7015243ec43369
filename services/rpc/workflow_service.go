package rpc

import (
	"context"
	"slices"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/workflow"
)

// workflowService serves WorkflowService, whatever the protocol.
type workflowService struct {
	use   Workflows
	check *checker
}

// workflowFields are what a caller can set of a workflow.
func workflowFields() []string {
	return []string{
		"name", "goal", "description", "context", "response_template", "assistant_id", "priority", "active", "steps", "interrupts",
	}
}

// callerOf is who the gate let in.
func callerOf(ctx context.Context) (workflow.Caller, error) {
	p, err := access.From(ctx)
	if err != nil {
		return workflow.Caller{}, err
	}
	return workflow.Caller{Tenant: p.Tenant, Subject: p.Subject}, nil
}

func (s *workflowService) CreateWorkflow(ctx context.Context, req *smsflowv1.CreateWorkflowRequest) (*smsflowv1.CreateWorkflowResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	w := workflowFrom(req.GetWorkflow())
	n := noun{name: "workflow", fields: workflowFields()}
	if req.GetWorkflow() != nil {
		n.validate = func() []flow.Violation { return validateNamed(w) }
	}
	if err := s.check.noun(ctx, req, n); err != nil {
		return nil, err
	}
	saved, err := s.use.CreateWorkflow(ctx, caller, w, req.GetRequestId())
	if err != nil {
		return nil, within("workflow", err)
	}
	return &smsflowv1.CreateWorkflowResponse{Workflow: workflowTo(saved)}, nil
}

// validateNamed validates a workflow as it will be once its steps without ids have got some.
func validateNamed(w flow.Workflow) []flow.Violation {
	w.NameSteps()
	return w.Validate()
}

func (s *workflowService) GetWorkflow(ctx context.Context, req *smsflowv1.GetWorkflowRequest) (*smsflowv1.GetWorkflowResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	w, err := s.use.Workflow(ctx, caller, flow.WorkflowID(req.GetId()))
	if err != nil {
		return nil, err
	}
	return &smsflowv1.GetWorkflowResponse{Workflow: workflowTo(w)}, nil
}

func (s *workflowService) ListWorkflows(ctx context.Context, req *smsflowv1.ListWorkflowsRequest) (*smsflowv1.ListWorkflowsResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	list := listOf("workflows", caller.Tenant, req.Active, req.GetGoals(), req.GetQuery(), req.GetSort())
	offset, err := offsetOf(req.GetPageToken(), list)
	if err != nil {
		return nil, err
	}
	page, err := s.use.Workflows(ctx, caller, flow.WorkflowQuery{
		Active: req.Active, Goals: each(req.GetGoals(), goalFrom), Query: req.GetQuery(), Sort: sortFrom(req.GetSort()),
		Limit: pageSize(req.GetPageSize()), Offset: offset,
	})
	if err != nil {
		return nil, err
	}
	return &smsflowv1.ListWorkflowsResponse{
		Workflows:     each(page.Workflows, workflowTo),
		NextPageToken: nextPage(list, offset, len(page.Workflows), page.Total),
		Total:         int32(page.Total),
		Active:        int32(page.Active),
		All:           int32(page.All),
		PriorityOrder: orderTo(page.Order),
	}, nil
}

func (s *workflowService) UpdateWorkflow(ctx context.Context, req *smsflowv1.UpdateWorkflowRequest) (*smsflowv1.UpdateWorkflowResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	known := workflowFields()
	fields, bad := maskOf(req.GetUpdateMask(), known)
	n := noun{name: "workflow", bad: bad, fields: slices.Concat([]string{"id", "etag"}, known)}
	if len(fields)+len(bad) > 0 && !slices.Contains(fields, allFields) {
		n.fields = slices.Concat([]string{"id", "etag"}, fields)
	}
	w := workflowFrom(req.GetWorkflow())
	if req.GetWorkflow() != nil {
		n.validate = func() []flow.Violation { return validateNamed(w) }
		n.bad = append(n.bad, required("workflow.id", req.GetWorkflow().GetId())...)
	}
	if err := s.check.noun(ctx, req, n); err != nil {
		return nil, err
	}
	saved, err := s.use.UpdateWorkflow(ctx, caller, w, fields, req.GetWorkflow().GetEtag())
	if err != nil {
		return nil, within("workflow", err)
	}
	return &smsflowv1.UpdateWorkflowResponse{Workflow: workflowTo(saved)}, nil
}

// required is the violation of an id that is not there.
func required(field, id string) []flow.Violation {
	if id != "" {
		return nil
	}
	return []flow.Violation{{Field: field, Reason: flow.ViolationRequired, Text: "is empty: set it"}}
}

func (s *workflowService) SetWorkflowActive(ctx context.Context, req *smsflowv1.SetWorkflowActiveRequest) (*smsflowv1.SetWorkflowActiveResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	w, err := s.use.SetWorkflowActive(ctx, caller, flow.WorkflowID(req.GetId()), req.GetActive(), req.GetEtag())
	if err != nil {
		return nil, err
	}
	return &smsflowv1.SetWorkflowActiveResponse{Workflow: workflowTo(w)}, nil
}

func (s *workflowService) ReorderWorkflows(ctx context.Context, req *smsflowv1.ReorderWorkflowsRequest) (*smsflowv1.ReorderWorkflowsResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	ids := each(req.GetIds(), func(id string) flow.WorkflowID { return flow.WorkflowID(id) })
	ws, err := s.use.ReorderWorkflows(ctx, caller, ids)
	if err != nil {
		return nil, err
	}
	return &smsflowv1.ReorderWorkflowsResponse{Workflows: each(ws, workflowTo)}, nil
}

func (s *workflowService) DeleteWorkflow(ctx context.Context, req *smsflowv1.DeleteWorkflowRequest) (*smsflowv1.DeleteWorkflowResponse, error) {
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.check.request(ctx, req); err != nil {
		return nil, err
	}
	cancelled, err := s.use.DeleteWorkflow(ctx, caller, flow.WorkflowID(req.GetId()), req.GetEtag())
	if err != nil {
		return nil, err
	}
	return &smsflowv1.DeleteWorkflowResponse{CancelledRuns: int32(cancelled)}, nil
}
