package generic

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// SetTimeout changes how long a Send may take.
func (s *Sender) SetTimeout(d time.Duration) { s.timeout = d }

// SetDial changes how connections are made.
func (s *Sender) SetDial(dial func(context.Context, string, string) (net.Conn, error)) {
	for _, t := range s.transports() {
		t.DialContext = dial
	}
}

// TrustAs takes over which certificates another client trusts.
func (s *Sender) TrustAs(client *http.Client) {
	theirs, _ := client.Transport.(*http.Transport)
	for _, t := range s.transports() {
		t.TLSClientConfig = &tls.Config{RootCAs: theirs.TLSClientConfig.RootCAs}
	}
}

func (s *Sender) transports() []*http.Transport { return []*http.Transport{s.reusing, s.fresh} }

// Guard says whether an address may be dialled.
func Guard(allow []netip.Prefix, address string) error {
	return newGuard(allow).SafeAddr(netip.MustParseAddr(address))
}

// The timeouts.
const (
	AnswerTimeout    = answerTimeout
	HandshakeTimeout = handshakeTimeout
)
