package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"smsflow/services/flow"
)

// Config: see router.Store. The counts that are read only (OpenRuns, UsedBy) are not filled in.
func (b *Base) Config(ctx context.Context, tenant flow.TenantID) (flow.Config, error) {
	var c flow.Config
	err := b.inRead(ctx, func(q tx) (err error) {
		if c.Tenant, err = q.tenant(tenant, ""); err != nil {
			return err
		}
		var workflows []workflowRow
		if err := q.all(&workflows, `SELECT `+workflowColumns+`, 0 AS open_runs FROM workflow WHERE tenant_id = ? AND active = ?`, tenant, true); err != nil {
			return err
		}
		if c.Workflows, err = workflowNouns(workflows); err != nil {
			return err
		}
		var assistants []assistantRow
		if err := q.all(&assistants, `SELECT `+assistantColumns+`, 0 AS used_by FROM assistant WHERE tenant_id = ?`, tenant); err != nil {
			return err
		}
		c.Assistants = assistantNouns(assistants)
		if c.Connections, err = q.connections(tenant); err != nil {
			return err
		}
		return q.all(&c.Numbers, `SELECT number FROM number WHERE tenant_id = ? ORDER BY number`, tenant)
	})
	if err != nil {
		return flow.Config{}, err
	}
	return c, nil
}

type revisionRow struct {
	Tenant           string         `db:"tenant_id"`
	Workflow         string         `db:"workflow_id"`
	Number           int64          `db:"number"`
	Name             string         `db:"name"`
	Goal             string         `db:"goal"`
	Context          string         `db:"context"`
	ResponseTemplate string         `db:"response_template"`
	Assistant        sql.NullString `db:"assistant_id"`
	Steps            string         `db:"steps"`
	CreatedAt        Stamp          `db:"created_at"`
	CreatedBy        string         `db:"created_by"`
}

// Revision: see router.Store. ErrNotFound: the tenant never had it.
func (b *Base) Revision(ctx context.Context, tenant flow.TenantID, workflow flow.WorkflowID, number int64) (flow.Revision, error) {
	var r revisionRow
	err := b.single(ctx, func(q tx) error {
		err := q.get(&r, `SELECT tenant_id, workflow_id, number, name, goal, context, response_template, assistant_id, steps, created_at,
			created_by FROM workflow_revision WHERE tenant_id = ? AND workflow_id = ? AND number = ?`, tenant, workflow, number)
		if errors.Is(err, sql.ErrNoRows) {
			return flow.NotFound("revision")
		}
		return err
	})
	if err != nil {
		return flow.Revision{}, err
	}
	steps, err := flow.DecodeSteps([]byte(r.Steps))
	if err != nil {
		return flow.Revision{}, err
	}
	return flow.Revision{
		Tenant: flow.TenantID(r.Tenant), Workflow: flow.WorkflowID(r.Workflow), Number: r.Number, Name: r.Name, Goal: flow.Goal(r.Goal),
		Context: r.Context, ResponseTemplate: r.ResponseTemplate, Assistant: flow.AssistantID(r.Assistant.String), Steps: steps,
		CreatedAt: r.CreatedAt.Time, CreatedBy: r.CreatedBy,
	}, nil
}
