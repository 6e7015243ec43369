package flow

import "time"

// Ingested is what became of one accepted message in Store.Ingest.
type Ingested struct {
	// Duplicate: the key was committed before; ID is the first one's.
	Duplicate    bool
	ID           InboundID
	Conversation ConversationID
	// Owned: this commit gave the conversation's lease to the owner that ingested, with this Lease.
	Owned bool
	Lease int64
	// Owner is the conversation's current owner when it is another one; empty: nobody.
	Owner string
}

// Lease names a conversation held by an owner.
type Lease struct {
	Tenant       TenantID
	Conversation ConversationID
	Lease        int64 // grows with every change of owner
}

// Claimed is a leased conversation with all that is needed to handle its next message.
type Claimed struct {
	Lease
	// Gen grows with every message that arrives: a release with an older one is refused.
	Gen           int64
	ConfigVersion int64 // the tenant's, read with the claim
	// Conversation has Ver 0 if nothing was handled yet.
	Conversation Conversation
	// Run is the open run, or the one named by Partial; nil: none.
	Run *Run
	// Partial is what has been written of the outcome of Pending[0], if its handling has begun: its trace with
	// the steps so far. nil: not begun.
	Partial *Result
	// Pending are the messages not handled yet, in order, up to the limit asked for.
	Pending []Inbound
}

// RunEvents are the facts that one commit adds to a run.
type RunEvents struct {
	Run     RunID
	Inbound InboundID
	Steps   []StepEvent
}

// Commit is one conversation's progress: all of it is written, or nothing.
type Commit struct {
	Lease
	// Conversation as it is to be; its Ver is one more than the Ver it was loaded with.
	Conversation Conversation
	Runs         []Run       // inserted or updated
	Events       []RunEvents // appended
	Results      []Result    // inserted or updated; Replies are not written with them
	Outbounds    []Outbound  // intents
	Consumed     []int64     // Seq of the messages that are handled
	// Release gives the lease back if no message has arrived since Gen.
	Release bool
	Gen     int64
	// WakeAt: with Release, when the conversation is to be claimed again; zero: at its next message.
	WakeAt time.Time
}

// Committed is what became of one Commit.
type Committed struct {
	// Stale: another owner has the conversation, or it has changed: nothing was written.
	Stale bool
	// Released: the lease is given back. If it was asked for and is not, there is more to do: load again.
	Released bool
}

// Config is all that the router needs of a tenant, read in one go.
type Config struct {
	Tenant     Tenant
	Workflows  []Workflow // the active ones, with steps, in no order
	Assistants []Assistant
	Numbers    []string // the tenant's own
	// Connections are the tenant's gateways; one that is not among them takes its messages from the responses.
	Connections []Connection
}

// WorkflowSort is the order of a list of workflows.
type WorkflowSort string

// The orders of a list. The zero value is the order in which the router tries them.
const (
	SortPriority WorkflowSort = ""
	SortName     WorkflowSort = "name"
	SortUpdated  WorkflowSort = "updated"
)

// WorkflowQuery is a filter, an order and a place in it.
type WorkflowQuery struct {
	Active *bool
	Goals  []Goal
	Query  string // in name or description, without regard to case
	Sort   WorkflowSort
	Limit  int
	Offset int
}

// WorkflowList is one page.
type WorkflowList struct {
	Workflows []Workflow
	Total     int // that match the filter
	Active    int // of all
	All       int
	Order     PriorityOrder
}

// Audit says who changes something.
type Audit struct {
	By string
	At time.Time
}
