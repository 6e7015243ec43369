package storetest

import (
	"smsflow/services/flow"
)

func deleteTests() []test {
	return []test{
		{name: "open runs are cancelled, records stay", alone: true, run: func(k *kit) {
			w, kept := k.workflow(), k.workflow()
			c, d := k.hold(k.inbound(k.contact(), "1")), k.hold(k.inbound(k.contact(), "1"))
			b, r := begun(c, w)
			k.commits(b)
			keep, keptRun := begun(d, kept)
			k.commits(keep)
			waiting := k.hold(k.inbound(k.contact(), "1"))
			wb, wr := begun(waiting, w)
			wb.Runs[0].State, wb.Runs[0].Pending = flow.RunWaiting, nil
			wb.Consumed, wb.Release = []int64{waiting.Pending[0].Seq}, true
			equal(k, k.commits(wb).Released, true)

			open, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
			k.must(err)
			equal(k, open.OpenRuns, 2)
			now := k.load(me, c.Lease)
			var checked flow.Workflow
			n, err := k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(w flow.Workflow) error { checked = w; return nil }, k.audit)
			k.must(err)
			equal(k, n, 2)
			equal(k, checked, open)
			_, err = k.Store.Workflow(k.ctx(), k.tenant, w.ID)
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)

			// Its owner finds out by the next commit, and sees why by the next load.
			equal(k, k.commit(me, next(now))[0].Stale, true)
			now = k.load(me, c.Lease)
			equal(k, now.Conversation.Run, "")
			equal(k, len(now.Pending), 1)
			want := r
			want.State, want.Reason, want.Pending, want.UpdatedAt = flow.RunCancelled, now.Run.Reason, nil, k.audit.At
			equal(k, *now.Run, want)
			equal(k, *now.Partial, b.Results[0])
			if now.Run.Reason == "" {
				k.Error("the run does not say why it was cancelled")
			}
			k.commits(next(now))
			equal(k, k.Rows(k, `SELECT state FROM run WHERE id = ?`, string(wr.ID)), []string{"cancelled"})
			equal(k, *k.load(me, d.Lease).Run, keptRun)

			// What has happened can still be explained.
			if _, err = k.Store.Revision(k.ctx(), k.tenant, w.ID, 1); err != nil {
				k.Fatal(err)
			}
			res, err := k.Store.Result(k.ctx(), k.tenant, wr.Inbound)
			k.must(err)
			equal(k, res.Run, wr.ID)
			equal(k, len(res.Trace.Candidates[1].Steps), 1)
		}},
		{name: "a message that waits is taken up by whoever claims", alone: true, run: func(k *kit) {
			w := k.workflow()
			m := k.inbound(k.contact(), "1")
			got := k.ingest(me, short, m)[0]
			l := flow.Lease{Tenant: k.tenant, Conversation: m.Conversation, Lease: got.Lease}
			if held, err := k.Store.Renew(k.ctx(), me, long, []flow.Lease{l}); err != nil || len(held) != 1 {
				k.Fatalf("renew: %v %v", held, err)
			}
			b, _ := begun(k.load(me, l), w)
			k.commits(b)
			_, err := k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
			k.must(err)
			k.must(k.Store.Release(k.ctx(), me, []flow.Lease{l}))
			claimed := k.claim(other)
			equal(k, len(claimed), 1)
			c := k.load(other, claimed[0])
			equal(k, c.Run.State, flow.RunCancelled)
			equal(k, c.Partial.Inbound, m.ID)
		}},
		{name: "no run is opened in a deleted workflow", run: func(k *kit) {
			w := k.workflow()
			c, d := k.hold(k.inbound(k.contact(), "1")), k.hold(k.inbound(k.contact(), "1"))
			_, err := k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
			k.must(err)
			open, _ := begun(c, w)
			closed, _ := begun(d, w)
			closed.Conversation.Run = ""
			closed.Runs[0].State, closed.Runs[0].Pending = flow.RunCompleted, nil
			got := k.commit(me, open, closed)
			if !got[0].Stale || got[1].Stale {
				k.Fatalf("got %+v", got)
			}
			k.untouched(c)
		}},
		{name: "a deleted name is free", run: func(k *kit) {
			w := k.workflow()
			_, err := k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
			k.must(err)
			k.workflow(func(n *flow.Workflow) { n.Name = w.Name })
		}},
	}
}
