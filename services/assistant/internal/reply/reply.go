// Package reply prepares a text for sending as an SMS: it cleans what a model wrote, finds its sentences and makes it
// fit a number of segments. It is pure and does a bounded amount of work for each byte given to it.
package reply

import (
	"strings"
	"unicode/utf8"

	"smsflow/services/sms"
)

const (
	// DefaultSegments stands for a limit that is not set.
	DefaultSegments = 2
	// segmentChars is the most that one segment can hold, in characters: nothing beyond it can fit, so nothing
	// beyond it is looked at.
	segmentChars = 160
	// leastUse is the share of the room (one part in so many) that whole sentences must fill. Below it a text cut
	// within a sentence says more: "Yes." alone may be the opposite of the answer.
	leastUse = 3
)

// Fit joins the pieces of a text between before and after and gives what fits the segments (0 or less stands for
// DefaultSegments): all of it, else the longest beginning of whole pieces, else, without before and after, the text cut
// by sms.Truncate. A text that is cheaper to send with plain quotes and dashes gets them (sms.Suggest). The pieces carry
// their own spaces and punctuation between them.
func Fit(before string, pieces []string, after string, segments int) string {
	if segments < 1 {
		segments = DefaultSegments
	}
	all := len(pieces)
	pieces = firstChars(pieces, segments*segmentChars)
	framed := before != "" || after != ""
	for n := len(pieces); n > 0; n-- {
		body := trimLoose(strings.Join(pieces[:n], ""), n < all)
		if body == "" {
			continue
		}
		text := cheapest(before + body + after)
		if sms.Count(text).Parts > segments {
			continue
		}
		if n < all && !framed && utf8.RuneCountInString(body)*leastUse < segments*segmentChars/2 {
			break
		}
		return text
	}
	return sms.Truncate(cheapest(strings.TrimSpace(strings.Join(pieces, ""))), segments)
}

// firstChars gives the pieces up to and with the one in which the limit is passed.
func firstChars(pieces []string, most int) []string {
	for i, p := range pieces {
		if most -= utf8.RuneCountInString(p); most < 0 {
			return pieces[:i+1]
		}
	}
	return pieces
}

// trimLoose takes spaces off both ends, and what only leads on to a next piece off the end of a text that has none.
func trimLoose(text string, cut bool) string {
	text = strings.TrimSpace(text)
	if cut {
		text = strings.TrimRight(text, " ;,:")
	}
	return text
}

// cheapest gives the text in plain characters if that takes fewer segments.
func cheapest(text string) string {
	if plain, changed := sms.Suggest(text); changed && sms.Count(plain).Parts < sms.Count(text).Parts {
		return plain
	}
	return text
}
