package generic_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"smsflow/services/gateway/generic"
)

func signed(timestamp, signature string) http.Header {
	h := http.Header{}
	h.Set(generic.HeaderTimestamp, timestamp)
	h.Set(generic.HeaderSignature, signature)
	return h
}

func TestVerify(t *testing.T) {
	t.Parallel()
	const timestamp = "1767225600"
	twice := signed(timestamp, exampleSignature)
	twice.Add(generic.HeaderSignature, exampleSignature)
	twoTimes := signed(timestamp, exampleSignature)
	twoTimes.Add(generic.HeaderTimestamp, timestamp)
	for _, c := range []struct {
		name   string
		secret string
		header http.Header
		body   string
		after  time.Duration
		want   error
	}{
		{"good", exampleSecret, signed(timestamp, exampleSignature), exampleBody, 0, nil},
		{"good, late", exampleSecret, signed(timestamp, exampleSignature), exampleBody, generic.Tolerance, nil},
		{"good, early", exampleSecret, signed(timestamp, exampleSignature), exampleBody, -generic.Tolerance, nil},
		{"good, with another scheme", exampleSecret, signed(timestamp, "v2=abc, "+exampleSignature), exampleBody, 0, nil},
		{"too late", exampleSecret, signed(timestamp, exampleSignature), exampleBody, generic.Tolerance + time.Second, generic.ErrTimestamp},
		{"too early", exampleSecret, signed(timestamp, exampleSignature), exampleBody, -generic.Tolerance - time.Second, generic.ErrTimestamp},
		{"no time", exampleSecret, signed("", exampleSignature), exampleBody, 0, generic.ErrTimestamp},
		{"no headers", exampleSecret, http.Header{}, exampleBody, 0, generic.ErrTimestamp},
		{"two times", exampleSecret, twoTimes, exampleBody, 0, generic.ErrTimestamp},
		{"not a number", exampleSecret, signed("1767225600.0", exampleSignature), exampleBody, 0, generic.ErrTimestamp},
		{"overflow", exampleSecret, signed("9223372036854775807", exampleSignature), exampleBody, 0, generic.ErrTimestamp},
		{"underflow", exampleSecret, signed("-9223372036854775808", exampleSignature), exampleBody, 0, generic.ErrTimestamp},
		{"another time", exampleSecret, signed("1767225601", exampleSignature), exampleBody, 0, generic.ErrSignature},
		{"the same time, written otherwise", exampleSecret, signed("01767225600", exampleSignature), exampleBody, 0, generic.ErrSignature},
		{"another body", exampleSecret, signed(timestamp, exampleSignature), exampleBody + "\n", 0, generic.ErrSignature},
		{"another secret", exampleSecret + "x", signed(timestamp, exampleSignature), exampleBody, 0, generic.ErrSignature},
		{"no secret", "", signed(timestamp, exampleSignature), exampleBody, 0, generic.ErrSignature},
		{"no signature", exampleSecret, signed(timestamp, ""), exampleBody, 0, generic.ErrSignature},
		{"two signatures", exampleSecret, twice, exampleBody, 0, generic.ErrSignature},
		{"upper case", exampleSecret, signed(timestamp, "v1="+strings.ToUpper(exampleSignature[3:])), exampleBody, 0, generic.ErrSignature},
		{"half a signature", exampleSecret, signed(timestamp, exampleSignature[:34]), exampleBody, 0, generic.ErrSignature},
		{"without scheme", exampleSecret, signed(timestamp, exampleSignature[3:]), exampleBody, 0, generic.ErrSignature},
	} {
		now := time.Unix(exampleTimestamp, 0).Add(c.after)
		if err := generic.Verify(c.secret, c.header, []byte(c.body), now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// FuzzVerify: what is signed is accepted, and with any byte of it changed it is not.
func FuzzVerify(f *testing.F) {
	f.Add(exampleSecret, []byte(exampleBody), int64(exampleTimestamp), 3)
	f.Add("s", []byte{}, int64(0), 0)
	f.Fuzz(func(t *testing.T, secret string, body []byte, at int64, place int) {
		at %= 1 << 40
		now := time.Unix(at, 0)
		timestamp, signature := generic.Sign(secret, body, now)
		err := generic.Verify(secret, signed(timestamp, signature), body, now)
		if (err == nil) != (secret != "") {
			t.Fatalf("%q: %v", secret, err)
		}
		place &= 1<<31 - 1
		mutations := []http.Header{
			signed(timestamp, flip(signature, place)),
			signed(flip(timestamp, place), signature),
			signed(timestamp+"0", signature),
			signed(timestamp, signature+"0"),
		}
		for _, header := range mutations {
			if generic.Verify(secret, header, body, now) == nil {
				t.Fatalf("accepted %v", header)
			}
		}
		if generic.Verify(secret, signed(timestamp, signature), []byte(flip(string(body), place)), now) == nil {
			t.Fatal("accepted another body")
		}
	})
}

// flip changes one bit of one byte; an empty text becomes one byte.
func flip(s string, place int) string {
	if s == "" {
		return "x"
	}
	b := []byte(s)
	b[place%len(b)] ^= 1
	return string(b)
}

func ExampleVerify() {
	header, body := http.Header{}, []byte(exampleBody)
	header.Set("X-Smsflow-Timestamp", "1767225600")
	header.Set("X-Smsflow-Signature", exampleSignature)
	now := time.Unix(1767225600, 0)
	fmt.Println(generic.Verify(exampleSecret, header, body, now))
	fmt.Println(generic.Verify("another secret", header, body, now))
	// Output:
	// <nil>
	// the X-Smsflow-Signature header is missing or does not fit the body
}
