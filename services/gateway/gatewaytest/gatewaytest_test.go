package gatewaytest_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"smsflow/services/flow"
	"smsflow/services/gateway/gatewaytest"
	"smsflow/services/gateway/generic"
)

func TestMain(m *testing.M) {
	if gatewaytest.Main() {
		return
	}
	goleak.VerifyTestMain(m)
}

const secret = "s"

// sending gives a function that sends one message and says what became of it.
func sending(t *testing.T) func(url, id string) flow.OutboundState {
	t.Helper()
	s := generic.New(time.Now, generic.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(s.Close)
	return func(url, id string) flow.OutboundState {
		return s.Send(t.Context(), flow.Dispatch{
			Connection: flow.Connection{URL: url}, Secret: secret, Attempt: 1,
			Message: flow.Outbound{ID: flow.OutboundID(id), From: "+12025550100", To: "+12025550123", Body: "Hi"},
		}).State
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, gatewaytest.Options{Secret: secret, Settings: gatewaytest.Settings{
		Dedupe: true,
		Script: []gatewaytest.Mode{
			{Times: 2}, gatewaytest.Status(500), {Status: 500, SMS: true}, gatewaytest.Busy("1"), {Do: gatewaytest.Cut}, {Do: gatewaytest.CutUnread},
		},
		Otherwise: gatewaytest.Status(http.StatusForbidden),
	}})
	send := sending(t)
	for i, c := range []struct {
		id       string
		want     flow.OutboundState
		answered string
		sent     bool
	}{
		{"a", flow.OutboundSent, "200", true},
		{"a", flow.OutboundSent, "200", false},
		{"b", flow.OutboundUnknown, "500", false},
		{"b", flow.OutboundUnknown, "500", true},
		{"c", flow.OutboundPending, "429", false},
		{"c", flow.OutboundUnknown, "cut", true},
		{"d", flow.OutboundUnknown, "cut_unread", false},
		{"d", flow.OutboundFailed, "403", false},
		{"d", flow.OutboundFailed, "403", false},
	} {
		if got := send(gw.URL, c.id); got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
		entries := gw.Await(t, i+1)
		e := entries[i]
		if e.N != i+1 || e.ID != c.id || e.Answered != c.answered || e.Sent != c.sent || e.Fault != "" {
			t.Errorf("%d: %+v", i, e)
		}
	}

	gw.Set(gatewaytest.Settings{Script: []gatewaytest.Mode{gatewaytest.OK(), gatewaytest.Status(500)}, Repeat: true})
	for range 3 {
		if send(gw.URL, "a") != flow.OutboundSent || send(gw.URL, "a") != flow.OutboundUnknown {
			t.Error("the script does not repeat")
		}
	}
	// Without dedupe each request sends.
	if got, want := gatewaytest.SMS(gw.Entries()), map[string]int{"a": 4, "b": 1, "c": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if n := len(gatewaytest.Requests(gw.Entries(), "b")); n != 2 {
		t.Errorf("%d requests of b", n)
	}
}

// A request that no sender of ours makes is in the ledger too, with what is wrong.
func TestFaults(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, gatewaytest.Options{Secret: secret})
	now := time.Now()
	for _, c := range []struct{ body, key, contentType, secret, fault string }{
		{`{"id":"m"}`, "m", "application/json", secret, ""},
		{`{"id":"m"}`, "m", "application/json", "x", "does not fit"},
		{`{"id":"m"}`, "n", "application/json", secret, "not the id"},
		{`{"id":""}`, "", "application/json", secret, "not the id"},
		{`{"id":"m"}`, "m", "text/plain", secret, "Content-Type"},
		{`{"id":`, "m", "application/json", secret, "body"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gw.URL, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Close = true
		timestamp, signature := generic.Sign(c.secret, []byte(c.body), now)
		for name, value := range map[string]string{
			"Content-Type": c.contentType, generic.HeaderKey: c.key, generic.HeaderTimestamp: timestamp, generic.HeaderSignature: signature,
		} {
			req.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		entries := gw.Entries()
		e := entries[len(entries)-1]
		if (resp.StatusCode == http.StatusOK) != (c.fault == "") || (e.Fault == "") != (c.fault == "") || !strings.Contains(e.Fault, c.fault) || e.Sent != (c.fault == "") {
			t.Errorf("%s: %d, %+v", c.fault, resp.StatusCode, e)
		}
	}
}

// Requests that come at the same time: each is in the file when it is answered, and one of those with the same id sends.
func TestLedgerTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger")
	gw := gatewaytest.New(t, gatewaytest.Options{Settings: gatewaytest.Settings{Dedupe: true}, Ledger: path})
	send := sending(t)
	const ids, times = 10, 5
	var all sync.WaitGroup
	for id := range ids {
		for range times {
			all.Go(func() {
				name := fmt.Sprint(id)
				if got := send(gw.URL, name); got != flow.OutboundSent {
					t.Errorf("%s: %s", name, got)
				}
				entries, err := gatewaytest.ReadLedger(path)
				if err != nil || len(gatewaytest.Requests(entries, name)) == 0 || gatewaytest.SMS(entries)[name] != 1 {
					t.Errorf("%s is answered and not in the ledger (%v)", name, err)
				}
			})
		}
	}
	all.Wait()
	entries, err := gatewaytest.ReadLedger(path)
	if err != nil || len(entries) != ids*times || !reflect.DeepEqual(entries, gw.Entries()) {
		t.Errorf("%d lines in the file, %d in memory, %v", len(entries), len(gw.Entries()), err)
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	o := gatewaytest.Options{
		Settings: gatewaytest.Settings{Dedupe: true, Script: []gatewaytest.Mode{{Do: gatewaytest.Cut}}},
		Secret:   secret, Ledger: filepath.Join(t.TempDir(), "ledger"),
	}
	p := gatewaytest.Start(t, o)
	send := sending(t)
	if got := send(p.URL, "a"); got != flow.OutboundUnknown {
		t.Errorf("cut: %s", got)
	}
	p.Set(t, gatewaytest.Settings{Dedupe: true, Otherwise: gatewaytest.Status(500)})
	if got := send(p.URL, "b"); got != flow.OutboundUnknown {
		t.Errorf("500: %s", got)
	}
	if entries := p.Await(t, 2); len(entries) != 2 || entries[0].ID != "a" || !entries[0].Sent || entries[1].Answered != "500" {
		t.Errorf("ledger %+v", entries)
	}
	p.Kill()
	if got := send(p.URL, "a"); got != flow.OutboundPending {
		t.Errorf("killed: %s", got)
	}

	// A line that was being written when it was killed does not count.
	file, err := os.OpenFile(o.Ledger, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"n":3,"id":"c","sent":true`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}

	// The next one at the same place remembers what was sent.
	o.Addr, o.Script = p.Addr, nil
	again := gatewaytest.Start(t, o)
	if again.URL != p.URL {
		t.Errorf("%s, want %s", again.URL, p.URL)
	}
	for _, id := range []string{"a", "b", "c"} {
		if got := send(again.URL, id); got != flow.OutboundSent {
			t.Errorf("%s: %s", id, got)
		}
	}
	entries := again.Entries(t)
	if got, want := gatewaytest.SMS(entries), map[string]int{"a": 1, "b": 1, "c": 1}; !reflect.DeepEqual(got, want) || len(entries) != 5 {
		t.Errorf("sent %v, ledger %+v", got, entries)
	}
	if e := entries[4]; e.N != 5 || e.From != "+12025550100" || e.To != "+12025550123" || e.Body != "Hi" || e.Attempt != 1 || e.Time.IsZero() {
		t.Errorf("%+v", e)
	}
}

// A gateway that is told to stop lets go of what it holds.
func TestCloseWhileHanging(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, gatewaytest.Options{Settings: gatewaytest.Settings{Otherwise: gatewaytest.Mode{Do: gatewaytest.Hang}}})
	send := sending(t)
	done := make(chan flow.OutboundState)
	go func() { done <- send(gw.URL, "a") }()
	gw.Await(t, 1)
	gw.Close()
	if got := <-done; got != flow.OutboundUnknown {
		t.Errorf("%s", got)
	}
	gw.Close()
}
