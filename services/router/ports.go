package router

import (
	"context"
	"time"

	"smsflow/services/flow"
)

// Store is what the router needs of a database. Every method is one transaction. A method that fails has written
// nothing that it reports as written; ErrUnavailable means that the database could not be reached or that its answer
// was lost, in which case the same call with the same keys is safe.
type Store interface {
	// Ingest commits a batch of accepted messages and answers for each, in order. A message whose key is known is a
	// duplicate and changes nothing; two with one key in a batch: the first counts. The conversation's place in the
	// queue is committed with the message. If nobody holds the conversation's lease (or it has expired) the lease
	// goes to owner for the given time; an empty owner leaves it to be claimed. The time is the database's.
	// A message with Stop also opts the contact out in the same commit: the conversation is written (its Ver grows) with
	// the state OptedOut, the reason "stop word", OptedIn false and, unless it was opted out before, StopConfirmed
	// false; its outbound messages that are pending and no answer to a consent word become suppressed.
	Ingest(ctx context.Context, owner string, lease time.Duration, batch []flow.Inbound) ([]flow.Ingested, error)
	// Claim leases up to limit conversations that are due and held by nobody, or whose lease has expired, taking
	// tenants in turn from the one after cursor; at most perTenant of each. It gives the next cursor.
	Claim(ctx context.Context, owner string, lease time.Duration, cursor flow.TenantID, perTenant, limit int) ([]flow.Lease, flow.TenantID, error)
	// Load reads leased conversations with up to maxPending messages each. A lease that owner no longer holds is
	// left out.
	Load(ctx context.Context, owner string, leases []flow.Lease, maxPending int) ([]flow.Claimed, error)
	// Commit writes the progress of several conversations in one transaction and answers for each, in order. It
	// checks the owner, the lease and the conversation's version in the database: who has lost any of them is
	// Stale, and the others are not held up by it.
	Commit(ctx context.Context, owner string, batch []flow.Commit) ([]flow.Committed, error)
	// Renew prolongs leases and gives those that are still held.
	Renew(ctx context.Context, owner string, lease time.Duration, leases []flow.Lease) ([]flow.Lease, error)
	// Release gives leases back: a conversation with nothing pending and no open effect is forgotten, any other is due at once.
	Release(ctx context.Context, owner string, leases []flow.Lease) error
	// Config reads a tenant's configuration as of one moment. ErrNotFound: no such tenant.
	Config(ctx context.Context, tenant flow.TenantID) (flow.Config, error)
	// Result reads the outcome of a message with its replies and the steps of the run that won.
	// OutcomeAccepted: not handled yet. ErrNotFound: no such message of this tenant.
	Result(ctx context.Context, tenant flow.TenantID, id flow.InboundID) (flow.Result, error)
	// History reads the last messages of a conversation before the message with the given Seq, oldest first.
	History(ctx context.Context, tenant flow.TenantID, conversation flow.ConversationID, before int64, limit int) ([]flow.Said, error)
	// Revision reads one revision of a workflow, also of one that has been deleted since.
	Revision(ctx context.Context, tenant flow.TenantID, workflow flow.WorkflowID, number int64) (flow.Revision, error)
}

// Answerer asks an assistant. It keeps to ctx's deadline and never panics; every failure is an Answer with Err.
type Answerer interface {
	Answer(ctx context.Context, ask flow.Ask) flow.Answer
}

// Opener opens a sealed secret; field names what it belongs to, so that one secret cannot be put in another's place.
type Opener interface {
	Open(tenant flow.TenantID, field string, sealed []byte) (flow.Secret, error)
}
