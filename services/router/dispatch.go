package router

import (
	"context"
	"errors"
	"sync"

	"smsflow/services/fault"
	"smsflow/services/flow"
)

// Gateway hands one outbound message to a messaging gateway. It keeps to ctx's deadline and never panics; whatever
// happens is in the Sent.
type Gateway interface {
	Send(ctx context.Context, d flow.Dispatch) flow.Sent
}

// dispatcher sends what has been committed. One conversation's messages go one after the other; conversations go side by
// side, tenants in turn.
type dispatcher struct {
	r      *Router
	slots  *slots
	settle *batcher[flow.Settled, bool]
	check  *batcher[flow.Outbound, flow.Clearance]
	group  sync.WaitGroup
	hub    hub

	mu    sync.Mutex
	lanes map[flow.ConversationID][]flow.Outbound // what waits behind the message that is being sent
	size  int
}

func newDispatcher(r *Router) *dispatcher {
	d := &dispatcher{r: r, slots: newSlots(MaxSends, MaxTenantSends), lanes: make(map[flow.ConversationID][]flow.Outbound)}
	d.settle = newBatcher(MaxQueue, MaxBatch, func(ctx context.Context, in []flow.Settled) ([]bool, error) {
		return r.Outbox.SettleOutbounds(ctx, r.Owner, in)
	})
	d.check = newBatcher(MaxQueue, MaxBatch, func(ctx context.Context, in []flow.Outbound) ([]flow.Clearance, error) {
		return r.Outbox.Clear(ctx, r.Owner, in)
	})
	return d
}

// offer takes messages that this process has claimed.
func (d *dispatcher) offer(ctx context.Context, ms []flow.Outbound) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range ms {
		fault.Point("after_take")
		lane, busy := d.lanes[m.Conversation]
		d.lanes[m.Conversation] = append(lane, m)
		d.size++
		if !busy {
			d.group.Add(1)
			d.slots.add(m.Tenant, func() { defer d.group.Done(); d.drain(ctx, m.Conversation) })
		}
	}
}

// drain sends one conversation's messages until there are none.
func (d *dispatcher) drain(ctx context.Context, id flow.ConversationID) {
	var later *flow.Settled // a message is to be tried again: those behind it must not overtake it
	for {
		d.mu.Lock()
		lane := d.lanes[id]
		if len(lane) == 0 {
			delete(d.lanes, id)
			d.mu.Unlock()
			return
		}
		m := lane[0]
		d.lanes[id] = lane[1:]
		d.size--
		d.mu.Unlock()
		s := flow.Settled{ID: m.ID, Tenant: m.Tenant, Attempts: m.Attempts, Doubt: m.Doubt}
		if later != nil {
			s.State, s.Reason, s.RetryAfter, s.Attempts = flow.OutboundPending, waitsForOlder, later.RetryAfter, m.Attempts-1
		} else {
			d.send(ctx, m, &s)
			if s.State == flow.OutboundPending {
				later = &s
			}
		}
		if ctx.Err() != nil {
			return // stopping: what is not settled is decided by the next owner
		}
		if s.State != "" {
			d.record(ctx, s)
		}
	}
}

const waitsForOlder = "waits for the message before it"

// send hands one message over and says what became of it; without a state it is no longer ours to say.
func (d *dispatcher) send(ctx context.Context, m flow.Outbound, s *flow.Settled) {
	switch now, err := d.check.call(ctx, m); {
	case err != nil:
		s.State, s.Reason, s.RetryAfter = flow.OutboundPending, "it could not be read whether it may be sent", storeRetry
		s.Attempts--
		return
	case !now.Held:
		return // whoever has it now decides
	case now.OptedOut && !m.Consent:
		s.State, s.Reason = flow.OutboundSuppressed, "the contact opted out before it was sent"
		return
	case now.Behind:
		// The older one is to be tried again, or whoever began to send it has died: it goes first.
		s.State, s.Reason, s.RetryAfter = flow.OutboundPending, waitsForOlder, storeRetry
		s.Attempts--
		return
	}
	dispatch, err := d.prepare(ctx, m)
	if err != nil {
		s.State, s.Reason = flow.OutboundFailed, err.Error()
		if errors.Is(err, flow.ErrUnavailable) {
			s.State, s.RetryAfter = flow.OutboundPending, storeRetry
		}
		return
	}
	sendCtx, cancel := context.WithTimeout(ctx, flow.SendTimeout)
	fault.Point("before_send")
	sent := d.r.Gateway.Send(sendCtx, dispatch)
	fault.Point("after_send")
	cancel()
	s.State, s.Reason, s.GatewayID, s.RetryAfter = sent.State, sent.Reason, sent.GatewayID, sent.RetryAfter
	s.Doubt = s.Doubt || s.State == flow.OutboundUnknown
	if s.State == flow.OutboundUnknown && dispatch.Connection.Dedupes {
		// The gateway knows the id: handing it over again sends it once.
		s.State = flow.OutboundPending
	}
	if s.State == flow.OutboundPending && m.Attempts >= flow.MaxSendAttempts {
		s.State, s.Reason = flow.OutboundFailed, "given up after the last attempt: "+s.Reason
	}
	if s.State == flow.OutboundFailed && s.Doubt {
		// An earlier attempt may have been taken all the same.
		s.State = flow.OutboundUnknown
	}
	if s.State == flow.OutboundPending {
		s.RetryAfter = max(s.RetryAfter, d.r.backoff(m.Attempts))
	}
}

// prepare opens what the gateway's adapter needs.
func (d *dispatcher) prepare(ctx context.Context, m flow.Outbound) (flow.Dispatch, error) {
	cfg, err := d.r.configs.get(ctx, m.Tenant, 0)
	if err != nil {
		return flow.Dispatch{}, err
	}
	c, ok := cfg.connections[m.Connection]
	if !ok {
		return flow.Dispatch{}, errors.New("its gateway connection is not there any more")
	}
	dispatch := flow.Dispatch{Connection: c, Message: m, Attempt: m.Attempts}
	if len(c.SealedSecret) > 0 {
		if dispatch.Secret, err = d.r.Opener.Open(c.Tenant, flow.ConnectionSecretField(c.ID), c.SealedSecret); err != nil {
			d.r.Log.ErrorContext(ctx, "a gateway connection's secret cannot be opened", "connection", c.ID, "error", err)
			return flow.Dispatch{}, errors.New("the gateway connection's secret cannot be opened: enter it again")
		}
	}
	return dispatch, nil
}

// record keeps what became of a message. It does not give up before the lease ends: what is sent and not recorded would
// be unknown for ever.
func (d *dispatcher) record(ctx context.Context, s flow.Settled) {
	for {
		_, err := d.settle.call(ctx, s)
		fault.Point("after_settle")
		if err == nil || ctx.Err() != nil {
			return
		}
		d.r.logFailure(ctx, "settle", err)
		every(ctx, storeRetry)
	}
}

// polls looks, until ctx is done, for messages that are due: to be tried again, or left behind by a replica that died.
// Their sending goes on with work.
func (d *dispatcher) polls(ctx, work context.Context) {
	var cursor flow.TenantID
	for everyOr(ctx, d.r.Poll, d.r.dueMessages) {
		for ctx.Err() == nil {
			room := MaxQueuedSends - d.waiting()
			if room <= 0 {
				break
			}
			ms, err := d.r.Outbox.TakeOutbounds(work, d.r.Owner, d.r.sendLease, flow.Take{Cursor: cursor, PerTenant: claimPerTenant, Limit: min(room, maxClaim)})
			if err != nil {
				d.r.logFailure(ctx, "take outbound", err)
				break
			}
			if len(ms) == 0 {
				cursor = ""
				break
			}
			cursor = ms[len(ms)-1].Tenant
			d.offer(work, ms)
		}
	}
}

func (d *dispatcher) waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.size
}

// committed takes the messages of a commit: what was claimed by it is sent at once, the rest is claimed first.
func (d *dispatcher) committed(ctx context.Context, ms []flow.Outbound) {
	var claimed []flow.Outbound
	var ids []flow.OutboundID
	for _, m := range ms {
		if m.State == flow.OutboundSending {
			m.Attempts = 1
			claimed = append(claimed, m)
		}
		if m.State == flow.OutboundPending && !d.hub.signal(m.Tenant, m.Connection) {
			ids = append(ids, m.ID)
		}
	}
	d.offer(ctx, claimed)
	if len(ids) == 0 {
		return
	}
	// A message that is not claimed now, for whatever reason, is found by the next poll.
	ms, err := d.r.Outbox.TakeOutbounds(ctx, d.r.Owner, d.r.sendLease, flow.Take{IDs: ids, Limit: len(ids)})
	if err != nil {
		d.r.logFailure(ctx, "take outbound", err)
		return
	}
	d.offer(ctx, ms)
}

// waitIdle waits until nothing is being sent, or ctx is done.
func (d *dispatcher) waitIdle(ctx context.Context) {
	idle := make(chan struct{})
	go func() { d.group.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// close ends the batchers when nobody calls them any more.
func (d *dispatcher) close() {
	d.group.Wait()
	d.settle.close()
	d.check.close()
}
