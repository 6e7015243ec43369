package postgres

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"smsflow/services/store"
	"smsflow/services/store/internal/sqlstore"
)

// The lock that lets one replica migrate while the others wait: how often they ask, in seconds, and how often at most.
const (
	lockID       = 7349020716231 // any number, the same in every version
	lockEvery    = 1
	lockAttempts = 600
)

// Migrate brings the schema up to the newest version. Replicas that start at once wait for the first.
func (s *Store) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID), lock.WithLockTimeout(lockEvery, lockAttempts))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return s.Fail(ctx, sqlstore.Migrate(ctx, goose.DialectPostgres, s.general.DB, files, goose.WithSessionLocker(locker)))
}

// MigrationStatus lists the migrations, the oldest first.
func (s *Store) MigrationStatus(ctx context.Context) ([]store.Migration, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	list, err := sqlstore.MigrationStatus(ctx, goose.DialectPostgres, s.general.DB, files)
	return list, s.Fail(ctx, err)
}
