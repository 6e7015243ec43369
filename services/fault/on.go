//go:build faults

package fault

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// SMSFLOW_FAULT_CRASH=POINT:N kills the process (SIGKILL) when it gets to POINT for the Nth time.
// SMSFLOW_FAULT_OFF=A,B switches controls off.

var (
	mu   sync.Mutex
	left = -1
	at   = ""
)

// Point dies here if the environment says so.
func Point(name string) {
	mu.Lock()
	defer mu.Unlock()
	if left < 0 {
		left = 0
		if point, n, ok := strings.Cut(os.Getenv("SMSFLOW_FAULT_CRASH"), ":"); ok {
			at = point
			left, _ = strconv.Atoi(n)
		}
	}
	if name != at || left == 0 {
		return
	}
	if left--; left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal is there
	}
}

// Off says whether the environment has switched a control off.
func Off(name string) bool {
	for _, off := range strings.Split(os.Getenv("SMSFLOW_FAULT_OFF"), ",") {
		if off == name {
			return true
		}
	}
	return false
}
