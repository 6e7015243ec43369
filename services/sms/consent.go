package sms

import (
	"errors"
	"fmt"
	"strings"
)

// Consent is what a body says about being texted.
type Consent string

// What a body may say.
const (
	ConsentNone  Consent = "" // nothing; an ordinary message
	ConsentStop  Consent = "stop"
	ConsentStart Consent = "start"
	ConsentHelp  Consent = "help"
)

// Limits of what is looked at.
const (
	// maxConsentBytes is how much of a body is looked at: all that CleanBody
	// accepts. A longer one is no consent word, and its phrases are sought in
	// the beginning.
	maxConsentBytes = MaxBodyChars * 4

	// maxPhraseChars is how many characters of words are searched for phrases:
	// one body as the gateways deliver it.
	maxPhraseChars = 1600

	// MaxExtraWords and MaxExtraWordChars bound each list of a tenant's words.
	MaxExtraWords     = 50
	MaxExtraWordChars = 40
)

// ExtraWords are a tenant's own consent words. They add to the built-in ones
// and can neither remove nor redefine them.
type ExtraWords struct {
	Stop, Start, Help []string
}

// ErrConsentWord is wrapped by every error of ExtraWords.Validate.
var ErrConsentWord = errors.New("consent word")

// Validate checks a tenant's words: each list at most MaxExtraWords long, each
// word at most MaxExtraWordChars characters and with a letter or digit in it,
// and none that already means something else.
func (e ExtraWords) Validate() error {
	means := map[string]Consent{}
	for _, list := range []struct {
		consent Consent
		words   []string
	}{{ConsentStop, e.Stop}, {ConsentStart, e.Start}, {ConsentHelp, e.Help}} {
		if len(list.words) > MaxExtraWords {
			return fmt.Errorf("%w: %s: %d words; at most %d are accepted", ErrConsentWord, list.consent, len(list.words), MaxExtraWords)
		}
		for i, word := range list.words {
			if n := len([]rune(word)); n > MaxExtraWordChars {
				return fmt.Errorf("%w: %s[%d]: has %d characters; at most %d are accepted", ErrConsentWord, list.consent, i, n, MaxExtraWordChars)
			}
			key := canonical(word)
			if key == "" {
				return fmt.Errorf("%w: %s[%d]: has no letter or digit; give a word such as REMOVE", ErrConsentWord, list.consent, i)
			}
			other := builtinWord(key, true)
			if other == ConsentNone {
				other = means[key]
			}
			if other != ConsentNone && other != list.consent {
				return fmt.Errorf("%w: %s[%d]: already means %s; leave it out here", ErrConsentWord, list.consent, i, other)
			}
			means[key] = list.consent
		}
	}
	return nil
}

// ConsentWord says whether a body asks to stop, to start again or for help,
// and by which rule: "word stop", "tenant word td", "phrase stop_contact".
//
// First the whole body is compared with the words, whatever its case, width
// (NFKC), spacing, hyphens, outer punctuation, quotes and emoji. YES means
// start only to someone who is opted out. Then, because 47 CFR 64.1200(a)(10)
// honours any reasonable wording, phrase rules look for a request to stop
// inside the body. A tenant's start and help words come last, so that they
// cannot hide a request to stop.
func ConsentWord(body string, optedOut bool, extra ExtraWords) (consent Consent, rule string) {
	t := read(body)
	key := t.key()
	if c := builtinWord(key, optedOut); c != ConsentNone {
		return c, "word " + key
	}
	if has(extra.Stop, key) {
		return ConsentStop, "tenant word " + key
	}
	if phrase := stopPhrase(t); phrase != "" {
		return ConsentStop, "phrase " + phrase
	}
	if has(extra.Start, key) {
		return ConsentStart, "tenant word " + key
	}
	if has(extra.Help, key) {
		return ConsentHelp, "tenant word " + key
	}
	return ConsentNone, ""
}

// builtinWord looks up a canonical body.
func builtinWord(key string, optedOut bool) Consent {
	switch key {
	case "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke",
		"optout", "opt out", "arret", "arrêt", "arrete", "arrête":
		return ConsentStop
	case "start", "unstop":
		return ConsentStart
	case "yes":
		if optedOut {
			return ConsentStart
		}
	case "help", "info", "aide":
		return ConsentHelp
	}
	return ConsentNone
}

// has reports whether a tenant's list holds a canonical body.
func has(words []string, key string) bool {
	if key == "" {
		return false
	}
	for _, word := range words[:min(len(words), MaxExtraWords)] {
		if strings.EqualFold(word, key) || canonical(word) == key {
			return true
		}
	}
	return false
}

// canonical is a word in the form in which bodies are compared with it.
func canonical(word string) string { return read(word).key() }
