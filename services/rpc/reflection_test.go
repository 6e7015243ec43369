package rpc_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalphapb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

// native dials a port with grpc-go, as grpcurl does: the HTTP port speaks gRPC too.
func native(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	return dial(t, &servers{grpc: address})
}

func TestReflection(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{workflows: use, router: use})
	for name, port := range map[string]struct {
		address string
		want    []string
	}{
		"HTTP": {s.http, []string{"smsflow.v1.WorkflowService", "smsflow.v1.AssistantService", "smsflow.v1.RouterService", "grpc.health.v1.Health"}},
		"gRPC": {s.grpc, []string{"smsflow.v1.RouterService", "grpc.health.v1.Health"}},
	} {
		stream, err := reflectionpb.NewServerReflectionClient(native(t, port.address)).ServerReflectionInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ask := func(req *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
			t.Helper()
			if err := stream.Send(req); err != nil {
				t.Fatal(err)
			}
			res, err := stream.Recv()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return res
		}
		var services []string
		for _, l := range ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}).GetListServicesResponse().GetService() {
			services = append(services, l.GetName())
		}
		for _, want := range port.want {
			if !strings.Contains(strings.Join(services, " "), want) {
				t.Errorf("%s: %s is not listed: %v", name, want, services)
			}
			files := ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: want}})
			if len(files.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
				t.Errorf("%s: no descriptor of %s: %v", name, want, files)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}

		// Deprecated, but what older tools speak.
		old, err := reflectionalphapb.NewServerReflectionClient(native(t, port.address)).ServerReflectionInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := old.Send(&reflectionalphapb.ServerReflectionRequest{MessageRequest: &reflectionalphapb.ServerReflectionRequest_ListServices{}}); err != nil { //nolint:staticcheck // see above
			t.Fatal(err)
		}
		if res, err := old.Recv(); err != nil || len(res.GetListServicesResponse().GetService()) == 0 { //nolint:staticcheck // see above
			t.Errorf("%s: v1alpha: %v, %v", name, res, err)
		}
		if err := old.CloseSend(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	draining := make(chan struct{})
	use := &scripted{}
	s := serve(t, backend{workflows: use, router: use, draining: draining})
	for name, address := range map[string]string{"HTTP": s.http, "gRPC": s.grpc} {
		c := healthpb.NewHealthClient(native(t, address))
		for _, service := range []string{"", "smsflow.v1.RouterService"} {
			if res, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service}); err != nil || res.GetStatus() != healthpb.HealthCheckResponse_SERVING {
				t.Errorf("%s: %q: %v, %v", name, service, res, err)
			}
		}
		if _, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "not.There"}); status.Code(err) != codes.NotFound {
			t.Errorf("%s: a service that is not there: %v", name, err)
		}
		if list, err := c.List(t.Context(), &healthpb.HealthListRequest{}); err != nil || len(list.GetStatuses()) < 2 {
			t.Errorf("%s: list: %v, %v", name, list, err)
		}
	}
	// JSON, as curl asks.
	res, text := fetch(t, "POST", "http://"+s.http+"/grpc.health.v1.Health/Check", strings.NewReader("{}"), map[string]string{"Content-Type": "application/json"})
	if res.code != http.StatusOK || !strings.Contains(text, "SERVING") {
		t.Errorf("JSON: %d %s", res.code, text)
	}

	watchers := map[string]healthpb.Health_WatchClient{}
	for name, address := range map[string]string{"HTTP": s.http, "gRPC": s.grpc} {
		w, err := healthpb.NewHealthClient(native(t, address)).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := w.Recv(); err != nil || res.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%s: watch: %v, %v", name, res, err)
		}
		watchers[name] = w
	}
	close(draining)
	for name, w := range watchers {
		if res, err := w.Recv(); err != nil || res.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
			t.Errorf("%s: draining: %v, %v", name, res, err)
		}
		if _, err := w.Recv(); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: the watcher is not let go: %v", name, err)
		}
	}
}

// TestLog: one line for each call, with what an operator asks for.
func TestLog(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{workflows: use, router: use})
	p := protocols()[0]
	p.call(t, s, request{procedure: routeInbound, token: s.all, message: soundInbound()}, &smsflowv1.RouteInboundResponse{})
	p.call(t, s, request{procedure: getWorkflow, message: &smsflowv1.GetWorkflowRequest{Id: "w1"}}, &smsflowv1.GetWorkflowResponse{})
	p.call(t, s, request{procedure: "/smsflow.v1.RouterService/" + strings.Repeat("x", 100), message: soundInbound()}, &smsflowv1.GetWorkflowResponse{})
	callNative(t, s, request{procedure: routeInbound, token: s.all, message: soundInbound()}, &smsflowv1.RouteInboundResponse{})
	type line struct {
		Level, Msg, Method, Protocol, Code, Reason, Tenant, Subject string
		Duration                                                    int64
	}
	var got []line
	for text := range strings.Lines(s.log.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if l.Duration < 0 || (l.Tenant != "") != strings.HasPrefix(l.Subject, "key:") {
			t.Errorf("line %+v", l)
		}
		l.Duration, l.Subject = 0, ""
		got = append(got, l)
	}
	want := []line{
		{Level: "INFO", Msg: "call", Method: routeInbound, Protocol: "connect", Code: "ok", Tenant: "t1"},
		{Level: "INFO", Msg: "call", Method: getWorkflow, Protocol: "connect", Code: "unauthenticated", Reason: flow.ReasonUnauthenticated},
		{Level: "INFO", Msg: "call", Method: "unknown", Protocol: "connect", Code: "unimplemented", Reason: "UNIMPLEMENTED"},
		{Level: "INFO", Msg: "call", Method: routeInbound, Protocol: "grpc-go", Code: "ok", Tenant: "t1"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines:\n%s", len(got), s.log)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}
