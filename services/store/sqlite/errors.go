package sqlite

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"smsflow/services/flow"
)

// kind turns a driver's error into one of flow's kinds.
func (s *Store) kind(err error) error {
	if s.closed.Load() || errors.Is(err, sqldriver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return flow.Unavailable(err)
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		switch e.Code() {
		case codes.SQLITE_CONSTRAINT_UNIQUE, codes.SQLITE_CONSTRAINT_PRIMARYKEY:
			return &flow.Error{Kind: flow.ErrExists, Reason: flow.ReasonNameTaken, Text: "there is already one with that id or name: choose another", Cause: err}
		}
		// The low byte is the kind of a code, whatever its details.
		switch e.Code() & 0xff {
		case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_FULL, codes.SQLITE_IOERR, codes.SQLITE_CANTOPEN,
			codes.SQLITE_READONLY, codes.SQLITE_NOMEM, codes.SQLITE_INTERRUPT:
			return flow.Unavailable(err)
		}
	}
	return fmt.Errorf("sqlite: %w", err)
}
