package rpc_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/rpc"
)

// backend is what stands behind the servers of a test.
type backend struct {
	workflows rpc.Workflows
	router    rpc.Router
	ready     func(context.Context) error
	draining  chan struct{}
	page      http.Handler
	trusted   []string
	recheck   time.Duration
}

// servers are both ports, on the loopback, with a key for each set of scopes.
type servers struct {
	http, grpc string // addresses
	log        *logBook
	keys       *keyStore
	all        string // a token with every scope
}

// bugID is the id that every internal error gets in tests.
const bugID = "bug-1"

func (b backend) config(keys *keyStore, log io.Writer) rpc.Config {
	return rpc.Config{
		Workflows: b.workflows, Router: b.router, Gate: &access.Gate{Store: keys, Now: time.Now},
		Log: slog.New(slog.NewJSONHandler(log, nil)), Now: time.Now, NewID: func() string { return bugID },
		Ready: b.ready, Draining: b.draining, Page: b.page, TrustedOrigins: b.trusted, RecheckKey: b.recheck,
	}
}

func serve(t *testing.T, b backend) *servers {
	t.Helper()
	keys := &keyStore{byID: map[flow.KeyID]flow.Key{}}
	log := &logBook{}
	config := b.config(keys, log)
	s := &servers{log: log, keys: keys}
	s.all = s.key(t, "t1", flow.ScopeRouterIngest, flow.ScopeConfigRead, flow.ScopeConfigWrite)

	handler, err := rpc.NewHTTP(config)
	if err != nil {
		t.Fatal(err)
	}
	web := rpc.NewServer(handler, config.Log)
	s.http = run(t, web.Serve, func() { _ = web.Close() })
	if b.router != nil {
		native, err := rpc.NewGRPC(config)
		if err != nil {
			t.Fatal(err)
		}
		s.grpc = run(t, native.Serve, native.Stop)
	}
	return s
}

// run serves on a free port until the test ends.
func run(t testing.TB, serve func(net.Listener) error, stop func()) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, grpc.ErrServerStopped) {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

// key makes a key of a tenant and gives its token.
func (s *servers) key(t testing.TB, tenant flow.TenantID, scopes ...flow.Scope) string {
	t.Helper()
	key, token, err := access.NewKey(rand.Reader, flow.Key{Tenant: tenant, Connection: "c1", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.byID[key.ID] = key
	return token.Reveal()
}

type keyStore struct {
	mu   sync.Mutex
	byID map[flow.KeyID]flow.Key
}

func (k *keyStore) Key(_ context.Context, id flow.KeyID) (flow.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.byID[id]
	if !ok {
		return flow.Key{}, flow.NotFound("key")
	}
	return key, nil
}

// logBook keeps what was logged.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// raw is a message that is sent as it is.
type raw []byte

// request is a call to make: a message, or the bytes that stand for it in binary and in JSON.
type request struct {
	procedure string
	token     string // empty: no credentials
	message   proto.Message
	binary    raw
	json      string
	header    http.Header
}

// refusal is an error as a client sees it, in one form for all protocols.
type refusal struct {
	Code       string            `json:"code"`
	HTTP       int               `json:"http,omitempty"` // Connect only
	Message    string            `json:"message"`
	Reason     string            `json:"reason"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Violations []violation       `json:"violations,omitempty"`
	Details    []string          `json:"details"` // the types beside ErrorInfo and BadRequest
	Retry      string            `json:"retry,omitempty"`
}

type violation struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Text   string `json:"text"`
}

// protocol is one way to make a call. A nil refusal is a success; answer is filled with it.
type protocol struct {
	name string
	call func(t *testing.T, s *servers, r request, answer proto.Message) *refusal
}

func protocols() []protocol {
	return []protocol{
		{"connect json", callJSON},
		{"connect proto", func(t *testing.T, s *servers, r request, answer proto.Message) *refusal {
			t.Helper()
			return callConnect(t, s, r, answer)
		}},
		{"grpc-web", func(t *testing.T, s *servers, r request, answer proto.Message) *refusal {
			t.Helper()
			return callConnect(t, s, r, answer, connecthttp.WithGRPCWeb())
		}},
		{"grpc", func(t *testing.T, s *servers, r request, answer proto.Message) *refusal {
			t.Helper()
			return callConnect(t, s, r, answer, connecthttp.WithGRPC())
		}},
	}
}

// protocolsFor adds the gRPC port for what it serves.
func protocolsFor(procedure string) []protocol {
	if strings.HasPrefix(procedure, "/smsflow.v1.RouterService/") {
		return append(protocols(), protocol{"grpc-go", callNative})
	}
	return protocols()
}

// callJSON calls as curl does.
func callJSON(t *testing.T, s *servers, r request, answer proto.Message) *refusal {
	t.Helper()
	body := []byte(r.json)
	if r.json == "" && r.message != nil {
		var err error
		if body, err = protojson.Marshal(r.message); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.http+r.procedure, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	maps.Copy(req.Header, r.header)
	res, err := client(t, false).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode == http.StatusOK {
		if err := protojson.Unmarshal(text, answer); err != nil {
			t.Fatalf("answer: %v", err)
		}
		return nil
	}
	var wire struct {
		Code    string
		Message string
		Details []struct{ Type, Value string }
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		t.Fatalf("HTTP %d, and no JSON: %q", res.StatusCode, text)
	}
	got := &refusal{Code: wire.Code, Message: wire.Message, HTTP: res.StatusCode}
	for _, d := range wire.Details {
		value, err := base64.RawStdEncoding.DecodeString(d.Value)
		if err != nil {
			t.Fatal(err)
		}
		got.add(t, &connect.ErrorDetail{Type: d.Type, Value: value})
	}
	return got
}

// client is an HTTP client for one test: HTTP/1.1, or HTTP/2 without TLS as gRPC needs it.
func client(t *testing.T, h2 bool) *http.Client {
	t.Helper()
	p := new(http.Protocols)
	p.SetHTTP1(!h2)
	p.SetUnencryptedHTTP2(h2)
	transport := &http.Transport{Protocols: p, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func callConnect(t *testing.T, s *servers, r request, answer proto.Message, options ...connecthttp.Option) *refusal {
	t.Helper()
	options = append(options, connecthttp.WithCodecs(rawCodec{connectproto.NewBinaryCodec()}), connecthttp.WithCompressors())
	c := connect.NewClient(connecthttp.NewTransport(client(t, len(options) == 3), "http://"+s.http, options...))
	ctx, info := connect.NewClientContext(t.Context())
	if r.token != "" {
		info.RequestHeader().Set("Authorization", "Bearer "+r.token)
	}
	var msg any = r.message
	if r.binary != nil {
		msg = r.binary
	}
	err := c.CallUnary(ctx, connect.Spec{StreamType: connect.StreamTypeUnary, Procedure: r.procedure}, msg, answer)
	if err == nil {
		return nil
	}
	var e *connect.Error
	if !errors.As(err, &e) {
		t.Fatalf("no Connect error: %v", err)
	}
	got := &refusal{Code: e.Code().String(), Message: e.Message()}
	for _, d := range e.Details() {
		got.add(t, d)
	}
	return got
}

type rawCodec struct{ *connectproto.BinaryCodec }

func (c rawCodec) MarshalWrite(ctx context.Context, dst io.Writer, msg any) error {
	if r, ok := msg.(raw); ok {
		_, err := dst.Write(r)
		return err
	}
	return c.BinaryCodec.MarshalWrite(ctx, dst, msg)
}

func callNative(t *testing.T, s *servers, r request, answer proto.Message) *refusal {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+s.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx := t.Context()
	if r.token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+r.token)
	}
	var msg any = r.message
	if r.binary != nil {
		msg = r.binary
	}
	err = conn.Invoke(ctx, r.procedure, msg, answer, grpc.ForceCodecV2(rawNative{encoding.GetCodecV2(grpcproto.Name)}))
	if err == nil {
		return nil
	}
	st := status.Convert(err)
	got := &refusal{Code: connect.Code(st.Code()).String(), Message: st.Message()}
	for _, d := range st.Proto().GetDetails() {
		detail, err := connectproto.NewErrorDetail(d)
		if err != nil {
			t.Fatal(err)
		}
		got.add(t, detail)
	}
	return got
}

type rawNative struct{ encoding.CodecV2 }

func (c rawNative) Marshal(v any) (mem.BufferSlice, error) {
	if r, ok := v.(raw); ok {
		return mem.BufferSlice{mem.SliceBuffer(r)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// add reads one detail.
func (r *refusal) add(t *testing.T, d *connect.ErrorDetail) {
	t.Helper()
	msg, err := connectproto.UnmarshalErrorDetail(d)
	if err != nil {
		t.Fatalf("detail %s: %v", d.Type, err)
	}
	switch m := msg.(type) {
	case *errdetails.ErrorInfo:
		if m.GetDomain() != rpc.Domain {
			t.Errorf("ErrorInfo has the domain %q", m.GetDomain())
		}
		r.Reason, r.Metadata = m.GetReason(), m.GetMetadata()
	case *errdetails.BadRequest:
		for _, v := range m.GetFieldViolations() {
			r.Violations = append(r.Violations, violation{v.GetField(), v.GetReason(), v.GetDescription()})
		}
	case *errdetails.RetryInfo:
		r.Retry = m.GetRetryDelay().AsDuration().String()
	default:
		r.Details = append(r.Details, d.Type)
	}
}
