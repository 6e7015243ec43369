package storetest

import (
	"errors"
	"testing"

	"smsflow/services/flow"
)

// checkKind wants an error of a kind and, unless it is empty, with a reason.
func checkKind(tb testing.TB, err, kind error, reason string) {
	tb.Helper()
	if !errors.Is(err, kind) {
		tb.Fatalf("got error %v (%T), want %v", err, err, kind)
	}
	var e *flow.Error
	if reason != "" && (!errors.As(err, &e) || e.Reason != reason) {
		tb.Fatalf("got error %+v, want reason %s", e, reason)
	}
}
