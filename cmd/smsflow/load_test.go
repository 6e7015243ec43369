package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"smsflow/services/store/storetest"
)

// TestLoad: a measurement gives all its figures, and leaves nothing behind.
func TestLoad(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]func(t *testing.T) []string{
		"sqlite": func(*testing.T) []string { return nil },
		"postgres": func(t *testing.T) []string {
			t.Helper()
			return []string{"--store", "postgres", "--database-url", storetest.Postgres(t)}
		},
		"two servers": func(t *testing.T) []string {
			t.Helper()
			return []string{"--store", "postgres", "--replicas", "2", "--database-url", storetest.Postgres(t)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := command(t, dir, append([]string{"load", "--json", "--messages", "300", "--duration", "20s", "--submitters", "16", "--in-flight", "8"}, args(t)...)...)
			cmd.Env = append(cmd.Env, "TMPDIR="+dir)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var figures map[string]any
			if err := json.Unmarshal(out, &figures); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, key := range []string{"accepted_per_s", "finished_per_s", "ack_p50_ms", "ack_p99_ms", "end_p50_ms", "end_p99_ms"} {
				if n, ok := figures[key].(float64); !ok || n <= 0 {
					t.Errorf("%s is %v", key, figures[key])
				}
			}
			for _, key := range []string{"yardstick_per_s", "ratio_ack", "ratio_whole"} {
				n, ok := figures[key].(float64)
				if name == "sqlite" && figures[key] != nil || name != "sqlite" && (!ok || n <= 0) {
					t.Errorf("%s is %v", key, figures[key])
				}
			}
			if left, err := filepath.Glob(filepath.Join(dir, "smsflow-load-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v (%v)", left, err)
			}
		})
	}
}

// TestLoadRefuses: nothing beyond this machine is put under a load.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--database-url is not on this machine":  {"--store", "postgres", "--database-url", "postgres://u:hunter2@db.example.com/x"},
		"--yardstick-url is not on this machine": {"--yardstick-url", "postgres://u:hunter2@localhost/x?host=10.0.0.1"},
		"--database-url is missing":              {"--store", "postgres"},
		"--replicas 2 needs --store postgres":    {"--replicas", "2"},
		"--submitters is 0":                      {"--submitters", "0"},
		"--duration is 1h0m0s":                   {"--duration", "1h"},
	} {
		got := smsflow(t, t.TempDir(), append([]string{"load"}, args...)...)
		if got.code != 1 || !strings.Contains(got.err, want) || strings.Contains(got.err, "hunter2") {
			t.Errorf("load %v ends with %d: %s", args, got.code, got.err)
		}
	}
}

const (
	demoTenant     = "01936d00-0000-7000-8000-000000000001"
	demoConnection = "01936d00-0000-7000-8000-000000000002"
)

// TestConnectionAndOutbox: an operator sets a connection whose gateway may not be reached, sees what did not get through,
// and sends it again.
func TestConnectionAndOutbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code := serve(t, dir).terminate(t); code != 0 {
		t.Fatalf("the demo ends with %d", code)
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set := func(args ...string) result {
		t.Helper()
		return smsflow(t, dir, append([]string{"connection", "set", "--tenant", demoTenant, "--id", demoConnection}, args...)...)
	}
	webhook := []string{"--delivery", "webhook", "--url", "https://127.0.0.1:9/sms"}
	for want, args := range map[string][]string{
		"--url is missing":                    {"--delivery", "webhook", "--secret-file", secret},
		"--url is not an absolute":            {"--delivery", "webhook", "--url", "/sms", "--secret-file", secret},
		"--url has a user":                    {"--delivery", "webhook", "--url", "https://me:hunter2@example.com", "--secret-file", secret},
		"--url has a fragment":                {"--delivery", "webhook", "--url", "https://example.com/#a", "--secret-file", secret},
		"--secret-file is missing":            webhook,
		"--secret-file holds a secret of 3":   append([]string{"--secret-file", file(t, dir, "short", "abc")}, webhook...),
		"--secret-file must hold":             append([]string{"--secret-file", file(t, dir, "two", "a\nb")}, webhook...),
		"--url belongs to --delivery webhook": {"--delivery", "stream", "--url", "https://example.com"},
		"there is no tenant nobody":           {"--tenant", "nobody", "--delivery", "null"},
		"--id is \"a b\"":                     {"--id", "a b", "--delivery", "null"},
		"must be one of":                      {"--delivery", "pigeon"},
	} {
		if got := set(args...); got.code != 1 || !strings.Contains(got.err, want) || strings.Contains(got.err, "hunter2") {
			t.Errorf("connection set %v ends with %d: %s, want %s", args, got.code, got.err, want)
		}
	}
	if got := set(append([]string{"--secret-file", secret, "--name", "Harbour's gateway"}, webhook...)...); got.code != 0 {
		t.Fatalf("connection set: %s", got.err)
	}
	if got := set(webhook...); got.code != 0 {
		t.Errorf("connection set without the secret, which is stored: %s", got.err)
	}
	list := smsflow(t, dir, "connection", "list", "--tenant", demoTenant)
	for _, want := range []string{demoConnection, "webhook", "Harbour's gateway", "https://127.0.0.1:9/sms", "signed"} {
		if !strings.Contains(list.out, want) {
			t.Errorf("connection list does not show %s: %s%s", want, list.out, list.err)
		}
	}

	server := serve(t, dir)
	if got := set(webhook...); got.code != 1 || !strings.Contains(got.err, "another process has") {
		t.Errorf("connection set beside a server: %d %s", got.code, got.err)
	}
	outbox := func(args ...string) result {
		t.Helper()
		return smsflow(t, dir, append([]string{"outbox", args[0], "--grpc", server.grpc}, args[1:]...)...)
	}
	// The server's own SMS on start has its answer in its outbox.
	var failed struct {
		Messages []struct {
			Message struct{ ID string }
			State   string
		}
		Total int
	}
	for failed.Total == 0 {
		got := outbox("list", "--json")
		if err := json.Unmarshal([]byte(got.out), &failed); err != nil || got.code != 0 {
			t.Fatalf("outbox list: %v %s", err, got.err)
		}
	}
	if failed.Messages[0].State != "OUTBOUND_STATE_FAILED" {
		t.Errorf("%+v", failed)
	}
	id := failed.Messages[0].Message.ID
	if got := outbox("list"); !strings.Contains(got.out, id) || !strings.Contains(got.out, "failed") || !strings.Contains(got.out, "1 of 1") {
		t.Errorf("outbox list: %s%s", got.out, got.err)
	}
	if got := outbox("retry", id); got.code != 0 || !strings.Contains(got.out, id+" is pending") {
		t.Errorf("outbox retry: %s%s", got.out, got.err)
	}
	if got := outbox("retry", "01936d00-0000-7000-8000-00000000ffff"); got.code != 1 || !strings.Contains(got.err, "not_found") {
		t.Errorf("outbox retry of nothing: %d %s", got.code, got.err)
	}
}

func file(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
