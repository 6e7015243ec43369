package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	driver "modernc.org/sqlite"

	"smsflow/services/store/sqlite"
	"smsflow/services/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func open(tb testing.TB) storetest.Database {
	tb.Helper()
	dir := tb.TempDir()
	var ahead atomic.Int64
	s, err := sqlite.Open(tb.Context(), dir, sqlite.Options{
		Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { shut(tb, s) })
	if err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	db := look(tb, dir)
	return storetest.Database{
		Store: s,
		Rows: func(tb testing.TB, query string, args ...any) []string {
			tb.Helper()
			var rows []string
			if err := db.Select(&rows, query, args...); err != nil {
				tb.Fatal(err)
			}
			return rows
		},
		Pass: func(_ testing.TB, d time.Duration) { ahead.Add(int64(d)) },
	}
}

// shut closes a store.
func shut(tb testing.TB, s storetest.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

// look opens the file beside the store.
func look(tb testing.TB, dir string) *sqlx.DB {
	tb.Helper()
	connector, err := driver.NewConnector("file:" + filepath.Join(dir, "smsflow.db") + "?_busy_timeout=5000")
	if err != nil {
		tb.Fatal(err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "sqlite3")
	tb.Cleanup(func() { db.Close() })
	return db
}
