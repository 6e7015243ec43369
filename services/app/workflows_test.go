package app

import (
	"context"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/flow"
)

const openingHours = "What are your opening hours?"

// TestChangesCountFromTheNextMessage: switching, editing, reprioritising and deleting are seen by the very next
// message: S13, S14, S57, S58, S62, S63, S65, S69, S73, D1, D3.
func TestChangesCountFromTheNextMessage(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		ctx := t.Context()
		general := s.workflow(t, "General questions")
		n := 0
		expect := func(when string, outcome smsflowv1.Outcome, workflow, reply string) {
			t.Helper()
			res := s.route(t, contact(n%10), openingHours)
			n++
			if res.GetOutcome() != outcome || res.GetWorkflow().GetName() != workflow || !strings.Contains(strings.Join(replies(res), " "), reply) {
				t.Errorf("%s: %v by %q: %q", when, res.GetOutcome(), res.GetWorkflow().GetName(), replies(res))
			}
		}
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		expect("at first", smsflowv1.Outcome_OUTCOME_REPLIED, "General questions", "9:00")

		for range 3 {
			must(s.workflows.SetWorkflowActive(ctx, &smsflowv1.SetWorkflowActiveRequest{Id: general.GetId(), Active: false}))
			expect("switched off", smsflowv1.Outcome_OUTCOME_NO_WORKFLOW, "", "")
			must(s.workflows.SetWorkflowActive(ctx, &smsflowv1.SetWorkflowActiveRequest{Id: general.GetId(), Active: true}))
			expect("switched on", smsflowv1.Outcome_OUTCOME_REPLIED, "General questions", "9:00")
		}

		must(s.workflows.UpdateWorkflow(ctx, &smsflowv1.UpdateWorkflowRequest{
			Workflow:   &smsflowv1.Workflow{Id: general.GetId(), Name: "Hours", Context: "Opening hours: we are open at midnight."},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name", "context"}},
		}))
		expect("edited", smsflowv1.Outcome_OUTCOME_REPLIED, "Hours", "midnight")

		made, err := s.workflows.CreateWorkflow(ctx, &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{
			Name: "Greeting", Goal: smsflowv1.Goal_GOAL_GENERAL_INQUIRY, Priority: 5, Active: true,
			Steps: []*smsflowv1.Step{{Kind: &smsflowv1.Step_SendMessage{SendMessage: &smsflowv1.SendMessage{Text: "Hello {{contact.name|you}}, {{tenant.name}} here."}}}},
		}})
		must(made, err)
		expect("a worse priority", smsflowv1.Outcome_OUTCOME_REPLIED, "Hours", "midnight")
		must(s.workflows.UpdateWorkflow(ctx, &smsflowv1.UpdateWorkflowRequest{
			Workflow: &smsflowv1.Workflow{Id: made.GetWorkflow().GetId(), Priority: 99}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"priority"}},
		}))
		expect("a better priority", smsflowv1.Outcome_OUTCOME_REPLIED, "Greeting", "Hello you, Harbour Dental here.")

		must(s.workflows.DeleteWorkflow(ctx, &smsflowv1.DeleteWorkflowRequest{Id: made.GetWorkflow().GetId()}))
		expect("deleted", smsflowv1.Outcome_OUTCOME_REPLIED, "Hours", "midnight")
		if _, err := s.workflows.GetWorkflow(ctx, &smsflowv1.GetWorkflowRequest{Id: made.GetWorkflow().GetId()}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("a deleted workflow: %v", err)
		}
	})
}

// TestPriorities: the number that wins is the tenant's choice; of equal ones the older workflow comes first, and a
// reorder makes any order: S42, S43, S44, S22.
func TestPriorities(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		for _, direction := range []flow.PriorityOrder{flow.HighestFirst, flow.LowestFirst} {
			number := map[flow.PriorityOrder]string{flow.HighestFirst: "+14155550140", flow.LowestFirst: "+14155550141"}[direction]
			token := s.addTenant(t, flow.TenantID(uuid.NewString()), number, func(tenant *flow.Tenant) {
				tenant.Settings.PriorityOrder = direction
			})
			client := smsflowv1connect.NewWorkflowServiceClient(s.connect(t, token))
			gateway := smsflowv1.NewRouterServiceClient(&keyed{s.native, token})
			ids := map[string]string{}
			for _, w := range []struct {
				name     string
				priority int32
			}{{"first of 10", 10}, {"second of 10", 10}, {"five", 5}, {"minus one", -1}, {"third of 10", 10}} {
				made, err := client.CreateWorkflow(t.Context(), &smsflowv1.CreateWorkflowRequest{Workflow: says(w.name, w.priority)})
				if err != nil {
					t.Fatal(err)
				}
				ids[w.name] = made.GetWorkflow().GetId()
			}
			order := func() []string {
				res, err := gateway.RouteInbound(t.Context(), &smsflowv1.RouteInboundRequest{
					GatewayMessageId: uuid.NewString(), From: DemoContact, To: number, Body: "hello",
				})
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, c := range res.GetTrace().GetCandidates() {
					names = append(names, c.GetWorkflow().GetName())
				}
				if got := replies(res); len(got) != 1 || len(names) == 0 || got[0] != "I am "+names[0] {
					t.Errorf("%s: the first candidate of %v has not replied: %q", direction, names, got)
				}
				return names
			}
			want := []string{"first of 10", "second of 10", "third of 10", "five", "minus one"}
			if direction == flow.LowestFirst {
				want = []string{"minus one", "five", "first of 10", "second of 10", "third of 10"}
			}
			if got := order(); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", direction, got, want)
			}
			want = []string{"five", "third of 10", "minus one", "first of 10", "second of 10"}
			reorder := &smsflowv1.ReorderWorkflowsRequest{}
			for _, name := range want {
				reorder.Ids = append(reorder.Ids, ids[name])
			}
			if _, err := client.ReorderWorkflows(t.Context(), reorder); err != nil {
				t.Fatal(err)
			}
			if got := order(); !slices.Equal(got, want) {
				t.Errorf("%s, reordered: %v, want %v", direction, got, want)
			}
		}
	})
}

// says is an active workflow that tells its name.
func says(name string, priority int32) *smsflowv1.Workflow {
	return &smsflowv1.Workflow{
		Name: name, Goal: smsflowv1.Goal_GOAL_GENERAL_INQUIRY, Priority: priority, Active: true,
		Steps: []*smsflowv1.Step{{Kind: &smsflowv1.Step_SendMessage{SendMessage: &smsflowv1.SendMessage{Text: "I am {{workflow.name}}"}}}},
	}
}

// TestTenantsAreApart: another tenant's ids are answered like ids that do not exist, in every call, and its numbers
// like numbers that nobody has: S17, S76, S77.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		ctx := t.Context()
		token := s.addTenant(t, flow.TenantID(uuid.NewString()), "+14155550142", nil)
		other := s.connect(t, token)
		workflows, assistants := smsflowv1connect.NewWorkflowServiceClient(other), smsflowv1connect.NewAssistantServiceClient(other)
		gateway := smsflowv1.NewRouterServiceClient(&keyed{s.native, token})

		mine := s.workflow(t, "Lead capture")
		inbound := s.route(t, DemoContact, openingHours).GetInboundId()
		absent := uuid.NewString()
		calls := map[string]func(id string) error{
			"GetWorkflow": func(id string) error {
				_, err := workflows.GetWorkflow(ctx, &smsflowv1.GetWorkflowRequest{Id: id})
				return err
			},
			"UpdateWorkflow": func(id string) error {
				w := says("Mine now", 1)
				w.Id = id
				_, err := workflows.UpdateWorkflow(ctx, &smsflowv1.UpdateWorkflowRequest{Workflow: w, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"*"}}})
				return err
			},
			"SetWorkflowActive": func(id string) error {
				_, err := workflows.SetWorkflowActive(ctx, &smsflowv1.SetWorkflowActiveRequest{Id: id})
				return err
			},
			"DeleteWorkflow": func(id string) error {
				_, err := workflows.DeleteWorkflow(ctx, &smsflowv1.DeleteWorkflowRequest{Id: id})
				return err
			},
		}
		for name, call := range calls {
			theirs, nobodys := call(mine.GetId()), call(absent)
			if connect.CodeOf(theirs) != connect.CodeNotFound || nobodys == nil || theirs.Error() != nobodys.Error() {
				t.Errorf("%s: another tenant's id: %v; an absent one: %v", name, theirs, nobodys)
			}
		}
		for name, call := range map[string]func(id string) error{
			"GetAssistant": func(id string) error {
				_, err := assistants.GetAssistant(ctx, &smsflowv1.GetAssistantRequest{Id: id})
				return err
			},
			"DeleteAssistant": func(id string) error {
				_, err := assistants.DeleteAssistant(ctx, &smsflowv1.DeleteAssistantRequest{Id: id})
				return err
			},
		} {
			if err := call(mine.GetAssistantId()); connect.CodeOf(err) != connect.CodeNotFound {
				t.Errorf("%s: another tenant's id: %v", name, err)
			}
		}
		for _, id := range []string{inbound, absent} {
			if _, err := gateway.GetOutcome(ctx, &smsflowv1.GetOutcomeRequest{InboundId: id}); status.Code(err) != codes.NotFound {
				t.Errorf("GetOutcome(%s): %v", id, err)
			}
		}
		if list, err := workflows.ListWorkflows(ctx, &smsflowv1.ListWorkflowsRequest{}); err != nil || len(list.GetWorkflows()) != 0 || list.GetAll() != 0 {
			t.Errorf("the other tenant sees %v, %v", list, err)
		}
		theirs := says("Borrowed", 1)
		theirs.AssistantId = mine.GetAssistantId()
		if _, err := workflows.CreateWorkflow(ctx, &smsflowv1.CreateWorkflowRequest{Workflow: theirs}); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("another tenant's assistant was assigned: %v", err)
		}
		res, err := gateway.RouteInbound(ctx, &smsflowv1.RouteInboundRequest{GatewayMessageId: "1", From: DemoContact, To: DemoNumber, Body: "hello"})
		if err != nil || res.GetOutcome() != smsflowv1.Outcome_OUTCOME_UNKNOWN_NUMBER || len(res.GetReplies()) != 0 {
			t.Errorf("a message to another tenant's number: %v, %v", res, err)
		}
		if got := s.workflow(t, "Lead capture"); got.GetEtag() != mine.GetEtag() {
			t.Error("the workflow has been changed")
		}
	})
}

// TestGates: a tenant without the plan or the flag gets no automation, and the outcome says which: S15, S16, S19.
func TestGates(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		change := func(plan, flag bool) {
			t.Helper()
			if _, err := s.updateTenant(t.Context(), demoTenant, func(tenant *flow.Tenant) error {
				tenant.SMSPlan, tenant.SMSWorkflows = plan, flag
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			plan, flag bool
			body       string
			want       smsflowv1.Outcome
		}{
			{false, true, openingHours, smsflowv1.Outcome_OUTCOME_BLOCKED_PLAN},
			{true, false, openingHours, smsflowv1.Outcome_OUTCOME_BLOCKED_FLAG},
			{false, false, "STOP", smsflowv1.Outcome_OUTCOME_OPTED_OUT},
			{false, false, "START", smsflowv1.Outcome_OUTCOME_OPTED_IN},
			{true, true, openingHours, smsflowv1.Outcome_OUTCOME_REPLIED},
		} {
			change(c.plan, c.flag)
			if res := s.route(t, DemoContact, c.body); res.GetOutcome() != c.want {
				t.Errorf("plan %t, flag %t, %q: %v", c.plan, c.flag, c.body, res.GetOutcome())
			}
		}
	})
}

// updateTenant changes what has no call of its own yet.
func (s *server) updateTenant(ctx context.Context, id flow.TenantID, change func(*flow.Tenant) error) (flow.Tenant, error) {
	store, ok := s.store.(interface {
		UpdateTenant(ctx context.Context, id flow.TenantID, change func(*flow.Tenant) error) (flow.Tenant, error)
	})
	if !ok {
		panic("the store cannot change tenants")
	}
	return store.UpdateTenant(ctx, id, change)
}
