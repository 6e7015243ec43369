package generic_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"smsflow/services/flow"
	"smsflow/services/gateway/generic"
)

// What fails before the request has a connection: it was not handed over.
func TestUnreached(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	plain, plainRequests := serve(t, func(http.ResponseWriter, *http.Request) {})
	closed := listen(t, func(net.Conn) {})
	for _, c := range []struct{ name, url, reason string }{
		{"refused", "http://" + refusing(t), "refused"},
		{"no such name", "http://bad..name/?token=canary", "name"},
		{"certificate not trusted", secure.URL, "certificate"},
		{"no TLS", strings.Replace(plain, "http:", "https:", 1), "TLS"},
		{"closed in the handshake", "https://" + closed, "no connection"},
	} {
		for _, dedupes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, dedupes %t", c.name, dedupes), func(t *testing.T) {
				t.Parallel()
				check(t, sender(t).Send(t.Context(), withID(c.url, "m", dedupes)), flow.OutboundPending, c.reason)
			})
		}
	}
	t.Cleanup(func() {
		if n := plainRequests.Load(); n != 0 {
			t.Errorf("%d requests came without TLS", n)
		}
	})
}

// refusing is an address at which nobody listens.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// listen gives each connection to the function, and closes it afterwards.
func listen(t *testing.T, each func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			each(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"id": %q}`, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	s := sender(t)
	s.TrustAs(server.Client())
	sent := s.Send(t.Context(), dispatch(server.URL))
	check(t, sent, flow.OutboundSent, "")
	if sent.GatewayID != "HTTP/1.1" {
		t.Errorf("spoke %s", sent.GatewayID)
	}
}

// The guard refuses before anything is sent, names included, and lets through what the operator allows.
func TestGuard(t *testing.T) {
	t.Parallel()
	url, requests := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")

	closed := generic.New(time.Now, generic.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	defer closed.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "192.168.0.1", "169.254.169.254", "168.63.129.16"} {
		check(t, closed.Send(t.Context(), dispatch("http://"+host+":"+port)), flow.OutboundFailed, "not public")
	}
	if n := requests.Load(); n != 0 {
		t.Fatalf("%d requests came", n)
	}

	open := generic.New(time.Now, generic.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	defer open.Close()
	check(t, open.Send(t.Context(), dispatch(url)), flow.OutboundSent, "")
	check(t, open.Send(t.Context(), dispatch("http://127.0.0.2:"+port)), flow.OutboundFailed, "not public")
}

func TestGuardedAddresses(t *testing.T) {
	t.Parallel()
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	for _, address := range []string{"93.184.215.14", "2606:2800:21f::1", "10.1.2.3", "fd00:1::2"} {
		if err := generic.Guard(allow, address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.2.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
		"168.63.129.16", "192.0.2.1", "198.18.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "::ffff:127.0.0.1",
		"::ffff:10.1.2.3", "fd00:2::1", "fe80::1", "fec0::1", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254", "ff02::1",
	} {
		if err := generic.Guard(allow, address); err == nil {
			t.Errorf("%s is let through", address)
		}
	}
}

// The timeouts as they are, on a clock that does not wait.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, url, answer string
		want              flow.OutboundState
		after             time.Duration
	}{
		{"handshake", "https://gateway/", "", flow.OutboundPending, generic.HandshakeTimeout},
		{"answer", "http://gateway/", "", flow.OutboundUnknown, generic.AnswerTimeout},
		{"rest of the header", "http://gateway/", "HTTP/1.1 200 OK\r\n", flow.OutboundUnknown, generic.AnswerTimeout},
		{"body of one that was taken", "http://gateway/", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", flow.OutboundSent, flow.SendTimeout},
		{"body of one that was refused", "http://gateway/", "HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\n{", flow.OutboundFailed, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := generic.New(time.Now, generic.Options{})
				s.SetDial(func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() {
						if c.answer != "" {
							if _, err := http.ReadRequest(bufio.NewReader(theirs)); err != nil {
								t.Error(err)
							}
							_, _ = io.WriteString(theirs, c.answer)
						}
						_, _ = io.Copy(io.Discard, theirs)
						_ = theirs.Close()
					}()
					return ours, nil
				})
				began := time.Now()
				check(t, s.Send(t.Context(), dispatch(c.url)), c.want, "")
				if took := time.Since(began); took != c.after {
					t.Errorf("after %v, want %v", took, c.after)
				}
				s.Close()
			})
		})
	}

	t.Run("connection", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := generic.New(time.Now, generic.Options{})
			given := make(chan struct{})
			defer close(given) // net/http goes on dialling for later requests
			s.SetDial(func(context.Context, string, string) (net.Conn, error) {
				<-given
				return nil, io.EOF
			})
			began := time.Now()
			check(t, s.Send(t.Context(), dispatch("https://gateway/")), flow.OutboundPending, "in time")
			if took := time.Since(began); took != flow.SendTimeout {
				t.Errorf("after %v", took)
			}
		})
	})
}
