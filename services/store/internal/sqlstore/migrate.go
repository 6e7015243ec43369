package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"

	"smsflow/services/store"
)

// migrationTable is where goose keeps what it has applied.
const migrationTable = "schema_migration"

func provider(dialect goose.Dialect, db *sql.DB, files fs.FS, opts []goose.ProviderOption) (*goose.Provider, error) {
	p, err := goose.NewProvider(dialect, db, files, append(opts, goose.WithTableName(migrationTable), goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	return p, nil
}

// Migrate brings the schema up to the newest version.
func Migrate(ctx context.Context, dialect goose.Dialect, db *sql.DB, files fs.FS, opts ...goose.ProviderOption) error {
	p, err := provider(dialect, db, files, opts)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// MigrationStatus lists the migrations, the oldest first.
func MigrationStatus(ctx context.Context, dialect goose.Dialect, db *sql.DB, files fs.FS, opts ...goose.ProviderOption) ([]store.Migration, error) {
	p, err := provider(dialect, db, files, opts)
	if err != nil {
		return nil, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("migration status: %w", err)
	}
	out := make([]store.Migration, len(status))
	for i, s := range status {
		out[i] = store.Migration{Version: s.Source.Version, Name: path.Base(s.Source.Path)}
		if s.State == goose.StateApplied {
			out[i].AppliedAt = s.AppliedAt.UTC()
		}
	}
	return out, nil
}
