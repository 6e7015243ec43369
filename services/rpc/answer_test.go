package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"smsflow/services/flow"
)

// TestManyViolations: what does not fit into a trailer is left out there, and only there, and the answer says so.
func TestManyViolations(t *testing.T) {
	t.Parallel()
	var vs []flow.Violation
	for i := range flow.MaxViolations {
		vs = append(vs, flow.Violation{Field: element("workflow.steps", i), Reason: "REQUIRED", Text: strings.Repeat("long ", 40) + "\xff"})
	}
	a := judge(t.Context(), flow.Invalid(vs), nil)
	s := status.Convert(a.status())
	if size := proto.Size(s.Proto()); size > 6<<10 {
		t.Errorf("the status has %d bytes", size)
	}
	count := func(details []any) (n int, left string) {
		for _, d := range details {
			switch d := d.(type) {
			case *errdetails.BadRequest:
				n = len(d.GetFieldViolations())
			case *errdetails.ErrorInfo:
				left = d.GetMetadata()["violations_left_out"]
			}
		}
		return n, left
	}
	if n, left := count(s.Details()); n < 10 || n >= len(vs) || left != fmt.Sprint(len(vs)-n) {
		t.Errorf("%d violations, %q left out", n, left)
	}
	var whole []any
	for _, d := range a.details(a.violations) {
		whole = append(whole, d)
	}
	if n, left := count(whole); n != len(vs) || left != "" {
		t.Errorf("over Connect: %d violations, %q left out", n, left)
	}
}

// TestCodes: Connect's numbers are gRPC's.
func TestCodes(t *testing.T) {
	t.Parallel()
	for c := codes.Canceled; c <= codes.Unauthenticated; c++ {
		if got := strings.ReplaceAll(connect.Code(c).String(), "_", ""); got != strings.ToLower(c.String()) {
			t.Errorf("%d is %s and %s", c, got, c)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	expired, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	ended, end := context.WithCancel(t.Context())
	end()
	remote := connect.NewError(connect.CodeNotFound, "of another server").WithRemote()
	cases := []struct {
		name   string
		ctx    context.Context //nolint:containedctx // a table of cases
		err    error
		code   connect.Code
		reason string
	}{
		{"outage", t.Context(), flow.Unavailable(errors.New("x")), connect.CodeUnavailable, flow.ReasonUnavailable},
		{"outage by a deadline of our own", t.Context(), flow.Unavailable(context.DeadlineExceeded), connect.CodeUnavailable, flow.ReasonUnavailable},
		{"outage because the caller's time is up", expired, flow.Unavailable(errors.New("x")), connect.CodeDeadlineExceeded, ReasonDeadline},
		{"outage because the caller is gone", ended, flow.Unavailable(errors.New("x")), connect.CodeCanceled, ReasonCancelled},
		{"not found although the time is up", expired, flow.NotFound("x"), connect.CodeNotFound, flow.ReasonNotFound},
		{"the outermost kind counts", t.Context(), flow.Unavailable(flow.NotFound("x")), connect.CodeUnavailable, flow.ReasonUnavailable},
		{"wrapped", t.Context(), fmt.Errorf("a: %w", fmt.Errorf("b: %w", flow.NotFound("x"))), connect.CodeNotFound, flow.ReasonNotFound},
		{"bare kind", t.Context(), fmt.Errorf("a: %w", flow.ErrTooLarge), connect.CodeResourceExhausted, flow.ReasonTooLarge},
		{"no kind", t.Context(), &flow.Error{Text: "secret"}, connect.CodeInternal, flow.ReasonInternal},
		{"connect's own", t.Context(), connect.NewError(connect.CodeOutOfRange, "x"), connect.CodeOutOfRange, "OUT_OF_RANGE"},
		{"connect's own bug", t.Context(), connect.NewError(connect.CodeInternal, "secret"), connect.CodeInternal, flow.ReasonInternal},
		{"another server's", t.Context(), remote, connect.CodeInternal, flow.ReasonInternal},
		{"grpc-go's own", t.Context(), status.Error(codes.NotFound, "x"), connect.CodeNotFound, "NOT_FOUND"},
	}
	for _, c := range cases {
		a := judge(c.ctx, c.err, func() string { return "id-1" })
		if a.code != c.code || a.reason != c.reason || strings.Contains(a.text, "secret") {
			t.Errorf("%s: %s %s %q", c.name, a.code, a.reason, a.text)
		}
		if retry := a.retryAfter > 0; retry != (c.code == connect.CodeUnavailable) {
			t.Errorf("%s: retry after %s", c.name, a.retryAfter)
		}
	}
}
