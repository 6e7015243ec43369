package app

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// grpcurl finds the tool that `make tools` has built, or builds it.
func grpcurl(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if built := filepath.Join(root, ".cache", "tools", "grpcurl"); isFile(built) {
		return built
	}
	built := filepath.Join(t.TempDir(), "grpcurl")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", built, "github.com/fullstorydev/grpcurl/cmd/grpcurl")
	build.Dir = filepath.Join(root, "tools")
	build.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build grpcurl: %v\n%s", err, out)
	}
	return built
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// TestGRPCurl: a client that nobody here wrote finds the services by reflection on both ports, and calls them: D1, D5.
func TestGRPCurl(t *testing.T) {
	t.Parallel()
	tool := grpcurl(t)
	s := start(t, demoConfig(StoreConfig{Data: t.TempDir()}))
	run := func(want int, args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), tool, append([]string{"-plaintext", "-max-time", "20"}, args...)...).CombinedOutput()
		code := 0
		if err != nil {
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok {
				t.Fatal(err)
			}
			code = exit.ExitCode()
		}
		if code != want {
			t.Fatalf("grpcurl %v ends with %d, want %d:\n%s", args, code, want, out)
		}
		return string(out)
	}
	native, web := s.GRPCAddr().String(), s.HTTPAddr().String()
	for _, c := range []struct {
		address string
		want    []string
		never   string
	}{
		{native, []string{"smsflow.v1.RouterService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"}, "smsflow.v1.WorkflowService"},
		{web, []string{"smsflow.v1.RouterService", "smsflow.v1.WorkflowService", "smsflow.v1.AssistantService", "grpc.health.v1.Health"}, "nothing"},
	} {
		list := run(0, c.address, "list")
		for _, want := range c.want {
			if !strings.Contains(list, want) {
				t.Errorf("%s lists\n%swithout %s", c.address, list, want)
			}
		}
		if strings.Contains(list, c.never) {
			t.Errorf("%s lists %s", c.address, c.never)
		}
		if got := run(0, c.address, "describe", "smsflow.v1.RouterService.RouteInbound"); !strings.Contains(got, "rpc RouteInbound ( .smsflow.v1.RouteInboundRequest ) returns ( .smsflow.v1.RouteInboundResponse )") {
			t.Errorf("%s describes %s", c.address, got)
		}
		if got := run(0, c.address, "grpc.health.v1.Health/Check"); !strings.Contains(got, "SERVING") {
			t.Errorf("health of %s: %s", c.address, got)
		}
		key := "authorization: Bearer " + s.token(t, DemoGatewayFile)
		got := run(0, "-H", key, "-d", `{"gateway_message_id":"`+c.address+`","from":"`+DemoContact+`","to":"`+DemoNumber+`","body":"`+openingHours+`"}`,
			c.address, "smsflow.v1.RouterService/RouteInbound")
		var res struct {
			Outcome string
			Replies []struct{ Body string }
		}
		if err := json.Unmarshal([]byte(got), &res); err != nil || res.Outcome != "OUTCOME_REPLIED" || len(res.Replies) != 1 || !strings.Contains(res.Replies[0].Body, "9:00") {
			t.Errorf("%s answers %s (%v)", c.address, got, err)
		}
		const statusBase = 64 // grpcurl's exit codes begin there
		got = run(statusBase+16, "-d", "{}", c.address, "smsflow.v1.RouterService/RouteInbound")
		if !strings.Contains(got, "Unauthenticated") {
			t.Errorf("without a key %s says %s", c.address, got)
		}
		got = run(statusBase+3, "-H", key, "-d", `{"body":"hello"}`, c.address, "smsflow.v1.RouterService/RouteInbound")
		for _, want := range []string{"InvalidArgument", "google.rpc.BadRequest", `"gateway_message_id"`, "google.rpc.ErrorInfo"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not say %s:\n%s", c.address, want, got)
			}
		}
	}
	got := run(0, "-H", "authorization: Bearer "+s.token(t, DemoConfigFile), "-d", `{"goals":["GOAL_LEAD_CAPTURE"]}`, web, "smsflow.v1.WorkflowService/ListWorkflows")
	if !strings.Contains(got, `"Lead capture"`) || strings.Contains(got, "General questions") {
		t.Errorf("ListWorkflows: %s", got)
	}
}
