package load

import (
	"bufio"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// figures are what one load gave.
type figures struct {
	rate      float64 // messages a second
	latencies []time.Duration
}

// quantile gives a latency in milliseconds: the one that so large a part of the messages did not exceed.
func (f *figures) quantile(part float64) float64 {
	if len(f.latencies) == 0 {
		return 0
	}
	slices.Sort(f.latencies)
	at := min(int(part*float64(len(f.latencies))), len(f.latencies)-1)
	return float64(f.latencies[at].Microseconds()) / 1000
}

// Machine is where it was measured: a figure says nothing without it.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	System   string `json:"system"`
	Go       string `json:"go"`
	Postgres string `json:"postgres,omitempty"`
}

func machine() Machine {
	return Machine{CPU: cpu(), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
}

// cpu is the processor's name where the system tells it.
func cpu() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
