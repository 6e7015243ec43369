//go:build linux

package faulttest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// product is one server: it comes and goes, its addresses stay.
type product struct {
	tb   testing.TB
	args []string
	env  []string
	grpc string
	log  string // a file

	mu   sync.Mutex
	cmd  *exec.Cmd
	gone chan struct{} // closed when cmd has ended
}

func newProduct(tb testing.TB, name string, env, args []string) *product {
	tb.Helper()
	p := &product{tb: tb, grpc: freeAddress(tb), log: filepath.Join(tb.TempDir(), name+".log"), env: env}
	p.args = append([]string{"serve", "--http", freeAddress(tb), "--grpc", p.grpc, "--log-level", "warn"}, args...)
	tb.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		p.mu.Lock()
		gone := p.gone
		p.mu.Unlock()
		if gone != nil {
			<-gone
		}
		if log, err := os.ReadFile(p.log); err == nil && (bytes.Contains(log, []byte("DATA RACE")) || bytes.Contains(log, []byte("panic: "))) {
			tb.Errorf("a data race or a panic is in the log of %s", name)
		}
		if tb.Failed() {
			tb.Logf("the log of %s ends with\n%s", name, p.tail())
		}
	})
	return p
}

// freeAddress is one of the ports that the kernel does not give to outgoing connections, so that it stays free while
// nobody listens.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	const first, count, attempts = 10_000, 9_000, 50
	for range attempts {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(count)))
		if err != nil {
			continue
		}
		_ = l.Close()
		return l.Addr().String()
	}
	tb.Fatal("there is no free port")
	return ""
}

// start runs the server, with further variables for this life. It does not wait until it answers.
func (p *product) start(env ...string) {
	p.tb.Helper()
	path, err := binary()
	if err != nil {
		p.tb.Fatal(err)
	}
	p.launch(append([]string{path}, p.args...), env)
}

// launch runs a command that is the server or has it as its child.
func (p *product) launch(command, env []string) {
	p.tb.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		p.tb.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SMSFLOW_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(append(cmd.Env, p.env...), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // should this process die first
	if err := cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	gone := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.gone = cmd, gone
	p.mu.Unlock()
	go func() {
		defer close(gone)
		_ = cmd.Wait() // read from ProcessState
	}()
}

// signal sends a signal to the server if it runs.
func (p *product) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(s) // fails only if it is gone
	}
}

// kill ends the server as kill -9 does.
func (p *product) kill() {
	p.signal(syscall.SIGKILL)
	<-p.gone
}

// ended waits for the end of the server and says whether it has come.
func (p *product) ended(within time.Duration) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	select {
	case <-p.gone:
		return true
	case <-deadline.C:
	}
	select { // both may have been ready
	case <-p.gone:
		return true
	default:
		return false
	}
}

// killed says whether the server has died by SIGKILL. It has to be gone.
func (p *product) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// terminate stops the server as a supervisor does and wants it to end well in time.
func (p *product) terminate(within time.Duration) {
	p.tb.Helper()
	began := time.Now()
	p.signal(syscall.SIGTERM)
	if !p.ended(within) {
		p.tb.Errorf("it has not stopped %s after SIGTERM", within)
		p.kill()
		return
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.tb.Errorf("it has stopped with code %d after SIGTERM and %s:\n%s", code, time.Since(began), p.tail())
	}
}

// frozen says whether the server is stopped by SIGSTOP.
func (p *product) frozen() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return false
	}
	// pid (name) state …
	_, after, _ := bytes.Cut(stat, []byte(") "))
	return bytes.HasPrefix(after, []byte("T"))
}

// tail is the end of the log.
func (p *product) tail() string {
	const size = 4_000
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-size):])
}
