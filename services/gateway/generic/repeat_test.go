package generic_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"

	"smsflow/services/flow"
	"smsflow/services/gateway/gatewaytest"
	"smsflow/services/gateway/generic"
)

// TestOneRequest: net/http repeats a request that has an Idempotency-Key by itself if a connection breaks that was used
// before. The gateway here sends an SMS for each request, so a repetition would be a second SMS.
func TestOneRequest(t *testing.T) {
	t.Parallel()
	for _, breaks := range []gatewaytest.Do{gatewaytest.Cut, gatewaytest.Reset} {
		for _, dedupes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, dedupes %t", breaks, dedupes), func(t *testing.T) {
				t.Parallel()
				s := sender(t)
				seen := cutOnReuse(t, breaks, func(url, id string) {
					sent := s.Send(t.Context(), withID(url, flow.OutboundID(id), dedupes))
					if id == "first" {
						check(t, sent, flow.OutboundSent, "")
					} else {
						check(t, sent, flow.OutboundUnknown, "")
					}
				})
				if seen != 1 {
					t.Errorf("the gateway sent %d SMS", seen)
				}
			})
		}
		// The same gateway and an ordinary client: it does repeat, so the test above would notice.
		t.Run(string(breaks)+", ordinary client", func(t *testing.T) {
			t.Parallel()
			transport := new(http.Transport)
			defer transport.CloseIdleConnections()
			seen := cutOnReuse(t, breaks, func(url, id string) {
				body := []byte(`{"id":"` + id + `"}`)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set(generic.HeaderKey, id)
				resp, err := transport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				// To its end: only then is the connection used again.
				var answer bytes.Buffer
				_, _ = answer.ReadFrom(resp.Body)
				resp.Body.Close()
			})
			if seen != 2 {
				t.Errorf("the gateway sent %d SMS", seen)
			}
		})
	}
}

// cutOnReuse sends a first message, which is answered, and a second one, whose connection breaks after it was taken. It
// gives the number of SMS that the second one became.
func cutOnReuse(t *testing.T, breaks gatewaytest.Do, send func(url, id string)) int {
	t.Helper()
	gw := gatewaytest.New(t, gatewaytest.Options{Settings: gatewaytest.Settings{
		Script: []gatewaytest.Mode{gatewaytest.OK(), {Do: breaks}},
	}})
	send(gw.URL, "first")
	send(gw.URL, "second")
	return gatewaytest.SMS(gw.Entries())["second"]
}

// A connection is used again for a gateway that dedupes, and only for it.
func TestConnectionsReused(t *testing.T) {
	t.Parallel()
	for _, dedupes := range []bool{true, false} {
		t.Run(fmt.Sprintf("dedupes %t", dedupes), func(t *testing.T) {
			t.Parallel()
			from := map[string]bool{}
			url, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { from[r.RemoteAddr] = true })
			s := sender(t)
			for range 3 {
				check(t, s.Send(t.Context(), withID(url, "m", dedupes)), flow.OutboundSent, "")
			}
			want := 3
			if dedupes {
				want = 1
			}
			if len(from) != want {
				t.Errorf("%d connections, want %d", len(from), want)
			}
		})
	}
}
