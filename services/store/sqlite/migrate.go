package sqlite

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"smsflow/services/store"
	"smsflow/services/store/internal/sqlstore"
)

// Migrate brings the schema up to the newest version.
func (s *Store) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return s.Fail(ctx, sqlstore.Migrate(ctx, goose.DialectSQLite3, s.writer.DB, files))
}

// MigrationStatus lists the migrations, the oldest first.
func (s *Store) MigrationStatus(ctx context.Context) ([]store.Migration, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	list, err := sqlstore.MigrationStatus(ctx, goose.DialectSQLite3, s.writer.DB, files)
	return list, s.Fail(ctx, err)
}
