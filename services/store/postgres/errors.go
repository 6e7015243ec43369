package postgres

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"smsflow/services/flow"
)

// again says whether the database gave a transaction up for another one: nothing of it is written, and it can be run
// again at once.
func again(err error) bool {
	return pq.As(err, pqerror.TRDeadlockDetected, pqerror.TRSerializationFailure) != nil
}

// kind turns a driver's error into one of flow's kinds.
func (s *Store) kind(err error) error {
	if s.closed.Load() {
		return flow.Unavailable(err)
	}
	return kindOf(err)
}

func kindOf(err error) error {
	if e := pq.As(err); e != nil {
		switch e.Code {
		case pqerror.UniqueViolation:
			return &flow.Error{Kind: flow.ErrExists, Reason: flow.ReasonNameTaken, Text: "there is already one with that id or name: choose another", Cause: err}
		case pqerror.LockNotAvailable, pqerror.ReadOnlySQLTransaction, pqerror.IdleInTransactionSessionTimeout:
			return flow.Unavailable(err)
		}
		switch e.Code.Class() {
		case pqerror.ClassConnectionException, pqerror.ClassTransactionRollback, pqerror.ClassInsufficientResources,
			pqerror.ClassOperatorIntervention, pqerror.ClassSystemError:
			return flow.Unavailable(err)
		}
		return fmt.Errorf("postgres: %w", err)
	}
	var broken net.Error
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &broken) {
		return flow.Unavailable(err)
	}
	return fmt.Errorf("postgres: %w", err)
}
