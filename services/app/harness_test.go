package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/gen/smsflow/v1/smsflowv1connect"
	"smsflow/services/access"
	"smsflow/services/flow"
	"smsflow/services/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a running App with clients for it.
type server struct {
	*App
	log  *logBook
	stop func() error // ends Run and gives what it said

	gateway    smsflowv1.RouterServiceClient // with the demo's gateway key
	workflows  smsflowv1connect.WorkflowServiceClient
	assistants smsflowv1connect.AssistantServiceClient
	native     *grpc.ClientConn // without a key
}

// eachStore runs a test over both databases; the place is fresh.
func eachStore(t *testing.T, test func(t *testing.T, place StoreConfig)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, StoreConfig{Data: t.TempDir()})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, StoreConfig{Data: t.TempDir(), DatabaseURL: storetest.Postgres(t)})
	})
}

// demoConfig is a demo on free ports, where assistants may be on this machine.
func demoConfig(place StoreConfig) Config {
	return Config{
		StoreConfig: place, HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0", Demo: true, LogFormat: "json", LogLevel: "debug",
		AllowPrivateAssistants: []string{"127.0.0.0/8"},
	}
}

// start runs a demo server until the test ends.
func start(tb testing.TB, c Config) *server {
	tb.Helper()
	return startTimed(tb, c, timing{drain: drainLimit}, false)
}

// startTimed is start with another timing. crashes: the test may end it in a way that makes Run fail.
func startTimed(tb testing.TB, c Config, with timing, crashes bool) *server {
	tb.Helper()
	s := &server{log: &logBook{}}
	log, err := c.NewLog(s.log)
	if err != nil {
		tb.Fatal(err)
	}
	if s.App, err = newApp(tb.Context(), c, log, with); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		err := <-ran
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
		return err
	})
	tb.Cleanup(func() {
		if err := s.stop(); err != nil && !crashes {
			tb.Errorf("Run: %v", err)
		}
	})
	s.native = s.dial(tb)
	s.gateway = smsflowv1.NewRouterServiceClient(&keyed{s.native, s.token(tb, DemoGatewayFile)})
	client := s.connect(tb, s.token(tb, DemoConfigFile))
	s.workflows, s.assistants = smsflowv1connect.NewWorkflowServiceClient(client), smsflowv1connect.NewAssistantServiceClient(client)
	return s
}

// token reads one of the demo's keys.
func (s *server) token(tb testing.TB, file string) string {
	tb.Helper()
	raw, err := os.ReadFile(s.config.File(file))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

func (s *server) dial(tb testing.TB) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// keyed sends a key with each call.
type keyed struct {
	*grpc.ClientConn
	token string
}

func (k *keyed) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return k.ClientConn.Invoke(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+k.token), method, args, reply, opts...)
}

// connect makes a client of the HTTP port.
func (s *server) connect(tb testing.TB, token string, options ...connecthttp.Option) *connect.Client {
	tb.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true) // gRPC needs it
	transport := &http.Transport{Protocols: protocols}
	tb.Cleanup(transport.CloseIdleConnections)
	return connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: bearer{transport, token}}, "http://"+s.HTTPAddr().String(), options...))
}

// bearer adds a key to each request.
type bearer struct {
	to    http.RoundTripper
	token string
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.to.RoundTrip(r)
}

// routeWait is longer than any answer in these tests takes.
const routeWait = 20 * time.Second

// route submits a new message from a contact to the demo's number.
func (s *server) route(tb testing.TB, from, body string) *smsflowv1.RouteInboundResponse {
	tb.Helper()
	return s.deliver(tb, uuid.NewString(), from, body)
}

// deliver submits a message with an id.
func (s *server) deliver(tb testing.TB, id, from, body string) *smsflowv1.RouteInboundResponse {
	tb.Helper()
	res, err := s.gateway.RouteInbound(tb.Context(), &smsflowv1.RouteInboundRequest{
		GatewayMessageId: id, From: from, To: DemoNumber, Body: body, Wait: durationpb.New(routeWait),
	})
	if err != nil {
		tb.Fatalf("RouteInbound(%q): %v", body, err)
	}
	return res
}

// workflow finds one of the demo tenant's workflows by its name.
func (s *server) workflow(tb testing.TB, name string) *smsflowv1.Workflow {
	tb.Helper()
	list, err := s.workflows.ListWorkflows(tb.Context(), &smsflowv1.ListWorkflowsRequest{PageSize: 200})
	if err != nil {
		tb.Fatal(err)
	}
	for _, w := range list.GetWorkflows() {
		if w.GetName() == name {
			return w
		}
	}
	tb.Fatalf("there is no workflow %q", name)
	return nil
}

// addTenant makes another tenant with a number and a key for everything, and gives the key.
func (s *server) addTenant(tb testing.TB, id flow.TenantID, number string, change func(*flow.Tenant)) string {
	tb.Helper()
	tenant := flow.Tenant{ID: id, Name: "Tenant " + string(id), SMSPlan: true, SMSWorkflows: true, CreatedAt: time.Now()}
	if change != nil {
		change(&tenant)
	}
	key, token, err := access.NewKey(rand.Reader, flow.Key{
		Tenant: id, Name: "all", Scopes: []flow.Scope{flow.ScopeRouterIngest, flow.ScopeConfigRead, flow.ScopeConfigWrite},
		Connection: flow.ConnectionID(uuid.NewString()), CreatedAt: time.Now(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.store.CreateTenant(tb.Context(), tenant); err != nil {
		tb.Fatal(err)
	}
	if err := s.store.AddNumber(tb.Context(), flow.Number{Tenant: id, Number: number}); err != nil {
		tb.Fatal(err)
	}
	if err := s.store.CreateKey(tb.Context(), key); err != nil {
		tb.Fatal(err)
	}
	return token.Reveal()
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

func (l *logBook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// replies are the texts that were sent back.
func replies(res *smsflowv1.RouteInboundResponse) []string {
	var list []string
	for _, r := range res.GetReplies() {
		list = append(list, r.GetBody())
	}
	return list
}
