package app

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

// TestDemo asks the demo what its users are told to ask, over the gRPC port: S20, S21, S22, D2, D3, D4, D5.
func TestDemo(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		cases := []struct {
			body     string
			workflow string
			in       []string // in the reply
		}{
			{"What are your opening hours?", "General questions", []string{"9:00 to 17:30"}},
			{"Where can I park?", "General questions", []string{"free parking"}},
			{"do you take Cigna", "General questions", []string{"Cigna"}},
			{"How much is a cleaning?", "Lead capture", []string{"$95", "Shall we book you a visit?"}},
			{"pricing please", "Lead capture", []string{"$59", "$280", "$2,400"}},
			{"I want to book an appointment", "Appointment booking", []string{"two days that suit"}},
			{"asdf qwerty zxcv", "General questions", []string{"Sorry, I do not know that"}},
		}
		for i, c := range cases {
			res := s.route(t, contact(i), c.body)
			if res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED || res.GetWorkflow().GetName() != c.workflow || len(res.GetReplies()) != 1 {
				t.Errorf("%q: %v by %q: %q", c.body, res.GetOutcome(), res.GetWorkflow().GetName(), replies(res))
				continue
			}
			for _, want := range c.in {
				if !strings.Contains(res.GetReplies()[0].GetBody(), want) {
					t.Errorf("%q: %q does not hold %q", c.body, res.GetReplies()[0].GetBody(), want)
				}
			}
			if r := res.GetReplies()[0]; r.GetFrom() != DemoNumber || r.GetTo() != contact(i) || r.GetSegments() < 1 || r.GetSegments() > 2 || r.GetEncoding() != "GSM-7" {
				t.Errorf("%q: %v", c.body, r)
			}
		}
	})
}

// contact gives numbers of the range that is kept for fiction.
func contact(i int) string {
	return "+1415555" + []string{"0130", "0131", "0132", "0133", "0134", "0135", "0136", "0137", "0138", "0139"}[i]
}

// TestConsent: stop, start and help words come first: B5.
func TestConsent(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		const from = DemoContact
		steps := []struct {
			body    string
			outcome smsflowv1.Outcome
			reply   string // in the only reply; empty: none
		}{
			{"HELP", smsflowv1.Outcome_OUTCOME_HELP_SENT, "Reply STOP to opt out"},
			{"STOP", smsflowv1.Outcome_OUTCOME_OPTED_OUT, "Harbour Dental: You have opted out"},
			{"What are your opening hours?", smsflowv1.Outcome_OUTCOME_OPTED_OUT, ""},
			{"stop", smsflowv1.Outcome_OUTCOME_OPTED_OUT, ""},
			{"help", smsflowv1.Outcome_OUTCOME_HELP_SENT, "Harbour Dental"},
			{"START", smsflowv1.Outcome_OUTCOME_OPTED_IN, "opted in"},
			{"What are your opening hours?", smsflowv1.Outcome_OUTCOME_REPLIED, "9:00"},
		}
		for i, step := range steps {
			res := s.route(t, from, step.body)
			got := replies(res)
			if res.GetOutcome() != step.outcome {
				t.Errorf("%d %q: %v", i, step.body, res.GetOutcome())
			}
			switch {
			case step.reply == "" && len(got) > 0:
				t.Errorf("%d %q: somebody who opted out got %q", i, step.body, got)
			case step.reply != "" && (len(got) != 1 || !strings.Contains(got[0], step.reply)):
				t.Errorf("%d %q: %q", i, step.body, got)
			}
		}
		other := s.route(t, DemoFirst(time.Now()), "What are your opening hours?")
		if other.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED {
			t.Errorf("another contact: %v", other.GetOutcome())
		}
	})
}

// TestRepeatedDelivery: the same id gets the first outcome with the same replies, also when they come at once: B1.
func TestRepeatedDelivery(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		const at = 8
		all := make(chan *smsflowv1.RouteInboundResponse, at)
		for range at {
			go func() { all <- s.deliver(t, "twice", DemoContact, "What are your opening hours?") }()
		}
		var first, repeated *smsflowv1.RouteInboundResponse
		for range at {
			res := <-all
			if !res.GetDuplicate() {
				if first != nil {
					t.Error("two of the deliveries are the first one")
				}
				first = res
				continue
			}
			repeated = res
		}
		if first == nil || repeated == nil {
			t.Fatal("no first delivery, or no repeated one")
		}
		later := s.deliver(t, "twice", DemoContact, "another text with the same id")
		for _, res := range []*smsflowv1.RouteInboundResponse{repeated, later} {
			want := proto.CloneOf(first)
			want.Duplicate = true
			if !proto.Equal(res, want) {
				t.Errorf("a repeated delivery got\n%v\nwant\n%v", res, want)
			}
		}
		outcome, err := s.gateway.GetOutcome(t.Context(), &smsflowv1.GetOutcomeRequest{InboundId: first.GetInboundId()})
		if err != nil || !proto.Equal(outcome.GetResult(), first) {
			t.Errorf("GetOutcome: %v\nwant %v (%v)", outcome.GetResult(), first, err)
		}
	})
}

// TestTrace: the trace tells each candidate, its rank, what its checks looked at, and why it lost or won: B13.
func TestTrace(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		trace := s.route(t, DemoContact, "Can I book a visit?").GetTrace()
		if trace.GetPriorityOrder() != smsflowv1.PriorityOrder_PRIORITY_ORDER_HIGHEST_FIRST || trace.GetConfigVersion() < 1 {
			t.Errorf("order %v, configuration %d", trace.GetPriorityOrder(), trace.GetConfigVersion())
		}
		if trace.GetFinishedAt().AsTime().Before(trace.GetAcceptedAt().AsTime()) {
			t.Errorf("finished at %v, accepted at %v", trace.GetFinishedAt(), trace.GetAcceptedAt())
		}
		var got []string
		for _, c := range trace.GetCandidates() {
			if c.GetReason() == "" {
				t.Errorf("%s: no reason", c.GetWorkflow().GetName())
			}
			line := []string{c.GetWorkflow().GetName(), strings.TrimPrefix(c.GetVerdict().String(), "VERDICT_")}
			for _, step := range c.GetSteps() {
				line = append(line, step.GetType()+":"+strings.TrimPrefix(step.GetResult().String(), "RESULT_")+step.GetThen())
				if step.GetInput() == "" && step.GetType() == "match_goal" {
					t.Errorf("%s: %s does not say what it looked at", c.GetWorkflow().GetName(), step.GetType())
				}
			}
			got = append(got, strings.Join(line, " "))
		}
		want := []string{
			"Lead capture LOST match_goal:FAILEDnext_workflow",
			"Appointment booking WON match_goal:PASSED set_variable:DONE assistant_reply:WAITING assistant_reply:DONE",
			"After-hours support NOT_REACHED",
			"General questions NOT_REACHED",
		}
		if !slices.Equal(got, want) {
			t.Errorf("candidates\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if trace.GetNotReached() != 2 {
			t.Errorf("not reached: %d", trace.GetNotReached())
		}
		for i, c := range trace.GetCandidates() {
			if int(c.GetRank()) != i+1 {
				t.Errorf("%s has rank %d", c.GetWorkflow().GetName(), c.GetRank())
			}
		}
	})
}

// TestSeedTwice: a second start changes nothing of what an operator has changed, and keeps the keys; lost keys are made
// anew.
func TestSeedTwice(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		key := s.token(t, DemoGatewayFile)
		lead := s.workflow(t, "Lead capture")
		lead.Name, lead.Priority = "Prices", 7
		if _, err := s.workflows.UpdateWorkflow(t.Context(), &smsflowv1.UpdateWorkflowRequest{Workflow: lead, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"*"}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.workflows.DeleteWorkflow(t.Context(), &smsflowv1.DeleteWorkflowRequest{Id: s.workflow(t, "After-hours support").GetId()}); err != nil {
			t.Fatal(err)
		}
		names := func(s *server) []string {
			list, err := s.workflows.ListWorkflows(t.Context(), &smsflowv1.ListWorkflowsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, w := range list.GetWorkflows() {
				names = append(names, w.GetName())
			}
			return names
		}
		want := []string{"Appointment booking", "General questions", "Prices"}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}

		s = start(t, demoConfig(place))
		if got := names(s); !slices.Equal(got, want) {
			t.Errorf("after a restart: %v", got)
		}
		if s.token(t, DemoGatewayFile) != key {
			t.Error("a restart has made another key")
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}

		for _, file := range []string{DemoGatewayFile, DemoConfigFile} {
			if err := os.Remove(place.File(file)); err != nil {
				t.Fatal(err)
			}
		}
		s = start(t, demoConfig(place))
		if got := names(s); !slices.Equal(got, want) {
			t.Errorf("after the keys were lost: %v", got)
		}
		if res := s.route(t, DemoContact, "What are your opening hours?"); res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED {
			t.Errorf("with the new key: %v", res.GetOutcome())
		}
		if info, err := os.Stat(place.File(DemoGatewayFile)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key's file: %v %v", info.Mode(), err)
		}
	})
}
