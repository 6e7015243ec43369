package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	yardstickClients = 16
	yardstickThreads = 2
	yardstickTable   = `CREATE TABLE yardstick (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sender text NOT NULL, body text NOT NULL, at timestamptz NOT NULL DEFAULT now())`
	yardstickScript  = `INSERT INTO yardstick (sender, body) VALUES ('+4915100000000', 'What is the price of a cleaning, please?');` + "\n"
)

// yardstick gives how many single-row INSERTs a second the PostgreSQL makes durable: pgbench, prepared statements, 16
// clients, each INSERT a commit of its own. It also gives the server's version. 0: there is no PostgreSQL to measure.
func yardstick(ctx context.Context, o *Options) (rate float64, version string, err error) {
	if o.YardstickURL == "" {
		return 0, "", nil
	}
	pgbench, err := findPgbench()
	if err != nil {
		return 0, "", err
	}
	name, err := scratchName()
	if err != nil {
		return 0, "", err
	}
	if err := execOn(ctx, o.YardstickURL, `CREATE DATABASE `+name); err != nil {
		return 0, "", fmt.Errorf("the yardstick: make a database: %w", err)
	}
	defer func() {
		err = errors.Join(err, execOn(context.WithoutCancel(ctx), o.YardstickURL, `DROP DATABASE `+name+` WITH (FORCE)`))
	}()
	at, err := named(o.YardstickURL, name)
	if err != nil {
		return 0, "", err
	}
	if version, err = durable(ctx, at); err != nil {
		return 0, "", err
	}
	if err := execOn(ctx, at, yardstickTable); err != nil {
		return 0, "", fmt.Errorf("the yardstick: %w", err)
	}
	rate, err = runPgbench(ctx, pgbench, at, o)
	return rate, version, err
}

// durable gives the server's version, and an error if it does not keep what it has committed: then it is no yardstick.
func durable(ctx context.Context, at string) (version string, err error) {
	db, err := openPostgres(at)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	var commit, fsync string
	err = db.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync')`).Scan(&version, &commit, &fsync)
	if err != nil {
		return "", fmt.Errorf("the yardstick: %w", err)
	}
	if commit != "on" || fsync != "on" {
		return "", fmt.Errorf("the PostgreSQL has synchronous_commit=%s and fsync=%s: switch both on, without them nothing is durable", commit, fsync)
	}
	return version, nil
}

func runPgbench(ctx context.Context, pgbench, at string, o *Options) (float64, error) {
	dir, err := os.MkdirTemp("", "smsflow-load-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	script := filepath.Join(dir, "insert.sql")
	if err := os.WriteFile(script, []byte(yardstickScript), 0o600); err != nil {
		return 0, err
	}
	// The password goes by a variable: others can read a command line.
	u, err := url.Parse(at)
	if err != nil {
		return 0, errors.New("the yardstick's URL is not a URL")
	}
	env := environment()
	if password, ok := u.User.Password(); ok {
		env = append(env, "PGPASSWORD="+password)
		u.User = url.User(u.User.Username())
	}
	seconds := max(1, int(math.Round(o.Duration.Seconds())))
	//nolint:gosec // the program that was looked up; the operator names the database
	cmd := exec.CommandContext(ctx, pgbench, "--no-vacuum", "--protocol=prepared", "--client="+strconv.Itoa(yardstickClients),
		"--jobs="+strconv.Itoa(yardstickThreads), "--time="+strconv.Itoa(seconds), "--file="+script, u.String())
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	m := regexp.MustCompile(`(?m)^tps = ([0-9.]+)`).FindStringSubmatch(out.String())
	if m == nil {
		return 0, fmt.Errorf("pgbench has not said how many transactions there were: %s", out.String())
	}
	return strconv.ParseFloat(m[1], 64)
}

// environment is this process's without our own settings, which would be the servers' too.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SMSFLOW_") })
}

// findPgbench finds the program in PATH, or where Debian puts it.
func findPgbench() (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
	if err != nil || len(found) == 0 {
		return "", errors.New("pgbench is not there, and it is the yardstick: install PostgreSQL's programs (Debian: postgresql), or measure without --yardstick-url")
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}
