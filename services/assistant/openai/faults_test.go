package openai_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"smsflow/services/assistant/assistanttest"
	"smsflow/services/flow"
)

// tolerance is how much later than its deadline a call may return.
const tolerance = time.Second

// TestFaults holds what each fault of a server becomes: a text or a declared error, in time, without the key and the
// server's words.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		does  assistanttest.Behaviour
		text  string
		err   string
		calls int
	}{
		{name: "429", does: assistanttest.TooManyRequests(0), err: "HTTP status 429", calls: 2},
		{name: "429 with a long wait", does: assistanttest.TooManyRequests(time.Hour), err: "HTTP status 429", calls: 1},
		{name: "500", does: assistanttest.Breaks(0), err: "HTTP status 500", calls: 2},
		{name: "401", does: assistanttest.Sends(401, "application/json", `{"error":{"message":"bad sk-test"}}`), err: "check the API key", calls: 1},
		{name: "404 as a page", does: assistanttest.Sends(404, "text/html", "<html>"), err: "check the base URL and the model", calls: 1},
		{name: "409", does: assistanttest.Sends(409, "text/plain", "no"), err: "HTTP status 409", calls: 1},
		{name: "10 MB", does: assistanttest.TenMegabytes(), err: "more than 256 KiB", calls: 1},
		{name: "10 MB of an error", does: assistanttest.Sends(500, "text/plain", strings.Repeat("x", 10<<20)), err: "HTTP status 500", calls: 2},
		{name: "NUL", does: assistanttest.NUL(), text: "we open[31m at 8", calls: 1},
		{name: "only NUL", does: assistanttest.OnlyNUL(), err: "empty text", calls: 1},
		{name: "empty", does: assistanttest.Empty(), err: "empty text", calls: 1},
		{name: "no body", does: assistanttest.NoBody(), err: "something else than a chat completion", calls: 1},
		{name: "no choices", does: assistanttest.NoChoices(), err: "no chat completion", calls: 1},
		{name: "broken JSON", does: assistanttest.BrokenJSON(), err: "something else than a chat completion", calls: 1},
		{name: "wrong JSON", does: assistanttest.WrongJSON(), err: "chat completion", calls: 1},
		{name: "a page", does: assistanttest.HTML(), err: "something else than a chat completion", calls: 1},
		{name: "out of tokens", does: assistanttest.OutOfTokens(), err: "raise the assistant's limit", calls: 1},
		{name: "refusal", does: assistanttest.Refuses(), err: "refused to answer", calls: 1},
		{name: "redirect to a private address", does: assistanttest.RedirectsToPrivate(), err: "redirects are not followed", calls: 1},
		{name: "redirect to itself", does: assistanttest.Redirects("/v1/chat/completions"), err: "redirects are not followed", calls: 1},
		{name: "cut", does: assistanttest.Cuts(), err: "connection to the server broke", calls: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := assistanttest.NewServer(t, c.does)
			q := ask(s.URL)
			q.Effect = "" // with it net/http itself sends again what was cut
			got := client(t).Answer(t.Context(), q)
			if got.Text != c.text || c.err == "" && got.Err != "" || !strings.Contains(got.Err, c.err) {
				t.Errorf("got %+v, want text %q, error %q", got, c.text, c.err)
			}
			if strings.Contains(got.Err, key) || strings.Contains(got.Err, "sk-test") || strings.Contains(got.Err, "said no") {
				t.Errorf("the error tells too much: %s", got.Err)
			}
			if n := len(s.Chats()); n != c.calls {
				t.Errorf("%d requests, want %d", n, c.calls)
			}
		})
	}
}

func TestRetryHelps(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]assistanttest.Behaviour{
		"429": assistanttest.TooManyRequests(0), "500": assistanttest.Breaks(0), "503": assistanttest.Sends(503, "text/plain", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assistanttest.NewServer(t, first, assistanttest.Completes("now it works"))
			if got := client(t).Answer(t.Context(), ask(s.URL)); got.Text != "now it works" {
				t.Errorf("got %+v", got)
			}
			for _, chat := range s.Chats() {
				if chat.Header.Get("Idempotency-Key") != "run-1/effect-2" {
					t.Errorf("headers %v", chat.Header)
				}
			}
		})
	}
}

// TestDeadline holds the assistant's timeout, and a shorter one of the caller's, against servers that take forever.
func TestDeadline(t *testing.T) {
	t.Parallel()
	const limit = 300 * time.Millisecond
	for name, does := range map[string]assistanttest.Behaviour{
		"hangs":                  assistanttest.Hangs(),
		"hangs after the header": assistanttest.HangsAfterHeader(),
		"a byte at a time":       assistanttest.ByteAtATime(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := assistanttest.NewServer(t, does)
			c := client(t)
			for _, who := range []string{"assistant", "caller"} {
				q := ask(s.URL)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				if who == "assistant" {
					q.Assistant.Timeout = limit
				} else {
					cancel()
					ctx, cancel = context.WithTimeout(t.Context(), limit)
				}
				began := time.Now()
				got := c.Answer(ctx, q)
				cancel()
				if took := time.Since(began); took < limit || took > limit+tolerance {
					t.Errorf("%s: took %s, the limit was %s", who, took, limit)
				}
				if got.Text != "" || !strings.Contains(got.Err, "did not answer within 300ms") {
					t.Errorf("%s: got %+v", who, got)
				}
			}
			if n := len(s.Chats()); n != 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestNoTimeToRetry holds that a failure is told at once if another attempt would come too late.
func TestNoTimeToRetry(t *testing.T) {
	t.Parallel()
	s := assistanttest.NewServer(t, assistanttest.TooManyRequests(-1))
	q := ask(s.URL)
	q.Assistant.Timeout = flow.MinTimeout
	if got := client(t).Answer(t.Context(), q); !strings.Contains(got.Err, "429") || len(s.Chats()) != 1 {
		t.Errorf("%+v after %d requests", got, len(s.Chats()))
	}
}
