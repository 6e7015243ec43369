package flow_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"smsflow/services/flow"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	if flow.Invalid(nil) != nil {
		t.Error("no violations are an error")
	}
	bad := flow.Invalid([]flow.Violation{{Field: "name", Text: "is empty"}, {Field: "goal", Text: "is missing"}})
	if got := bad.Error(); got != "some fields are not valid: name: is empty; goal: is missing" {
		t.Errorf("got %q", got)
	}
	down := flow.Unavailable(io.ErrUnexpectedEOF)
	for err, kind := range map[error]error{
		bad: flow.ErrInvalid, flow.NotFound("workflow"): flow.ErrNotFound, down: flow.ErrUnavailable,
		fmt.Errorf("wrapped: %w", down): flow.ErrUnavailable,
	} {
		if !errors.Is(err, kind) || errors.Is(err, flow.ErrDenied) {
			t.Errorf("%v is not %v", err, kind)
		}
	}
	if !errors.Is(down, io.ErrUnexpectedEOF) || down.Error() != "the service cannot do this now: try again" {
		t.Errorf("the cause is lost or its text is shown: %v", down)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, parts := range [][3]string{{"a", "b", "c"}, {"ab", "", "c"}, {"a", "bc", ""}, {"", "ab", "c"}, {"a", "b", "d"}} {
		id := string(flow.NewConversationID(flow.TenantID(parts[0]), parts[1], parts[2]))
		if seen[id] || len(id) != 32 {
			t.Errorf("%q has the id %s of another", parts, id)
		}
		seen[id] = true
		if id != string(flow.NewConversationID(flow.TenantID(parts[0]), parts[1], parts[2])) {
			t.Error("the same parts gave another id")
		}
		if key := flow.NewMessageKey(flow.TenantID(parts[0]), flow.ConnectionID(parts[1]), parts[2]); len(key) != 32 {
			t.Errorf("key %q", key)
		}
	}
}

func TestWeekdayOf(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i := range 7 {
		if got := flow.WeekdayOf(monday.AddDate(0, 0, i)); got != flow.Monday+flow.Weekday(i) {
			t.Errorf("day %d is %d", i, got)
		}
	}
}

func TestRunStates(t *testing.T) {
	t.Parallel()
	for state, open := range map[flow.RunState]bool{
		flow.RunRunning: true, flow.RunWaiting: true, flow.RunCompleted: false, flow.RunFailed: false, flow.RunCancelled: false, "": false,
	} {
		if state.Open() != open {
			t.Errorf("%q is open: %v", state, state.Open())
		}
	}
}
