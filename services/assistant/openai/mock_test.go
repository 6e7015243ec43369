package openai_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"smsflow/services/assistant/openai"
	"smsflow/services/flow"
)

const (
	mockDir = "testdata/mock"
	// mockMain is the mock's entry point, from its folder.
	mockMain = "node_modules/@dwmkerr/mock-llm/dist/main.js"
	// mockUp is in the line that it prints when it listens.
	mockUp = "server running on"
)

// TestMockServer asks a server that nobody here wrote. It checks what it is asked, by rules of its own (mock.yaml), and
// its answers are its own.
func TestMockServer(t *testing.T) {
	t.Parallel()
	base := startMock(t)
	c := client(t)
	q := flow.Ask{
		Effect:    "run-7/effect-1",
		Assistant: flow.Assistant{Provider: flow.ProviderOpenAI, Model: "gpt-test", BaseURL: base, MaxOutputTokens: 99},
		APIKey:    "sk-mock",
		Context:   "Opening hours: Mon-Fri 8:00-18:00.",
		History:   []flow.Said{{Inbound: true, Text: "Hello"}, {Text: "Hi, how can we help?"}},
		Message:   "When do you open?", MaxSegments: 2,
	}
	want := flow.Answer{Text: "You asked: When do you open?", Model: "gpt-test-2025", InputTokens: 120, OutputTokens: 9}
	if got := c.Answer(t.Context(), q); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	wrong := q
	wrong.APIKey = "sk-other"
	if got := c.Answer(t.Context(), wrong); !strings.Contains(got.Err, "HTTP status 401") || strings.Contains(got.Err, "sk-") {
		t.Errorf("with another key: %+v", got)
	}
	limited := q
	limited.Message, limited.Assistant.Timeout = "rate limit, please", time.Second // no time to try again
	if got := c.Answer(t.Context(), limited); !strings.Contains(got.Err, "HTTP status 429") {
		t.Errorf("rate limited: %+v", got)
	}
	elsewhere := q
	elsewhere.Assistant.BaseURL = strings.TrimSuffix(base, "/v1") + "/v2"
	if got := c.Answer(t.Context(), elsewhere); !strings.Contains(got.Err, "HTTP status 404") {
		t.Errorf("at another path: %+v", got)
	}
	strict := openai.New(openai.Options{Now: time.Now})
	t.Cleanup(strict.Close)
	if got := strict.Answer(t.Context(), q); got.Err == "" {
		t.Errorf("a private address that is not allowed answered: %+v", got)
	}
}

// startMock starts the mock server on a loopback port until the test ends and gives its base URL.
func startMock(t *testing.T) string {
	t.Helper()
	node := tool(t, "node")
	installMock(t, tool(t, "npm"))
	port := freePort(t)
	cmd := exec.CommandContext(t.Context(), node, mockMain, "--config", "mock.yaml")
	cmd.Dir = mockDir
	cmd.Env = append(os.Environ(), "HOST=127.0.0.1", "PORT="+port)
	var said bytes.Buffer
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	drained := make(chan struct{})
	up := make(chan bool, 1)
	go func() {
		defer close(drained)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), mockUp) {
				up <- true
				break
			}
		}
		_, _ = io.Copy(io.Discard, out) // what it says later must not fill the pipe
		close(up)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait() // killed: its exit code says nothing
	})
	if !<-up {
		<-drained
		t.Fatalf("the mock server did not start:\n%s", said.String())
	}
	return "http://127.0.0.1:" + port + "/v1"
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: install Node.js 20 or later with npm (Debian: apt-get install nodejs npm)", name)
	}
	return path
}

// installMock installs what the lock file says, once: the lock file that was installed is kept beside the packages.
func installMock(t *testing.T, npm string) {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(mockDir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) {
		t.Fatal("the lock file names a registry: write it with npm install --omit-lockfile-registry-resolved")
	}
	installed := filepath.Join(mockDir, "node_modules", ".installed-lock.json")
	if had, err := os.ReadFile(installed); err == nil && bytes.Equal(had, lock) {
		return
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = mockDir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in %s: %v\n%s", mockDir, err, out)
	}
	if err := os.WriteFile(installed, lock, 0o644); err != nil {
		t.Fatal(err)
	}
}

// freePort gives a port that nobody listens on. Another program may take it before the mock does; then the mock says so
// and ends.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
