package engine //nolint:testpackage // foldWords and finder are not exported

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"smsflow/services/flow"
	"smsflow/services/flow/flowtest"
)

func TestFoldWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]words{
		"":                        "",
		" ?! 👍":                   "",
		"How MUCH?":               " how much ",
		"a-b_c.d's":               " a b c d s ",
		"Cafe\u0301 CAFÉ":         " café" + " café ",
		"ＰＲＩＣＥ１":                  " price1 ",
		"Straße STRASSE":          " strasse" + " strasse ",
		"ΣΊΣΥΦΟΣ":                 " σίσυφοσ ",
		"½ ² ①":                   " 1 2 2 1 ",
		"1\ufe0f\u20e3":           " 1 ",
		"pri\u00adce \u202eabc":   " price abc ",
		"हिन्दी":                  " हिन्दी ",
		"x\u0301y":                " x\u0301y ",
		"\u0301x":                 " x ",
		"\xffprice\xfe\x00now":    " price now ",
		"İstanbul":                " i\u0307stanbul ",
		strings.Repeat("a ", 2):   " a" + " a ",
		"l'heure\u2019s can't":    " l heure s can t ",
		"\u200bzero\u200bwidth ﬁ": " zerowidth fi ",
	} {
		if got := foldWords(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// checkWords holds words against their definition.
func checkWords(t interface{ Fatalf(string, ...any) }, w words) {
	if w == "" {
		return
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(string(w), " "), " ")
	if string(w) != " "+inner+" " {
		t.Fatalf("%q does not begin and end with one space", w)
	}
	for word := range strings.SplitSeq(inner, " ") {
		first, _ := utf8.DecodeRuneInString(word)
		if !unicode.IsLetter(first) && !unicode.IsNumber(first) {
			t.Fatalf("%q holds %q, which is no word", w, word)
		}
	}
}

// How a text is written makes no difference: its words, folded, are in it, and so is every entry that validation lets
// through in itself.
func TestWordsFindThemselves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := flowtest.Message().Draw(t, "text")
		w := foldWords(text)
		checkWords(t, w)
		if upper := foldWords(strings.ToUpper(text)); !strings.ContainsRune(text, 'ı') && len(text) < 40 && isPlain(text) && upper != w {
			t.Fatalf("%q gives %q, in capitals %q", text, w, upper)
		}
		entry := flow.Workflow{Name: "n", Goal: flow.GoalFeedback, Steps: []flow.Step{
			{ID: "a", Spec: &flow.MatchWords{Mode: flow.MatchAny, Words: []string{flow.Cut(text, flow.MaxWord)}}},
		}}
		if len(entry.Validate()) > 0 {
			return
		}
		shown := flow.Cut(text, flow.MaxWord)
		if foldWords(shown) == "" {
			t.Fatalf("%q is valid and has no word", shown)
		}
		var f finder
		f.add(shown, false)
		if got, at := f.find(foldWords("before. " + shown + " ,after")); got != shown || at != 2 {
			t.Fatalf("%q is found as %q at %d", shown, got, at)
		}
	})
}

func isPlain(s string) bool {
	for _, r := range s {
		if r >= 0x250 || !utf8.ValidRune(r) || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// The finder finds what a plain search for each entry finds.
func TestFinderAgreesWithPlainSearch(t *testing.T) {
	t.Parallel()
	word := rapid.SampledFrom([]string{"a", "b", "ab", "as", "A"})
	phrase := rapid.Map(rapid.SliceOfN(word, 1, 3), func(ws []string) string { return strings.Join(ws, " ") })
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(phrase, 0, 5).Draw(t, "entries")
		message := foldWords(strings.Join(rapid.SliceOfN(word, 0, 8).Draw(t, "message"), " "))
		plural := rapid.Bool().Draw(t, "plural")
		var f finder
		want := false
		for _, e := range entries {
			f.add(e, plural)
			want = want || message.contains(foldWords(e)) || plural && message.contains(foldWords(e+"s"))
		}
		if shown, at := f.find(message); (at > 0) != want {
			t.Fatalf("found %q at %d, a plain search says %v", shown, at, want)
		}
	})
}

func FuzzMatchWords(f *testing.F) {
	for _, seed := range []string{"price", "Cafe\u0301", "ｱ", "1️⃣", "\xff", "(?i)pric(e|es)", `\pL+`, "ß\u0345"} {
		f.Add(seed, "What is the price of "+seed)
	}
	f.Fuzz(func(t *testing.T, entry, message string) {
		for _, mode := range flow.MatchModes() {
			spec := &flow.MatchWords{Mode: mode, Words: []string{entry}}
			w := flow.Workflow{ID: "w", Name: "n", Goal: flow.GoalFeedback, Revision: 1, Steps: []flow.Step{{ID: "a", Spec: spec}}}
			if len(w.Validate()) > 0 {
				continue
			}
			p, err := Compile(w.RevisionOf())
			if err != nil {
				t.Fatalf("%q is valid and does not compile: %v", entry, err)
			}
			for _, text := range []string{message, entry} {
				run, out := p.Advance(p.NewRun("r", "t", "c", "i", 1, w.CreatedAt), Facts{Message: text}, Event{})
				if run.State != flow.RunCompleted || len(out.Steps) != 1 || !utf8.ValidString(out.Steps[0].Input) {
					t.Fatalf("%q in %q: %+v, %+v", entry, text, run, out)
				}
				if found := out.Steps[0].Result == flow.StepPassed; text == entry && mode != flow.MatchRegex && !found {
					t.Fatalf("%q is not found in itself (%s)", entry, mode)
				}
			}
		}
		checkWords(t, foldWords(message))
	})
}
