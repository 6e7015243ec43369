package router_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"smsflow/services/flow"
	"smsflow/services/router"
)

// B1: ids are a gateway's own: the same one of another gateway is another message.
func TestSameIDOfAnotherGateway(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Steps: []flow.Step{say("got {{message.text}}")}})
		one := h.submission(alice, "one")
		two := one
		two.Connection, two.Body = "another gateway", "two"
		h.want(h.submit(one), flow.OutcomeReplied, "got one")
		if res := h.submit(two); res.Duplicate {
			t.Error("taken for a repetition")
		} else {
			h.want(res, flow.OutcomeReplied, "got two")
		}
	})
}

// A start word is remembered as an opt-in; one with a stop word already behind it is not answered.
func TestStartWords(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Priority: 2, Steps: []flow.Step{{Spec: &flow.ContactIs{Condition: flow.ContactOptedIn}}, say("welcome back")}})
		h.workflow(flow.Workflow{Priority: 1, Assistant: h.assistant(0), Steps: []flow.Step{ask("")}})
		h.want(h.text(alice, "hello"), flow.OutcomeReplied, "re: hello")
		if res := h.text(alice, "START"); res.Outcome != flow.OutcomeOptedIn {
			t.Fatalf("start: %+v", res)
		}
		h.want(h.text(alice, "hello"), flow.OutcomeReplied, "welcome back")

		asked, release := hang(h)
		defer release()
		_, err := h.router.RouteInbound(t.Context(), h.submission(bob, "hello"), 0)
		must(t, err)
		<-asked
		start, err := h.router.RouteInbound(t.Context(), h.submission(bob, "START"), 0)
		must(t, err)
		if stop := h.text(bob, "STOP"); stop.Outcome != flow.OutcomeOptedOut {
			t.Fatalf("stop: %+v", stop)
		}
		start, err = h.router.Outcome(t.Context(), h.tenant, start.Inbound, 20*time.Second)
		must(t, err)
		h.want(start, flow.OutcomeOptedOut)
		h.want(h.text(bob, "hello"), flow.OutcomeOptedOut)
	})
}

// A workflow that passes the message on after its assistant was asked is not tried again.
func TestPassedOnAfterAnAnswer(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.script.set(newScript().fail)
		h.workflow(flow.Workflow{Name: "first", Priority: 2, Assistant: h.assistant(0), Steps: []flow.Step{ask(""), words("never")}})
		h.workflow(flow.Workflow{Name: "second", Priority: 1, Steps: []flow.Step{say("here")}})
		res := h.text(alice, "hello")
		h.want(res, flow.OutcomeReplied, "here")
		if n := len(h.script.questions()); n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
		if c := res.Trace.Candidates; len(c) != 2 || c[0].Verdict != flow.VerdictLost || len(c[0].Steps) < 2 || c[1].Verdict != flow.VerdictWon {
			t.Errorf("candidates: %+v", c)
		}
	})
}

// S15, S16: a gate that closes while an assistant is at work is closed for its answer too.
func TestGateClosesMidRun(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Assistant: h.assistant(0), Steps: []flow.Step{ask("")}})
		asked, release := hang(h)
		res, err := h.router.RouteInbound(t.Context(), h.submission(alice, "hello"), 0)
		must(t, err)
		<-asked
		_, err = s.UpdateTenant(t.Context(), h.tenant, func(ten *flow.Tenant) error { ten.SMSWorkflows = false; return nil })
		must(t, err)
		release()
		res, err = h.router.Outcome(t.Context(), h.tenant, res.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeBlockedFlag)
	})
}

// B11: it is the same text in a row that is stopped, not the same text once more after others; the fixed text of the
// no-match policy counts as well.
func TestSameReplies(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s, func(ten *flow.Tenant) {
			ten.Settings.NoMatch, ten.Settings.NoMatchText = flow.NoMatchText, "Please call us."
		})
		h.workflow(flow.Workflow{Steps: []flow.Step{words("say"), say("{{message.text}}!")}})
		for _, text := range []string{"say a", "say b", "say c", "say c"} {
			h.want(h.text(alice, text), flow.OutcomeReplied, text+"!")
		}
		for i := range router.MaxSameReplies {
			h.want(h.text(bob, fmt.Sprint("x", i)), flow.OutcomeNoWorkflow, "Please call us.")
		}
		res := h.text(bob, "y")
		h.want(res, flow.OutcomeBlockedLoop)
		if len(res.Trace.Notes) != 1 || !strings.Contains(res.Trace.Notes[0].Text, "person") {
			t.Errorf("notes: %+v", res.Trace.Notes)
		}
	})
}

// BenchmarkSelection1000 is the handling of one message by the last of 1,000 active workflows: each of the others is tried
// first, and is in the trace.
func BenchmarkSelection1000(b *testing.B) {
	both(b, func(b *testing.B, s store) {
		h := newHarness(b, s)
		for i := range flow.MaxWorkflows - 1 {
			h.workflow(flow.Workflow{Name: fmt.Sprint("w", i), Priority: int32(i + 1), Steps: []flow.Step{words(fmt.Sprint("word", i)), say("no")}})
		}
		h.workflow(flow.Workflow{Name: "last", Steps: []flow.Step{say("yes")}})
		h.want(h.text(alice, "hello"), flow.OutcomeReplied, "yes")
		b.ResetTimer()
		for i := range b.N {
			sub := h.submission(fmt.Sprintf("+1212%07d", 2_000_000+i), "hello")
			if res := h.submit(sub); res.Outcome != flow.OutcomeReplied {
				b.Fatal(res.Outcome)
			}
		}
	})
}
