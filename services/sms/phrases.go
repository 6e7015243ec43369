package sms

// Phrase rules: requests to stop in the texter's own words. They are meant to
// be right about plain requests and silent about everything else; a message
// that they miss goes on to the workflow and to people, a message that they
// take wrongly silences a contact, whom the confirmation tells how to restart.
//
// A request limited to a time ("stop texting me at night") is not a request to
// stop, and neither is one that is denied, reported of others, conditional,
// quoted, or part of an instruction ("reply STOP to opt out").

// stopPhrase names the first rule that finds a request to stop, or "".
func stopPhrase(t reading) string {
	if isSpelledStop(t.words) {
		return "stop_spelled"
	}
	start, first := 0, true
	for start < len(t.words) {
		end := endOf(t.words, start, gapSentence)
		last := end == len(t.words)
		asked := t.words[end-1].gap == gapQuestion
		if (first || last) && (!asked || first && last) && isStopAlone(t.words[start:end]) {
			return "stop_alone"
		}
		start, first = end, false
	}
	for start = 0; start < len(t.words); {
		end := endOf(t.words, start, gapClause)
		if rule := requestIn(t.words[start:end], t); rule != "" {
			return rule
		}
		if endsWithPleaseStop(t.words[start:end]) {
			return "please_stop"
		}
		start = end
	}
	return ""
}

// endOf returns the index after the next word that has at least a gap.
func endOf(words []word, start int, least gap) int {
	for i := start; i < len(words); i++ {
		if words[i].gap >= least {
			return i + 1
		}
	}
	return len(words)
}

// isSpelledStop reports s t o p.
func isSpelledStop(words []word) bool {
	const stop = "stop"
	if len(words) != len(stop) {
		return false
	}
	for i, w := range words {
		if w.text != stop[i:i+1] {
			return false
		}
	}
	return true
}

// isStopAlone reports a sentence of a stop word and courtesies: "ok please
// stop", "STOP STOP", "wrong number, stop", "stop it".
func isStopAlone(p phrase) bool {
	found := false
	for len(p) > 0 {
		switch n := courtesy(p); {
		case isStrongStop(p[0].text):
			found = true
			p = p[1:]
		case p.begins("opt", "out"), p.begins("stop", "all"):
			found = true
			p = p[2:]
		case n > 0:
			p = p[n:]
		case isStopped(p[0].text):
			p = p[1:]
		default:
			return false
		}
	}
	return found
}

// endsWithPleaseStop reports "you have the wrong number please stop".
func endsWithPleaseStop(p phrase) bool {
	for i := 1; i < len(p); i++ {
		if isStrongStop(p[i].text) && isPlease(p[i-1].text) {
			rest := p[i+1:]
			return courtesies(rest) == len(rest)
		}
	}
	return false
}

// requestIn looks for a request anywhere in a clause.
func requestIn(clause phrase, t reading) string {
	for i := range clause {
		before, p := clause[:i], clause[i:]
		rule := request(before, p, t)
		if rule != "" && !isHeldBack(before) {
			return rule
		}
	}
	return ""
}

// isHeldBack reports that the words before a request take it back: "he won't
// [stop texting me]", "if you [stop texting me]", "reply 2 to [opt out]".
func isHeldBack(before phrase) bool {
	n := len(before)
	if n == 0 || isPlease(before[n-1].text) {
		return false
	}
	if isInstruction(before[n-1].text) {
		return true
	}
	if before[n-1].text == "to" && (n < 2 || !isDesire(before[n-2].text)) {
		return true
	}
	for i := n - 1; i >= 0; i-- {
		switch w := before[i].text; {
		case isTransparent(w):
		default:
			return isDenial(w)
		}
	}
	return false
}

// isFinished reports that a request is complete: nothing follows, or what
// follows does not change it.
func isFinished(p phrase) bool {
	if len(p) == 0 || isEnding(p[0].text) || courtesies(p) > 0 {
		return true
	}
	after, toMe := object(p)
	return toMe && !isLimited(after) || p.begins("this", "is") || p.begins("at", "all") || p.begins("at", "once") ||
		p.begins("right", "now") || p.begins("right", "away") || p.begins("in", "the", "future") ||
		p.begins("for", "good") || p.begins("any", "more") || p.begins("any", "further")
}

// isLimited reports that a request holds for some time or manner only.
func isLimited(p phrase) bool {
	if len(p) == 0 {
		return false
	}
	switch p[0].text {
	case "after", "before", "until", "till", "while", "during", "when", "whenever", "between",
		"unless", "except", "every", "twice", "by":
		return true
	case "at", "on", "in":
		_, here := object(p)
		return !here && !isFinished(p) && !p.begins("in", "any")
	case "so", "this", "that", "too":
		return len(p) > 1 && isDegree(p[1].text)
	}
	return false
}

// object reads who is texted: me, us, to this number, at my phone, here.
func object(p phrase) (rest phrase, ok bool) {
	q := p
	if len(q) > 1 {
		switch q[0].text {
		case "to", "at", "on":
			q = q[1:]
		}
	}
	switch {
	case len(q) == 0:
	case isMe(q[0].text) && q[0].text != "myself", q[0].text == "here":
		return q[1:], true
	case q[0].text == "my", q[0].text == "this", q[0].text == "our":
		if rest, ok := q[1:].some(isNumberWord); ok {
			return rest, true
		}
	}
	return p, false
}

func named(rule string, found bool) string {
	if found {
		return rule
	}
	return ""
}

// phrase is a run of words being matched from its start.
type phrase []word

// begins reports that the phrase starts with the given words.
func (p phrase) begins(words ...string) bool {
	if len(p) < len(words) {
		return false
	}
	for i, w := range words {
		if p[i].text != w {
			return false
		}
	}
	return true
}

// afterWord skips one word if the phrase starts with it.
func (p phrase) afterWord(w string) phrase {
	if p.begins(w) {
		return p[1:]
	}
	return p
}

// skip leaves out all leading words of a class.
func (p phrase) skip(in func(string) bool) phrase {
	for len(p) > 0 && in(p[0].text) {
		p = p[1:]
	}
	return p
}

// one takes a leading word of a class.
func (p phrase) one(in func(string) bool) (rest phrase, ok bool) {
	if len(p) > 0 && in(p[0].text) {
		return p[1:], true
	}
	return p, false
}

// some takes one or more leading words of a class.
func (p phrase) some(in func(string) bool) (rest phrase, ok bool) {
	rest = p.skip(in)
	return rest, len(rest) < len(p)
}

// courtesies counts the leading words that are courtesies.
func courtesies(p phrase) int {
	total := 0
	for total < len(p) {
		n := courtesy(p[total:])
		if n == 0 {
			break
		}
		total += n
	}
	return total
}
