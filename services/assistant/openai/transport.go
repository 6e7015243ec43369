package openai

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Options of New.
type Options struct {
	// Now is the clock that deadlines are read by, which is the real one outside of tests. It is required.
	Now func() time.Time
	// AllowPrivate are the addresses beside the public ones that assistants may be at, for example those of a model
	// server of one's own. They are the operator's to set, never a tenant's.
	AllowPrivate []netip.Prefix
	// RootCAs verify the servers' certificates; nil: those of the system.
	RootCAs *x509.CertPool
}

const (
	dialTimeout       = 10 * time.Second
	handshakeTimeout  = 10 * time.Second
	idleTimeout       = 30 * time.Second
	keepAlive         = 30 * time.Second
	maxIdle           = 64 // connections kept open, all servers together
	maxIdlePerServer  = 8
	maxResponseHeader = 16 << 10
	// firstUserPort begins the ports that no well known service has. Below it only those of HTTP are dialled, so that
	// no tenant makes us talk to a mail server.
	firstUserPort = 1024

	// azureHost answers for the platform's own services in every virtual machine of Azure, although it looks public.
	azureHost = "168.63.129.16/32"
)

var (
	errTooLarge = errors.New("response too large")
	errAddress  = errors.New("address not allowed")
	errPlain    = errors.New("plain http to a public address")
	errRead     = errors.New("response broke off")
)

// newClient makes the client for all servers, and what closes its idle connections.
func newClient(o Options) (*http.Client, func()) {
	plain := newTransport(o, guard{allowed: o.AllowPrivate})
	secure := newTransport(o, guard{allowed: o.AllowPrivate, public: ssrf.New(
		ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(netip.MustParsePrefix(azureHost)),
	)})
	client := &http.Client{
		Transport:     bounded{plain: plain, secure: secure},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, func() {
		plain.CloseIdleConnections()
		secure.CloseIdleConnections()
	}
}

func newTransport(o Options, g guard) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive, Control: g.control}
	return &http.Transport{
		Proxy:                  nil, // a proxy would dial in our place, past the guard
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    handshakeTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // what is small on the wire may be large in memory
		MaxResponseHeaderBytes: maxResponseHeader,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerServer,
		IdleConnTimeout:        idleTimeout,
	}
}

// guard decides which addresses are dialled, after names have been resolved, so that no name hides one.
type guard struct {
	allowed []netip.Prefix
	public  *ssrf.Guardian // nil: none
}

func (g guard) control(network, address string, conn syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", errAddress, address)
	}
	for _, p := range g.allowed {
		if p.Contains(at.Addr().Unmap()) {
			return nil
		}
	}
	if g.public == nil {
		return fmt.Errorf("%w: %s", errPlain, address)
	}
	if port := at.Port(); port < firstUserPort && port != 80 && port != 443 {
		return fmt.Errorf("%w: port %d", errAddress, port)
	}
	if err := g.public.Safe(network, address, conn); err != nil {
		return fmt.Errorf("%w: %w", errAddress, err)
	}
	return nil
}

// bounded reads at most MaxResponse of each answer. Without TLS it dials private addresses only: a key must not travel
// the Internet in the clear.
type bounded struct {
	plain, secure http.RoundTripper
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	transport := b.secure
	if r.URL.Scheme == "http" {
		transport = b.plain
	}
	res, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = &boundedBody{body: res.Body, left: MaxResponse}
	return res, nil
}

// boundedBody fails, rather than ends, where the limit is passed: a part of an answer is none. Its own errors tell those
// of reading from those of decoding.
type boundedBody struct {
	body io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= n; b.left < 0 {
		return n - 1, errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errRead, err)
	}
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }
