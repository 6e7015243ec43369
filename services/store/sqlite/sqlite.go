// Package sqlite keeps everything in one file on this machine, for one process, with nothing else installed: SQLite
// through sqlx and modernc.org/sqlite, which is Go all the way.
//
// One connection writes, in immediate transactions; readers have a pool of their own and see the last commit (WAL).
// synchronous is FULL: what is committed has been fsynced. What needs a clock asks the one in Options, for there is one
// process.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	driver "modernc.org/sqlite"

	"smsflow/services/fault"
	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

const (
	fileName = "smsflow.db"
	lockName = "smsflow.lock"
	// busyMillis is how long a statement waits for a lock. Within this process nobody has to: it is for a shell that
	// looks into the file.
	busyMillis = 5000
	// DefaultReaders is how many reads go on at once.
	DefaultReaders = 4
)

// Options are what a deployment may choose.
type Options struct {
	// Now is the clock of leases and timers; nil: the system's.
	Now func() time.Time
	// Readers is the number of connections for reading; 0: DefaultReaders.
	Readers int
}

// base has the methods that both databases share.
type base = sqlstore.Base

// Store is the embedded store: see router.Store, workflow.Store and access.Store.
type Store struct {
	*base
	writer, readers *sqlx.DB
	writes, reads   *sqlstore.Statements
	now             func() time.Time
	lock            *os.File
	name            string      // of the database's file
	file            os.FileInfo // of what was there when it was opened
	closed          atomic.Bool
}

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the database in a folder, which it makes if it is not there, readable by this user alone. A folder that
// another process has open is refused. The schema is Migrate's.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // what an option stands for if it is not set
	}
	if o.Readers <= 0 {
		o.Readers = DefaultReaders
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("sqlite: make the data folder: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	s := &Store{now: o.Now, lock: lock}
	if err := s.open(ctx, filepath.Join(dir, fileName), o.Readers); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, name string, readers int) error {
	// SQLite would make the file readable by everyone whom the umask lets; its helpers get the mode of the file.
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: open the data file: %w", err)
	}
	s.name = name
	s.file, err = file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("sqlite: open the data file: %w", err)
	}
	if s.writer, err = pool(name, 1, "_txlock=immediate"); err != nil {
		return err
	}
	if s.readers, err = pool(name, readers, "_query_only=1"); err != nil {
		return err
	}
	if err := s.check(ctx, s.writer); err != nil {
		return err
	}
	if err := s.check(ctx, s.readers); err != nil {
		return err
	}
	s.writes = sqlstore.NewStatements(s.writer, writeQueries()...)
	s.reads = sqlstore.NewStatements(s.readers, readQueries()...)
	s.base = sqlstore.New(sqlstore.Dialect{
		Bind:       sqlx.QUESTION,
		Position:   `instr`,
		Priorities: `(SELECT value ->> 'id' AS id, value ->> 'priority' AS priority FROM json_each(?)) AS v`,
		InTexts:    `IN (SELECT value FROM json_each(?))`,
		InNumbers:  `IN (SELECT value FROM json_each(?))`,
		List:       func(values any) (any, error) { return sqlstore.Encode(values) },
		Now:        func(context.Context, sqlx.QueryerContext) (time.Time, error) { return s.now(), nil },
		Time:       parameter,
		Fail:       s.kind,
	}, s.readers, s.read, s.write)
	return nil
}

// pool opens the file for n connections, all with the same settings.
func pool(name string, n int, more string) (*sqlx.DB, error) {
	settings := []string{
		"_defensive=1", "_dqs=0",
		fmt.Sprintf("_busy_timeout=%d", busyMillis), "_journal_mode=WAL", "_synchronous=FULL", "_foreign_keys=1", more,
	}
	if i := slices.Index(settings, "_synchronous=FULL"); fault.Off("sync_full") {
		settings[i] = "_synchronous=OFF"
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: the data folder: %w", err)
	}
	path := filepath.ToSlash(abs)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: strings.Join(settings, "&")}
	connector, err := driver.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// "sqlite3" tells sqlx what placeholders look like; it does not know this driver's own name.
	db := sqlx.NewDb(sql.OpenDB(connector), "sqlite3")
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// check reads back what durability and integrity depend on.
func (s *Store) check(ctx context.Context, db *sqlx.DB) error {
	for _, want := range []struct{ pragma, value string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"busy_timeout", fmt.Sprint(busyMillis)}, {"encoding", "UTF-8"},
	} {
		var got string
		if err := db.GetContext(ctx, &got, "PRAGMA "+want.pragma); err != nil {
			return fmt.Errorf("sqlite: read %s: %w", want.pragma, err)
		}
		if got != want.value && (want.pragma != "synchronous" || !fault.Off("sync_full")) {
			return fmt.Errorf("sqlite: %s is %s and not %s: use a local disk and a file that smsflow has made", want.pragma, got, want.value)
		}
	}
	return nil
}

// Close ends all connections and lets another process have the folder. Calls that are under way end first.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	// The writer last: it empties the log into the file.
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// Ready says whether the database answers, and is still where the next start would look for it: what is written to a
// file that has been deleted or replaced is lost with this process.
func (s *Store) Ready(ctx context.Context) error {
	if now, err := os.Stat(s.name); err != nil || !os.SameFile(now, s.file) {
		return flow.Unavailable(errors.New("sqlite: the database's file has been deleted or replaced: stop the server and put it back"))
	}
	var one int
	return s.Fail(ctx, s.readers.GetContext(ctx, &one, `SELECT 1`))
}

// parameter is a time as it is stored: microseconds since 1970; NULL for the zero time.
func parameter(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

func (s *Store) read(ctx context.Context, fn func(*sqlx.Tx) error) error {
	tx, err := s.readers.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(tx)
}

// write waits for the writer as long as ctx lets it and then runs to its end: a transaction is a few milliseconds, and
// an interrupted one would leave its caller without an answer.
func (s *Store) write(ctx context.Context, fn func(*sqlx.Tx) error) error {
	conn, err := s.writer.Connx(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to its pool
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := conn.BeginTxx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	fault.Point("in_transaction")
	if err := tx.Commit(); err != nil {
		return flow.Unavailable(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// statements are the prepared statements within one transaction.
type statements struct {
	ctx  context.Context //nolint:containedctx // lives as long as one call of the method that has the context
	tx   *sqlx.Tx
	made map[string]*sqlx.Stmt
	// bound are those that this transaction has used already.
	bound map[string]*sqlx.Stmt
}

func (q statements) stmt(query string) *sqlx.Stmt {
	stmt := q.bound[query]
	if stmt == nil {
		stmt = q.tx.StmtxContext(q.ctx, q.made[query])
		q.bound[query] = stmt
	}
	return stmt
}

func (q statements) get(into any, query string, args ...any) error {
	return q.stmt(query).GetContext(q.ctx, into, args...) //nolint:sqlclosecheck // ends with its transaction
}

func (q statements) all(into any, query string, args ...any) error {
	return q.stmt(query).SelectContext(q.ctx, into, args...) //nolint:sqlclosecheck // ends with its transaction
}

func (q statements) exec(query string, args ...any) (sql.Result, error) {
	return q.stmt(query).ExecContext(q.ctx, args...)
}

// count runs a statement and gives the number of its rows.
func (q statements) count(query string, args ...any) (int64, error) {
	r, err := q.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// bulkWrite is write with prepared statements.
func (s *Store) bulkWrite(ctx context.Context, fn func(statements) error) error {
	made, err := s.writes.All(ctx)
	if err == nil {
		err = s.write(ctx, func(tx *sqlx.Tx) error {
			return fn(statements{ctx: context.WithoutCancel(ctx), tx: tx, made: made, bound: make(map[string]*sqlx.Stmt, len(made))})
		})
	}
	return s.Fail(ctx, err)
}

// bulkRead is read with prepared statements.
func (s *Store) bulkRead(ctx context.Context, fn func(statements) error) error {
	made, err := s.reads.All(ctx)
	if err == nil {
		err = s.read(ctx, func(tx *sqlx.Tx) error {
			return fn(statements{ctx: ctx, tx: tx, made: made, bound: make(map[string]*sqlx.Stmt, len(made))})
		})
	}
	return s.Fail(ctx, err)
}

func writeQueries() []string {
	return append(outboxQueries(),
		messageQuery, pendingQuery, wakeQuery, knownQuery, tenantQuery, tenantDueQuery, takeQuery, renewQuery, returnQuery, forgetQuery,
		fenceQuery, versionQuery, workflowQuery, conversationQuery, runQuery, eventQuery, outcomeQuery, outboundQuery,
		consumeQuery, releaseQuery, restQuery,
	)
}

func readQueries() []string {
	return []string{
		outgoingQuery, clearQuery, dueQuery, heldQuery, conversationReadQuery, queueQuery, begunQuery, runReadQuery, eventReadQuery,
	}
}
