// Package storetest is the conformance suite of the stores: what router.Store, workflow.Store and access.Store promise,
// once, run by each database's tests over its own factory. Postgres starts a throwaway server for it, and for whoever
// else wants one.
package storetest

import (
	"context"
	"testing"
	"time"

	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/router"
	"smsflow/services/store"
	"smsflow/services/workflow"
)

// Store is all that a database implements.
type Store interface {
	router.Store
	router.Outbox
	router.Broom
	workflow.Store
	access.Store

	CreateTenant(ctx context.Context, t flow.Tenant) error
	UpdateTenant(ctx context.Context, id flow.TenantID, change func(*flow.Tenant) error) (flow.Tenant, error)
	AddNumber(ctx context.Context, n flow.Number) error
	CreateKey(ctx context.Context, k flow.Key) error
	PutConnection(ctx context.Context, c flow.Connection, audit flow.Audit) error
	Connections(ctx context.Context, tenant flow.TenantID) ([]flow.Connection, error)
	// Listen calls wake when another process may have left something, until ctx is done.
	Listen(ctx context.Context, wake func()) error
	RevokeKey(ctx context.Context, tenant flow.TenantID, id flow.KeyID, at time.Time) error

	Migrate(ctx context.Context) error
	MigrationStatus(ctx context.Context) ([]store.Migration, error)
	Ready(ctx context.Context) error
	Close() error
}

// Database is a new, empty database with its schema.
type Database struct {
	Store Store
	// Replicas: several processes can work on it at once, and tell each other.
	Replicas bool
	// Pass lets time go by on the clock that the database's leases are measured with.
	Pass func(tb testing.TB, d time.Duration)
	// Rows gives the first column of a query as text, for what no method reads. It is written with "?".
	Rows func(tb testing.TB, query string, args ...any) []string
}

// Open makes a database for one test and closes it at its end.
type Open func(tb testing.TB) Database

// Run runs the whole suite. Most tests share one database and have tenants of their own; those that claim, which
// reaches over all tenants, or that let time go by, have a database each.
func Run(t *testing.T, open Open) {
	t.Helper()
	shared := open(t)
	for _, part := range []struct {
		name  string
		tests []test
	}{
		{"ingest", ingestTests()},
		{"claim", claimTests()},
		{"load", loadTests()},
		{"commit", commitTests()},
		{"release", releaseTests()},
		{"outbox", outboxTests()},
		{"stop", stopTests()},
		{"sweep", sweepTests()},
		{"listen", listenTests()},
		{"connection", connectionTests()},
		{"result", resultTests()},
		{"race", raceTests()},
		{"workflow", workflowTests()},
		{"delete", deleteTests()},
		{"assistant", assistantTests()},
		{"tenant", tenantTests()},
		{"text", textTests()},
		{"database", databaseTests()},
	} {
		for _, c := range part.tests {
			t.Run(part.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				db := shared
				if c.alone {
					db = open(t)
				}
				c.run(newKit(t, db))
			})
		}
	}
}

// test is one case. alone: it needs a database of its own.
type test struct {
	name  string
	alone bool
	run   func(k *kit)
}
