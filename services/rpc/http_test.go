package rpc_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
	"smsflow/services/rpc"
)

// page is an answer to a plain HTTP request.
type page struct {
	code   int
	header http.Header
}

// fetch makes a plain HTTP request.
func fetch(t *testing.T, method, address string, body io.Reader, header map[string]string) (page, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := client(t, false).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{res.StatusCode, res.Header}, string(text)
}

func TestProbes(t *testing.T) {
	t.Parallel()
	down := make(chan struct{}, 1)
	draining := make(chan struct{})
	s := serve(t, backend{draining: draining, ready: func(context.Context) error {
		select {
		case <-down:
			return errors.New("the database is gone")
		default:
			return nil
		}
	}})
	if res, text := fetch(t, "GET", "http://"+s.http+"/healthz", nil, nil); res.code != http.StatusOK || text != "ok\n" {
		t.Errorf("healthz: %d %q", res.code, text)
	}
	if res, _ := fetch(t, "GET", "http://"+s.http+"/readyz", nil, nil); res.code != http.StatusOK {
		t.Errorf("readyz: %d", res.code)
	}
	if res, _ := fetch(t, "GET", "http://"+s.http+"/anything", nil, nil); res.code != http.StatusNotFound {
		t.Errorf("a path that nobody serves: %d", res.code)
	}
	close(draining)
	if res, _ := fetch(t, "GET", "http://"+s.http+"/readyz", nil, nil); res.code != http.StatusServiceUnavailable {
		t.Errorf("readyz while draining: %d", res.code)
	}
	if res, _ := fetch(t, "GET", "http://"+s.http+"/healthz", nil, nil); res.code != http.StatusOK {
		t.Errorf("healthz while draining: %d", res.code)
	}
	down <- struct{}{}
	unready := serve(t, backend{ready: func(context.Context) error { return errors.New("the database is gone") }})
	if res, text := fetch(t, "GET", "http://"+unready.http+"/readyz", nil, nil); res.code != http.StatusServiceUnavailable || strings.Contains(text, "database") {
		t.Errorf("readyz without a database: %d %q", res.code, text)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := serve(t, backend{page: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page") })})
	if _, text := fetch(t, "GET", "http://"+s.http+"/SMSWorkflows", nil, nil); text != "the page" {
		t.Errorf("the page is %q", text)
	}
}

// TestHeaders: what the headers alone decide, each answer in the form of all errors.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, backend{router: &scripted{}})
	sound, err := json.Marshal(map[string]string{"gatewayMessageId": "m1"})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		header map[string]string
		code   string
		reason string
	}{
		{"gzip", map[string]string{"Content-Encoding": "gzip"}, "unimplemented", rpc.ReasonCompression},
		{"identity", map[string]string{"Content-Encoding": "identity"}, "", ""},
		{"gzip in a Connect stream", map[string]string{"Content-Type": "application/connect+proto", "Connect-Content-Encoding": "br"}, "unimplemented", rpc.ReasonCompression},
		{"version", map[string]string{"Connect-Protocol-Version": "2"}, "invalid_argument", flow.ReasonMalformed},
		{"the right version", map[string]string{"Connect-Protocol-Version": "1"}, "", ""},
		{"timeout", map[string]string{"Connect-Timeout-Ms": "soon"}, "invalid_argument", flow.ReasonMalformed},
		{"negative timeout", map[string]string{"Connect-Timeout-Ms": "-1"}, "invalid_argument", flow.ReasonMalformed},
		{"long timeout", map[string]string{"Connect-Timeout-Ms": "12345678901"}, "invalid_argument", flow.ReasonMalformed},
		{"gRPC timeout", map[string]string{"Grpc-Timeout": "5x"}, "invalid_argument", flow.ReasonMalformed},
		{"charset", map[string]string{"Content-Type": "application/json; charset=utf-8"}, "", ""},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, "permission_denied", rpc.ReasonCrossOrigin},
		{"another origin", map[string]string{"Origin": "https://evil.example"}, "permission_denied", rpc.ReasonCrossOrigin},
		{"the own site", map[string]string{"Sec-Fetch-Site": "same-origin"}, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			header := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + s.all}
			maps.Copy(header, c.header)
			res, text := fetch(t, "POST", "http://"+s.http+routeInbound, bytes.NewReader(sound), header)
			if c.code == "" {
				if res.code != http.StatusOK {
					t.Errorf("refused: %d %s", res.code, text)
				}
				return
			}
			if !strings.Contains(text, `"`+c.reason+`"`) && !strings.HasPrefix(header["Content-Type"], "application/connect") {
				t.Errorf("no reason %s in %s", c.reason, text)
			}
			if !strings.Contains(text, `"code":"`+c.code+`"`) {
				t.Errorf("no code %s in %s", c.code, text)
			}
		})
	}
	for media, want := range map[string]int{"text/plain": 415, "": 415, "application/x-www-form-urlencoded": 415, "application/json;;": 415} {
		res, text := fetch(t, "POST", "http://"+s.http+routeInbound, bytes.NewReader(sound), map[string]string{"Content-Type": media})
		if res.code != want || !strings.Contains(text, "application/json") {
			t.Errorf("%q: %d %q", media, res.code, text)
		}
	}
	if res, _ := fetch(t, "PUT", "http://"+s.http+routeInbound, nil, nil); res.code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", res.code)
	}
	if res, _ := fetch(t, "GET", "http://"+s.http+routeInbound+"?encoding=json&message=%7B%7D", nil, nil); res.code != http.StatusMethodNotAllowed {
		t.Errorf("GET of a method with effects: %d", res.code)
	}
	res, _ := fetch(t, "POST", "http://"+s.http+routeInbound, strings.NewReader("{}"), map[string]string{"Content-Type": "application/json"})
	if res.code != http.StatusUnauthorized || res.header.Get("Www-Authenticate") != "Bearer" {
		t.Errorf("without credentials: %d, %q", res.code, res.header.Get("Www-Authenticate"))
	}
	res, _ = fetch(t, "POST", "http://"+s.http+routeInbound, strings.NewReader("{}"), map[string]string{
		"Content-Type": "application/json", "X-Long": strings.Repeat("a", rpc.MaxHeaders+8<<10),
	})
	if res.code != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("headers too large: %d", res.code)
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	s := serve(t, backend{workflows: &scripted{}})
	address := "http://" + s.http + getWorkflow + "?encoding=json&message=" + url.QueryEscape(`{"id":"w1"}`)
	res, text := fetch(t, "GET", address, nil, map[string]string{"Authorization": "Bearer " + s.all})
	if res.code != http.StatusOK || !strings.Contains(text, `"w1"`) {
		t.Errorf("GET: %d %s", res.code, text)
	}
	if res, text := fetch(t, "GET", address+"&compression=gzip", nil, nil); !strings.Contains(text, rpc.ReasonCompression) {
		t.Errorf("GET, compressed: %d %s", res.code, text)
	}
	if res, _ := fetch(t, "GET", address, nil, nil); res.code != http.StatusUnauthorized {
		t.Errorf("GET without credentials: %d", res.code)
	}
}

func TestTrustedOrigins(t *testing.T) {
	t.Parallel()
	s := serve(t, backend{router: &scripted{}, trusted: []string{"https://console.example.com"}})
	for origin, want := range map[string]int{"https://console.example.com": 200, "https://evil.example": 403} {
		res, text := fetch(t, "POST", "http://"+s.http+routeInbound, strings.NewReader("{}"), map[string]string{
			"Content-Type": "application/json", "Authorization": "Bearer " + s.all, "Sec-Fetch-Site": "cross-site", "Origin": origin,
		})
		if res.code != want {
			t.Errorf("%s: %d %s", origin, res.code, text)
		}
	}
	if _, err := rpc.NewHTTP(backend{trusted: []string{"console.example.com/path"}}.config(&keyStore{}, io.Discard)); err == nil {
		t.Error("an origin that is none is taken")
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := rpc.NewHTTP(rpc.Config{})
	for _, name := range []string{"Gate", "Log", "Now", "NewID"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+name+" ") {
			t.Errorf("%s may be missing: %v", name, err)
		}
	}
	if _, err := rpc.NewGRPC(rpc.Config{}); err == nil {
		t.Error("NewGRPC takes an empty config")
	}
	if _, err := rpc.NewGRPC(backend{}.config(&keyStore{}, io.Discard)); err == nil {
		t.Error("NewGRPC takes a config without a router")
	}
}

// TestOnlySomeServices: what is not configured is not there.
func TestOnlySomeServices(t *testing.T) {
	t.Parallel()
	s := serve(t, backend{router: &scripted{}})
	res, _ := fetch(t, "POST", "http://"+s.http+getWorkflow, strings.NewReader("{}"), map[string]string{"Content-Type": "application/json"})
	if res.code != http.StatusNotFound {
		t.Errorf("WorkflowService without use cases: %d", res.code)
	}
}

// TestSizes: what fits is taken whole, what is larger is refused however it is framed.
func TestSizes(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{workflows: use, router: use})
	body := func(size int) *smsflowv1.RouteInboundRequest {
		m := soundInbound()
		m.Body = strings.Repeat("a", size)
		m.Body = m.Body[:2*size-proto.Size(m)]
		return m
	}
	fits := body(rpc.MaxRequest)
	if proto.Size(fits) != rpc.MaxRequest {
		t.Fatalf("the message has %d bytes", proto.Size(fits))
	}
	for _, p := range protocolsFor(routeInbound) {
		if p.name != "connect json" { // its form is longer
			if got := p.call(t, s, request{procedure: routeInbound, token: s.all, message: fits}, &smsflowv1.RouteInboundResponse{}); got != nil {
				t.Errorf("%s: %d bytes are refused: %+v", p.name, rpc.MaxRequest, got)
			}
		}
		for _, size := range []int{rpc.MaxRequest + 1, 2 * rpc.MaxRequest, 8 << 20} {
			got := p.call(t, s, request{procedure: routeInbound, token: s.all, message: body(size)}, &smsflowv1.RouteInboundResponse{})
			if got == nil || got.Code != "resource_exhausted" || got.Retry != "" {
				t.Errorf("%s: %d bytes: %+v", p.name, size, got)
				continue
			}
			if got.Reason != flow.ReasonTooLarge && (p.name != "grpc-go" || size <= rpc.MaxRead) {
				t.Errorf("%s: %d bytes: reason %q", p.name, size, got.Reason)
			}
		}
	}
}

// TestGzip: a compressed request is refused on both ports before it is unpacked.
func TestGzip(t *testing.T) {
	t.Parallel()
	use := &scripted{}
	s := serve(t, backend{router: use})
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, media := range []string{"application/grpc", "application/grpc-web"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.http+routeInbound, &packed)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", media)
		req.Header.Set("Grpc-Encoding", "gzip")
		res, err := client(t, true).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if got := res.Header.Get("Grpc-Status") + res.Trailer.Get("Grpc-Status"); got != strconv.Itoa(int(codes.Unimplemented)) {
			t.Errorf("%s: status %q", media, got)
		}
	}
	// The old option compresses without registering gzip in this process, where the server would find it.
	conn := dial(t, s, grpc.WithCompressor(grpc.NewGZIPCompressor())) //nolint:staticcheck // see above
	if err := conn.Invoke(t.Context(), routeInbound, soundInbound(), &smsflowv1.RouteInboundResponse{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("grpc-go: %v", err)
	}
}

func dial(t *testing.T, s *servers, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient("passthrough:///"+s.grpc, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestGzipIsNotLinked: grpc-go takes a compression that any package of the program has registered.
func TestGzipIsNotLinked(t *testing.T) {
	t.Parallel()
	if encoding.GetCompressor("gzip") != nil {
		t.Error("a package registers gzip with grpc-go, so compressed requests are unpacked")
	}
}
