package storetest

import (
	"context"
	"sync"
	"time"

	"smsflow/services/flow"
)

func listenTests() []test {
	return []test{
		{name: "a listener ends with its context", run: func(k *kit) {
			ctx, cancel := context.WithCancel(k.ctx())
			cancel()
			k.must(k.Store.Listen(ctx, func() {}))
		}},
		{name: "what is left for others is told", alone: true, run: func(k *kit) {
			if !k.Replicas {
				return // nobody is there to be told
			}
			h := k.listen()
			push, stream := k.push(false), k.connection(k.tenant, flow.DeliverStream, false)
			h.silent("messages that their acceptor handles, and an answer by push", func() {
				k.pending(push, "out")
				k.complete(k.hold(k.inbound(k.contact(), "1")), k.workflow(), flow.OutboundReturned)
			})
			failed := k.sending(push, long)
			k.settle(me, settled(failed, flow.OutboundFailed))
			m := k.inbound(k.contact(), "1")
			h.told("a message for nobody", func() { k.ingest("", 0, m) })
			h.told("an answer for a gateway that pulls", func() { k.pending(stream, "out") })
			h.told("a message that is to be sent again", func() {
				_, err := k.Store.RetryOutbound(k.ctx(), k.tenant, failed.ID, k.audit)
				k.must(err)
			})
			var c flow.Claimed
			h.silent("a claim and a load", func() {
				for _, l := range k.claim(other) {
					c = k.load(other, l)
				}
			})
			h.told("the outcome of a message that another accepted", func() {
				equal(k, k.commit(other, next(c))[0].Stale, false)
			})
			d := k.hold(k.inbound(k.contact(), "1"))
			k.ingest(other, long, k.inbound(d.Conversation.Contact, "2"))
			h.told("the same while it is held", func() { k.commits(next(k.load(me, d.Lease))) })
			e := k.hold(k.inbound(k.contact(), "1"))
			h.told("leases that are given back", func() { k.must(k.Store.Release(k.ctx(), me, []flow.Lease{e.Lease})) })
			h.close()
		}},
	}
}

// listener counts the hints that it gets.
type listener struct {
	k     *kit
	heard chan struct{} // one for each, up to a few
	close func()
}

// listen begins to listen and waits for the first wake, which says that it does.
func (k *kit) listen() *listener {
	k.Helper()
	ctx, cancel := context.WithCancel(k.ctx())
	l := &listener{k: k, heard: make(chan struct{}, 64)}
	var ended sync.WaitGroup
	ended.Go(func() {
		err := k.Store.Listen(ctx, func() {
			select {
			case l.heard <- struct{}{}:
			default:
			}
		})
		if err != nil {
			k.Errorf("listen: %v", err)
		}
	})
	l.close = sync.OnceFunc(func() { cancel(); ended.Wait() })
	k.Cleanup(l.close)
	l.wait("the beginning")
	return l
}

func (l *listener) wait(what string) {
	l.k.Helper()
	ctx, cancel := context.WithTimeout(l.k.ctx(), deadline)
	defer cancel()
	select {
	case <-l.heard:
	case <-ctx.Done():
		l.k.Fatalf("%s: nothing heard in %s", what, deadline)
	}
}

func (l *listener) told(what string, do func()) {
	l.k.Helper()
	do()
	l.wait(what)
}

// silent wants nothing to be heard. Hints come in the order of the commits: the one behind is the only one.
func (l *listener) silent(what string, do func()) {
	l.k.Helper()
	do()
	l.k.Pass(l.k, time.Millisecond)
	l.told(what, func() { l.k.ingest("", 0, l.k.aged(l.k.contact(), "mark", l.k.at)) })
	if n := len(l.heard); n > 0 {
		l.k.Errorf("%s: %d hints too many", what, n)
	}
	// The mark is not for this test's claims.
	for _, c := range l.k.claim("marker") {
		l.k.commit("marker", next(l.k.load("marker", c)))
		l.wait("the mark's outcome")
	}
}
