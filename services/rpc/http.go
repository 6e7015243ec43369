package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"

	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/access"
)

// Limits of the HTTP port.
const (
	// ReadHeaderTimeout bounds how long a client may take to send a request's headers.
	ReadHeaderTimeout = 5 * time.Second
	// ReadTimeout bounds how long it may take to send the whole request. It is longer than any answer may take (a
	// wait of 60 s), because net/http ends the handler's context when it passes.
	ReadTimeout = 90 * time.Second
	// IdleTimeout is how long a connection without a call stays open.
	IdleTimeout = 2 * time.Minute
	// PingAfter and PingTimeout find HTTP/2 clients that are gone without a word.
	PingAfter   = time.Minute
	PingTimeout = 20 * time.Second
	// WriteStall is how long an HTTP/2 client may take nothing of an answer.
	WriteStall = 30 * time.Second
	// envelope is what gRPC and gRPC-Web put around one message, and a little room.
	envelope = 1 << 10
)

// NewHTTP makes the handler of the HTTP port: the configured services over Connect, gRPC-Web and gRPC, health and
// reflection over the same, /healthz and /readyz for probes that speak plain HTTP, and the page on every other path.
// It fails if a served method has no row in the access table. Serve it with NewServer, which sets what a handler cannot.
func NewHTTP(c Config) (http.Handler, error) {
	if err := c.verify(); err != nil {
		return nil, err
	}
	check, err := newChecker()
	if err != nil {
		return nil, err
	}
	e := newEdge(c)
	server := connect.NewServer(e.connect)
	if c.Workflows != nil {
		smsflowv1connect.RegisterWorkflowServiceHandler(server, &workflowService{use: c.Workflows, check: check})
		smsflowv1connect.RegisterAssistantServiceHandler(server, &assistantService{use: c.Workflows, check: check})
	}
	if c.Router != nil {
		smsflowv1connect.RegisterRouterServiceHandler(server, webRouter{&routerService{use: c.Router, check: check}})
	}
	ready := newReadiness(c)
	registerHealth(server, newHealth(ready, serviceNames(server)))
	grpcreflect.Register(server)
	server.SetUnknownHandler(func(context.Context, connect.Spec, connect.ServerStream) error { return errUnimplemented })
	return e.mux(c, server, ready)
}

// mux puts the services, the probes and the page together.
func (e *edge) mux(c Config, server *connect.Server, ready *readiness) (http.Handler, error) {
	var procedures []string
	for spec := range server.Specs() {
		procedures = append(procedures, spec.Procedure)
	}
	if err := gated(procedures); err != nil {
		return nil, err
	}
	calls := http.NewServeMux()
	connecthttp.Mount(calls, server,
		connecthttp.WithCodecs(codecs()...),
		connecthttp.WithCompressors(), // a compressed request is small on the wire only
		connecthttp.WithReadMaxBytes(MaxRequest),
	)
	guard := http.MaxBytesHandler(e.preflight(calls), MaxRequest+envelope)
	mux := http.NewServeMux()
	for _, name := range serviceNames(server) {
		mux.Handle("/"+name+"/", guard)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { probe(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if !ready.ready(r.Context()) {
			probe(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		probe(w, http.StatusOK, "ok")
	})
	if c.Page != nil {
		mux.Handle("/", c.Page)
	}
	// Browsers name the site that a request comes from; what comes from another one is refused. Other clients name
	// none and pass.
	origins := http.NewCrossOriginProtection()
	for _, o := range c.TrustedOrigins {
		if err := origins.AddTrustedOrigin(o); err != nil {
			return nil, fmt.Errorf("rpc: trusted origin: %w", err)
		}
	}
	origins.SetDenyHandler(http.HandlerFunc(e.denyOrigin))
	return origins.Handler(mux), nil
}

func probe(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// A probe that is gone cannot be told.
	_, _ = w.Write([]byte(text + "\n"))
}

// gated says which of the methods nobody has decided about.
func gated(methods []string) error {
	if missing := access.Missing(methods); len(missing) > 0 {
		return errors.New("rpc: methods without a row in the access table: " + strings.Join(missing, ", "))
	}
	return nil
}

// serviceNames are the full names of the services on a server, in order of registration.
func serviceNames(server *connect.Server) []string {
	var list []string
	seen := map[string]bool{}
	for spec := range server.Specs() {
		name, _, _ := strings.Cut(strings.TrimPrefix(spec.Procedure, "/"), "/")
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// NewServer makes the HTTP server around a handler, with the limits that only a server can hold: HTTP/1.1, and HTTP/2
// with TLS or without (gRPC clients begin without).
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeaders,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: MaxStreams, SendPingTimeout: PingAfter, PingTimeout: PingTimeout, WriteByteTimeout: WriteStall,
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// connect is the edge as an interceptor. It runs before the body of a request is read.
func (e *edge) connect(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		in := incoming{method: spec.Procedure}
		info, ok := connect.CallInfoForServerContext(ctx)
		if ok {
			in.protocol, in.authorization = info.Protocol, info.RequestHeader().Get("Authorization")
		}
		a, ok := e.call(ctx, in, func(ctx context.Context) error {
			ctx, fields := withUnread(ctx)
			return next(ctx, spec, &readingStream{ServerStream: stream, ctx: ctx, unread: fields})
		})
		if ok {
			return nil
		}
		if a.code == connect.CodeUnauthenticated && info != nil {
			info.ResponseHeader().Set("Www-Authenticate", "Bearer")
		}
		return a.connectError(in.protocol)
	}
}

// readingStream gives our errors for the transport's.
type readingStream struct {
	connect.ServerStream
	ctx    context.Context //nolint:containedctx // the stream lives as long as the call, and Receive takes no context
	unread *unread
}

func (s *readingStream) Receive(msg any) error {
	return received(s.ctx, s.ServerStream.Receive(msg), s.unread)
}
