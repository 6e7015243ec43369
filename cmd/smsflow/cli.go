package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"smsflow/services/app"
)

// cli is the command line. Each flag has a variable SMSFLOW_…; docs/configuration.md lists them all, and a test holds
// the two together.
type cli struct {
	Serve      serveCommand      `cmd:"" help:"Run the server."`
	Send       sendCommand       `cmd:"" help:"Act as a messaging gateway: submit one SMS and show what became of it, and why."`
	Outbox     outboxCommand     `cmd:"" help:"Outbound messages that did not get through: list them, send one again."`
	Connection connectionCommand `cmd:"" help:"Gateway connections, on the database itself: set or list them."`
	Load       loadCommand       `cmd:"" help:"Measure this program on this machine, beside PostgreSQL itself."`
	Migrate    migrateCommand    `cmd:"" help:"Bring a database to this version's tables, or tell how far it is."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
)

// console is where a command prints: what was asked for to out, all else to err.
type console struct {
	out, err io.Writer
}

// helpError ends a command line that asked for help, which is printed already.
type helpError struct{}

func (helpError) Error() string { return "help was asked for" }

func newParser(c *cli, to console) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("smsflow"),
		kong.Description("Answers inbound SMS by a tenant's workflows."),
		kong.Vars{
			"data": app.DefaultData, "http": app.DefaultHTTP, "grpc": app.DefaultGRPC, "keep": app.DefaultKeep,
			"demo_contact": app.DemoContact, "demo_number": app.DemoNumber,
		},
		kong.Writers(to.out, to.err),
		// kong wants to end the process after --help; a panic is its only way out of Parse.
		kong.Exit(func(int) { panic(helpError{}) }),
		kong.ValueFormatter(explained),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}),
	)
}

// asked turns the other usual ways to ask for help and for the version into ours.
func asked(args []string) []string {
	switch {
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	}
	return args
}

// explained is a flag's help: what it does, its default, its variable.
func explained(v *kong.Value) string {
	help := v.Help
	if v.HasDefault && v.Default != "" && !v.IsBool() {
		help += " Default: " + v.Default + "."
	}
	if len(v.Tag.Envs) > 0 {
		help += " ($" + v.Tag.Envs[0] + ")"
	}
	return help
}

// run does what the arguments say and gives the exit code.
func run(args []string, out, errs io.Writer) (code int) {
	to := console{out: out, err: errs}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case helpError:
			code = exitOK
		default:
			panic(r)
		}
	}()
	var c cli
	parser, err := newParser(&c, to)
	if err != nil {
		return fail(to, err)
	}
	command, err := parser.Parse(asked(args))
	if err != nil {
		_ = fail(to, err)
		_, _ = fmt.Fprintf(errs, "  %s --help tells more\n", usageOf(err))
		return exitError
	}
	// The first signal stops gently; after it the default is back, so the second one ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(&to); err != nil {
		return fail(to, err)
	}
	return exitOK
}

// usageOf is the command whose help fits an error of the command line.
func usageOf(err error) string {
	var bad *kong.ParseError
	if errors.As(err, &bad) && bad.Context != nil {
		if node := bad.Context.Selected(); node != nil {
			return "smsflow " + node.Path()
		}
	}
	return "smsflow"
}

// fail prints an error, one line for each that was joined into it.
func fail(to console, err error) int {
	lines := strings.Split(strings.TrimRight(err.Error(), "\n"), "\n")
	_, _ = fmt.Fprintf(to.err, "smsflow: %s\n", strings.Join(lines, "\n  "))
	return exitError
}
