package storetest

import (
	"fmt"
	"strings"
	"time"

	"smsflow/services/flow"
)

func resultTests() []test {
	return []test{
		{name: "a message that is not handled yet is accepted", run: func(k *kit) {
			m := k.inbound(k.contact(), "1")
			k.ingest(me, long, m)
			got, err := k.Store.Result(k.ctx(), k.tenant, m.ID)
			k.must(err)
			equal(k, got, flow.Result{Tenant: k.tenant, Inbound: m.ID, Outcome: flow.OutcomeAccepted, Trace: flow.Trace{AcceptedAt: m.AcceptedAt}})
		}},
		{name: "absent and another tenant's are the same", run: func(k *kit) {
			m := k.inbound(k.contact(), "1")
			k.commits(next(k.hold(m)))
			_, absent := k.Store.Result(k.ctx(), k.tenant, flow.InboundID(id()))
			k.fails(absent, flow.ErrNotFound, flow.ReasonNotFound)
			_, foreign := k.Store.Result(k.ctx(), k.newTenant(), m.ID)
			k.fails(foreign, flow.ErrNotFound, flow.ReasonNotFound)
			equal(k, foreign.Error(), absent.Error())
		}},
		{name: "a run's steps are kept once and told with the trace", run: func(k *kit) {
			w := k.workflow()
			c := k.hold(k.inbound(k.contact(), "1"))
			b, r := begun(c, w)
			steps := b.Results[0].Trace.Candidates[1].Steps
			k.commits(b)
			got, err := k.Store.Result(k.ctx(), k.tenant, r.Inbound)
			k.must(err)
			equal(k, got, b.Results[0])
			equal(k, len(b.Results[0].Trace.Candidates[1].Steps), 1) // the caller's own is as it was
			stored := k.Rows(k, `SELECT trace FROM outcome WHERE inbound_id = ?`, string(r.Inbound))[0]
			if strings.Contains(stored, `"words"`) || !strings.Contains(stored, `"failed"`) {
				k.Fatalf("the trace repeats the steps of its run, or has lost those of another candidate: %s", stored)
			}

			now := k.load(me, c.Lease)
			final := next(now)
			r.State, r.Pending, r.Reason = flow.RunCompleted, nil, ""
			final.Runs, final.Conversation.Run = []flow.Run{r}, ""
			more := []flow.StepEvent{{
				Step: "reply", Type: flow.TypeAssistantReply, Result: flow.StepDone, At: r.StartedAt,
				Answer: &flow.Answer{Text: "yes", Unsure: true, Model: "m", InputTokens: 10, OutputTokens: 3, Latency: time.Second, Err: "none"},
			}}
			final.Events = []flow.RunEvents{{Run: r.ID, Inbound: r.Inbound, Steps: more}}
			final.Results = []flow.Result{*now.Partial}
			res := &final.Results[0]
			res.Outcome, res.Trace.FinishedAt = flow.OutcomeReplied, r.UpdatedAt
			res.Trace.Candidates[1].Steps = append(res.Trace.Candidates[1].Steps, more...)
			first, second := reply(c.Pending[0], "first"), reply(c.Pending[0], "second")
			final.Outbounds = []flow.Outbound{first, second}
			k.commits(final)
			got, err = k.Store.Result(k.ctx(), k.tenant, r.Inbound)
			k.must(err)
			want := *res
			want.Replies = final.Outbounds
			want.Trace.Candidates[1].Steps = append(append([]flow.StepEvent{}, steps...), more...)
			equal(k, got, want)
		}},
		{name: "as long as nobody has won the steps are the run's workflow's", run: func(k *kit) {
			w := k.workflow()
			c := k.hold(k.inbound(k.contact(), "1"))
			b, r := begun(c, w)
			b.Results[0].Workflow = nil
			b.Results[0].Trace.Candidates[1].Verdict = flow.VerdictNotReached
			k.commits(b)
			got, err := k.Store.Result(k.ctx(), k.tenant, r.Inbound)
			k.must(err)
			equal(k, got, b.Results[0])
		}},
		{name: "a result without a run keeps its trace whole", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			b, _ := begun(c, k.workflow())
			out.Results[0].Trace = b.Results[0].Trace
			out.Results[0].Outcome = flow.OutcomeNoWorkflow
			k.commits(out)
			got, err := k.Store.Result(k.ctx(), k.tenant, c.Pending[0].ID)
			k.must(err)
			equal(k, got, out.Results[0])
		}},
		{name: "history is what was said before", run: history},
		{name: "another tenant's history is empty", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			for _, tenant := range []flow.TenantID{k.newTenant(), "absent"} {
				got, err := k.Store.History(k.ctx(), tenant, c.Conversation.ID, 1<<60, 10)
				k.must(err)
				equal(k, len(got), 0)
			}
		}},
	}
}

func history(k *kit) {
	contact := k.contact()
	var seqs []int64
	for i := range 4 {
		c := k.hold(k.inbound(contact, fmt.Sprint("in ", i)))
		m := c.Pending[0]
		seqs = append(seqs, m.Seq)
		out := next(c)
		out.Outbounds = []flow.Outbound{reply(m, fmt.Sprint("out ", i, "a")), reply(m, fmt.Sprint("out ", i, "b"))}
		if i == 2 {
			out.Outbounds[0].State = flow.OutboundFailed
		}
		k.commits(out)
	}
	k.commits(next(k.hold(k.inbound(k.contact(), "another conversation"))))
	conv := flow.NewConversationID(k.tenant, k.number, contact)
	for _, c := range []struct {
		before int64
		limit  int
		want   string
	}{
		{seqs[3] + 1, 100, "<in 0 >out 0a >out 0b <in 1 >out 1a >out 1b <in 2 >out 2b <in 3 >out 3a >out 3b"},
		{seqs[3], 4, ">out 1a >out 1b <in 2 >out 2b"},
		{seqs[1], 100, "<in 0 >out 0a >out 0b"},
		{seqs[0], 100, ""},
		{seqs[3], 1, ">out 2b"},
		{seqs[3], 0, ""},
	} {
		got, err := k.Store.History(k.ctx(), k.tenant, conv, c.before, c.limit)
		k.must(err)
		var text []string
		for _, s := range got {
			if s.Inbound {
				text = append(text, "<"+s.Text)
			} else {
				text = append(text, ">"+s.Text)
			}
		}
		equal(k, strings.Join(text, " "), c.want)
	}
}
