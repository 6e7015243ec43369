package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"connectrpc.com/connect/v2"

	"smsflow/services/access"
	"smsflow/services/flow"
)

// edge is what every call passes, whatever the protocol: it says who is calling and whether they may, runs the call,
// turns what went wrong into an answer, and writes one line of log.
type edge struct {
	gate  *access.Gate
	log   *slog.Logger
	now   func() time.Time
	newID func() string
}

func newEdge(c Config) *edge { return &edge{gate: c.Gate, log: c.Log, now: c.Now, newID: c.NewID} }

// incoming is a call as it arrives, before its body is read.
type incoming struct {
	method        string // a full procedure: "/smsflow.v1.RouterService/RouteInbound"
	protocol      string
	authorization string
}

// call runs a call. ok is false if it failed, and then the answer is what the caller gets.
func (e *edge) call(ctx context.Context, in incoming, next func(context.Context) error) (a answer, ok bool) {
	start := e.now()
	var p access.Principal
	err := e.guarded(ctx, in, &p, next)
	if err != nil {
		a = judge(ctx, err, e.newID)
	}
	e.record(ctx, in, p, e.now().Sub(start), a, err)
	return a, err == nil
}

// guarded lets nobody in who may not, and turns a panic into an error.
func (e *edge) guarded(ctx context.Context, in incoming, p *access.Principal, next func(context.Context) error) (err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case http.ErrAbortHandler: // net/http's own way to end an answer
			panic(r)
		default:
			err = &panicked{value: r, stack: debug.Stack()}
		}
	}()
	if !access.Known(in.method) {
		return errUnimplemented
	}
	if !access.Public(in.method) {
		if *p, err = e.admit(ctx, in); err != nil {
			return err
		}
		ctx = access.WithPrincipal(ctx, *p)
	}
	return next(ctx)
}

// admit says who is calling, if they may.
func (e *edge) admit(ctx context.Context, in incoming) (access.Principal, error) {
	p, err := e.gate.Authenticate(ctx, in.authorization)
	if err != nil {
		return access.Principal{}, err
	}
	return p, e.gate.Allow(p, in.method)
}

var (
	// errUnimplemented is the error of a method that is not served.
	errUnimplemented = errors.New("there is no such method")
	// errNativeOnly is the error of a method that the HTTP port does not serve.
	errNativeOnly = errors.New("the method is served on the gRPC port only")
)

// panicked is a bug that has shown itself as a panic.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// record writes the call's line. It names no field's value: those are numbers and texts of people.
func (e *edge) record(ctx context.Context, in incoming, p access.Principal, took time.Duration, a answer, err error) {
	level, code := slog.LevelInfo, codeOK
	attrs := make([]slog.Attr, 0, 9)
	method := in.method
	if err != nil {
		code = a.code.String()
		attrs = append(attrs, slog.String("reason", a.reason))
	}
	if !access.Known(method) {
		method = "unknown" // the caller's text
	}
	switch {
	case a.bug:
		level = slog.LevelError
		attrs = append(attrs, slog.String("id", a.meta["id"]), slog.Any("error", err))
		if bug, ok := errors.AsType[*panicked](err); ok {
			attrs = append(attrs, slog.String("stack", string(bug.stack)))
		}
	case err == nil && access.Public(method):
		level = slog.LevelDebug // probes come every few seconds
	case a.code == connect.CodeUnavailable:
		level = slog.LevelWarn
		if failed, ok := errors.AsType[*flow.Error](err); ok && failed.Cause != nil {
			attrs = append(attrs, slog.Any("error", failed.Cause))
		}
	}
	attrs = append(attrs,
		slog.String("method", method), slog.String("protocol", in.protocol), slog.String("code", code),
		slog.Duration("duration", took), slog.String("tenant", string(p.Tenant)), slog.String("subject", p.Subject))
	e.log.LogAttrs(ctx, level, "call", attrs...)
}

// received says what an error of reading a request means. in gathers the fields that could not be read: the message is
// usable then, and the handler refuses it together with what else is wrong.
func received(ctx context.Context, err error, in *unread) error {
	if err == nil {
		return nil
	}
	if bad, ok := errors.AsType[*fieldsError](err); ok {
		in.violations = bad.violations
		return nil
	}
	switch connect.CodeOf(err) {
	case connect.CodeResourceExhausted:
		return tooLarge()
	case connect.CodeCanceled, connect.CodeDeadlineExceeded:
		return contextError(ctx, err)
	case connect.CodeInvalidArgument, connect.CodeInternal, connect.CodeUnimplemented:
		return malformed(messageOf(err))
	default:
	}
	if errors.Is(err, io.EOF) {
		return err // the end of a stream
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return malformed("it could not be read to its end")
}

// contextError gives the context's own error for a transport's.
func contextError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case connect.CodeOf(err) == connect.CodeDeadlineExceeded:
		return context.DeadlineExceeded
	default:
		return context.Canceled
	}
}

func messageOf(err error) string {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		return e.Message()
	}
	return err.Error()
}
