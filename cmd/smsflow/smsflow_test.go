package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/app"
	"smsflow/services/store/storetest"
)

// built is where TestMain has put the program.
var built string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "smsflow")
		if err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		built = filepath.Join(dir, "smsflow")
		if out, err := exec.Command("go", "build", "-o", built, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// result is how a command ended.
type result struct {
	code     int
	out, err string
}

// smsflow runs the program in a folder until it ends. Variables that the machine may have for it are taken away.
func smsflow(t *testing.T, dir string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(t, dir, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	r := result{out: out.String(), err: errs.String()}
	if err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		r.code = exit.ExitCode()
	}
	return r
}

func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), built, args...)
	cmd.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SMSFLOW_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	return cmd
}

// running is a server in a process of its own.
type running struct {
	*exec.Cmd
	grpc, http string
	out        string // what it printed until it was ready
	log        *bytes.Buffer
	wait       func() error
}

// serve starts `serve --demo` on free ports and waits until it has said how to go on.
func serve(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	r := &running{log: new(bytes.Buffer)}
	r.Cmd = command(t, dir, append([]string{"serve", "--demo", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"}, args...)...)
	r.Stderr = r.log
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	r.wait = sync.OnceValue(r.Wait)
	t.Cleanup(func() {
		_ = r.Process.Kill()
		_ = r.wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		r.out += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // it ends with the process
	ports := regexp.MustCompile(`--grpc (\S+)(?s:.*)curl -s http://([^/]+)/`).FindStringSubmatch(r.out)
	if ports == nil {
		_ = r.Process.Kill()
		_ = r.wait()
		t.Fatalf("it has not said how to go on:\n%s\n%s", r.out, r.log)
	}
	r.grpc, r.http = ports[1], ports[2]
	return r
}

// terminate sends SIGTERM and gives the exit code.
func (r *running) terminate(t *testing.T) int {
	t.Helper()
	if err := r.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = r.wait()
	return r.ProcessState.ExitCode()
}

// TestServeAndSend is what the README tells to do: D2, D3, D4, D5, B13, B17.
func TestServeAndSend(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]func(t *testing.T) []string{
		"sqlite":   func(*testing.T) []string { return nil },
		"postgres": func(t *testing.T) []string { t.Helper(); return []string{"--database-url", storetest.Postgres(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			args := more(t)
			server := serve(t, dir, args...)
			for _, want := range []string{"outcome: replied, by General questions", "4. General questions, priority 10, general_inquiry: WON", "9:00 to 17:30", "reply 1 of 1"} {
				if !strings.Contains(server.out, want) {
					t.Errorf("the start does not print %q:\n%s", want, server.out)
				}
			}
			send := func(args ...string) result {
				t.Helper()
				return smsflow(t, dir, append([]string{"send", "--grpc", server.grpc}, args...)...)
			}
			for _, c := range []struct {
				args []string
				want []string
			}{
				{[]string{"What are your opening hours?"}, []string{"replied, by General questions", "9:00 to 17:30", "no word of lead_capture"}},
				{[]string{"How much is a cleaning?"}, []string{"replied, by Lead capture", "$95", "1. Lead capture, priority 90, lead_capture: WON", "not reached"}},
				{[]string{"asdf qwerty"}, []string{"replied, by General questions", "does not know", "Sorry, I do not know that"}},
				{[]string{"--from", "+14155550150", "STOP"}, []string{"outcome: opted_out", "You have opted out"}},
				{[]string{"--from", "+14155550150", "hello"}, []string{"outcome: opted_out", "no reply"}},
				{[]string{"--from", "+14155550150", "HELP"}, []string{"outcome: help_sent", "Reply STOP"}},
				{[]string{"--from", "+14155550150", "START"}, []string{"outcome: opted_in"}},
				{[]string{"--to", "+14155550151", "hello"}, []string{"outcome: unknown_number", "no reply"}},
				{[]string{"--", "-dash"}, []string{"outcome: replied"}},
			} {
				got := send(c.args...)
				if got.code != 0 || got.err != "" {
					t.Errorf("send %q ends with %d: %s", c.args, got.code, got.err)
				}
				for _, want := range c.want {
					if !strings.Contains(got.out, want) {
						t.Errorf("send %q does not print %q:\n%s", c.args, want, got.out)
					}
				}
			}

			var first, second smsflowv1.RouteInboundResponse
			for _, res := range []*smsflowv1.RouteInboundResponse{&first, &second} {
				got := send("--json", "--id", "my-1", "Where can I park?")
				if got.code != 0 {
					t.Fatalf("--json: %s", got.err)
				}
				for _, name := range []string{"inboundId", "outcome", "replies", "body", "workflow", "name", "runId", "trace", "duplicate"} {
					if !strings.Contains(got.out, `"`+name+`":`) {
						t.Errorf("--json does not name %s:\n%s", name, got.out)
					}
				}
				if err := protojson.Unmarshal([]byte(got.out), res); err != nil {
					t.Fatal(err)
				}
			}
			if first.GetDuplicate() || !second.GetDuplicate() || first.GetReplies()[0].GetId() != second.GetReplies()[0].GetId() {
				t.Errorf("a repeated --id: %v, then %v", &first, &second)
			}

			// It is one process that has the data and the ports.
			if got := smsflow(t, dir, append([]string{"serve", "--http", server.http, "--grpc", "127.0.0.1:0"}, args...)...); got.code != 1 || !strings.Contains(got.err, "--http (SMSFLOW_HTTP)") {
				t.Errorf("a second server on the port ends with %d: %s", got.code, got.err)
			}
			if code := server.terminate(t); code != 0 {
				t.Errorf("SIGTERM ends it with %d:\n%s", code, server.log)
			}
			if got := send("hello"); got.code != 1 || !strings.Contains(got.err, "serve --demo") || !strings.Contains(got.err, server.grpc) {
				t.Errorf("without a server send ends with %d: %s", got.code, got.err)
			}

			server = serve(t, dir, args...)
			if got := send("--json", "--id", "my-1", "Where can I park?"); got.code != 0 || !strings.Contains(got.out, first.GetReplies()[0].GetId()) {
				t.Errorf("after a restart a repeated --id gives %d %s%s", got.code, got.out, got.err)
			}
			status := smsflow(t, dir, append([]string{"migrate", "status"}, args...)...)
			if name == "sqlite" {
				if status.code != 1 || !strings.Contains(status.err, "another process") {
					t.Errorf("migrate status beside a server ends with %d: %s%s", status.code, status.out, status.err)
				}
			} else if status.code != 0 || !strings.Contains(status.out, "00001_tenant.sql") || strings.Contains(status.out, "pending") {
				t.Errorf("migrate status ends with %d: %s%s", status.code, status.out, status.err)
			}
			if code := server.terminate(t); code != 0 {
				t.Errorf("SIGTERM ends it with %d:\n%s", code, server.log)
			}
		})
	}
}

// TestSendErrors: what is wrong is said in words, with the field or the flag, and the exit code is 1.
func TestSendErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serve(t, dir)
	bad := filepath.Join(dir, "bad.key")
	if err := os.WriteFile(bad, []byte("abcdefghijklmnop."+strings.Repeat("A", 43)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty.key")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{""}, []string{"invalid_argument", "\n  body "}},
		{[]string{strings.Repeat("x", 10_000)}, []string{"invalid_argument", "\n  body "}},
		{[]string{"--from", "12", "--to", "me", "hello"}, []string{"invalid_argument", "\n  from ", "\n  to "}},
		{[]string{"--id", strings.Repeat("i", 201), "hello"}, []string{"gateway_message_id"}},
		{[]string{"--wait", "2m", "hello"}, []string{"--wait", "0s to 1m"}},
		{[]string{"--wait=-1s", "hello"}, []string{"--wait", "is -1s"}},
		{[]string{"--grpc", "localhost", "hello"}, []string{"--grpc", "HOST:PORT"}},
		{[]string{"--grpc", "localhost:", "hello"}, []string{"--grpc", "HOST:PORT"}},
		{[]string{"--grpc", "127.0.0.1:1", "hello"}, []string{"no server answers", "refused", "serve --demo"}},
		{[]string{"--key-file", filepath.Join(dir, app.DefaultData, app.DemoConfigFile), "hello"}, []string{"permission_denied", "router:ingest", "demo-gateway.key"}},
		{[]string{"--wait", "soon", "hello"}, []string{"--wait", "smsflow send --help"}},
		{[]string{"--key-file", bad, "hello"}, []string{"unauthenticated", "--key-file"}},
		{[]string{"--key-file", empty, "hello"}, []string{"does not hold a key"}},
		{[]string{"--key-file", "none.key", "hello"}, []string{"--key-file", "no such file"}},
		{[]string{"--data", "elsewhere", "hello"}, []string{"elsewhere/demo-gateway.key", "serve --demo"}},
		{[]string{"--tls", "hello"}, []string{"does not speak TLS", "leave out --tls"}},
		{[]string{"--nonsense", "hello"}, []string{"--nonsense"}},
		{nil, []string{"<text>"}},
	} {
		got := smsflow(t, dir, append([]string{"send", "--grpc", server.grpc}, c.args...)...)
		if got.code != 1 || got.out != "" {
			t.Errorf("send %.60q ends with %d and prints %q", c.args, got.code, got.out)
		}
		for _, want := range c.want {
			if !strings.Contains(got.err, want) {
				t.Errorf("send %.60q does not say %q:\n%s", c.args, want, got.err)
			}
		}
		for _, never := range []string{"rpc error", "desc =", "goroutine", "&{"} {
			if strings.Contains(got.err, never) {
				t.Errorf("send %.60q speaks Go: %s", c.args, got.err)
			}
		}
	}
}

// TestCommands: migrate, version, help, and what is no command.
func TestCommands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"migrate", "status"}, 1, "there is no database in smsflow-data"},
		{[]string{"migrate", "status", "--database-url", "postgres://user:hunter2@127.0.0.1:1/x?sslmode=disable"}, 1, "127.0.0.1:1: the connection is refused"},
		{[]string{"version"}, 0, "smsflow "},
		{[]string{"--version"}, 0, "smsflow "},
		{[]string{"help"}, 0, "Run the server."},
		{[]string{"help", "send"}, 0, "--key-file"},
		{[]string{"help", "migrate", "up"}, 0, "--database-url"},
		{[]string{"help", "nonsense"}, 1, "nonsense"},
		{[]string{"serve", "--help"}, 0, "Default: localhost:8080."},
		{[]string{"migrate", "up"}, 0, "applied 00001_tenant.sql"},
		{[]string{"migrate", "up"}, 0, "up to date"},
		{[]string{"migrate", "status"}, 0, "00001_tenant.sql        applied 2"},
		{[]string{"migrate", "status", "--database-url", "mysql://x"}, 1, "--database-url"},
		{[]string{"--help"}, 0, "serve"},
		{[]string{"send", "--help"}, 0, "--key-file"},
		{[]string{"serve", "--http", ":8080"}, 1, "--behind-proxy"},
		{[]string{"nonsense"}, 1, "nonsense"},
		{nil, 1, "smsflow --help"},
	} {
		got := smsflow(t, dir, c.args...)
		if got.code != c.code || !strings.Contains(got.out+got.err, c.want) {
			t.Errorf("smsflow %q ends with %d:\n%s%s", c.args, got.code, got.out, got.err)
		}
		if _, err := os.Stat(filepath.Join(dir, app.DefaultData)); c.want == "there is no database in smsflow-data" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("smsflow %q has made a folder: %v", c.args, err)
		}
	}
}

// TestKill: of a burst that a kill -9 cuts short, every message that was acknowledged is answered by the next start, and
// every message, delivered again, has exactly one answer: B1, B2, B16.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serve(t, dir)
	key, err := (&sendCommand{Data: filepath.Join(dir, app.DefaultData)}).key()
	if err != nil {
		t.Fatal(err)
	}
	const burst, before = 300, 100
	message := func(i int, wait time.Duration) *smsflowv1.RouteInboundRequest {
		return &smsflowv1.RouteInboundRequest{
			GatewayMessageId: fmt.Sprint("kill-", i), From: fmt.Sprintf("+1415555%04d", 2000+i%100), To: app.DemoNumber,
			Body: "Where can I park?", Wait: durationpb.New(wait),
		}
	}
	submit := gateway(t, server.grpc, key)
	acknowledged := make([]*smsflowv1.RouteInboundResponse, burst)
	enough := make(chan struct{}, burst)
	var group sync.WaitGroup
	for i := range burst {
		group.Go(func() {
			if res, err := submit(message(i, 0)); err == nil {
				acknowledged[i] = res
				enough <- struct{}{}
			}
		})
	}
	for range before {
		<-enough
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	_ = server.wait()
	server = serve(t, dir)
	submit = gateway(t, server.grpc, key)
	replies := map[string]int{}
	for i := range burst {
		res, err := submit(message(i, demoWait))
		if err != nil {
			t.Fatalf("%d after the kill: %v", i, err)
		}
		if res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED || len(res.GetReplies()) != 1 {
			t.Errorf("%d after the kill: %v", i, res)
			continue
		}
		replies[res.GetReplies()[0].GetId()]++
		if ack := acknowledged[i]; ack != nil && (!res.GetDuplicate() || res.GetInboundId() != ack.GetInboundId()) {
			t.Errorf("%d was acknowledged as %s and is now %v", i, ack.GetInboundId(), res)
		}
	}
	if len(replies) != burst {
		t.Errorf("%d replies for %d messages", len(replies), burst)
	}
}

// gateway gives a client that keeps its connection.
func gateway(t *testing.T, address, key string) func(*smsflowv1.RouteInboundRequest) (*smsflowv1.RouteInboundResponse, error) {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+key)
	return func(req *smsflowv1.RouteInboundRequest) (*smsflowv1.RouteInboundResponse, error) {
		return smsflowv1.NewRouterServiceClient(conn).RouteInbound(ctx, req)
	}
}

// TestTLS: both ports speak TLS with the operator's certificate, and send trusts what it is told to.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, keyFile := certificate(t, dir)
	a, err := app.New(t.Context(), app.Config{
		StoreConfig: app.StoreConfig{Data: filepath.Join(dir, "data")}, HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		TLSCert: cert, TLSKey: keyFile, LogFormat: "text", LogLevel: "info",
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ran, a.Close()); err != nil {
			t.Error(err)
		}
	})
	key := filepath.Join(dir, "made-up.key")
	if err := os.WriteFile(key, []byte("abcdefghijklmnop."+strings.Repeat("A", 43)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--tls-ca", cert}, "unauthenticated"}, // so it has got through
		{[]string{"--tls"}, "is not trusted: name a file"},
		{nil, "if the server has TLS give --tls"},
		{[]string{"--tls-ca", key}, "holds no certificate"},
	} {
		got := smsflow(t, dir, append([]string{"send", "--grpc", a.GRPCAddr().String(), "--key-file", key, "hello"}, c.args...)...)
		if got.code != 1 || !strings.Contains(got.err, c.want) {
			t.Errorf("send %v ends with %d: %s", c.args, got.code, got.err)
		}
	}
	trusted, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trusted)
	for _, version := range []int{1, 2} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: version == 2}
		res, err := (&http.Client{Transport: transport}).Get("https://" + a.HTTPAddr().String() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || res.ProtoMajor != version {
			t.Errorf("HTTP/%d: %s over %s", version, res.Status, res.Proto)
		}
		transport.CloseIdleConnections()
	}
}

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// slow is a gateway's server that takes a message and never answers.
type slow struct {
	smsflowv1.UnimplementedRouterServiceServer

	took chan string
}

func (s *slow) RouteInbound(ctx context.Context, req *smsflowv1.RouteInboundRequest) (*smsflowv1.RouteInboundResponse, error) {
	s.took <- req.GetGatewayMessageId()
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestCutCall: of a call that had begun when the connection broke the outcome is unknown, and send says with which id
// to repeat it, also if it has made the id up itself.
func TestCutCall(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, router := grpc.NewServer(), &slow{took: make(chan string, 1)}
	smsflowv1.RegisterRouterServiceServer(server, router)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	c := Connection{GRPC: l.Addr().String()}
	failed := make(chan error, 1)
	go func() {
		_, err := c.submit(t.Context(), "key", &smsflowv1.RouteInboundRequest{GatewayMessageId: "made-up", Wait: durationpb.New(time.Minute)})
		failed <- err
	}()
	<-router.took
	server.Stop()
	got := <-failed
	if got == nil || !strings.Contains(got.Error(), "the outcome is unknown") || !strings.Contains(got.Error(), "--id made-up") {
		t.Errorf("a cut call ends with %v", got)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := c.submit(t.Context(), "key", &smsflowv1.RouteInboundRequest{GatewayMessageId: "made-up"}); err == nil || strings.Contains(err.Error(), "unknown") {
		t.Errorf("a call that was never made ends with %v", err)
	}
}
