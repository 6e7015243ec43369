package engine

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"smsflow/services/flow"
)

// Limits of what an event tells of words.
const (
	maxListed  = 5  // entries
	maxMatched = 40 // characters of what an expression matched
)

// matchWords looks for words, phrases or regular expressions in the message.
type matchWords struct {
	mode    flow.MatchMode
	finder  finder           // any, phrase
	entries []words          // all, whole
	shown   []string         // the entries as they were written
	regexes []*regexp.Regexp // regex
	absent  string           // what is said if the check fails
	present string           // what is said if all are found
}

func newMatchWords(spec *flow.MatchWords) (stepper, error) {
	m := &matchWords{mode: spec.Mode, shown: spec.Words, absent: "found none of: " + list(spec.Words)}
	switch m.mode {
	case flow.MatchAny, flow.MatchPhrase:
		for _, w := range spec.Words {
			m.finder.add(w, false)
		}
	case flow.MatchAll, flow.MatchWhole:
		for _, w := range spec.Words {
			m.entries = append(m.entries, foldWords(w))
		}
		m.present = "found all of: " + list(spec.Words)
		if m.mode == flow.MatchWhole {
			m.absent = "the message is none of: " + list(spec.Words)
		}
	case flow.MatchRegex:
		for _, w := range spec.Words {
			re, err := regexp.Compile(w)
			if err != nil {
				return nil, fmt.Errorf("regular expression %q: %w", w, err)
			}
			m.regexes = append(m.regexes, re)
		}
		m.absent = "nothing matches: " + list(spec.Words)
	default:
		return nil, fmt.Errorf("unknown mode %q", m.mode)
	}
	return m, nil
}

// list names the first entries and how many more there are.
func list(entries []string) string {
	more := ""
	if n := len(entries) - maxListed; n > 0 {
		more = " and " + strconv.Itoa(n) + " more"
		entries = entries[:maxListed]
	}
	return strings.Join(entries, ", ") + more
}

func (m *matchWords) advance(t *turn, _ *step) result {
	detail, found := m.look(t)
	return checked(found, t.input(), detail)
}

// look says what the message has of the entries, or that it has not, and whether the check passes.
func (m *matchWords) look(t *turn) (string, bool) {
	switch m.mode {
	case flow.MatchAll:
		return m.all(t.message())
	case flow.MatchWhole:
		return m.whole(t.message())
	case flow.MatchRegex:
		return m.regex(t.facts.Message)
	default:
		return m.finder.look(t.message(), m.absent)
	}
}

// look says which entry stands in the message, and where; absent is said if none does.
func (f *finder) look(w words, absent string) (string, bool) {
	shown, at := f.find(w)
	if at == 0 {
		return absent, false
	}
	return `found "` + shown + `" at word ` + strconv.Itoa(at), true
}

func (m *matchWords) all(w words) (string, bool) {
	for i, e := range m.entries {
		if e == "" || !w.contains(e) {
			return `did not find "` + m.shown[i] + `"`, false
		}
	}
	return m.present, true
}

func (m *matchWords) whole(w words) (string, bool) {
	for i, e := range m.entries {
		if e != "" && w == e {
			return `the message is "` + m.shown[i] + `"`, true
		}
	}
	return m.absent, false
}

// regex looks into the message as it was written; accents are composed (NFC), as an author's keyboard writes them.
func (m *matchWords) regex(message string) (string, bool) {
	s := norm.NFC.String(flow.Cut(message, MaxMessage))
	for i, re := range m.regexes {
		if loc := re.FindStringIndex(s); loc != nil {
			return m.shown[i] + ` matches "` + excerpt(s[loc[0]:loc[1]], maxMatched) + `" at character ` +
				strconv.Itoa(utf8.RuneCountInString(s[:loc[0]])+1), true
		}
	}
	return m.absent, false
}
