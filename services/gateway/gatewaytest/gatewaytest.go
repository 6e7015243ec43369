// Package gatewaytest is a messaging gateway for tests: it receives what services/gateway/generic posts, answers as it
// is told, and keeps a ledger of all that it received and of every SMS it would have sent. It runs inside a test (New)
// or as a process of its own that can be killed (Start).
package gatewaytest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"smsflow/services/gateway/generic"
)

const (
	pathMessages = "/messages"
	pathSettings = "/settings"
	pathAwait    = "/await"
	maxRequest   = 256 << 10
	// waitLimit is how long a test waits for what has to come.
	waitLimit = 30 * time.Second
	headers   = 5 * time.Second
)

// Options say how a gateway starts.
type Options struct {
	Settings
	// Secret checks the requests' signatures; empty: they are not looked at.
	Secret string `json:"secret,omitempty"`
	// Ledger is the file to which every line is written and synced before the request is answered. One that exists is
	// continued: messages that were sent before stay sent. Empty: in memory only.
	Ledger string `json:"ledger,omitempty"`
	// Addr is where to listen, for one that comes back after its death; empty: any port of 127.0.0.1.
	Addr string `json:"addr,omitempty"`
}

// Settings can be changed while the gateway runs: by Set, or by a PUT of the JSON to /settings.
type Settings struct {
	// Dedupe: an id that was sent is not sent again.
	Dedupe bool `json:"dedupe"`
	// Script is what the next requests get, in order; after its end, Otherwise. Repeat: it begins again instead.
	Script    []Mode `json:"script,omitempty"`
	Repeat    bool   `json:"repeat,omitempty"`
	Otherwise Mode   `json:"otherwise"` // the zero Mode is OK
}

// Gateway is a gateway that runs inside the test.
type Gateway struct {
	// URL is what a connection's url has to be.
	URL string
	// Addr is the address it listens on.
	Addr string

	secret string
	ledger *ledger
	fail   func(error)
	server *http.Server
	quit   chan struct{}
	busy   sync.WaitGroup

	mu       sync.Mutex
	settings Settings
	step     int // in the script
	used     int // times that step was used
}

// New starts a gateway that stops with the test.
func New(tb testing.TB, o Options) *Gateway {
	tb.Helper()
	g, err := start(o, func(err error) { tb.Errorf("gatewaytest: %v", err) })
	if err != nil {
		tb.Fatalf("gatewaytest: %v", err)
	}
	tb.Cleanup(g.Close)
	return g
}

func start(o Options, fail func(error)) (*Gateway, error) {
	book, err := openLedger(o.Ledger)
	if err != nil {
		return nil, err
	}
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, errors.Join(err, book.close())
	}
	g := &Gateway{
		URL: "http://" + listener.Addr().String() + pathMessages, Addr: listener.Addr().String(),
		secret: o.Secret, ledger: book, fail: fail, quit: make(chan struct{}), settings: o.Settings,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pathMessages, g.receive)
	mux.HandleFunc("PUT "+pathSettings, g.change)
	mux.HandleFunc("GET "+pathAwait, g.await)
	g.server = &http.Server{Handler: mux, ReadHeaderTimeout: headers}
	g.busy.Go(func() {
		if err := g.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fail(err)
		}
	})
	return g, nil
}

// Close stops the gateway; requests that it holds are cut.
func (g *Gateway) Close() {
	g.mu.Lock()
	select {
	case <-g.quit:
		g.mu.Unlock()
		return
	default:
	}
	close(g.quit)
	g.mu.Unlock()
	err := g.server.Close()
	g.busy.Wait()
	if err := errors.Join(err, g.ledger.close()); err != nil {
		g.fail(err)
	}
}

// Set changes the settings; the script begins at its start.
func (g *Gateway) Set(s Settings) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settings, g.step, g.used = s, 0, 0
}

// Entries are the ledger's lines so far.
func (g *Gateway) Entries() []Entry { return g.ledger.all() }

// Await gives the ledger's lines once there are that many.
func (g *Gateway) Await(tb testing.TB, n int) []Entry {
	tb.Helper()
	entries := g.wait(tb.Context(), n)
	if len(entries) < n {
		tb.Fatalf("gatewaytest: %d requests came, want %d", len(entries), n)
	}
	return entries
}

// wait gives the lines once there are that many, or what there is when the time is over.
func (g *Gateway) wait(ctx context.Context, n int) []Entry {
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	for {
		entries, grew := g.ledger.watch()
		if len(entries) >= n {
			return entries
		}
		select {
		case <-grew:
		case <-g.quit:
			return entries
		case <-ctx.Done():
			return entries
		}
	}
}

// await answers once there are ?n= lines.
func (g *Gateway) await(w http.ResponseWriter, r *http.Request) {
	g.begin()
	defer g.busy.Done()
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if have := len(g.wait(r.Context(), n)); have < n {
		http.Error(w, strconv.Itoa(have)+" requests came", http.StatusRequestTimeout)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// begin counts a request, for which Close waits; one that comes after Close is cut.
func (g *Gateway) begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.quit:
		panic(http.ErrAbortHandler)
	default:
		g.busy.Add(1)
	}
}

// hold keeps a request until something happens: the timer, or the other side gives up. At Close it is cut.
func (g *Gateway) hold(r *http.Request, timer <-chan time.Time) {
	select {
	case <-timer:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	case <-g.quit:
		panic(http.ErrAbortHandler)
	}
}

// next takes the mode of the request that came now.
func (g *Gateway) next() (mode Mode, dedupe bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.settings
	if g.step >= len(s.Script) {
		return s.Otherwise, s.Dedupe
	}
	mode = s.Script[g.step]
	if g.used++; g.used >= max(mode.Times, 1) {
		g.step, g.used = g.step+1, 0
	}
	if s.Repeat && g.step == len(s.Script) {
		g.step = 0
	}
	return mode, s.Dedupe
}

func (g *Gateway) change(w http.ResponseWriter, r *http.Request) {
	var s Settings
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.Set(s)
	w.WriteHeader(http.StatusNoContent)
}

// receive handles one message: the ledger's line is on disk before the gateway does anything that can be seen.
func (g *Gateway) receive(w http.ResponseWriter, r *http.Request) {
	g.begin()
	defer g.busy.Done()
	mode, dedupe := g.next()
	e := Entry{Time: time.Now().UTC()}
	if mode.Do == CutUnread {
		e.ID = r.Header.Get(generic.HeaderKey)
	} else if e.Fault = g.read(w, r, &e.Message); e.Fault != "" {
		mode = Status(http.StatusBadRequest)
	}
	e.Answered = mode.String()
	repeat, err := g.ledger.add(&e, mode.sends(), dedupe)
	if err != nil {
		g.fail(err)
		mode = Mode{Do: Cut} // not in the ledger, so it did not happen
	}
	g.answer(w, r, mode, answer{ID: GatewayID(e.ID), Repeat: repeat})
}

// read takes the message out of the request and says what is wrong with it.
func (g *Gateway) read(w http.ResponseWriter, r *http.Request, m *generic.Message) (fault string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return "body: " + err.Error()
	}
	if g.secret != "" {
		if err := generic.Verify(g.secret, r.Header, body, time.Now()); err != nil {
			return err.Error()
		}
	}
	if err := json.Unmarshal(body, m); err != nil {
		return "body: " + err.Error()
	}
	switch {
	case m.ID == "" || r.Header.Get(generic.HeaderKey) != m.ID:
		return generic.HeaderKey + " is not the id in the body"
	case r.Header.Get("Content-Type") != "application/json":
		return "Content-Type is not application/json"
	}
	return ""
}

// answer is the JSON of a 2xx answer.
type answer struct {
	ID     string `json:"id"`
	Repeat bool   `json:"repeat,omitempty"`
}

// GatewayID is the id that the gateway gives a message, the same for every repetition.
func GatewayID(id string) string { return "gw-" + id }

func (g *Gateway) answer(w http.ResponseWriter, r *http.Request, mode Mode, a answer) {
	if mode.Delay > 0 {
		delay := time.NewTimer(mode.Delay)
		defer delay.Stop()
		g.hold(r, delay.C)
	}
	switch mode.Do {
	case Cut, CutUnread, Reset:
		if err := cut(w, mode.Do != Cut); err != nil {
			g.fail(err)
		}
	case Hang:
		g.hold(r, nil)
	default:
		if mode.RetryAfter != "" {
			w.Header().Set("Retry-After", mode.RetryAfter)
		}
		status := mode.status()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if status < http.StatusMultipleChoices {
			body, err := json.Marshal(a)
			if err != nil {
				g.fail(err)
			}
			_, _ = w.Write(body) // the other side may be gone; the ledger has its line
		}
	}
}

// cut closes the connection without an answer: in order, or by a reset.
func cut(w http.ResponseWriter, reset bool) error {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // fails only if the other side was faster
	}
	_ = conn.Close()
	return nil
}

// String names the mode in the ledger: a status, or what was done instead of an answer.
func (m Mode) String() string {
	if m.Do == "" {
		return strconv.Itoa(m.status())
	}
	return string(m.Do)
}
