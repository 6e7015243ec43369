package access_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalphapb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/protobuf/reflect/protoreflect"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/access"
	"smsflow/services/flow"
)

// keys is a Store in memory that counts its reads.
type keys struct {
	mu    sync.Mutex
	byID  map[flow.KeyID]flow.Key
	reads int
	err   error
}

func (k *keys) Key(_ context.Context, id flow.KeyID) (flow.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reads++
	if k.err != nil {
		return flow.Key{}, k.err
	}
	key, ok := k.byID[id]
	if !ok {
		return flow.Key{}, flow.NotFound("key")
	}
	return key, nil
}

func (k *keys) put(key flow.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byID == nil {
		k.byID = map[flow.KeyID]flow.Key{}
	}
	k.byID[key.ID] = key
}

func start() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

func newKey(t *testing.T, template flow.Key) (flow.Key, string) {
	t.Helper()
	key, token, err := access.NewKey(rand.Reader, template)
	if err != nil {
		t.Fatal(err)
	}
	return key, token.Reveal()
}

func TestNewKey(t *testing.T) {
	t.Parallel()
	key, token := newKey(t, flow.Key{Tenant: "t1", Name: "gateway"})
	id, secret, ok := strings.Cut(token, ".")
	if !ok || id != string(key.ID) || len(id) < 16 || len(secret) != 43 {
		t.Errorf("token has an unexpected form: id of %d, secret of %d characters", len(id), len(secret))
	}
	if key.Tenant != "t1" || key.Name != "gateway" {
		t.Errorf("the template is lost: %+v", key)
	}
	if len(key.SecretHash) != 32 || bytes.Contains(key.SecretHash, []byte(secret)) {
		t.Error("the hash is not a SHA-256 of the secret")
	}
	if _, again := newKey(t, flow.Key{}); again == token {
		t.Error("two keys are the same")
	}
	if _, _, err := access.NewKey(strings.NewReader("short"), flow.Key{}); err == nil {
		t.Error("a key is made without enough randomness")
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	store := &keys{}
	gate := &access.Gate{Store: store, Now: start}
	good, token := newKey(t, flow.Key{
		Tenant: "t1", Connection: "c1", Scopes: []flow.Scope{flow.ScopeRouterIngest}, ExpiresAt: start().Add(time.Second),
	})
	store.put(good)
	expired, expiredToken := newKey(t, flow.Key{Tenant: "t1", ExpiresAt: start()})
	store.put(expired)
	revoked, revokedToken := newKey(t, flow.Key{Tenant: "t1", RevokedAt: start()})
	store.put(revoked)
	unhashed := flow.Key{Tenant: "t1", ID: "aaaaaaaaaaaaaaaa"}
	store.put(unhashed)
	_, unknownToken := newKey(t, flow.Key{})

	for _, header := range []string{"Bearer " + token, "bearer " + token, "BEARER   " + token} {
		p, err := gate.Authenticate(t.Context(), header)
		if err != nil {
			t.Fatalf("a good key is refused: %v", err)
		}
		if p.Tenant != "t1" || p.Connection != "c1" || p.Subject != "key:"+string(good.ID) || p.Kind != access.KindKey || !p.Has(flow.ScopeRouterIngest) || p.Has(flow.ScopeConfigRead) {
			t.Errorf("principal: %+v", p)
		}
	}

	id, secret, _ := strings.Cut(token, ".")
	bad := map[string]string{
		"none":           "",
		"scheme only":    "Bearer",
		"empty token":    "Bearer ",
		"other scheme":   "Basic " + token,
		"no scheme":      token,
		"id only":        "Bearer " + id,
		"no secret":      "Bearer " + id + ".",
		"wrong secret":   "Bearer " + id + "." + flip(secret),
		"longer secret":  "Bearer " + token + "A",
		"shorter secret": "Bearer " + token[:len(token)-1],
		"upper-case id":  "Bearer " + strings.ToUpper(id) + "." + secret,
		"short id":       "Bearer abc." + secret,
		"long id":        "Bearer " + strings.Repeat("a", 100) + "." + secret,
		"NUL in id":      "Bearer aaaaaaaa\x00aaaaaaa." + secret,
		"huge":           "Bearer " + strings.Repeat("a", 1<<16),
		"unknown":        "Bearer " + unknownToken,
		"expired":        "Bearer " + expiredToken,
		"revoked":        "Bearer " + revokedToken,
		"no hash kept":   "Bearer aaaaaaaaaaaaaaaa." + secret,
	}
	var text string
	for name, header := range bad {
		p, err := gate.Authenticate(t.Context(), header)
		if !errors.Is(err, flow.ErrUnauthenticated) || p.Tenant != "" {
			t.Errorf("%s: got %+v, %v", name, p, err)
			continue
		}
		if text == "" {
			text = err.Error()
		}
		if err.Error() != text {
			t.Errorf("%s: the answer tells it from the others: %q", name, err)
		}
	}
}

// flip changes the first character of a secret.
func flip(secret string) string {
	if secret[0] == 'A' {
		return "B" + secret[1:]
	}
	return "A" + secret[1:]
}

func TestStoreFailureIsNotBadCredentials(t *testing.T) {
	t.Parallel()
	store := &keys{err: flow.Unavailable(errors.New("gone"))}
	gate := &access.Gate{Store: store, Now: start}
	_, token := newKey(t, flow.Key{})
	if _, err := gate.Authenticate(t.Context(), "Bearer "+token); !errors.Is(err, flow.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestAllow(t *testing.T) {
	t.Parallel()
	gate := &access.Gate{}
	const (
		ingest = "/smsflow.v1.RouterService/RouteInbound"
		read   = "/smsflow.v1.WorkflowService/GetWorkflow"
		write  = "/smsflow.v1.WorkflowService/DeleteWorkflow"
		health = "/grpc.health.v1.Health/Check"
	)
	cases := []struct {
		scope   flow.Scope
		method  string
		missing flow.Scope // empty: allowed
	}{
		{flow.ScopeRouterIngest, ingest, ""},
		{flow.ScopeRouterIngest, read, flow.ScopeConfigRead},
		{flow.ScopeRouterIngest, write, flow.ScopeConfigWrite},
		{flow.ScopeConfigRead, read, ""},
		{flow.ScopeConfigRead, write, flow.ScopeConfigWrite},
		{flow.ScopeConfigRead, ingest, flow.ScopeRouterIngest},
		{flow.ScopeConfigWrite, read, ""},
		{flow.ScopeConfigWrite, write, ""},
		{flow.ScopeConfigWrite, ingest, flow.ScopeRouterIngest},
		{"", health, ""},
	}
	for _, c := range cases {
		err := gate.Allow(access.Principal{Scopes: []flow.Scope{c.scope}}, c.method)
		if c.missing == "" {
			if err != nil {
				t.Errorf("%s with %s: %v", c.method, c.scope, err)
			}
			continue
		}
		e, ok := errors.AsType[*flow.Error](err)
		if !ok || !errors.Is(err, flow.ErrDenied) || e.Reason != flow.ReasonScopeRequired ||
			e.Meta["scope"] != string(c.missing) || !strings.Contains(e.Text, string(c.missing)) {
			t.Errorf("%s with %s: %#v", c.method, c.scope, err)
		}
	}
	all := access.Principal{Scopes: []flow.Scope{flow.ScopeRouterIngest, flow.ScopeConfigRead, flow.ScopeConfigWrite}}
	for _, method := range []string{"", "/", "/smsflow.v1.WorkflowService/Erase", "smsflow.v1.WorkflowService/GetWorkflow"} {
		if err := gate.Allow(all, method); !errors.Is(err, flow.ErrDenied) {
			t.Errorf("%q is allowed: %v", method, err)
		}
		if got := access.Missing([]string{method, read}); len(got) != 1 || got[0] != method {
			t.Errorf("Missing(%q) = %v", method, got)
		}
	}
}

// TestTableCoversTheContract fails when a method is added to the contract and has no row.
func TestTableCoversTheContract(t *testing.T) {
	t.Parallel()
	ours := methodsOf(smsflowv1.File_smsflow_v1_workflow_proto, smsflowv1.File_smsflow_v1_assistant_proto, smsflowv1.File_smsflow_v1_router_proto)
	if missing := access.Missing(ours); len(missing) > 0 {
		t.Errorf("methods without a row: %v", missing)
	}
	for _, m := range ours {
		if access.Public(m) {
			t.Errorf("%s asks for no credentials", m)
		}
	}
	public := methodsOf(healthpb.File_grpc_health_v1_health_proto,
		reflectionpb.File_grpc_reflection_v1_reflection_proto, reflectionalphapb.File_grpc_reflection_v1alpha_reflection_proto)
	for _, m := range public {
		if !access.Public(m) {
			t.Errorf("%s is not public", m)
		}
	}
}

func methodsOf(files ...protoreflect.FileDescriptor) []string {
	var methods []string
	for _, f := range files {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				methods = append(methods, fmt.Sprintf("/%s/%s", s.FullName(), s.Methods().Get(j).Name()))
			}
		}
	}
	return methods
}

func TestFrom(t *testing.T) {
	t.Parallel()
	if _, err := access.From(t.Context()); !errors.Is(err, flow.ErrUnauthenticated) {
		t.Errorf("a call past the gate has a caller: %v", err)
	}
	p, err := access.From(access.WithPrincipal(t.Context(), access.Principal{Tenant: "t1"}))
	if err != nil || p.Tenant != "t1" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	now := start()
	store := &keys{}
	cache := access.NewCache(store, func() time.Time { return now }, time.Hour)
	gate := &access.Gate{Store: cache, Now: func() time.Time { return now }}
	key, token := newKey(t, flow.Key{Tenant: "t1", ExpiresAt: start().Add(500 * time.Millisecond)})
	call := func() error {
		_, err := gate.Authenticate(t.Context(), "Bearer "+token)
		return err
	}

	if call() == nil {
		t.Error("an unknown key is let in")
	}
	store.put(key)
	if err := call(); err != nil {
		t.Errorf("a new key does not work at once: %v", err)
	}
	reads := store.reads
	for range 100 {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	if store.reads != reads {
		t.Errorf("%d reads for 100 calls in one moment", store.reads-reads)
	}
	now = start().Add(600 * time.Millisecond)
	if call() == nil {
		t.Error("an expired key is let in from the cache")
	}

	key.ExpiresAt = time.Time{}
	store.put(key)
	now = start().Add(2 * time.Second)
	if err := call(); err != nil {
		t.Fatal(err)
	}
	key.RevokedAt = now
	store.put(key)
	now = now.Add(access.MaxCacheAge)
	if call() == nil {
		t.Error("a revoked key is let in after MaxCacheAge, although the age asked for is cut to it")
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	store := &keys{}
	cache := access.NewCache(store, start, time.Second)
	id := func(i int) flow.KeyID { return flow.KeyID(fmt.Sprintf("k%015d", i)) }
	for i := range access.MaxCachedKeys + 1 {
		store.put(flow.Key{ID: id(i)})
		if _, err := cache.Key(t.Context(), id(i)); err != nil {
			t.Fatal(err)
		}
	}
	before := store.reads
	if _, err := cache.Key(t.Context(), id(0)); err != nil {
		t.Fatal(err)
	}
	if store.reads != before+1 {
		t.Error("the cache holds more than MaxCachedKeys")
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	store := &keys{}
	key, token, err := access.NewKey(rand.Reader, flow.Key{Tenant: "t1"})
	if err != nil {
		b.Fatal(err)
	}
	store.put(key)
	gate := &access.Gate{Store: access.NewCache(store, time.Now, time.Second), Now: time.Now}
	header := "Bearer " + token.Reveal()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gate.Authenticate(b.Context(), header); err != nil {
			b.Fatal(err)
		}
	}
}
