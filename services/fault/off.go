//go:build !faults

package fault

// Point is a place at which a test may have the process die.
func Point(string) {}

// Off says whether a test has switched a control off.
func Off(string) bool { return false }
