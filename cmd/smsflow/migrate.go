package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"smsflow/services/app"
)

// migrateCommand has the two sub-commands for a database's tables. `serve` brings them up to date by itself.
type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the tables up to date. serve does the same when it starts."`
	Status migrateStatus `cmd:"" help:"Tell which migrations have been applied."`
}

type migrateUp struct {
	app.StoreConfig `embed:""`
}

// Run applies what is missing.
func (c *migrateUp) Run(ctx context.Context, to *console) error {
	applied, err := c.Migrate(ctx)
	if err != nil {
		return err
	}
	if len(applied) == 0 {
		_, err = fmt.Fprintln(to.out, "the tables are up to date")
		return err
	}
	for _, m := range applied {
		if _, err := fmt.Fprintln(to.out, "applied", m.Name); err != nil {
			return err
		}
	}
	return nil
}

type migrateStatus struct {
	app.StoreConfig `embed:""`
}

// Run lists the migrations.
func (c *migrateStatus) Run(ctx context.Context, to *console) error {
	all, err := c.Migrations(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
	for _, m := range all {
		state := "pending"
		if !m.AppliedAt.IsZero() {
			state = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\n", m.Name, state); err != nil {
			return err
		}
	}
	return w.Flush()
}
