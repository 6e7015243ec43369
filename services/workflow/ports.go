package workflow

import (
	"context"

	"smsflow/services/flow"
)

// Store is what the configuration use cases need of a database. Every method is one transaction; each that changes
// something also writes the audit log and makes the tenant's config version grow, so that the router sees it with
// its next message. An id that is absent and another tenant's id are the same ErrNotFound.
type Store interface {
	// Tenant reads the caller's tenant.
	Tenant(ctx context.Context, id flow.TenantID) (flow.Tenant, error)

	// CreateWorkflow inserts w with version and revision 1. A requestID used before answers with the workflow that
	// it made (as it is now) if the fingerprint is the same, else ErrExists KEY_REUSED. ErrExists NAME_TAKEN: the
	// tenant has one of that name (without regard to case). ErrPrecondition LIMIT_REACHED: it has MaxWorkflows.
	CreateWorkflow(ctx context.Context, w flow.Workflow, requestID, fingerprint string, audit flow.Audit) (flow.Workflow, error)
	Workflow(ctx context.Context, tenant flow.TenantID, id flow.WorkflowID) (flow.Workflow, error)
	Workflows(ctx context.Context, tenant flow.TenantID, q flow.WorkflowQuery) (flow.WorkflowList, error)
	// UpdateWorkflow reads the workflow, has change alter it, and writes it: Version grows by one, Revision too if
	// anything that a Revision holds has changed (and the new revision is kept). An error of change is given back
	// and nothing is written. What did not change is not written: the workflow comes back as it is.
	UpdateWorkflow(ctx context.Context, tenant flow.TenantID, id flow.WorkflowID, change func(*flow.Workflow) error, audit flow.Audit) (flow.Workflow, error)
	// ReorderWorkflows has assign give every workflow of the tenant its priority, all in one transaction.
	ReorderWorkflows(ctx context.Context, tenant flow.TenantID, assign func(order flow.PriorityOrder, all []flow.Workflow) error, audit flow.Audit) error
	// DeleteWorkflow has check look at the workflow, deletes it and cancels its open runs; it gives their number.
	// Revisions, runs and outcomes stay.
	DeleteWorkflow(ctx context.Context, tenant flow.TenantID, id flow.WorkflowID, check func(flow.Workflow) error, audit flow.Audit) (int, error)

	// CreateAssistant, Assistant, Assistants, UpdateAssistant and DeleteAssistant are the same for assistants.
	CreateAssistant(ctx context.Context, a flow.Assistant, requestID, fingerprint string, audit flow.Audit) (flow.Assistant, error)
	Assistant(ctx context.Context, tenant flow.TenantID, id flow.AssistantID) (flow.Assistant, error)
	// Assistants gives one page by name, and how many there are.
	Assistants(ctx context.Context, tenant flow.TenantID, limit, offset int) ([]flow.Assistant, int, error)
	UpdateAssistant(ctx context.Context, tenant flow.TenantID, id flow.AssistantID, change func(*flow.Assistant) error, audit flow.Audit) (flow.Assistant, error)
	// DeleteAssistant is ErrPrecondition ASSISTANT_IN_USE while a workflow is assigned to it.
	DeleteAssistant(ctx context.Context, tenant flow.TenantID, id flow.AssistantID, check func(flow.Assistant) error, audit flow.Audit) error
}

// Sealer encrypts a secret before it is stored; field names what it belongs to.
type Sealer interface {
	Seal(tenant flow.TenantID, field string, secret flow.Secret) ([]byte, error)
}
