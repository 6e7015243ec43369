// Package app makes one running server of all the rooms: it reads the configuration, opens the database, wires the use
// cases to their adapters, listens on the two addresses, and stops everything in the right order.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"smsflow/services/access"
	"smsflow/services/assistant"
	"smsflow/services/assistant/faq"
	"smsflow/services/assistant/openai"
	"smsflow/services/gateway"
	"smsflow/services/gateway/generic"
	"smsflow/services/router"
	"smsflow/services/rpc"
	"smsflow/services/workflow"
)

// Limits of a stop. Together they stay below the 30 seconds that supervisors commonly give.
const (
	// drainLimit is how long a stop waits for messages that are being handled.
	drainLimit = 20 * time.Second
	// callGrace is how long calls may still take when all messages have been handled.
	callGrace = 2 * time.Second
	// readyLimit is how long the database may take to say that it is there.
	readyLimit = 2 * time.Second
)

// embeddedLease is how long a conversation is held without a sign of life where there is one process: what waits after
// a crash is nobody else's, so the next start need not wait for it as long as replicas do for each other.
const embeddedLease = 3 * time.Second

// folderMode is the mode of a data folder that is made: messages and keys are in it.
const folderMode = 0o700

// App is one server. Make it with New, start it with Run, give it back with Close.
type App struct {
	config   Config
	timing   timing
	log      *slog.Logger
	store    Store
	models   *openai.Answerer
	webhooks *generic.Sender
	router   *router.Router
	http     *http.Server
	grpc     *grpc.Server
	httpAddr net.Listener
	grpcAddr net.Listener
	draining chan struct{}
	close    func() error
}

// timing is what tests make shorter.
type timing struct {
	lease time.Duration // 0: the router's own default
	drain time.Duration
}

// New checks the configuration, opens and migrates the database, sets up the demo if it is asked for, and listens on
// both addresses: a client may call from then on and is answered as soon as Run runs.
func New(ctx context.Context, c Config, log *slog.Logger) (*App, error) {
	t := timing{drain: drainLimit}
	if c.DatabaseURL == "" {
		t.lease = embeddedLease
	}
	return newApp(ctx, c, log, t)
}

func newApp(ctx context.Context, c Config, log *slog.Logger, t timing) (*App, error) {
	if err := c.Verify(); err != nil {
		return nil, err
	}
	a := &App{config: c, timing: t, log: log, draining: make(chan struct{})}
	a.close = sync.OnceValue(a.giveBack)
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	c := &a.config
	var serverTLS *tls.Config
	if c.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("--tls-cert and --tls-key: %w", err)
		}
		serverTLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	// The ports come first: who starts a second server by mistake is told so before anything is touched.
	var err error
	if a.httpAddr, err = listen(ctx, "http", "SMSFLOW_HTTP", c.HTTP); err != nil {
		return err
	}
	if a.grpcAddr, err = listen(ctx, "grpc", "SMSFLOW_GRPC", c.GRPC); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, folderMode); err != nil {
		return fmt.Errorf("--data (SMSFLOW_DATA): %w", err)
	}
	newKeyset := c.SecretKeyset == "" && !exists(c.File(keysetFile))
	secrets, err := openSecrets(c)
	if err != nil {
		return err
	}
	if a.store, err = openStore(ctx, &c.StoreConfig, c.ListenURL); err != nil {
		return err
	}
	if err := a.migrate(ctx); err != nil {
		return err
	}
	service := &workflow.Service{Store: a.store, Seal: secrets, Now: time.Now, NewID: newID}
	if c.Demo {
		if err := seedDemo(ctx, c, a.store, service); err != nil {
			return err
		}
	}
	if err := a.warn(ctx, newKeyset); err != nil {
		return err
	}
	assistants, err := c.assistantNetworks()
	if err != nil {
		return err
	}
	gateways, err := c.gatewayNetworks()
	if err != nil {
		return err
	}
	a.models = openai.New(openai.Options{Now: time.Now, AllowPrivate: assistants})
	a.webhooks = generic.New(time.Now, generic.Options{AllowPrivate: gateways})
	a.router = router.New(router.Options{
		Store: a.store, Outbox: a.store, Broom: a.store, Hints: a.store, KeepMessages: c.KeepMessages, KeepKeys: c.KeepKeys, Opener: secrets,
		Answerer: assistant.Providers{FAQ: faq.Answerer{}, OpenAI: a.models, Now: time.Now},
		Gateway:  gateway.Senders{Webhook: a.webhooks, Log: a.log},
		Log:      a.log, Now: time.Now, NewID: newID, Jitter: rand.Float64, Owner: uuid.NewString(), Lease: a.timing.lease, Drain: a.timing.drain,
	})
	return a.serve(service, serverTLS)
}

// serve makes the two servers; nothing is accepted before Run.
func (a *App) serve(service *workflow.Service, serverTLS *tls.Config) error {
	edge := rpc.Config{
		Workflows: service, Router: a.router,
		Gate: &access.Gate{Store: access.NewCache(a.store, time.Now, access.MaxCacheAge), Now: time.Now},
		Log:  a.log, Now: time.Now, NewID: newID, Ready: a.ready, Draining: a.draining,
	}
	handler, err := rpc.NewHTTP(edge)
	if err != nil {
		return err
	}
	a.http = rpc.NewServer(handler, a.log)
	if a.grpc, err = rpc.NewGRPC(edge); err != nil {
		return err
	}
	if serverTLS != nil {
		// Clients of gRPC want HTTP/2 agreed on; the HTTP port takes both.
		a.httpAddr = tls.NewListener(a.httpAddr, withProtocols(serverTLS, "h2", "http/1.1"))
		a.grpcAddr = tls.NewListener(a.grpcAddr, withProtocols(serverTLS, "h2"))
	}
	return nil
}

func withProtocols(c *tls.Config, names ...string) *tls.Config {
	c = c.Clone()
	c.NextProtos = names
	return c
}

// newID makes the ids of everything that is stored: UUIDv7, so that they sort by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// listen opens an address and says which flag to change if it cannot.
func listen(ctx context.Context, flag, variable, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--%s (%s): %s is in use, perhaps by another smsflow: stop that, or choose another address", flag, variable, address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("--%s (%s): %s may not be used by this user: choose a port above 1023", flag, variable, address)
	default:
		return nil, fmt.Errorf("--%s (%s): %w", flag, variable, err)
	}
}

func (a *App) migrate(ctx context.Context) error {
	applied, err := migrate(ctx, a.store)
	if err != nil {
		return err
	}
	for _, m := range applied {
		a.log.InfoContext(ctx, "migration applied", "name", m.Name)
	}
	return nil
}

// warn tells of a start that went well and yet cannot be what was meant.
func (a *App) warn(ctx context.Context, newKeyset bool) error {
	keys, secrets, err := a.store.Holds(ctx)
	if err != nil {
		return fmt.Errorf("look for keys: %w", err)
	}
	if !keys {
		a.log.WarnContext(ctx, "no key of a caller exists in this database, so nobody can use this server: `smsflow serve --demo` sets up a tenant with its keys; or is it another --data or --database-url that was meant?")
	}
	if newKeyset && secrets {
		a.log.WarnContext(ctx, "the keyset is new, but the database holds secrets that were sealed with another one and cannot be opened now: "+
			"stop, put the old keyset back (its file, or SMSFLOW_SECRET_KEYSET) and start again, or enter the assistants' and connections' secrets anew",
			"file", a.config.File(keysetFile))
	}
	return nil
}

// ready says whether the database answers.
func (a *App) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	return a.store.Ready(ctx)
}

// HTTPAddr is where the HTTP port listens.
func (a *App) HTTPAddr() net.Addr { return a.httpAddr.Addr() }

// GRPCAddr is where the gRPC port listens.
func (a *App) GRPCAddr() net.Addr { return a.grpcAddr.Addr() }

// Run serves until ctx is done, then stops: it says that it is not ready, accepts no more calls and messages, finishes
// the messages that are being handled (at most drainLimit), and returns nil. What was accepted and is not finished then
// is answered by another replica, or after the next start. Run may be called once.
func (a *App) Run(ctx context.Context) error {
	routing, stopRouting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRouting()
	g, failed := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := a.http.Serve(a.httpAddr); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("the HTTP port: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		if err := a.grpc.Serve(a.grpcAddr); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			return fmt.Errorf("the gRPC port: %w", err)
		}
		return nil
	})
	routed := make(chan struct{})
	g.Go(func() error {
		defer close(routed)
		return a.router.Run(routing)
	})
	a.log.InfoContext(ctx, "serving", "http", a.HTTPAddr().String(), "grpc", a.GRPCAddr().String(), "database", a.config.database())
	<-failed.Done()
	a.log.InfoContext(ctx, "stopping")
	close(a.draining)
	stopRouting()
	a.stopServers(context.WithoutCancel(ctx), routed)
	err := g.Wait()
	a.log.InfoContext(ctx, "stopped")
	return err
}

// stopServers accepts nothing more and lets calls end by themselves until all messages are handled and the grace is
// over.
func (a *App) stopServers(ctx context.Context, routed <-chan struct{}) {
	limit, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		select {
		case <-routed:
		case <-limit.Done():
			return
		}
		t := time.NewTimer(callGrace)
		defer t.Stop()
		select {
		case <-t.C:
		case <-limit.Done():
		}
		cancel()
	})
	var servers sync.WaitGroup
	servers.Go(func() {
		if a.http.Shutdown(limit) != nil {
			_ = a.http.Close()
		}
	})
	servers.Go(func() {
		gentle := make(chan struct{})
		go func() {
			defer close(gentle)
			a.grpc.GracefulStop()
		}()
		select {
		case <-gentle:
		case <-limit.Done():
			a.grpc.Stop()
			<-gentle
		}
	})
	servers.Wait()
	cancel()
	group.Wait()
}

// Close gives back the ports and the database. It is for an App whose Run has returned or was never called.
func (a *App) Close() error { return a.close() }

func (a *App) giveBack() error {
	for _, l := range []net.Listener{a.httpAddr, a.grpcAddr} {
		if l != nil {
			_ = l.Close() // closed already if a server has had it
		}
	}
	if a.models != nil {
		a.models.Close()
	}
	if a.webhooks != nil {
		a.webhooks.Close()
	}
	if a.store == nil {
		return nil
	}
	return a.store.Close()
}
