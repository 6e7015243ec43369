package generic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far a request's timestamp may be from the receiver's clock, either way. A receiver that remembers
// the ids it has taken for longer than that cannot be fooled by a request that was recorded.
const Tolerance = 5 * time.Minute

// The errors of Verify.
var (
	ErrTimestamp = errors.New("the " + HeaderTimestamp + " header is missing, not a number, or too far from now")
	ErrSignature = errors.New("the " + HeaderSignature + " header is missing or does not fit the body")
)

// scheme is the first part of a signature. A request may carry signatures of other schemes beside it.
const scheme = "v1="

// Sign gives the values of HeaderTimestamp, in Unix seconds, and HeaderSignature: "v1=" and the hexadecimal HMAC-SHA256
// (RFC 2104), keyed with the secret, of the timestamp, a full stop and the body.
func Sign(secret string, body []byte, now time.Time) (timestamp, signature string) {
	timestamp = strconv.FormatInt(now.Unix(), 10)
	return timestamp, sum(secret, timestamp, body)
}

func sum(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return scheme + hex.EncodeToString(mac.Sum(nil))
}

// Verify says whether a request comes from one who knows the secret, and now: nil, ErrTimestamp or ErrSignature. The body
// is what was received, byte for byte. It does not notice a request that comes twice within Tolerance: keep the ids.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	timestamps, signatures := header.Values(HeaderTimestamp), header.Values(HeaderSignature)
	if len(timestamps) != 1 {
		return ErrTimestamp
	}
	at, err := strconv.ParseInt(timestamps[0], 10, 64)
	if err != nil {
		return ErrTimestamp
	}
	// Compared as seconds: a difference of times from far away does not fit a time.Duration.
	if limit := int64(Tolerance / time.Second); at < now.Unix()-limit || at > now.Unix()+limit {
		return ErrTimestamp
	}
	if secret == "" || len(signatures) != 1 {
		return ErrSignature
	}
	want := []byte(sum(secret, timestamps[0], body))
	for given := range strings.SplitSeq(signatures[0], ",") {
		if hmac.Equal(want, []byte(strings.TrimSpace(given))) {
			return nil
		}
	}
	return ErrSignature
}
