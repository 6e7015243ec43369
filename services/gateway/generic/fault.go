package generic

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"

	"code.dny.dev/ssrf"

	"smsflow/services/flow"
)

// unanswered says what an error instead of an answer means for the message. The error's own text stays here: it names
// addresses.
func unanswered(ctx context.Context, err error, mayHaveLeft bool) flow.Sent {
	switch {
	case mayHaveLeft && errors.Is(ctx.Err(), context.Canceled):
		return unknown("Sending was stopped before the gateway answered")
	case mayHaveLeft && timedOut(ctx, err):
		return unknown("The gateway did not answer in time")
	case mayHaveLeft:
		return unknown("The connection to the gateway broke before it answered")
	case guarded(err):
		return flow.Sent{
			State:  flow.OutboundFailed,
			Reason: "The connection's url leads to an address that is not public: whoever runs this server has to allow its network first.",
		}
	default:
		return flow.Sent{State: flow.OutboundPending, Reason: unreached(ctx, err)}
	}
}

// unreached says why there was no connection, in a sentence for people.
func unreached(ctx context.Context, err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return "Sending was stopped before the gateway was reached."
	case errors.As(err, &dns):
		return "The name of the gateway's host could not be resolved."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "The gateway's host refused the connection."
	case errors.As(err, &certificate):
		return "The gateway's TLS certificate is not valid for its address, or not trusted."
	case errors.As(err, &record), errors.As(err, &alert):
		return "The gateway's host does not speak TLS as it should."
	case timedOut(ctx, err):
		return "There was no connection to the gateway in time."
	default:
		return "There was no connection to the gateway."
	}
}

// guarded says whether our own guard refused the address.
func guarded(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedNetwork) ||
		errors.Is(err, ssrf.ErrProhibitedPort) || errors.Is(err, ssrf.ErrInvalidHostPort)
}

func timedOut(ctx context.Context, err error) bool {
	var timeout net.Error
	return errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
