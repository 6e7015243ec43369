package sms

// The requests that the phrase rules know, one function for each kind. A
// request is sought from each word of a clause on; before is what precedes it.

// request names the rule for a request that begins with the first word.
func request(before, p phrase, t reading) string {
	switch p[0].text {
	case "stop", "stopp", "quit", "cease":
		if p.begins("cease", "and", "desist") {
			return "cease_and_desist"
		}
		return stopRequest(before, p[1:], t)
	case "remove", "delete", "erase", "take", "get", "drop", "pull", "scratch":
		return removeRequest(p)
	case "be":
		return beRemoved(p[1:])
	case "unsubscribe", "unsub", "unsubcribe", "unsuscribe", "unsubscibe":
		return unsubscribeRequest(p[1:])
	case "opt", "opting", "optout":
		return optOutRequest(p)
	case "dont", "donot", "never":
		return negatedRequest(before, p[1:], t)
	case "do":
		if p.begins("do", "not") {
			return negatedRequest(before, p[2:], t)
		}
	case "no":
		return noRequest(before, p[1:])
	case "leave", "lose":
		return leaveRequest(p)
	case "revoke", "withdraw", "rescind":
		return revokeRequest(p[1:])
	case "said", "say", "saying", "texted", "replied", "sent", "wrote", "typed", "unsubscribed", "opted":
		return alreadySaid(before, p)
	case "told", "asked":
		return alreadyTold(p[1:])
	}
	return ""
}

// "stop texting me", "stop sending me these messages", "stop the texts".
func stopRequest(before, p phrase, t reading) string {
	if isOwnHabit(before) {
		return ""
	}
	p = p.skip(isEmphasis)
	if rest, kind := contacting(p); kind == byText || kind == byCall && !t.prefersTexts() {
		after, personal := object(rest)
		if personal && !isLimited(after) {
			return "stop_contact"
		}
		if !personal && isFinished(rest) {
			return "stop_contact"
		}
	}
	if rest, ok := p.one(isSending); ok {
		after, personal := object(rest)
		after = after.skip(isDeterminer)
		if things, ok := after.some(isMessageOrStuff); ok {
			return named("stop_sending", isFinished(things) || personal && !isLimited(things))
		}
		// Not "my messages stop sending".
		failing := len(before) > 0 && isMessage(before[len(before)-1].text)
		return named("stop_sending", isFinished(after) && !failing)
	}
	rest, ok := p.skip(isGetting).skip(isDeterminer).some(isMessage)
	return named("stop_messages", ok && isFinished(rest))
}

// isOwnHabit reports "I [stop getting texts at night]", "will I [stop …]",
// but not "how do I [stop these texts]" or "can I [stop …]".
func isOwnHabit(before phrase) bool {
	n := len(before)
	if n == 0 || before[n-1].text != "i" {
		return false
	}
	if n == 1 {
		return true
	}
	switch before[n-2].text {
	case "do", "can", "could", "may":
		return false
	}
	return true
}

// contact is how the texter says we reach them.
type contact int

const (
	byNothing contact = iota
	byCall
	byText // alone or with calls
)

// contacting reads "texting", "text", "calling and texting".
func contacting(p phrase) (rest phrase, kind contact) {
	kind = contactKind(p)
	if kind == byNothing {
		return p, kind
	}
	rest = p[1:]
	if rest.begins("and") || rest.begins("or") {
		if second := contactKind(rest[1:]); second != byNothing {
			return rest[2:], max(kind, second)
		}
	}
	return rest, kind
}

func contactKind(p phrase) contact {
	switch {
	case len(p) == 0:
		return byNothing
	case isContacting(p[0].text), isContact(p[0].text), isBother(p[0].text):
		return byText
	case isCalling(p[0].text):
		return byCall
	}
	return byNothing
}

// prefersTexts reports "stop calling me, text me instead". Without it a
// revocation for calls is one for texts (47 CFR 64.1200(a)(10)).
func (r reading) prefersTexts() bool {
	for _, w := range r.words {
		switch w.text {
		case "instead", "text", "texts", "message", "messages", "sms", "txt":
			return true
		}
	}
	return false
}

// "remove me from your list", "take my number off this list", "delete me".
func removeRequest(p phrase) string {
	verb := p[0].text
	p = p[1:].skip(isEmphasis)
	rest, ok := subject(p)
	if !ok {
		return ""
	}
	alone := verb == "remove" || verb == "delete" || verb == "erase"
	switch {
	case alone && isFinished(rest) && !rest.begins("from"):
		return "remove_me"
	case rest.begins("off", "of"), rest.begins("out", "of"), rest.begins("off", "from"):
		return named("remove_me", isList(rest[2:]))
	case rest.begins("off"):
		return named("remove_me", isFinished(rest[1:]) || isList(rest[1:]))
	case rest.begins("from"):
		return named("remove_me", isList(rest[1:]) || rest.begins("from", "here") || rest.begins("from", "everything"))
	}
	return ""
}

// "I want to be removed from your list", "I asked to be unsubscribed".
func beRemoved(p phrase) string {
	rest, ok := p.one(isRemoved)
	if rest.begins("off") || rest.begins("from") {
		return named("remove_me", ok && isList(rest[1:]))
	}
	return named("remove_me", ok && isFinished(rest) && !p.begins("taken"))
}

// subject reads who is to be removed: me, my number, this phone number.
func subject(p phrase) (rest phrase, ok bool) {
	if rest, ok = p.one(isMe); ok {
		return rest, true
	}
	if len(p) == 0 || p[0].text != "my" && p[0].text != "this" && p[0].text != "our" {
		return p, false
	}
	if p = p[1:]; p.begins("line") || p.begins("device") {
		return p, false // a thing to remove, not a contact
	}
	return p.some(isNumberWord)
}

// isList reports "your text list", "the marketing list", "this group chat",
// but no waiting list, guest list or schedule.
func isList(p phrase) bool {
	rest := p.skip(isDeterminer)
	if head, ok := rest.skip(isListKind).one(isListHead); ok {
		return !head.begins("for")
	}
	rest, ok := rest.some(isMessage)
	return ok && isFinished(rest)
}

// "unsubscribe me", "unsubscribe from this", "I want to unsubscribe".
func unsubscribeRequest(p phrase) string {
	_, personal := object(p)
	return named("unsubscribe", personal || isFinished(p) || p.begins("myself"))
}

// "opt me out", "I want to opt out of these messages".
func optOutRequest(p phrase) string {
	rest := p[1:]
	if p[0].text != "optout" {
		rest, _ = rest.one(isMe)
		if !rest.begins("out") {
			return ""
		}
		rest = rest[1:]
	}
	if rest.begins("of") || rest.begins("from") {
		what := rest[1:].skip(isDeterminer)
		_, messages := what.some(isMessage)
		return named("opt_out", messages || len(what) == 0 || isList(what))
	}
	return named("opt_out", isFinished(rest))
}

// "don't text me anymore", "never contact me again", "don't send me any more
// messages", "I do not want your texts".
func negatedRequest(before, p phrase, t reading) string {
	if rest, ok := p.skip(isEmphasis).one(isWanting); ok {
		return unwanted(rest)
	}
	if len(before) > 0 && isSomebody(before[len(before)-1].text) {
		return "" // "you never text me anymore" is a complaint, no request
	}
	if p.begins("you", "ever") || p.begins("you", "dare") {
		p = p[2:]
	}
	p = p.skip(isEmphasis)
	if rest, kind := contacting(p); kind != byNothing {
		after, personal := object(rest)
		switch {
		case !isFinished(after), isForNow(after):
			return ""
		case kind == byCall: // "don't call me" alone is often "text me"
			return named("do_not_contact", isForever(after) && !t.prefersTexts())
		}
		return named("do_not_contact", personal || !isBother(p[0].text))
	}
	if rest, ok := p.one(isSending); ok {
		rest, _ = object(rest)
		things, _ := rest.skip(isDeterminer).some(isMessageOrStuff)
		return named("do_not_send", len(things) < len(p)-1 && isFinished(things))
	}
	return ""
}

// unwanted reads what follows "I don't want": "you to text me", "to receive
// messages", "any of your texts", "to be contacted", "to hear from you".
func unwanted(p phrase) string {
	if p.begins("to", "be", "on") || p.begins("to", "be", "in") {
		return named("not_wanted", isList(p[3:]))
	}
	if p.begins("to", "be") && len(p) > 2 && isContacted(p[2].text) {
		rest := p[3:]
		return named("not_wanted", isFinished(rest) || rest.begins("by"))
	}
	if p.begins("to", "hear", "from", "you") || p.begins("to", "hear", "from", "u") {
		return named("not_wanted", isFinished(p[4:]))
	}
	p = p.skip(isReceiving)
	if rest, kind := contacting(p); kind == byText {
		if after, ok := object(rest); ok {
			return named("not_wanted", !isLimited(after))
		}
	}
	if rest, ok := p.one(isSending); ok {
		p, _ = object(rest)
	}
	rest, ok := p.skip(isDeterminer).some(isMessage)
	return named("not_wanted", ok && (isFinished(rest) || rest.begins("about")))
}

// "no more texts please", "I no longer want these messages", "no texts".
func noRequest(before, p phrase) string {
	if p.begins("longer") {
		if rest, ok := p[1:].one(isWanting); ok {
			return unwanted(rest)
		}
		return ""
	}
	if courtesies(before) < len(before) || !p.begins("more") {
		return ""
	}
	rest := p[1:].skip(isDeterminer)
	things, ok := rest.some(isMessage)
	if !ok {
		things, ok = rest.one(isContacting)
		things, _ = object(things)
	}
	asked := p[len(p)-1].gap == gapQuestion
	return named("no_more", ok && !asked && isFinished(things))
}

// "leave me alone", "lose my number".
func leaveRequest(p phrase) string {
	switch {
	case p.begins("leave", "me", "alone"), p.begins("leave", "us", "alone"):
		rest := p[3:]
		return named("leave_alone", isFinished(rest) || rest.begins("and"))
	case p.begins("lose", "my", "number"), p.begins("lose", "this", "number"):
		return named("leave_alone", isFinished(p[3:]))
	}
	return ""
}

// "I revoke my consent", "I withdraw permission to text me".
func revokeRequest(p phrase) string {
	rest, ok := p.skip(isDeterminer).one(isPermission)
	if !ok {
		return ""
	}
	_, contact := rest.afterWord("to").one(isContactOrBe)
	return named("revoke_consent", isFinished(rest) || rest.begins("to") && contact)
}

// "I said stop", "I already replied STOP", "I already unsubscribed".
func alreadySaid(before, p phrase) string {
	if len(before) == 0 || !isI(before[len(before)-1].text) {
		return ""
	}
	rest := p[1:]
	switch p[0].text {
	case "unsubscribed":
		return named("said_stop", isFinished(rest))
	case "opted":
		return named("said_stop", rest.begins("out") && isFinished(rest[1:]))
	}
	rest = rest.afterWord("you").afterWord("already")
	return named("said_stop", rest.begins("stop") && isFinished(rest[1:]))
}

// "I told you to stop", "we asked you guys to stop".
func alreadyTold(p phrase) string {
	if !p.begins("you") && !p.begins("u") && !p.begins("yall") {
		return ""
	}
	rest := p[1:].afterWord("guys").afterWord("people").afterWord("already")
	return named("said_stop", rest.begins("to", "stop") && isFinished(rest[2:]))
}
