package faq

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word is a word of a text as it is compared: lower case, without accents.
type word struct {
	text string
	dash bool // a dash stands between it and the word before
}

const (
	maxWordBytes = 64 // what is longer is no word; its beginning stands for it
	price        = "price"
)

// words appends up to limit words to out. Scripts without spaces give a word for each pair of neighbours.
func words(out []word, text string, limit int) []word {
	text = fold(text)
	limit += len(out)
	dash := false
	add := func(w string) {
		if len(out) < limit {
			out = append(out, word{text: w[:min(len(w), maxWordBytes)], dash: dash})
		}
		dash = false
	}
	for i := 0; i < len(text) && len(out) < limit; {
		end, dense := i, false
		for at, r := range text[i:] {
			if !isWordRune(r) {
				break
			}
			if d := isDense(r); at == 0 {
				dense = d
			} else if d != dense {
				break
			}
			end = i + at + len(string(r))
		}
		switch {
		case end == i:
			r, size := utf8.DecodeRuneInString(text[i:])
			i += size
			switch {
			case r == '-' || r == '–' || r == '—' || r == '‒' || r == '−':
				dash = true
			case unicode.Is(unicode.Sc, r):
				add(price)
			}
			continue
		case dense:
			addPairs(text[i:end], add)
		default:
			add(text[i:end])
		}
		// "what's", "don't": what follows the apostrophe is no word of its own.
		i = end + contraction(text[end:])
	}
	return out
}

// fold takes away differences of case, accents and width.
func fold(text string) string {
	ascii := true
	for i := 0; i < len(text) && ascii; i++ {
		ascii = text[i] < 0x80
	}
	if !ascii {
		text = strings.Map(func(r rune) rune {
			if r >= 0x300 && r <= 0x36F { // accents; the marks of other scripts tell words apart
				return -1
			}
			return r
		}, norm.NFKD.String(strings.ReplaceAll(text, "ß", "ss")))
	}
	return strings.ToLower(text)
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// isDense reports scripts that are written without spaces between words.
func isDense(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

func addPairs(text string, add func(string)) {
	runes := []rune(text)
	if len(runes) == 1 {
		add(text)
	}
	for i := 0; i+1 < len(runes); i++ {
		add(string(runes[i : i+2]))
	}
}

// contraction is the length of "'s" or "’t" at the beginning of a text, with up to two letters.
func contraction(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	if r != '\'' && r != '’' {
		return 0
	}
	n := size
	for _, r := range text[size:] {
		if !unicode.IsLetter(r) {
			break
		}
		if n += len(string(r)); n > size+2 {
			return 0 // "rock'n'roll" and quotes
		}
	}
	return n
}

// term is what words of one meaning have in common.
type term struct {
	name   string
	raw    string  // the word itself; empty if it only follows from one
	weight float64 // how much a question is about it
}

// terms appends what words mean, without those that say nothing. A range of days gives each day.
func terms(out []term, ws []word) []term {
	for i, w := range ws {
		if isStopWord(w.text) || isDuration(ws, i) {
			continue
		}
		name, weight := meaning(w.text)
		if name == "weekend" {
			out = append(out, between(5, 6)...)
			continue
		}
		if name == "weekday" {
			out = append(out, between(0, 4)...)
			continue
		}
		if from, ok := dayBefore(ws, i); ok {
			if to := dayNumber(name); to >= 0 {
				out = append(out, between(from+1, to-1)...)
			}
		}
		out = append(out, term{name, w.text, weight})
	}
	return out
}

// isDuration reports the hours of "24 hours", which are no opening hours.
func isDuration(ws []word, i int) bool {
	switch ws[i].text {
	case "hour", "hours", "hrs", "hr":
		return i > 0 && isNumber(ws[i-1].text)
	}
	return false
}

func isNumber(w string) bool { return strings.Trim(w, "0123456789") == "" }

// dayBefore gives the day that a range ending at word i begins with: "Mon–Fri", "Monday to Friday".
func dayBefore(ws []word, i int) (int, bool) {
	if i > 0 && ws[i].dash {
		name, _ := meaning(ws[i-1].text)
		day := dayNumber(name)
		return day, day >= 0
	}
	if i > 1 {
		switch ws[i-1].text {
		case "to", "through", "thru", "till", "until", "bis":
			name, _ := meaning(ws[i-2].text)
			day := dayNumber(name)
			return day, day >= 0
		}
	}
	return 0, false
}

// between gives the days from one to another, over the end of the week where the last comes before the first.
func between(from, to int) []term {
	n := ((to-from+1)%daysOfWeek + daysOfWeek) % daysOfWeek
	out := make([]term, 0, n)
	for i := range n {
		out = append(out, term{name: days((from + i) % daysOfWeek), weight: usual})
	}
	return out
}

const daysOfWeek = 7

func days(n int) string {
	switch n {
	case 0:
		return "monday"
	case 1:
		return "tuesday"
	case 2:
		return "wednesday"
	case 3:
		return "thursday"
	case 4:
		return "friday"
	case 5:
		return "saturday"
	}
	return "sunday"
}

func dayNumber(name string) int {
	for n := range daysOfWeek {
		if days(n) == name {
			return n
		}
	}
	return -1
}

// meaning gives the term of a word and how much a question with it is about that.
func meaning(w string) (name string, weight float64) {
	if name, weight = group(w); name != "" {
		return name, weight
	}
	s := stem(w)
	if s != w {
		if name, weight = group(s); name != "" {
			return name, weight
		}
	}
	if isGeneric(s) || isNumber(s) && len(s) <= maxClock {
		return s, hint
	}
	return s, usual
}

const (
	leastStem = 3 // letters that stay
	maxClock  = 2 // digits of a number that may be a time or a count
)

// stem takes common English endings off.
func stem(w string) string {
	for i := 0; i < len(w); i++ {
		if w[i] < 'a' || w[i] > 'z' {
			return w
		}
	}
	for _, e := range []struct{ ending, instead string }{
		{"ies", "y"}, {"sses", "ss"}, {"ches", "ch"}, {"shes", "sh"}, {"xes", "x"}, {"ss", "ss"}, {"us", "us"}, {"is", "is"}, {"s", ""},
	} {
		if base, ok := strings.CutSuffix(w, e.ending); ok {
			if len(base) >= leastStem {
				w = base + e.instead
			}
			break
		}
	}
	for _, ending := range []string{"ing", "ed"} {
		base, ok := strings.CutSuffix(w, ending)
		if !ok || len(base) < leastStem || !strings.ContainsAny(base, "aeiouy") {
			continue
		}
		if n := len(base); base[n-1] == base[n-2] && !strings.ContainsAny(base[n-1:], "lsz") {
			base = base[:n-1] // plann-ing
		}
		w = base
		break
	}
	if base, ok := strings.CutSuffix(w, "e"); ok && len(base) > leastStem {
		w = base // price, pricing
	}
	return w
}
