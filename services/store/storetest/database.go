package storetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"smsflow/services/flow"
)

func databaseTests() []test {
	return []test{
		{name: "migrations are there and can be repeated", alone: true, run: func(k *kit) {
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					if err := k.Store.Migrate(k.ctx()); err != nil {
						k.Errorf("migrate: %v", err)
					}
				})
			}
			all.Wait()
			list, err := k.Store.MigrationStatus(k.ctx())
			k.must(err)
			if len(list) == 0 {
				k.Fatal("there are no migrations")
			}
			for i, m := range list {
				if m.Version != int64(i+1) || m.Name == "" || m.AppliedAt.IsZero() {
					k.Errorf("got %+v", m)
				}
			}
			k.must(k.Store.Ready(k.ctx()))
		}},
		{name: "a closed store is unavailable", alone: true, run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			k.must(k.Store.Close())
			k.eachCall(k.ctx(), c.Lease, func(name string, err error) {
				if !errors.Is(err, flow.ErrUnavailable) {
					k.Errorf("%s: got %v", name, err)
				}
			})
			k.must(k.Store.Close())
		}},
		{name: "a context that is over is told", run: func(k *kit) {
			c := k.hold(k.inbound(k.contact(), "1"))
			ctx, cancel := context.WithDeadline(k.ctx(), k.at.AddDate(-20, 0, 0))
			defer cancel()
			k.eachCall(ctx, c.Lease, func(name string, err error) {
				if !errors.Is(err, context.DeadlineExceeded) {
					k.Errorf("%s: got %v", name, err)
				}
			})
			equal(k, k.load(me, c.Lease), c)
		}},
	}
}

// eachCall makes every call of the store once.
func (k *kit) eachCall(ctx context.Context, l flow.Lease, check func(name string, err error)) {
	s, ls := k.Store, []flow.Lease{l}
	commit := flow.Commit{Lease: l, Conversation: flow.Conversation{Tenant: l.Tenant, ID: l.Conversation, Ver: 1}}
	for name, call := range map[string]func() error{
		"Ingest": func() error {
			_, err := s.Ingest(ctx, me, long, []flow.Inbound{k.inbound("+1", "x")})
			return err
		},
		"Claim":            func() error { _, _, err := s.Claim(ctx, me, long, "", 1, 1); return err },
		"Load":             func() error { _, err := s.Load(ctx, me, ls, 1); return err },
		"Commit":           func() error { _, err := s.Commit(ctx, me, []flow.Commit{commit}); return err },
		"Renew":            func() error { _, err := s.Renew(ctx, me, long, ls); return err },
		"Release":          func() error { return s.Release(ctx, me, ls) },
		"Config":           func() error { _, err := s.Config(ctx, k.tenant); return err },
		"Result":           func() error { _, err := s.Result(ctx, k.tenant, "x"); return err },
		"History":          func() error { _, err := s.History(ctx, k.tenant, "x", 1, 1); return err },
		"Revision":         func() error { _, err := s.Revision(ctx, k.tenant, "x", 1); return err },
		"Tenant":           func() error { _, err := s.Tenant(ctx, k.tenant); return err },
		"CreateWorkflow":   func() error { _, err := s.CreateWorkflow(ctx, k.draft(), "", "", k.audit); return err },
		"Workflow":         func() error { _, err := s.Workflow(ctx, k.tenant, "x"); return err },
		"Workflows":        func() error { _, err := s.Workflows(ctx, k.tenant, flow.WorkflowQuery{}); return err },
		"UpdateWorkflow":   func() error { _, err := s.UpdateWorkflow(ctx, k.tenant, "x", nil, k.audit); return err },
		"ReorderWorkflows": func() error { return s.ReorderWorkflows(ctx, k.tenant, nil, k.audit) },
		"DeleteWorkflow":   func() error { _, err := s.DeleteWorkflow(ctx, k.tenant, "x", nil, k.audit); return err },
		"CreateAssistant":  func() error { _, err := s.CreateAssistant(ctx, k.newAssistant(), "", "", k.audit); return err },
		"Assistant":        func() error { _, err := s.Assistant(ctx, k.tenant, "x"); return err },
		"Assistants":       func() error { _, _, err := s.Assistants(ctx, k.tenant, 1, 0); return err },
		"UpdateAssistant":  func() error { _, err := s.UpdateAssistant(ctx, k.tenant, "x", nil, k.audit); return err },
		"DeleteAssistant":  func() error { return s.DeleteAssistant(ctx, k.tenant, "x", nil, k.audit) },
		"Key":              func() error { _, err := s.Key(ctx, "x"); return err },
		"CreateTenant":     func() error { return s.CreateTenant(ctx, flow.Tenant{ID: flow.TenantID(id()), CreatedAt: time.Now()}) },
		"UpdateTenant":     func() error { _, err := s.UpdateTenant(ctx, k.tenant, nil); return err },
		"AddNumber":        func() error { return s.AddNumber(ctx, flow.Number{Tenant: k.tenant, Number: k.number}) },
		"CreateKey":        func() error { return s.CreateKey(ctx, flow.Key{ID: "x", Tenant: k.tenant, CreatedAt: k.at}) },
		"RevokeKey":        func() error { return s.RevokeKey(ctx, k.tenant, "x", k.at) },
		"Ready":            func() error { return s.Ready(ctx) },
		"TakeOutbounds": func() error {
			_, err := s.TakeOutbounds(ctx, me, long, flow.Take{PerTenant: 1, Limit: 1})
			return err
		},
		"SettleOutbounds": func() error {
			_, err := s.SettleOutbounds(ctx, me, []flow.Settled{{Tenant: k.tenant, ID: "x", State: flow.OutboundSent}})
			return err
		},
		"Clear":         func() error { _, err := s.Clear(ctx, me, []flow.Outbound{{ID: "x"}}); return err },
		"Undelivered":   func() error { _, _, err := s.Undelivered(ctx, k.tenant, 1, 0); return err },
		"RetryOutbound": func() error { _, err := s.RetryOutbound(ctx, k.tenant, "x", k.audit); return err },
		"Sweep":         func() error { _, err := s.Sweep(ctx, k.at, k.at, 1); return err },
		"PutConnection": func() error { return s.PutConnection(ctx, flow.Connection{Tenant: k.tenant, ID: "x"}, k.audit) },
		"Connections":   func() error { _, err := s.Connections(ctx, k.tenant); return err },
	} {
		check(name, call())
	}
}
