package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"smsflow/services/flow"
)

// Sizes of a machine key. Its text is the id in lower-case base32, a dot, and the secret in base64url.
const (
	keyIDBytes     = 10 // 16 characters
	keySecretBytes = 32 // 43 characters
	// minKeyID and maxKeyID bound the id of a key that is presented, in characters.
	minKeyID = 16
	maxKeyID = 64
)

// keyIDAlphabet is base32's of RFC 4648 in lower case: it survives shells, URLs and reading aloud.
const keyIDAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

// NewKey completes a key (its tenant, name, scopes, connection and times are the caller's to set) with an id and the
// hash of a new secret, and gives the text to hand out. That text exists nowhere else: it cannot be read again.
func NewKey(random io.Reader, key flow.Key) (flow.Key, flow.Secret, error) {
	var raw [keyIDBytes + keySecretBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return flow.Key{}, "", fmt.Errorf("read randomness for a key: %w", err)
	}
	id := base32.NewEncoding(keyIDAlphabet).WithPadding(base32.NoPadding).EncodeToString(raw[:keyIDBytes])
	secret := base64.RawURLEncoding.EncodeToString(raw[keyIDBytes:])
	key.ID = flow.KeyID(id)
	key.SecretHash = hashSecret(secret)
	return key, flow.Secret(id + "." + secret), nil
}

// hashSecret is what the store keeps. A plain SHA-256 is enough: the secret is 256 bits of randomness, not a password.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// parseBearer takes the value of an authorization header apart. It is not ok unless it has a key's form.
func parseBearer(authorization string) (id flow.KeyID, secret string, ok bool) {
	scheme, token, found := strings.Cut(authorization, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", "", false
	}
	left, right, found := strings.Cut(strings.Trim(token, " "), ".")
	if !found || len(left) < minKeyID || len(left) > maxKeyID || len(right) != base64.RawURLEncoding.EncodedLen(keySecretBytes) {
		return "", "", false
	}
	for i := range len(left) {
		if c := left[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "", "", false
		}
	}
	return flow.KeyID(left), right, true
}

// usable says whether the secret is the key's and the key is neither expired nor revoked.
func usable(key flow.Key, secret string, now time.Time) bool {
	if subtle.ConstantTimeCompare(hashSecret(secret), key.SecretHash) != 1 {
		return false
	}
	if !key.RevokedAt.IsZero() && !now.Before(key.RevokedAt) {
		return false
	}
	return key.ExpiresAt.IsZero() || now.Before(key.ExpiresAt)
}
