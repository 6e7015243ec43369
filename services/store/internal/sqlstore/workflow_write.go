package sqlstore

import (
	"context"

	"smsflow/services/flow"
)

// reasonDeleted is what a run says that was cancelled because its workflow was deleted.
const reasonDeleted = "the workflow was deleted"

// CreateWorkflow: see workflow.Store. A request whose workflow has been deleted meanwhile is ErrNotFound.
func (b *Base) CreateWorkflow(ctx context.Context, w flow.Workflow, requestID, fingerprint string, audit flow.Audit) (flow.Workflow, error) {
	var out flow.Workflow
	err := b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(w.Tenant); err != nil {
			return err
		}
		first, err := q.replayed(w.Tenant, kindWorkflow, requestID, fingerprint)
		if err != nil {
			return err
		}
		if first != "" {
			out, err = q.workflow(w.Tenant, flow.WorkflowID(first), "")
			return err
		}
		out, err = q.createWorkflow(w, audit)
		if err != nil {
			return err
		}
		return q.remember(w.Tenant, kindWorkflow, requestID, fingerprint, string(w.ID), audit.At)
	})
	if err != nil {
		return flow.Workflow{}, err
	}
	return out, nil
}

func (t tx) createWorkflow(w flow.Workflow, audit flow.Audit) (flow.Workflow, error) {
	var have int
	if err := t.get(&have, `SELECT count(*) FROM workflow WHERE tenant_id = ?`, w.Tenant); err != nil {
		return w, err
	}
	if have >= flow.MaxWorkflows {
		return w, flow.Errorf(flow.ErrPrecondition, flow.ReasonLimitReached, "there are %d workflows, which is the most: delete one first", have)
	}
	if err := t.checkWorkflow(w); err != nil {
		return w, err
	}
	if w.CreatedAt.IsZero() {
		w.CreatedAt = audit.At
	}
	w.CreatedAt = Micros(w.CreatedAt)
	w.Version, w.Revision, w.OpenRuns = 1, 1, 0
	w.UpdatedAt, w.UpdatedBy = w.CreatedAt, audit.By
	if err := t.insertWorkflow(w); err != nil {
		return w, err
	}
	if err := t.keepRevision(w); err != nil {
		return w, err
	}
	if err := t.audit(w.Tenant, audit, "workflow.create", string(w.ID), nil, audited(w)); err != nil {
		return w, err
	}
	return w, t.bump(w.Tenant)
}

// UpdateWorkflow: see workflow.Store. change may be called again.
func (b *Base) UpdateWorkflow(ctx context.Context, tenant flow.TenantID, id flow.WorkflowID, change func(*flow.Workflow) error, audit flow.Audit) (flow.Workflow, error) {
	var out flow.Workflow
	err := b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(tenant); err != nil {
			// A tenant that is not there has no workflows either.
			return absent(err, "workflow")
		}
		old, err := q.workflow(tenant, id, "")
		if err != nil {
			return err
		}
		// change gets a copy of its own: it may write into the steps.
		w, err := q.workflow(tenant, id, "")
		if err != nil {
			return err
		}
		if err := change(&w); err != nil {
			return given{err}
		}
		w.Tenant, w.ID, w.CreatedAt, w.OpenRuns = old.Tenant, old.ID, old.CreatedAt, old.OpenRuns
		w.Version, w.Revision, w.UpdatedAt, w.UpdatedBy = old.Version, old.Revision, old.UpdatedAt, old.UpdatedBy
		same := flow.SameRevision(old, w)
		if same && w.Description == old.Description && w.Priority == old.Priority && w.Active == old.Active && w.Interrupts == old.Interrupts {
			out = old
			return nil
		}
		if w.Name != old.Name || w.Assistant != old.Assistant {
			if err := q.checkWorkflow(w); err != nil {
				return err
			}
		}
		w.Version++
		w.UpdatedAt, w.UpdatedBy = Micros(audit.At), audit.By
		if !same {
			w.Revision++
			if err := q.keepRevision(w); err != nil {
				return err
			}
		}
		if err := q.updateWorkflow(w); err != nil {
			return err
		}
		if err := q.audit(tenant, audit, "workflow.update", string(id), audited(old), audited(w)); err != nil {
			return err
		}
		out = w
		return q.bump(tenant)
	})
	if err != nil {
		return flow.Workflow{}, err
	}
	return out, nil
}

// absent says of what is looked for, not of its tenant, that it is not there.
func absent(err error, what string) error {
	if isNotFound(err) {
		return flow.NotFound(what)
	}
	return err
}

// priority is one row of ReorderWorkflows.
type priority struct {
	ID       flow.WorkflowID `json:"id"`
	Priority int32           `json:"priority"`
}

// ReorderWorkflows: see workflow.Store. assign may be called again.
func (b *Base) ReorderWorkflows(ctx context.Context, tenant flow.TenantID, assign func(order flow.PriorityOrder, all []flow.Workflow) error, audit flow.Audit) error {
	return b.inWrite(ctx, func(q tx) error {
		owner, err := q.lockTenant(tenant)
		if err != nil {
			return err
		}
		order := direction(owner)
		var rows []workflowRow
		if err := q.all(&rows, `SELECT `+workflowColumns+`, `+openRuns+` FROM workflow WHERE tenant_id = ? ORDER BY `+
			workflowOrder(flow.SortPriority, order), tenant); err != nil {
			return err
		}
		all, err := workflowNouns(rows)
		if err != nil {
			return err
		}
		before, after := map[string]int32{}, map[string]int32{}
		for _, w := range all {
			before[string(w.ID)] = w.Priority
		}
		if err := assign(order, all); err != nil {
			return given{err}
		}
		var changed []priority
		for _, w := range all {
			if p, ok := before[string(w.ID)]; ok && p != w.Priority {
				changed = append(changed, priority{ID: w.ID, Priority: w.Priority})
			}
			after[string(w.ID)] = w.Priority
		}
		if len(changed) == 0 {
			return nil
		}
		list, err := Encode(changed)
		if err != nil {
			return err
		}
		if err := q.exec(`UPDATE workflow SET priority = v.priority, version = version + 1, updated_at = ?, updated_by = ?
			FROM `+q.Priorities+` WHERE workflow.tenant_id = ? AND workflow.id = v.id`, q.Time(audit.At), audit.By, list, tenant); err != nil {
			return err
		}
		if err := q.audit(tenant, audit, "workflow.reorder", string(tenant), before, after); err != nil {
			return err
		}
		return q.bump(tenant)
	})
}

// DeleteWorkflow: see workflow.Store. check may be called again. A conversation whose run is cancelled gets a new
// version, so that whoever holds it finds its next commit stale and loads again.
func (b *Base) DeleteWorkflow(ctx context.Context, tenant flow.TenantID, id flow.WorkflowID, check func(flow.Workflow) error, audit flow.Audit) (int, error) {
	var cancelled int
	err := b.inWrite(ctx, func(q tx) error {
		if _, err := q.lockTenant(tenant); err != nil {
			return absent(err, "workflow")
		}
		// A commit that opens a run holds its workflow until it is through: behind this lock, no run can be opened
		// that the next statements do not see.
		w, err := q.workflow(tenant, id, q.LockKey)
		if err != nil {
			return err
		}
		if err := check(w); err != nil {
			return given{err}
		}
		const open = `SELECT id FROM run WHERE tenant_id = ? AND workflow_id = ? AND state IN ('running', 'waiting')`
		var held []string
		if err := q.all(&held, `SELECT conv FROM convo WHERE conv IN (SELECT conv FROM run WHERE tenant_id = ? AND workflow_id = ?
			AND state IN ('running', 'waiting')) ORDER BY conv`+q.LockRow, tenant, id); err != nil {
			return err
		}
		if err := q.exec(`UPDATE convo SET run_id = '', ver = ver + 1 WHERE tenant_id = ? AND conv IN (SELECT conv FROM run
			WHERE tenant_id = ? AND workflow_id = ? AND state IN ('running', 'waiting')) AND run_id IN (`+open+`)`,
			tenant, tenant, id, tenant, id); err != nil {
			return err
		}
		if cancelled, err = q.count(`UPDATE run SET state = 'cancelled', reason = ?, pending = NULL, updated_at = ?
			WHERE id IN (`+open+`)`, reasonDeleted, q.Time(audit.At), tenant, id); err != nil {
			return err
		}
		if err := q.exec(`DELETE FROM workflow WHERE tenant_id = ? AND id = ?`, tenant, id); err != nil {
			return err
		}
		if err := q.audit(tenant, audit, "workflow.delete", string(id), audited(w), nil); err != nil {
			return err
		}
		return q.bump(tenant)
	})
	if err != nil {
		return 0, err
	}
	return cancelled, nil
}
