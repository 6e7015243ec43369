//go:build faults

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// SMSFLOW_FAULT_CRASH=POINT:N kills the process (SIGKILL) when it gets to POINT for the Nth time.
// SMSFLOW_FAULT_FREEZE=POINT:N stops it (SIGSTOP) there every Nth time, until somebody sends SIGCONT.
// SMSFLOW_FAULT_OFF=A,B switches controls off.
// SMSFLOW_FAULT_WAIT=A=2s,B=500ms sets durations.

var (
	mu     sync.Mutex
	crash  = trapOf("SMSFLOW_FAULT_CRASH")
	freeze = trapOf("SMSFLOW_FAULT_FREEZE")
	off    = listOf("SMSFLOW_FAULT_OFF")
	waits  = listOf("SMSFLOW_FAULT_WAIT")
)

// trap snaps when a point has been passed n times.
type trap struct {
	point string
	n     int
	count int
}

func trapOf(variable string) *trap {
	point, n, ok := strings.Cut(os.Getenv(variable), ":")
	if !ok {
		return &trap{}
	}
	count, err := strconv.Atoi(n)
	if err != nil || count < 1 {
		panic(variable + " is not POINT:N")
	}
	return &trap{point: point, n: count}
}

func (t *trap) snaps(point string) bool {
	if t.point != point {
		return false
	}
	t.count++
	return t.count%t.n == 0
}

func listOf(variable string) map[string]string {
	list := map[string]string{}
	for entry := range strings.SplitSeq(os.Getenv(variable), ",") {
		name, value, _ := strings.Cut(entry, "=")
		list[name] = value
	}
	return list
}

// Point dies or freezes here if the environment says so.
func Point(name string) {
	mu.Lock()
	defer mu.Unlock()
	if crash.snaps(name) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal is there
	}
	if freeze.snaps(name) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		// The signal may take another thread first: this one must not get away.
		time.Sleep(20 * time.Millisecond)
	}
}

// Off says whether the environment has switched a control off.
func Off(name string) bool {
	_, ok := off[name]
	return ok
}

// Duration gives d, unless the environment has another one.
func Duration(name string, d time.Duration) time.Duration {
	value, ok := waits[name]
	if !ok {
		return d
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		panic("SMSFLOW_FAULT_WAIT: " + err.Error())
	}
	return d
}
