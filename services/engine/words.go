package engine

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxMessage bounds what is looked at of a message, in characters.
const MaxMessage = 4_000

// words is a text's words in a form that compares: compatible forms taken as one (NFKC), case folded, each word between
// single spaces, one before the first and one after the last. So "How MUCH?" is " how much ", and a phrase is found as
// a piece of it. A text without a word is "".
type words string

// foldWords finds the words of a text: rows of letters, digits and their marks.
func foldWords(s string) words {
	if !ascii(s) {
		s = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
	}
	var b strings.Builder
	b.Grow(len(s) + 2)
	in := false
	for _, r := range s {
		switch {
		case isWord(r, in):
			if !in {
				b.WriteByte(' ')
				in = true
			}
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			b.WriteRune(r)
		case !invisible(r):
			in = false
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	return words(b.String())
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isWord says whether a character belongs to a word; a mark does if it follows one that does.
func isWord(r rune, in bool) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || in && unicode.IsMark(r) && !invisible(r)
}

// invisible says whether a character neither belongs to a word nor ends one: soft hyphens, joiners, marks of direction,
// variation selectors, and the key around the digit of a keycap emoji.
func invisible(r rune) bool {
	return r >= utf8.RuneSelf && unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Me)
}

// contains says whether the words of phrase stand in w in their order, side by side.
func (w words) contains(phrase words) bool { return strings.Contains(string(w), string(phrase)) }

// finder finds the first of many words and phrases in a message in one pass.
type finder struct {
	byFirst map[string][]phrase
}

// phrase is an entry of a finder.
type phrase struct {
	folded string // without the space before the first word: "how much "
	shown  string // as the author wrote it
}

// add takes an entry in. plural: it counts with an "s" at its end too.
func (f *finder) add(entry string, plural bool) {
	w := string(foldWords(entry))
	if w == "" {
		return // has no word: it can match nothing
	}
	if f.byFirst == nil {
		f.byFirst = make(map[string][]phrase)
	}
	f.put(w[1:], entry)
	if plural {
		f.put(w[1:len(w)-1]+"s ", entry)
	}
}

func (f *finder) put(folded, shown string) {
	first, _, _ := strings.Cut(folded, " ")
	// The longest one first: it says most about why the message was taken.
	list := f.byFirst[first]
	at := 0
	for at < len(list) && len(list[at].folded) >= len(folded) {
		at++
	}
	f.byFirst[first] = slices.Insert(list, at, phrase{folded: folded, shown: shown})
}

// find gives the entry that stands first in the message, and at which of its words, from 1; 0: none does.
func (f *finder) find(w words) (string, int) {
	rest := strings.TrimPrefix(string(w), " ")
	for at := 1; rest != ""; at++ {
		end := strings.IndexByte(rest, ' ')
		for _, p := range f.byFirst[rest[:end]] {
			if strings.HasPrefix(rest, p.folded) {
				return p.shown, at
			}
		}
		rest = rest[end+1:]
	}
	return "", 0
}
