package sqlstore

import (
	"context"
	"strings"

	"github.com/jmoiron/sqlx"

	"smsflow/services/flow"
)

// Workflow: see workflow.Store.
func (b *Base) Workflow(ctx context.Context, tenant flow.TenantID, id flow.WorkflowID) (flow.Workflow, error) {
	var w flow.Workflow
	err := b.single(ctx, func(q tx) (err error) {
		w, err = q.workflow(tenant, id, "")
		return err
	})
	return w, err
}

// Workflows: see workflow.Store. A limit of 0 stands for all.
func (b *Base) Workflows(ctx context.Context, tenant flow.TenantID, query flow.WorkflowQuery) (flow.WorkflowList, error) {
	var list flow.WorkflowList
	err := b.inRead(ctx, func(q tx) error {
		owner, err := q.tenant(tenant, "")
		if err != nil {
			return err
		}
		var counts struct {
			All    int `db:"every"`
			Active int `db:"active"`
		}
		if err := q.get(&counts, `SELECT count(*) AS every, count(CASE WHEN active THEN 1 END) AS active FROM workflow WHERE tenant_id = ?`, tenant); err != nil {
			return err
		}
		list = flow.WorkflowList{All: counts.All, Active: counts.Active, Order: direction(owner)}
		where, args, err := q.workflowFilter(tenant, query)
		if err != nil {
			return err
		}
		if err := q.get(&list.Total, `SELECT count(*) FROM workflow WHERE `+where, args...); err != nil {
			return err
		}
		limit := query.Limit
		if limit <= 0 {
			limit = flow.MaxWorkflows
		}
		var rows []workflowRow
		if err := q.all(&rows, `SELECT `+workflowColumns+`, `+openRuns+` FROM workflow WHERE `+where+
			` ORDER BY `+workflowOrder(query.Sort, list.Order)+` LIMIT ? OFFSET ?`, append(args, limit, query.Offset)...); err != nil {
			return err
		}
		list.Workflows, err = workflowNouns(rows)
		return err
	})
	if err != nil {
		return flow.WorkflowList{}, err
	}
	return list, nil
}

func (t tx) workflowFilter(tenant flow.TenantID, query flow.WorkflowQuery) (string, []any, error) {
	where := []string{`tenant_id = ?`}
	args := []any{tenant}
	if query.Active != nil {
		where = append(where, `active = ?`)
		args = append(args, *query.Active)
	}
	if len(query.Goals) > 0 {
		where = append(where, `goal IN (?)`)
		args = append(args, query.Goals)
	}
	if query.Query != "" {
		key := Fold(query.Query)
		where = append(where, `(`+t.Position+`(name_key, ?) > 0 OR `+t.Position+`(description_key, ?) > 0)`)
		args = append(args, key, key)
	}
	return sqlx.In(strings.Join(where, ` AND `), args...)
}

// direction is the tenant's order of priorities with its default put in.
func direction(t flow.Tenant) flow.PriorityOrder {
	if t.Settings.PriorityOrder == flow.LowestFirst {
		return flow.LowestFirst
	}
	return flow.HighestFirst
}

// workflowOrder is a total order, so that pages do not overlap. For SortPriority it is that of flow.Less.
func workflowOrder(sort flow.WorkflowSort, order flow.PriorityOrder) string {
	switch sort {
	case flow.SortName:
		return `name_key, id`
	case flow.SortUpdated:
		return `updated_at DESC, id`
	case flow.SortPriority:
		fallthrough
	default:
		if order == flow.LowestFirst {
			return `priority, created_at, id`
		}
		return `priority DESC, created_at, id`
	}
}
