package sms

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxBodyChars is the longest inbound body, in characters (Unicode code
// points). The networks' own limit is 255 concatenated parts, 39,015
// characters, and gateways cut at 1,600 to 2,000; 4,000 lets every gateway's
// longest message in and keeps what one texter can make us store small.
const MaxBodyChars = 4000

// ErrBody is wrapped by every error of CleanBody.
var ErrBody = errors.New("message body")

// CleanBody checks an inbound body and returns it as it is to be stored: line
// ends are \n, a leading byte order mark and control characters other than
// tab, line feed and form feed are gone (no database, XML reply or terminal
// should meet them). Everything else stays as the texter wrote it, spaces at
// the ends too. It refuses a body that is empty, or empty after that, longer
// than MaxBodyChars, not UTF-8, or that holds a NUL, which PostgreSQL cannot
// store. Cleaning twice changes nothing more.
func CleanBody(s string) (string, error) {
	if s == "" {
		return "", fmt.Errorf("%w: is empty; send at least one character", ErrBody)
	}
	if len(s) > MaxBodyChars*utf8.UTFMax {
		return "", fmt.Errorf("%w: has %d bytes; at most %d characters are accepted", ErrBody, len(s), MaxBodyChars)
	}
	chars := 0
	dirty := strings.HasPrefix(s, byteOrderMark)
	for i, r := range s {
		chars++
		switch {
		case r == 0:
			return "", fmt.Errorf("%w: byte %d is NUL; remove it", ErrBody, i)
		case r == utf8.RuneError && isInvalidAt(s, i):
			return "", fmt.Errorf("%w: byte %d is not UTF-8; send the text as UTF-8", ErrBody, i)
		case isUnwanted(r):
			dirty = true
		}
	}
	if chars > MaxBodyChars {
		return "", fmt.Errorf("%w: has %d characters; at most %d are accepted", ErrBody, chars, MaxBodyChars)
	}
	if !dirty {
		return s, nil
	}
	if s = scrub(s); s == "" {
		return "", fmt.Errorf("%w: holds nothing but control characters; send at least one other", ErrBody)
	}
	return s, nil
}

const byteOrderMark = "\uFEFF"

func isInvalidAt(s string, i int) bool {
	_, size := utf8.DecodeRuneInString(s[i:])
	return size == 1
}

// isUnwanted reports control characters (C0, DEL, C1) that are not stored.
func isUnwanted(r rune) bool {
	switch r {
	case '\t', '\n', '\f':
		return false
	}
	return r < 0x20 || r >= 0x7F && r <= 0x9F
}

func scrub(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case isUnwanted(r):
			return -1
		}
		return r
	}, s)
	// Only now: what stands first may have been hidden by a control character.
	return strings.TrimLeft(s, byteOrderMark)
}
