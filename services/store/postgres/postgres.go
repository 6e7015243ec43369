// Package postgres keeps everything in PostgreSQL 14 or newer, through sqlx and lib/pq, for any number of replicas.
//
// What is called for every message (Ingest, Claim, Load, Commit, Renew, Release) has a small pool of its own whose
// connections are never given up, so that each statement is planned once a connection and takes one round trip. The
// rest shares another pool. No session settings are changed: a pooler in front may give each transaction another
// session.
package postgres

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"database/sql"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"smsflow/services/fault"
	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// Defaults and limits of the pools.
const (
	DefaultBulkConns = 4
	DefaultMaxConns  = 8
	// idleConns of the general pool are kept, so that a page that is clicked through does not connect each time.
	idleConns   = 4
	idleTimeout = 5 * time.Minute
)

// maxAttempts bounds how often a transaction is run that the database gives up for another one.
const maxAttempts = 5

// patienceQuery bounds how long the server waits for us within a transaction that writes. A process that is frozen, or
// whose machine is gone without a word, would otherwise keep its locks, and other replicas from its conversations, until
// TCP gives it up, which takes hours. It stands in each transaction, because a pooler may give each another session.
const patienceQuery = `SET LOCAL idle_in_transaction_session_timeout = '5s'`

// Options are what a deployment may choose.
type Options struct {
	// BulkConns is the number of connections for what is called for every message; 0: DefaultBulkConns.
	BulkConns int
	// MaxConns bounds the connections for everything else; 0: DefaultMaxConns.
	MaxConns int
	// ListenURL is where Listen connects; empty: where everything else does. It has to be a direct connection.
	ListenURL string
}

// base has the methods that both databases share.
type base = sqlstore.Base

// Store is the PostgreSQL store: see router.Store, workflow.Store and access.Store.
type Store struct {
	*base
	general, bulk *sqlx.DB
	stmts         *sqlstore.Statements
	listenURL     string
	closed        atomic.Bool
}

//go:embed migrations/*.sql
var migrations embed.FS

// Open connects and checks that the server keeps what we promise. The schema is Migrate's. url is a connection string
// as libpq has it, with sslmode.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	config, err := pq.NewConfig(url)
	if err != nil {
		// The driver's text may repeat the URL, which holds a password.
		return nil, errors.New("postgres: the database URL is not valid: use postgres://user:password@host:port/database?sslmode=…")
	}
	if config.ApplicationName == "" {
		config.FallbackApplicationName = "smsflow"
	}
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if o.BulkConns <= 0 {
		o.BulkConns = DefaultBulkConns
	}
	if o.MaxConns <= 0 {
		o.MaxConns = DefaultMaxConns
	}
	s := &Store{
		general: sqlx.NewDb(sql.OpenDB(connector), "postgres"),
		bulk:    sqlx.NewDb(sql.OpenDB(connector), "postgres"),

		listenURL: cmp.Or(o.ListenURL, url),
	}
	s.general.SetMaxOpenConns(o.MaxConns)
	s.general.SetMaxIdleConns(min(idleConns, o.MaxConns))
	s.general.SetConnMaxIdleTime(idleTimeout)
	s.bulk.SetMaxOpenConns(o.BulkConns)
	s.bulk.SetMaxIdleConns(o.BulkConns)
	s.stmts = sqlstore.NewStatements(s.bulk, bulkQueries()...)
	s.base = sqlstore.New(sqlstore.Dialect{
		Bind:       sqlx.DOLLAR,
		LockRow:    ` FOR NO KEY UPDATE`,
		LockKey:    ` FOR UPDATE`,
		Position:   `strpos`,
		Priorities: `jsonb_to_recordset(?::jsonb) AS v (id text, priority integer)`,
		InTexts:    `= ANY (?::text[])`,
		InNumbers:  `= ANY (?::bigint[])`,
		List:       func(values any) (any, error) { return pq.Array(values), nil },
		Now:        now,
		Hint:       hint,
		Time:       parameter,
		Fail:       s.kind,
	}, s.general, s.read, s.write)
	if err := s.check(ctx, config); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// check reads back what durability and text depend on.
func (s *Store) check(ctx context.Context, config pq.Config) error {
	var server struct {
		Encoding string `db:"encoding"`
		Commit   string `db:"commit"`
		Version  int    `db:"version"`
	}
	if err := s.general.GetContext(ctx, &server, `SELECT current_setting('server_encoding') AS encoding,
		current_setting('synchronous_commit') AS commit, current_setting('server_version_num')::int AS version`); err != nil {
		return connectError(ctx, config, err)
	}
	const oldest = 140000
	switch {
	case server.Version < oldest:
		return fmt.Errorf("postgres: the server has version %d: version 14 or newer is needed", server.Version/10000)
	case server.Encoding != "UTF8":
		return fmt.Errorf("postgres: the database's encoding is %s: create it with ENCODING 'UTF8'", server.Encoding)
	case server.Commit == "off":
		return errors.New("postgres: synchronous_commit is off, so an acknowledged message could be lost: switch it on for this database and role")
	}
	return nil
}

// Close ends all connections. Calls that are under way fail.
func (s *Store) Close() error {
	s.closed.Store(true)
	return errors.Join(s.bulk.Close(), s.general.Close())
}

// Ready says whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	return s.Fail(ctx, s.general.GetContext(ctx, &one, `SELECT 1`))
}

// parameter is a time as the driver takes it.
func parameter(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return sqlstore.Micros(t)
}

func now(ctx context.Context, q sqlx.QueryerContext) (time.Time, error) {
	var t time.Time
	err := sqlx.GetContext(ctx, q, &t, `SELECT now()`)
	return t, err
}

func (s *Store) read(ctx context.Context, fn func(*sqlx.Tx) error) error {
	return transact(ctx, s.general, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

func (s *Store) write(ctx context.Context, fn func(*sqlx.Tx) error) error {
	return transact(ctx, s.general, nil, fn)
}

// transact runs fn in a transaction, again if the database gave it up for another one.
func transact(ctx context.Context, db *sqlx.DB, opts *sql.TxOptions, fn func(*sqlx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := once(ctx, db, opts, fn)
		if err == nil || attempt == maxAttempts || !again(err) {
			return err
		}
	}
}

func once(ctx context.Context, db *sqlx.DB, opts *sql.TxOptions, fn func(*sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, opts)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if opts == nil {
		if _, err := tx.ExecContext(ctx, patienceQuery); err != nil {
			return err
		}
	}
	if err := fn(tx); err != nil {
		return err
	}
	fault.Point("in_transaction")
	err = tx.Commit()
	if err == nil || again(err) || ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, sql.ErrTxDone)) {
		// The last: the context was over before the COMMIT was sent, and the transaction is rolled back.
		return err
	}
	// The answer is lost: it may be committed or not. The caller repeats the call with the same keys.
	return flow.Unavailable(fmt.Errorf("commit: %w", err))
}

// statements are the prepared statements within one transaction of the fast path.
type statements struct {
	ctx  context.Context //nolint:containedctx // lives as long as one call of the method that has the context
	tx   *sqlx.Tx
	made map[string]*sqlx.Stmt
}

func (s statements) all(into any, query string, args ...any) error {
	return s.tx.StmtxContext(s.ctx, s.made[query]).SelectContext(s.ctx, into, args...) //nolint:sqlclosecheck // ends with its transaction
}

func (s statements) exec(query string, args ...any) error {
	_, err := s.tx.StmtxContext(s.ctx, s.made[query]).ExecContext(s.ctx, args...)
	return err
}

// bulkTx is transact on the fast path.
func (s *Store) bulkTx(ctx context.Context, fn func(statements) error) error {
	made, err := s.stmts.All(ctx)
	if err == nil {
		err = transact(ctx, s.bulk, nil, func(tx *sqlx.Tx) error {
			// The transaction itself listens to ctx; a second listener for each statement would only cost.
			return fn(statements{ctx: context.WithoutCancel(ctx), tx: tx, made: made})
		})
	}
	return s.Fail(ctx, err)
}

func bulkQueries() []string {
	return append(outboxQueries(),
		ingestQuery, knownQuery, dueQuery, claimQuery, heldQuery, conversationsQuery, queueQuery, begunQuery, runQuery, eventQuery,
		workflowQuery, conversationQuery, progressQuery, releaseQuery, restQuery, renewQuery, returnQuery, forgetQuery,
	)
}
