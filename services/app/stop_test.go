package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/assistant/assistanttest"
)

// TestRestart: what was decided stays decided: B1, B5.
func TestRestart(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		first := s.deliver(t, "kept", DemoContact, openingHours)
		s.route(t, contact(0), "STOP")
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		s = start(t, demoConfig(place))
		again := s.deliver(t, "kept", DemoContact, openingHours)
		want := proto.CloneOf(first)
		want.Duplicate = true
		if !proto.Equal(again, want) {
			t.Errorf("a repeated delivery after a restart got\n%v\nwant\n%v", again, want)
		}
		if res := s.route(t, contact(0), openingHours); res.GetOutcome() != smsflowv1.Outcome_OUTCOME_OPTED_OUT {
			t.Errorf("who opted out before the restart: %v", res.GetOutcome())
		}
		if res := s.route(t, DemoContact, openingHours); res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED {
			t.Errorf("a new message: %v", res.GetOutcome())
		}
	})
}

// held is a model that says when it is asked, and answers when it is released.
func held(asked chan<- struct{}, release <-chan struct{}) assistanttest.Behaviour {
	answer := assistanttest.Completes("At last.")
	return func(w http.ResponseWriter, r *http.Request, chat assistanttest.Chat) {
		select {
		case asked <- struct{}{}:
		default:
		}
		select {
		case <-release:
			answer(w, r, chat)
		case <-r.Context().Done():
		}
	}
}

// slow makes the model's answers take as long as they like.
func (s *server) slow(t *testing.T, url string) {
	t.Helper()
	a := s.model(t, url, "")
	a.Timeout, a.Name = durationpb.New(time.Minute), "Slow model"
	if _, err := s.assistants.UpdateAssistant(t.Context(), &smsflowv1.UpdateAssistantRequest{Assistant: a, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"*"}}}); err != nil {
		t.Fatal(err)
	}
}

// TestStopFinishesWhatIsUnderWay: a stop says that it is not ready, refuses new calls, and waits for a message whose
// assistant is being asked.
func TestStopFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		asked, release := make(chan struct{}, 1), make(chan struct{})
		mock := assistanttest.NewServer(t, held(asked, release))
		s := start(t, demoConfig(place))
		s.slow(t, mock.URL)
		watch, err := healthpb.NewHealthClient(s.native).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if now, err := watch.Recv(); err != nil || now.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Fatalf("health before: %v, %v", now, err)
		}
		routed := make(chan *smsflowv1.RouteInboundResponse, 1)
		go func() { routed <- s.deliver(t, "late", DemoContact, openingHours) }()
		<-asked
		stopped := make(chan error, 1)
		go func() { stopped <- s.stop() }()
		if now, err := watch.Recv(); err != nil || now.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
			t.Errorf("health while it stops: %v, %v", now, err)
		}
		if _, err := watch.Recv(); status.Code(err) != codes.Unavailable {
			t.Errorf("who watches the health is not let go: %v", err)
		}
		_, err = s.gateway.RouteInbound(t.Context(), &smsflowv1.RouteInboundRequest{GatewayMessageId: "new", From: DemoContact, To: DemoNumber, Body: "hello"})
		if status.Code(err) != codes.Unavailable {
			t.Errorf("a new call while it stops: %v", err)
		}
		select {
		case err := <-stopped:
			t.Fatalf("it has stopped with a message under way: %v", err)
		default:
		}
		close(release)
		if res := <-routed; res.GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED || !slices.Equal(replies(res), []string{"At last."}) {
			t.Errorf("the message under way: %v %q", res.GetOutcome(), replies(res))
		}
		if err := <-stopped; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// crash ends a server as a power cut would: nothing is finished, nothing is given back.
func (s *server) crash() {
	_ = s.store.Close()
	_ = s.http.Close()
	s.grpc.Stop()
	_ = s.stop() // the leases could not be given back
}

// TestCrash: an acknowledged message is answered after a crash, once, by the next start: B1, B2, B16.
func TestCrash(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		asked, release := make(chan struct{}, 1), make(chan struct{})
		mock := assistanttest.NewServer(t, held(asked, release))
		quick := timing{lease: 500 * time.Millisecond, drain: time.Millisecond}
		s := startTimed(t, demoConfig(place), quick, true)
		s.slow(t, mock.URL)
		res, err := s.gateway.RouteInbound(t.Context(), &smsflowv1.RouteInboundRequest{
			GatewayMessageId: "before", From: DemoContact, To: DemoNumber, Body: openingHours, Wait: durationpb.New(0),
		})
		if err != nil || res.GetOutcome() != smsflowv1.Outcome_OUTCOME_ACCEPTED {
			t.Fatalf("%v, %v", res, err)
		}
		<-asked // it was half way
		s.crash()
		close(release)

		s = startTimed(t, demoConfig(place), quick, false)
		after, err := s.gateway.GetOutcome(t.Context(), &smsflowv1.GetOutcomeRequest{InboundId: res.GetInboundId(), Wait: durationpb.New(routeWait)})
		if err != nil || after.GetResult().GetOutcome() != smsflowv1.Outcome_OUTCOME_REPLIED || !slices.Equal(replies(after.GetResult()), []string{"At last."}) {
			t.Errorf("after the crash: %v, %v", after, err)
		}
		again := s.deliver(t, "before", DemoContact, openingHours)
		if !again.GetDuplicate() || len(again.GetReplies()) != 1 || again.GetReplies()[0].GetId() != after.GetResult().GetReplies()[0].GetId() {
			t.Errorf("delivered again: %v", again)
		}
	})
}

// TestHealth: probes of both ports need no key, and readiness tells of the database.
func TestHealth(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		for _, alive := range []bool{true, false} {
			s := startTimed(t, demoConfig(place), timing{drain: time.Millisecond}, true)
			if !alive {
				if err := s.store.Close(); err != nil {
					t.Fatal(err)
				}
			}
			ready, serving := http.StatusOK, healthpb.HealthCheckResponse_SERVING
			if !alive {
				ready, serving = http.StatusServiceUnavailable, healthpb.HealthCheckResponse_NOT_SERVING
			}
			for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": ready, "/SMSWorkflowz": http.StatusNotFound} {
				if got, body := s.get(t, path); got != want {
					t.Errorf("alive %t: GET %s: %d %q, want %d", alive, path, got, body, want)
				}
			}
			for _, service := range []string{"", "smsflow.v1.RouterService"} {
				res, err := healthpb.NewHealthClient(s.native).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
				if err != nil || res.GetStatus() != serving {
					t.Errorf("alive %t: health of %q: %v, %v", alive, service, res, err)
				}
			}
			if !alive {
				s.crash()
			} else if err := s.stop(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func (s *server) get(t *testing.T, path string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Get("http://" + s.HTTPAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// TestStartErrors: what keeps a server from starting is said with its flag, and nothing is left open.
func TestStartErrors(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	running := start(t, demoConfig(StoreConfig{Data: t.TempDir()}))
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   []string
	}{
		{"the HTTP port is taken", func(c *Config) { c.HTTP = taken.Addr().String() }, []string{"--http", "SMSFLOW_HTTP", "in use"}},
		{"the gRPC port is taken", func(c *Config) { c.GRPC = taken.Addr().String() }, []string{"--grpc", "SMSFLOW_GRPC", "in use"}},
		{"the folder is another server's", func(c *Config) { c.Data = running.config.Data }, []string{"--data", "another process"}},
		{"the folder is a file", func(c *Config) { c.Data = running.config.File(DemoGatewayFile) }, []string{"--data"}},
		{"no database there", func(c *Config) { c.DatabaseURL = "postgres://u:planted@127.0.0.1:1/x?sslmode=disable" }, []string{"--database-url"}},
		{"no certificate", func(c *Config) { c.Demo, c.TLSCert, c.TLSKey = false, "/no/cert", "/no/key" }, []string{"--tls-cert"}},
		{"others can reach it", func(c *Config) { c.HTTP = "0.0.0.0:0" }, []string{"--http"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := demoConfig(StoreConfig{Data: t.TempDir()})
			c.change(&config)
			a, err := New(t.Context(), config, running.log.logger())
			if err == nil {
				_ = a.Close()
				t.Fatal("it starts")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "planted") {
				t.Errorf("%q tells the password", err)
			}
		})
	}
}

// TestLogs: neither texts nor numbers of people are logged, nor keys: B12.
func TestLogs(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, place StoreConfig) {
		s := start(t, demoConfig(place))
		const number, body = "+14155550177", "planted words about my teeth"
		s.route(t, number, body)
		s.route(t, number, "STOP")
		for _, req := range []*smsflowv1.RouteInboundRequest{
			{GatewayMessageId: uuid.NewString(), From: "planted", To: DemoNumber, Body: body},
			{GatewayMessageId: uuid.NewString(), From: number, To: "+14155550178", Body: body},
			{GatewayMessageId: uuid.NewString(), From: number, To: DemoNumber, Body: "planted\x00"},
		} {
			_, _ = s.gateway.RouteInbound(t.Context(), req)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, _ = s.gateway.RouteInbound(ctx, &smsflowv1.RouteInboundRequest{GatewayMessageId: "x", From: number, To: DemoNumber, Body: body})
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		log := s.log.String()
		if !strings.Contains(log, "RouteInbound") {
			t.Fatalf("the calls are not in the log:\n%s", log)
		}
		for _, never := range []string{"planted", "4155550177", "4155550178", DemoNumber, s.token(t, DemoGatewayFile), s.token(t, DemoConfigFile)} {
			if strings.Contains(log, never) {
				t.Errorf("%q is in the log:\n%s", never, log)
			}
		}
	})
}
