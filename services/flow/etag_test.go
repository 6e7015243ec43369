package flow_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"smsflow/services/flow"
)

func TestEtag(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Int64Range(1, math.MaxInt64).Draw(t, "version")
		if got, err := flow.ParseEtag(flow.Etag(version)); err != nil || got != version {
			t.Fatalf("got %d, %v", got, err)
		}
	})
	for _, bad := range []string{"", "1", flow.Etag(0), flow.Etag(-1), flow.Etag(1) + " ", "w" + flow.Etag(1)[1:], "v000000000000000G", "v00000000000000FF"} {
		_, err := flow.ParseEtag(bad)
		var e *flow.Error
		if !errors.Is(err, flow.ErrInvalid) || !errors.As(err, &e) || len(e.Violations) != 1 || e.Violations[0].Field != "etag" {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}
