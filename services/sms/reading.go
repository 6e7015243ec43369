package sms

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// reading is a body taken apart into words for the consent rules.
type reading struct {
	words  []word
	cut    bool // the body was longer than is read
	quoted bool // words inside quotation marks were left out
}

// word is a run of letters and digits, folded, without apostrophes.
type word struct {
	text string
	gap  gap // what comes after it
}

// gap is what separates two words; the largest one found counts.
type gap int

const (
	gapPlain    gap = iota // a space, a hyphen, nothing of note
	gapClause              // a comma, a dash, a bracket
	gapSentence            // a full stop, an exclamation mark, a line end
	gapQuestion            // a question mark
)

// minQuoteWords is how long a quotation inside a body must be to be left out:
// handsets send reactions as: Liked “Sale today! Reply STOP to opt out”. A
// word or two in quotes is the texter's own emphasis.
const minQuoteWords = 3

// maxKeyBytes bounds a body that is compared with whole words.
const maxKeyBytes = MaxExtraWordChars * utf8.UTFMax

// key is the body as one canonical word, "" if it cannot be one: the words
// joined by single spaces.
func (r reading) key() string {
	if r.cut || r.quoted || len(r.words) == 0 {
		return ""
	}
	if len(r.words) == 1 {
		return bounded(r.words[0].text)
	}
	size := len(r.words) - 1
	for _, w := range r.words {
		size += len(w.text)
		if size > maxKeyBytes {
			return ""
		}
	}
	texts := make([]string, len(r.words))
	for i, w := range r.words {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}

func bounded(key string) string {
	if len(key) > maxKeyBytes {
		return ""
	}
	return key
}

// read takes a body apart. The work is bounded by maxConsentBytes.
func read(body string) reading {
	cut := len(body) > maxConsentBytes
	if cut {
		end := maxConsentBytes
		for end > 0 && !utf8.RuneStart(body[end]) {
			end--
		}
		body = body[:end]
	}
	if !isASCII(body) {
		body = strings.ToValidUTF8(body, " ")
		body = norm.NFKC.String(withoutEmojiLetters(body))
	}
	r := reader{quoteAt: -1}
	r.letters.Grow(min(len(body), maxPhraseChars))
	r.words = make([]word, 0, min(len(body), maxPhraseChars)/charsPerWord+1)
	r.cut = cut
	r.run(body)
	return r.finish()
}

// charsPerWord guesses how many words to make room for.
const charsPerWord = 4

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// withoutEmojiLetters removes what NFKC would turn into letters or digits
// although it was sent as an emoji: the signs for information and metro, the
// keycaps. Variation selector 16 comes after each of them.
func withoutEmojiLetters(s string) string {
	const emojiStyle = '\uFE0F'
	const information = '\u2139' // a letter to Unicode
	if !strings.ContainsRune(s, emojiStyle) {
		return s
	}
	runes := []rune(s)
	for i, r := range runes[1:] {
		if before := runes[i]; r == emojiStyle && (!unicode.IsLetter(before) || before == information) {
			runes[i] = ' '
		}
	}
	return string(runes)
}

// reader is a reading in the making.
type reader struct {
	reading
	letters strings.Builder // of all words; each word is a slice of it
	chars   int             // how many it holds
	start   int             // where the word begins that is being read
	quoteAt int             // at which word the open quotation began, or -1
	leading int             // how many words the quotation at the very start has
}

func (r *reader) run(body string) {
	for i, c := range body {
		switch {
		case unicode.IsLetter(c) && c != '\u02BC', unicode.IsNumber(c):
			if r.chars++; r.chars > maxPhraseChars {
				r.cut = true
				r.endWord()
				return
			}
			r.write(c)
		case isApostrophe(c), isInvisible(c):
			// Part of the word or of nothing: don’t is dont.
		case unicode.IsMark(c):
			if r.inWord() && r.chars < maxPhraseChars {
				r.chars++
				r.letters.WriteRune(c)
			}
		case isQuote(c):
			r.endWord()
			r.quote()
		default:
			r.endWord()
			r.separate(gapOf(c, body[i+utf8.RuneLen(c):]))
		}
	}
	r.endWord()
}

func (r *reader) inWord() bool { return r.letters.Len() > r.start }

// write folds a character's case. Upper and then lower case makes the dotless
// and the dotted i of Turkish keyboards one with the plain one.
func (r *reader) write(c rune) {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		r.letters.WriteByte(byte(c))
	case 'A' <= c && c <= 'Z':
		r.letters.WriteByte(byte(c) + 'a' - 'A')
	case c == 'ß', c == 'ẞ':
		r.letters.WriteString("ss")
	default:
		r.letters.WriteRune(unicode.ToLower(unicode.ToUpper(c)))
	}
}

func (r *reader) endWord() {
	if r.inWord() {
		r.words = append(r.words, word{text: r.letters.String()[r.start:]})
		r.start = r.letters.Len()
	}
}

func (r *reader) separate(g gap) {
	if n := len(r.words); n > 0 {
		r.words[n-1].gap = max(r.words[n-1].gap, g)
	}
}

// quote opens a quotation, or ends one and leaves its words out if they are
// many and not the first ones.
func (r *reader) quote() {
	if r.quoteAt < 0 {
		r.quoteAt = len(r.words)
		return
	}
	switch count := len(r.words) - r.quoteAt; {
	case count < minQuoteWords:
	case r.quoteAt == 0:
		r.leading = count
	default:
		r.words = r.words[:r.quoteAt]
		r.quoted = true
		r.separate(gapSentence)
	}
	r.quoteAt = -1
}

// finish leaves out a quotation at the start if more follows it, and closes
// the last sentence.
func (r *reader) finish() reading {
	if r.leading > 0 && len(r.words) > r.leading {
		r.words = r.words[r.leading:]
		r.quoted = true
	}
	if r.cut {
		// What comes next is unknown, so no phrase may take this for an end.
		r.words = append(r.words, word{text: "…"})
	}
	r.separate(gapSentence)
	return r.reading
}

func isApostrophe(c rune) bool {
	switch c {
	case '\'', '‘', '’', '‛', '\u02BC', '`', '´':
		return true
	}
	return false
}

func isQuote(c rune) bool {
	switch c {
	case '"', '“', '”', '„', '‟', '«', '»':
		return true
	}
	return false
}

// isInvisible reports format characters, variation selectors, enclosing marks
// and the joiner that NFKC puts into long runs of marks.
func isInvisible(c rune) bool {
	return c >= 0x80 && (c == '\u034F' || unicode.In(c, unicode.Cf, unicode.Me, unicode.Variation_Selector))
}

// gapOf says how far a character sets two words apart. A full stop ends a
// sentence only before a space, a bracket or the end, so that example.com is
// one thing.
func gapOf(c rune, rest string) gap {
	switch c {
	case '?':
		return gapQuestion
	case '!', '\n', '\r', '\u2028', '\u2029', '。':
		return gapSentence
	case '.':
		next, _ := utf8.DecodeRuneInString(rest)
		if rest == "" || unicode.IsSpace(next) || next == '"' || next == '”' || next == ')' {
			return gapSentence
		}
	case ',', ';', '(', ')', '[', ']', '–', '—', '、', '،':
		return gapClause
	}
	return gapPlain
}
