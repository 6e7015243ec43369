package router_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"smsflow/services/flow"
	"smsflow/services/router"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// D3, S22, S43: the top priority of the active workflows wins, in the tenant's direction; ties go by age, then id.
func TestSelection(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		low := h.workflow(flow.Workflow{Name: "low", Priority: -5, Steps: []flow.Step{say("low")}})
		tie1 := h.workflow(flow.Workflow{Name: "tie 1", Priority: 7, Steps: []flow.Step{say("tie 1")}})
		h.workflow(flow.Workflow{Name: "tie 2", Priority: 7, Steps: []flow.Step{say("tie 2")}})
		off := h.workflow(flow.Workflow{Name: "off", Priority: 99, Steps: []flow.Step{say("off")}})
		setActive(h, off.ID, false)

		res := h.text(alice, "hello")
		h.want(res, flow.OutcomeReplied, "tie 1")
		if res.Workflow.ID != tie1.ID || res.Run == "" {
			t.Fatalf("workflow %+v, run %q", res.Workflow, res.Run)
		}
		var told []string
		for _, c := range res.Trace.Candidates {
			told = append(told, fmt.Sprintf("%d %s %d %s", c.Rank, c.Workflow.Name, c.Priority, c.Verdict))
		}
		want := "1 tie 1 7 won; 2 tie 2 7 not_reached; 3 low -5 not_reached"
		if got := strings.Join(told, "; "); got != want {
			t.Errorf("candidates: %s; want %s", got, want)
		}

		_, err := s.UpdateTenant(t.Context(), h.tenant, func(ten *flow.Tenant) error {
			ten.Settings.PriorityOrder = flow.LowestFirst
			return nil
		})
		must(t, err)
		res = h.text(alice, "hello")
		h.want(res, flow.OutcomeReplied, "low")
		if res.Workflow.ID != low.ID || res.Trace.PriorityOrder != flow.LowestFirst {
			t.Errorf("workflow %+v, order %s", res.Workflow, res.Trace.PriorityOrder)
		}
	})
}

// B13, S21: a failed check passes the message on, and the trace says which check, what it looked at and why it failed.
func TestNextWorkflow(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Name: "prices", Priority: 20, Steps: []flow.Step{words("price"), say("cheap")}})
		h.workflow(flow.Workflow{Name: "hours", Priority: 10, Steps: []flow.Step{words("open"), say("nine to five")}})

		res := h.text(alice, "When are you open?")
		h.want(res, flow.OutcomeReplied, "nine to five")
		first, second := res.Trace.Candidates[0], res.Trace.Candidates[1]
		if first.Verdict != flow.VerdictLost || first.Reason == "" || len(first.Steps) != 1 ||
			first.Steps[0].Result != flow.StepFailed || first.Steps[0].Then != "next_workflow" || !strings.Contains(first.Steps[0].Input, "When are you open?") {
			t.Errorf("loser: %+v", first)
		}
		if second.Verdict != flow.VerdictWon || len(second.Steps) != 2 {
			t.Errorf("winner: %+v", second)
		}
		// What is kept says the same as the first answer.
		kept, err := h.router.Outcome(t.Context(), h.tenant, res.Inbound, 0)
		must(t, err)
		if len(kept.Trace.Candidates) != 2 || len(kept.Trace.Candidates[1].Steps) != 2 || len(kept.Replies) != 1 {
			t.Errorf("kept: %+v", kept)
		}

		res = h.text(alice, "blah")
		h.want(res, flow.OutcomeNoWorkflow)
	})
}

// The tenant decides about a message that no workflow takes.
func TestNoMatchPolicies(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s, func(ten *flow.Tenant) {
			ten.Settings.NoMatch, ten.Settings.NoMatchText = flow.NoMatchText, "Please call us."
		})
		h.want(h.text(alice, "hello"), flow.OutcomeNoWorkflow, "Please call us.")
		h = newHarness(t, s, func(ten *flow.Tenant) { ten.Settings.NoMatch = flow.NoMatchHandOff })
		h.want(h.text(alice, "hello"), flow.OutcomeHandedOff)
		h.want(h.text(alice, "hello?"), flow.OutcomeHandedOff)
	})
}

// B5: consent words come before plan, flag and hand-off, and nothing but a start or help word is answered after a stop.
func TestConsentWords(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s, func(ten *flow.Tenant) { ten.Settings.HelpContact = "help@harbour.example" })
		h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
		h.want(h.text(alice, "hello"), flow.OutcomeReplied, "hi")
		stop := h.text(alice, " stop! ")
		if stop.Outcome != flow.OutcomeOptedOut || len(stop.Replies) != 1 || !strings.Contains(stop.Replies[0].Body, "START") {
			t.Fatalf("stop: %+v", stop)
		}
		h.want(h.text(alice, "hello"), flow.OutcomeOptedOut)
		h.want(h.text(alice, "STOP"), flow.OutcomeOptedOut)
		help := h.text(alice, "help")
		if help.Outcome != flow.OutcomeHelpSent || len(help.Replies) != 1 || !strings.Contains(help.Replies[0].Body, "help@harbour.example") {
			t.Fatalf("help: %+v", help)
		}
		// Another contact is not touched.
		h.want(h.text(bob, "hello"), flow.OutcomeReplied, "hi")
		_, err := s.UpdateTenant(t.Context(), h.tenant, func(ten *flow.Tenant) error { ten.SMSPlan, ten.SMSWorkflows = false, false; return nil })
		must(t, err)
		if start := h.text(alice, "START"); start.Outcome != flow.OutcomeOptedIn || len(start.Replies) != 1 {
			t.Fatalf("start: %+v", start)
		}
		h.want(h.text(alice, "hello"), flow.OutcomeBlockedPlan)
		_, err = s.UpdateTenant(t.Context(), h.tenant, func(ten *flow.Tenant) error { ten.SMSPlan = true; return nil })
		must(t, err)
		h.want(h.text(alice, "hello"), flow.OutcomeBlockedFlag)
		_, err = s.UpdateTenant(t.Context(), h.tenant, func(ten *flow.Tenant) error { ten.SMSWorkflows = true; return nil })
		must(t, err)
		h.want(h.text(alice, "hello"), flow.OutcomeReplied, "hi")
	})
}

// B1: a repeated delivery gets the first one's outcome, whatever it says, even when many come at once.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Steps: []flow.Step{say("got {{message.text}}")}})
		sub := h.submission(alice, "one")
		const n = 20
		results := make([]flow.Result, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				again := sub
				if i%2 == 1 {
					again.Body, again.From = "two", alice
				}
				res, err := h.router.RouteInbound(t.Context(), again, 20*time.Second)
				if err != nil {
					t.Error(err)
				}
				results[i] = res
			})
		}
		wg.Wait()
		firsts := 0
		for _, res := range results {
			if !res.Duplicate {
				firsts++
			}
			if len(res.Replies) != 1 || res.Replies[0].ID != results[0].Replies[0].ID || res.Inbound != results[0].Inbound || res.Outcome != flow.OutcomeReplied {
				t.Fatalf("one answer: %+v\nanother: %+v", results[0], res)
			}
		}
		if firsts != 1 {
			t.Errorf("%d deliveries were taken for the first", firsts)
		}
	})
}

// S69, S73: a toggle, an edit and a delete are seen by the very next message.
func TestConfigurationIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		w := h.workflow(flow.Workflow{Steps: []flow.Step{say("v0")}})
		for i := range 20 {
			w.Steps = []flow.Step{say(fmt.Sprint("v", i))}
			_, err := h.config.UpdateWorkflow(t.Context(), h.caller(), w, []string{"steps"}, "")
			must(t, err)
			h.want(h.text(contact(i), "hello"), flow.OutcomeReplied, fmt.Sprint("v", i))
			setActive(h, w.ID, false)
			h.want(h.text(contact(i), "hello"), flow.OutcomeNoWorkflow)
			setActive(h, w.ID, true)
		}
		_, err := h.config.DeleteWorkflow(t.Context(), h.caller(), w.ID, "")
		must(t, err)
		h.want(h.text(alice, "hello"), flow.OutcomeNoWorkflow)
	})
}

// B2: one conversation's messages are handled in order, also when they come at once.
func TestOrderWithinAConversation(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.clock(13 * time.Minute) // the loop guard is not what this is about
		h.workflow(flow.Workflow{Steps: []flow.Step{
			{Spec: &flow.SetVariable{Name: "log", Value: "{{vars.log}}{{message.text}}"}}, say("{{vars.log}}"),
		}})
		var wg sync.WaitGroup
		for i := range 10 {
			sub := h.submission(alice, fmt.Sprint(i))
			res, err := h.router.RouteInbound(t.Context(), sub, 0)
			must(t, err)
			wg.Go(func() {
				res, err := h.router.Outcome(t.Context(), h.tenant, res.Inbound, 20*time.Second)
				if err != nil || len(res.Replies) != 1 || res.Replies[0].Body != "0123456789"[:i+1] {
					t.Errorf("message %d: %+v, %v", i, res, err)
				}
			})
		}
		wg.Wait()
	})
}

// D4, B6: the assistant sees the workflow's context, template and the conversation so far; its answer is the reply.
func TestAssistant(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{
			Name: "front desk", Context: "We open at nine.", ResponseTemplate: "Be brief.", Assistant: h.assistant(0),
			Steps: []flow.Step{say("one moment"), ask("")},
		})
		res := h.text(alice, "first")
		h.want(res, flow.OutcomeReplied, "one moment", "re: first")
		if steps := res.Trace.Candidates[0].Steps; len(steps) != 3 || steps[2].Answer == nil || steps[2].Answer.Model != "script" {
			t.Errorf("steps: %+v", steps)
		}
		h.want(h.text(alice, "second"), flow.OutcomeReplied, "one moment", "re: second")
		q := h.script.questions()[1]
		if q.Context != "We open at nine." || q.ResponseTemplate != "Be brief." || q.WorkflowName != "front desk" || q.TenantName != "Harbour Dental" {
			t.Errorf("question: %+v", q)
		}
		want := []flow.Said{{Inbound: true, Text: "first"}, {Text: "one moment"}, {Text: "re: first"}}
		if fmt.Sprint(q.History) != fmt.Sprint(want) {
			t.Errorf("history: %v, want %v", q.History, want)
		}
	})
}

// A failed or late assistant is a fact of the run: the fallback is sent and nothing is lost.
func TestAssistantFails(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Assistant: h.assistant(time.Second), Steps: []flow.Step{ask("We will call you.")}})
		h.script.set(func(context.Context, flow.Ask) flow.Answer { return flow.Answer{Err: "refused"} })
		h.want(h.text(alice, "hello"), flow.OutcomeReplied, "We will call you.")
		h.script.set(func(ctx context.Context, _ flow.Ask) flow.Answer {
			<-ctx.Done()
			return flow.Answer{Err: "timed out"}
		})
		res := h.text(alice, "hello")
		h.want(res, flow.OutcomeReplied, "We will call you.")
		if last := res.Trace.Candidates[0].Steps; last[len(last)-1].Result != flow.StepError || !strings.Contains(last[len(last)-1].Detail, "timed out") {
			t.Errorf("steps: %+v", last)
		}
	})
}

// An assistant's failure is in the log, with what it belongs to and why, but with nothing of the conversation.
func TestAssistantFailureIsLogged(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.stop()
		var log bytes.Buffer
		h.options.Log = slog.New(slog.NewTextHandler(&log, nil))
		h.start()
		assistant := h.assistant(time.Second)
		w := h.workflow(flow.Workflow{Assistant: assistant, Steps: []flow.Step{ask("We will call you.")}})
		h.script.set(func(context.Context, flow.Ask) flow.Answer {
			return flow.Answer{Err: "the server refused the connection"}
		})
		h.want(h.text(alice, "a private question"), flow.OutcomeReplied, "We will call you.")
		h.stop()
		for _, want := range []string{"level=WARN", string(h.tenant), string(assistant), string(w.ID), "the server refused the connection"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, log.String())
			}
		}
		for _, never := range []string{"private question", alice, h.number, "We will call you"} {
			if strings.Contains(log.String(), never) {
				t.Errorf("the log says %q:\n%s", never, log.String())
			}
		}
	})
}

// hang makes the assistant wait until release is called; asked tells of each question.
func hang(h *harness) (asked <-chan struct{}, release func()) {
	a, r := make(chan struct{}, 100), make(chan struct{})
	h.script.set(func(ctx context.Context, q flow.Ask) flow.Answer {
		a <- struct{}{}
		select {
		case <-r:
			return flow.Answer{Text: "late: " + q.Message}
		case <-ctx.Done():
			return flow.Answer{Err: "stopped"}
		}
	})
	return a, sync.OnceFunc(func() { close(r) })
}

// S73: deleting a workflow cancels its open runs: no reply comes, and the outcome says why. Turning it off does not.
func TestDeleteAndSwitchOffMidRun(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		w := h.workflow(flow.Workflow{Assistant: h.assistant(0), Steps: []flow.Step{ask("")}})
		asked, release := hang(h)
		res, err := h.router.RouteInbound(t.Context(), h.submission(alice, "off"), 0)
		must(t, err)
		<-asked
		setActive(h, w.ID, false)
		release()
		res, err = h.router.Outcome(t.Context(), h.tenant, res.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeReplied, "late: off")

		setActive(h, w.ID, true)
		asked, release = hang(h)
		res, err = h.router.RouteInbound(t.Context(), h.submission(alice, "deleted"), 0)
		must(t, err)
		<-asked
		n, err := h.config.DeleteWorkflow(t.Context(), h.caller(), w.ID, "")
		must(t, err)
		if n != 1 {
			t.Errorf("%d runs cancelled, want 1", n)
		}
		release()
		res, err = h.router.Outcome(t.Context(), h.tenant, res.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeNoReply)
		if !strings.Contains(res.Trace.Candidates[0].Reason, "cancelled") {
			t.Errorf("reason: %q", res.Trace.Candidates[0].Reason)
		}
	})
}

// A run keeps the revision that it began with.
func TestEditMidRun(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		w := h.workflow(flow.Workflow{Assistant: h.assistant(0), Steps: []flow.Step{ask(""), say("old")}})
		asked, release := hang(h)
		res, err := h.router.RouteInbound(t.Context(), h.submission(alice, "hello"), 0)
		must(t, err)
		<-asked
		w.Steps = []flow.Step{say("new")}
		_, err = h.config.UpdateWorkflow(t.Context(), h.caller(), w, []string{"steps"}, "")
		must(t, err)
		release()
		res, err = h.router.Outcome(t.Context(), h.tenant, res.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeReplied, "late: hello", "old")
		h.want(h.text(alice, "hello"), flow.OutcomeReplied, "new")
	})
}

// B5: a stop word does not wait behind an assistant's answer, and that answer is never sent.
func TestStopOvertakesAnAssistant(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.workflow(flow.Workflow{Assistant: h.assistant(0), Steps: []flow.Step{ask("")}})
		asked, release := hang(h)
		defer release()
		first, err := h.router.RouteInbound(t.Context(), h.submission(alice, "hello"), 0)
		must(t, err)
		<-asked
		if stop := h.text(alice, "STOP"); stop.Outcome != flow.OutcomeOptedOut || len(stop.Replies) != 1 {
			t.Fatalf("stop: %+v", stop)
		}
		res, err := h.router.Outcome(t.Context(), h.tenant, first.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeNoReply)
	})
}

// B2, B16: a router that dies in the middle of a run loses nothing: another one finishes it, and a message is answered once.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.stop()
		h.options.Lease, h.options.Drain = 300*time.Millisecond, time.Millisecond
		h.start()
		h.workflow(flow.Workflow{Assistant: h.assistant(0), Steps: []flow.Step{say("one moment"), ask("")}})
		asked, release := hang(h)
		defer release()
		res, err := h.router.RouteInbound(t.Context(), h.submission(alice, "hello"), 0)
		must(t, err)
		<-asked
		dead := h.router
		h.stop()
		h.script.set(newScript().reply)
		h.start()
		res, err = h.router.Outcome(t.Context(), h.tenant, res.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeReplied, "one moment", "re: hello")
		if _, err := dead.RouteInbound(t.Context(), h.submission(alice, "hello"), 0); !errors.Is(err, flow.ErrUnavailable) {
			t.Errorf("a stopped router answered %v", err)
		}
	})
}

// B11: automations that answer each other come to an end: what is over the limit goes to a person, with the reason.
func TestLoopGuard(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s, func(ten *flow.Tenant) { ten.Settings.ReleaseAfterMinutes = 30 })
		h.workflow(flow.Workflow{Steps: []flow.Step{say("you said {{message.text}}")}})
		for i := range router.MaxRepliesMinute {
			h.want(h.text(alice, fmt.Sprint(i)), flow.OutcomeReplied, fmt.Sprint("you said ", i))
		}
		res := h.text(alice, "once more")
		h.want(res, flow.OutcomeBlockedLoop)
		if len(res.Trace.Notes) != 1 || !strings.Contains(res.Trace.Notes[0].Text, "within a minute") {
			t.Errorf("notes: %+v", res.Trace.Notes)
		}
		h.want(h.text(alice, "hello?"), flow.OutcomeHandedOff)

		same := h.workflow(flow.Workflow{Name: "same", Priority: 9, Steps: []flow.Step{words("same"), say("as before")}})
		for i := range router.MaxSameReplies {
			h.want(h.text(contact(2), fmt.Sprint("same ", i)), flow.OutcomeReplied, "as before")
		}
		h.want(h.text(contact(2), "same again"), flow.OutcomeBlockedLoop)
		setActive(h, same.ID, false)

		h.want(h.text(bob, "echo"), flow.OutcomeReplied, "you said echo")
		h.want(h.text(bob, "you said echo"), flow.OutcomeBlockedLoop)
		own := h.submission(h.number, "hello")
		h.want(h.submit(own), flow.OutcomeBlockedLoop)

		// After the tenant's time the conversation is the automation's again; 30 an hour is the other limit.
		h.stop()
		h.clock(31 * time.Minute)
		h.want(h.text(alice, "later"), flow.OutcomeReplied, "you said later")
		h.stop()
		h.clock(90 * time.Second)
		for i := range router.MaxRepliesHour {
			h.want(h.text(contact(1), fmt.Sprint(i)), flow.OutcomeReplied, fmt.Sprint("you said ", i))
		}
		h.want(h.text(contact(1), "once more"), flow.OutcomeBlockedLoop)
	})
}

// poisoned makes one contact's conversation one that cannot be handled.
type poisoned struct {
	store
	contact string
}

func (p poisoned) Load(ctx context.Context, owner string, leases []flow.Lease, limit int) ([]flow.Claimed, error) {
	loaded, err := p.store.Load(ctx, owner, leases, limit)
	for i := range loaded {
		if loaded[i].Conversation.Contact == p.contact && len(loaded[i].Pending) > 0 && loaded[i].Pending[0].Body == "poison" {
			loaded[i].Partial, loaded[i].Run = &flow.Result{Inbound: loaded[i].Pending[0].ID, Tenant: loaded[i].Tenant}, nil
		}
	}
	return loaded, err
}

// A message that cannot be handled is given up after some tries, visibly, and holds up neither the messages behind it nor
// other conversations.
func TestPoison(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		h.stop()
		h.options.Store = poisoned{s, alice}
		h.start()
		h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
		first, err := h.router.RouteInbound(t.Context(), h.submission(alice, "poison"), 0)
		must(t, err)
		second, err := h.router.RouteInbound(t.Context(), h.submission(alice, "hello"), 0)
		must(t, err)
		h.want(h.text(bob, "hello"), flow.OutcomeReplied, "hi")
		res, err := h.router.Outcome(t.Context(), h.tenant, first.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeFailed)
		if len(res.Trace.Notes) != 1 || !strings.Contains(res.Trace.Notes[0].Text, "given up") {
			t.Errorf("notes: %+v", res.Trace.Notes)
		}
		res, err = h.router.Outcome(t.Context(), h.tenant, second.Inbound, 20*time.Second)
		must(t, err)
		h.want(res, flow.OutcomeReplied, "hi")
	})
}

// An inbound that cannot be one is refused with every reason, and leaves nothing behind.
func TestBadSubmissions(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		for name, c := range map[string]struct {
			change func(*subm)
			fields string
		}{
			"all empty":     {func(s *subm) { s.GatewayMessageID, s.From, s.To, s.Body = "", "", "", "" }, "gateway_message_id from to body"},
			"no E.164":      {func(s *subm) { s.From = "0151 123" }, "from"},
			"to is a name":  {func(s *subm) { s.To = "HARBOUR" }, "to"},
			"NUL":           {func(s *subm) { s.Body = "a\x00b" }, "body"},
			"invalid UTF-8": {func(s *subm) { s.Body = "a\xffb" }, "body"},
			"10,000 chars":  {func(s *subm) { s.Body = strings.Repeat("a", 10_000) }, "body"},
			"long id":       {func(s *subm) { s.GatewayMessageID = strings.Repeat("a", 201) }, "gateway_message_id"},
			"control in id": {func(s *subm) { s.GatewayMessageID = "a\nb" }, "gateway_message_id"},
		} {
			sub := h.submission(alice, "hello")
			c.change(&sub)
			_, err := h.router.RouteInbound(t.Context(), sub, 0)
			var e *flow.Error
			if !errors.As(err, &e) || !errors.Is(err, flow.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var fields []string
			for _, v := range e.Violations {
				fields = append(fields, v.Field)
			}
			if got := strings.Join(fields, " "); got != c.fields {
				t.Errorf("%s: violations of %q, want %q", name, got, c.fields)
			}
		}
		sub := h.submission(alice, "hello")
		sub.To = "+14155550199"
		if res := h.submit(sub); res.Outcome != flow.OutcomeUnknownNumber {
			t.Errorf("foreign number: %+v", res)
		}
		other := newHarness(t, s)
		res := h.text(alice, "hello")
		if _, err := other.router.Outcome(t.Context(), other.tenant, res.Inbound, 0); !errors.Is(err, flow.ErrNotFound) {
			t.Errorf("another tenant's message: %v", err)
		}
	})
}
