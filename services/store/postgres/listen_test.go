package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/lib/pq"

	"smsflow/services/flow"
	"smsflow/services/store/postgres"
	"smsflow/services/store/storetest"
)

const listenDeadline = 30 * time.Second

// listening runs Listen until stop, which gives its error.
func listening(t *testing.T, s *postgres.Store) (woken <-chan struct{}, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	heard, ended := make(chan struct{}, 100), make(chan error, 1)
	go func() { ended <- s.Listen(ctx, func() { heard <- struct{}{} }) }()
	return heard, func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(listenDeadline):
			t.Fatal("the listener does not end")
			return nil
		}
	}
}

func wait(t *testing.T, woken <-chan struct{}) {
	t.Helper()
	select {
	case <-woken:
	case <-time.After(listenDeadline):
		t.Fatal("nothing heard")
	}
}

func TestListenConnectsAgain(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s, err := postgres.Open(t.Context(), url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	connector, err := pq.NewConnector(url)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })

	woken, stop := listening(t, s)
	wait(t, woken)
	if _, err := db.ExecContext(t.Context(), `SELECT pg_notify('smsflow', '')`); err != nil {
		t.Fatal(err)
	}
	wait(t, woken)
	for range 2 {
		var ended int
		if err := db.QueryRowContext(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE query LIKE 'LISTEN%' AND datname = current_database()`).Scan(&ended); err != nil || ended != 1 {
			t.Fatalf("%d listeners ended: %v", ended, err)
		}
		wait(t, woken) // something may have been missed
	}
	if _, err := db.ExecContext(t.Context(), `SELECT pg_notify('smsflow', '')`); err != nil {
		t.Fatal(err)
	}
	wait(t, woken)
	// Far more at once than the driver has room for.
	for range 200 {
		if _, err := db.ExecContext(t.Context(), `SELECT pg_notify('smsflow', '')`); err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
		default:
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestListenFails(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := postgres.Open(t.Context(), url, postgres.Options{ListenURL: "postgres://u:hunter2@" + nobody + "/d?sslmode=disable"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Listen(t.Context(), func() { t.Error("woken") }); !errors.Is(err, flow.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

// TestListenGivesUp has a server that takes connections and says nothing.
func TestListenGivesUp(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	mute, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	taken := make(chan net.Conn, 1)
	go func() {
		c, err := mute.Accept()
		if err == nil {
			taken <- c
		}
	}()
	s, err := postgres.Open(t.Context(), url, postgres.Options{ListenURL: "postgres://u:p@" + mute.Addr().String() + "/d?sslmode=disable"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	_, stop := listening(t, s)
	defer (<-taken).Close()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}
