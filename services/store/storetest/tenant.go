package storetest

import (
	"errors"
	"time"

	"smsflow/services/flow"
)

func tenantTests() []test {
	return []test{
		{name: "a new one comes back as it was made", run: func(k *kit) {
			want := flow.Tenant{
				ID: flow.TenantID(id()), Name: "Ärzte & Söhne <3", SMSPlan: true, ConfigVersion: 7, CreatedAt: k.at,
				Settings: flow.Settings{
					PriorityOrder: flow.LowestFirst, NoMatch: flow.NoMatchText, NoMatchText: "Hi", Zone: "Europe/Berlin", Brand: "B", HelpContact: "h",
					StopWords: []string{"ENDE"}, StartWords: []string{"LOS"}, HelpWords: []string{"HILFE"}, StopText: "s", StartText: "t", HelpText: "u",
				},
			}
			k.must(k.Store.CreateTenant(k.ctx(), want))
			got, err := k.Store.Tenant(k.ctx(), want.ID)
			k.must(err)
			equal(k, got, want)
			k.fails(k.Store.CreateTenant(k.ctx(), want), flow.ErrExists, "")
			_, err = k.Store.Tenant(k.ctx(), "absent")
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
		}},
		{name: "updates", run: func(k *kit) {
			was, err := k.Store.Tenant(k.ctx(), k.tenant)
			k.must(err)
			got, err := k.Store.UpdateTenant(k.ctx(), k.tenant, func(t *flow.Tenant) error {
				t.Name, t.SMSPlan, t.SMSWorkflows, t.Settings.StopWords = "New", false, false, []string{"HALT"}
				t.ID, t.ConfigVersion, t.CreatedAt = "x", 99, k.at.Add(1)
				return nil
			})
			k.must(err)
			want := was
			want.Name, want.SMSPlan, want.SMSWorkflows, want.Settings.StopWords = "New", false, false, []string{"HALT"}
			want.ConfigVersion++
			equal(k, got, want)
			stored, err := k.Store.Tenant(k.ctx(), k.tenant)
			k.must(err)
			equal(k, stored, want)
			same, err := k.Store.UpdateTenant(k.ctx(), k.tenant, func(*flow.Tenant) error { return nil })
			k.must(err)
			equal(k, same, want)
			own := errors.New("own")
			_, err = k.Store.UpdateTenant(k.ctx(), k.tenant, func(t *flow.Tenant) error { t.Name = "lost"; return own })
			if err != own { //nolint:errorlint // the very same
				k.Fatalf("got %v", err)
			}
			_, err = k.Store.UpdateTenant(k.ctx(), "absent", func(*flow.Tenant) error { return nil })
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
			stored, err = k.Store.Tenant(k.ctx(), k.tenant)
			k.must(err)
			equal(k, stored, want)
		}},
		{name: "a number belongs to one", run: func(k *kit) {
			k.must(k.Store.AddNumber(k.ctx(), flow.Number{Tenant: k.tenant, Number: k.number}))
			foreign := k.newTenant()
			k.fails(k.Store.AddNumber(k.ctx(), flow.Number{Tenant: foreign, Number: k.number}), flow.ErrExists, "")
			k.fails(k.Store.AddNumber(k.ctx(), flow.Number{Tenant: "absent", Number: "+49" + digits(8)}), flow.ErrNotFound, "")
			first := "+1" + digits(9)
			k.must(k.Store.AddNumber(k.ctx(), flow.Number{Tenant: k.tenant, Number: first}))
			config, err := k.Store.Config(k.ctx(), k.tenant)
			k.must(err)
			equal(k, config.Numbers, []string{first, k.number})
		}},
		{name: "keys", run: func(k *kit) {
			want := flow.Key{
				ID: flow.KeyID(id()), Tenant: k.tenant, Name: "gateway", SecretHash: []byte{0, 255, 1}, Connection: "gw",
				Scopes: []flow.Scope{flow.ScopeRouterIngest, flow.ScopeConfigRead}, CreatedAt: k.at, ExpiresAt: k.at.Add(time.Hour),
			}
			k.must(k.Store.CreateKey(k.ctx(), want))
			got, err := k.Store.Key(k.ctx(), want.ID)
			k.must(err)
			equal(k, got, want)
			foreign := want
			foreign.Tenant = k.newTenant()
			k.fails(k.Store.CreateKey(k.ctx(), foreign), flow.ErrExists, "")
			k.fails(k.Store.RevokeKey(k.ctx(), foreign.Tenant, want.ID, k.at), flow.ErrNotFound, "")
			k.fails(k.Store.RevokeKey(k.ctx(), k.tenant, "absent", k.at), flow.ErrNotFound, "")
			k.must(k.Store.RevokeKey(k.ctx(), k.tenant, want.ID, k.at))
			k.must(k.Store.RevokeKey(k.ctx(), k.tenant, want.ID, k.at.Add(time.Hour)))
			got, err = k.Store.Key(k.ctx(), want.ID)
			k.must(err)
			want.RevokedAt = k.at
			equal(k, got, want)
			_, err = k.Store.Key(k.ctx(), "absent")
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
			foreign.ID, foreign.Tenant = flow.KeyID(id()), "absent"
			k.fails(k.Store.CreateKey(k.ctx(), foreign), flow.ErrNotFound, "")
			forever := flow.Key{ID: flow.KeyID(id()), Tenant: k.tenant, SecretHash: []byte{1}, CreatedAt: k.at}
			k.must(k.Store.CreateKey(k.ctx(), forever))
			got, err = k.Store.Key(k.ctx(), forever.ID)
			k.must(err)
			equal(k, got, forever)
		}},
		{name: "the router's configuration", run: func(k *kit) {
			a := k.assistant()
			on := k.workflow(func(w *flow.Workflow) { w.Assistant = a.ID })
			k.workflow(func(w *flow.Workflow) { w.Active = false })
			foreign := k.newTenant()
			k.workflow(func(w *flow.Workflow) { w.Tenant = foreign })
			k.assistant(func(a *flow.Assistant) { a.Tenant = foreign })
			got, err := k.Store.Config(k.ctx(), k.tenant)
			k.must(err)
			tenant, err := k.Store.Tenant(k.ctx(), k.tenant)
			k.must(err)
			equal(k, got, flow.Config{Tenant: tenant, Workflows: []flow.Workflow{on}, Assistants: []flow.Assistant{a}, Numbers: []string{k.number}})
			_, err = k.Store.Config(k.ctx(), "absent")
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
		}},
	}
}
