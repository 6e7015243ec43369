package flow

import (
	"strconv"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Limits of MatchWords.
const (
	MaxWords = 100
	MaxWord  = 200
)

// MatchMode says how the words are compared with the message.
type MatchMode string

// The modes.
const (
	MatchAny    MatchMode = "any"
	MatchAll    MatchMode = "all"
	MatchPhrase MatchMode = "phrase"
	MatchWhole  MatchMode = "whole"
	MatchRegex  MatchMode = "regex"
)

// MatchModes lists every mode.
func MatchModes() []MatchMode {
	return []MatchMode{MatchAny, MatchAll, MatchPhrase, MatchWhole, MatchRegex}
}

// MatchWords is a check of the message's words. A word is a row of letters and digits: case, full-width forms and how
// an accent is composed make no difference, and neither does what stands between the words. An entry of several words
// counts if they stand side by side, in any mode. Writing without spaces between words (Chinese, Thai) has no words in
// this sense: MatchRegex looks into it. A regular expression sees the message as it was written; (?i) makes it ignore
// case.
//
//	id: asks-for-prices
//	on_fail: {action: next_workflow}
//	match_words:
//	  mode: any
//	  words: [price, prices, how much]
type MatchWords struct {
	Mode  MatchMode `json:"mode"`
	Words []string  `json:"words,omitempty"`
}

// Type is match_words.
func (*MatchWords) Type() StepType { return TypeMatchWords }

// Check is true.
func (*MatchWords) Check() bool { return true }

func (m *MatchWords) validate(v *violations, path string) {
	switch m.Mode {
	case MatchAny, MatchAll, MatchPhrase, MatchWhole, MatchRegex:
	case "":
		v.add(path+".mode", ViolationRequired, "is missing: choose any, all, phrase, whole or regex")
	default:
		v.add(path+".mode", ViolationUnknownValue, "is "+quoted(string(m.Mode))+": choose any, all, phrase, whole or regex")
	}
	if len(m.Words) == 0 {
		v.add(path+".words", ViolationRequired, "is empty: give at least one word")
	}
	v.words(path+".words", m.Words, MaxWords, MaxWord, m.Mode == MatchRegex)
}

// words checks a list of words, phrases or regular expressions.
func (v *violations) words(path string, words []string, maxWords, maxWord int, regex bool) {
	if len(words) > maxWords {
		v.add(path, ViolationTooMany, "has "+strconv.Itoa(len(words))+" entries: keep at most "+strconv.Itoa(maxWords))
		return
	}
	for i, w := range words {
		field := item(path, i)
		switch {
		case !v.line(field, w, maxWord):
		case regex && w == "":
			v.add(field, ViolationRequired, "is empty: write an expression or remove the entry")
		case regex:
			v.regex(field, w)
		case !v.required(field, w, "is empty: write a word or remove the entry"):
		case !hasWord(w):
			v.add(field, ViolationBadFormat, "is "+quoted(w)+", which has no letter and no digit, so it can match nothing: use words, or mode regex for signs")
		}
	}
}

// hasWord says whether the text has a letter or a digit once compatible forms are taken as one (see MatchWords).
func hasWord(s string) bool {
	for _, r := range norm.NFKC.String(s) {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return true
		}
	}
	return false
}
