package assistanttest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	maxRequest = 1 << 20
	tenMB      = 10 << 20
	// ByteEvery is how often ByteAtATime sends a byte.
	ByteEvery = 20 * time.Millisecond
)

// Chat is what a client asked the server.
type Chat struct {
	Path     string      `json:"-"`
	Header   http.Header `json:"-"`
	Model    string      `json:"model"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	MaxTokens           int `json:"max_tokens"`
	MaxCompletionTokens int `json:"max_completion_tokens"`
}

// Behaviour is how the server treats one request, whose body it has read.
type Behaviour func(w http.ResponseWriter, r *http.Request, chat Chat)

// Handler is an OpenAI-compatible server: it treats its requests in the given ways in turn, the last one again and
// again; without any it answers "ok". It is safe for use by many.
type Handler struct {
	behaviours []Behaviour

	mu    sync.Mutex
	chats []Chat
}

// NewHandler makes the handler, for a server of another process.
func NewHandler(behaviours ...Behaviour) *Handler {
	if len(behaviours) == 0 {
		behaviours = []Behaviour{Completes("ok")}
	}
	return &Handler{behaviours: behaviours}
}

// ServeHTTP treats one request. Any path and method will do: what came is in Chats.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	chat := Chat{Path: r.URL.Path, Header: r.Header.Clone()}
	// Read whole: only then does net/http notice that a client has gone.
	if body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest)); err == nil {
		_ = json.Unmarshal(body, &chat) // what is no chat has no messages, which a test will see
	}
	h.mu.Lock()
	behave := h.behaviours[min(len(h.chats), len(h.behaviours)-1)]
	h.chats = append(h.chats, chat)
	h.mu.Unlock()
	behave(w, r, chat)
}

// Chats gives what clients asked, in order.
func (h *Handler) Chats() []Chat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Chat(nil), h.chats...)
}

// Server is a Handler that listens on a loopback port until the test ends.
type Server struct {
	*Handler
	URL string // the base URL for an assistant
}

// NewServer starts a server with the given behaviours.
func NewServer(tb testing.TB, behaviours ...Behaviour) *Server {
	tb.Helper()
	h := NewHandler(behaviours...)
	s := httptest.NewServer(h)
	tb.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return &Server{Handler: h, URL: s.URL + "/v1"}
}

// Completion is the JSON of an answer.
func Completion(model, text, finish string) []byte {
	body, err := json.Marshal(map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model,
		"choices": []any{map[string]any{
			"index": 0, "finish_reason": finish, "message": map[string]any{"role": "assistant", "content": text},
		}},
		"usage": map[string]any{"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
	})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return body
}

// Completes answers with a text, 11 input and 7 output tokens, under the model that was asked for.
func Completes(text string) Behaviour {
	return CompletesWith(func(Chat) string { return text })
}

// CompletesWith answers with what a function makes of the request.
func CompletesWith(f func(Chat) string) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, chat Chat) {
		writeJSON(w, http.StatusOK, Completion(chat.Model, f(chat), "stop"))
	}
}

// Sends answers with a status, a content type and a body.
func Sends(status int, contentType, body string) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, _ Chat) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Hangs never answers: it ends when the client gives up.
func Hangs() Behaviour {
	return func(_ http.ResponseWriter, r *http.Request, _ Chat) { <-r.Context().Done() }
}

// HangsAfterHeader sends the header and half a body, and then hangs.
func HangsAfterHeader() Behaviour {
	return func(w http.ResponseWriter, r *http.Request, chat Chat) {
		body := Completion(chat.Model, "half of it", "stop")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body[:len(body)/2])
		flush(w)
		<-r.Context().Done()
	}
}

// ByteAtATime answers right, but slowly: a byte every ByteEvery.
func ByteAtATime() Behaviour {
	return func(w http.ResponseWriter, r *http.Request, chat Chat) {
		w.Header().Set("Content-Type", "application/json")
		tick := time.NewTicker(ByteEvery)
		defer tick.Stop()
		for _, b := range Completion(chat.Model, "slow", "stop") {
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
			if _, err := w.Write([]byte{b}); err != nil {
				return
			}
			flush(w)
		}
	}
}

// TooManyRequests answers 429 and says when to come back; less than 0: it does not say.
func TooManyRequests(after time.Duration) Behaviour {
	return refuses(http.StatusTooManyRequests, after)
}

// Breaks answers 500 and says when to come back; less than 0: it does not say.
func Breaks(after time.Duration) Behaviour { return refuses(http.StatusInternalServerError, after) }

func refuses(status int, after time.Duration) Behaviour {
	return func(w http.ResponseWriter, r *http.Request, _ Chat) {
		if after >= 0 {
			w.Header().Set("Retry-After-Ms", strconv.FormatInt(after.Milliseconds(), 10))
		}
		// Careless servers tell the key in their errors.
		writeJSON(w, status, fmt.Appendf(nil, `{"error":{"message":"server said no to %s","type":"x","code":"y","param":""}}`,
			strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
	}
}

// TenMegabytes answers right, with a text of 10 MB.
func TenMegabytes() Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, chat Chat) {
		writeJSON(w, http.StatusOK, Completion(chat.Model, strings.Repeat("x", tenMB), "stop"))
	}
}

// NUL answers with NUL and other control characters in the text.
func NUL() Behaviour { return Completes("we\x00 open\x1b[31m at\x07 8") }

// OnlyNUL answers with nothing but NUL.
func OnlyNUL() Behaviour { return Completes("\x00\x00") }

// Empty answers with an empty text.
func Empty() Behaviour { return Completes("") }

// NoBody answers 200 with nothing.
func NoBody() Behaviour { return Sends(http.StatusOK, "application/json", "") }

// NoChoices answers with a list of no choices.
func NoChoices() Behaviour { return Sends(http.StatusOK, "application/json", `{"choices":[]}`) }

// BrokenJSON answers with JSON that breaks off.
func BrokenJSON() Behaviour { return Sends(http.StatusOK, "application/json", `{"choices":[{"mess`) }

// WrongJSON answers with JSON of another shape.
func WrongJSON() Behaviour {
	return Sends(http.StatusOK, "application/json", `{"choices":"none of your business","answer":42}`)
}

// HTML answers with a page, as a proxy in between does.
func HTML() Behaviour { return Sends(http.StatusOK, "text/html", "<html>welcome</html>") }

// OutOfTokens answers with an empty text because the token limit was reached.
func OutOfTokens() Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, chat Chat) {
		writeJSON(w, http.StatusOK, Completion(chat.Model, "", "length"))
	}
}

// Refuses answers that it will not say, the way models refuse.
func Refuses() Behaviour {
	return Sends(http.StatusOK, "application/json",
		`{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":null,"refusal":"I cannot help with that"}}]}`)
}

// Redirects sends the client elsewhere.
func Redirects(to string) Behaviour {
	return func(w http.ResponseWriter, _ *http.Request, _ Chat) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// RedirectsToPrivate sends the client to the address where clouds keep their machines' credentials.
func RedirectsToPrivate() Behaviour { return Redirects("http://169.254.169.254/latest/meta-data/") }

// Cuts closes the connection without an answer.
func Cuts() Behaviour {
	return func(http.ResponseWriter, *http.Request, Chat) { panic(http.ErrAbortHandler) }
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone is the test's business
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
