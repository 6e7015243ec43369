package sms

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// ellipsis ends a shortened text. Three full stops, because the character
	// U+2026 would turn a GSM-7 text into UCS-2.
	ellipsis = "..."

	// maxWordBack is how many characters may be given up to end on a whole
	// word. A longer word (a link, a script without spaces) is cut.
	maxWordBack = 30

	// maxClusterRunes bounds what is held together as one drawn character, a
	// little above the 30 marks of Unicode's stream-safe text format. Such a
	// cluster and the ellipsis always fit one part: 64 + 3 of 70 units.
	maxClusterRunes = 32
)

// Truncate returns the text if it fits maxParts parts, else its longest
// beginning that does so together with "...". It ends after a whole word
// unless that would give up more than 30 characters, and never divides what is
// drawn as one character: a surrogate pair, a letter and its marks, an emoji
// with modifier, variation selector or zero width joiner, a flag. It returns
// "" when maxParts is less than 1.
func Truncate(text string, maxParts int) string {
	if maxParts < 1 {
		return ""
	}
	if Count(text).Parts <= maxParts {
		return text
	}
	cut := longestBeginning(text, maxParts)
	cut = wordEnd(text, cut)
	return strings.TrimRightFunc(text[:cut], isLoose) + ellipsis
}

// longestBeginning returns the byte length of the longest run of whole
// clusters that fits maxParts together with the ellipsis. A longer beginning
// never takes fewer parts, so the first one that does not fit ends the search.
func longestBeginning(text string, maxParts int) int {
	var m meter
	fits := 0
	for fits < len(text) {
		end := clusterEnd(text, fits)
		m.add(text[fits:end])
		whole := m
		whole.add(ellipsis)
		if whole.parts() > maxParts {
			break
		}
		fits = end
	}
	return fits
}

// meter counts a text that grows, in both encodings until one is ruled out.
type meter struct {
	forced               bool // a character that GSM-7 lacks has come
	gsm7, ucs2           fill
	gsm7Units, ucs2Units int
}

func (m *meter) add(text string) {
	for _, r := range text {
		n := septets(r)
		m.forced = m.forced || n == 0
		m.gsm7Units += n
		m.gsm7.add(n, gsm7Multi)
		n = utf16Units(r)
		m.ucs2Units += n
		m.ucs2.add(n, ucs2Multi)
	}
}

func (m *meter) parts() int {
	switch {
	case m.forced && m.ucs2Units > ucs2Single:
		return m.ucs2.parts
	case !m.forced && m.gsm7Units > gsm7Single:
		return m.gsm7.parts
	}
	return 1
}

// wordEnd moves a cut back to the end of a whole word, if one is near.
func wordEnd(text string, cut int) int {
	if next, _ := utf8.DecodeRuneInString(text[cut:]); unicode.IsSpace(next) {
		return cut
	}
	space := strings.LastIndexFunc(text[:cut], unicode.IsSpace)
	if space <= 0 || utf8.RuneCountInString(text[space:cut]) > maxWordBack {
		return cut
	}
	return space
}

// isLoose reports what should not stand before an ellipsis.
func isLoose(r rune) bool {
	switch r {
	case '.', ',', ';', ':', '-', '–', '—', '…':
		return true
	}
	return unicode.IsSpace(r)
}

// clusterEnd returns where the cluster that starts at a byte index ends. It
// follows the extended grapheme clusters of Unicode Standard Annex 29 in what
// texts contain; prepended marks and Indic conjuncts are left out.
func clusterEnd(text string, start int) int {
	prev, size := utf8.DecodeRuneInString(text[start:])
	end := start + size
	flags := 0 // regional indicators so far; two make a flag
	if isRegional(prev) {
		flags = 1
	}
	for n := 1; n < maxClusterRunes && end < len(text); n++ {
		r, size := utf8.DecodeRuneInString(text[end:])
		if isRegional(r) {
			flags++
		}
		if !joins(prev, r, flags) {
			break
		}
		end += size
		prev = r
	}
	return end
}

func joins(prev, r rune, flags int) bool {
	switch {
	case prev == '\r':
		return r == '\n'
	case unicode.IsControl(prev):
		return false
	case isExtending(r):
		return true
	case prev == zeroWidthJoiner:
		return !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.IsPunct(r)
	case isRegional(prev) && isRegional(r):
		return flags == 2
	}
	return joinsHangul(prev, r)
}

const zeroWidthJoiner = '\u200D'

// isExtending reports characters that are drawn into the one before them.
// Variation selectors are marks (Mn).
func isExtending(r rune) bool {
	switch {
	case r < 0x300:
		return false
	case r == zeroWidthJoiner, r == '\u200C', // joiner, non-joiner
		r == '\uFF9E', r == '\uFF9F', // halfwidth voiced sound marks
		r >= 0x1F3FB && r <= 0x1F3FF, // skin tones
		r >= 0xE0020 && r <= 0xE007F: // tags, as in the flag of Wales
		return true
	}
	return unicode.IsMark(r)
}

func isRegional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// joinsHangul reports conjoining jamo: leading consonant, vowel, trailing
// consonant, or a whole syllable in place of the first two.
func joinsHangul(prev, r rune) bool {
	leading := prev >= 0x1100 && prev <= 0x115F
	syllable := func(r rune) bool { return r >= 0xAC00 && r <= 0xD7A3 }
	switch {
	case r >= 0x1160 && r <= 0x11FF:
		return leading || syllable(prev) || prev >= 0x1160 && prev <= 0x11FF
	case r >= 0x1100 && r <= 0x115F:
		return leading
	}
	return leading && syllable(r)
}
