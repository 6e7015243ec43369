package postgres_test

import (
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/lib/pq"

	"smsflow/services/flow"
	"smsflow/services/store/postgres"
	"smsflow/services/store/storetest"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const password = "hunter2"
	for name, c := range map[string]struct {
		url         string
		unavailable bool
	}{
		"what is no URL":             {"postgres://user:" + password + "@%zz/x", false},
		"an unknown setting":         {"postgres://user:" + password + "@127.0.0.1/x?sslmode=perhaps", false},
		"a server that is not there": {"postgres://user:" + password + "@127.0.0.1:1/x?sslmode=disable", true},
	} {
		_, err := postgres.Open(t.Context(), c.url, postgres.Options{})
		if err == nil || errors.Is(err, flow.ErrUnavailable) != c.unavailable {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

// TestOpenTellsTheCause: where the database was looked for, and what was wrong there; never the password.
func TestOpenTellsTheCause(t *testing.T) {
	t.Parallel()
	at, err := url.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	const password = "hunter2"
	wrong, missing := *at, *at
	wrong.User = url.UserPassword(at.User.Username(), password)
	missing.Path = "/nowhere"
	for name, c := range map[string]struct {
		url         string
		want        []string
		unavailable bool
	}{
		"refused":             {"postgres://user:" + password + "@127.0.0.1:1/x?sslmode=disable", []string{"127.0.0.1:1", "refused"}, true},
		"an unknown host":     {"postgres://user:" + password + "@no-such-host.invalid/x?sslmode=disable", []string{"no-such-host.invalid:5432", "host is not known"}, true},
		"a wrong password":    {wrong.String(), []string{at.Host, `does not let the user "` + at.User.Username() + `" in`, "the password"}, false},
		"no such database":    {missing.String(), []string{at.Host, `there is no database "nowhere"`}, false},
		"a server without it": {strings.Replace(at.String(), "sslmode=disable", "sslmode=require", 1), []string{at.Host, "no TLS"}, true},
	} {
		_, err := postgres.Open(t.Context(), c.url, postgres.Options{})
		if err == nil || errors.Is(err, flow.ErrUnavailable) != c.unavailable {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		own, _ := at.User.Password()
		for _, never := range []string{password, own, "try again", "pq:"} {
			if never != "" && strings.Contains(err.Error(), never) {
				t.Errorf("%s: the error says %q: %v", name, never, err)
			}
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q: %v", name, want, err)
			}
		}
	}
}

func TestOpenChecksTheServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement, want string }{
		"commits that do not wait":  {`ALTER DATABASE %s SET synchronous_commit = off`, "synchronous_commit"},
		"another encoding of texts": {`UPDATE pg_database SET encoding = pg_char_to_encoding('LATIN1') WHERE datname = '%s'`, "encoding"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := storetest.Postgres(t)
			u, err := url.Parse(at)
			if err != nil {
				t.Fatal(err)
			}
			connector, err := pq.NewConnector(at)
			if err != nil {
				t.Fatal(err)
			}
			db := sql.OpenDB(connector)
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), strings.ReplaceAll(c.statement, "%s", strings.TrimPrefix(u.Path, "/"))); err != nil {
				t.Fatal(err)
			}
			if _, err := postgres.Open(t.Context(), at, postgres.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// TestConnectionsAreReplaced ends every connection behind the store's back.
func TestConnectionsAreReplaced(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := open(t)
	ingest := func() error { return ingestOne(db.Store, flow.NewMessageKey("t", "gw", "1")) }
	if err := ingest(); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		db.Rows(t, `SELECT CAST(pg_terminate_backend(pid) AS text) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		failed := 0
		for ; ; failed++ {
			err := ingest()
			if err == nil {
				break
			}
			if !errors.Is(err, flow.ErrUnavailable) || failed > 2*postgres.DefaultBulkConns {
				t.Fatalf("round %d: got %v after %d failures", round, err, failed)
			}
		}
		for ; ; failed++ {
			err := db.Store.Ready(ctx)
			if err == nil {
				break
			}
			if !errors.Is(err, flow.ErrUnavailable) || failed > 4*postgres.DefaultMaxConns {
				t.Fatalf("round %d: got %v after %d failures", round, err, failed)
			}
		}
	}
}
