package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

// Connection says how a server's gRPC port is reached.
type Connection struct {
	GRPC  string `name:"grpc" placeholder:"ADDR" default:"${grpc}" env:"SMSFLOW_GRPC" help:"Address of the server's gRPC port."`
	TLS   bool   `name:"tls" env:"SMSFLOW_TLS" help:"Use TLS, and trust what this machine trusts."`
	TLSCA string `name:"tls-ca" placeholder:"FILE" env:"SMSFLOW_TLS_CA" help:"Use TLS, and trust the certificates in this file (PEM)."`
}

// answerGrace is how much longer than the wait it asked for a client stays.
const answerGrace = 10 * time.Second

// submit hands one SMS in, as a gateway does.
func (c *Connection) submit(ctx context.Context, key string, req *smsflowv1.RouteInboundRequest) (*smsflowv1.RouteInboundResponse, error) {
	creds, err := c.credentials()
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(c.GRPC, grpc.WithTransportCredentials(creds), grpc.WithUserAgent("smsflow-send"))
	if err != nil {
		return nil, fmt.Errorf("--grpc is %q: %w", c.GRPC, err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, max(0, req.GetWait().AsDuration())+answerGrace)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
	res, err := smsflowv1.NewRouterServiceClient(conn).RouteInbound(ctx, req)
	if err != nil {
		return nil, c.readable(err)
	}
	return res, nil
}

func (c *Connection) credentials() (credentials.TransportCredentials, error) {
	switch {
	case c.TLSCA != "":
		pem, err := os.ReadFile(c.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tls-ca: %s holds no certificate", c.TLSCA)
		}
		return credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}), nil
	case c.TLS:
		return credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12}), nil
	default:
		return insecure.NewCredentials(), nil
	}
}

// readable turns a call's error into what a person can act on.
func (c *Connection) readable(err error) error {
	s := status.Convert(err)
	if s.Code() == codes.Unavailable && len(s.Details()) == 0 {
		return fmt.Errorf("no server answers on %s (%s): start one with `%s serve --demo`, or name its address with --grpc",
			c.GRPC, lastPart(s.Message()), program())
	}
	var b strings.Builder
	// The text of a bad request names the first of its fields; they are listed whole below it.
	text, _, _ := strings.Cut(printable(s.Message()), ": ")
	if s.Code() != codes.InvalidArgument || len(s.Details()) < 2 {
		text = printable(s.Message())
	}
	fmt.Fprintf(&b, "%s: %s", codeWord(s.Code()), text)
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fmt.Fprintf(&b, "\n%s %s", printable(v.GetField()), printable(v.GetDescription()))
			}
		case *errdetails.ErrorInfo:
			if d.GetReason() == "UNAUTHENTICATED" {
				b.WriteString("\nthe key is not one of this server's: is --key-file (or --data) the right one?")
			}
		case *errdetails.RetryInfo:
			fmt.Fprintf(&b, "\ntry again after %s with the same --id", d.GetRetryDelay().AsDuration())
		}
	}
	return errors.New(b.String())
}

// lastPart is the end of a chain of causes, which is the one that says something: "connection refused".
func lastPart(s string) string {
	if i := strings.LastIndex(s, ": "); i >= 0 {
		s = s[i+2:]
	}
	return strings.Trim(printable(s), `"`)
}

// codeWord writes a code as the documents do: invalid_argument.
func codeWord(code codes.Code) string {
	var b strings.Builder
	for i, r := range code.String() {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// program is how this program is called again: by `go run` if that has started it.
func program() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/smsflow"
	}
	return os.Args[0]
}
