package gatewaytest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
)

// processVar holds the options of a gateway that is to run as a process, as JSON.
const processVar = "SMSFLOW_GATEWAYTEST"

// Main turns a test binary into a gateway's process if Start has asked for it; it returns when that is over. It belongs
// at the start of TestMain:
//
//	func TestMain(m *testing.M) {
//		if gatewaytest.Main() {
//			return
//		}
//		os.Exit(m.Run())
//	}
func Main() bool {
	settings, asked := os.LookupEnv(processVar)
	if !asked {
		return false
	}
	if err := serve(settings, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gatewaytest:", err)
	}
	return true
}

// serve runs until its input ends: with the process that started it, however that dies.
func serve(settings string, in io.Reader, out io.Writer) error {
	var o Options
	if err := json.Unmarshal([]byte(settings), &o); err != nil {
		return err
	}
	g, err := start(o, func(err error) { fmt.Fprintln(os.Stderr, "gatewaytest:", err) })
	if err != nil {
		return err
	}
	defer g.Close()
	if _, err := fmt.Fprintln(out, g.Addr); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// Process is a gateway in a process of its own.
type Process struct {
	// URL is what a connection's url has to be.
	URL string
	// Addr is the address it listens on: the Options of one that takes its place.
	Addr string
	// Ledger is the ledger's file.
	Ledger string

	cmd *exec.Cmd
	in  io.Closer
	end sync.Once
}

// Start runs the test binary again as a gateway (see Main). It dies with the test at the latest. Options.Ledger has to
// be set.
func Start(tb testing.TB, o Options) *Process {
	tb.Helper()
	if o.Ledger == "" {
		tb.Fatal("gatewaytest: Options.Ledger is empty: name a file")
	}
	settings, err := json.Marshal(o)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	binary, err := os.Executable()
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	// Should TestMain not call Main, it finds no test to run and ends.
	cmd := exec.CommandContext(tb.Context(), binary, "-test.run=^$")
	cmd.Env = append(os.Environ(), processVar+"="+string(settings))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	p := &Process{Ledger: o.Ledger, cmd: cmd, in: in}
	tb.Cleanup(p.Kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		tb.Fatalf("gatewaytest: the process did not say where it listens (does TestMain call gatewaytest.Main?): %v", err)
	}
	p.Addr = string(bytes.TrimSpace(line))
	p.URL = "http://" + p.Addr + pathMessages
	return p
}

// Kill ends the process at once, as kill -9 does, and waits until it is gone.
func (p *Process) Kill() {
	p.end.Do(func() {
		_ = p.cmd.Process.Kill() // fails only if it is gone
		_ = p.cmd.Wait()         // says that it was killed
		_ = p.in.Close()
	})
}

// Set changes the settings; the script begins at its start.
func (p *Process) Set(tb testing.TB, s Settings) {
	tb.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	p.call(tb, http.MethodPut, pathSettings, body)
}

// Await gives the ledger's lines once there are that many.
func (p *Process) Await(tb testing.TB, n int) []Entry {
	tb.Helper()
	p.call(tb, http.MethodGet, pathAwait+"?n="+strconv.Itoa(n), nil)
	return p.Entries(tb)
}

// call asks the process for something; anything but 204 ends the test.
func (p *Process) call(tb testing.TB, method, path string, body []byte) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, "http://"+p.Addr+path, bytes.NewReader(body))
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, maxRequest))
		tb.Fatalf("gatewaytest: %s: %s: %s", path, resp.Status, said)
	}
}

// Entries are the ledger's lines so far.
func (p *Process) Entries(tb testing.TB) []Entry {
	tb.Helper()
	entries, err := ReadLedger(p.Ledger)
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	return entries
}
