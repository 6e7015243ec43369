package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	driver "modernc.org/sqlite"

	"smsflow/services/store/postgres"
	"smsflow/services/store/sqlite"
	"smsflow/services/store/storetest"
)

func TestMigrationsHaveTheSameNames(t *testing.T) {
	t.Parallel()
	names := func(dir string) []string {
		t.Helper()
		entries, err := os.ReadDir(filepath.Join(dir, "migrations"))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, e := range entries {
			out = append(out, e.Name())
		}
		return out
	}
	p, s := names("postgres"), names("sqlite")
	if len(p) == 0 || !slices.Equal(p, s) {
		t.Fatalf("postgres %q\nsqlite %q", p, s)
	}
}

// TestTablesAreTheSame compares every table's columns and which of them may be NULL.
func TestTablesAreTheSame(t *testing.T) {
	t.Parallel()
	dir, at := t.TempDir(), storetest.Postgres(t)
	lite, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, lite) })
	server, err := postgres.Open(t.Context(), at, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, server) })
	for _, s := range []storetest.Store{lite, server} {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	file, err := driver.NewConnector("file:" + filepath.Join(dir, "smsflow.db"))
	if err != nil {
		t.Fatal(err)
	}
	url, err := pq.NewConnector(at)
	if err != nil {
		t.Fatal(err)
	}
	columns := func(db *sqlx.DB, query string) []string {
		t.Helper()
		defer db.Close()
		var out []string
		if err := db.Select(&out, query); err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	s := columns(sqlx.NewDb(sql.OpenDB(file), "sqlite3"), `SELECT m.name || '.' || c.name || CASE WHEN c."notnull" OR c.pk > 0 THEN '' ELSE ' NULL' END
		FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'schema_migration'`)
	p := columns(sqlx.NewDb(sql.OpenDB(url), "postgres"), `SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE ' NULL' END
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'schema_migration'`)
	if len(p) == 0 || len(s) == 0 {
		t.Fatal("there are no tables")
	}
	for _, c := range p {
		if !slices.Contains(s, c) && !slices.Contains(onlyPostgres(), c) {
			t.Errorf("only PostgreSQL has %s", c)
		}
	}
	for _, c := range s {
		if !slices.Contains(p, c) {
			t.Errorf("only SQLite has %s", c)
		}
	}
}

// onlyPostgres are the columns that one process alone has no use for.
func onlyPostgres() []string { return []string{"wake.shared"} }

func shut(t *testing.T, s storetest.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
