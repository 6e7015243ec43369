package sms

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Suggest replaces characters that cost a text its GSM-7 encoding and mean
// the same in GSM-7: typographic quotes, dashes, ellipsis, no-break and other
// spaces, invisible characters, letters written with a separate accent that
// GSM-7 has as one. It does not touch letters that GSM-7 lacks, so the result
// may still be UCS-2: compare Count of both. A GSM-7 text comes back as it is,
// and so does one that is not UTF-8.
func Suggest(text string) (plain string, changed bool) {
	if Count(text).Encoding == GSM7 || !utf8.ValidString(text) {
		return text, false
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range norm.NFC.String(text) {
		if instead, ok := replacement(r); ok {
			b.WriteString(instead)
		} else {
			b.WriteRune(r)
		}
	}
	// Again, because an accent may now stand beside its letter.
	plain = norm.NFC.String(b.String())
	return plain, plain != text
}

// replacement gives what stands for a character in GSM-7, if anything does.
func replacement(r rune) (string, bool) {
	switch r {
	case '‘', '’', '‚', '‛', '′', 'ʼ', '`', '´', '‹', '›':
		return "'", true
	case '“', '”', '„', '‟', '″', '«', '»':
		return `"`, true
	case '‐', '‑', '‒', '–', '—', '―', '−':
		return "-", true
	case '…':
		return "...", true
	case '•', '·', '‣', '◦', '∙':
		return "-", true
	case '\t', '\u00A0', '\u1680', '\u2000', '\u2001', '\u2002', '\u2003', '\u2004', '\u2005', '\u2006',
		'\u2007', '\u2008', '\u2009', '\u200A', '\u202F', '\u205F', '\u3000':
		return " ", true
	case '\u2028', '\u2029', '\u0085', '\v':
		return "\n", true
	case '\u00AD', '\u200B', '\u200E', '\u200F', '\u2060', '\uFEFF':
		return "", true // soft hyphen, zero width, direction marks
	case '×':
		return "x", true
	case '⁄', '∕', '÷':
		return "/", true
	case '½':
		return "1/2", true
	case '¼':
		return "1/4", true
	case '¾':
		return "3/4", true
	case '©':
		return "(c)", true
	case '®':
		return "(r)", true
	case '™':
		return "(tm)", true
	}
	return "", false
}
