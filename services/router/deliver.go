package router

import (
	"context"
	"slices"
	"sync"
	"time"

	"smsflow/services/flow"
)

// hub wakes the streams of gateways that pull their messages.
type hub struct {
	mu      sync.Mutex
	streams map[pullKey][]chan struct{}
}

type pullKey struct {
	tenant     flow.TenantID
	connection flow.ConnectionID
}

// signal wakes the connection's streams here; false: there are none.
func (h *hub) signal(tenant flow.TenantID, connection flow.ConnectionID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	streams := h.streams[pullKey{tenant, connection}]
	for _, c := range streams {
		select {
		case c <- struct{}{}:
		default: // it will look anyway
		}
	}
	return len(streams) > 0
}

// signalAll wakes all streams.
func (h *hub) signalAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, streams := range h.streams {
		for _, c := range streams {
			select {
			case c <- struct{}{}:
			default:
			}
		}
	}
}

// join adds a stream; leave must be called.
func (h *hub) join(tenant flow.TenantID, connection flow.ConnectionID) (woken <-chan struct{}, leave func()) {
	key, c := pullKey{tenant, connection}, make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams == nil {
		h.streams = make(map[pullKey][]chan struct{})
	}
	h.streams[key] = append(h.streams[key], c)
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.streams[key] = slices.DeleteFunc(h.streams[key], func(other chan struct{}) bool { return other == c })
		if len(h.streams[key]) == 0 {
			delete(h.streams, key)
		}
	}
}

// Pull is a gateway's stream of the messages of one connection. Make it with Router.Pull; Close must be called.
type Pull struct {
	r          *Router
	tenant     flow.TenantID
	connection flow.ConnectionID
	woken      <-chan struct{}
	leave      func()

	mu   sync.Mutex
	open map[flow.OutboundID]flow.Outbound // handed over and not acknowledged
}

// Pull begins a stream. ErrPrecondition: the connection's delivery is another one.
func (r *Router) Pull(ctx context.Context, tenant flow.TenantID, connection flow.ConnectionID) (*Pull, error) {
	cfg, err := r.configs.fresh(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if c, ok := cfg.connections[connection]; !ok || c.Delivery != flow.DeliverStream {
		return nil, flow.Errorf(flow.ErrPrecondition, flow.ReasonDelivery,
			"this key's gateway connection does not pull its messages: set its delivery to %q", flow.DeliverStream)
	}
	p := &Pull{r: r, tenant: tenant, connection: connection, open: make(map[flow.OutboundID]flow.Outbound)}
	p.woken, p.leave = r.dispatch.hub.join(tenant, connection)
	return p, nil
}

// Next waits for messages to hand over and claims at most limit of them.
func (p *Pull) Next(ctx context.Context, limit int) ([]flow.Outbound, error) {
	for {
		ms, err := p.r.Outbox.TakeOutbounds(ctx, p.r.Owner, p.r.sendLease, flow.Take{
			Tenant: p.tenant, Connection: p.connection, PerTenant: limit, Limit: limit,
		})
		if err != nil {
			return nil, err
		}
		if len(ms) > 0 {
			p.handed(ms)
			return ms, nil
		}
		t := time.NewTimer(p.r.Poll)
		select {
		case <-p.woken:
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
		t.Stop()
	}
}

func (p *Pull) handed(ms []flow.Outbound) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range ms {
		p.open[m.ID] = m
	}
}

// Settle keeps what the gateway says of a message: sent, failed, or a delivery report. It says whether that counted.
func (p *Pull) Settle(ctx context.Context, s flow.Settled) (bool, error) {
	s.Tenant = p.tenant
	p.mu.Lock()
	if m, ok := p.open[s.ID]; ok {
		s.Attempts, s.Doubt = m.Attempts, m.Doubt
	}
	p.mu.Unlock()
	counted, err := p.r.dispatch.settle.call(ctx, s)
	if err == nil {
		p.mu.Lock()
		delete(p.open, s.ID)
		p.mu.Unlock()
	}
	return counted, err
}

// Open is how many messages are handed over and not acknowledged.
func (p *Pull) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Close ends the stream. What was not acknowledged is handed over again if the gateway dedupes, and is unknown otherwise.
func (p *Pull) Close(ctx context.Context) {
	p.leave()
	dedupes := false
	if cfg, err := p.r.configs.get(ctx, p.tenant, 0); err == nil {
		dedupes = cfg.connections[p.connection].Dedupes
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, m := range p.open {
		s := flow.Settled{
			Tenant: p.tenant, ID: id, Attempts: m.Attempts, Doubt: true,
			State: flow.OutboundUnknown, Reason: "the gateway's stream ended before its acknowledgement",
		}
		if dedupes && m.Attempts < flow.MaxSendAttempts {
			s.State, s.RetryAfter = flow.OutboundPending, p.r.backoff(m.Attempts)
		}
		if _, err := p.r.dispatch.settle.call(ctx, s); err != nil {
			// The claim's time ends by itself, with the same result.
			p.r.logFailure(ctx, "settle", err)
		}
	}
	clear(p.open)
}

// Undelivered lists a tenant's messages that did not get through, newest first, and how many there are.
func (r *Router) Undelivered(ctx context.Context, tenant flow.TenantID, limit, offset int) ([]flow.Outbound, int, error) {
	return r.Outbox.Undelivered(ctx, tenant, limit, offset)
}

// RetryOutbound sends a message again that failed or of which nobody knows, on a person's word.
func (r *Router) RetryOutbound(ctx context.Context, tenant flow.TenantID, id flow.OutboundID, by string) (flow.Outbound, error) {
	return r.Outbox.RetryOutbound(ctx, tenant, id, flow.Audit{By: by, At: r.Now()})
}
