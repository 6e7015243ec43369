package postgres_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"smsflow/services/store/postgres"
	"smsflow/services/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func open(tb testing.TB) storetest.Database {
	tb.Helper()
	url := storetest.Postgres(tb)
	s, err := postgres.Open(tb.Context(), url, postgres.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { shut(tb, s) })
	if err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	connector, err := pq.NewConnector(url)
	if err != nil {
		tb.Fatal(err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	db.SetMaxOpenConns(2)
	tb.Cleanup(func() { db.Close() })
	return storetest.Database{
		Store:    s,
		Replicas: true,
		Rows: func(tb testing.TB, query string, args ...any) []string {
			tb.Helper()
			var rows []string
			if err := db.Select(&rows, db.Rebind(query), args...); err != nil {
				tb.Fatal(err)
			}
			return rows
		},
		Pass: func(tb testing.TB, d time.Duration) { pass(tb, db, d) },
	}
}

// shut closes a store.
func shut(tb testing.TB, s storetest.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

// pass asks the database for the time until it is later.
func pass(tb testing.TB, db *sqlx.DB, d time.Duration) {
	tb.Helper()
	var start time.Time
	if err := db.GetContext(context.WithoutCancel(tb.Context()), &start, `SELECT clock_timestamp()`); err != nil {
		tb.Error(err)
		return
	}
	for over := false; !over; {
		if err := db.GetContext(context.WithoutCancel(tb.Context()), &over, `SELECT clock_timestamp() > $1`, start.Add(d)); err != nil {
			tb.Error(err)
			return
		}
	}
}
