package sms_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	warthog "github.com/warthog618/sms"
	"github.com/warthog618/sms/encoding/tpdu"
	"pgregory.net/rapid"

	"smsflow/services/sms"
)

// segmentCase is one case of testdata/segments.json, which every
// implementation of the counting shares.
type segmentCase struct {
	Name      string `json:"name"`
	Text      string `json:"text"`
	Encoding  string `json:"encoding"`
	Units     int    `json:"units"`
	Parts     int    `json:"parts"`
	PerPart   int    `json:"per_part"`
	Remaining int    `json:"remaining"`
	PartUnits []int  `json:"part_units"` // the size of each part
	Forcing   string `json:"forcing"`    // the first character outside GSM-7, or ""
}

func segmentCases(tb testing.TB) []segmentCase {
	tb.Helper()
	data, err := os.ReadFile("testdata/segments.json")
	if err != nil {
		tb.Fatal(err)
	}
	var cases []segmentCase
	if err := json.Unmarshal(data, &cases); err != nil {
		tb.Fatal(err)
	}
	if len(cases) < 100 {
		tb.Fatalf("only %d cases", len(cases))
	}
	return cases
}

func TestSegmentsOfSharedCases(t *testing.T) {
	t.Parallel()
	for _, c := range segmentCases(t) {
		got := sms.Count(c.Text)
		want := sms.Segments{
			Encoding: sms.Encoding(c.Encoding), Units: c.Units, Parts: c.Parts,
			PerPart: c.PerPart, Remaining: c.Remaining, ForcingIndex: -1,
		}
		if c.Forcing != "" {
			want.Forcing, _ = utf8.DecodeRuneInString(c.Forcing)
			want.ForcingIndex = strings.Index(c.Text, c.Forcing)
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", c.Name, got, want)
		}
		var sizes []int
		for _, part := range sms.Split(c.Text) {
			sizes = append(sizes, unitsOf(part, got.Encoding))
		}
		if !slices.Equal(sizes, c.PartUnits) {
			t.Errorf("%s: parts of %v units, want %v", c.Name, sizes, c.PartUnits)
		}
	}
}

// gsm7Basic and gsm7Extension are the tables of 3GPP TS 23.038, in its order.
const (
	gsm7Basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm7Extension = "\f^{}\\[~]|€"
)

// unitsOf counts a part in the encoding of the text it was cut from, by other
// means than the package does.
func unitsOf(part string, encoding sms.Encoding) int {
	if encoding == sms.UCS2 {
		return len(utf16.Encode([]rune(part)))
	}
	n := 0
	for _, r := range part {
		n++
		if strings.ContainsRune(gsm7Extension, r) {
			n++
		}
	}
	return n
}

func TestCountKnowsEveryCharacter(t *testing.T) {
	t.Parallel()
	if n := utf8.RuneCountInString(gsm7Basic); n != 127 {
		t.Fatalf("the basic table has %d characters", n)
	}
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		want, units := sms.UCS2, 1
		switch {
		case strings.ContainsRune(gsm7Basic, r):
			want = sms.GSM7
		case strings.ContainsRune(gsm7Extension, r):
			want, units = sms.GSM7, 2
		case r > 0xFFFF:
			units = 2
		}
		if got := sms.Count(string(r)); got.Encoding != want || got.Units != units || got.Parts != 1 {
			t.Fatalf("%U: %+v, want %s and %d units", r, got, want, units)
		}
	}
}

func TestCountOfBytesThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	text := "ab\xffcd"
	want := sms.Segments{
		Encoding: sms.UCS2, Units: 5, Parts: 1, PerPart: 70, Remaining: 65,
		Forcing: utf8.RuneError, ForcingIndex: 2,
	}
	if got := sms.Count(text); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	long := strings.Repeat("\xc3", 200)
	if parts := sms.Split(long); len(parts) != 3 || strings.Join(parts, "") != long {
		t.Errorf("%d parts: %q", len(parts), parts)
	}
}

//nolint:paralleltest // it counts the allocations of the whole process
func TestCountDoesNotAllocate(t *testing.T) {
	for _, text := range []string{strings.Repeat("a[", 400), strings.Repeat("ç😀", 400)} {
		if n := testing.AllocsPerRun(100, func() { sms.Count(text) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// texts draws texts that meet every branch of the counting: long runs around
// the limits, pairs at the borders, both encodings.
func texts() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 170), func(n int) string { return strings.Repeat("a", n) }),
		rapid.Map(rapid.IntRange(0, 80), func(n int) string { return strings.Repeat("[", n) }),
		rapid.Map(rapid.IntRange(0, 40), func(n int) string { return strings.Repeat("😀", n) }),
		rapid.StringOfN(rapid.RuneFrom([]rune(gsm7Basic+gsm7Extension)), 0, 200, -1),
		rapid.StringOfN(rapid.SampledFrom([]rune(gsm7Extension)), 0, 10, -1),
		rapid.SampledFrom([]string{
			"ç", "’", "👨‍👩‍👧‍👦", "🇨🇦", "👍🏽", "❤️", "e\u0301", "Привет ", " ", "\n", "€", "word ", "한국어", "\u1112\u1161\u11ab",
		}),
		rapid.String(),
	)
	return rapid.Map(rapid.SliceOfN(piece, 0, 8), func(pieces []string) string { return strings.Join(pieces, "") })
}

func TestSegmentProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkSegments(t, texts().Draw(t, "text")) })
}

// checkSegments holds for every text, UTF-8 or not.
func checkSegments(t rapid.TB, text string) {
	t.Helper()
	s := sms.Count(text)
	parts := sms.Split(text)
	if strings.Join(parts, "") != text {
		t.Fatalf("%q: parts %q do not join to it", text, parts)
	}
	if len(parts) != s.Parts {
		t.Fatalf("%q: %d parts by Split, %d by Count", text, len(parts), s.Parts)
	}
	units := 0
	for i, part := range parts {
		n := unitsOf(part, s.Encoding)
		if n == 0 || n > s.PerPart {
			t.Fatalf("%q: part %d has %d units of %d", text, i, n, s.PerPart)
		}
		if free := s.PerPart - n; i < len(parts)-1 && free > 1 || i == len(parts)-1 && free != s.Remaining {
			t.Fatalf("%q: part %d leaves %d units free, %+v", text, i, free, s)
		}
		if utf8.ValidString(text) && !utf8.ValidString(part) {
			t.Fatalf("%q: part %q cuts a character", text, part)
		}
		units += n
	}
	if units != s.Units {
		t.Fatalf("%q: parts of %d units together, counted %d", text, units, s.Units)
	}
	if (s.Encoding == sms.UCS2) != (s.ForcingIndex >= 0) {
		t.Fatalf("%q: %+v", text, s)
	}
	if s.ForcingIndex >= 0 {
		if r, _ := utf8.DecodeRuneInString(text[s.ForcingIndex:]); r != s.Forcing {
			t.Fatalf("%q: %U forces, but %U stands at %d", text, s.Forcing, r, s.ForcingIndex)
		}
		if before := sms.Count(text[:s.ForcingIndex]); before.Encoding != sms.GSM7 {
			t.Fatalf("%q: something forces UCS-2 before %d", text, s.ForcingIndex)
		}
	}
}

func TestSegmentsAgreeWithAnEncoder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkAgainstEncoder(t, texts().Draw(t, "text")) })
}

// checkAgainstEncoder compares with the PDUs of an encoder. It is one of
// cleaned texts only: U+001B it lets through as a bare escape, which then eats
// the character after it, and bytes that are not UTF-8 it replaces.
func checkAgainstEncoder(t rapid.TB, raw string) {
	t.Helper()
	text, err := sms.CleanBody(strings.ReplaceAll(strings.ToValidUTF8(raw, "?"), "\x00", "?"))
	if err != nil {
		return
	}
	pdus, err := warthog.Encode([]byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	parts := sms.Split(text)
	if len(pdus) != len(parts) {
		t.Fatalf("%q: %d parts, the encoder has %d", text, len(parts), len(pdus))
	}
	want := tpdu.Alpha7Bit
	if sms.Count(text).Encoding == sms.UCS2 {
		want = tpdu.AlphaUCS2
	}
	for i := range pdus {
		alphabet, err := pdus[i].Alphabet()
		if err != nil || alphabet != want {
			t.Fatalf("%q: alphabet %v (%v), want %v", text, alphabet, err, want)
		}
		part, err := tpdu.DecodeUserData(pdus[i].UD, pdus[i].UDH, alphabet)
		if err != nil || string(part) != parts[i] {
			t.Fatalf("%q: part %d is %q (%v), the encoder's %q", text, i, parts[i], err, part)
		}
	}
}

func FuzzSegments(f *testing.F) {
	for _, c := range segmentCases(f) {
		f.Add(c.Text, 1)
		f.Add(c.Text, 3)
	}
	f.Add("\xff\xc3", 1)
	f.Add("\xe2\u200b\x80\x8b", 1)
	f.Fuzz(func(t *testing.T, text string, maxParts int) {
		checkSegments(t, text)
		checkAgainstEncoder(t, text)
		checkTruncated(t, text, maxParts)
		checkSuggested(t, text)
	})
}

func BenchmarkSegments160(b *testing.B) {
	for name, text := range map[string]string{
		"GSM7":  strings.Repeat("Hello, world! 10", 10),
		"Mixed": strings.Repeat("Grüße für 5€ [1]", 10),
		"UCS2":  strings.Repeat("Hello, world! 1’", 10),
	} {
		if utf8.RuneCountInString(text) != 160 {
			b.Fatalf("%s has %d characters", name, utf8.RuneCountInString(text))
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sms.Count(text)
			}
		})
	}
}
