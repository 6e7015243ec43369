package load

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lib/pq"
	_ "modernc.org/sqlite" // to read the embedded database beside the server that writes it

	"smsflow/services/flow"
	"smsflow/services/store/postgres"
	"smsflow/services/store/sqlite"
	"smsflow/services/workflow"
)

// database is a throwaway one.
type database struct {
	dir  string  // the servers' data folder
	url  string  // empty: embedded
	read *sql.DB // for counting
	drop func(context.Context) error
}

// store is what setting up a tenant needs.
type store interface {
	workflow.Store
	CreateTenant(ctx context.Context, t flow.Tenant) error
	AddNumber(ctx context.Context, n flow.Number) error
	CreateKey(ctx context.Context, k flow.Key) error
	PutConnection(ctx context.Context, c flow.Connection, audit flow.Audit) error
	Migrate(ctx context.Context) error
	Close() error
}

// onThisMachine refuses a database elsewhere: a load is nothing that is sent over a network.
func onThisMachine(flag, at string) error {
	if at == "" {
		return nil
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return fmt.Errorf("--%s is not a PostgreSQL URL: write postgres://USER:PASSWORD@127.0.0.1:PORT/NAME", flag)
	}
	host := u.Hostname()
	if other := u.Query().Get("host"); other != "" {
		host = other
	}
	ip, err := netip.ParseAddr(host)
	if strings.EqualFold(host, "localhost") || strings.HasPrefix(host, "/") || err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("--%s is not on this machine: a load is measured on the loopback only", flag)
}

// newDatabase makes one. The store is open on it, and must be closed before a server opens it.
func newDatabase(ctx context.Context, o *Options) (_ *database, _ store, err error) {
	d := &database{drop: func(context.Context) error { return nil }}
	if d.dir, err = os.MkdirTemp("", "smsflow-load-"); err != nil {
		return nil, nil, err
	}
	var s store
	if o.Store == Postgres {
		s, err = d.makePostgres(ctx, o.DatabaseURL)
	} else {
		s, err = sqlite.Open(ctx, d.dir, sqlite.Options{Now: time.Now})
		if err == nil {
			d.read, err = sql.Open("sqlite", "file:"+filepath.Join(d.dir, "smsflow.db")+"?mode=ro&_pragma=busy_timeout(5000)")
		}
	}
	if err == nil {
		err = s.Migrate(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, d.close(context.WithoutCancel(ctx)))
	}
	return d, s, nil
}

func (d *database) makePostgres(ctx context.Context, at string) (store, error) {
	name, err := scratchName()
	if err != nil {
		return nil, err
	}
	if err := execOn(ctx, at, `CREATE DATABASE `+name); err != nil {
		return nil, fmt.Errorf("--database-url: make a database: %w", err)
	}
	d.drop = func(ctx context.Context) error {
		if err := execOn(ctx, at, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			return fmt.Errorf("drop the database %s, which is of no use any more: %w", name, err)
		}
		return nil
	}
	if d.url, err = named(at, name); err != nil {
		return nil, err
	}
	if d.read, err = openPostgres(d.url); err != nil {
		return nil, err
	}
	return postgres.Open(ctx, d.url, postgres.Options{})
}

// scratchName is a database's name that nobody has.
func scratchName() (string, error) {
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return "smsflow_load_" + hex.EncodeToString(b[:]), nil
}

// named is the URL of another database on the same server.
func named(at, name string) (string, error) {
	u, err := url.Parse(at)
	if err != nil {
		return "", errors.New("--database-url is not a URL")
	}
	u.Path = "/" + name
	return u.String(), nil
}

func openPostgres(at string) (*sql.DB, error) {
	connector, err := pq.NewConnector(at)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL cannot be used: " + redactedCause(err, at))
	}
	return sql.OpenDB(connector), nil
}

// redactedCause leaves a password out of an error's text.
func redactedCause(err error, at string) string {
	text := err.Error()
	if u, parseErr := url.Parse(at); parseErr == nil && u.User != nil {
		if password, ok := u.User.Password(); ok && password != "" {
			text = strings.ReplaceAll(text, password, "…")
		}
	}
	return text
}

func execOn(ctx context.Context, at, statement string) error {
	db, err := openPostgres(at)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// close removes the database.
func (d *database) close(ctx context.Context) error {
	if d.read != nil {
		_ = d.read.Close()
	}
	return errors.Join(d.drop(ctx), os.RemoveAll(d.dir))
}

// unsent counts the messages that are not finished: accepted and not handled, or handled and not sent.
func (d *database) unsent(ctx context.Context) (n int, err error) {
	err = d.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM pending) + (SELECT count(*) FROM outgoing)`).Scan(&n)
	return n, err
}

// sentAt gives, for each message by the gateway's id, when what it was answered with was known to be sent.
func (d *database) sentAt(ctx context.Context) (map[string]time.Time, error) {
	moment := `o.updated_at`
	if d.url != "" {
		moment = `(extract(epoch FROM o.updated_at) * 1000000)::bigint`
	}
	rows, err := d.read.QueryContext(ctx, `SELECT m.gateway_msg_id, `+moment+` FROM message m JOIN outbound o ON o.inbound_id = m.id WHERE o.state = 'sent'`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := make(map[string]time.Time)
	for rows.Next() {
		var id string
		var micros int64
		if err := rows.Scan(&id, &micros); err != nil {
			return nil, err
		}
		all[id] = time.UnixMicro(micros)
	}
	return all, rows.Err()
}
