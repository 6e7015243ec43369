package rpc

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"smsflow/services/flow"
)

// Domain stands in every google.rpc.ErrorInfo.
const Domain = "smsflow"

// Reasons that only the edge gives; the others are flow's.
const (
	// ReasonUnimplemented: there is no such method.
	ReasonUnimplemented = "UNIMPLEMENTED"
	// ReasonCompression: the request is compressed.
	ReasonCompression = "COMPRESSION_UNSUPPORTED"
	// ReasonCrossOrigin: a browser sent the request for another site.
	ReasonCrossOrigin = "CROSS_ORIGIN"
	// ReasonDeadline: the caller's time was up; what became of the call is unknown.
	ReasonDeadline = "DEADLINE_EXCEEDED"
	// ReasonCancelled: the caller went away.
	ReasonCancelled = "CANCELLED"
)

const (
	// defaultRetry is when to try again if the error does not say.
	defaultRetry = time.Second
	// maxTrailerDetails bounds the details of an error over gRPC and gRPC-Web, in bytes: they travel base64-coded in
	// one trailer, and common clients refuse more than 8 KiB of those. Over Connect they are in the body, whole.
	maxTrailerDetails = 5 << 10
	// maxListed is how many violations the text of an error names; the details have them all.
	maxListed = 3
)

// answer is how an error looks from outside, whatever the protocol.
type answer struct {
	code       connect.Code
	reason     string
	text       string
	meta       map[string]string
	violations []flow.Violation
	retryAfter time.Duration
	// bug: the text says nothing but the id of the log's entry.
	bug bool
}

// row is one row of the table of errors: a kind and its code. reason and text stand in for those of an error that has
// nothing but its kind.
type row struct {
	kind         error
	code         connect.Code
	reason, text string
}

// table is the one place where kinds become codes, for every protocol.
func table() []row {
	return []row{
		{flow.ErrInvalid, connect.CodeInvalidArgument, flow.ReasonInvalidFields, "the request is not valid"},
		{flow.ErrUnauthenticated, connect.CodeUnauthenticated, flow.ReasonUnauthenticated, "the call needs a valid key"},
		{flow.ErrDenied, connect.CodePermissionDenied, "DENIED", "the caller may not do this"},
		{flow.ErrPrecondition, connect.CodeFailedPrecondition, "FAILED_PRECONDITION", "this cannot be done in the present state"},
		{flow.ErrNotFound, connect.CodeNotFound, flow.ReasonNotFound, "there is no such thing"},
		{flow.ErrExists, connect.CodeAlreadyExists, "ALREADY_EXISTS", "there is one already"},
		{flow.ErrStale, connect.CodeAborted, "STALE", "it has changed meanwhile: read it again"},
		{flow.ErrTooLarge, connect.CodeResourceExhausted, flow.ReasonTooLarge, "the request is too large: send less"},
		{flow.ErrExhausted, connect.CodeResourceExhausted, "EXHAUSTED", "too much is asked for at once: try again later"},
		{flow.ErrUnavailable, connect.CodeUnavailable, flow.ReasonUnavailable, "the service cannot do this now: try again"},
	}
}

// judge turns an error into its answer. ctx is the call's: a database that failed because the caller's time was up is
// the caller's deadline and no outage. What is not known is a bug: newID names it, and its text stays inside.
func judge(ctx context.Context, err error, newID func() string) answer {
	// The outermost error counts: its causes may be of other kinds.
	e, ok := errors.AsType[*flow.Error](err)
	if !ok {
		e = &flow.Error{}
	}
	for _, r := range table() {
		if e.Kind != r.kind && (ok || !errors.Is(err, r.kind)) { //nolint:errorlint // kinds are compared as they are
			continue
		}
		if r.code == connect.CodeUnavailable && ctx.Err() != nil {
			return contextAnswer(ctx.Err())
		}
		return answer{
			code: r.code, reason: cmp.Or(e.Reason, r.reason), text: cmp.Or(e.Text, r.text) + listed(e.Violations),
			meta: e.Meta, violations: e.Violations, retryAfter: retryAfter(r.kind, e.RetryAfter),
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return contextAnswer(err)
	}
	if errors.Is(err, errUnimplemented) {
		return answer{code: connect.CodeUnimplemented, reason: ReasonUnimplemented, text: "there is no such method here"}
	}
	if errors.Is(err, errNativeOnly) {
		return answer{
			code: connect.CodeUnimplemented, reason: ReasonUnimplemented,
			text: "streams are served on the gRPC port only, which is another one (localhost:9090 if nothing else is set): call it there with gRPC",
		}
	}
	if a, ok := transportAnswer(err); ok {
		return a
	}
	id := newID()
	return answer{
		code: connect.CodeInternal, reason: flow.ReasonInternal, bug: true, meta: map[string]string{"id": id},
		text: "something went wrong inside the service: report the id " + id,
	}
}

func contextAnswer(err error) answer {
	if errors.Is(err, context.DeadlineExceeded) {
		return answer{
			code: connect.CodeDeadlineExceeded, reason: ReasonDeadline,
			text: "the time of the call was up and its outcome is not known: repeat it with the same id",
		}
	}
	return answer{code: connect.CodeCanceled, reason: ReasonCancelled, text: "the caller ended the call"}
}

// transportAnswer passes on what the protocols' own handlers (health, reflection) say on purpose.
func transportAnswer(err error) (answer, bool) {
	var code connect.Code
	var text string
	if e, ok := errors.AsType[*connect.Error](err); ok && !e.IsRemote() {
		code, text = e.Code(), e.Message()
	} else if s, ok := status.FromError(err); ok {
		code, text = connect.Code(s.Code()), s.Message()
	}
	switch code {
	case 0, connect.CodeUnknown, connect.CodeInternal, connect.CodeDataLoss:
		return answer{}, false
	default:
		return answer{code: code, reason: strings.ToUpper(code.String()), text: text}, true
	}
}

func retryAfter(kind error, asked time.Duration) time.Duration {
	if !errors.Is(kind, flow.ErrUnavailable) && !errors.Is(kind, flow.ErrExhausted) {
		return 0
	}
	if asked > 0 {
		return asked
	}
	return defaultRetry
}

// listed repeats the first violations in the text, for those who see nothing else.
func listed(vs []flow.Violation) string {
	if len(vs) == 0 {
		return ""
	}
	var b strings.Builder
	for i, v := range vs[:min(len(vs), maxListed)] {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(v.Field + " " + v.Text)
	}
	if more := len(vs) - maxListed; more > 0 {
		b.WriteString("; and " + strconv.Itoa(more) + " more")
	}
	return b.String()
}

// details are the answer's google.rpc messages: ErrorInfo first, then what the code calls for.
func (a answer) details(violations []flow.Violation) []proto.Message {
	info := &errdetails.ErrorInfo{Reason: a.reason, Domain: Domain}
	for k, v := range a.meta {
		if info.Metadata == nil {
			info.Metadata = make(map[string]string, len(a.meta))
		}
		info.Metadata[clean(k)] = clean(v)
	}
	if left := len(a.violations) - len(violations); left > 0 {
		if info.Metadata == nil {
			info.Metadata = map[string]string{}
		}
		info.Metadata["violations_left_out"] = strconv.Itoa(left)
	}
	list := []proto.Message{info}
	text := clean(a.text)
	switch a.code {
	case connect.CodeInvalidArgument:
		if len(violations) > 0 {
			list = append(list, badRequest(violations))
		}
	case connect.CodeFailedPrecondition:
		list = append(list, &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: a.reason, Description: text},
		}})
	case connect.CodeNotFound, connect.CodeAlreadyExists:
		// No name: the answer to an id that is absent and to another tenant's must not differ.
		list = append(list, &errdetails.ResourceInfo{Description: text})
	case connect.CodeResourceExhausted:
		if a.retryAfter > 0 {
			list = append(list, &errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{
				{Subject: "tenant", Description: text},
			}})
		}
	default:
	}
	if a.retryAfter > 0 {
		list = append(list, &errdetails.RetryInfo{RetryDelay: durationpb.New(a.retryAfter)})
	}
	return list
}

func badRequest(vs []flow.Violation) *errdetails.BadRequest {
	bad := &errdetails.BadRequest{FieldViolations: make([]*errdetails.BadRequest_FieldViolation, len(vs))}
	for i, v := range vs {
		bad.FieldViolations[i] = &errdetails.BadRequest_FieldViolation{
			Field: clean(v.Field), Reason: clean(v.Reason), Description: clean(v.Text),
		}
	}
	return bad
}

// clean makes a text fit for protobuf, which refuses what is not UTF-8: callers' bytes may be quoted in it.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// connectError is the answer for Connect, gRPC and gRPC-Web on the HTTP port.
func (a answer) connectError(protocol string) error {
	violations := a.violations
	if protocol != connect.ProtocolNameConnect {
		violations = a.fitting()
	}
	err := connect.NewError(a.code, clean(a.text))
	for _, d := range a.details(violations) {
		// Marshalling fails only for what is not UTF-8, which clean has seen to.
		if detail, packErr := connectproto.NewErrorDetail(d); packErr == nil {
			err = err.WithDetail(detail)
		}
	}
	return err
}

// status is the answer for grpc-go.
func (a answer) status() error {
	s := &statuspb.Status{Code: int32(a.code), Message: clean(a.text)}
	for _, d := range a.details(a.fitting()) {
		if packed, err := anypb.New(d); err == nil {
			s.Details = append(s.Details, packed)
		}
	}
	return status.FromProto(s).Err()
}

// fitting are the violations that fit into a trailer: nearly always all of them.
func (a answer) fitting() []flow.Violation {
	n := len(a.violations)
	for n > 1 && proto.Size(badRequest(a.violations[:n])) > maxTrailerDetails {
		n -= (n + 7) / 8
	}
	return a.violations[:n]
}

// codeOK is how logs show a success.
const codeOK = "ok"
