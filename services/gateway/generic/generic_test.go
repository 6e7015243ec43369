package generic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

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

// The example of docs/webhook.md.
const (
	exampleSecret    = "example-secret-of-no-account"
	exampleTimestamp = 1767225600
	exampleSignature = "v1=13183c8f4ad1150c2139cbaa8f2e61ffb6a02a99f9186db3b9f70825f87ea079"
	exampleBody      = `{"id":"019bf00d-0000-7000-8000-000000000001","from":"+12025550100","to":"+12025550123","body":"Yes, until 5 & on Saturdays: see you at Müller’s.","segments":1,"encoding":"UCS-2","conversation":"019bf00d-0000-7000-8000-000000000002","in_reply_to":"019bf00d-0000-7000-8000-000000000003","attempt":1}`
)

func dispatch(url string) flow.Dispatch {
	return flow.Dispatch{
		Connection: flow.Connection{ID: "c", Delivery: flow.DeliverWebhook, URL: url},
		Secret:     exampleSecret,
		Message: flow.Outbound{
			ID: "019bf00d-0000-7000-8000-000000000001", Conversation: "019bf00d-0000-7000-8000-000000000002",
			Inbound: "019bf00d-0000-7000-8000-000000000003", From: "+12025550100", To: "+12025550123",
			Body: "Yes, until 5 & on Saturdays: see you at Müller’s.", Segments: 1, Encoding: "UCS-2",
		},
		Attempt: 1,
	}
}

// withID is a dispatch of another message, to a gateway that dedupes or not.
func withID(url string, id flow.OutboundID, dedupes bool) flow.Dispatch {
	d := dispatch(url)
	d.Message.ID, d.Connection.Dedupes = id, dedupes
	return d
}

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// sender may reach this machine.
func sender(t *testing.T) *generic.Sender {
	t.Helper()
	s := generic.New(time.Now, generic.Options{AllowPrivate: loopback()})
	t.Cleanup(s.Close)
	return s
}

// serve answers each request by the handler, and counts them.
func serve(t *testing.T, handler http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// check holds a result against what is expected; a reason has to be a sentence for people that gives nothing away.
func check(t *testing.T, got flow.Sent, want flow.OutboundState, reason string) {
	t.Helper()
	if got.State != want {
		t.Fatalf("state %q (%s), want %q", got.State, got.Reason, want)
	}
	if want == flow.OutboundSent {
		if got.Reason != "" {
			t.Errorf("sent with a reason: %s", got.Reason)
		}
		return
	}
	if !strings.Contains(got.Reason, reason) {
		t.Errorf("reason %q, want %q in it", got.Reason, reason)
	}
	if !strings.HasSuffix(got.Reason, ".") || utf8.RuneCountInString(got.Reason) > flow.MaxOutboundReason {
		t.Errorf("reason is not a sentence: %q", got.Reason)
	}
	if n := strings.Count(got.Reason, "not known whether"); (n == 1) != (want == flow.OutboundUnknown) {
		t.Errorf("reason %q does not fit %q", got.Reason, want)
	}
	for _, hidden := range []string{exampleSecret, "2025550", "Müller", "password", "token", "canary", "127.0.0.1", "http:"} {
		if strings.Contains(got.Reason, hidden) {
			t.Errorf("reason %q shows %q", got.Reason, hidden)
		}
	}
}

// TestExample holds the wire against the example that docs/webhook.md shows.
func TestExample(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"id": "their-1"}`)
	})
	now := time.Unix(exampleTimestamp, 999)
	s := generic.New(func() time.Time { return now }, generic.Options{AllowPrivate: loopback()})
	defer s.Close()
	sent := s.Send(t.Context(), dispatch(strings.Replace(url, "http://", "http://user:password@", 1)+"/in?token=canary"))
	check(t, sent, flow.OutboundSent, "")
	if sent.GatewayID != "their-1" {
		t.Errorf("gateway id %q", sent.GatewayID)
	}
	if string(body) != exampleBody {
		t.Errorf("body\n%s, want\n%s", body, exampleBody)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/in?token=canary" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	if user, password, _ := got.BasicAuth(); user != "user" || password != "password" {
		t.Errorf("authorization %q", got.Header.Get("Authorization"))
	}
	readme, err := os.ReadFile("../../../docs/webhook.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Content-Type":        "application/json",
		"Idempotency-Key":     "019bf00d-0000-7000-8000-000000000001",
		"X-Smsflow-Timestamp": "1767225600",
		"X-Smsflow-Signature": exampleSignature,
	} {
		if values := got.Header.Values(name); len(values) != 1 || values[0] != want {
			t.Errorf("%s: %q, want %q", name, values, want)
		}
		if !strings.Contains(string(readme), "\n"+name+": "+want+"\n") {
			t.Errorf("docs/webhook.md does not show %s: %s", name, want)
		}
	}
	if !strings.Contains(string(readme), "\n"+exampleBody+"\n") || !strings.Contains(string(readme), "`"+exampleSecret+"`") {
		t.Error("docs/webhook.md does not show the example's body and secret")
	}
	if err := generic.Verify(exampleSecret, got.Header, body, now); err != nil {
		t.Error(err)
	}
}

// Each answer, from a gateway that dedupes (the connections are used again) and one that does not.
func TestAnswers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	long := strings.Repeat("x", flow.MaxGatewayMessageID)
	for _, c := range []struct {
		name   string
		status int
		header string // Retry-After
		body   string
		want   flow.Sent
		reason string
	}{
		{name: "taken", status: 200, body: `{"id":"a-1","more":[1]}`, want: flow.Sent{State: flow.OutboundSent, GatewayID: "a-1"}},
		{name: "taken, longest id", status: 201, body: `{"id":"` + long + `"}`, want: flow.Sent{State: flow.OutboundSent, GatewayID: long}},
		{name: "taken, id too long", status: 201, body: `{"id":"` + long + `x"}`, want: flow.Sent{State: flow.OutboundSent}},
		{name: "taken, id no string", status: 200, body: `{"id":7}`, want: flow.Sent{State: flow.OutboundSent}},
		{name: "taken, id with a line break", status: 200, body: `{"id":"a\nb"}`, want: flow.Sent{State: flow.OutboundSent}},
		{name: "taken, id with broken UTF-8", status: 200, body: "{\"id\":\"a\xffb\"}", want: flow.Sent{State: flow.OutboundSent}},
		{name: "taken, not JSON", status: 202, body: "OK canary", want: flow.Sent{State: flow.OutboundSent}},
		{name: "taken, no body", status: 204, want: flow.Sent{State: flow.OutboundSent}},
		{name: "taken, just not too large", status: 200, body: `{"id":"a"}` + strings.Repeat(" ", generic.MaxAnswer-10), want: flow.Sent{State: flow.OutboundSent, GatewayID: "a"}},
		{name: "taken, too large", status: 200, body: `{"id":"a"}` + strings.Repeat(" ", generic.MaxAnswer-9), want: flow.Sent{State: flow.OutboundSent}},

		{name: "busy", status: 429, body: "canary", want: flow.Sent{State: flow.OutboundPending}, reason: "429 Too Many Requests"},
		{name: "busy, seconds", status: 429, header: "7", want: flow.Sent{State: flow.OutboundPending, RetryAfter: 7 * time.Second}},
		{name: "busy, most seconds", status: 429, header: "300", want: flow.Sent{State: flow.OutboundPending, RetryAfter: 5 * time.Minute}},
		{name: "busy, too many seconds", status: 429, header: "301", want: flow.Sent{State: flow.OutboundPending, RetryAfter: 5 * time.Minute}},
		{name: "busy, far too many seconds", status: 429, header: "99999999999999999999", want: flow.Sent{State: flow.OutboundPending, RetryAfter: 5 * time.Minute}},
		{name: "busy, date", status: 429, header: now.Add(time.Minute).Format(http.TimeFormat), want: flow.Sent{State: flow.OutboundPending, RetryAfter: time.Minute}},
		{name: "busy, far date", status: 429, header: now.AddDate(300, 0, 0).Format(http.TimeFormat), want: flow.Sent{State: flow.OutboundPending, RetryAfter: 5 * time.Minute}},
		{name: "busy, past date", status: 429, header: now.Add(-time.Minute).Format(http.TimeFormat), want: flow.Sent{State: flow.OutboundPending}},
		{name: "busy, negative", status: 429, header: "-1", want: flow.Sent{State: flow.OutboundPending}},
		{name: "busy, nonsense", status: 429, header: "canary", want: flow.Sent{State: flow.OutboundPending}},
		{name: "unavailable", status: 503, header: "2", want: flow.Sent{State: flow.OutboundPending, RetryAfter: 2 * time.Second}, reason: "503 Service Unavailable"},

		{name: "bad request", status: 400, body: "canary +12025550123", want: flow.Sent{State: flow.OutboundFailed}, reason: "400 Bad Request"},
		{name: "unauthorised", status: 401, want: flow.Sent{State: flow.OutboundFailed}, reason: "401 Unauthorized"},
		{name: "not found", status: 404, header: "7", want: flow.Sent{State: flow.OutboundFailed}, reason: "404 Not Found"},
		{name: "too large", status: 413, want: flow.Sent{State: flow.OutboundFailed}, reason: "413"},
		{name: "without a name", status: 499, want: flow.Sent{State: flow.OutboundFailed}, reason: "answered 499."},

		{name: "at work on it", status: 409, want: flow.Sent{State: flow.OutboundUnknown}, reason: "409 Conflict"},
		{name: "error", status: 500, body: "canary", want: flow.Sent{State: flow.OutboundUnknown}, reason: "500 Internal Server Error"},
		{name: "bad gateway", status: 502, header: "7", want: flow.Sent{State: flow.OutboundUnknown}, reason: "502 Bad Gateway"},
		{name: "gateway timeout", status: 504, want: flow.Sent{State: flow.OutboundUnknown}, reason: "504 Gateway Timeout"},
		{name: "not modified", status: 304, want: flow.Sent{State: flow.OutboundUnknown}, reason: "304 Not Modified"},
		{name: "out of range", status: 700, want: flow.Sent{State: flow.OutboundUnknown}, reason: "700"},
	} {
		for _, dedupes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, dedupes %t", c.name, dedupes), func(t *testing.T) {
				t.Parallel()
				url, requests := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					if c.header != "" {
						w.Header().Set("Retry-After", c.header)
					}
					w.WriteHeader(c.status)
					_, _ = io.WriteString(w, c.body)
				})
				s := generic.New(func() time.Time { return now }, generic.Options{AllowPrivate: loopback()})
				defer s.Close()
				got := s.Send(t.Context(), withID(url, "m", dedupes))
				check(t, got, c.want.State, c.reason)
				if got.GatewayID != c.want.GatewayID || got.RetryAfter != c.want.RetryAfter {
					t.Errorf("%+v, want %+v", got, c.want)
				}
				if n := requests.Load(); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	target, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{target, "", "http://[::broken"} {
			url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			})
			check(t, sender(t).Send(t.Context(), dispatch(url)), flow.OutboundUnknown, "redirect")
		}
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// What breaks after the request may have left: nobody knows.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	for _, dedupes := range []bool{true, false} {
		for _, c := range []struct {
			mode   gatewaytest.Mode
			reason string
		}{
			{gatewaytest.Mode{Do: gatewaytest.Cut}, "broke"},
			{gatewaytest.Mode{Do: gatewaytest.Reset}, "broke"},
			{gatewaytest.Mode{Do: gatewaytest.CutUnread}, "broke"},
			{gatewaytest.Mode{Do: gatewaytest.Hang}, "in time"},
			{gatewaytest.Slow(time.Hour), "in time"},
		} {
			t.Run(fmt.Sprintf("%v, dedupes %t", c.mode, dedupes), func(t *testing.T) {
				t.Parallel()
				gw := gatewaytest.New(t, gatewaytest.Options{Settings: gatewaytest.Settings{Otherwise: c.mode}, Secret: exampleSecret})
				s := sender(t)
				if c.reason == "in time" {
					s.SetTimeout(time.Second) // more than it takes to connect, even here and now
				}
				check(t, s.Send(t.Context(), withID(gw.URL, "m", dedupes)), flow.OutboundUnknown, c.reason)
				entries := gw.Await(t, 1)
				if len(entries) != 1 || entries[0].ID != "m" || entries[0].Fault != "" {
					t.Errorf("ledger %+v", entries)
				}
			})
		}
	}
}

// What a broken gateway writes instead of an answer.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, raw string
		want      flow.OutboundState
	}{
		{"nonsense", "canary, this is\r\n\r\n", flow.OutboundUnknown},
		{"half a status line", "HTTP/1.1 20", flow.OutboundUnknown},
		{"half a header", "HTTP/1.1 200 OK\r\nContent-Le", flow.OutboundUnknown},
		{"header without end", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 1<<20), flow.OutboundUnknown},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: canary\r\n\r\n", flow.OutboundUnknown},
		{"status of its own words", "HTTP/1.1 400 canary +12025550123\r\nContent-Length: 0\r\n\r\n", flow.OutboundFailed},
		// The status has said it: the message was taken.
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":", flow.OutboundSent},
		{"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"id\":", flow.OutboundSent},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, c.raw)
				_ = conn.Close()
			})
			got := sender(t).Send(t.Context(), dispatch(url))
			check(t, got, c.want, "")
			if got.GatewayID != "" {
				t.Errorf("gateway id %q", got.GatewayID)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	gw := gatewaytest.New(t, gatewaytest.Options{Settings: gatewaytest.Settings{Otherwise: gatewaytest.Mode{Do: gatewaytest.Hang}}})
	s := sender(t)

	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan flow.Sent)
	go func() { done <- s.Send(ctx, dispatch(gw.URL)) }()
	gw.Await(t, 1)
	cancel(errors.New("canary"))
	check(t, <-done, flow.OutboundUnknown, "stopped")

	check(t, s.Send(ctx, dispatch(gw.URL)), flow.OutboundPending, "stopped")
	if n := len(gw.Entries()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// More messages than connections: those that wait in vain have not been handed over.
func TestConnectionsBounded(t *testing.T) {
	t.Parallel()
	for _, dedupes := range []bool{true, false} {
		t.Run(fmt.Sprintf("dedupes %t", dedupes), func(t *testing.T) {
			t.Parallel()
			gw := gatewaytest.New(t, gatewaytest.Options{Settings: gatewaytest.Settings{Otherwise: gatewaytest.Mode{Do: gatewaytest.Hang}}})
			s := sender(t)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan flow.Sent)
			for i := range generic.MaxConnections {
				go func() { done <- s.Send(ctx, withID(gw.URL, flow.OutboundID(fmt.Sprint(i)), dedupes)) }()
			}
			gw.Await(t, generic.MaxConnections)
			late, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer end()
			check(t, s.Send(late, withID(gw.URL, "late", dedupes)), flow.OutboundPending, "in time")
			cancel()
			for range generic.MaxConnections {
				check(t, <-done, flow.OutboundUnknown, "stopped")
			}
			if n := len(gw.Entries()); n != generic.MaxConnections {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestSettingsThatFail(t *testing.T) {
	t.Parallel()
	s := sender(t)
	for _, url := range []string{
		"", "/path", "example.com", "ftp://example.com/", "http://", "http:example.com", "http://[::1", "http://a b/?token=canary",
		"https://user:password@exa\x7fmple.com/", "http://example.com:port/",
	} {
		check(t, s.Send(t.Context(), dispatch(url)), flow.OutboundFailed, "url")
	}
	d := dispatch("https://example.com/")
	d.Secret = ""
	check(t, s.Send(t.Context(), d), flow.OutboundFailed, "secret")
}
