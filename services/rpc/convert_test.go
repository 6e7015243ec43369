package rpc

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

// fill sets every field of a message to something random that the contract has: known enum values, any text, lists of
// up to three.
func fill(t *rapid.T, m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	oneofs := m.Descriptor().Oneofs()
	for i := range oneofs.Len() {
		if o := oneofs.Get(i); !o.IsSynthetic() {
			set(t, m, o.Fields().Get(rapid.IntRange(0, o.Fields().Len()-1).Draw(t, string(o.Name()))))
		}
	}
	for i := range fields.Len() {
		fd := fields.Get(i)
		if o := fd.ContainingOneof(); o != nil && !o.IsSynthetic() {
			continue
		}
		if (fd.HasPresence() || fd.IsList()) && rapid.Bool().Draw(t, "skip") {
			continue
		}
		set(t, m, fd)
	}
}

func set(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	if !fd.IsList() {
		m.Set(fd, value(t, fd, m.NewField(fd)))
		return
	}
	list := m.Mutable(fd).List()
	for range rapid.IntRange(1, 3).Draw(t, "length") {
		list.Append(value(t, fd, list.NewElement()))
	}
}

func value(t *rapid.T, fd protoreflect.FieldDescriptor, empty protoreflect.Value) protoreflect.Value {
	name := string(fd.Name())
	switch fd.Kind() {
	case protoreflect.MessageKind:
		if _, ok := empty.Message().Interface().(*timestamppb.Timestamp); ok {
			at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, name), rapid.Int64Range(1, 999_999_999).Draw(t, "nanos"))
			return protoreflect.ValueOfMessage(timestamppb.New(at).ProtoReflect())
		}
		fill(t, empty.Message())
		return empty
	case protoreflect.EnumKind:
		values := fd.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(rapid.IntRange(0, values.Len()-1).Draw(t, name)).Number())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(rapid.String().Draw(t, name))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, name))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, name))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, name))
	default:
		t.Fatalf("the contract has a new kind of field: %s is %s", fd.FullName(), fd.Kind())
		return protoreflect.Value{}
	}
}

// fillAnyhow is fill with numbers that enums do not have and texts that are long or hold NUL.
func fillAnyhow(t *rapid.T, m protoreflect.Message) {
	fill(t, m)
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		odd := rapid.IntRange(0, 3).Draw(t, "odd") == 0
		switch {
		case fd.IsList() && fd.Enum() != nil:
			v.List().Append(protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32().Draw(t, "number"))))
		case fd.IsList():
		case fd.Enum() != nil && odd:
			m.Set(fd, protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32().Draw(t, "number"))))
		case fd.Kind() == protoreflect.StringKind && odd:
			m.Set(fd, protoreflect.ValueOfString(strings.Repeat("é\x00", rapid.IntRange(1, 5000).Draw(t, "length"))))
		case fd.Message() != nil && fd.Message().FullName().Parent() != "google.protobuf":
			fillAnyhow(t, v.Message())
		}
		return true
	})
}

// outputOnly are the fields that workflowFrom does not read.
func outputOnly(w *smsflowv1.Workflow) {
	w.Revision, w.Etag, w.CreatedAt, w.UpdatedAt, w.UpdatedBy, w.OpenRuns = 0, "", nil, nil, "", 0
}

func TestWorkflowRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &smsflowv1.Workflow{}
		fill(t, w.ProtoReflect())
		outputOnly(w)
		back := workflowTo(workflowFrom(w))
		outputOnly(back)
		if diff := cmp.Diff(w, back, protocmp.Transform()); diff != "" {
			t.Fatalf("proto to flow to proto changes the workflow (-before +after):\n%s", diff)
		}
	})
}

func TestAssistantRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := &smsflowv1.Assistant{}
		fill(t, a.ProtoReflect())
		// Read by no conversion: output only, or the key, which goes its own way.
		a.ApiKey, a.HasApiKey, a.Etag, a.CreatedAt, a.UpdatedAt, a.UsedBy = "", false, "", nil, nil, 0
		a.Timeout = durationTo(time.Duration(rapid.Int64().Draw(t, "timeout")))
		back := assistantTo(assistantFrom(a))
		back.Etag = ""
		if diff := cmp.Diff(a, back, protocmp.Transform()); diff != "" {
			t.Fatalf("proto to flow to proto changes the assistant (-before +after):\n%s", diff)
		}
	})
}

// TestEveryStepTypeConverts fails when a step type is added to the nouns or to the contract alone.
func TestEveryStepTypeConverts(t *testing.T) {
	t.Parallel()
	kinds := (&smsflowv1.Step{}).ProtoReflect().Descriptor().Oneofs().ByName("kind").Fields()
	for _, name := range flow.StepTypes() {
		to := stepTo(flow.Step{ID: "a", Spec: flow.NewSpec(name)})
		fd := kinds.ByName(protoreflect.Name(name))
		if fd == nil {
			t.Errorf("the contract has no step %q", name)
			continue
		}
		if !to.ProtoReflect().Has(fd) {
			t.Errorf("%s: the contract's step has the kind %v", name, to.GetKind())
		}
		if back := stepFrom(to); back.Spec == nil || back.Spec.Type() != name {
			t.Errorf("%s comes back as %v", name, back.Spec)
		}
	}
	if kinds.Len() != len(flow.StepTypes()) {
		t.Errorf("the contract has %d kinds of steps, flow %d", kinds.Len(), len(flow.StepTypes()))
	}
}

// TestEnumsAreTotal walks every enum of the contract that a conversion reads, and every value that a noun can have.
func TestEnumsAreTotal(t *testing.T) {
	t.Parallel()
	both(t, goalFrom, goalTo, "")
	both(t, providerFrom, providerTo, "")
	both(t, failActionFrom, failActionTo, "")
	both(t, matchModeFrom, matchModeTo, "")
	both(t, conditionFrom, conditionTo, "")
	both(t, onErrorFrom, onErrorTo, "")
	if got := sortFrom(99); got != "99" {
		t.Errorf("an unknown sort is %q", got)
	}
	reached(t, outcomeTo, []flow.Outcome{
		flow.OutcomeReplied, flow.OutcomeNoReply, flow.OutcomeAccepted, flow.OutcomeNoWorkflow, flow.OutcomeOptedOut,
		flow.OutcomeOptedIn, flow.OutcomeHelpSent, flow.OutcomeHandedOff, flow.OutcomeDuplicate, flow.OutcomeBlockedPlan,
		flow.OutcomeBlockedFlag, flow.OutcomeUnknownNumber, flow.OutcomeFailed, flow.OutcomeBlockedLoop, "new one",
	})
	reached(t, verdictTo, []flow.Verdict{flow.VerdictWon, flow.VerdictLost, flow.VerdictNotReached, "new one"})
	reached(t, stepResultTo, []flow.StepResult{flow.StepPassed, flow.StepFailed, flow.StepDone, flow.StepWaiting, flow.StepError, "new one"})
	reached(t, orderTo, []flow.PriorityOrder{flow.HighestFirst, flow.LowestFirst, "new one"})
}

type enum interface {
	~int32
	protoreflect.Enum
}

// both checks a pair of conversions: each number of the enum comes back as itself, and one without a name becomes a
// value that no noun allows.
func both[E enum, N ~string](t *testing.T, from func(E) N, to func(N) E, zero N) {
	t.Helper()
	var e E
	values := e.Descriptor().Values()
	for i := range values.Len() {
		n := E(values.Get(i).Number())
		if back := to(from(n)); back != n {
			t.Errorf("%s comes back as %d", values.Get(i).FullName(), back)
		}
	}
	if from(0) != zero || from(99) != "99" || to("new one") != 0 {
		t.Errorf("%s: unknown values: %q, %q, %d", e.Descriptor().FullName(), from(0), from(99), to("new one"))
	}
}

// reached checks a conversion to an enum: the values give all of its numbers, each once.
func reached[E enum, N ~string](t *testing.T, to func(N) E, values []N) {
	t.Helper()
	var e E
	got := map[E]N{}
	for _, v := range values {
		if other, ok := got[to(v)]; ok {
			t.Errorf("%q and %q are both %d", v, other, to(v))
		}
		got[to(v)] = v
	}
	if n := e.Descriptor().Values().Len(); len(got) != n {
		t.Errorf("%s has %d values, %d are reached", e.Descriptor().FullName(), n, len(got))
	}
}

func TestResultTo(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 5, time.UTC)
	ref := flow.WorkflowRef{ID: "w1", Name: "Opening hours", Revision: 3}
	got := resultTo(flow.Result{
		Tenant: "t1", Inbound: "i1", Outcome: flow.OutcomeReplied, Workflow: &ref, Run: "r1", Duplicate: true,
		Replies: []flow.Outbound{{ID: "o1", From: "+14155550100", To: "+14155550101", Body: "Nine to five.", Segments: 1, Encoding: "GSM-7"}},
		Trace: flow.Trace{
			AcceptedAt: at, FinishedAt: at.Add(time.Second), PriorityOrder: flow.LowestFirst, ConfigVersion: 7, NotReached: 2,
			Notes: []flow.Note{{Stage: "consent", Text: "no consent word"}},
			Candidates: []flow.Candidate{{
				Workflow: ref, Goal: flow.GoalFeedback, Priority: -5, Rank: 1, Verdict: flow.VerdictWon, Reason: "first",
				Steps: []flow.StepEvent{{
					Step: "reply", Type: flow.TypeAssistantReply, Result: flow.StepDone, Input: "in", Detail: "did", Then: "end", At: at,
					Answer: &flow.Answer{Model: "m", InputTokens: 1, OutputTokens: 2, Latency: time.Second},
				}},
			}},
		},
	})
	want := &smsflowv1.RouteInboundResponse{
		InboundId: "i1", Outcome: smsflowv1.Outcome_OUTCOME_REPLIED, RunId: "r1", Duplicate: true,
		Replies:  []*smsflowv1.Reply{{Id: "o1", From: "+14155550100", To: "+14155550101", Body: "Nine to five.", Segments: 1, Encoding: "GSM-7"}},
		Workflow: &smsflowv1.WorkflowRef{Id: "w1", Name: "Opening hours", Revision: 3},
		Trace: &smsflowv1.DecisionTrace{
			AcceptedAt: timestamppb.New(at), FinishedAt: timestamppb.New(at.Add(time.Second)),
			PriorityOrder: smsflowv1.PriorityOrder_PRIORITY_ORDER_LOWEST_FIRST, ConfigVersion: 7, NotReached: 2,
			Notes: []*smsflowv1.TraceNote{{Stage: "consent", Text: "no consent word"}},
			Candidates: []*smsflowv1.Candidate{{
				Workflow: &smsflowv1.WorkflowRef{Id: "w1", Name: "Opening hours", Revision: 3}, Goal: smsflowv1.Goal_GOAL_FEEDBACK,
				Priority: -5, Rank: 1, Verdict: smsflowv1.Candidate_VERDICT_WON, Reason: "first",
				Steps: []*smsflowv1.StepTrace{{
					StepId: "reply", Type: "assistant_reply", Result: smsflowv1.StepTrace_RESULT_DONE, Input: "in", Detail: "did", Then: "end",
					At:    timestamppb.New(at),
					Usage: &smsflowv1.AssistantUsage{Model: "m", InputTokens: 1, OutputTokens: 2, Latency: durationTo(time.Second)},
				}},
			}},
		},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if empty := resultTo(flow.Result{Outcome: flow.OutcomeAccepted}); !proto.Equal(empty, &smsflowv1.RouteInboundResponse{
		Outcome: smsflowv1.Outcome_OUTCOME_ACCEPTED, Trace: &smsflowv1.DecisionTrace{},
	}) {
		t.Errorf("an empty result is %v", empty)
	}
}
