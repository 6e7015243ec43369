//go:build linux

package faulttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"smsflow/services/gateway/gatewaytest"
)

const (
	roundsVariable = "SMSFLOW_FAULT_ROUNDS"
	buildVariable  = "SMSFLOW_FAULT_BUILD"
)

func TestMain(m *testing.M) {
	if gatewaytest.Main() {
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if built != "" {
			_ = os.RemoveAll(built) // a folder of temporary files
		}
		os.Exit(code)
	}))
}

// built is the folder of the binary, once there is one.
var built string

// binary builds the product once for this process.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "smsflow-faulttest-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "smsflow")
	args := append([]string{"build", "-tags=faults", "-o", path}, strings.Fields(os.Getenv(buildVariable))...)
	if out, err := exec.Command("go", append(args, "smsflow/cmd/smsflow")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the product: %w\n%s", err, out)
	}
	return path, nil
})

// rounds is n, or as many times more as the environment wants.
func rounds(tb testing.TB, n int) int {
	tb.Helper()
	value := os.Getenv(roundsVariable)
	if value == "" {
		return n
	}
	times, err := strconv.Atoi(value)
	if err != nil || times < 1 {
		tb.Fatalf("%s is %q: write a number from 1", roundsVariable, value)
	}
	return n * times
}

// databases are what every promise holds for.
func databases() []database { return []database{sqliteDB, postgresDB} }

// database is the kind of a world's database.
type database string

const (
	sqliteDB   database = "sqlite"
	postgresDB database = "postgres"
)

// each runs a test with both databases, side by side.
func each(t *testing.T, test func(t *testing.T, kind database)) {
	t.Helper()
	for _, kind := range databases() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, kind)
		})
	}
}

// poll is how often a condition is looked at.
const poll = 50 * time.Millisecond

// until waits for a condition and says whether it came true in time.
func until(within time.Duration, condition func() bool) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			return condition()
		case <-tick.C:
		}
	}
	return true
}
