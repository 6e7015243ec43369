// Package sqlstore is what both databases share: the configuration's transactions, the reads, the columns and their
// codecs. What has to be fast (ingest, claim, load, commit) is each database's own and stands in its package.
//
// Every exported method of Base is one transaction; its lower-case twin on tx takes part in one. The order of locks is
// always tenant, workflow, wake, convo, run, so that no two transactions wait for each other.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"smsflow/services/flow"
)

// Dialect is where the databases differ in what they share.
type Dialect struct {
	// Bind is the kind of placeholder: sqlx.DOLLAR or sqlx.QUESTION. Queries are written with "?".
	Bind int
	// LockRow ends a SELECT of a row that the transaction is going to change; LockKey, of one that it deletes.
	LockRow, LockKey string
	// Position is the function that gives the place of a text in a text, from 1; 0: it is not there.
	Position string
	// Priorities makes the rows (id, priority) of one JSON parameter: see ReorderWorkflows.
	Priorities string
	// InTexts and InNumbers are the conditions that a column is one of the values of a parameter, which List makes of them.
	// The planner has to see how few they are: then it looks them up.
	InTexts, InNumbers string
	List               func(values any) (any, error)
	// Now is the time of the database's leases.
	Now func(context.Context, sqlx.QueryerContext) (time.Time, error)
	// Hint tells other replicas, when the transaction commits, that there is something for them; empty: there are none.
	Hint string
	// Time is a time as a parameter; the zero time is NULL.
	Time func(time.Time) any
	// Fail turns a driver's error into one of flow's kinds. It sees neither flow's errors nor the context's.
	Fail func(error) error
}

// Base implements the methods whose SQL is the same in both databases.
type Base struct {
	dialect Dialect
	reads   *sqlx.DB
	// read and write run fn in one transaction and give its error unmapped. A read sees one moment. A write may be
	// run again from the start if the database gave it up for another one.
	read, write func(ctx context.Context, fn func(*sqlx.Tx) error) error
}

// New makes a Base. Single statements are read from reads.
func New(d Dialect, reads *sqlx.DB, read, write func(context.Context, func(*sqlx.Tx) error) error) *Base {
	return &Base{dialect: d, reads: reads, read: read, write: write}
}

// fail gives an error its kind: flow's errors and a caller's own stay, the context's stay recognisable, the rest is the
// dialect's.
func (d Dialect) fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[given](err); ok {
		return own.error
	}
	if _, ok := errors.AsType[*flow.Error](err); ok {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("store: %w: %w", ctx.Err(), err)
	}
	return d.Fail(err)
}

// Fail gives an error its kind; see Dialect.
func (b *Base) Fail(ctx context.Context, err error) error { return b.dialect.fail(ctx, err) }

// given is an error of a caller's function: it goes back as it is.
type given struct{ error }

// tx is a transaction, or the pool for single reads, in which queries are written with "?".
type tx struct {
	ctx context.Context //nolint:containedctx // lives as long as one call of the method that has the context
	q   sqlx.ExtContext
	Dialect
}

func (b *Base) inRead(ctx context.Context, fn func(tx) error) error {
	return b.Fail(ctx, b.read(ctx, func(q *sqlx.Tx) error { return fn(tx{ctx: ctx, q: q, Dialect: b.dialect}) }))
}

func (b *Base) inWrite(ctx context.Context, fn func(tx) error) error {
	return b.Fail(ctx, b.write(ctx, func(q *sqlx.Tx) error { return fn(tx{ctx: ctx, q: q, Dialect: b.dialect}) }))
}

// single runs one statement that needs no transaction.
func (b *Base) single(ctx context.Context, fn func(tx) error) error {
	return b.Fail(ctx, fn(tx{ctx: ctx, q: b.reads, Dialect: b.dialect}))
}

func (t tx) get(into any, query string, args ...any) error {
	return sqlx.GetContext(t.ctx, t.q, into, sqlx.Rebind(t.Bind, query), args...)
}

func (t tx) all(into any, query string, args ...any) error {
	return sqlx.SelectContext(t.ctx, t.q, into, sqlx.Rebind(t.Bind, query), args...)
}

func (t tx) exec(query string, args ...any) error {
	_, err := t.q.ExecContext(t.ctx, sqlx.Rebind(t.Bind, query), args...)
	return err
}

// count runs a statement and gives the number of its rows.
func (t tx) count(query string, args ...any) (int, error) {
	r, err := t.q.ExecContext(t.ctx, sqlx.Rebind(t.Bind, query), args...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}
