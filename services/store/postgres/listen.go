package postgres

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/lib/pq"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// channel is the name under which replicas tell each other that there is something to do.
const channel = "smsflow"

// hint is one notification, sent when the transaction commits. It carries nothing: whoever hears it looks.
const hint = `SELECT pg_notify('` + channel + `', '')`

// hintQuery tells the others if $1, or if a message is pending for a gateway that pulls, whose stream may be anywhere.
const hintQuery = hint + ` WHERE $1::boolean OR EXISTS (
	SELECT 1 FROM unnest($2::text[], $3::text[]) AS i (tenant_id, id)
	JOIN gateway_connection g ON g.tenant_id = i.tenant_id AND g.id = i.id WHERE g.delivery = 'stream')`

// hint tells the others when the transaction commits, once a batch: notifying transactions commit one after the other.
func (q statements) hint(always bool, pending []sqlstore.Outbound) error {
	var nothing []string // pg_notify gives void
	return q.all(&nothing, hintQuery, always,
		texts(pending, func(m *sqlstore.Outbound) string { return m.Tenant }), texts(pending, func(m *sqlstore.Outbound) string { return m.Connection }))
}

// hintCommit tells the others if somebody may wait elsewhere for an outcome of the batch, or for a message of it.
func (q statements) hintCommit(batch []flow.Commit, passed []int, saved map[flow.ConversationID]saved, outbounds []sqlstore.Outbound) error {
	awaited := slices.ContainsFunc(passed, func(at int) bool {
		return saved[batch[at].Lease.Conversation].Shared &&
			slices.ContainsFunc(batch[at].Results, func(r flow.Result) bool { return r.Outcome != flow.OutcomeAccepted })
	})
	var pending []sqlstore.Outbound
	for _, m := range outbounds {
		if m.State == string(flow.OutboundPending) {
			pending = append(pending, m)
		}
	}
	if !awaited && len(pending) == 0 {
		return nil
	}
	return q.hint(awaited, pending)
}

// How long the listener waits before it connects again: at first, and at most.
const (
	minReconnect = 100 * time.Millisecond
	maxReconnect = time.Second
)

// Listen calls wake whenever another replica may have left something, until ctx is done; then it gives nil. It is a hint
// only: what matters is found by looking, too. wake must return at once; several hints may come as one. Listen fails if
// it cannot connect at first; a connection that is lost later is made again, with a wake for what was missed. The
// connection is its own and goes to Options.ListenURL, because a pooler in front may not pass notifications on.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	if s.closed.Load() {
		return s.Fail(ctx, net.ErrClosed)
	}
	// The driver waits without a context, for the network and between its attempts. Its connections end with ours.
	bound, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	l := pq.NewDialListener(dialer{bound}, s.listenURL, minReconnect, maxReconnect, func(event pq.ListenerEventType, err error) {
		if event == pq.ListenerEventConnectionAttemptFailed {
			select {
			case failed <- err:
			default: // one is enough
			}
		}
	})
	listening := make(chan error, 1)
	go func() { listening <- l.Listen(channel) }()
	var err error
	select {
	case err = <-listening:
	case err = <-failed:
	case <-ctx.Done():
	}
	if err == nil && ctx.Err() == nil {
		wake() // for what was missed
		hear(ctx, l, wake)
	}
	cancel()
	l.Close() //nolint:errcheck // it is closed, or is now
	// The driver's goroutine may be sending, and waits for somebody to take it.
	for range l.Notify {
	}
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return s.Fail(ctx, err)
}

// hear passes hints on: all that have come meanwhile are one.
func hear(ctx context.Context, l *pq.Listener, wake func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-l.Notify: // nil after a new connection: something may have been missed
			for drained := false; open && !drained; {
				select {
				case _, open = <-l.Notify:
				default:
					drained = true
				}
			}
			if !open {
				return
			}
			wake()
		}
	}
}

// dialer makes connections that end with ctx.
type dialer struct {
	ctx context.Context //nolint:containedctx // the driver's listener has none
}

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialTimeout(network, address, 0)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return d.dial(d.ctx, network, address, timeout)
}

// DialContext implements pq.DialerContext.
func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)() //nolint:contextcheck // the listener's context ends the dialling too
	return d.dial(ctx, network, address, 0)
}

func (d dialer) dial(ctx context.Context, network, address string, timeout time.Duration) (net.Conn, error) {
	c, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	//nolint:contextcheck,errcheck // it ends with the listener, whoever dialled; a closed connection is what is wanted
	return tied{Conn: c, free: context.AfterFunc(d.ctx, func() { c.Close() })}, nil
}

// tied is a connection that is closed with a context; once it is closed it lets the context go.
type tied struct {
	net.Conn
	free func() bool
}

func (t tied) Close() error {
	t.free()
	return t.Conn.Close()
}
