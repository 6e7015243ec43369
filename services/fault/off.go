//go:build !faults

package fault

import "time"

// Point is a place at which a test may have the process die or freeze.
func Point(string) {}

// Off says whether a test has switched a control off.
func Off(string) bool { return false }

// Duration gives d, unless a test wants another one under that name.
func Duration(_ string, d time.Duration) time.Duration { return d }
