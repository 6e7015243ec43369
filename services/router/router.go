// Package router holds the use cases of RouterService: it takes inbound SMS, answers them, and can say why.
//
// One SMS goes this way:
//
//	RouteInbound ─► batcher ─► Store.Ingest           many messages, one commit: the durable ack
//	             ─► pool (conversations we hold)      one message of a conversation at a time, many side by side
//	             ─► Store.Load, turn, Store.Commit    consent words, gates, selection, engine; many turns, one commit
//	             ─► effects (assistants)              outside any transaction; the answer makes the next turn
//
// A conversation is held by one replica at a time, through a lease in the database whose owner, number and version every
// commit checks. A turn is a pure function of what was loaded, so whatever dies between two commits is simply done again
// from the last one.
package router

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"smsflow/services/fault"
	"smsflow/services/flow"
)

// Limits of the router. Those in Options can be set lower by tests and by the load tool.
const (
	MaxBatch    = 512              // messages, conversations or commits in one transaction
	MaxQueue    = 8_192            // messages waiting for their commit; beyond it RouteInbound is refused
	MaxHeld     = 20_000           // conversations held at once; beyond it they wait in the database
	MaxPending  = 16               // messages of one conversation handled in one commit
	MaxWait     = 60 * time.Second // for an outcome
	DefaultWait = 25 * time.Second
	MaxTenants  = 2_000 // whose configuration is kept in memory
	MaxPrograms = 5_000 // compiled revisions of open runs kept in memory
	// Calls of assistants at once, and of one tenant's.
	MaxEffects       = 256
	MaxTenantEffects = 64
	// Outbound messages being sent at once, of one tenant's, and waiting for it in memory.
	MaxSends       = 512
	MaxTenantSends = 256
	MaxQueuedSends = 20_000
	MaxBreakers    = 5_000
	// breakerFailures in a row give an assistant a rest of breakerRest.
	breakerFailures = 5
	breakerRest     = 10 * time.Second
	// sendLease is how long a claimed outbound message has for its sending and the record of it; then it is unknown.
	sendLease      = 45 * time.Second
	pollResult     = 250 * time.Millisecond // how often a waiter looks for an outcome that another replica may write
	storeRetry     = 200 * time.Millisecond // after the database failed
	MaxFailures    = 5                      // of one conversation's turn in a row; then its message is given up
	maxClaim       = 512
	claimPerTenant = 4
)

// Options are what a Router is made of. Zero durations and counts stand for the defaults in the comments.
type Options struct {
	Store    Store
	Outbox   Outbox
	Answerer Answerer
	Gateway  Gateway
	Broom    Broom
	Hints    Hints
	Opener   Opener
	Log      *slog.Logger
	Now      func() time.Time
	NewID    func() string // UUIDv7
	// Jitter gives numbers in [0, 1) that spread retries.
	Jitter func() float64
	// Owner names this process among the replicas; it must be another one after every start.
	Owner string
	Lease time.Duration // 30 s
	Poll  time.Duration // 250 ms: how often due conversations and outbound messages are looked for
	Sweep time.Duration // 1 min: how often what has been kept long enough is removed
	// KeepMessages is how long messages, runs and outcomes are kept, and KeepKeys how long repeated deliveries are known:
	// never shorter. 0: for ever.
	KeepMessages time.Duration
	KeepKeys     time.Duration
	Drain        time.Duration // 20 s: how long a stop waits for what is under way
	Workers      int           // 2: commits of turns under way at once
	Intakes      int           // 2: commits of messages under way at once
}

// Router answers inbound SMS. Make it with New, start it with Run.
type Router struct {
	Options

	intakes  []*batcher[flow.Inbound, flow.Ingested]
	configs  *configs
	programs *programs
	pool     *pool
	waiters  *waiters
	effects  *effects
	dispatch *dispatcher

	sendLease time.Duration
	// A hint has the next look for due conversations and due messages come at once.
	dueConversations, dueMessages chan struct{}
}

// New makes a router; nothing runs before Run.
func New(o Options) *Router {
	setDefault(&o.Lease, 30*time.Second)
	setDefault(&o.Poll, 250*time.Millisecond)
	setDefault(&o.Sweep, time.Minute)
	setDefault(&o.Drain, 20*time.Second)
	setDefault(&o.Workers, 2)
	setDefault(&o.Intakes, 2)
	o.Lease = fault.Duration("lease", o.Lease)
	r := &Router{
		Options:  o,
		configs:  newConfigs(o.Store),
		programs: newPrograms(o.Store),
		pool:     newPool(),
		waiters:  newWaiters(),

		sendLease: fault.Duration("send_lease", sendLease),

		dueConversations: make(chan struct{}, 1), dueMessages: make(chan struct{}, 1),
	}
	r.effects = newEffects(r)
	r.dispatch = newDispatcher(r)
	ingest := r.ingest
	if fault.Off("ack_after_commit") {
		ingest = r.ackFirst
	}
	for range o.Intakes {
		r.intakes = append(r.intakes, newBatcher(MaxQueue/o.Intakes, MaxBatch, ingest))
	}
	return r
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Run works until ctx is done, then finishes what is under way (at most Options.Drain), gives its leases back and returns.
// From the moment ctx is done new messages are refused with ErrUnavailable.
func (r *Router) Run(ctx context.Context) error {
	// What is under way outlives ctx by the drain.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g := new(errgroup.Group)
	for _, b := range r.intakes {
		g.Go(func() error { b.run(work); return nil })
	}
	for range r.Workers {
		g.Go(func() error { r.turns(work); return nil })
	}
	g.Go(func() error { r.dispatch.settle.run(work); return nil })
	g.Go(func() error { r.dispatch.check.run(work); return nil })
	polled := make(chan struct{})
	g.Go(func() error { defer close(polled); r.dispatch.polls(ctx, work); return nil })
	g.Go(func() error { r.claims(ctx); return nil })
	g.Go(func() error { r.listen(ctx); return nil })
	g.Go(func() error { r.sweeps(ctx); return nil })
	g.Go(func() error { r.renewals(work); return nil })
	<-ctx.Done()
	for _, b := range r.intakes {
		b.close()
	}
	idle, cancel := context.WithTimeout(work, r.Drain)
	r.pool.waitIdle(idle)
	select { // what the last look has claimed is to be sent too
	case <-polled:
	case <-idle.Done():
	}
	r.dispatch.waitIdle(idle)
	cancel()
	stop()
	r.pool.close()
	r.effects.wait()
	r.dispatch.close()
	err := g.Wait()
	return errors.Join(err, r.giveBack(context.WithoutCancel(ctx)))
}

// backoff is how long to wait after the nth attempt: from 1 s, doubled each time, up to a minute, spread by half.
func (r *Router) backoff(attempt int) time.Duration {
	d := min(time.Second<<min(max(attempt-1, 0), 6), time.Minute)
	return d/2 + time.Duration(float64(d)*r.Jitter())
}

// giveBack releases what is still held, so that another replica need not wait for the leases to end.
func (r *Router) giveBack(ctx context.Context) error {
	held := r.pool.held()
	if len(held) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return r.Store.Release(ctx, r.Owner, held)
}

// claims looks for conversations that are due and held by nobody: those of a replica that died, and those that were
// left in the database because this one held enough.
func (r *Router) claims(ctx context.Context) {
	var cursor flow.TenantID
	for everyOr(ctx, r.Poll, r.dueConversations) {
		for {
			room := MaxHeld - r.pool.size()
			if room <= 0 {
				break
			}
			leases, next, err := r.Store.Claim(ctx, r.Owner, r.Lease, cursor, claimPerTenant, min(room, maxClaim))
			if err != nil {
				r.logFailure(ctx, "claim", err)
				break
			}
			cursor = next
			for _, l := range leases {
				fault.Point("after_claim")
				r.pool.add(l)
			}
			if len(leases) == 0 {
				break
			}
		}
	}
}

// renewals keeps the leases of what is held for longer than a third of a lease.
func (r *Router) renewals(ctx context.Context) {
	for every(ctx, r.Lease/3) {
		held := r.pool.held()
		for len(held) > 0 {
			n := min(len(held), MaxBatch)
			kept, err := r.Store.Renew(ctx, r.Owner, r.Lease, held[:n])
			if err != nil {
				// Not renewed is not lost: the next round, or the fence in the next commit, decides.
				r.logFailure(ctx, "renew", err)
				break
			}
			r.pool.lose(held[:n], kept)
			held = held[n:]
		}
	}
}

// every waits for the next tick; false: ctx is done.
func every(ctx context.Context, d time.Duration) bool { return everyOr(ctx, d, nil) }

// everyOr waits for the next tick or a hint, whichever comes first; false: ctx is done.
func everyOr(ctx context.Context, d time.Duration, hint <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-hint:
	case <-t.C:
	}
	return true
}

func (r *Router) logFailure(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		r.Log.WarnContext(ctx, "the database failed; it will be tried again", "call", what, "error", err)
	}
}
