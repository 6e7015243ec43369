package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

const (
	// startLimit and stopLimit are how long a server may take to begin and to end. A backlog that it has at the end dies
	// with its database.
	startLimit = 30 * time.Second
	stopLimit  = 2 * time.Second
	// connections of the gateway to each server. One that is busy costs less a message than many that are not.
	connections = 2
)

// bench is a database with its servers, and connections to them.
type bench struct {
	db      *database
	token   string
	servers []*exec.Cmd
	conns   []*grpc.ClientConn
}

func newBench(ctx context.Context, o *Options, name string) (_ *bench, err error) {
	b := &bench{}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close(context.WithoutCancel(ctx)))
		}
	}()
	db, s, err := newDatabase(ctx, o)
	if err != nil {
		return nil, err
	}
	b.db = db
	b.token, err = newTenant(ctx, s)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	for i := range o.Replicas {
		if err := b.start(ctx, o, name+"-"+strconv.Itoa(i)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// start starts one server and waits until it serves.
func (b *bench) start(ctx context.Context, o *Options, name string) error {
	web, err := freePort(ctx)
	if err != nil {
		return err
	}
	native, err := freePort(ctx)
	if err != nil {
		return err
	}
	// A line of log for each call would be measured too.
	args := []string{"serve", "--http", web, "--grpc", native, "--data", b.db.dir, "--log-level", "warn"}
	if o.CPUProfile != "" {
		args = append(args, "--cpu-profile", filepath.Join(o.CPUProfile, name+".pprof"))
	}
	cmd := exec.CommandContext(ctx, o.Program, args...) //nolint:gosec // our own executable
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
	cmd.Stdout, cmd.Stderr = io.Discard, o.Log
	// The URL has a password: others can read a command line.
	cmd.Env = append(environment(), "SMSFLOW_DATABASE_URL="+b.db.url)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a server: %w", err)
	}
	b.servers = append(b.servers, cmd)
	for range connections {
		conn, err := grpc.NewClient("passthrough:///"+native, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return err
		}
		b.conns = append(b.conns, conn)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	_, err = healthpb.NewHealthClient(b.conns[len(b.conns)-1]).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return fmt.Errorf("the server does not serve: %w", err)
	}
	return nil
}

// freePort is a loopback port that nobody has just now.
func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// gateway is a client on one of the connections, in turn.
func (b *bench) gateway(i int) smsflowv1.RouterServiceClient {
	return smsflowv1.NewRouterServiceClient(b.conns[i%len(b.conns)])
}

// key adds the gateway's key to a call.
func (b *bench) key(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+b.token)
}

// close stops the servers and removes the database.
func (b *bench) close(ctx context.Context) error {
	var errs []error
	for _, conn := range b.conns {
		errs = append(errs, conn.Close())
	}
	for _, cmd := range b.servers {
		errs = append(errs, stop(cmd))
	}
	if b.db != nil {
		errs = append(errs, b.db.close(ctx))
	}
	return errors.Join(errs...)
}

// stop ends a server. What it still had to do is of no interest: if it does not end soon it is killed.
func stop(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop a server: %w", err)
	}
	var killed atomic.Bool
	force := time.AfterFunc(stopLimit, func() { killed.Store(true); _ = cmd.Process.Kill() })
	defer force.Stop()
	if err := cmd.Wait(); err != nil && !killed.Load() {
		return fmt.Errorf("a server has failed: %w", err)
	}
	return nil
}

// spent tells what the processors did for each message: in the servers, and in this process.
func (b *bench) spent(to io.Writer, messages int) {
	var servers time.Duration
	for _, cmd := range b.servers {
		servers += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	_, _ = fmt.Fprintf(to, "servers: %s of processor time for %d messages, and the warm-up's\n", servers.Round(time.Millisecond), messages)
}
