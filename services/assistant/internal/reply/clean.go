package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxBlankLines = 1  // in a row
	maxHeading    = 6  // "#" signs of a Markdown heading
	maxLinkText   = 80 // characters between the brackets of a Markdown link
)

// Clean makes plain text of what a model wrote: a "<think>…</think>" part that some servers leave in, invalid UTF-8,
// NUL and other control characters, characters that reverse the direction of writing, and the Markdown that an SMS
// shows as litter (**bold**, headings, code marks, links, "* " bullets) go; line ends are \n; there are no spaces at
// the ends of lines and no two blank lines in a row.
func Clean(text string) string {
	text = withoutThoughts(strings.ToValidUTF8(text, ""))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(printable, text)
	// Taking one mark away may bring two others together, so until nothing changes. Each round shortens the text; the
	// few rounds that litter within litter needs are bounded.
	for range maxRounds {
		cleaned := cleanLines(text)
		if cleaned == text {
			break
		}
		text = cleaned
	}
	return text
}

const maxRounds = 4

func cleanLines(text string) string {
	var out []string
	blank := maxBlankLines // none at the start
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(plainLine(line), " ")
		if strings.TrimSpace(line) == "" {
			if blank++; blank > maxBlankLines {
				continue
			}
			line = ""
		} else {
			blank = 0
		}
		out = append(out, line)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// withoutThoughts takes away a leading "<think>" part. One that never ends was cut by the token limit: what follows it
// is thought too, and no answer.
func withoutThoughts(text string) string {
	const begin, end = "<think>", "</think>"
	trimmed := strings.TrimSpace(text)
	if i := strings.LastIndex(trimmed, end); i >= 0 {
		return trimmed[i+len(end):]
	}
	if strings.HasPrefix(trimmed, begin) {
		return ""
	}
	return text
}

func printable(r rune) rune {
	switch {
	case r == '\n':
		return r
	case r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
		return '\n'
	case r == '\t', r == '\v', r == '\f':
		return ' '
	case unicode.IsControl(r), r == '\uFEFF', r == '\uFFFE', r == '\uFFFF', r == utf8.RuneError:
		return -1
	case r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069', r == '\u200E', r == '\u200F':
		return -1 // overrides of the direction
	}
	return r
}

func plainLine(line string) string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	rest := line[len(indent):]
	if strings.HasPrefix(rest, "```") {
		return ""
	}
	if n := len(rest) - len(strings.TrimLeft(rest, "#")); n > 0 && n <= maxHeading && strings.HasPrefix(rest[n:], " ") {
		rest = rest[n+1:]
	}
	if after, ok := strings.CutPrefix(rest, "* "); ok {
		rest = "- " + after
	}
	rest = strings.ReplaceAll(rest, "**", "")
	rest = strings.ReplaceAll(rest, "`", "")
	return indent + plainLinks(withoutUnderlines(rest))
}

// withoutUnderlines takes "__" off words that begin and end with it; within a word, as in a__b, it stays.
func withoutUnderlines(line string) string {
	const mark = "__"
	first := strings.Index(line, mark)
	if first < 0 {
		return line
	}
	length := strings.Index(line[first+len(mark):], mark)
	if length <= 0 {
		return line
	}
	last := first + len(mark) + length
	before, _ := utf8.DecodeLastRuneInString(line[:first])
	after, _ := utf8.DecodeRuneInString(line[last+len(mark):])
	if isWordRune(before) || isWordRune(after) {
		return line
	}
	return line[:first] + line[first+len(mark):last] + line[last+len(mark):]
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// plainLinks writes "[text](address)" as "text (address)", or as the address alone if the text is the same.
func plainLinks(line string) string {
	before, inside, ok := strings.Cut(line, "[")
	if !ok {
		return line
	}
	text, rest, ok := strings.Cut(inside, "](")
	if !ok || utf8.RuneCountInString(text) > maxLinkText || strings.ContainsAny(text, "[]") {
		return line
	}
	address, rest, ok := strings.Cut(rest, ")")
	if !ok || address == "" || strings.ContainsAny(address, " (") {
		return line
	}
	if text == address || text == "" {
		return before + address + rest
	}
	return before + text + " (" + address + ")" + rest
}
