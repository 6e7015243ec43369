package generic

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of the connections to gateways.
const (
	MaxConnections = 32 // to one host; further messages wait, within flow.SendTimeout

	maxIdle          = 256 // of all hosts
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	answerTimeout    = 10 * time.Second // from the last byte written to the end of the answer's header
	// idleTimeout is less than the 5 s after which common servers close a connection that is not in use: what is sent
	// just then is lost or not, and nobody knows.
	idleTimeout = 4 * time.Second
)

// newTransport makes the HTTP client's lower half: no proxy, no HTTP/2 (it repeats requests by itself, and one
// connection would carry many messages into one fate), and no address that the guard refuses. The guard sees the
// address that is dialled, so a name that resolves differently the second time does not help.
func newTransport(allow []netip.Prefix, reuse bool) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, Control: newGuard(allow).Safe}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  answerTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    MaxConnections,
		MaxConnsPerHost:        MaxConnections,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableKeepAlives:      !reuse,
		DisableCompression:     true,
	}
}

// newGuard allows public addresses, on any port, and the given networks.
func newGuard(allow []netip.Prefix) *ssrf.Guardian {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return ssrf.New(
		ssrf.WithAnyPort(),
		ssrf.WithAllowedV4Prefixes(v4...),
		ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithDeniedV4Prefixes(azureHost()),
	)
}

// azureHost is the address by which machines on Azure reach their host's services. It counts as public.
func azureHost() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{168, 63, 129, 16}), 32)
}
