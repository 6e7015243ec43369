package router

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"smsflow/services/engine"
	"smsflow/services/fault"
	"smsflow/services/flow"
	"smsflow/services/sms"
)

// turn is the handling of one loaded conversation up to its next commit. It reads nothing but what was loaded and the
// tenant's configuration, and changes nothing outside itself: thrown away, it can be done again.
type turn struct {
	r   *Router
	job job
	cl  *flow.Claimed
	cfg *config

	conv  flow.Conversation
	out   flow.Commit
	dirty bool         // there is something to commit
	ask   *flow.Run    // its Pending effect is to be done after the commit
	about flow.Inbound // the message that ask is about
	// finished are the outcomes to publish. reread: some of their replies stand in earlier commits.
	finished []flow.Result
	reread   bool
}

// message is one inbound message while it is handled.
type message struct {
	flow.Inbound
	res flow.Result
}

// take handles as many of the pending messages as can be handled without waiting for an effect.
func (r *Router) take(ctx context.Context, j job, cl *flow.Claimed) (*turn, error) {
	cfg, err := r.configs.get(ctx, cl.Tenant, cl.ConfigVersion)
	if err != nil {
		return nil, err
	}
	t := &turn{r: r, job: j, cl: cl, cfg: cfg, conv: cl.Conversation}
	t.conv.Vars, t.conv.Tags = maps.Clone(t.conv.Vars), slices.Clone(t.conv.Tags)
	for i, in := range cl.Pending {
		m := &message{Inbound: in}
		var held bool
		if i == 0 && cl.Partial != nil {
			m.res = *cl.Partial
			held, err = t.goOn(ctx, m, cl.Pending[1:])
		} else {
			m.res = flow.Result{Tenant: in.Tenant, Inbound: in.ID, Trace: flow.Trace{
				AcceptedAt: in.AcceptedAt, PriorityOrder: cfg.order(), ConfigVersion: cfg.Tenant.ConfigVersion,
			}}
			held = t.begin(m, cl.Pending[i+1:])
		}
		if err != nil {
			return nil, err
		}
		if held {
			break
		}
	}
	t.seal()
	return t, nil
}

// seal makes the commit complete.
func (t *turn) seal() {
	t.out.Lease = t.cl.Lease
	t.out.Conversation = t.conv
	t.out.Conversation.Ver = t.cl.Conversation.Ver + 1
	t.out.Gen = t.cl.Gen
	t.out.Release = len(t.out.Consumed) == len(t.cl.Pending)
}

// begin handles a message from the start. held: it waits for an effect, and so do the messages behind it.
func (t *turn) begin(m *message, behind []flow.Inbound) (held bool) {
	if !fault.Off("consent_first") && t.consent(m, behind) {
		return false
	}
	switch {
	case t.conv.State == flow.OptedOut:
		m.note("conversation", "the contact has opted out: nothing is sent until a start word comes")
		t.finish(m, flow.OutcomeOptedOut)
		return false
	case !t.cfg.Tenant.SMSPlan || !t.cfg.Tenant.SMSWorkflows:
		t.finish(m, t.closedGate(m))
		return false
	case t.conv.State == flow.HandedOff && !t.released(m):
		m.note("conversation", "a person has the conversation: "+t.conv.StateReason)
		t.finish(m, flow.OutcomeHandedOff)
		return false
	case t.guard(m):
		return false
	}
	return t.choose(m)
}

// closedGate says which of the tenant's gates is closed.
func (t *turn) closedGate(m *message) flow.Outcome {
	if !t.cfg.Tenant.SMSPlan {
		m.note("plan", "the tenant's plan does not include SMS: choose one that does under Billing")
		return flow.OutcomeBlockedPlan
	}
	m.note("flag", "smsWorkflowsEnabled is off for the tenant: have it switched on")
	return flow.OutcomeBlockedFlag
}

// choose gives the message to the first candidate, in the order of priority, that keeps it.
func (t *turn) choose(m *message) (held bool) {
	facts := t.facts(m).Prepare()
	for i, c := range t.cfg.candidates {
		if m.tried(c.workflow.ID) {
			continue
		}
		m.res.Trace.Candidates = append(m.res.Trace.Candidates, newCandidate(&c.workflow, i+1))
		prog, err := c.compile()
		if err != nil {
			// A saved workflow that no longer compiles is the workflow's failure: the next one gets its turn.
			m.last().Verdict, m.last().Reason = flow.VerdictLost, "its steps cannot be run: "+err.Error()
			continue
		}
		run := prog.NewRun(flow.RunID(t.r.NewID()), m.Tenant, t.conv.ID, m.ID, i+1, m.AcceptedAt)
		facts.Vars, facts.Tags = t.conv.Vars, t.conv.Tags // a candidate that passed the message on may have set some
		run, out := prog.Advance(run, facts, engine.Event{})
		passed, held := t.apply(m, prog, run, out)
		if !passed {
			return held
		}
	}
	t.noMatch(m)
	return false
}

// goOn handles a message whose handling has begun in an earlier commit.
func (t *turn) goOn(ctx context.Context, m *message, behind []flow.Inbound) (held bool, err error) {
	t.reread = true
	run := t.cl.Run
	switch {
	case run == nil:
		return false, fmt.Errorf("message %s has a partial outcome and no run", m.ID)
	case !run.State.Open():
		// Cancelled from outside, for example because its workflow was deleted.
		m.lastReason("its run was cancelled: " + run.Reason)
		t.conv.Run = ""
		t.finish(m, outcomeOf(run, false))
		return false, nil
	case !t.cfg.Tenant.SMSPlan || !t.cfg.Tenant.SMSWorkflows:
		t.endRun(m, run, flow.RunCancelled, "SMS was switched off for the tenant")
		t.finish(m, t.closedGate(m))
		return false, nil
	case t.conv.State == flow.OptedOut || t.stopWaits(behind):
		t.endRun(m, run, flow.RunCancelled, "the contact has opted out")
		t.finish(m, outcomeOf(run, false))
		return false, nil
	case run.Pending == nil:
		return false, fmt.Errorf("run %s is %s and waits for nothing", run.ID, run.State)
	case t.job.answer == nil || t.job.answer.effect != run.Pending.ID:
		if t.job.asking != run.Pending.ID {
			t.ask, t.about = run, m.Inbound // its process died before the answer came
		}
		return true, nil
	}
	prog, err := t.r.programs.get(ctx, run)
	if err != nil {
		if !errors.Is(err, flow.ErrUnavailable) && ctx.Err() == nil {
			t.endRun(m, run, flow.RunFailed, err.Error())
			t.finish(m, flow.OutcomeFailed)
			return false, nil
		}
		return false, err
	}
	facts := t.facts(m)
	facts.Now = t.r.Now()
	next, out := prog.Advance(*run, facts, engine.Event{Answered: &t.job.answer.answer, Effect: t.job.answer.effect})
	passed, held := t.apply(m, prog, next, out)
	if passed {
		return t.choose(m), nil
	}
	return held, nil
}

// apply takes over what a run did. passed: the next candidate gets the message.
func (t *turn) apply(m *message, prog *engine.Program, run flow.Run, out engine.Output) (passed, held bool) {
	c := m.last()
	c.Steps = append(c.Steps, out.Steps...)
	for _, v := range out.Vars {
		if t.conv.Vars == nil {
			t.conv.Vars = make(map[string]string)
		}
		t.conv.Vars[v.Name] = v.Value
	}
	for _, tag := range out.Tags {
		t.conv.Tags = slices.DeleteFunc(t.conv.Tags, func(have string) bool { return have == tag.Name })
		if !tag.Remove {
			t.conv.Tags = append(t.conv.Tags, tag.Name)
		}
	}
	looped := slices.ContainsFunc(out.Sends, func(s engine.Send) bool { return t.repeats(m, s.Text) })
	if looped {
		reason := fmt.Sprintf("the same reply would go out for the %dth time within a minute", MaxSameReplies+1)
		m.note("guard", reason+": it is not sent, and a person takes over")
		run.State, run.Reason, run.Pending = flow.RunCancelled, "loop guard: "+reason, nil
		run.Sent -= len(out.Sends)
		out.Sends, out.Passed, out.HandOff = nil, false, &engine.HandOff{Note: run.Reason}
	}
	for _, s := range out.Sends {
		t.send(m, run.ID, s.Step, s.Text, false)
		t.replied(m, s.Text)
	}
	rev := prog.Revision()
	// A candidate that only looked at the message leaves no run behind: the trace tells of it.
	if !out.Passed || run.Effects > 0 {
		t.out.Runs = append(t.out.Runs, run)
		t.out.Events = append(t.out.Events, flow.RunEvents{Run: run.ID, Inbound: m.ID, Steps: out.Steps})
	}
	if out.Passed {
		c.Verdict, c.Reason = flow.VerdictLost, run.Reason
		t.conv.Run = ""
		m.res.Trace.NotReached = 0
		return true, false
	}
	m.res.Run = run.ID
	m.res.Workflow = &flow.WorkflowRef{ID: rev.Workflow, Name: rev.Name, Revision: rev.Number}
	c.Verdict, c.Reason = flow.VerdictWon, wonBecause(c)
	if out.HandOff != nil {
		t.handOff(out.HandOff.Note)
	}
	if run.Pending != nil {
		t.conv.Run = run.ID
		t.ask, t.about = &run, m.Inbound
		t.partial(m)
		return false, true
	}
	t.conv.Run = ""
	outcome := outcomeOf(&run, out.HandOff != nil)
	if looped {
		outcome = flow.OutcomeBlockedLoop
	}
	t.finish(m, outcome)
	return false, false
}

// endRun ends a run from outside.
func (t *turn) endRun(m *message, run *flow.Run, state flow.RunState, reason string) {
	run.State, run.Reason, run.Pending, run.UpdatedAt = state, reason, nil, t.r.Now()
	t.out.Runs = append(t.out.Runs, *run)
	t.conv.Run = ""
	m.lastReason("its run was " + string(state) + ": " + reason)
}

// noMatch does what the tenant wants when no workflow takes a message.
func (t *turn) noMatch(m *message) {
	s := t.cfg.Tenant.Settings
	switch {
	case s.NoMatch == flow.NoMatchText && s.NoMatchText != "":
		if t.repeats(m, s.NoMatchText) {
			m.note("guard", "the tenant's fixed text was sent often enough: it is not sent again, and a person takes over")
			t.handOff("loop guard: the same reply too often")
			t.finish(m, flow.OutcomeBlockedLoop)
			return
		}
		m.note("policy", "no active workflow took it: the tenant's fixed text is sent")
		t.send(m, "", "", s.NoMatchText, false)
		t.replied(m, s.NoMatchText)
	case s.NoMatch == flow.NoMatchHandOff:
		m.note("policy", "no active workflow took it: a person takes over")
		t.handOff("no workflow took the message")
		t.finish(m, flow.OutcomeHandedOff)
		return
	default:
		m.note("policy", "no active workflow took it: nothing is sent")
	}
	t.finish(m, flow.OutcomeNoWorkflow)
}

// send makes an outbound message.
func (t *turn) send(m *message, run flow.RunID, step flow.StepID, text string, consent bool) {
	n := sms.Count(text)
	o := flow.Outbound{
		Tenant: m.Tenant, ID: flow.OutboundID(t.r.NewID()), Conversation: t.conv.ID, Connection: m.Connection,
		Inbound: m.ID, Run: run, Step: step, From: m.To, To: m.From, Body: text,
		Segments: n.Parts, Encoding: string(n.Encoding), State: flow.OutboundReturned, CreatedAt: t.r.Now(),
		Consent: consent,
	}
	t.route(&o)
	t.out.Outbounds = append(t.out.Outbounds, o)
	m.res.Replies = append(m.res.Replies, o)
	t.dirty = true
}

// route says how a message gets to its gateway.
func (t *turn) route(o *flow.Outbound) {
	c, ok := t.cfg.connections[o.Connection]
	switch {
	case !ok || c.Delivery == flow.DeliverResponse:
	case c.Delivery == flow.DeliverNull, c.Delivery == flow.DeliverWebhook && c.Dedupes:
		// The commit claims it too: should this process die now, sending it once more does no harm.
		o.State, o.SendingFor = flow.OutboundSending, t.r.sendLease
	default:
		// It is claimed by a commit of its own, just before it is sent: should this process die after that, nobody
		// knows whether it was sent.
		o.State = flow.OutboundPending
	}
}

// partial keeps what is known of the outcome of a message that waits for an effect.
func (t *turn) partial(m *message) {
	m.res.Outcome = flow.OutcomeAccepted
	m.notReached(t.cfg)
	t.out.Results = append(t.out.Results, m.res)
	t.dirty = true
}

// finish decides a message's outcome.
func (t *turn) finish(m *message, o flow.Outcome) {
	m.res.Outcome = o
	m.res.Trace.FinishedAt = t.r.Now()
	m.notReached(t.cfg)
	t.conv.Inbounds++
	t.out.Results = append(t.out.Results, m.res)
	t.out.Consumed = append(t.out.Consumed, m.Seq)
	t.finished = append(t.finished, m.res)
	t.dirty = true
}

func (t *turn) facts(m *message) engine.Facts {
	return engine.Facts{
		Now: m.AcceptedAt, TenantName: t.cfg.Tenant.Name, TenantNumber: m.To, Zone: t.cfg.Tenant.Settings.Zone,
		Contact: m.From, NewContact: t.conv.Inbounds == 0, OptedIn: t.conv.OptedIn,
		Vars: t.conv.Vars, Tags: t.conv.Tags, Message: m.Body,
	}
}

// outcomeOf says what a closed run has come to.
func outcomeOf(run *flow.Run, handedOff bool) flow.Outcome {
	switch {
	case handedOff:
		return flow.OutcomeHandedOff
	case run.State == flow.RunFailed:
		return flow.OutcomeFailed
	case run.Sent > 0:
		return flow.OutcomeReplied
	default:
		return flow.OutcomeNoReply
	}
}
