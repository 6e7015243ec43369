//go:build linux

package faulttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/assistant/assistanttest"
	"smsflow/services/flow"
	"smsflow/services/gateway/gatewaytest"
	"smsflow/services/store/postgres"
	"smsflow/services/store/sqlite"
	"smsflow/services/store/storetest"
	"smsflow/services/workflow"
)

// The gateways of a world. What the one gets twice it sends once; the other sends whatever it gets.
const (
	careful = iota
	careless
	gatewayCount
)

const (
	ownNumber     = "+14155550100"
	gatewaySecret = "shared by the product and the gateways"
	// assistantTimeout is after how long an assistant that does not answer has failed.
	assistantTimeout = 4 * time.Second
	// waits are shorter than the product's own, so that what has to wait for them does not take minutes.
	waits = "SMSFLOW_FAULT_WAIT=lease=2s,send_lease=4s"
)

// options say what a world is to be.
type options struct {
	database database
	// url is a PostgreSQL of the test's own; empty: a new database.
	url string
	// through is what the product is to take for the database's URL; empty: url.
	through  string
	replicas int
	env      []string
	gateways [gatewayCount]gatewaytest.Settings
	// assistant answers the word "talk"; nil: at once.
	assistant assistanttest.Behaviour
	// catchAll: a workflow takes whatever no other one does, also stop words if they come to it.
	catchAll bool
	shuffled bool
}

// world is one product, or several on one database, with all that is around it.
type world struct {
	testing.TB
	options
	tenant   flow.TenantID
	ledger   *ledger
	process  [gatewayCount]*gatewaytest.Process
	key      [gatewayCount]string
	products []*product
	clients  []smsflowv1.RouterServiceClient
	contacts contacts
	errs     codesSeen
	reasons  map[string]int // why messages were not delivered
}

// newWorld makes a tenant with two gateways, an assistant and workflows for the words of the verdict, and the products,
// which do not run yet.
func newWorld(tb testing.TB, o options) *world {
	tb.Helper()
	w := &world{TB: tb, options: o, tenant: flow.TenantID(uuid.NewString()), ledger: newLedger(tb)}
	for at := range w.process {
		settings := o.gateways[at]
		settings.Dedupe = at == careful
		w.process[at] = gatewaytest.Start(tb, gatewaytest.Options{
			Settings: settings, Secret: gatewaySecret, Ledger: filepath.Join(tb.TempDir(), "gateway"),
		})
	}
	model := httptest.NewServer(assistanttest.NewHandler(w.answer))
	tb.Cleanup(func() {
		model.CloseClientConnections()
		model.Close()
	})
	secrets, encoded := newSealer(tb)
	args := []string{"--allow-private-assistants", "127.0.0.0/8"}
	folder := tb.TempDir()
	if o.database == postgresDB && o.url == "" {
		w.url = storetest.Postgres(tb)
	}
	w.provision(w.open(folder), secrets, model.URL+"/v1")
	for range max(o.replicas, 1) {
		place := []string{"--data", folder}
		if o.database == postgresDB {
			place = []string{"--data", tb.TempDir(), "--database-url", w.url}
			if o.through != "" {
				place[3] = o.through
			}
		}
		env := append([]string{
			"SMSFLOW_SECRET_KEYSET=" + encoded, "SMSFLOW_ALLOW_PRIVATE_GATEWAYS=127.0.0.0/8", waits,
		}, o.env...)
		p := newProduct(tb, "product", env, append(place, args...))
		w.products, w.clients = append(w.products, p), append(w.clients, w.client(p.grpc))
	}
	return w
}

// store is what the tests write before the product starts.
type store interface {
	workflow.Store
	Migrate(ctx context.Context) error
	CreateTenant(ctx context.Context, t flow.Tenant) error
	AddNumber(ctx context.Context, n flow.Number) error
	PutConnection(ctx context.Context, c flow.Connection, audit flow.Audit) error
	CreateKey(ctx context.Context, k flow.Key) error
	Close() error
}

func (w *world) open(folder string) store {
	w.Helper()
	var s store
	var err error
	if w.database == postgresDB {
		s, err = postgres.Open(w.Context(), w.url, postgres.Options{})
	} else {
		s, err = sqlite.Open(w.Context(), folder, sqlite.Options{})
	}
	w.must(err)
	return s
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// want waits for a condition and ends the test if it does not come true in time.
func (w *world) want(within time.Duration, what string, condition func() bool) {
	w.Helper()
	if !until(within, condition) {
		w.Fatalf("not within %s: %s", within, what)
	}
}

func (w *world) provision(s store, secrets sealer, model string) {
	w.Helper()
	ctx, now := w.Context(), time.Now()
	w.must(s.Migrate(ctx))
	w.must(s.CreateTenant(ctx, flow.Tenant{
		ID: w.tenant, Name: "Harbour Dental", SMSPlan: true, SMSWorkflows: true, CreatedAt: now, Settings: flow.Settings{StopText: confirmed},
	}))
	w.must(s.AddNumber(ctx, flow.Number{Tenant: w.tenant, Number: ownNumber}))
	for at, p := range w.process {
		id := flow.ConnectionID(uuid.NewString())
		secret, err := secrets.Seal(w.tenant, flow.ConnectionSecretField(id), gatewaySecret)
		w.must(err)
		w.must(s.PutConnection(ctx, flow.Connection{
			Tenant: w.tenant, ID: id, Name: string(id), Delivery: flow.DeliverWebhook, URL: p.URL, SealedSecret: secret,
			Dedupes: at == careful, CreatedAt: now,
		}, flow.Audit{By: "test", At: now}))
		key, token, err := access.NewKey(rand.Reader, flow.Key{
			Tenant: w.tenant, Name: "gateway", Scopes: []flow.Scope{flow.ScopeRouterIngest}, Connection: id, CreatedAt: now,
		})
		w.must(err)
		w.must(s.CreateKey(ctx, key))
		w.key[at] = token.Reveal()
	}
	config := &workflow.Service{Store: s, Seal: secrets, Now: time.Now, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }}
	caller := workflow.Caller{Tenant: w.tenant, Subject: "test"}
	save := func(word string, priority int32, timeout time.Duration, steps ...flow.Spec) {
		a, err := config.CreateAssistant(ctx, caller, flow.Assistant{
			Name: "for " + word, Provider: flow.ProviderOpenAI, BaseURL: model, Model: "m", Timeout: timeout,
		}, "", "")
		w.must(err)
		list := make([]flow.Step, len(steps))
		for i, s := range steps {
			list[i] = flow.Step{Spec: s}
		}
		_, err = config.CreateWorkflow(ctx, caller, flow.Workflow{
			Name: word, Goal: flow.GoalGeneralInquiry, Assistant: a.ID, Priority: priority, Active: true, Steps: list,
		}, "")
		w.must(err)
	}
	hears := func(word string) flow.Spec { return &flow.MatchWords{Mode: flow.MatchAny, Words: []string{word}} }
	says := func(step string) flow.Spec { return &flow.SendMessage{Text: step + " {{message.text}}"} }
	asks := &flow.AssistantReply{FallbackText: fallback + " {{message.text}}"}
	save(wordTalk, 30, assistantTimeout, hears(wordTalk), says(stepOne), asks, says(stepThree))
	save(wordSay, 20, assistantTimeout, hears(wordSay), says(stepOnly))
	for word := range faults() {
		save(word, 10, faultTimeout, hears(word), asks)
	}
	if w.catchAll {
		save("anything", 1, assistantTimeout, says("any"))
	}
	w.must(s.Close())
}

// answer is the assistants' server: what it does depends on the first word of the message.
func (w *world) answer(rw http.ResponseWriter, r *http.Request, chat assistanttest.Chat) {
	word, _, _ := strings.Cut(questionOf(chat), " ")
	switch fault, ok := faults()[word]; {
	case ok:
		fault.behaviour(rw, r, chat)
	case w.assistant != nil:
		w.assistant(rw, r, chat)
	default:
		repeats(rw, r, chat)
	}
}

// repeats answers with the second step.
func repeats(rw http.ResponseWriter, r *http.Request, chat assistanttest.Chat) {
	assistanttest.CompletesWith(func(chat assistanttest.Chat) string { return stepTwo + " " + questionOf(chat) })(rw, r, chat)
}

// questionOf is the message that an assistant is to answer: the last line, since messages that follow each other are shown
// as one.
func questionOf(chat assistanttest.Chat) string {
	if len(chat.Messages) == 0 {
		return ""
	}
	text := chat.Messages[len(chat.Messages)-1].Content
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// client calls one product, whichever process that is at the time.
func (w *world) client(address string) smsflowv1.RouterServiceClient {
	w.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.5, MaxDelay: 200 * time.Millisecond},
		MinConnectTimeout: time.Second,
	}))
	w.must(err)
	w.Cleanup(func() { _ = conn.Close() })
	return smsflowv1.NewRouterServiceClient(conn)
}

// sealer seals as the product does that is given the same keys.
type sealer struct{ tink.AEAD }

func newSealer(tb testing.TB) (s sealer, encoded string) {
	tb.Helper()
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		tb.Fatal(err)
	}
	if s.AEAD, err = aead.New(handle); err != nil {
		tb.Fatal(err)
	}
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&raw)); err != nil {
		tb.Fatal(err)
	}
	return s, base64.StdEncoding.EncodeToString(raw.Bytes())
}

// Seal: see workflow.Sealer.
func (s sealer) Seal(tenant flow.TenantID, field string, secret flow.Secret) ([]byte, error) {
	return s.Encrypt([]byte(secret.Reveal()), []byte(string(tenant)+"\x00"+field))
}
