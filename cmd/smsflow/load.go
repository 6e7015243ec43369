package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"smsflow/services/app/load"
)

// loadCommand measures this program on this machine.
type loadCommand struct {
	Store        string        `name:"store" placeholder:"STORE" enum:"sqlite,postgres" default:"sqlite" env:"SMSFLOW_LOAD_STORE" help:"What to measure: ${enum}."`
	DatabaseURL  string        `name:"database-url" placeholder:"URL" env:"SMSFLOW_LOAD_DATABASE_URL" help:"A PostgreSQL on this machine, by a user who may make databases: the measured ones are made, and removed."`
	YardstickURL string        `name:"yardstick-url" placeholder:"URL" env:"SMSFLOW_LOAD_YARDSTICK_URL" help:"The PostgreSQL to compare with; --database-url's if it is not named."`
	Submitters   int           `name:"submitters" placeholder:"N" default:"256" env:"SMSFLOW_LOAD_SUBMITTERS" help:"Messages that are unanswered at once, for the acknowledgements."`
	InFlight     int           `name:"in-flight" placeholder:"N" default:"64" env:"SMSFLOW_LOAD_IN_FLIGHT" help:"Messages that are unfinished at once, for the whole."`
	Duration     time.Duration `name:"duration" placeholder:"DURATION" default:"5s" env:"SMSFLOW_LOAD_DURATION" help:"How long each of the measurements takes."`
	Messages     int           `name:"messages" placeholder:"N" default:"0" env:"SMSFLOW_LOAD_MESSAGES" help:"Ends each of them after so many messages; 0: it does not."`
	Replicas     int           `name:"replicas" placeholder:"N" default:"1" env:"SMSFLOW_LOAD_REPLICAS" help:"Servers on the one database, 1 or 2."`
	JSON         bool          `name:"json" env:"SMSFLOW_JSON" help:"Print the figures as JSON."`
	Only         string        `name:"only" hidden:"" placeholder:"WHAT" enum:",ack,whole" default:"" env:"SMSFLOW_LOAD_ONLY" help:"Measure nothing but the one: ack or whole."`
	CPUProfile   string        `name:"cpu-profile" hidden:"" placeholder:"DIR" env:"SMSFLOW_LOAD_CPU_PROFILE" help:"Folder for the servers' CPU profiles."`
}

// Run measures and prints the figures.
func (c *loadCommand) Run(ctx context.Context, to *console) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	r, err := load.Run(ctx, load.Options{
		Program: program, Store: c.Store, DatabaseURL: c.DatabaseURL, YardstickURL: c.YardstickURL,
		Submitters: c.Submitters, InFlight: c.InFlight, Duration: c.Duration, Messages: c.Messages, Replicas: c.Replicas,
		CPUProfile: c.CPUProfile, Only: c.Only, Log: to.err,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		text, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("print the figures: %w", err)
		}
		_, err = fmt.Fprintf(to.out, "%s\n", text)
		return err
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	ratio := func(r *float64) string {
		if r == nil {
			return ""
		}
		return fmt.Sprintf("%.2f of the yardstick", *r)
	}
	lines := []string{
		fmt.Sprintf("machine\t%s, %d cores, %s, %s", r.CPU, r.Cores, r.System, r.Go),
		fmt.Sprintf("store\t%s, %d server(s)", r.Store, r.Replicas),
		fmt.Sprintf("accepted\t%.0f/s\tp50 %.1f ms\tp99 %.1f ms\t%s\t(%d unanswered at once)", r.AcceptedPerS, r.AckP50, r.AckP99, ratio(r.RatioAck), r.Submitters),
		fmt.Sprintf("finished\t%.0f/s\tp50 %.1f ms\tp99 %.1f ms\t%s\t(%d in flight)", r.FinishedPerS, r.EndP50, r.EndP99, ratio(r.RatioWhole), r.InFlight),
	}
	if r.YardstickPerS != nil {
		lines = append(lines, fmt.Sprintf("yardstick\t%.0f/s\tsingle-row INSERTs by pgbench, PostgreSQL %s", *r.YardstickPerS, r.Postgres))
	}
	if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
		return err
	}
	return w.Flush()
}
