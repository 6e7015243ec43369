package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"smsflow/services/flow"
)

func assistantTests() []test {
	return []test{
		{name: "a new one comes back as it was made", run: func(k *kit) {
			a := k.newAssistant()
			made, err := k.Store.CreateAssistant(k.ctx(), a, "", "", k.audit)
			k.must(err)
			want := a
			want.Version, want.UpdatedAt = 1, k.at
			equal(k, made, want)
			got, err := k.Store.Assistant(k.ctx(), k.tenant, a.ID)
			k.must(err)
			equal(k, got, want)
		}},
		{name: "nothing but a name is enough", run: func(k *kit) {
			made, err := k.Store.CreateAssistant(k.ctx(), flow.Assistant{Tenant: k.tenant, ID: flow.AssistantID(id()), Name: "Bare", SealedAPIKey: []byte{}}, "", "", k.audit)
			k.must(err)
			got, err := k.Store.Assistant(k.ctx(), k.tenant, made.ID)
			k.must(err)
			equal(k, got, made)
			if got.SealedAPIKey != nil {
				k.Fatal("an empty key is no key")
			}
		}},
		{name: "names and requests", run: func(k *kit) {
			a := k.newAssistant(func(a *flow.Assistant) { a.Name = "Ella" })
			made, err := k.Store.CreateAssistant(k.ctx(), a, "req", "print", k.audit)
			k.must(err)
			again := k.newAssistant(func(a *flow.Assistant) { a.Name = "ELLA" })
			_, err = k.Store.CreateAssistant(k.ctx(), again, "other", "print", k.audit)
			k.fails(err, flow.ErrExists, flow.ReasonNameTaken)
			got, err := k.Store.CreateAssistant(k.ctx(), again, "req", "print", k.audit)
			k.must(err)
			equal(k, got, made)
			_, err = k.Store.CreateAssistant(k.ctx(), again, "req", "third", k.audit)
			k.fails(err, flow.ErrExists, flow.ReasonKeyReused)
			b := k.assistant()
			_, err = k.Store.UpdateAssistant(k.ctx(), k.tenant, b.ID, func(a *flow.Assistant) error { a.Name = "ella"; return nil }, k.audit)
			k.fails(err, flow.ErrExists, flow.ReasonNameTaken)
			tenant := k.newTenant()
			k.assistant(func(a *flow.Assistant) { a.Tenant, a.Name = tenant, "Ella" })
		}},
		{name: "a tenant has a limit", run: func(k *kit) {
			tenant := k.newTenant()
			for range flow.MaxAssistants {
				k.assistant(func(a *flow.Assistant) { a.Tenant = tenant })
			}
			_, err := k.Store.CreateAssistant(k.ctx(), k.newAssistant(func(a *flow.Assistant) { a.Tenant = tenant }), "", "", k.audit)
			k.fails(err, flow.ErrPrecondition, flow.ReasonLimitReached)
		}},
		{name: "lists are by name", run: func(k *kit) {
			for _, name := range []string{"b", "C", "a"} {
				k.assistant(func(a *flow.Assistant) { a.Name = name })
			}
			got, total, err := k.Store.Assistants(k.ctx(), k.tenant, 2, 1)
			k.must(err)
			equal(k, []string{got[0].Name, got[1].Name}, []string{"b", "C"})
			equal(k, total, 3)
			got, total, err = k.Store.Assistants(k.ctx(), k.newTenant(), 10, 0)
			k.must(err)
			equal(k, len(got)+total, 0)
		}},
		{name: "updates", run: func(k *kit) {
			a := k.assistant()
			for i, change := range []func(*flow.Assistant){
				func(a *flow.Assistant) { a.Name = "New" },
				func(a *flow.Assistant) { a.Provider = flow.ProviderFAQ },
				func(a *flow.Assistant) { a.Model = "" },
				func(a *flow.Assistant) { a.BaseURL = "" },
				func(a *flow.Assistant) { a.Instructions = "x" },
				func(a *flow.Assistant) { a.Timeout = 0 },
				func(a *flow.Assistant) { a.MaxOutputTokens = 0 },
				func(a *flow.Assistant) { a.SealedAPIKey[0] = 9 },
				func(a *flow.Assistant) { a.SealedAPIKey = nil },
			} {
				by := flow.Audit{By: "x", At: k.audit.At.Add(time.Duration(i) * time.Second)}
				want := a
				want.SealedAPIKey = append([]byte(nil), a.SealedAPIKey...)
				change(&want)
				want.Version, want.UpdatedAt = a.Version+1, by.At
				got, err := k.Store.UpdateAssistant(k.ctx(), k.tenant, a.ID, func(a *flow.Assistant) error { change(a); return nil }, by)
				k.must(err)
				equal(k, got, want)
				stored, err := k.Store.Assistant(k.ctx(), k.tenant, a.ID)
				k.must(err)
				equal(k, stored, want)
				a = got
			}
			version := k.configVersion()
			same, err := k.Store.UpdateAssistant(k.ctx(), k.tenant, a.ID, func(a *flow.Assistant) error { a.Version, a.UsedBy = 9, 9; return nil }, k.audit)
			k.must(err)
			equal(k, same, a)
			equal(k, k.configVersion(), version)
			own := errors.New("own")
			_, err = k.Store.UpdateAssistant(k.ctx(), k.tenant, a.ID, func(a *flow.Assistant) error { a.Model = "lost"; return own }, k.audit)
			if err != own { //nolint:errorlint // the very same
				k.Fatalf("got %v", err)
			}
			if err = k.Store.DeleteAssistant(k.ctx(), k.tenant, a.ID, func(flow.Assistant) error { return own }, k.audit); err != own { //nolint:errorlint // the very same
				k.Fatalf("got %v", err)
			}
			stored, err := k.Store.Assistant(k.ctx(), k.tenant, a.ID)
			k.must(err)
			equal(k, stored, a)
		}},
		{name: "one in use stays", run: func(k *kit) {
			a := k.assistant()
			w := k.workflow(func(w *flow.Workflow) { w.Assistant = a.ID })
			got, err := k.Store.Assistant(k.ctx(), k.tenant, a.ID)
			k.must(err)
			equal(k, got.UsedBy, 1)
			fine := func(flow.Assistant) error { return nil }
			err = k.Store.DeleteAssistant(k.ctx(), k.tenant, a.ID, fine, k.audit)
			k.fails(err, flow.ErrPrecondition, flow.ReasonAssistantInUse)
			if want := fmt.Sprintf("one workflow has the assistant (%q)", w.Name); !strings.Contains(err.Error(), want) {
				k.Errorf("the refusal does not say %q: %v", want, err)
			}
			for range 4 {
				k.workflow(func(w *flow.Workflow) { w.Assistant = a.ID })
			}
			err = k.Store.DeleteAssistant(k.ctx(), k.tenant, a.ID, fine, k.audit)
			if err == nil || !strings.HasPrefix(err.Error(), "5 workflows have the assistant (") || !strings.Contains(err.Error(), " and 2 more)") {
				k.Errorf("five of them: %v", err)
			}
			list, err := k.Store.Workflows(k.ctx(), k.tenant, flow.WorkflowQuery{Limit: flow.MaxWorkflows})
			k.must(err)
			for _, other := range list.Workflows {
				_, err = k.Store.UpdateWorkflow(k.ctx(), k.tenant, other.ID, func(w *flow.Workflow) error { w.Assistant = ""; return nil }, k.audit)
				k.must(err)
			}
			_, err = k.Store.UpdateWorkflow(k.ctx(), k.tenant, w.ID, func(w *flow.Workflow) error { w.Assistant = ""; return nil }, k.audit)
			k.must(err)
			k.must(k.Store.DeleteAssistant(k.ctx(), k.tenant, a.ID, fine, k.audit))
			_, err = k.Store.Assistant(k.ctx(), k.tenant, a.ID)
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
		}},
		{name: "absent and another tenant's are the same", run: func(k *kit) {
			a := k.assistant()
			for _, at := range []struct {
				tenant flow.TenantID
				id     flow.AssistantID
			}{{k.tenant, "absent"}, {k.newTenant(), a.ID}, {"absent", a.ID}} {
				_, read := k.Store.Assistant(k.ctx(), at.tenant, at.id)
				_, update := k.Store.UpdateAssistant(k.ctx(), at.tenant, at.id, func(*flow.Assistant) error { k.Error("called"); return nil }, k.audit)
				remove := k.Store.DeleteAssistant(k.ctx(), at.tenant, at.id, func(flow.Assistant) error { k.Error("called"); return nil }, k.audit)
				for _, err := range []error{read, update, remove} {
					k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
					equal(k, err.Error(), read.Error())
				}
			}
		}},
		{name: "the audit log has no secrets", run: func(k *kit) {
			const secret = "sealed-secret-bytes"
			a := k.assistant(func(a *flow.Assistant) {
				a.SealedAPIKey, a.BaseURL = []byte(secret), "https://user:hunter2@models.example/v1?key=hunter3"
			})
			_, err := k.Store.UpdateAssistant(k.ctx(), k.tenant, a.ID, func(a *flow.Assistant) error { a.SealedAPIKey = []byte(secret + "2"); return nil }, k.audit)
			k.must(err)
			k.must(k.Store.DeleteAssistant(k.ctx(), k.tenant, a.ID, func(flow.Assistant) error { return nil }, k.audit))
			log := k.Rows(k, `SELECT action || coalesce(CAST(before AS text), '') || coalesce(CAST(after AS text), '') FROM audit
				WHERE tenant_id = ? ORDER BY seq`, string(k.tenant))
			equal(k, len(log), 3)
			all := strings.Join(log, "\n")
			for _, bad := range []string{secret, fmt.Sprintf("%x", secret), "c2VhbGVk", "hunter2", "hunter3"} {
				if strings.Contains(all, bad) {
					k.Errorf("the log holds a secret: %s", all)
				}
			}
			if !strings.Contains(log[1], "api_key_changed") || !strings.Contains(log[0], "assistant.create") {
				k.Errorf("the log lacks the change: %s", all)
			}
		}},
	}
}
