package sqlstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// Statements are the queries of the fast path, prepared once on every connection of their pool: database/sql keeps what
// each connection has prepared, and a transaction finds that of its own.
type Statements struct {
	db      *sqlx.DB
	queries []string

	mu   sync.Mutex
	made map[string]*sqlx.Stmt // nil: not yet; never changed once it is there
}

// NewStatements names the queries, with the driver's own placeholders, and prepares nothing yet: the tables may not be
// there before the migrations have run.
func NewStatements(db *sqlx.DB, queries ...string) *Statements {
	return &Statements{db: db, queries: queries}
}

// All gives the statements by their queries. It is called before a transaction begins, because the first call needs a
// connection for itself.
func (s *Statements) All(ctx context.Context) (map[string]*sqlx.Stmt, error) {
	s.mu.Lock()
	made := s.made
	s.mu.Unlock()
	if made != nil {
		return made, nil
	}
	// Not under the lock: a database that hangs must not hold callers beyond their deadlines.
	mine := make(map[string]*sqlx.Stmt, len(s.queries))
	for _, q := range s.queries {
		stmt, err := s.db.PreparexContext(ctx, q) //nolint:sqlclosecheck // kept as long as the pool
		if err != nil {
			closeAll(mine)
			return nil, fmt.Errorf("prepare: %w", err)
		}
		mine[q] = stmt
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made != nil {
		closeAll(mine)
		return s.made, nil
	}
	s.made = mine
	return mine, nil
}

func closeAll(stmts map[string]*sqlx.Stmt) {
	for _, stmt := range stmts {
		stmt.Close()
	}
}
