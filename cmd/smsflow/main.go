// Command smsflow answers inbound SMS: see `smsflow --help` and the README.
package main

import (
	"os"
	_ "time/tzdata" // time zones, also where the machine has none
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
