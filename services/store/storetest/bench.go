package storetest

import (
	"fmt"
	"testing"

	"smsflow/services/flow"
)

// batchSize is that of the benchmarks: what 256 submitters make together.
const batchSize = 256

// BenchmarkIngest256 commits batches of 256 messages of as many new conversations.
func BenchmarkIngest256(b *testing.B, open Open) {
	b.Helper()
	k := newKit(b, open(b))
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		batch := make([]flow.Inbound, batchSize)
		for i := range batch {
			batch[i] = k.inbound(fmt.Sprintf("+1%d-%d", n, i), "What are your opening hours?")
		}
		b.StartTimer()
		k.ingest(me, long, batch...)
	}
	b.ReportMetric(float64(b.N)*batchSize/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkCommit256 commits batches of 256 handled messages: each with a run, its events, an outcome with its trace, a
// reply, and the release of its conversation.
func BenchmarkCommit256(b *testing.B, open Open) {
	b.Helper()
	k := newKit(b, open(b))
	w := k.workflow()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		batch := k.handled(w, fmt.Sprint(n))
		b.StartTimer()
		for _, got := range k.commit(me, batch...) {
			if got.Stale || !got.Released {
				b.Fatalf("got %+v", got)
			}
		}
	}
	b.ReportMetric(float64(b.N)*batchSize/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkLoad256 loads 256 conversations with a message each.
func BenchmarkLoad256(b *testing.B, open Open) {
	b.Helper()
	k := newKit(b, open(b))
	leases := k.held("load")
	for b.Loop() {
		if n := len(k.loadAll(me, leases...)); n != batchSize {
			b.Fatalf("%d conversations loaded", n)
		}
	}
	b.ReportMetric(float64(b.N)*batchSize/b.Elapsed().Seconds(), "messages/s")
}

// held makes a batch of conversations with a message each, held by me.
func (k *kit) held(round string) []flow.Lease {
	k.Helper()
	batch := make([]flow.Inbound, batchSize)
	for i := range batch {
		batch[i] = k.inbound(fmt.Sprintf("+2%s-%d", round, i), "What are your opening hours?")
	}
	leases := make([]flow.Lease, batchSize)
	for i, got := range k.ingest(me, long, batch...) {
		leases[i] = flow.Lease{Tenant: k.tenant, Conversation: batch[i].Conversation, Lease: got.Lease}
	}
	return leases
}

// handled makes the commits of a batch of messages.
func (k *kit) handled(w flow.Workflow, round string) []flow.Commit {
	k.Helper()
	var batch []flow.Commit
	for _, c := range k.loadAll(me, k.held(round)...) {
		out, r := begun(c, w)
		r.State, r.Pending = flow.RunCompleted, nil
		out.Runs, out.Conversation.Run = []flow.Run{r}, ""
		out.Results[0].Outcome = flow.OutcomeReplied
		out.Outbounds = []flow.Outbound{reply(c.Pending[0], "We are open from 9 to 5, Monday to Friday.")}
		out.Consumed, out.Release = []int64{c.Pending[0].Seq}, true
		batch = append(batch, out)
	}
	return batch
}
