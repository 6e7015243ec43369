package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"smsflow/services/flow"
)

func ingestTests() []test {
	return []test{
		{name: "a new message is queued and its conversation owned", run: func(k *kit) {
			m := k.inbound(k.contact(), "hello")
			got := k.ingest(me, long, m)[0]
			if got.Duplicate || got.ID != m.ID || got.Conversation != m.Conversation || !got.Owned || got.Lease == 0 {
				k.Fatalf("got %+v", got)
			}
			c := k.load(me, flow.Lease{Tenant: k.tenant, Conversation: m.Conversation, Lease: got.Lease})
			m.Seq = c.Pending[0].Seq
			equal(k, c.Pending, []flow.Inbound{m})
		}},
		{name: "an empty batch is nothing", run: func(k *kit) {
			if got := k.ingest(me, long); len(got) != 0 {
				k.Fatalf("got %+v", got)
			}
		}},
		{name: "a known key is a duplicate of the first", run: func(k *kit) {
			m := k.inbound(k.contact(), "hello")
			c := k.hold(m)
			again := k.inbound(k.contact(), "another text, conversation and id")
			again.Key = m.Key
			fresh := k.inbound(k.contact(), "new")
			got := k.ingest(me, long, again, fresh)
			if !got[0].Duplicate || got[0].ID != m.ID || got[0].Conversation != m.Conversation || got[0].Owned {
				k.Fatalf("got %+v", got[0])
			}
			if got[1].Duplicate || !got[1].Owned {
				k.Fatalf("got %+v", got[1])
			}
			equal(k, k.load(me, c.Lease), c) // gen has not grown
			if n := k.count(`message WHERE id = ?`, string(again.ID)); n != 0 {
				k.Fatalf("the duplicate was stored")
			}
		}},
		{name: "of one key twice in a batch the first counts", run: func(k *kit) {
			m := k.inbound(k.contact(), "first")
			again := k.inbound(m.From, "second")
			again.Key = m.Key
			got := k.ingest(me, long, m, again, m)
			if got[0].Duplicate || !got[0].Owned {
				k.Fatalf("got %+v", got[0])
			}
			for _, g := range got[1:] {
				if !g.Duplicate || g.ID != m.ID || g.Conversation != m.Conversation || g.Owned {
					k.Fatalf("got %+v", g)
				}
			}
			c := k.load(me, flow.Lease{Tenant: k.tenant, Conversation: m.Conversation, Lease: got[0].Lease})
			if len(c.Pending) != 1 || c.Pending[0].Body != "first" {
				k.Fatalf("pending %+v", c.Pending)
			}
			// A batch of nothing but duplicates, one of them twice.
			got = k.ingest(me, long, again, again)
			if !got[0].Duplicate || !got[1].Duplicate || got[1].ID != m.ID {
				k.Fatalf("got %+v", got)
			}
		}},
		{name: "messages of a conversation keep the order of arrival", run: func(k *kit) {
			contact := k.contact()
			var batch []flow.Inbound
			for _, body := range []string{"0", "1", "2", "3", "4", "5"} {
				batch = append(batch, k.inbound(contact, body), k.inbound(k.contact(), "between"))
			}
			got := k.ingest(me, long, batch...)
			c := k.load(me, flow.Lease{Tenant: k.tenant, Conversation: batch[0].Conversation, Lease: got[0].Lease})
			var bodies []string
			for _, m := range c.Pending {
				bodies = append(bodies, m.Body)
			}
			equal(k, bodies, []string{"0", "1", "2", "3", "4", "5"})
			if !got[0].Owned || !got[2].Owned || got[0].Lease != got[2].Lease {
				k.Fatalf("both messages gave the lease: %+v %+v", got[0], got[2])
			}
		}},
		{name: "who holds the conversation is told", run: func(k *kit) {
			contact := k.contact()
			c := k.hold(k.inbound(contact, "1"))
			if got := k.ingest(me, long, k.inbound(contact, "2"))[0]; got.Owned || got.Owner != me {
				k.Fatalf("its owner got %+v", got)
			}
			if got := k.ingest(other, long, k.inbound(contact, "3"))[0]; got.Owned || got.Owner != me {
				k.Fatalf("another got %+v", got)
			}
			if got := k.ingest("", 0, k.inbound(contact, "4"))[0]; got.Owned || got.Owner != me {
				k.Fatalf("nobody got %+v", got)
			}
			now := k.load(me, c.Lease)
			if len(now.Pending) != 4 || now.Gen <= c.Gen {
				k.Fatalf("got %+v", now)
			}
		}},
		{name: "an empty owner leaves the conversation to be claimed", alone: true, run: func(k *kit) {
			m := k.inbound(k.contact(), "1")
			if got := k.ingest("", long, m)[0]; got.Owned || got.Owner != "" {
				k.Fatalf("got %+v", got)
			}
			if got := k.claim(me); len(got) != 1 || got[0].Conversation != m.Conversation {
				k.Fatalf("claimed %+v", got)
			}
		}},
		{name: "nobody's conversation goes to who brings a message", run: func(k *kit) {
			contact := k.contact()
			k.ingest("", 0, k.inbound(contact, "1"))
			got := k.ingest(me, long, k.inbound(contact, "2"))[0]
			if !got.Owned {
				k.Fatalf("got %+v", got)
			}
			c := k.load(me, flow.Lease{Tenant: k.tenant, Conversation: got.Conversation, Lease: got.Lease})
			if len(c.Pending) != 2 {
				k.Fatalf("got %+v", c)
			}
		}},
		{name: "a lease that has run out goes to who brings a message", alone: true, run: func(k *kit) {
			contact := k.contact()
			m := k.inbound(contact, "1")
			first := k.ingest(other, short, m)[0]
			k.Pass(k, 2*short)
			got := k.ingest(me, long, k.inbound(contact, "2"))[0]
			if !got.Owned || got.Lease <= first.Lease {
				k.Fatalf("got %+v after %+v", got, first)
			}
			if n := len(k.loadAll(other, flow.Lease{Tenant: k.tenant, Conversation: m.Conversation, Lease: first.Lease})); n != 0 {
				k.Fatalf("the old owner still holds it")
			}
		}},
		{name: "a lease number never comes back", alone: true, run: func(k *kit) {
			contact := k.contact()
			c := k.hold(k.inbound(contact, "1"))
			k.commits(next(c))
			got := k.ingest(me, long, k.inbound(contact, "2"))[0]
			if !got.Owned || got.Lease <= c.Lease.Lease {
				k.Fatalf("got %+v after lease %d", got, c.Lease.Lease)
			}
			if n := len(k.loadAll(me, c.Lease)); n != 0 {
				k.Fatalf("the lease that was given back is held again")
			}
		}},
		{name: "a call whose context is over writes nothing", run: func(k *kit) {
			ctx, cancel := context.WithCancel(k.ctx())
			cancel()
			m := k.inbound(k.contact(), "1")
			if _, err := k.Store.Ingest(ctx, me, long, []flow.Inbound{m}); !errors.Is(err, context.Canceled) {
				k.Fatalf("got %v", err)
			}
			if got := k.ingest(me, long, m)[0]; got.Duplicate {
				k.Fatalf("it was written all the same")
			}
		}},
		{name: "the same keys from many at once are accepted once", run: concurrentKeys},
	}
}

// concurrentKeys has many submitters deliver the same messages, each under ids of its own and in an order of its own,
// in several batches.
func concurrentKeys(k *kit) {
	const submitters, messages, batch = 16, 48, 12
	originals := make([]flow.Inbound, messages)
	for i := range originals {
		originals[i] = k.inbound(k.contact(), "hello")
	}
	type answer struct {
		key string
		flow.Ingested
		own flow.InboundID
	}
	answers := make(chan answer, submitters*messages)
	var all sync.WaitGroup
	for s := range submitters {
		mine := make([]flow.Inbound, messages)
		for i, at := range rand.New(rand.NewPCG(1, uint64(s))).Perm(messages) {
			mine[i] = originals[at]
			mine[i].ID = flow.InboundID(id())
		}
		all.Go(func() {
			for len(mine) > 0 {
				part := mine[:batch]
				mine = mine[batch:]
				got, err := k.Store.Ingest(k.ctx(), me, long, part)
				if err != nil {
					k.Errorf("ingest: %v", err)
					return
				}
				for i, g := range got {
					answers <- answer{key: part[i].Key, Ingested: g, own: part[i].ID}
				}
			}
		})
	}
	all.Wait()
	close(answers)
	accepted, said := map[string]flow.InboundID{}, map[string]map[flow.InboundID]bool{}
	for a := range answers {
		if !a.Duplicate {
			if a.ID != a.own || accepted[a.key] != "" {
				k.Errorf("key %s accepted as %s and %s", a.key, accepted[a.key], a.ID)
			}
			accepted[a.key] = a.ID
		}
		if said[a.key] == nil {
			said[a.key] = map[flow.InboundID]bool{}
		}
		said[a.key][a.ID] = true
	}
	for _, m := range originals {
		if accepted[m.Key] == "" || len(said[m.Key]) != 1 {
			k.Errorf("key %s: accepted %q, named %v", m.Key, accepted[m.Key], said[m.Key])
		}
		if n := k.count(`pending WHERE conv = ?`, string(m.Conversation)); n != 1 {
			k.Errorf("%d rows pending for one message", n)
		}
	}
}

// deadline bounds what a test does over and over.
const deadline = 30 * time.Second
