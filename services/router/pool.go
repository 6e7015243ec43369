package router

import (
	"context"
	"sync"

	"smsflow/services/flow"
)

// pool is what this process holds: conversations with a lease, and which of them have work to do.
type pool struct {
	mu    sync.Mutex
	more  *sync.Cond // ready has grown, or closed
	empty *sync.Cond // entries has become empty
	// entries is bounded by MaxHeld: what would come on top stays in the database.
	entries map[flow.ConversationID]*entry
	ready   []flow.ConversationID
	closed  bool
}

// entry is one held conversation.
type entry struct {
	lease  flow.Lease
	queued bool // in ready
	busy   bool // a worker has it
	again  bool // something happened meanwhile: look again
	asking flow.EffectID
	answer *answered
	fails  int // turns in a row that could not be made
}

// answered is the result of an effect, waiting for its turn.
type answered struct {
	effect flow.EffectID
	answer flow.Answer
}

func newPool() *pool {
	p := &pool{entries: make(map[flow.ConversationID]*entry)}
	p.more, p.empty = sync.NewCond(&p.mu), sync.NewCond(&p.mu)
	return p
}

// add takes a conversation whose lease is now ours.
func (p *pool) add(l flow.Lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries[l.Conversation]
	if e == nil {
		e = new(entry)
		p.entries[l.Conversation] = e
	}
	e.lease = l
	p.wake(l.Conversation, e)
}

// notify says that something has happened to a conversation that we may hold.
func (p *pool) notify(id flow.ConversationID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[id]; e != nil {
		p.wake(id, e)
	}
}

// wake puts e into ready, or has its worker look again. The caller holds mu.
func (p *pool) wake(id flow.ConversationID, e *entry) {
	switch {
	case e.busy:
		e.again = true
	case !e.queued:
		e.queued = true
		p.ready = append(p.ready, id)
		p.more.Signal()
	}
}

// job is a conversation for a worker.
type job struct {
	lease  flow.Lease
	asking flow.EffectID // the effect that is under way
	answer *answered
	fails  int
}

// take waits for work and takes up to limit conversations; nil: the pool is closed.
func (p *pool) take(limit int) []job {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.ready) == 0 && !p.closed {
		p.more.Wait()
	}
	if p.closed {
		return nil
	}
	n := min(limit, len(p.ready))
	jobs := make([]job, 0, n)
	for _, id := range p.ready[:n] {
		e := p.entries[id]
		if e == nil {
			continue
		}
		e.queued, e.busy, e.again = false, true, false
		jobs = append(jobs, job{lease: e.lease, asking: e.asking, answer: e.answer, fails: e.fails})
	}
	p.ready = append(p.ready[:0], p.ready[n:]...)
	return jobs
}

// asks notes the effect that the conversation waits for; empty: none.
func (p *pool) asks(id flow.ConversationID, effect flow.EffectID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[id]; e != nil {
		e.asking = effect
		if e.answer != nil && e.answer.effect != effect {
			e.answer = nil
		}
	}
}

// answered hands in the result of an effect. It is dropped if the conversation no longer waits for it.
func (p *pool) answered(id flow.ConversationID, a *answered) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[id]; e != nil && e.asking == a.effect {
		e.answer = a
		p.wake(id, e)
	}
}

// done ends a worker's turn. gone: the lease is given back or lost. more: there is more to do at once.
func (p *pool) done(id flow.ConversationID, gone, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries[id]
	if e == nil {
		return
	}
	e.busy = false
	if gone || !more {
		e.fails = 0
	}
	// again after gone: the conversation has become ours anew while the worker was busy.
	if gone && !e.again {
		p.drop(id)
		return
	}
	if more || e.again {
		e.again = false
		p.wake(id, e)
	}
}

// failed counts a turn that could not be made.
func (p *pool) failed(id flow.ConversationID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.entries[id]; e != nil {
		e.fails++
	}
}

// drop forgets a conversation. The caller holds mu.
func (p *pool) drop(id flow.ConversationID) {
	delete(p.entries, id)
	if len(p.entries) == 0 {
		p.empty.Broadcast()
	}
}

// lose forgets those of the renewed leases that were not kept.
func (p *pool) lose(renewed, kept []flow.Lease) {
	still := make(map[flow.ConversationID]bool, len(kept))
	for _, l := range kept {
		still[l.Conversation] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range renewed {
		e := p.entries[l.Conversation]
		if e != nil && !e.busy && e.lease == l && !still[l.Conversation] {
			p.drop(l.Conversation)
		}
	}
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries)
}

func (p *pool) held() []flow.Lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := make([]flow.Lease, 0, len(p.entries))
	for _, e := range p.entries {
		held = append(held, e.lease)
	}
	return held
}

// waitIdle waits until nothing is held, or ctx is done.
func (p *pool) waitIdle(ctx context.Context) {
	wakeUp := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.empty.Broadcast()
	})
	defer wakeUp()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.entries) > 0 && ctx.Err() == nil {
		p.empty.Wait()
	}
}

// close ends the workers.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.more.Broadcast()
}
