package storetest

import (
	"time"

	"smsflow/services/flow"
)

func releaseTests() []test {
	return []test{
		{name: "a commit gives the lease back", alone: true, run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			if got := k.commits(next(c)); !got.Released {
				k.Fatalf("got %+v", got)
			}
			equal(k, k.count("wake"), 0)
			equal(k, len(k.loadAll(me, c.Lease)), 0)
			equal(k, len(k.claim(other)), 0)
		}},
		{name: "not when a message has come in since", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			k.ingest(other, long, k.inbound(c.Conversation.Contact, "2"))
			if got := k.commits(next(c)); got.Released {
				k.Fatal("released with a message waiting")
			}
			now := k.load(me, c.Lease)
			equal(k, len(now.Pending), 1)
			equal(k, k.commits(next(now)).Released, true)
		}},
		{name: "not with an older gen, even if everything is consumed", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			k.ingest(other, long, k.inbound(c.Conversation.Contact, "2"))
			now := k.load(me, c.Lease)
			out := next(now)
			out.Gen = c.Gen
			if got := k.commits(out); got.Released {
				k.Fatal("released with the gen before the last message")
			}
			equal(k, len(k.load(me, c.Lease).Pending), 0)
		}},
		{name: "not with a message left", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			out.Consumed = nil
			if got := k.commits(out); got.Released {
				k.Fatal("released with a message waiting")
			}
			out = next(k.load(me, c.Lease))
			out.Consumed, out.WakeAt = nil, time.Now().Add(time.Hour)
			if got := k.commits(out); got.Released {
				k.Fatal("put to rest with a message waiting")
			}
			equal(k, len(k.load(me, c.Lease).Pending), 1)
		}},
		{name: "not if it was not asked for", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			out.Release = false
			if got := k.commits(out); got.Released {
				k.Fatal("released")
			}
			k.load(me, c.Lease)
		}},
		{name: "a conversation at rest is woken by its time", alone: true, run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			out := next(c)
			out.WakeAt = time.Now().Add(time.Hour)
			equal(k, k.commits(out).Released, true)
			equal(k, len(k.loadAll(me, c.Lease)), 0)
			equal(k, len(k.claim(other)), 0)

			// A message takes it up before that.
			got := k.ingest(me, long, k.inbound(c.Conversation.Contact, "2"))[0]
			if !got.Owned || got.Lease <= c.Lease.Lease {
				k.Fatalf("got %+v", got)
			}
			again := next(k.load(me, flow.Lease{Tenant: k.tenant, Conversation: got.Conversation, Lease: got.Lease}))
			again.WakeAt = time.Now().Add(-time.Minute)
			equal(k, k.commits(again).Released, true)
			claimed := k.claim(other)
			equal(k, len(claimed), 1)
			equal(k, len(k.load(other, claimed[0]).Pending), 0)
		}},
		{name: "leases are given back at a stop", alone: true, run: func(k *kit) {
			waiting := k.hold(k.inbound(k.contact(), "1"))
			idle := k.hold(k.inbound(k.contact(), "2"))
			out := next(idle)
			out.Release = false
			k.commits(out)
			foreign := waiting.Lease
			foreign.Tenant = k.newTenant()
			k.must(k.Store.Release(k.ctx(), other, []flow.Lease{waiting.Lease, idle.Lease}))
			k.must(k.Store.Release(k.ctx(), "", []flow.Lease{waiting.Lease, idle.Lease}))
			k.must(k.Store.Release(k.ctx(), me, []flow.Lease{foreign}))
			k.must(k.Store.Release(k.ctx(), me, nil))
			equal(k, len(k.loadAll(me, waiting.Lease, idle.Lease)), 2)

			k.must(k.Store.Release(k.ctx(), me, []flow.Lease{waiting.Lease, idle.Lease}))
			equal(k, len(k.loadAll(me, waiting.Lease, idle.Lease)), 0)
			equal(k, k.commit(me, next(waiting))[0].Stale, true)
			claimed := k.claim(other)
			if len(claimed) != 1 || claimed[0].Conversation != waiting.Lease.Conversation {
				k.Fatalf("claimed %+v, want the one with a message", claimed)
			}
		}},
		{name: "an open effect is somebody's work after a stop", alone: true, run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			b, r := begun(c, k.workflow())
			b.Consumed = []int64{c.Pending[0].Seq} // no message any more, but an effect
			k.commits(b)
			k.must(k.Store.Release(k.ctx(), me, []flow.Lease{c.Lease}))
			claimed := k.claim(other)
			equal(k, len(claimed), 1)
			equal(k, *k.load(other, claimed[0]).Run, r)
		}},
	}
}
