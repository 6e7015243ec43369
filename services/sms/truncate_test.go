package sms_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"smsflow/services/sms"
)

func TestTruncate(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("twelve chars ", 40) // 520
	for _, c := range []struct {
		name     string
		text     string
		maxParts int
		want     string
	}{
		{"empty", "", 1, ""},
		{"fits", "Hello", 1, "Hello"},
		{"no parts", "Hello", 0, ""},
		{"negative parts", "Hello", -1, ""},
		{"exactly one part", strings.Repeat("a", 160), 1, strings.Repeat("a", 160)},
		{"one too many", strings.Repeat("a", 161), 1, strings.Repeat("a", 157) + "..."},
		{"two parts", strings.Repeat("a", 400), 2, strings.Repeat("a", 303) + "..."},
		{"whole words, one part", words, 1, strings.Repeat("twelve chars ", 12)[:155] + "..."},
		{"whole words, two parts", words, 2, strings.Repeat("twelve chars ", 24)[:23*13-1] + "..."},
		{"escape pairs", strings.Repeat("[", 81), 1, strings.Repeat("[", 78) + "..."},
		{"a long link is cut", "See " + strings.Repeat("x", 200), 1, "See " + strings.Repeat("x", 153) + "..."},
		{"punctuation before the dots goes", strings.Repeat("a", 150) + " word, " + strings.Repeat("b", 20), 1,
			strings.Repeat("a", 150) + " word..."},
		{"only stops", strings.Repeat(".", 200), 1, "..."},
		{"emoji", strings.Repeat("😀", 36), 1, strings.Repeat("😀", 33) + "..."},
		{"the emoji is beyond the cut, so GSM-7 holds more", strings.Repeat("a", 200) + "😀", 1, strings.Repeat("a", 157) + "..."},
		{"an emoji early makes it UCS-2", "😀" + strings.Repeat("a", 200), 1, "😀" + strings.Repeat("a", 65) + "..."},
		{"the emoji would make it UCS-2 and so goes", strings.Repeat("a", 100) + "😀" + strings.Repeat("a", 100), 1,
			strings.Repeat("a", 100) + "..."},
		{"families", strings.Repeat("👨‍👩‍👧‍👦", 9), 1, strings.Repeat("👨‍👩‍👧‍👦", 6) + "..."},
		{"flags", strings.Repeat("🇨🇦", 20), 1, strings.Repeat("🇨🇦", 16) + "..."},
		{"flags, off by one", "é" + "ç" + strings.Repeat("🇨🇦", 20), 1, "éç" + strings.Repeat("🇨🇦", 16) + "..."},
		{"flags, one less", "ççççç" + strings.Repeat("🇨🇦", 20), 1, "ççççç" + strings.Repeat("🇨🇦", 15) + "..."},
		{"families, one less", "çç" + strings.Repeat("👨‍👩‍👧‍👦", 9), 1, "çç" + strings.Repeat("👨‍👩‍👧‍👦", 5) + "..."},
		{"skin tones", strings.Repeat("👍🏽", 20), 1, strings.Repeat("👍🏽", 16) + "..."},
		{"hearts", strings.Repeat("❤\uFE0F", 40), 1, strings.Repeat("❤\uFE0F", 33) + "..."},
		{"keycaps", strings.Repeat("1\uFE0F\u20E3", 40), 1, strings.Repeat("1\uFE0F\u20E3", 22) + "..."},
		{"accents of their own", strings.Repeat("e\u0301", 40), 1, strings.Repeat("e\u0301", 33) + "..."},
		{"Korean in letters", strings.Repeat("\u1112\u1161\u11ab", 30), 1, strings.Repeat("\u1112\u1161\u11ab", 22) + "..."},
		{"line ends", "ç" + strings.Repeat("a", 65) + "\r\nb" + strings.Repeat("a", 9), 1, "ç" + strings.Repeat("a", 65) + "..."},
		{"an endless pile of marks is cut", "a" + strings.Repeat("\u0301", 500), 1, "a" + strings.Repeat("\u0301", 63) + "..."},
	} {
		got := sms.Truncate(c.text, c.maxParts)
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestTruncateProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkTruncated(t, texts().Draw(t, "text"), rapid.IntRange(-1, 6).Draw(t, "parts"))
	})
}

func checkTruncated(t rapid.TB, text string, maxParts int) {
	t.Helper()
	got := sms.Truncate(text, maxParts)
	switch {
	case maxParts < 1:
		if got != "" {
			t.Fatalf("%q to %d parts: %q", text, maxParts, got)
		}
		return
	case sms.Count(text).Parts <= maxParts:
		if got != text {
			t.Fatalf("%q fits %d parts but became %q", text, maxParts, got)
		}
		return
	}
	if n := sms.Count(got).Parts; n > maxParts {
		t.Fatalf("%q to %d parts: %q has %d", text, maxParts, got, n)
	}
	kept, cut := strings.CutSuffix(got, "...")
	if !cut || !strings.HasPrefix(text, kept) {
		t.Fatalf("%q to %d parts: %q is no beginning of it with dots", text, maxParts, got)
	}
	if !utf8.ValidString(text) {
		return
	}
	if !utf8.ValidString(got) {
		t.Fatalf("%q to %d parts: %q cuts a character", text, maxParts, got)
	}
	last, _ := utf8.DecodeLastRuneInString(kept)
	next, _ := utf8.DecodeRuneInString(text[len(kept):])
	if !longCluster(kept) && kept != "" && !unicode.IsControl(last) && (unicode.IsMark(next) ||
		next == '\u200D' || next >= 0x1F3FB && next <= 0x1F3FF ||
		last == '\u200D' && unicode.Is(unicode.So, next) || last == '\r' && next == '\n') {
		t.Fatalf("%q to %d parts: %q cuts before %U", text, maxParts, got, next)
	}
	// What was given up is at most a word, its separators, and one cluster.
	least := text[:min(len(text), len(kept))]
	for rest, n := text[len(kept):], 0; rest != "" && n < 120; n++ {
		r, size := utf8.DecodeRuneInString(rest)
		least += string(r)
		rest = rest[size:]
	}
	loose := strings.IndexFunc(least[len(kept):], func(r rune) bool {
		return !unicode.IsSpace(r) && !strings.ContainsRune(".,;:-–—…", r)
	})
	if loose == 0 && len(least) < len(text) && sms.Count(least+"...").Parts <= maxParts {
		t.Fatalf("%q to %d parts: %q is needlessly short", text, maxParts, got)
	}
}

// longCluster reports a text that ends in more marks than are held together.
func longCluster(s string) bool {
	n := 0
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		if n++; n >= 16 {
			return true
		}
		if !unicode.IsMark(r) && r != '\u200D' && r != '\u200C' && !unicode.Is(unicode.Sk, r) && !unicode.Is(unicode.So, r) && !unicode.Is(unicode.Cf, r) {
			return false
		}
		s = s[:len(s)-size]
	}
	return false
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "",
		"plain [text] 5€":                "plain [text] 5€",
		"It’s “fine” – well…":            `It's "fine" - well...`,
		"‘a’ ‚b‛ «c» „d‟ e—f":            `'a' 'b' "c" "d" e-f`,
		"10\u00A0000\u202F€\u2009now":    "10 000 € now",
		"tab\there":                      "tab here",
		"zero\u200B\uFEFF\u00ADwidth":    "zerowidth",
		"5 × 3 • ½ © ™":                  "5 x 3 - 1/2 (c) (tm)",
		"cafe\u0301":                     "café",
		"\u2126 \u212B":                  "Ω Å",
		"A\u00AD\u0300 ’":                "À '",
		"\u1FEF":                         "'", // decomposes to a backtick
		"one\u2028two":                   "one\ntwo",
		"ça va":                          "ça va", // a letter is never changed into another
		"Привет — “мир”":                 `Привет - "мир"`,
		"👨‍👩‍👧 ok…":                      "👨‍👩‍👧 ok...",
		"\xff’":                          "\xff’",
		"\uFFFD’":                        "\uFFFD'",
		"\u0645\u06CC\u200C\u0634\u0648": "\u0645\u06CC\u200C\u0634\u0648", // Persian needs the non-joiner
	} {
		got, changed := sms.Suggest(text)
		if got != want || changed != (text != want) {
			t.Errorf("%q: %q %v, want %q", text, got, changed, want)
		}
	}
}

func TestSuggestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkSuggested(t, texts().Draw(t, "text")) })
}

func checkSuggested(t rapid.TB, text string) {
	t.Helper()
	plain, changed := sms.Suggest(text)
	if changed != (plain != text) {
		t.Fatalf("%q: %q, changed %v", text, plain, changed)
	}
	if sms.Count(text).Encoding == sms.GSM7 && changed {
		t.Fatalf("%q is GSM-7 but became %q", text, plain)
	}
	if again, more := sms.Suggest(plain); more {
		t.Fatalf("%q: %q is changed again to %q", text, plain, again)
	}
	if utf8.ValidString(text) && !utf8.ValidString(plain) {
		t.Fatalf("%q: %q is not UTF-8", text, plain)
	}
}
