package flow

import (
	"log/slog"
	"strconv"
	"unicode/utf8"
)

// Secret is a key or password: it prints as "[secret]" everywhere but in Reveal.
type Secret string

// String hides the secret.
func (Secret) String() string { return "[secret]" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "[secret]" }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText hides the secret from JSON and other encodings.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Reveal gives the secret itself, for the call that needs it.
func (s Secret) Reveal() string { return string(s) }

// Phone is a phone number on its way into a log: it shows enough to tell two apart and not who it is.
type Phone string

// maskedPhone is the shortest number of which anything is shown: a shorter one would be given away by it.
const maskedPhone = 8

// String masks the number.
func (p Phone) String() string {
	if len(p) < maskedPhone {
		return "…"
	}
	return Cut(string(p), 3) + "…" + string(p[len(p)-2:])
}

// GoString masks the number in %#v.
func (p Phone) GoString() string { return p.String() }

// LogValue masks the number in slog.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText masks the number in JSON and other encodings.
func (p Phone) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Body is a message's text on its way into a log: only its length is shown.
type Body string

// String gives the length.
func (b Body) String() string {
	return "[" + strconv.Itoa(utf8.RuneCountInString(string(b))) + " chars]"
}

// GoString gives the length for %#v.
func (b Body) GoString() string { return b.String() }

// LogValue gives the length to slog.
func (b Body) LogValue() slog.Value { return slog.StringValue(b.String()) }

// MarshalText gives the length to JSON and other encodings.
func (b Body) MarshalText() ([]byte, error) { return []byte(b.String()), nil }
