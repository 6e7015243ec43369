package flow

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of error. Each maps to one RPC code; errors.Is(err, kind) works through wrapping.
var (
	ErrInvalid         = errors.New("invalid")
	ErrUnauthenticated = errors.New("unauthenticated")
	ErrDenied          = errors.New("denied")
	ErrPrecondition    = errors.New("failed precondition")
	ErrNotFound        = errors.New("not found")
	ErrExists          = errors.New("already exists")
	ErrStale           = errors.New("stale")
	ErrTooLarge        = errors.New("too large")
	ErrExhausted       = errors.New("exhausted")
	ErrUnavailable     = errors.New("unavailable")
)

// Reasons name the cause for programs; they stand in google.rpc.ErrorInfo and never change.
const (
	ReasonInvalidFields     = "INVALID_FIELDS"
	ReasonMalformed         = "MALFORMED_REQUEST"
	ReasonUnauthenticated   = "UNAUTHENTICATED"
	ReasonScopeRequired     = "SCOPE_REQUIRED"
	ReasonSMSPlanRequired   = "SMS_PLAN_REQUIRED"
	ReasonFlagOff           = "SMS_WORKFLOWS_DISABLED"
	ReasonNotFound          = "NOT_FOUND"
	ReasonNameTaken         = "NAME_TAKEN"
	ReasonKeyReused         = "IDEMPOTENCY_KEY_REUSED"
	ReasonEtagMismatch      = "ETAG_MISMATCH"
	ReasonOrderMismatch     = "ORDER_MISMATCH"
	ReasonStepsRequired     = "STEPS_REQUIRED"
	ReasonAssistantRequired = "ASSISTANT_REQUIRED"
	ReasonAssistantInUse    = "ASSISTANT_IN_USE"
	ReasonLimitReached      = "LIMIT_REACHED"
	ReasonPageToken         = "PAGE_TOKEN_INVALID"
	ReasonTooLarge          = "TOO_LARGE"
	ReasonQueueFull         = "QUEUE_FULL"
	ReasonUnavailable       = "UNAVAILABLE"
	ReasonNumberNotOwned    = "NUMBER_NOT_OWNED"
	ReasonDelivery          = "DELIVERY_MISMATCH"
	ReasonNotRetryable      = "NOT_RETRYABLE"
	ReasonInternal          = "INTERNAL"
)

// Violation is one bad field. Field is its path in the noun, for example "steps[2].match_words.words[0]".
type Violation struct {
	Field  string
	Reason string // a constant for programs, for example "REQUIRED"
	Text   string // what is wrong and what to do
}

// Error is a failure that a caller can act on. Its text may leave the process: it holds no secrets and no driver text.
type Error struct {
	Kind       error // one of the kinds above
	Reason     string
	Text       string
	Violations []Violation       // with ErrInvalid
	Meta       map[string]string // for example the current etag
	RetryAfter time.Duration     // with ErrExhausted and ErrUnavailable
	Cause      error             // for the log; its text never leaves
}

// Error gives the text, and the violations behind it.
func (e *Error) Error() string {
	if len(e.Violations) == 0 {
		return e.Text
	}
	parts := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		parts[i] = v.Field + ": " + v.Text
	}
	return e.Text + ": " + strings.Join(parts, "; ")
}

// Is makes errors.Is(err, kind) work.
func (e *Error) Is(target error) bool { return e.Kind == target }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error of a kind.
func Errorf(kind error, reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// NotFound is the one answer for what is absent and for what is another tenant's.
func NotFound(what string) *Error {
	return Errorf(ErrNotFound, ReasonNotFound, "there is no such %s", what)
}

// Unavailable wraps a failure of something that the process needs, such as its database.
func Unavailable(cause error) *Error {
	return &Error{
		Kind: ErrUnavailable, Reason: ReasonUnavailable, Text: "the service cannot do this now: try again",
		RetryAfter: time.Second, Cause: cause,
	}
}

// Invalid makes one error of all violations; nil if there are none.
func Invalid(vs []Violation) error {
	if len(vs) == 0 {
		return nil
	}
	return &Error{Kind: ErrInvalid, Reason: ReasonInvalidFields, Text: "some fields are not valid", Violations: vs}
}
