package storetest

import (
	"fmt"
	"testing"
	"time"

	"smsflow/services/flow"
)

// BenchmarkSend256 commits batches of 256 handled messages whose answers are claimed by the commit, and records that
// they were sent: the whole way of an answer to a gateway that takes everything.
func BenchmarkSend256(b *testing.B, open Open) {
	b.Helper()
	k := newKit(b, open(b))
	w, c := k.workflow(), k.connection(k.tenant, flow.DeliverNull, false)
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		batch := k.handled(w, fmt.Sprint(n))
		sent := make([]flow.Settled, len(batch))
		for i := range batch {
			o := &batch[i].Outbounds[0]
			o.Connection, o.State, o.SendingFor = c, flow.OutboundSending, time.Minute
			sent[i] = settled(*o, flow.OutboundSent)
		}
		b.StartTimer()
		k.commit(me, batch...)
		for _, counted := range k.settle(me, sent...) {
			if !counted {
				b.Fatal("a settlement does not count")
			}
		}
	}
	b.ReportMetric(float64(b.N)*batchSize/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkSettle256 is the second half of BenchmarkSend256.
func BenchmarkSettle256(b *testing.B, open Open) {
	b.Helper()
	k := newKit(b, open(b))
	w, c := k.workflow(), k.connection(k.tenant, flow.DeliverNull, false)
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		batch := k.handled(w, fmt.Sprint(n))
		sent := make([]flow.Settled, len(batch))
		for i := range batch {
			o := &batch[i].Outbounds[0]
			o.Connection, o.State, o.SendingFor = c, flow.OutboundSending, time.Minute
			sent[i] = settled(*o, flow.OutboundSent)
		}
		k.commit(me, batch...)
		b.StartTimer()
		k.settle(me, sent...)
	}
	b.ReportMetric(float64(b.N)*batchSize/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkTake256 claims 256 messages of as many conversations and of several tenants, with a long queue of a gateway
// that nobody pulls beside them.
func BenchmarkTake256(b *testing.B, open Open) {
	b.Helper()
	const tenants, backlog = 16, 20 * batchSize
	k := newKit(b, open(b))
	stream := k.connection(k.tenant, flow.DeliverStream, false)
	for n := range backlog / batchSize {
		k.commit(me, k.answers(k.tenant, stream, fmt.Sprint("backlog-", n), batchSize)...)
	}
	var all []flow.TenantID
	var push []flow.ConnectionID
	for range tenants {
		tenant := k.newTenant()
		all, push = append(all, tenant), append(push, k.connection(tenant, flow.DeliverWebhook, false))
	}
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		for i, tenant := range all {
			k.commit(me, k.answers(tenant, push[i], fmt.Sprint(n), batchSize/tenants)...)
		}
		b.StartTimer()
		if got := k.take(me, long, flow.Take{PerTenant: batchSize, Limit: batchSize}); len(got) != batchSize {
			b.Fatalf("claimed %d", len(got))
		}
	}
	b.ReportMetric(float64(b.N)*batchSize/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkSweep256 removes 256 messages with a run, its events, an outcome and an answer each, among ten times as many
// that stay.
func BenchmarkSweep256(b *testing.B, open Open) {
	b.Helper()
	k := newKit(b, open(b))
	w := k.workflow()
	for n := range 10 {
		k.commit(me, k.handled(w, fmt.Sprint("stay-", n))...)
	}
	if n, err := k.Store.Sweep(k.ctx(), time.Now().Add(time.Hour), k.at, 11*batchSize); err != nil || n == 0 {
		b.Fatal(n, err) // their keys stay
	}
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		k.commit(me, k.handled(w, fmt.Sprint(n))...)
		b.StartTimer()
		if n, err := k.Store.Sweep(k.ctx(), time.Now().Add(time.Hour), k.at, batchSize); err != nil || n != 5*batchSize {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N)*batchSize/b.Elapsed().Seconds(), "messages/s")
}

// answers makes commits whose answers wait for a gateway.
func (k *kit) answers(tenant flow.TenantID, c flow.ConnectionID, round string, n int) []flow.Commit {
	k.Helper()
	ms := make([]flow.Inbound, n)
	for i := range ms {
		ms[i] = inboundOf(tenant, k.number, fmt.Sprintf("+3%s-%d", round, i), "What are your opening hours?")
	}
	leases := make([]flow.Lease, n)
	for i, got := range k.ingest(me, long, ms...) {
		leases[i] = flow.Lease{Tenant: tenant, Conversation: got.Conversation, Lease: got.Lease}
	}
	var batch []flow.Commit
	for _, claimed := range k.loadAll(me, leases...) {
		out := next(claimed)
		o := reply(claimed.Pending[0], "We are open from 9 to 5, Monday to Friday.")
		o.Connection, o.State = c, flow.OutboundPending
		out.Outbounds = []flow.Outbound{o}
		batch = append(batch, out)
	}
	return batch
}
