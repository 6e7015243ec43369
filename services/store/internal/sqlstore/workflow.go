package sqlstore

import (
	"database/sql"
	"errors"

	"smsflow/services/flow"
)

const workflowColumns = `tenant_id, id, name, goal, description, context, response_template, assistant_id, priority, active,
	interrupts, steps, revision, version, created_at, updated_at, updated_by`

// openRuns counts the runs that a DELETE would cancel.
const openRuns = `(SELECT count(*) FROM run WHERE run.tenant_id = workflow.tenant_id AND run.workflow_id = workflow.id
	AND run.state IN ('running', 'waiting')) AS open_runs`

type workflowRow struct {
	Tenant           string         `db:"tenant_id"`
	ID               string         `db:"id"`
	Name             string         `db:"name"`
	Goal             string         `db:"goal"`
	Description      string         `db:"description"`
	Context          string         `db:"context"`
	ResponseTemplate string         `db:"response_template"`
	Assistant        sql.NullString `db:"assistant_id"`
	Priority         int32          `db:"priority"`
	Active           bool           `db:"active"`
	Interrupts       bool           `db:"interrupts"`
	Steps            string         `db:"steps"`
	Revision         int64          `db:"revision"`
	Version          int64          `db:"version"`
	CreatedAt        Stamp          `db:"created_at"`
	UpdatedAt        Stamp          `db:"updated_at"`
	UpdatedBy        string         `db:"updated_by"`
	OpenRuns         int32          `db:"open_runs"`
}

func (r workflowRow) noun() (flow.Workflow, error) {
	steps, err := flow.DecodeSteps([]byte(r.Steps))
	return flow.Workflow{
		Tenant: flow.TenantID(r.Tenant), ID: flow.WorkflowID(r.ID), Name: r.Name, Goal: flow.Goal(r.Goal),
		Description: r.Description, Context: r.Context, ResponseTemplate: r.ResponseTemplate,
		Assistant: flow.AssistantID(r.Assistant.String), Priority: r.Priority, Active: r.Active, Interrupts: r.Interrupts,
		Steps: steps, Revision: r.Revision, Version: r.Version,
		CreatedAt: r.CreatedAt.Time, UpdatedAt: r.UpdatedAt.Time, UpdatedBy: r.UpdatedBy, OpenRuns: r.OpenRuns,
	}, err
}

func workflowNouns(rows []workflowRow) ([]flow.Workflow, error) {
	out := make([]flow.Workflow, len(rows))
	for i, r := range rows {
		w, err := r.noun()
		if err != nil {
			return nil, err
		}
		out[i] = w
	}
	return out, nil
}

func (t tx) workflow(tenant flow.TenantID, id flow.WorkflowID, lock string) (flow.Workflow, error) {
	var row workflowRow
	err := t.get(&row, `SELECT `+workflowColumns+`, `+openRuns+` FROM workflow WHERE tenant_id = ? AND id = ?`+lock, tenant, id)
	if errors.Is(err, sql.ErrNoRows) {
		return flow.Workflow{}, flow.NotFound("workflow")
	}
	if err != nil {
		return flow.Workflow{}, err
	}
	return row.noun()
}

// insertWorkflow expects a workflow that has been checked, with its tenant locked.
func (t tx) insertWorkflow(w flow.Workflow) error {
	steps, err := flow.EncodeSteps(w.Steps)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO workflow (`+workflowColumns+`, name_key, description_key)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.Tenant, w.ID, w.Name, w.Goal, w.Description, w.Context, w.ResponseTemplate, optional(w.Assistant), w.Priority, w.Active,
		w.Interrupts, string(steps), w.Revision, w.Version, t.Time(w.CreatedAt), t.Time(w.UpdatedAt), w.UpdatedBy,
		Fold(w.Name), Fold(w.Description))
}

func (t tx) updateWorkflow(w flow.Workflow) error {
	steps, err := flow.EncodeSteps(w.Steps)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE workflow SET name = ?, goal = ?, description = ?, context = ?, response_template = ?, assistant_id = ?,
		priority = ?, active = ?, interrupts = ?, steps = ?, revision = ?, version = ?, updated_at = ?, updated_by = ?,
		name_key = ?, description_key = ? WHERE tenant_id = ? AND id = ?`,
		w.Name, w.Goal, w.Description, w.Context, w.ResponseTemplate, optional(w.Assistant),
		w.Priority, w.Active, w.Interrupts, string(steps), w.Revision, w.Version, t.Time(w.UpdatedAt), w.UpdatedBy,
		Fold(w.Name), Fold(w.Description), w.Tenant, w.ID)
}

// keepRevision writes the revision that w is at.
func (t tx) keepRevision(w flow.Workflow) error {
	r := w.RevisionOf()
	steps, err := flow.EncodeSteps(r.Steps)
	if err != nil {
		return err
	}
	return t.exec(`INSERT INTO workflow_revision (tenant_id, workflow_id, number, name, goal, context, response_template,
		assistant_id, steps, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Tenant, r.Workflow, r.Number, r.Name, r.Goal, r.Context, r.ResponseTemplate,
		optional(r.Assistant), string(steps), t.Time(r.CreatedAt), r.CreatedBy)
}

// checkWorkflow says whether the tenant, which is locked, can have w: its name is free, its assistant there.
func (t tx) checkWorkflow(w flow.Workflow) error {
	var taken bool
	if err := t.get(&taken, `SELECT EXISTS (SELECT 1 FROM workflow WHERE tenant_id = ? AND name_key = ? AND id <> ?)`,
		w.Tenant, Fold(w.Name), w.ID); err != nil {
		return err
	}
	if taken {
		return flow.Errorf(flow.ErrExists, flow.ReasonNameTaken, "there is already a workflow named %q: choose another name", w.Name)
	}
	if w.Assistant == "" {
		return nil
	}
	var there bool
	err := t.get(&there, `SELECT EXISTS (SELECT 1 FROM assistant WHERE tenant_id = ? AND id = ?)`, w.Tenant, w.Assistant)
	if err == nil && !there {
		err = flow.Invalid([]flow.Violation{{
			Field: "assistant_id", Reason: flow.ViolationUnknownValue,
			Text: "names no assistant: choose one of the tenant's assistants",
		}})
	}
	return err
}

// optional is an id as a parameter: NULL if there is none, so that the foreign key does not look for it.
func optional[ID ~string](id ID) any {
	if id == "" {
		return nil
	}
	return string(id)
}

// auditedWorkflow is a workflow in the audit log.
type auditedWorkflow struct {
	Name             string           `json:"name"`
	Goal             flow.Goal        `json:"goal"`
	Description      string           `json:"description"`
	Context          string           `json:"context"`
	ResponseTemplate string           `json:"response_template"`
	Assistant        flow.AssistantID `json:"assistant_id"`
	Priority         int32            `json:"priority"`
	Active           bool             `json:"active"`
	Interrupts       bool             `json:"interrupts"`
	Steps            rawSteps         `json:"steps"`
	Revision         int64            `json:"revision"`
	Version          int64            `json:"version"`
}

// rawSteps writes steps in their stored form.
type rawSteps []flow.Step

// MarshalJSON implements json.Marshaler.
func (s rawSteps) MarshalJSON() ([]byte, error) { return flow.EncodeSteps(s) }

func audited(w flow.Workflow) auditedWorkflow {
	return auditedWorkflow{
		Name: w.Name, Goal: w.Goal, Description: w.Description, Context: w.Context, ResponseTemplate: w.ResponseTemplate,
		Assistant: w.Assistant, Priority: w.Priority, Active: w.Active, Interrupts: w.Interrupts, Steps: w.Steps,
		Revision: w.Revision, Version: w.Version,
	}
}
