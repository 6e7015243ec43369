package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/durationpb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/app"
)

type serveCommand struct {
	app.Config `embed:""`

	CPUProfile string `name:"cpu-profile" hidden:"" placeholder:"FILE" env:"SMSFLOW_CPU_PROFILE" help:"File for a CPU profile, until the server begins to stop."`
}

// Run serves until ctx is done, which is a success.
func (c *serveCommand) Run(ctx context.Context, to *console) (err error) {
	if c.CPUProfile != "" {
		stop, failed := profile(c.CPUProfile)
		if failed != nil {
			return failed
		}
		stop = sync.OnceValue(stop)
		context.AfterFunc(ctx, func() { _ = stop() })
		defer func() { err = errors.Join(err, stop()) }()
	}
	log, err := c.NewLog(to.err)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, c.Config, log)
	if err != nil {
		if ctx.Err() != nil {
			return nil // stopped while it started
		}
		return err
	}
	defer func() { _ = a.Close() }()
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { served <- a.Run(ctx) }()
	if c.Demo {
		if err := c.demo(ctx, a, to); err != nil && ctx.Err() == nil {
			stop()
			return errors.Join(fmt.Errorf("demo: %w", err), <-served)
		}
	}
	return <-served
}

// profile writes down where the time goes until stop.
func profile(file string) (stop func() error, err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("--cpu-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

const (
	// demoQuestion is the SMS that the demo answers on start.
	demoQuestion = "What are your opening hours?"
	demoWait     = 25 * time.Second
	// demoOther is who opts out in the hints, so that nobody else does by mistake.
	demoOther = "+14155550124"
	// demoCurl is who texts by curl, so that the five answers a minute of the others are not used up.
	demoCurl = "+14155550125"
)

// demo acts as a gateway once, and says how to go on.
func (c *serveCommand) demo(ctx context.Context, a *app.App, to *console) error {
	grpcAddress, httpAddress := dialable(a.GRPCAddr()), dialable(a.HTTPAddr())
	send := sendCommand{Connection: Connection{GRPC: grpcAddress}, Data: c.Data}
	key, err := send.key()
	if err != nil {
		return err
	}
	req := &smsflowv1.RouteInboundRequest{
		// A new id with each start: the same one would be a repeated delivery.
		GatewayMessageId: "demo-" + uuid.NewString(), From: app.DemoFirst(time.Now()), To: app.DemoNumber, Body: demoQuestion,
		Wait: durationpb.New(demoWait),
	}
	res, err := send.submit(ctx, key, req)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(to.out, drawn(req, res), c.hints(grpcAddress, httpAddress))
	return err
}

// hints are lines to paste.
func (c *serveCommand) hints(grpcAddress, httpAddress string) string {
	send := program() + " send"
	if grpcAddress != app.DefaultGRPC {
		send += " --grpc " + grpcAddress
	}
	if c.Data != app.DefaultData {
		send += " --data " + shellQuoted(c.Data)
	}
	gatewayKey, configKey := shellQuoted(c.File(app.DemoGatewayFile)), shellQuoted(c.File(app.DemoConfigFile))
	curl := func(key, method, body string) string {
		return fmt.Sprintf("  curl -s http://%s/smsflow.v1.%s -H 'Content-Type: application/json' \\\n    -H \"Authorization: Bearer $(cat %s)\" \\\n    -d '%s'\n",
			httpAddress, method, key, body)
	}
	var b strings.Builder
	b.WriteString("\nSend another SMS, in a second terminal (--from makes you another contact):\n")
	for _, text := range []string{demoQuestion, "How much is a cleaning?", "I want to book an appointment"} {
		fmt.Fprintf(&b, "  %s %q\n", send, text)
	}
	fmt.Fprintf(&b, "  %s --from %s STOP\n", send, demoOther)
	b.WriteString("The same by curl:\n")
	b.WriteString(curl(gatewayKey, "RouterService/RouteInbound",
		fmt.Sprintf(`{"gatewayMessageId":"curl-1","from":%q,"to":%q,"body":"Where can I park?"}`, demoCurl, app.DemoNumber)))
	b.WriteString("The workflows that answer:\n")
	b.WriteString(curl(configKey, "WorkflowService/ListWorkflows", "{}"))
	b.WriteString("Ctrl-C stops the server.\n")
	return b.String()
}

// dialable is an address that a client on this machine can use for a listener's.
func dialable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsUnspecified() || ip.Equal(net.IPv4(127, 0, 0, 1))) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// shellQuoted quotes a file's name for a shell, if it needs it.
func shellQuoted(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./", r)
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
