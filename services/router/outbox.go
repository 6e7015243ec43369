package router

import (
	"context"
	"time"

	"smsflow/services/flow"
)

// Outbox is what the dispatcher needs of a database. Every method is one transaction; the time is the database's.
type Outbox interface {
	// TakeOutbounds claims messages that are to be sent, for owner and for the given time, and gives them in the order
	// in which each conversation's are to go. By take.IDs: those of them that are pending, due or not. Without IDs: up
	// to Limit that are due, that is pending and their time has come, or sending and their owner's time has ended on a
	// connection that dedupes. Each is then sending, with one attempt more. A message is left out as long as an
	// older one of its conversation is pending or sending (that one goes first).
	// With Connection only that connection's; without it those of connections with the delivery webhook or null, tenants
	// in turn from the one after Cursor, at most PerTenant of each.
	//
	// The same call ends what cannot go on: a sending whose time has ended on a connection that does not dedupe becomes
	// unknown; what is pending for a contact who has opted out, and is no answer to a consent word, becomes suppressed.
	TakeOutbounds(ctx context.Context, owner string, sending time.Duration, take flow.Take) ([]flow.Outbound, error)
	// SettleOutbounds writes how gateways took messages, and answers for each whether it counted: a settlement counts
	// while the message is sending and owner's; a delivery report (delivered, undelivered) while it is sending, sent or
	// unknown, whoever's it is.
	SettleOutbounds(ctx context.Context, owner string, batch []flow.Settled) ([]bool, error)
	// Clear is asked just before messages are handed over, and answers for each: whether it is sending, owner's, and its
	// time not over; whether an older message of its conversation is pending or sending; whether its contact has opted out.
	Clear(ctx context.Context, owner string, ms []flow.Outbound) ([]flow.Clearance, error)
	// Undelivered lists a tenant's messages that are failed, unknown or undelivered, newest first, and how many there are.
	Undelivered(ctx context.Context, tenant flow.TenantID, limit, offset int) ([]flow.Outbound, int, error)
	// RetryOutbound makes a failed, unknown or undelivered message pending and due, with no attempts; audited.
	// ErrPrecondition NOT_RETRYABLE: it is none of these. ErrNotFound: it is not the tenant's.
	RetryOutbound(ctx context.Context, tenant flow.TenantID, id flow.OutboundID, audit flow.Audit) (flow.Outbound, error)
}

// Broom removes what has been kept long enough, in batches small enough not to be felt.
type Broom interface {
	// Sweep deletes at most limit rows of each kind: messages with their outcomes, runs, events and outbound messages
	// when the message was accepted before messages (and is handled, and nothing of it is still to be sent); the keys by
	// which repeated deliveries are known when they are older than keys, which is never later than messages. It gives
	// how many rows it deleted.
	Sweep(ctx context.Context, messages, keys time.Time, limit int) (int, error)
}

// Hints tells of what another replica may have left.
type Hints interface {
	// Listen calls wake, which returns at once, until ctx is done. It is a hint only, and may fail: what matters is found
	// by looking, too.
	Listen(ctx context.Context, wake func()) error
}
