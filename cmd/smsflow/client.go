package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/app"
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
	if err := c.checkAddress(); err != nil {
		return nil, err
	}
	creds, err := c.credentials()
	if err != nil {
		return nil, err
	}
	begun := &sent{}
	conn, err := grpc.NewClient(c.GRPC, grpc.WithTransportCredentials(creds), grpc.WithUserAgent("smsflow-send"), grpc.WithStatsHandler(begun))
	if err != nil {
		return nil, fmt.Errorf("--grpc is %q: %w", c.GRPC, err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, max(0, req.GetWait().AsDuration())+answerGrace)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
	res, err := smsflowv1.NewRouterServiceClient(conn).RouteInbound(ctx, req)
	if err != nil {
		return nil, again(err, c.readable(err, begun), req.GetGatewayMessageId(), begun.Load())
	}
	return res, nil
}

// sent notices whether a call has left this machine: until then the server knows nothing of it.
type sent struct{ atomic.Bool }

func (s *sent) HandleRPC(_ context.Context, event stats.RPCStats) {
	if _, ok := event.(*stats.OutHeader); ok {
		s.Store(true)
	}
}

func (*sent) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (*sent) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*sent) HandleConn(context.Context, stats.ConnStats)                       {}

// again adds how a message is sent again if that may help.
func again(err, readable error, id string, begun bool) error {
	s := status.Convert(err)
	for _, detail := range s.Details() {
		if _, ok := detail.(*errdetails.RetryInfo); ok {
			return fmt.Errorf("%w, with --id %s", readable, printable(id))
		}
	}
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Internal, codes.Unknown:
		if begun {
			return fmt.Errorf("%w\nthe outcome is unknown: send the message again with --id %s, which is safe", readable, printable(id))
		}
	default:
	}
	return readable
}

// checkAddress refuses what gRPC would take for another address than was meant: without a port it dials 443.
func (c *Connection) checkAddress() error {
	if strings.Contains(c.GRPC, "/") || strings.HasPrefix(c.GRPC, "unix:") {
		return nil // a target as gRPC writes them
	}
	_, port, err := net.SplitHostPort(c.GRPC)
	if n, notNumber := strconv.ParseUint(port, 10, 16); err != nil || notNumber != nil || n == 0 {
		return fmt.Errorf("--grpc (SMSFLOW_GRPC) is %q: write HOST:PORT, for example %s", c.GRPC, app.DefaultGRPC)
	}
	return nil
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
func (c *Connection) readable(err error, begun *sent) error {
	s := status.Convert(err)
	if len(s.Details()) == 0 {
		switch code := s.Code(); {
		case !begun.Load() && (code == codes.Unavailable || code == codes.DeadlineExceeded):
			return c.unreachable(s.Message())
		case code == codes.Unavailable:
			return fmt.Errorf("the server on %s has stopped, or the connection was cut (%s)", c.GRPC, lastPart(s.Message()))
		case code == codes.DeadlineExceeded:
			return fmt.Errorf("the server on %s has not answered in time", c.GRPC)
		}
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
			switch d.GetReason() {
			case "UNAUTHENTICATED":
				b.WriteString("\nthe key is not one of this server's: is --key-file (or --data) the right one?")
			case "SCOPE_REQUIRED":
				fmt.Fprintf(&b, "\n--key-file has to name a gateway's key, which has the scope %s: the demo's is DIR/%s", printable(d.GetMetadata()["scope"]), app.DemoGatewayFile)
			}
		case *errdetails.RetryInfo:
			fmt.Fprintf(&b, "\ntry again after %s", d.GetRetryDelay().AsDuration())
		}
	}
	return errors.New(b.String())
}

// unreachable says why there is no connection. gRPC gives its causes as text only.
func (c *Connection) unreachable(why string) error {
	withTLS := c.TLS || c.TLSCA != ""
	switch {
	case withTLS && strings.Contains(why, "first record does not look like a TLS handshake"):
		return fmt.Errorf("the server on %s does not speak TLS: leave out --tls and --tls-ca (SMSFLOW_TLS, SMSFLOW_TLS_CA), or name another address with --grpc", c.GRPC)
	case withTLS && strings.Contains(why, "certificate signed by unknown authority"):
		return fmt.Errorf("the certificate of the server on %s is not trusted: name a file with it, or with the one that signed it, with --tls-ca", c.GRPC)
	case withTLS && strings.Contains(why, "certificate"):
		return fmt.Errorf("the certificate of the server on %s does not fit (%s): call the server by a name that the certificate has, or renew it", c.GRPC, lastPart(why))
	case withTLS && strings.Contains(why, "handshake"):
		return fmt.Errorf("the server on %s and this program do not agree on TLS (%s): is it smsflow's gRPC port?", c.GRPC, lastPart(why))
	case !withTLS && strings.Contains(why, "server preface"):
		return fmt.Errorf("what listens on %s does not answer in gRPC without TLS: if the server has TLS give --tls, or --tls-ca with its certificate, else name smsflow's gRPC port with --grpc", c.GRPC)
	default:
		return fmt.Errorf("no server answers on %s (%s): start one with `%s serve --demo`, or name its address with --grpc", c.GRPC, lastPart(why), program())
	}
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
