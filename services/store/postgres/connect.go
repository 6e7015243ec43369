package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"smsflow/services/flow"
)

// connectError says why the database cannot be opened: where it was looked for, and what was wrong there. It never
// tells the password, nor anything else of the URL that a driver's text may repeat.
func connectError(ctx context.Context, c pq.Config, err error) error {
	at := net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	if c.Hostaddr.IsValid() {
		at = net.JoinHostPort(c.Hostaddr.String(), strconv.Itoa(int(c.Port)))
	}
	if len(c.Multi) > 0 {
		at += " and the others"
	}
	text := "postgres: " + at + ": " + connectCause(ctx, c, err)
	if pq.As(err) != nil && !errors.Is(kindOf(err), flow.ErrUnavailable) {
		return errors.New(text) // it will not get better by waiting
	}
	return &flow.Error{Kind: flow.ErrUnavailable, Reason: flow.ReasonUnavailable, Text: text, Cause: err}
}

func connectCause(ctx context.Context, c pq.Config, err error) string {
	var unknown *net.DNSError
	var network net.Error
	var authority x509.UnknownAuthorityError
	var certificate *tls.CertificateVerificationError
	switch {
	case pq.As(err, pqerror.InvalidPassword, pqerror.InvalidAuthorizationSpecification) != nil:
		return fmt.Sprintf("the server does not let the user %q in: check the user, the password and the server's pg_hba.conf", c.User)
	case pq.As(err, pqerror.InvalidCatalogName) != nil:
		return fmt.Sprintf("there is no database %q on the server: create it, with ENCODING 'UTF8'", c.Database)
	case pq.As(err, pqerror.TooManyConnections) != nil:
		return "the server has no connection left: let it have more, or end others"
	case pq.As(err, pqerror.CannotConnectNow) != nil:
		return "the server is starting or stopping"
	case pq.As(err) != nil:
		return fmt.Sprintf("the server refuses, with the code %s (%s)", pq.As(err).Code, pq.As(err).Code.Name())
	case errors.Is(err, pq.ErrSSLNotSupported):
		return "the server has no TLS: enable it there, or write sslmode=disable if the way to it is safe"
	case errors.As(err, &unknown):
		return "the host is not known: check its name"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused: is PostgreSQL running there, on this port?"
	case errors.As(err, &authority), errors.As(err, &certificate):
		return "the server's certificate could not be verified: name the one that signed it with sslrootcert=FILE"
	case errors.Is(ctx.Err(), context.Canceled):
		return "stopped while connecting"
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return "the server does not answer"
	default:
		return "the connection broke: is it PostgreSQL that listens there?"
	}
}
