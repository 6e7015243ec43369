package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"smsflow/services/flow"
)

func workflowTests() []test {
	return []test{
		{name: "a new one comes back as it was made", run: func(k *kit) {
			a := k.assistant()
			w := k.draft(func(w *flow.Workflow) { w.Assistant = a.ID })
			made, err := k.Store.CreateWorkflow(k.ctx(), w, "", "", k.audit)
			k.must(err)
			want := w
			want.Version, want.Revision, want.UpdatedAt, want.UpdatedBy = 1, 1, k.at, k.audit.By
			equal(k, made, want)
			got, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
			k.must(err)
			equal(k, got, want)
			revision, err := k.Store.Revision(k.ctx(), k.tenant, w.ID, 1)
			k.must(err)
			equal(k, revision, want.RevisionOf())
		}},
		{name: "nothing but a name is enough", run: func(k *kit) {
			made, err := k.Store.CreateWorkflow(k.ctx(), flow.Workflow{Tenant: k.tenant, ID: flow.WorkflowID(id()), Name: "Bare"}, "", "", k.audit)
			k.must(err)
			got, err := k.Store.Workflow(k.ctx(), k.tenant, made.ID)
			k.must(err)
			equal(k, got, made)
			equal(k, got.CreatedAt, k.audit.At)
		}},
		{name: "a name is taken without regard to case", run: func(k *kit) {
			k.workflow(func(w *flow.Workflow) { w.Name = "Straße Ünal" })
			for _, name := range []string{"Straße Ünal", "STRASSE ÜNAL", "straße U\u0308nal"} {
				_, err := k.Store.CreateWorkflow(k.ctx(), k.draft(func(w *flow.Workflow) { w.Name = name }), "", "", k.audit)
				k.fails(err, flow.ErrExists, flow.ReasonNameTaken)
			}
			w := k.workflow()
			_, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Name = "straSSe ünal"; return nil }, k.audit)
			k.fails(err, flow.ErrExists, flow.ReasonNameTaken)
			// Its own name in another case, and another tenant's name, are free.
			_, err = k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Name = strings.ToUpper(w.Name); return nil }, k.audit)
			k.must(err)
			tenant := k.newTenant()
			k.workflow(func(w *flow.Workflow) { w.Tenant, w.Name = tenant, "Straße Ünal" })
		}},
		{name: "a repeated request answers with what it made", run: func(k *kit) {
			w := k.draft()
			made, err := k.Store.CreateWorkflow(k.ctx(), w, "req", "print", k.audit)
			k.must(err)
			changed, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Goal = flow.GoalFeedback; return nil }, k.audit)
			k.must(err)
			again := w
			again.ID = flow.WorkflowID(id())
			got, err := k.Store.CreateWorkflow(k.ctx(), again, "req", "print", k.audit)
			k.must(err)
			equal(k, got, changed)
			equal(k, got.ID, made.ID)
			_, err = k.Store.CreateWorkflow(k.ctx(), again, "req", "another print", k.audit)
			k.fails(err, flow.ErrExists, flow.ReasonKeyReused)
			// Another kind's request and another tenant's are their own.
			if _, err = k.Store.CreateAssistant(k.ctx(), k.newAssistant(), "req", "third", k.audit); err != nil {
				k.Fatal(err)
			}
			tenant := k.newTenant()
			other, err := k.Store.CreateWorkflow(k.ctx(), k.draft(func(w *flow.Workflow) { w.Tenant = tenant }), "req", "fourth", k.audit)
			k.must(err)
			equal(k, other.Tenant, tenant)
			// What the request made is gone.
			_, err = k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
			k.must(err)
			_, err = k.Store.CreateWorkflow(k.ctx(), again, "req", "print", k.audit)
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
		}},
		{name: "a create that fails leaves its request free", run: func(k *kit) {
			taken := k.workflow()
			w := k.draft(func(w *flow.Workflow) { w.Name = taken.Name })
			_, err := k.Store.CreateWorkflow(k.ctx(), w, "req", "print", k.audit)
			k.fails(err, flow.ErrExists, flow.ReasonNameTaken)
			w.Name = "Free"
			got, err := k.Store.CreateWorkflow(k.ctx(), w, "req", "other print", k.audit)
			k.must(err)
			equal(k, got.ID, w.ID)
		}},
		{name: "an assistant has to be the tenant's own", run: func(k *kit) {
			tenant := k.newTenant()
			foreign := k.assistant(func(a *flow.Assistant) { a.Tenant = tenant })
			w := k.workflow()
			for _, a := range []flow.AssistantID{foreign.ID, "absent"} {
				_, err := k.Store.CreateWorkflow(k.ctx(), k.draft(func(w *flow.Workflow) { w.Assistant = a }), "", "", k.audit)
				k.fails(err, flow.ErrInvalid, flow.ReasonInvalidFields)
				_, err = k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Assistant = a; return nil }, k.audit)
				k.fails(err, flow.ErrInvalid, flow.ReasonInvalidFields)
			}
		}},
		{name: "a tenant has a limit", run: func(k *kit) {
			tenant := k.newTenant()
			k.workflow(func(w *flow.Workflow) { w.Tenant = tenant })
			k.Rows(k, `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < `+fmt.Sprint(flow.MaxWorkflows)+`)
				INSERT INTO workflow (tenant_id, id, name, name_key, goal, description, description_key, context, response_template, priority,
					active, interrupts, steps, revision, version, created_at, updated_at, updated_by)
				SELECT w.tenant_id, w.id || n.i, w.name || n.i, w.name_key || n.i, w.goal, w.description, w.description_key, w.context,
					w.response_template, w.priority, w.active, w.interrupts, w.steps, w.revision, w.version, w.created_at, w.updated_at, w.updated_by
				FROM workflow w, n WHERE w.tenant_id = ? RETURNING id`, string(tenant))
			_, err := k.Store.CreateWorkflow(k.ctx(), k.draft(func(w *flow.Workflow) { w.Tenant = tenant }), "", "", k.audit)
			k.fails(err, flow.ErrPrecondition, flow.ReasonLimitReached)
			k.must(k.Store.ReorderWorkflows(k.ctx(), tenant, func(_ flow.PriorityOrder, all []flow.Workflow) error {
				for i := range all {
					all[i].Priority = int32(i)
				}
				return nil
			}, k.audit))
			list, err := k.Store.Workflows(k.ctx(), tenant, flow.WorkflowQuery{})
			k.must(err)
			equal(k, len(list.Workflows), flow.MaxWorkflows)
			equal(k, list.Workflows[0].Priority, flow.MaxWorkflows-1)
		}},
		{name: "an update makes a revision of what a run sees", run: func(k *kit) {
			a := k.assistant()
			w := k.workflow()
			for _, c := range []struct {
				name     string
				revision bool
				change   func(*flow.Workflow)
			}{
				{"name", true, func(w *flow.Workflow) { w.Name = "Renamed" }},
				{"goal", true, func(w *flow.Workflow) { w.Goal = flow.GoalFeedback }},
				{"context", true, func(w *flow.Workflow) { w.Context = "" }},
				{"template", true, func(w *flow.Workflow) { w.ResponseTemplate = "x" }},
				{"assistant", true, func(w *flow.Workflow) { w.Assistant = a.ID }},
				{"no assistant", true, func(w *flow.Workflow) { w.Assistant = "" }},
				{"a step's field", true, func(w *flow.Workflow) { w.Steps[1].Spec = &flow.SendMessage{Text: "changed"} }},
				{"a step within", true, func(w *flow.Workflow) {
					if m, ok := w.Steps[0].Spec.(*flow.MatchWords); ok {
						m.Words[0] = "rolls"
					}
				}},
				{"a label", true, func(w *flow.Workflow) { w.Steps[0].Label = "" }},
				{"on_fail", true, func(w *flow.Workflow) { w.Steps[0].OnFail = nil }},
				{"no steps", true, func(w *flow.Workflow) { w.Steps = nil }},
				{"description", false, func(w *flow.Workflow) { w.Description = "other" }},
				{"priority", false, func(w *flow.Workflow) { w.Priority = -2147483648 }},
				{"active", false, func(w *flow.Workflow) { w.Active = !w.Active }},
				{"interrupts", false, func(w *flow.Workflow) { w.Interrupts = !w.Interrupts }},
			} {
				want := w
				by := flow.Audit{By: c.name, At: k.audit.At.Add(time.Duration(w.Version) * time.Second)}
				got, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { c.change(w); return nil }, by)
				k.must(err)
				stored, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
				k.must(err)
				equal(k, stored, got)
				want.Version++
				want.UpdatedAt, want.UpdatedBy = by.At, by.By
				if c.revision {
					want.Revision++
				}
				equal(k, []any{got.Version, got.Revision, got.UpdatedAt, got.UpdatedBy, got.CreatedAt},
					[]any{want.Version, want.Revision, want.UpdatedAt, want.UpdatedBy, want.CreatedAt})
				if c.revision {
					revision, err := k.Store.Revision(k.ctx(), k.tenant, w.ID, got.Revision)
					k.must(err)
					equal(k, revision, got.RevisionOf())
				}
				w = got
			}
			if n := k.count(`workflow_revision WHERE workflow_id = ?`, string(w.ID)); n != int(w.Revision) {
				k.Fatalf("%d revisions are kept, want %d", n, w.Revision)
			}
			first, err := k.Store.Revision(k.ctx(), k.tenant, w.ID, 1)
			k.must(err)
			equal(k, first.Goal, flow.GoalLeadCapture)
			equal(k, len(first.Steps), 2)
		}},
		{name: "what does not change is not written", run: func(k *kit) {
			w := k.workflow()
			before := k.count(`audit WHERE tenant_id = ?`, string(k.tenant))
			version := k.configVersion()
			got, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error {
				w.UpdatedBy, w.UpdatedAt, w.Version, w.Revision, w.OpenRuns = "x", k.at, 99, 99, 99
				w.Tenant, w.ID, w.CreatedAt = "x", "y", k.at.Add(1)
				return nil
			}, k.audit)
			k.must(err)
			equal(k, got, w)
			equal(k, k.count(`audit WHERE tenant_id = ?`, string(k.tenant)), before)
			equal(k, k.configVersion(), version)
		}},
		{name: "an error of change is given back and nothing is written", run: func(k *kit) {
			w := k.workflow()
			own := errors.New("own")
			stale := flow.Errorf(flow.ErrStale, flow.ReasonEtagMismatch, "the workflow has changed")
			for _, want := range []error{own, stale} {
				_, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Name = "Lost"; return want }, k.audit)
				if err != want { //nolint:errorlint // the very same
					k.Fatalf("got %v", err)
				}
				err = k.Store.ReorderWorkflows(k.ctx(), k.tenant, func(_ flow.PriorityOrder, all []flow.Workflow) error {
					all[0].Priority = 77
					return want
				}, k.audit)
				if err != want { //nolint:errorlint // the very same
					k.Fatalf("got %v", err)
				}
				_, err = k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return want }, k.audit)
				if err != want { //nolint:errorlint // the very same
					k.Fatalf("got %v", err)
				}
			}
			got, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
			k.must(err)
			equal(k, got, w)
		}},
		{name: "absent and another tenant's are the same", run: func(k *kit) {
			w := k.workflow()
			foreign := k.newTenant()
			var texts []string
			for _, at := range []struct {
				tenant flow.TenantID
				id     flow.WorkflowID
			}{{k.tenant, "absent"}, {foreign, w.ID}, {"absent", w.ID}} {
				_, read := k.Store.Workflow(k.ctx(), at.tenant, at.id)
				_, update := k.Store.UpdateWorkflow(k.ctx(), at.tenant, at.id, func(*flow.Workflow) error {
					k.Error("change was called")
					return nil
				}, k.audit)
				_, remove := k.Store.DeleteWorkflow(k.ctx(), at.tenant, at.id, func(flow.Workflow) error {
					k.Error("check was called")
					return nil
				}, k.audit)
				for _, err := range []error{read, update, remove} {
					k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
					texts = append(texts, err.Error())
				}
				_, err := k.Store.Revision(k.ctx(), at.tenant, at.id, 1)
				k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
			}
			for _, text := range texts {
				equal(k, text, texts[0])
			}
			list, err := k.Store.Workflows(k.ctx(), foreign, flow.WorkflowQuery{Limit: 10})
			k.must(err)
			equal(k, list, flow.WorkflowList{Workflows: []flow.Workflow{}, Order: flow.HighestFirst})
			_, err = k.Store.Workflows(k.ctx(), "absent", flow.WorkflowQuery{Limit: 10})
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
			_, err = k.Store.CreateWorkflow(k.ctx(), k.draft(func(w *flow.Workflow) { w.Tenant = "absent" }), "", "", k.audit)
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
			k.must(k.Store.ReorderWorkflows(k.ctx(), foreign, func(_ flow.PriorityOrder, all []flow.Workflow) error {
				equal(k, len(all), 0)
				return nil
			}, k.audit))
			got, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
			k.must(err)
			equal(k, got, w)
		}},
		{name: "lists", run: workflowLists},
		{name: "reorder gives all priorities at once", run: reorder},
		{name: "every change is in the audit log", run: workflowAudit},
	}
}

func (k *kit) configVersion() int64 {
	k.Helper()
	t, err := k.Store.Tenant(k.ctx(), k.tenant)
	k.must(err)
	return t.ConfigVersion
}

func workflowLists(k *kit) {
	made := map[string]flow.Workflow{}
	for i, c := range []struct {
		name, description string
		goal              flow.Goal
		priority          int32
		active            bool
	}{
		{"banana", "yellow", flow.GoalLeadCapture, 5, true},
		{"Apple", "ÄPFEL and pears", flow.GoalFeedback, 5, false},
		{"cherry", "red_%", flow.GoalLeadCapture, 50, true},
		{"Date", "brown", flow.GoalGeneralInquiry, -1, true},
		{"äpfelchen", "", flow.GoalSalesInquiry, 7, false},
	} {
		w := k.draft(func(w *flow.Workflow) {
			w.Name, w.Description, w.Goal, w.Priority, w.Active = c.name, c.description, c.goal, c.priority, c.active
			w.CreatedAt = k.at.Add(time.Duration(i) * time.Second)
		})
		got, err := k.Store.CreateWorkflow(k.ctx(), w, "", "", k.audit)
		k.must(err)
		made[c.name] = got
	}
	_, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, made["cherry"].ID, func(w *flow.Workflow) error { w.Context = "y"; return nil },
		flow.Audit{By: "x", At: k.audit.At.Add(time.Hour)})
	k.must(err)
	yes, no := true, false
	for _, c := range []struct {
		what  string
		q     flow.WorkflowQuery
		want  string
		total int
	}{
		{"by priority", flow.WorkflowQuery{Limit: 10}, "cherry äpfelchen banana Apple Date", 5},
		{"all", flow.WorkflowQuery{}, "cherry äpfelchen banana Apple Date", 5},
		{"first page", flow.WorkflowQuery{Limit: 2}, "cherry äpfelchen", 5},
		{"second page", flow.WorkflowQuery{Limit: 2, Offset: 2}, "banana Apple", 5},
		{"beyond", flow.WorkflowQuery{Limit: 2, Offset: 20}, "", 5},
		{"by name", flow.WorkflowQuery{Limit: 10, Sort: flow.SortName}, "Apple banana cherry Date äpfelchen", 5},
		{"by change", flow.WorkflowQuery{Limit: 1, Sort: flow.SortUpdated}, "cherry", 5},
		{"active", flow.WorkflowQuery{Limit: 10, Active: &yes}, "cherry banana Date", 3},
		{"inactive", flow.WorkflowQuery{Limit: 1, Active: &no}, "äpfelchen", 2},
		{"goals", flow.WorkflowQuery{Limit: 10, Goals: []flow.Goal{flow.GoalLeadCapture, flow.GoalFeedback}}, "cherry banana Apple", 3},
		{"in a name", flow.WorkflowQuery{Limit: 10, Query: "AN"}, "banana Apple", 2},
		{"in a description", flow.WorkflowQuery{Limit: 10, Query: "Äpfel"}, "äpfelchen Apple", 2},
		{"signs mean themselves", flow.WorkflowQuery{Limit: 10, Query: "_%"}, "cherry", 1},
		{"all filters", flow.WorkflowQuery{Limit: 10, Query: "e", Active: &yes, Goals: []flow.Goal{flow.GoalLeadCapture}}, "cherry banana", 2},
		{"nothing", flow.WorkflowQuery{Limit: 10, Query: "zzz"}, "", 0},
	} {
		got, err := k.Store.Workflows(k.ctx(), k.tenant, c.q)
		k.must(err)
		if have := strings.Join(names(got.Workflows), " "); have != c.want || got.Total != c.total || got.Active != 3 || got.All != 5 || got.Order != flow.HighestFirst {
			k.Errorf("%s: got %q, total %d, active %d, all %d, %s; want %q, %d", c.what, have, got.Total, got.Active, got.All, got.Order, c.want, c.total)
		}
	}
	_, err = k.Store.UpdateTenant(k.ctx(), k.tenant, func(t *flow.Tenant) error { t.Settings.PriorityOrder = flow.LowestFirst; return nil })
	k.must(err)
	got, err := k.Store.Workflows(k.ctx(), k.tenant, flow.WorkflowQuery{Limit: 10})
	k.must(err)
	equal(k, names(got.Workflows), []string{"Date", "banana", "Apple", "äpfelchen", "cherry"})
	equal(k, got.Order, flow.LowestFirst)
	again := append([]flow.Workflow{}, got.Workflows...)
	flow.SortWorkflows(flow.LowestFirst, again)
	equal(k, names(again), names(got.Workflows))
}

func reorder(k *kit) {
	var ws []flow.Workflow
	for i := range 4 {
		ws = append(ws, k.workflow(func(w *flow.Workflow) { w.Priority = int32(10 * i) }))
	}
	by := flow.Audit{By: "sorter", At: k.audit.At.Add(time.Minute)}
	var seen []flow.WorkflowID
	k.must(k.Store.ReorderWorkflows(k.ctx(), k.tenant, func(order flow.PriorityOrder, all []flow.Workflow) error {
		equal(k, order, flow.HighestFirst)
		seen = nil
		for i := range all {
			seen = append(seen, all[i].ID)
			all[i].Priority = int32(10 * i)
		}
		return nil
	}, by))
	equal(k, seen, []flow.WorkflowID{ws[3].ID, ws[2].ID, ws[1].ID, ws[0].ID})
	for i, w := range ws {
		got, err := k.Store.Workflow(k.ctx(), k.tenant, w.ID)
		k.must(err)
		want := w
		want.Priority = int32(10 * (3 - i))
		want.Version, want.UpdatedAt, want.UpdatedBy = 2, by.At, by.By
		equal(k, got, want) // the revision is as it was
	}
	version, logged := k.configVersion(), k.count(`audit WHERE tenant_id = ?`, string(k.tenant))
	k.must(k.Store.ReorderWorkflows(k.ctx(), k.tenant, func(flow.PriorityOrder, []flow.Workflow) error { return nil }, by))
	equal(k, k.configVersion(), version)
	equal(k, k.count(`audit WHERE tenant_id = ?`, string(k.tenant)), logged)
	// One that changes is written, the others are not.
	k.must(k.Store.ReorderWorkflows(k.ctx(), k.tenant, func(_ flow.PriorityOrder, all []flow.Workflow) error {
		all[0].Priority += 5
		all[0].Name = "not by a reorder"
		return nil
	}, by))
	got, err := k.Store.Workflows(k.ctx(), k.tenant, flow.WorkflowQuery{})
	k.must(err)
	versions := []int64{}
	for _, w := range got.Workflows {
		versions = append(versions, w.Version)
		if w.Name == "not by a reorder" {
			k.Error("a reorder changed a name")
		}
	}
	equal(k, versions, []int64{3, 2, 2, 2})
}

func workflowAudit(k *kit) {
	w := k.workflow()
	_, err := k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Active = false; return nil }, flow.Audit{By: "ann", At: k.at})
	k.must(err)
	k.must(k.Store.ReorderWorkflows(k.ctx(), k.tenant, func(_ flow.PriorityOrder, all []flow.Workflow) error { all[0].Priority = 3; return nil }, k.audit))
	_, err = k.Store.DeleteWorkflow(k.ctx(), k.tenant, w.ID, func(flow.Workflow) error { return nil }, k.audit)
	k.must(err)
	log := func(column string) []string {
		return k.Rows(k, `SELECT coalesce(`+column+`, '-') FROM audit WHERE tenant_id = ? ORDER BY seq`, string(k.tenant))
	}
	equal(k, log("action"), []string{"workflow.create", "workflow.update", "workflow.reorder", "workflow.delete"})
	equal(k, log("actor"), []string{k.audit.By, "ann", k.audit.By, k.audit.By})
	equal(k, log("target"), []string{string(w.ID), string(w.ID), string(k.tenant), string(w.ID)})
	before, after := log("CAST(before AS text)"), log("CAST(after AS text)")
	squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	equal(k, squeeze(before[1]), `{"active":true,"version":1}`)
	equal(k, squeeze(after[1]), `{"active":false,"version":2}`)
	equal(k, squeeze(before[2]), `{"`+string(w.ID)+`":10}`)
	equal(k, before[0], "-")
	equal(k, after[3], "-")
	for _, doc := range []string{after[0], before[3]} {
		if !strings.Contains(doc, "We bake bread.") || !strings.Contains(doc, "match_words") {
			k.Errorf("the log lacks the workflow: %s", doc)
		}
	}
}
