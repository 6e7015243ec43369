package openai

import (
	"errors"
	"net/netip"
	"testing"

	"code.dny.dev/ssrf"
)

// TestGuard asks the guard itself: nothing is dialled.
func TestGuard(t *testing.T) {
	t.Parallel()
	allowed := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	plain := guard{allowed: allowed}
	secure := guard{allowed: allowed, public: ssrf.New(ssrf.WithAnyPort())}
	for _, c := range []struct {
		guard            guard
		network, address string
		want             error
	}{
		{plain, "tcp4", "10.1.2.3:11434", nil},
		{plain, "tcp6", "[fd00:1::2]:80", nil},
		{plain, "tcp6", "[::ffff:10.1.2.3]:80", nil},
		{plain, "tcp4", "10.2.2.3:80", errPlain},
		{plain, "tcp4", "192.0.43.8:80", errPlain},
		{plain, "tcp4", "nonsense", errAddress},
		{secure, "tcp4", "192.0.43.8:443", nil},
		{secure, "tcp4", "192.0.43.8:8443", nil},
		{secure, "tcp6", "[2606:4700::1]:443", nil},
		{secure, "tcp4", "192.0.43.8:25", errAddress},
		{secure, "tcp4", "10.1.2.3:25", nil}, // the operator's word
		{secure, "tcp4", "10.2.2.3:443", errAddress},
		{secure, "tcp4", "127.0.0.1:443", errAddress},
		{secure, "tcp4", "169.254.169.254:443", errAddress},
		{secure, "tcp4", "100.64.0.1:443", errAddress},
		{secure, "tcp4", "0.0.0.0:443", errAddress},
		{secure, "tcp6", "[::1]:443", errAddress},
		{secure, "tcp6", "[fd00:2::1]:443", errAddress},
		{secure, "tcp6", "[fe80::1]:443", errAddress},
		{secure, "tcp6", "[::ffff:127.0.0.1]:443", errAddress},
		{secure, "tcp6", "[64:ff9b::7f00:1]:443", errAddress},
		{secure, "udp4", "192.0.43.8:443", errAddress},
	} {
		if err := c.guard.control(c.network, c.address, nil); !errors.Is(err, c.want) {
			t.Errorf("%s %s: %v, want %v", c.network, c.address, err, c.want)
		}
	}
}
