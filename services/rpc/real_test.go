package rpc_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
	"smsflow/services/gateway"
	"smsflow/services/router"
	"smsflow/services/store/sqlite"
	"smsflow/services/workflow"
)

// plain keeps secrets as they are: what seals them is tested where it is made.
type plain struct{}

func (plain) Seal(_ flow.TenantID, _ string, s flow.Secret) ([]byte, error) {
	return []byte(s.Reveal()), nil
}

func (plain) Open(_ flow.TenantID, _ string, sealed []byte) (flow.Secret, error) {
	return flow.Secret(sealed), nil
}

// silent is an assistant that always fails: no row needs its answer.
type silent struct{}

func (silent) Answer(context.Context, flow.Ask) flow.Answer { return flow.Answer{Err: "not here"} }

const (
	ownNumber   = "+14155550100"
	otherNumber = "+14155550200"
)

// serveReal serves the real use cases on a database of their own, with two tenants, t1 and t2.
func serveReal(t *testing.T) *servers {
	t.Helper()
	s, _ := serveRealWith(t, backend{})
	return s
}

// serveRealWith adds the use cases to a backend, and gives the database too.
func serveRealWith(t *testing.T, b backend) (*servers, *sqlite.Store) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	store, err := sqlite.Open(ctx, t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if err := store.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	for id, number := range map[flow.TenantID]string{"t1": ownNumber, "t2": otherNumber} {
		tenant := flow.Tenant{ID: id, Name: "Harbour Dental", SMSPlan: true, SMSWorkflows: true, CreatedAt: time.Now()}
		if err := errors.Join(store.CreateTenant(ctx, tenant), store.AddNumber(ctx, flow.Number{Tenant: id, Number: number})); err != nil {
			t.Fatal(err)
		}
	}
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	r := router.New(router.Options{
		Store: store, Outbox: store, Broom: store, Hints: store, Answerer: silent{}, Gateway: gateway.Senders{}, Opener: plain{},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: newID, Jitter: rand.Float64, Owner: newID(),
	})
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	b.workflows, b.router = &workflow.Service{Store: store, Seal: plain{}, Now: time.Now, NewID: newID}, r
	s := serve(t, b)
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("router: %v", err)
		}
	})
	return s, store
}

// refused makes a call that has to fail, over every protocol, and gives the one answer of all of them.
func refused(t *testing.T, s *servers, r request) *refusal {
	t.Helper()
	if r.token == "" {
		r.token = s.all
	}
	var first *refusal
	for _, p := range protocolsFor(r.procedure) {
		got := p.call(t, s, r, &smsflowv1.DeleteAssistantResponse{})
		if got == nil {
			t.Fatalf("%s over %s is not refused", r.procedure, p.name)
		}
		got.HTTP = 0
		if first == nil {
			first = got
		} else if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%s answers other than Connect JSON (-JSON +%s):\n%s", p.name, p.name, diff)
		}
	}
	return first
}

func (r *refusal) is(t *testing.T, code, reason string) *refusal {
	t.Helper()
	if r.Code != code || r.Reason != reason {
		t.Errorf("got %s %s (%s), want %s %s", r.Code, r.Reason, r.Message, code, reason)
	}
	return r
}

// TestRealWorkflows brings each row about that the use cases and the database make.
func TestRealWorkflows(t *testing.T) {
	t.Parallel()
	s := serveReal(t)
	json := protocols()[0]
	create := func(name, requestID string) *smsflowv1.CreateWorkflowRequest {
		w := soundWorkflow()
		w.Name = name
		return &smsflowv1.CreateWorkflowRequest{RequestId: requestID, Workflow: w}
	}
	hours := must(t, json, s, createWorkflow, create("Opening hours", "r1"), &smsflowv1.CreateWorkflowResponse{}).GetWorkflow()

	// The same request id makes nothing new, whatever the protocol of the repetition.
	for _, p := range protocols() {
		again := must(t, p, s, createWorkflow, create("Opening hours", "r1"), &smsflowv1.CreateWorkflowResponse{}).GetWorkflow()
		if !proto.Equal(again, hours) {
			t.Errorf("%s: the repetition gives %v instead of %v", p.name, again, hours)
		}
		read := must(t, p, s, getWorkflow, &smsflowv1.GetWorkflowRequest{Id: hours.GetId()}, &smsflowv1.GetWorkflowResponse{}).GetWorkflow()
		if diff := cmp.Diff(hours, read, cmp.Comparer(proto.Equal)); diff != "" {
			t.Errorf("%s: read back:\n%s", p.name, diff)
		}
	}
	refused(t, s, request{procedure: createWorkflow, message: create("Other name", "r1")}).is(t, "already_exists", flow.ReasonKeyReused)
	refused(t, s, request{procedure: createWorkflow, message: create("OPENING hours", "r2")}).is(t, "already_exists", flow.ReasonNameTaken)

	changed := must(t, json, s, updateWorkflow, &smsflowv1.UpdateWorkflowRequest{
		Workflow: &smsflowv1.Workflow{Id: hours.GetId(), Etag: hours.GetEtag(), Description: "for people"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
	}, &smsflowv1.UpdateWorkflowResponse{}).GetWorkflow()
	for _, stale := range []request{
		{procedure: updateWorkflow, message: &smsflowv1.UpdateWorkflowRequest{
			Workflow: &smsflowv1.Workflow{Id: hours.GetId(), Etag: hours.GetEtag(), Description: "mine"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
		}},
		{procedure: setActive, message: &smsflowv1.SetWorkflowActiveRequest{Id: hours.GetId(), Etag: hours.GetEtag(), Active: true}},
		{procedure: deleteWorkflow, message: &smsflowv1.DeleteWorkflowRequest{Id: hours.GetId(), Etag: hours.GetEtag()}},
	} {
		if got := refused(t, s, stale).is(t, "aborted", flow.ReasonEtagMismatch); got.Metadata["etag"] != changed.GetEtag() {
			t.Errorf("%s: current etag %v, want %s", stale.procedure, got.Metadata, changed.GetEtag())
		}
	}
	refused(t, s, request{procedure: reorder, message: &smsflowv1.ReorderWorkflowsRequest{Ids: []string{hours.GetId(), "x"}}}).is(t, "aborted", flow.ReasonOrderMismatch)

	// Absent and another tenant's are the same answer.
	other := s.key(t, "t2", flow.ScopeConfigRead, flow.ScopeConfigWrite)
	for _, id := range []string{uuid.NewString(), "no-uuid"} {
		absent := refused(t, s, request{procedure: getWorkflow, message: &smsflowv1.GetWorkflowRequest{Id: id}}).is(t, "not_found", flow.ReasonNotFound)
		foreign := refused(t, s, request{procedure: getWorkflow, token: other, message: &smsflowv1.GetWorkflowRequest{Id: hours.GetId()}})
		if diff := cmp.Diff(absent, foreign); diff != "" {
			t.Errorf("another tenant's id tells itself from an absent one:\n%s", diff)
		}
	}
	for _, r := range []request{
		{procedure: updateWorkflow, message: &smsflowv1.UpdateWorkflowRequest{Workflow: changed, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name"}}}},
		{procedure: setActive, message: &smsflowv1.SetWorkflowActiveRequest{Id: hours.GetId()}},
		{procedure: deleteWorkflow, message: &smsflowv1.DeleteWorkflowRequest{Id: hours.GetId()}},
	} {
		r.token = other
		refused(t, s, r).is(t, "not_found", flow.ReasonNotFound)
	}

	// What the use case finds has the request's paths.
	missing := create("Answers", "")
	missing.Workflow.AssistantId = uuid.NewString()
	if got := refused(t, s, request{procedure: createWorkflow, message: missing}).is(t, "invalid_argument", flow.ReasonInvalidFields); got.Violations[0].Field != "workflow.assistant_id" {
		t.Errorf("violations %v", got.Violations)
	}
	missing.Workflow.AssistantId, missing.Workflow.Steps, missing.Workflow.Active = "", nil, true
	refused(t, s, request{procedure: createWorkflow, message: missing}).is(t, "failed_precondition", flow.ReasonAssistantRequired)
}

func TestRealAssistants(t *testing.T) {
	t.Parallel()
	s := serveReal(t)
	for _, p := range protocols() {
		made := must(t, p, s, createAssistant, &smsflowv1.CreateAssistantRequest{Assistant: &smsflowv1.Assistant{
			Name: "Model over " + p.name, Provider: smsflowv1.Provider_PROVIDER_OPENAI, Model: "m", BaseUrl: "https://api.example.com/v1", ApiKey: "sk-1", Timeout: durationpb.New(5 * time.Second),
		}}, &smsflowv1.CreateAssistantResponse{}).GetAssistant()
		if !made.GetHasApiKey() || made.GetApiKey() != "" || made.GetTimeout().AsDuration() != 5*time.Second {
			t.Errorf("%s: made %v", p.name, made)
		}
		gone := must(t, p, s, updateAssistant, &smsflowv1.UpdateAssistantRequest{
			Assistant: &smsflowv1.Assistant{Id: made.GetId()}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"api_key"}},
		}, &smsflowv1.UpdateAssistantResponse{}).GetAssistant()
		if gone.GetHasApiKey() {
			t.Errorf("%s: the key is still there", p.name)
		}
		w := soundWorkflow()
		w.Name, w.AssistantId = "Uses "+p.name, made.GetId()
		must(t, p, s, createWorkflow, &smsflowv1.CreateWorkflowRequest{Workflow: w}, &smsflowv1.CreateWorkflowResponse{})
		got := p.call(t, s, request{procedure: deleteAssistant, token: s.all, message: &smsflowv1.DeleteAssistantRequest{Id: made.GetId()}}, &smsflowv1.DeleteAssistantResponse{})
		if got == nil || got.Code != "failed_precondition" || got.Reason != flow.ReasonAssistantInUse {
			t.Errorf("%s: an assistant in use: %+v", p.name, got)
		}
	}
	must(t, protocols()[0], s, createAssistant, &smsflowv1.CreateAssistantRequest{Assistant: &smsflowv1.Assistant{Name: "FAQ", Provider: smsflowv1.Provider_PROVIDER_FAQ}}, &smsflowv1.CreateAssistantResponse{})
	refused(t, s, request{procedure: createAssistant, message: &smsflowv1.CreateAssistantRequest{
		Assistant: &smsflowv1.Assistant{Name: "faq", Provider: smsflowv1.Provider_PROVIDER_FAQ},
	}}).is(t, "already_exists", flow.ReasonNameTaken)
	list := must(t, protocols()[0], s, listAssistants, &smsflowv1.ListAssistantsRequest{PageSize: 2}, &smsflowv1.ListAssistantsResponse{})
	if list.GetTotal() != 5 || len(list.GetAssistants()) != 2 || list.GetNextPageToken() == "" {
		t.Errorf("list %v", list)
	}
}

// TestRealMessages: one SMS over each protocol gets the reply, its repetition the same one, and bad ones all that is
// wrong with them.
func TestRealMessages(t *testing.T) {
	t.Parallel()
	s := serveReal(t)
	w := soundWorkflow()
	w.Active = true
	must(t, protocols()[0], s, createWorkflow, &smsflowv1.CreateWorkflowRequest{Workflow: w}, &smsflowv1.CreateWorkflowResponse{})
	var id string
	for i, p := range protocolsFor(routeInbound) {
		in := &smsflowv1.RouteInboundRequest{GatewayMessageId: p.name, From: "+1415555010" + string(rune('1'+i)), To: ownNumber, Body: "When are you open?"}
		got := must(t, p, s, routeInbound, in, &smsflowv1.RouteInboundResponse{})
		if got.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED || len(got.GetReplies()) != 1 || got.GetReplies()[0].GetBody() != "Nine to five." ||
			got.GetReplies()[0].GetEncoding() != "GSM-7" || got.GetReplies()[0].GetTo() != in.GetFrom() || got.GetDuplicate() {
			t.Errorf("%s: %v", p.name, got)
		}
		id = got.GetInboundId()
		for _, other := range protocolsFor(routeInbound) {
			again := must(t, other, s, routeInbound, in, &smsflowv1.RouteInboundResponse{})
			if !again.GetDuplicate() || again.GetInboundId() != id || len(again.GetReplies()) != 1 || again.GetReplies()[0].GetId() != got.GetReplies()[0].GetId() {
				t.Errorf("%s, repeated over %s: %v", p.name, other.name, again)
			}
		}
		if out := must(t, p, s, getOutcome, &smsflowv1.GetOutcomeRequest{InboundId: id}, &smsflowv1.GetOutcomeResponse{}); out.GetResult().GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED {
			t.Errorf("%s: outcome %v", p.name, out)
		}
	}
	refused(t, s, request{procedure: getOutcome, token: s.key(t, "t2", flow.ScopeRouterIngest), message: &smsflowv1.GetOutcomeRequest{InboundId: id}}).is(t, "not_found", flow.ReasonNotFound)

	long := make([]byte, 10_000)
	for i := range long {
		long[i] = 'a'
	}
	for name, c := range map[string]struct {
		in   *smsflowv1.RouteInboundRequest
		want []string
	}{
		"empty":     {&smsflowv1.RouteInboundRequest{}, []string{"gateway_message_id", "from", "to", "body"}},
		"too long":  {&smsflowv1.RouteInboundRequest{GatewayMessageId: "m", From: "+14155550101", To: ownNumber, Body: string(long)}, []string{"body"}},
		"no number": {&smsflowv1.RouteInboundRequest{GatewayMessageId: "m", From: "0415 555", To: "Harbour", Body: "x"}, []string{"from", "to"}},
		"NUL":       {&smsflowv1.RouteInboundRequest{GatewayMessageId: "a\x00", From: "+14155550101", To: ownNumber, Body: "a\x00"}, []string{"gateway_message_id", "body"}},
	} {
		got := refused(t, s, request{procedure: routeInbound, message: c.in}).is(t, "invalid_argument", flow.ReasonInvalidFields)
		var fields []string
		for _, v := range got.Violations {
			fields = append(fields, v.Field)
		}
		if diff := cmp.Diff(c.want, fields); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", name, diff)
		}
	}
}
