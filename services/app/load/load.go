// Package load measures how many messages a server takes and finishes in a second, beside what the same PostgreSQL does
// with the smallest durable thing there is, a single-row INSERT. It starts its own servers, as processes of their own, on
// loopback ports, with a database that it makes and removes; it calls nothing else.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Limits of a measurement.
const (
	MaxSubmitters = 4_096
	MaxInFlight   = 2_048
	MaxDuration   = 5 * time.Minute
	MinDuration   = 200 * time.Millisecond
	MaxMessages   = 10_000_000
	MaxReplicas   = 2

	// warmUp is how long a load runs before it is measured: statements are prepared, connections are open, caches full.
	warmUp = time.Second
	// settleLimit is how long what is under way at the end of a measurement may take.
	settleLimit = 2 * time.Minute
)

// The stores that can be measured.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Options say what is measured.
type Options struct {
	Program      string // the executable that serves
	Store        string
	DatabaseURL  string // of a PostgreSQL, by a user who may make databases; with Store postgres
	YardstickURL string // of the PostgreSQL that is the yardstick; empty: DatabaseURL; both empty: no yardstick
	Submitters   int    // messages that are unanswered at once, for the acknowledgements
	InFlight     int    // messages that are unfinished at once, for the whole
	Duration     time.Duration
	Messages     int // ends a measurement earlier; 0: it does not
	Replicas     int
	CPUProfile   string    // a folder for the servers' CPU profiles; empty: none
	Only         string    // "ack" or "whole": nothing but that one, and what the processors did for it goes to Log
	Log          io.Writer // what the servers log
}

// The values of Options.Only.
const (
	onlyAck   = "ack"
	onlyWhole = "whole"
)

// Report is what was measured. A ratio is a rate by the yardstick's.
type Report struct {
	Machine

	Store      string  `json:"store"`
	Replicas   int     `json:"replicas"`
	Submitters int     `json:"submitters"`
	InFlight   int     `json:"in_flight"`
	Seconds    float64 `json:"seconds"`

	AcceptedPerS  float64  `json:"accepted_per_s"`
	FinishedPerS  float64  `json:"finished_per_s"`
	AckP50        float64  `json:"ack_p50_ms"`
	AckP99        float64  `json:"ack_p99_ms"`
	EndP50        float64  `json:"end_p50_ms"`
	EndP99        float64  `json:"end_p99_ms"`
	YardstickPerS *float64 `json:"yardstick_per_s"`
	RatioAck      *float64 `json:"ratio_ack"`
	RatioWhole    *float64 `json:"ratio_whole"`
}

// Verify says everything that is wrong with the options.
func (o *Options) Verify() error {
	var errs []error
	between := func(flag string, n, least, most int) {
		if n < least || n > most {
			errs = append(errs, fmt.Errorf("--%s is %d: choose %d to %d", flag, n, least, most))
		}
	}
	switch o.Store {
	case SQLite:
		if o.DatabaseURL != "" {
			errs = append(errs, errors.New("--database-url belongs to --store postgres: for the yardstick beside SQLite use --yardstick-url"))
		}
		if o.Replicas > 1 {
			errs = append(errs, errors.New("--replicas 2 needs --store postgres: the embedded database is one process's"))
		}
	case Postgres:
		if o.DatabaseURL == "" {
			errs = append(errs, errors.New("--database-url is missing: name a PostgreSQL on this machine in which databases may be made, such as a throwaway one"))
		}
	default:
		errs = append(errs, fmt.Errorf("--store is %q: choose %s or %s", o.Store, SQLite, Postgres))
	}
	between("submitters", o.Submitters, 1, MaxSubmitters)
	between("in-flight", o.InFlight, 1, MaxInFlight)
	between("messages", o.Messages, 0, MaxMessages)
	between("replicas", o.Replicas, 1, MaxReplicas)
	if o.Duration < MinDuration || o.Duration > MaxDuration {
		errs = append(errs, fmt.Errorf("--duration is %s: choose %s to %s", o.Duration, MinDuration, MaxDuration))
	}
	for flag, url := range map[string]string{"database-url": o.DatabaseURL, "yardstick-url": o.YardstickURL} {
		if err := onThisMachine(flag, url); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Run measures: the yardstick, the acknowledgements, the whole, the yardstick again.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.Verify(); err != nil {
		return Report{}, err
	}
	switch {
	case o.Only != "":
		o.YardstickURL = ""
	case o.YardstickURL == "":
		o.YardstickURL = o.DatabaseURL
	}
	r := Report{
		Machine: machine(), Store: o.Store, Replicas: o.Replicas, Submitters: o.Submitters, InFlight: o.InFlight,
		Seconds: o.Duration.Seconds(),
	}
	before, version, err := yardstick(ctx, &o)
	if err != nil {
		return r, err
	}
	r.Postgres = version
	if o.Only != onlyWhole {
		acks, err := measure(ctx, &o, onlyAck, acknowledgements)
		if err != nil {
			return r, fmt.Errorf("the acknowledgements: %w", err)
		}
		r.AcceptedPerS, r.AckP50, r.AckP99 = acks.rate, acks.quantile(0.5), acks.quantile(0.99)
	}
	if o.Only != onlyAck {
		whole, err := measure(ctx, &o, onlyWhole, wholes)
		if err != nil {
			return r, fmt.Errorf("the whole: %w", err)
		}
		r.FinishedPerS, r.EndP50, r.EndP99 = whole.rate, whole.quantile(0.5), whole.quantile(0.99)
	}
	after, _, err := yardstick(ctx, &o)
	if err != nil {
		return r, err
	}
	if before > 0 && after > 0 {
		y := (before + after) / 2
		ack, end := r.AcceptedPerS/y, r.FinishedPerS/y
		r.YardstickPerS, r.RatioAck, r.RatioWhole = &y, &ack, &end
	}
	return r, nil
}

// measure runs one load against servers and a database of its own.
func measure(ctx context.Context, o *Options, name string, load func(context.Context, *Options, *bench) (figures, error)) (f figures, err error) {
	b, err := newBench(ctx, o, name)
	if err != nil {
		return figures{}, err
	}
	defer func() {
		err = errors.Join(err, b.close(context.WithoutCancel(ctx)))
		if o.Only != "" {
			b.spent(o.Log, len(f.latencies))
		}
	}()
	return load(ctx, o, b)
}
