package faq

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"smsflow/services/assistant/internal/reply"
)

const (
	maxHeadingChars = 60 // a longer line is no heading
	maxTitleChars   = 40 // of a heading that nothing but its place marks
	maxLabelChars   = 40 // before the colon of "Parking: …"
	maxLabelWords   = 6
	wrappedLine     = 60 // a line that long without a full stop goes on in the next one
)

// passage is what may be sent, with what helps to find it.
type passage struct {
	text     string
	label    string // of its line; sent with it
	heading  string // above it; sent where it says what is meant
	question string // of a pair; not sent
	group    int    // passages of one heading, paragraph or pair
}

// split reads a context: see the package doc.
func split(context string) []passage {
	s := splitter{lines: strings.Split(context, "\n")}
	for i := range s.lines {
		s.lines[i] = strings.TrimRightFunc(s.lines[i], unicode.IsSpace)
	}
	for s.at = 0; s.at < len(s.lines) && len(s.out) < maxPassages; s.at++ {
		s.line(s.lines[s.at])
	}
	s.flush()
	return s.out
}

// splitter is where the reading of a context stands.
type splitter struct {
	lines []string
	at    int
	out   []passage

	heading   string
	fixed     bool // the heading lasts until the next one, not until the next blank line
	headGroup int
	used      bool   // something stands under the heading
	groups    int    // given out so far
	question  string // of a pair whose answer is being read
	para      []string
	bullet    bool // para is a list's line
}

func (s *splitter) line(raw string) {
	text := strings.TrimSpace(raw)
	indented := raw != "" && unicode.IsSpace(rune(raw[0]))
	switch {
	case text == "":
		s.flush()
		s.question = ""
		if s.used && !s.fixed {
			s.heading = ""
		}
	case strings.Trim(text, "-=_*~ ") == "": // a ruler
		s.flush()
	case s.pair(text):
	case s.head(text):
	default:
		s.prose(text, indented)
	}
}

// pair reads the lines that begin a question or an answer.
func (s *splitter) pair(text string) bool {
	if question, ok := prefixed(text, "q:", "q.", "question:"); ok {
		s.flush()
		question, answer := cutAnswer(question)
		s.question = question
		if answer != "" {
			s.para = []string{answer}
		}
		return true
	}
	if answer, ok := prefixed(text, "a:", "a.", "answer:"); ok && s.question != "" {
		s.para = append(s.para, answer)
		return true
	}
	if plain, _ := unbulleted(text); strings.HasSuffix(plain, "?") && !s.inProse() {
		if next := s.next(); next != "" && !strings.HasSuffix(next, "?") {
			s.flush()
			s.question = strings.Trim(plain, "*_ ")
			return true
		}
	}
	return false
}

// inProse says whether a paragraph is being read that a line with a question mark may belong to.
func (s *splitter) inProse() bool { return len(s.para) > 0 && s.question == "" && !s.bullet }

func prefixed(text string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if len(text) > len(p) && strings.EqualFold(text[:len(p)], p) && text[len(p)] == ' ' {
			return strings.TrimSpace(text[len(p):]), true
		}
	}
	return "", false
}

// cutAnswer divides "May I? A: You may." written on one line.
func cutAnswer(text string) (question, answer string) {
	for _, mark := range []string{" A: ", " Answer: ", " a: "} {
		if q, a, ok := strings.Cut(text, mark); ok {
			return strings.TrimSpace(q), strings.TrimSpace(a)
		}
	}
	return text, ""
}

// head reads headings.
func (s *splitter) head(text string) bool {
	var title string
	fixed := false
	bare := strings.TrimSpace(strings.Trim(text, "*_"))
	switch {
	case strings.HasPrefix(text, "#"):
		title, fixed = strings.TrimSpace(strings.Trim(text, "# ")), true
	case chars(text) > maxHeadingChars:
		return false
	case strings.HasSuffix(bare, ":"):
		title = strings.TrimSuffix(bare, ":")
	case s.startsBlock() && looksLikeTitle(bare) && s.next() != "" && !startsLower(s.next()):
		title = bare
	default:
		return false
	}
	title = strings.TrimSpace(strings.TrimSuffix(title, ":"))
	if strings.IndexFunc(title, unicode.IsLetter) < 0 {
		return false
	}
	s.flush()
	s.question = ""
	s.heading, s.fixed, s.used = title, fixed, false
	s.headGroup = s.group()
	return true
}

func (s *splitter) startsBlock() bool {
	return s.question == "" && (s.at == 0 || s.lines[s.at-1] == "")
}

// next is the line after this one, without the spaces around it.
func (s *splitter) next() string {
	if s.at+1 < len(s.lines) {
		return strings.TrimSpace(s.lines[s.at+1])
	}
	return ""
}

// looksLikeTitle says whether a line that nothing marks may be a heading: short, and neither a sentence nor a fact.
func looksLikeTitle(text string) bool {
	if chars(text) > maxTitleChars || strings.ContainsAny(text, "0123456789:;,@") {
		return false
	}
	if _, bulleted := unbulleted(text); bulleted {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsLetter(last)
}

// prose reads bullets and the lines of paragraphs.
func (s *splitter) prose(text string, indented bool) {
	text, bulleted := unbulleted(text)
	if text == "" {
		return
	}
	if s.question != "" {
		s.para = append(s.para, text)
		return
	}
	if bulleted || !s.goesOn(text, indented) {
		s.flush()
		s.bullet = bulleted
	}
	s.para = append(s.para, text)
}

// goesOn says whether a line belongs to the paragraph before it.
func (s *splitter) goesOn(text string, indented bool) bool {
	if len(s.para) == 0 {
		return false
	}
	before := s.para[len(s.para)-1]
	if s.bullet {
		return indented || startsLower(text)
	}
	return startsLower(text) || chars(before) >= wrappedLine && !strings.ContainsAny(before[len(before)-1:], ".!?:;")
}

// unbulleted takes "- ", "* ", "• ", "1. ", "1) " off a line.
func unbulleted(text string) (string, bool) {
	for _, b := range []string{"- ", "* ", "• ", "– ", "· ", "‣ ", "+ "} {
		if rest, ok := strings.CutPrefix(text, b); ok {
			return strings.TrimSpace(rest), true
		}
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits > 0 && digits <= 2 && len(text) > digits+1 && (text[digits] == '.' || text[digits] == ')') && text[digits+1] == ' ' {
		return strings.TrimSpace(text[digits+2:]), true
	}
	return text, false
}

// flush ends the paragraph, bullet or answer that is being read and makes passages of it.
func (s *splitter) flush() {
	text := strings.Join(s.para, " ")
	s.para, s.bullet = nil, false
	question := s.question
	if text == "" {
		return
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "**", ""))
	if first := reply.Sentences(text); question == "" && len(first) > 1 && strings.HasSuffix(strings.TrimSpace(first[0]), "?") {
		question, text = strings.TrimSpace(first[0]), text[len(first[0]):]
	}
	group := s.headGroup
	if s.heading == "" || question != "" {
		group = s.group()
	}
	s.used = true
	p := passage{heading: s.heading, question: question, group: group}
	if question != "" { // an answer is sent whole, or its first sentences
		p.text = text
		s.add(p)
		s.question = ""
		return
	}
	p.label, text = cutLabel(text)
	for _, sentence := range reply.Sentences(text) {
		p.text = strings.TrimSpace(sentence)
		s.add(p)
	}
}

func (s *splitter) add(p passage) {
	if p.text != "" && len(s.out) < maxPassages {
		s.out = append(s.out, p)
	}
}

func (s *splitter) group() int {
	s.groups++
	return s.groups
}

// cutLabel takes the label off a line: "Parking: free" has one, "Open 8:00" and "https://…" have none.
func cutLabel(line string) (label, rest string) {
	label, rest, ok := strings.Cut(line, ": ")
	if !ok || chars(label) > maxLabelChars || len(strings.Fields(label)) > maxLabelWords ||
		strings.ContainsAny(label, ".!?;") || strings.IndexFunc(label, unicode.IsLetter) < 0 || strings.TrimSpace(rest) == "" {
		return "", line
	}
	return strings.TrimSpace(label), strings.TrimSpace(rest)
}

func startsLower(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsLower(r)
}

func chars(text string) int { return utf8.RuneCountInString(text) }
