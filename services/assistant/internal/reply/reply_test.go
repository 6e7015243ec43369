package reply

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"smsflow/services/sms"
)

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"One.", []string{"One."}},
		{"One. Two! Three?  Four", []string{"One. ", "Two! ", "Three?  ", "Four"}},
		{"We close at 5 p.m. on Mondays. Come early.", []string{"We close at 5 p.m. on Mondays. ", "Come early."}},
		{"Ask Dr. Smith. He knows.", []string{"Ask Dr. Smith. ", "He knows."}},
		{"J. Smith is in.", []string{"J. Smith is in."}},
		{"From $90.50. See example.com for more.", []string{"From $90.50. ", "See example.com for more."}},
		{"He said \"Yes.\" Then he left.", []string{"He said \"Yes.\" ", "Then he left."}},
		{"Wait... What?", []string{"Wait... ", "What?"}},
		{"a\nb\n\nc", []string{"a\n", "b\n\n", "c"}},
		{"営業時間は9時です。土曜は休み。", []string{"営業時間は9時です。", "土曜は休み。"}},
	} {
		got := Sentences(c.text)
		if !slices.Equal(got, c.want) {
			t.Errorf("Sentences(%q) = %q, want %q", c.text, got, c.want)
		}
		if strings.Join(got, "") != c.text {
			t.Errorf("Sentences(%q) does not join to the text", c.text)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	hundred := "Many " + strings.Repeat("word ", 18) + "end. "
	for _, c := range []struct {
		name, before, text, after string
		segments                  int
		want                      string
	}{
		{"all", "", "Hello there.", "", 1, "Hello there."},
		{"empty", "", " ", "", 1, ""},
		{"whole sentences", "", hundred + hundred, "", 1, strings.TrimSpace(hundred)},
		{"framed", "Hi! ", hundred + hundred, " Bye", 1, "Hi! " + strings.TrimSpace(hundred) + " Bye"},
		{"frame given up", strings.Repeat("x", 150), hundred, "", 1, strings.TrimSpace(hundred)},
		{"too short a beginning", "", "Yes. But " + strings.Repeat("a", 160), "", 1, sms.Truncate("Yes. But "+strings.Repeat("a", 160), 1)},
		{"plain characters where they save a segment", "", "It’s " + strings.Repeat("a", 100), "", 1, "It's " + strings.Repeat("a", 100)},
		{"as written where they save none", "", "It’s", "", 1, "It’s"},
		{"limit not set", "", hundred + hundred + hundred, "", 0, strings.TrimSpace(hundred + hundred + hundred)},
	} {
		got := Fit(c.before, Sentences(c.text), c.after, c.segments)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"plain", "plain"},
		{"  a\r\nb\t c  \n\n\n\nd ", "a\nb  c\n\nd"},
		{"nul\x00 esc\x1b[31m bad\xff\u202Eend", "nul esc[31m badend"},
		{"**We open** at `8`", "We open at 8"},
		{"## Hours\n* Mon\n* Tue", "Hours\n- Mon\n- Tue"},
		{"see [our site](https://example.com/a) now", "see our site (https://example.com/a) now"},
		{"[https://a.b](https://a.b)", "https://a.b"},
		{"__init__ and a__b__c", "init and a__b__c"},
		{"```\ncode\n```", "code"},
		{"<think>hmm, 2 + 2</think>\nFour.", "Four."},
		{"<think>never ends", ""},
		{"2 * 3 = 6 #1", "2 * 3 = 6 #1"},
		{"\x00", ""},
	} {
		if got := Clean(c[0]); got != c[1] {
			t.Errorf("Clean(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add("**a** [b](c) d. E!\n\n\n# f", 2)
	f.Add("𠮷野家 👩‍👩‍👧 … ’", 1)
	f.Fuzz(func(t *testing.T, text string, segments int) {
		segments = 1 + (segments%10+10)%10
		clean := Clean(text)
		if strings.ContainsRune(clean, 0) || !utf8.ValidString(clean) || clean != strings.TrimSpace(clean) {
			t.Fatalf("Clean(%q) = %q", text, clean)
		}
		sentences := Sentences(clean)
		if strings.Join(sentences, "") != clean {
			t.Fatalf("sentences of %q do not join", clean)
		}
		if got := Fit("", sentences, "", segments); sms.Count(got).Parts > segments {
			t.Fatalf("Fit(%q, %d) = %q takes %d", clean, segments, got, sms.Count(got).Parts)
		}
	})
}
