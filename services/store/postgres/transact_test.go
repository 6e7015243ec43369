package postgres

import (
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"smsflow/services/store/storetest"
)

func TestTransactionsThatWereGivenUpAreRunAgain(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), storetest.Postgres(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	own := errors.New("own")
	for name, c := range map[string]struct {
		err   error
		times int // how often it fails
		runs  int
		ok    bool
	}{
		"a deadlock":                     {&pq.Error{Code: pqerror.TRDeadlockDetected}, 2, 3, true},
		"a serialization failure":        {&pq.Error{Code: pqerror.TRSerializationFailure}, 1, 2, true},
		"deadlocks without end":          {&pq.Error{Code: pqerror.TRDeadlockDetected}, 100, maxAttempts, false},
		"what another try does not cure": {own, 1, 1, false},
	} {
		runs := 0
		err := transact(t.Context(), s.general, nil, func(*sqlx.Tx) error {
			if runs++; runs <= c.times {
				return c.err
			}
			return nil
		})
		if runs != c.runs || (err == nil) != c.ok {
			t.Errorf("%s: %d runs, error %v", name, runs, err)
		}
	}
}
