package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentences divides a text after each sentence and each line. The parts keep their spaces: joined, they are the text.
// It knows common abbreviations, initials and decimals; where it cannot tell it does not divide.
func Sentences(text string) []string {
	var out []string
	start := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch r {
		case '\n', '。', '！', '？':
		case '.', '!', '?', '…':
			i += len(text[i:]) - len(strings.TrimLeft(text[i:], `.!?…"')]”’`))
			if !endsSentence(text[start:i], text[i:], r) {
				continue
			}
		default:
			continue
		}
		i += len(text[i:]) - len(strings.TrimLeftFunc(text[i:], unicode.IsSpace))
		out = append(out, text[start:i])
		start = i
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

// endsSentence says whether a mark at the end of said, with rest behind it, ends a sentence.
func endsSentence(said, rest string, mark rune) bool {
	if rest == "" {
		return true
	}
	if first, _ := utf8.DecodeRuneInString(rest); !unicode.IsSpace(first) {
		return false // 8.30, example.com
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(rest, unicode.IsSpace))
	if mark != '.' {
		return true
	}
	if unicode.IsLower(next) {
		return false // "at 5 p.m. on Mondays"
	}
	word := strings.TrimRight(said, `.!?…"')]”’`)
	word = word[strings.LastIndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' })+1:]
	word = strings.ToLower(word)
	return !isAbbreviation(word) && (word != "no" || !unicode.IsDigit(next))
}

func isAbbreviation(word string) bool {
	switch word {
	case "mr", "mrs", "ms", "dr", "prof", "st", "ave", "blvd", "rd", "nr", "tel", "ext", "apt", "approx", "vs",
		"e.g", "i.e", "inc", "ltd", "co", "dept", "fl", "min", "max", "jan", "feb", "mar", "apr", "jun", "jul", "aug",
		"sep", "sept", "oct", "nov", "dec":
		return true
	}
	// An initial, as in "J. Smith"; but "a.m" and "p.m" before a capital usually do end one.
	return utf8.RuneCountInString(word) == 1 && word != "i"
}
