package rpc

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"smsflow/services/access"
	"smsflow/services/flow"
)

// RecheckKey is how often the key of a stream is looked at anew. A stream whose key was revoked, has expired or has lost
// its scope is ended within it and access.MaxCacheAge, as long as the database answers; as long as it does not, nothing
// is committed either.
const RecheckKey = 3 * time.Second

// over waits for what ends a stream beside its two sides and gives the error that says so: the process begins to stop,
// or the key no longer holds.
func (s *nativeRouter) over(ctx context.Context, method string) error {
	in := incoming{method: method, protocol: protocolNative, authorization: authorizationOf(ctx)}
	look := time.NewTicker(s.recheck)
	defer look.Stop()
	for {
		select {
		case <-s.draining:
			return flow.Errorf(flow.ErrUnavailable, flow.ReasonUnavailable, "the server is stopping: go on with another one")
		case <-look.C:
			if _, err := s.edge.admit(ctx, in); err != nil && !errors.Is(err, flow.ErrUnavailable) && ctx.Err() == nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// receive reads the next message of a stream. io.EOF: the client has closed its side. unread is what in the message could
// not be read: it is usable all the same. A message may be larger here than MaxRequest, up to MaxRead, so that it can be
// told what is wrong with it and does not take the stream down with it.
func receive(stream grpc.ServerStream, msg proto.Message) (unread []flow.Violation, err error) {
	l := &letter{to: msg, limit: MaxRead}
	if err := stream.RecvMsg(l); err != nil {
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case stream.Context().Err() != nil:
			return nil, stream.Context().Err()
		}
		// grpc-go has sent its own status already, which ends the stream. This one is for the log.
		if status.Code(err) == codes.Internal {
			return nil, malformed("a message of the stream is not whole")
		}
		return nil, err
	}
	if bad, ok := errors.AsType[*fieldsError](l.err); ok {
		return bad.violations, nil
	}
	return nil, l.err
}

// part judges the error of one message of a stream, which goes on. The call's line of log comes at its end, so a bug is
// logged here.
func (e *edge) part(ctx context.Context, method string, p access.Principal, err error) answer {
	a := judge(ctx, err, e.newID)
	if a.bug {
		e.record(ctx, incoming{method: method, protocol: protocolNative}, p, 0, a, err)
	}
	return a
}

// background runs f beside the handler and gives its error, also if it panics; then the channel is closed.
func background(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() {
		var err error
		defer close(done)
		defer func() { done <- err }()
		defer func() {
			if r := recover(); r != nil {
				err = &panicked{value: r, stack: debug.Stack()}
			}
		}()
		err = f()
	}()
	return done
}

// signal wakes whoever waits on c, now or next; c has room for one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
