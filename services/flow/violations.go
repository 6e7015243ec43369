package flow

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxViolations bounds the list of what is wrong with one noun: errors travel in trailers, which are small.
const MaxViolations = 100

// The reasons of violations. They are for programs and never change.
const (
	ViolationRequired         = "REQUIRED"
	ViolationUnexpected       = "UNEXPECTED"
	ViolationTooLong          = "TOO_LONG"
	ViolationTooMany          = "TOO_MANY"
	ViolationInvalidCharacter = "INVALID_CHARACTER"
	ViolationUnknownValue     = "UNKNOWN_VALUE"
	ViolationUnknownVariable  = "UNKNOWN_VARIABLE"
	ViolationUnclosedVariable = "UNCLOSED_VARIABLE"
	ViolationUnknownStep      = "UNKNOWN_STEP"
	ViolationGoToNotLater     = "GO_TO_NOT_LATER"
	ViolationDuplicateID      = "DUPLICATE_ID"
	ViolationBadFormat        = "BAD_FORMAT"
	ViolationBadRegex         = "BAD_REGEX"
	ViolationRegexTooLarge    = "REGEX_TOO_LARGE"
	ViolationOutOfRange       = "OUT_OF_RANGE"
)

// violations gathers what is wrong with a noun, up to MaxViolations.
type violations struct {
	list []Violation
	// regexSize is the instructions of all regular expressions so far: see MaxRegexTotal.
	regexSize int
}

func (v *violations) add(field, reason, text string) {
	if len(v.list) < MaxViolations {
		v.list = append(v.list, Violation{Field: field, Reason: reason, Text: text})
	}
}

// line checks a text without line breaks, lines one that may have line feeds and tabs. Both say whether it is sound.
func (v *violations) line(field, s string, limit int) bool { return v.characters(field, s, limit, "") }

func (v *violations) lines(field, s string, limit int) bool {
	return v.characters(field, s, limit, "\n\t")
}

// characters looks for what no text may hold: NUL and the other control characters print as nothing, split lines of
// logs and of SMS, and PostgreSQL refuses NUL and what is not UTF-8.
func (v *violations) characters(field, s string, limit int, allowed string) bool {
	n := 0
	for i, r := range s {
		n++
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				v.add(field, ViolationInvalidCharacter, "is not UTF-8: byte "+strconv.Itoa(i+1)+" begins no character; send the text as UTF-8")
				return false
			}
		}
		if unicode.IsControl(r) && !strings.ContainsRune(allowed, r) {
			v.add(field, ViolationInvalidCharacter, "has a control character ("+codePoint(r)+") at character "+strconv.Itoa(n)+": remove it")
			return false
		}
	}
	if n > limit {
		v.add(field, ViolationTooLong, "has "+strconv.Itoa(n)+" characters: shorten it to at most "+strconv.Itoa(limit))
		return false
	}
	return true
}

// required adds a violation if s has nothing that shows, and says whether it has.
func (v *violations) required(field, s, text string) bool {
	if Blank(s) {
		v.add(field, ViolationRequired, text)
		return false
	}
	return true
}

// template checks a text that may name variables.
func (v *violations) template(field, s string, limit int) {
	if !v.lines(field, s, limit) {
		return
	}
	_, bad := ParseText(s)
	for _, b := range bad {
		v.add(field, b.Reason, b.Text)
	}
}

// Blank says whether s has nothing that shows: it is empty, or all white space and invisible characters.
func Blank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			return false
		}
	}
	return true
}

// Cut shortens s to at most limit characters.
func Cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit {
			return s[:i]
		}
		n++
	}
	return s
}

// maxQuoted bounds what a violation repeats of a caller's text.
const maxQuoted = 60

// quoted shows a caller's text in an error.
func quoted(s string) string {
	if short := Cut(s, maxQuoted); short != s {
		return strconv.Quote(short + "…")
	}
	return strconv.Quote(s)
}

func codePoint(r rune) string {
	hex := strings.ToUpper(strconv.FormatInt(int64(r), 16))
	return "U+" + strings.Repeat("0", max(0, 4-len(hex))) + hex
}

// item is the path of an element of a list.
func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// only says whether s has nothing but a-z, 0-9 and the bytes of others.
func only(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}
