package router_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"smsflow/services/flow"
	"smsflow/services/gateway"
	"smsflow/services/gateway/generic"
	"smsflow/services/router"
	"smsflow/services/store/postgres"
	"smsflow/services/store/sqlite"
	"smsflow/services/store/storetest"
	"smsflow/services/workflow"
)

// store is what the tests need of a database beside the router's own calls.
type store interface {
	router.Store
	workflow.Store
	CreateTenant(ctx context.Context, t flow.Tenant) error
	router.Outbox
	router.Broom
	router.Hints
	PutConnection(ctx context.Context, c flow.Connection, audit flow.Audit) error
	UpdateTenant(ctx context.Context, id flow.TenantID, change func(*flow.Tenant) error) (flow.Tenant, error)
	AddNumber(ctx context.Context, n flow.Number) error
}

// runner is a test or a benchmark.
type runner[T any] interface {
	testing.TB
	Run(name string, f func(T)) bool
}

// both runs a test against SQLite and PostgreSQL; tests side by side, benchmarks one after the other.
func both[T runner[T]](t T, test func(t T, s store)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) (migrating, error){
		"sqlite": func(tb testing.TB) (migrating, error) {
			return sqlite.Open(tb.Context(), tb.TempDir(), sqlite.Options{})
		},
		"postgres": func(tb testing.TB) (migrating, error) {
			return postgres.Open(tb.Context(), storetest.Postgres(tb), postgres.Options{})
		},
	} {
		t.Run(name, func(t T) {
			if p, ok := any(t).(interface{ Parallel() }); ok {
				p.Parallel()
			}
			s, err := open(t)
			must(t, err)
			t.Cleanup(func() { _ = s.Close() })
			must(t, s.Migrate(t.Context()))
			test(t, s)
		})
	}
}

type migrating interface {
	store
	Migrate(ctx context.Context) error
	Close() error
}

const (
	alice = "+14155550101"
	bob   = "+14155550102"
)

// newNumber makes a tenant's number: each has its own, also of those that share a database.
func newNumber() string {
	n := numbers.Add(1)
	return fmt.Sprintf("+1%d55501%02d", 201+n/100, n%100)
}

// harness is one tenant with its router.
type harness struct {
	t        testing.TB
	store    store
	tenant   flow.TenantID
	number   string
	config   *workflow.Service
	script   *script
	senders  *senders
	router   *router.Router
	options  router.Options
	stop     func()
	tick     func() // at every message
	messages atomic.Int64
}

func newHarness(tb testing.TB, s store, change ...func(*flow.Tenant)) *harness {
	tb.Helper()
	tenant := flow.Tenant{ID: flow.TenantID(newID()), Name: "Harbour Dental", SMSPlan: true, SMSWorkflows: true, ConfigVersion: 1, CreatedAt: time.Now()}
	for _, c := range change {
		c(&tenant)
	}
	own := newNumber()
	must(tb, s.CreateTenant(tb.Context(), tenant))
	must(tb, s.AddNumber(tb.Context(), flow.Number{Tenant: tenant.ID, Number: own}))
	h := &harness{
		t: tb, store: s, tenant: tenant.ID, number: own, script: newScript(),
		senders: &senders{webhook: generic.New(time.Now, generic.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})},
		config:  &workflow.Service{Store: s, Seal: plain{}, Now: time.Now, NewID: newID},
	}
	h.options = router.Options{
		Store: s, Outbox: s, Broom: s, Hints: s, Gateway: h.senders, Answerer: h.script, Opener: plain{},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: newID, Jitter: func() float64 { return 0 },
		Lease: 30 * time.Second, Poll: 20 * time.Millisecond, Drain: 10 * time.Second,
	}
	tb.Cleanup(h.senders.webhook.Close)
	h.start()
	return h
}

// senders are the real ones, with a look at what is handed over. hold, if set, is called before each.
type senders struct {
	webhook *generic.Sender
	mu      sync.Mutex
	hold    func(flow.Dispatch)
}

func (s *senders) Send(ctx context.Context, d flow.Dispatch) flow.Sent {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		hold(d)
	}
	return gateway.Senders{Webhook: s.webhook, Log: slog.New(slog.DiscardHandler)}.Send(ctx, d)
}

// start begins a router, a new one after stop.
func (h *harness) start() {
	h.options.Owner = newID()
	h.router, h.stop = run(h.t, h.options)
}

func run(tb testing.TB, o router.Options) (*router.Router, func()) {
	tb.Helper()
	r := router.New(o)
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("router: %v", err)
		}
	})
	tb.Cleanup(stop)
	return r, stop
}

// clock starts the router anew with a clock that goes on by step at every message, from an hour ahead.
func (h *harness) clock(step time.Duration) {
	h.stop()
	var at atomic.Int64
	start := time.Now().Add(time.Hour)
	h.options.Now = func() time.Time { return start.Add(time.Duration(at.Load())) }
	h.tick = func() { at.Add(int64(step)) }
	h.start()
}

// contact is one of many.
func contact(i int) string { return fmt.Sprintf("+1212555%04d", 100+i) }

func (h *harness) caller() workflow.Caller {
	return workflow.Caller{Tenant: h.tenant, Subject: "test"}
}

// workflow saves an active workflow.
func (h *harness) workflow(w flow.Workflow) flow.Workflow {
	h.t.Helper()
	if w.Goal == "" {
		w.Goal = flow.GoalGeneralInquiry
	}
	if w.Name == "" {
		w.Name = "workflow " + newID()
	}
	w.Active = true
	saved, err := h.config.CreateWorkflow(h.t.Context(), h.caller(), w, "")
	must(h.t, err)
	return saved
}

// assistant saves an assistant that the script answers for.
func (h *harness) assistant(timeout time.Duration) flow.AssistantID {
	h.t.Helper()
	a, err := h.config.CreateAssistant(h.t.Context(), h.caller(), flow.Assistant{
		Name: "assistant " + newID(), Provider: flow.ProviderFAQ, Timeout: timeout,
	}, "", "")
	must(h.t, err)
	return a.ID
}

func (h *harness) submission(from, body string) router.Submission {
	if h.tick != nil {
		h.tick()
	}
	return router.Submission{
		Tenant: h.tenant, Connection: "gw", GatewayMessageID: "m" + strconv.FormatInt(h.messages.Add(1), 10), From: from, To: h.number, Body: body,
	}
}

// text submits a message and waits for its outcome.
func (h *harness) text(from, body string) flow.Result {
	h.t.Helper()
	return h.submit(h.submission(from, body))
}

func (h *harness) submit(s router.Submission) flow.Result {
	h.t.Helper()
	res, err := h.router.RouteInbound(h.t.Context(), s, 20*time.Second)
	must(h.t, err)
	return res
}

// want checks an outcome and the texts of its replies.
func (h *harness) want(res flow.Result, outcome flow.Outcome, texts ...string) {
	h.t.Helper()
	got := make([]string, 0, len(res.Replies))
	for _, o := range res.Replies {
		got = append(got, o.Body)
	}
	if res.Outcome != outcome || fmt.Sprint(got) != fmt.Sprint(texts) {
		h.t.Fatalf("outcome %s, replies %q; want %s, %q\ntrace: %+v", res.Outcome, got, outcome, texts, res.Trace)
	}
}

func say(text string) flow.Step { return flow.Step{Spec: &flow.SendMessage{Text: text}} }

func words(list ...string) flow.Step {
	return flow.Step{Spec: &flow.MatchWords{Mode: flow.MatchAny, Words: list}}
}

func ask(fallback string) flow.Step {
	return flow.Step{Spec: &flow.AssistantReply{FallbackText: fallback}}
}

// script is an assistant that a test plays.
type script struct {
	mu    sync.Mutex
	asked []flow.Ask
	// reply is called for every question.
	reply func(ctx context.Context, ask flow.Ask) flow.Answer
}

func newScript() *script {
	return &script{reply: func(_ context.Context, a flow.Ask) flow.Answer {
		return flow.Answer{Text: "re: " + a.Message, Model: "script"}
	}}
}

func (s *script) Answer(ctx context.Context, a flow.Ask) flow.Answer {
	s.mu.Lock()
	s.asked = append(s.asked, a)
	reply := s.reply
	s.mu.Unlock()
	return reply(ctx, a)
}

func (s *script) questions() []flow.Ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]flow.Ask(nil), s.asked...)
}

func (s *script) set(reply func(ctx context.Context, ask flow.Ask) flow.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply = reply
}

// plain keeps secrets as they are.
type plain struct{}

func (plain) Seal(_ flow.TenantID, _ string, s flow.Secret) ([]byte, error) {
	return []byte(s.Reveal()), nil
}

func (plain) Open(_ flow.TenantID, _ string, sealed []byte) (flow.Secret, error) {
	return flow.Secret(sealed), nil
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

type subm = router.Submission

var numbers atomic.Int64

func setActive(h *harness, id flow.WorkflowID, on bool) {
	h.t.Helper()
	_, err := h.config.SetWorkflowActive(h.t.Context(), h.caller(), id, on, "")
	must(h.t, err)
}

// fail is an assistant that cannot answer.
func (*script) fail(context.Context, flow.Ask) flow.Answer { return flow.Answer{Err: "refused"} }
