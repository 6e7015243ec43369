package storetest

import (
	"slices"
	"sync"
	"time"

	"smsflow/services/flow"
)

func claimTests() []test {
	return []test{
		{name: "nothing is due", alone: true, run: func(k *kit) {
			k.hold(k.inbound(k.contact(), "held"))
			got, cursor, err := k.Store.Claim(k.ctx(), other, long, "x", 10, 10)
			k.must(err)
			if len(got) != 0 || cursor != "x" {
				k.Fatalf("claimed %+v, cursor %q", got, cursor)
			}
		}},
		{name: "an owner needs a name", run: func(k *kit) {
			if _, _, err := k.Store.Claim(k.ctx(), "", long, "", 10, 10); err == nil {
				k.Fatal("nobody could claim")
			}
		}},
		{name: "a claimed conversation is held", alone: true, run: func(k *kit) {
			m := k.inbound(k.contact(), "1")
			k.ingest("", 0, m)
			got := k.claim(me)
			if len(got) != 1 || got[0].Tenant != k.tenant || got[0].Conversation != m.Conversation {
				k.Fatalf("claimed %+v", got)
			}
			if c := k.load(me, got[0]); len(c.Pending) != 1 {
				k.Fatalf("loaded %+v", c)
			}
			if again := k.claim(other); len(again) != 0 {
				k.Fatalf("claimed again: %+v", again)
			}
		}},
		{name: "no tenant holds up the others", alone: true, run: func(k *kit) {
			flood(k, k.tenant, 1000)
			quiet := map[flow.TenantID]bool{}
			for range 20 {
				tenant := k.newTenant()
				quiet[tenant] = true
				flood(k, tenant, 1)
			}
			got, _, err := k.Store.Claim(k.ctx(), me, long, "", 4, 100)
			k.must(err)
			by := tenants(got)
			if by[k.tenant] != 4 || len(by) != 21 || len(got) != 24 {
				k.Fatalf("claimed of %d tenants %d conversations, %d of the loud one", len(by), len(got), by[k.tenant])
			}
		}},
		{name: "tenants take turns behind the cursor", alone: true, run: func(k *kit) {
			var all []flow.TenantID
			for range 7 {
				tenant := k.newTenant()
				all = append(all, tenant)
				flood(k, tenant, 6)
			}
			all = sorted(all)
			var cursor flow.TenantID
			for round := range 7 { // 7 tenants × 6 conversations, 3 tenants × 2 conversations a round
				got, next, err := k.Store.Claim(k.ctx(), me, long, cursor, 2, 6)
				k.must(err)
				want := []flow.TenantID{all[3*round%7], all[(3*round+1)%7], all[(3*round+2)%7]}
				by := tenants(got)
				for _, tenant := range want {
					if by[tenant] != 2 {
						k.Fatalf("round %d: claimed %v, want two each of %v", round, by, want)
					}
				}
				if next != want[2] {
					k.Fatalf("round %d: cursor %s, want %s", round, next, want[2])
				}
				cursor = next
			}
			if got := k.claim(me); len(got) != 0 {
				k.Fatalf("claimed %+v of nothing", got)
			}
		}},
		{name: "a tenant's longest waiting come first", alone: true, run: func(k *kit) {
			var want []flow.ConversationID
			for range 5 {
				m := k.inbound(k.contact(), "1")
				k.ingest("", 0, m)
				want = append(want, m.Conversation)
				k.Pass(k, time.Millisecond)
			}
			got, _, err := k.Store.Claim(k.ctx(), me, long, "", 3, 10)
			k.must(err)
			var have []flow.ConversationID
			for _, l := range got {
				have = append(have, l.Conversation)
			}
			equal(k, sorted(have), sorted(want[:3]))
		}},
		{name: "a lease that has run out is taken over", alone: true, run: func(k *kit) {
			m := k.inbound(k.contact(), "1")
			first := k.ingest(other, short, m)[0]
			if got := k.claim(me); len(got) != 0 {
				// The lease may have run out already on a slow machine: then it has to be another number.
				equal(k, got[0].Lease > first.Lease, true)
				return
			}
			k.Pass(k, 2*short)
			got := k.claim(me)
			if len(got) != 1 || got[0].Lease <= first.Lease {
				k.Fatalf("claimed %+v after lease %d", got, first.Lease)
			}
			old := flow.Lease{Tenant: k.tenant, Conversation: m.Conversation, Lease: first.Lease}
			if n := len(k.loadAll(other, old)); n != 0 {
				k.Fatal("the old owner can still load it")
			}
			c := k.load(me, got[0])
			stale := next(c)
			stale.Lease = old
			if !k.commit(other, stale)[0].Stale {
				k.Fatal("the old owner can still commit")
			}
			if held, err := k.Store.Renew(k.ctx(), other, long, []flow.Lease{old}); err != nil || len(held) != 0 {
				k.Fatalf("the old owner can still renew: %v %v", held, err)
			}
			k.must(k.Store.Release(k.ctx(), other, []flow.Lease{old}))
			equal(k, k.load(me, got[0]), c)
		}},
		{name: "what was loaded and not committed is there for the next owner", alone: true, run: func(k *kit) {
			w := k.workflow()
			m := k.inbound(k.contact(), "1")
			first := k.ingest(other, short, m)[0]
			l := flow.Lease{Tenant: k.tenant, Conversation: m.Conversation, Lease: first.Lease}
			got := k.loadAll(other, l)
			if len(got) == 1 {
				b, _ := begun(got[0], w)
				k.commit(other, b)
				got = k.loadAll(other, l)
			}
			k.Pass(k, 2*short)
			claimed := k.claim(me)
			if len(claimed) != 1 {
				k.Fatalf("claimed %+v", claimed)
			}
			c := k.load(me, claimed[0])
			if len(got) == 1 {
				got[0].Lease = c.Lease
				equal(k, c, got[0])
			}
			if k.commits(next(c)); k.count(`pending WHERE conv = ?`, string(m.Conversation)) != 0 {
				k.Fatal("it is still pending")
			}
		}},
		{name: "a renewed lease does not run out", alone: true, run: func(k *kit) {
			m, n := k.inbound(k.contact(), "1"), k.inbound(k.contact(), "2")
			got := k.ingest(me, short, m, n)
			ls := []flow.Lease{
				{Tenant: k.tenant, Conversation: m.Conversation, Lease: got[0].Lease},
				{Tenant: k.tenant, Conversation: n.Conversation, Lease: got[1].Lease + 1},
				{Tenant: k.newTenant(), Conversation: m.Conversation, Lease: got[0].Lease},
			}
			held, err := k.Store.Renew(k.ctx(), me, long, ls)
			k.must(err)
			equal(k, held, ls[:1])
			if held, err = k.Store.Renew(k.ctx(), other, long, ls); err != nil || len(held) != 0 {
				k.Fatalf("another renewed %v %v", held, err)
			}
			k.Pass(k, 2*short)
			if taken := k.claim(other); len(taken) != 1 || taken[0].Conversation != n.Conversation {
				k.Fatalf("claimed %+v", taken)
			}
			k.load(me, ls[0])
		}},
		{name: "two who claim at once get different ones", alone: true, run: func(k *kit) {
			const each, owners = 60, 6
			flood(k, k.tenant, each)
			flood(k, k.newTenant(), each)
			var mu sync.Mutex
			seen := map[flow.ConversationID]int{}
			var all sync.WaitGroup
			for range owners {
				owner := id()
				all.Go(func() {
					var cursor flow.TenantID
					for range 2 * each {
						got, next, err := k.Store.Claim(k.ctx(), owner, long, cursor, 3, 8)
						if err != nil {
							k.Errorf("claim: %v", err)
							return
						}
						cursor = next
						mu.Lock()
						for _, l := range got {
							seen[l.Conversation]++
						}
						done := len(seen) == 2*each
						mu.Unlock()
						if done {
							return
						}
					}
				})
			}
			all.Wait()
			for c, n := range seen {
				if n != 1 {
					k.Errorf("conversation %s claimed %d times", c, n)
				}
			}
			equal(k, len(seen), 2*each)
		}},
	}
}

// flood commits messages of n conversations of a tenant for nobody.
func flood(k *kit, tenant flow.TenantID, n int) {
	k.Helper()
	var batch []flow.Inbound
	for range n {
		batch = append(batch, inboundOf(tenant, k.number, k.contact(), "flood"))
	}
	for part := range slices.Chunk(batch, 256) {
		k.ingest("", 0, part...)
	}
}
