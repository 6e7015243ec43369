package rpc_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/flow"
	"smsflow/services/router"
)

// must makes a call that has to succeed.
func must[T proto.Message](t *testing.T, p protocol, s *servers, procedure string, req proto.Message, answer T) T {
	t.Helper()
	if got := p.call(t, s, request{procedure: procedure, token: s.all, message: req}, answer); got != nil {
		t.Fatalf("%s over %s: %+v", procedure, p.name, got)
	}
	return answer
}

// TestHandlers: each method hands the use case what was sent, with the caller from the key, over every protocol.
func TestHandlers(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{workflows: use, router: use})
	for _, p := range protocols() {
		created := must(t, p, s, createWorkflow, &smsflowv1.CreateWorkflowRequest{RequestId: "r1", Workflow: soundWorkflow()}, &smsflowv1.CreateWorkflowResponse{})
		if created.GetWorkflow().GetId() != "w1" || created.GetWorkflow().GetEtag() != flow.Etag(1) || use.requestID != "r1" || use.workflow.Name != "Opening hours" {
			t.Errorf("%s: created %v from %+v", p.name, created, use.workflow)
		}
		if use.caller.Tenant != "t1" || !strings.HasPrefix(use.caller.Subject, "key:") {
			t.Errorf("%s: caller %+v", p.name, use.caller)
		}

		must(t, p, s, updateWorkflow, &smsflowv1.UpdateWorkflowRequest{
			Workflow: &smsflowv1.Workflow{Id: "w1", Priority: -3, Etag: "v1"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"priority", "assistant_id", "priority"}},
		}, &smsflowv1.UpdateWorkflowResponse{})
		if use.workflow.ID != "w1" || use.workflow.Priority != -3 || use.etag != "v1" || !cmp.Equal(use.fields, []string{"priority", "assistant_id"}) {
			t.Errorf("%s: update %+v, %v, %q", p.name, use.workflow, use.fields, use.etag)
		}

		got := must(t, p, s, setActive, &smsflowv1.SetWorkflowActiveRequest{Id: "w2", Active: true, Etag: "v2"}, &smsflowv1.SetWorkflowActiveResponse{})
		if !got.GetWorkflow().GetActive() || got.GetWorkflow().GetId() != "w2" || use.etag != "v2" {
			t.Errorf("%s: set active: %v", p.name, got)
		}
		ordered := must(t, p, s, reorder, &smsflowv1.ReorderWorkflowsRequest{Ids: []string{"b", "a"}}, &smsflowv1.ReorderWorkflowsResponse{})
		if !cmp.Equal(use.ids, []flow.WorkflowID{"b", "a"}) || len(ordered.GetWorkflows()) != 1 {
			t.Errorf("%s: reorder: %v", p.name, use.ids)
		}
		if gone := must(t, p, s, deleteWorkflow, &smsflowv1.DeleteWorkflowRequest{Id: "w1", Etag: "v3"}, &smsflowv1.DeleteWorkflowResponse{}); gone.GetCancelledRuns() != 3 || use.etag != "v3" {
			t.Errorf("%s: delete: %v", p.name, gone)
		}

		assistant := &smsflowv1.Assistant{Name: "FAQ", Provider: smsflowv1.Provider_PROVIDER_FAQ, ApiKey: "sk-1", Timeout: durationpb.New(time.Second)}
		kept := must(t, p, s, createAssistant, &smsflowv1.CreateAssistantRequest{Assistant: assistant}, &smsflowv1.CreateAssistantResponse{})
		if use.apiKey.Reveal() != "sk-1" || kept.GetAssistant().GetApiKey() != "" || !kept.GetAssistant().GetHasApiKey() || use.assistant.Timeout != time.Second {
			t.Errorf("%s: create assistant: %v", p.name, kept)
		}
		must(t, p, s, updateAssistant, &smsflowv1.UpdateAssistantRequest{
			Assistant: &smsflowv1.Assistant{Id: "a1", ApiKey: "sk-2"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"api_key"}},
		}, &smsflowv1.UpdateAssistantResponse{})
		if use.apiKey.Reveal() != "sk-2" || !cmp.Equal(use.fields, []string{"api_key"}) {
			t.Errorf("%s: update assistant: %v", p.name, use.fields)
		}
		must(t, p, s, deleteAssistant, &smsflowv1.DeleteAssistantRequest{Id: "a1"}, &smsflowv1.DeleteAssistantResponse{})
	}
	if log := s.log.String(); strings.Contains(log, "sk-") || strings.Contains(log, "Opening") {
		t.Errorf("the log shows a request's content:\n%s", log)
	}
}

// TestMasks: no mask and "*" stand for all fields, and what the mask leaves out is not judged.
func TestMasks(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{workflows: use})
	p := protocols()[0]
	if got := p.call(t, s, request{procedure: updateWorkflow, token: s.all, json: `{"updateMask":"*","workflow":{"id":"w1","name":"n","goal":1}}`}, &smsflowv1.UpdateWorkflowResponse{}); got != nil || !cmp.Equal(use.fields, []string{"*"}) {
		t.Errorf("the mask * in JSON: %+v, fields %v", got, use.fields)
	}
	for _, c := range []struct{ paths, want []string }{{nil, nil}, {[]string{"*"}, []string{"*"}}, {[]string{"name", "*"}, []string{"*"}}} {
		use.fields = []string{"before"}
		w := soundWorkflow()
		w.Id = "w1"
		must(t, protocols()[1], s, updateWorkflow, &smsflowv1.UpdateWorkflowRequest{Workflow: w, UpdateMask: &fieldmaskpb.FieldMask{Paths: c.paths}}, &smsflowv1.UpdateWorkflowResponse{})
		if !cmp.Equal(use.fields, c.want) {
			t.Errorf("mask %v: fields %v", c.paths, use.fields)
		}
	}
	long := &smsflowv1.Workflow{Id: "w1", Name: strings.Repeat("n", 100), Steps: []*smsflowv1.Step{{}}, CreatedAt: &timestamppb.Timestamp{Nanos: -1}}
	must(t, protocols()[1], s, updateWorkflow, &smsflowv1.UpdateWorkflowRequest{Workflow: long, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"active"}}}, &smsflowv1.UpdateWorkflowResponse{})
	// A create ignores what only the server sets.
	own := soundWorkflow()
	own.Id, own.Etag = strings.Repeat("i", 100), strings.Repeat("e", 100)
	must(t, p, s, createWorkflow, &smsflowv1.CreateWorkflowRequest{Workflow: own}, &smsflowv1.CreateWorkflowResponse{})
	if use.workflow.Version != 0 {
		t.Errorf("the caller sets the version: %+v", use.workflow)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{workflows: use})
	for _, p := range protocols() {
		active := true
		req := &smsflowv1.ListWorkflowsRequest{Active: &active, Goals: []smsflowv1.Goal{smsflowv1.Goal_GOAL_FEEDBACK}, Query: "hours", Sort: smsflowv1.WorkflowSort_WORKFLOW_SORT_NAME}
		var offsets []int
		var page *smsflowv1.ListWorkflowsResponse
		for page == nil || page.GetNextPageToken() != "" {
			req.PageToken = page.GetNextPageToken()
			page = must(t, p, s, listWorkflows, req, &smsflowv1.ListWorkflowsResponse{})
			offsets = append(offsets, use.query.Offset)
		}
		if !cmp.Equal(offsets, []int{0, 50, 100}) || page.GetTotal() != 120 || page.GetActive() != 7 || page.GetAll() != 130 ||
			page.GetPriorityOrder() != smsflowv1.PriorityOrder_PRIORITY_ORDER_LOWEST_FIRST {
			t.Errorf("%s: offsets %v, last page %v", p.name, offsets, page)
		}
		want := flow.WorkflowQuery{Active: &active, Goals: []flow.Goal{flow.GoalFeedback}, Query: "hours", Sort: flow.SortName, Limit: 50, Offset: 100}
		if diff := cmp.Diff(want, use.query); diff != "" {
			t.Errorf("%s: query (-want +got):\n%s", p.name, diff)
		}
	}

	p := protocols()[0]
	first := must(t, p, s, listWorkflows, &smsflowv1.ListWorkflowsRequest{PageSize: 10}, &smsflowv1.ListWorkflowsResponse{})
	token := first.GetNextPageToken()
	other := s.key(t, "t2", flow.ScopeConfigRead)
	inactive := false
	for name, foreign := range map[string]request{
		"another filter": {procedure: listWorkflows, token: s.all, message: &smsflowv1.ListWorkflowsRequest{PageToken: token, Query: "x"}},
		"another state":  {procedure: listWorkflows, token: s.all, message: &smsflowv1.ListWorkflowsRequest{PageToken: token, Active: &inactive}},
		"another sort":   {procedure: listWorkflows, token: s.all, message: &smsflowv1.ListWorkflowsRequest{PageToken: token, Sort: 1}},
		"another tenant": {procedure: listWorkflows, token: other, message: &smsflowv1.ListWorkflowsRequest{PageToken: token}},
		"another list":   {procedure: listAssistants, token: s.all, message: &smsflowv1.ListAssistantsRequest{PageToken: token}},
		"cut":            {procedure: listWorkflows, token: s.all, message: &smsflowv1.ListWorkflowsRequest{PageToken: token[1:]}},
	} {
		got := p.call(t, s, foreign, &smsflowv1.ListWorkflowsResponse{})
		if got == nil || got.Reason != flow.ReasonPageToken || got.Code != "invalid_argument" {
			t.Errorf("a token of %s: %+v", name, got)
		}
	}
	// Another page size is not another list.
	must(t, p, s, listWorkflows, &smsflowv1.ListWorkflowsRequest{PageSize: 20, PageToken: token}, &smsflowv1.ListWorkflowsResponse{})
	if use.query.Offset != 10 || use.query.Limit != 20 {
		t.Errorf("query %+v", use.query)
	}
	last := must(t, p, s, listAssistants, &smsflowv1.ListAssistantsRequest{PageSize: 200}, &smsflowv1.ListAssistantsResponse{})
	if last.GetNextPageToken() != "" || last.GetTotal() != 60 || len(last.GetAssistants()) != 60 {
		t.Errorf("assistants: %d of %d, next %q", len(last.GetAssistants()), last.GetTotal(), last.GetNextPageToken())
	}
}

func TestRouterHandlers(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{router: use})
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, p := range protocolsFor(routeInbound) {
		req := soundInbound()
		req.ReceivedAt, req.Wait = timestamppb.New(at), durationpb.New(0)
		got := must(t, p, s, routeInbound, req, &smsflowv1.RouteInboundResponse{})
		want := router.Submission{Tenant: "t1", Connection: "c1", GatewayMessageID: "m1", From: "+14155550101", To: "+14155550100", Body: "hello", ReceivedAt: at}
		if diff := cmp.Diff(want, use.submission); diff != "" || use.wait != 0 {
			t.Errorf("%s: wait %s, submission (-want +got):\n%s", p.name, use.wait, diff)
		}
		if got.GetInboundId() != "i1" || got.GetOutcome() != smsflowv1.Outcome_OUTCOME_NO_WORKFLOW {
			t.Errorf("%s: %v", p.name, got)
		}
		must(t, p, s, routeInbound, soundInbound(), &smsflowv1.RouteInboundResponse{})
		if use.wait != router.DefaultWait || !use.submission.ReceivedAt.IsZero() {
			t.Errorf("%s: defaults: wait %s, received at %s", p.name, use.wait, use.submission.ReceivedAt)
		}
		out := must(t, p, s, getOutcome, &smsflowv1.GetOutcomeRequest{InboundId: "i7", Wait: durationpb.New(time.Minute)}, &smsflowv1.GetOutcomeResponse{})
		if out.GetResult().GetInboundId() != "i7" || out.GetResult().GetDuplicate() || use.wait != time.Minute {
			t.Errorf("%s: outcome %v", p.name, out)
		}
	}
}

// TestGeneratedClients: the clients that others get are the ones that work.
func TestGeneratedClients(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{workflows: use, router: use})
	ctx, info := connect.NewClientContext(t.Context())
	info.RequestHeader().Set("Authorization", "Bearer "+s.all)
	for name, options := range map[string][]connecthttp.Option{
		"connect": nil, "json": {connecthttp.WithProtoJSON()}, "get": {connecthttp.WithHTTPGet()},
	} {
		c := smsflowv1connect.NewWorkflowServiceClient(connect.NewClient(connecthttp.NewTransport(client(t, false), "http://"+s.http, options...)))
		got, err := c.GetWorkflow(ctx, &smsflowv1.GetWorkflowRequest{Id: "w9"})
		if err != nil || got.GetWorkflow().GetId() != "w9" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// TestDeadline: the caller's time is the use case's.
func TestDeadline(t *testing.T) {
	t.Parallel()
	use := &scripted{call: func(ctx context.Context) error {
		<-ctx.Done()
		return flow.Unavailable(ctx.Err()) // as a store says it
	}}
	s := serve(t, backend{workflows: use})
	res, text := fetch(t, "POST", "http://"+s.http+getWorkflow, strings.NewReader(`{"id":"w1"}`), map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer " + s.all, "Connect-Timeout-Ms": "20",
	})
	if res.code != http.StatusGatewayTimeout || !strings.Contains(text, `"deadline_exceeded"`) || !strings.Contains(text, "DEADLINE_EXCEEDED") {
		t.Errorf("%d %s", res.code, text)
	}
}
