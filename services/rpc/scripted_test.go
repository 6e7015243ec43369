package rpc_test

import (
	"context"
	"time"

	"smsflow/services/flow"
	"smsflow/services/router"
	"smsflow/services/workflow"
)

// scripted stands in for the use cases where a test is about the answer to an error that is hard to bring about: every
// call gives err. It remembers the last call's arguments.
type scripted struct {
	err  error
	call func(ctx context.Context) error // instead of err

	caller     workflow.Caller
	workflow   flow.Workflow
	assistant  flow.Assistant
	apiKey     flow.Secret
	fields     []string
	etag       string
	requestID  string
	query      flow.WorkflowQuery
	ids        []flow.WorkflowID
	submission router.Submission
	wait       time.Duration
}

func (s *scripted) fail(ctx context.Context) error {
	if s.call != nil {
		return s.call(ctx)
	}
	return s.err
}

func (s *scripted) CreateWorkflow(ctx context.Context, c workflow.Caller, w flow.Workflow, requestID string) (flow.Workflow, error) {
	s.caller, s.workflow, s.requestID = c, w, requestID
	if err := flow.Invalid(w.Validate()); err != nil {
		return flow.Workflow{}, err
	}
	w.ID, w.Version = "w1", 1
	return w, s.fail(ctx)
}

func (s *scripted) Workflow(ctx context.Context, c workflow.Caller, id flow.WorkflowID) (flow.Workflow, error) {
	s.caller = c
	return flow.Workflow{ID: id, Version: 1}, s.fail(ctx)
}

func (s *scripted) Workflows(ctx context.Context, c workflow.Caller, q flow.WorkflowQuery) (flow.WorkflowList, error) {
	s.caller, s.query = c, q
	list := flow.WorkflowList{Total: 120, Active: 7, All: 130, Order: flow.LowestFirst}
	for range min(q.Limit, list.Total-q.Offset) {
		list.Workflows = append(list.Workflows, flow.Workflow{Name: "w", Version: 1})
	}
	return list, s.fail(ctx)
}

func (s *scripted) UpdateWorkflow(ctx context.Context, c workflow.Caller, w flow.Workflow, fields []string, etag string) (flow.Workflow, error) {
	s.caller, s.workflow, s.fields, s.etag = c, w, fields, etag
	return w, s.fail(ctx)
}

func (s *scripted) SetWorkflowActive(ctx context.Context, c workflow.Caller, id flow.WorkflowID, active bool, etag string) (flow.Workflow, error) {
	s.caller, s.etag = c, etag
	return flow.Workflow{ID: id, Active: active, Version: 2}, s.fail(ctx)
}

func (s *scripted) ReorderWorkflows(ctx context.Context, c workflow.Caller, ids []flow.WorkflowID) ([]flow.Workflow, error) {
	s.caller, s.ids = c, ids
	return []flow.Workflow{{ID: ids[0]}}, s.fail(ctx)
}

func (s *scripted) DeleteWorkflow(ctx context.Context, c workflow.Caller, _ flow.WorkflowID, etag string) (int, error) {
	s.caller, s.etag = c, etag
	return 3, s.fail(ctx)
}

func (s *scripted) CreateAssistant(ctx context.Context, c workflow.Caller, a flow.Assistant, apiKey flow.Secret, requestID string) (flow.Assistant, error) {
	s.caller, s.assistant, s.apiKey, s.requestID = c, a, apiKey, requestID
	if err := flow.Invalid(a.Validate()); err != nil {
		return flow.Assistant{}, err
	}
	a.SealedAPIKey = []byte("sealed")
	return a, s.fail(ctx)
}

func (s *scripted) Assistant(ctx context.Context, c workflow.Caller, id flow.AssistantID) (flow.Assistant, error) {
	s.caller = c
	return flow.Assistant{ID: id}, s.fail(ctx)
}

func (s *scripted) Assistants(ctx context.Context, c workflow.Caller, limit, offset int) ([]flow.Assistant, int, error) {
	s.caller = c
	return make([]flow.Assistant, min(limit, 60-offset)), 60, s.fail(ctx)
}

func (s *scripted) UpdateAssistant(ctx context.Context, c workflow.Caller, a flow.Assistant, apiKey flow.Secret, fields []string, etag string) (flow.Assistant, error) {
	s.caller, s.assistant, s.apiKey, s.fields, s.etag = c, a, apiKey, fields, etag
	return a, s.fail(ctx)
}

func (s *scripted) DeleteAssistant(ctx context.Context, c workflow.Caller, _ flow.AssistantID, etag string) error {
	s.caller, s.etag = c, etag
	return s.fail(ctx)
}

func (s *scripted) RouteInbound(ctx context.Context, in router.Submission, wait time.Duration) (flow.Result, error) {
	s.submission, s.wait = in, wait
	return flow.Result{Inbound: "i1", Outcome: flow.OutcomeNoWorkflow}, s.fail(ctx)
}

func (s *scripted) Outcome(ctx context.Context, _ flow.TenantID, id flow.InboundID, wait time.Duration) (flow.Result, error) {
	s.wait = wait
	return flow.Result{Inbound: id, Outcome: flow.OutcomeReplied, Duplicate: true}, s.fail(ctx)
}

func (s *scripted) Submit(ctx context.Context, in router.Submission, done func(flow.Result, error)) {
	s.submission = in
	done(flow.Result{Inbound: "i1", Outcome: flow.OutcomeAccepted}, s.fail(ctx))
}

func (s *scripted) Pull(ctx context.Context, _ flow.TenantID, _ flow.ConnectionID) (*router.Pull, error) {
	return nil, s.fail(ctx)
}

func (s *scripted) Undelivered(ctx context.Context, _ flow.TenantID, limit, offset int) ([]flow.Outbound, int, error) {
	return make([]flow.Outbound, min(limit, 60-offset)), 60, s.fail(ctx)
}

func (s *scripted) RetryOutbound(ctx context.Context, _ flow.TenantID, id flow.OutboundID, by string) (flow.Outbound, error) {
	s.caller.Subject = by
	return flow.Outbound{ID: id, State: flow.OutboundPending}, s.fail(ctx)
}
