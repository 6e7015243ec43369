package load

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/workflow"
)

const (
	number     = "+14155550100"
	body       = "What is the price of a cleaning, please?"
	connection = flow.ConnectionID("load")
)

// newTenant makes a tenant with a gateway that takes everything for sent, and one workflow: a keyword check and a text.
// It gives the gateway's key.
func newTenant(ctx context.Context, s store) (token string, err error) {
	now := time.Now()
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	tenant := flow.TenantID(newID())
	if err := s.CreateTenant(ctx, flow.Tenant{ID: tenant, Name: "Load", SMSPlan: true, SMSWorkflows: true, CreatedAt: now}); err != nil {
		return "", err
	}
	if err := s.AddNumber(ctx, flow.Number{Tenant: tenant, Number: number}); err != nil {
		return "", err
	}
	audit := flow.Audit{By: "load", At: now}
	if err := s.PutConnection(ctx, flow.Connection{Tenant: tenant, ID: connection, Name: "Load", Delivery: flow.DeliverNull, CreatedAt: now}, audit); err != nil {
		return "", err
	}
	service := &workflow.Service{Store: s, Now: time.Now, NewID: newID}
	_, err = service.CreateWorkflow(ctx, workflow.Caller{Tenant: tenant, Subject: "load"}, flow.Workflow{
		Name: "Prices", Goal: flow.GoalSalesInquiry, Priority: 1, Active: true,
		Steps: []flow.Step{
			{ID: "asks", Label: "Asks about prices", Spec: &flow.MatchWords{Mode: flow.MatchAny, Words: []string{"price", "cost"}}},
			{ID: "tell", Label: "Tell the price", Spec: &flow.SendMessage{Text: "A cleaning is $95. Shall we book you one?"}},
		},
	}, "load")
	if err != nil {
		return "", err
	}
	key, secret, err := access.NewKey(rand.Reader, flow.Key{
		Tenant: tenant, Name: "load", Scopes: []flow.Scope{flow.ScopeRouterIngest}, Connection: connection, CreatedAt: now,
	})
	if err != nil {
		return "", err
	}
	return secret.Reveal(), s.CreateKey(ctx, key)
}
