package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/router"
	"smsflow/services/store"
	"smsflow/services/store/postgres"
	"smsflow/services/store/sqlite"
	"smsflow/services/workflow"
)

// Store is what a server needs of a database.
type Store interface {
	demoStore
	router.Store
	router.Outbox
	router.Broom
	router.Hints
	workflow.Store
	access.Store
	// PutConnection makes or replaces a tenant's gateway connection, audited. ErrNotFound: no such tenant.
	PutConnection(ctx context.Context, c flow.Connection, audit flow.Audit) error
	Connections(ctx context.Context, tenant flow.TenantID) ([]flow.Connection, error)
	// Migrate brings the tables up to date; it is harmless where they are, and where another process does the same.
	Migrate(ctx context.Context) error
	MigrationStatus(ctx context.Context) ([]store.Migration, error)
	// Holds says whether there is any key of a caller that is not revoked, and any sealed secret.
	Holds(ctx context.Context) (keys, secrets bool, err error)
	// Ready fails if the database does not answer.
	Ready(ctx context.Context) error
	Close() error
}

// openLimit is how long a database may take to answer at the start.
const openLimit = 15 * time.Second

func openStore(ctx context.Context, c *StoreConfig, listenURL string) (Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	if c.DatabaseURL != "" {
		s, err := postgres.Open(ctx, c.DatabaseURL, postgres.Options{ListenURL: listenURL})
		if err != nil {
			return nil, fmt.Errorf("--database-url (SMSFLOW_DATABASE_URL): %w", err)
		}
		return s, nil
	}
	s, err := sqlite.Open(ctx, c.Data, sqlite.Options{Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("--data (SMSFLOW_DATA): %w", err)
	}
	return s, nil
}

// database names the kind of database for the log.
func (c *StoreConfig) database() string {
	if c.DatabaseURL != "" {
		return "postgres"
	}
	return "sqlite"
}

// Migrate brings the tables of the database up to date and gives what had to be applied.
func (c *StoreConfig) Migrate(ctx context.Context) ([]store.Migration, error) {
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	return migrate(ctx, s)
}

// Migrations lists the migrations of the database. It makes none: a folder without a database is an error.
func (c *StoreConfig) Migrations(ctx context.Context) ([]store.Migration, error) {
	if c.Data != "" && c.DatabaseURL == "" {
		if !exists(c.File(databaseFile)) {
			return nil, fmt.Errorf("--data (SMSFLOW_DATA): there is no database in %s: name the folder of one, or make one with migrate up or serve", c.Data)
		}
	}
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	return s.MigrationStatus(ctx)
}

// exists says whether there is a file, or something that hides whether there is.
func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

func (c *StoreConfig) open(ctx context.Context) (Store, error) {
	if err := c.Verify(); err != nil {
		return nil, err
	}
	return openStore(ctx, c, "")
}

// migrate applies what is missing and gives it.
func migrate(ctx context.Context, s Store) ([]store.Migration, error) {
	all, err := s.MigrationStatus(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", err)
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("migrate the database: %w", err)
	}
	var missing []store.Migration
	for _, m := range all {
		if m.AppliedAt.IsZero() {
			missing = append(missing, m)
		}
	}
	return missing, nil
}
