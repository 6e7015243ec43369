package sms

import "strings"

// The word classes of the phrase rules, folded and without apostrophes.

// courtesy counts the leading words that add nothing to a request, 0 if the
// first one does.
func courtesy(p phrase) int {
	switch {
	case len(p) == 0:
		return 0
	case p.begins("wrong", "number"), p.begins("wrong", "person"), p.begins("not", "interested"),
		p.begins("thank", "you"), p.begins("right", "now"), p.begins("right", "away"), p.begins("for", "good"):
		return 2
	case p.begins("im", "not", "interested"):
		return 3
	case p.begins("i", "am", "not", "interested"):
		return 4
	case isPlease(p[0].text):
		return 1
	}
	switch p[0].text {
	case "ok", "okay", "k", "yes", "yeah", "no", "nope", "hi", "hey", "hello", "thanks", "thx", "ty", "sorry",
		"just", "now", "already", "immediately", "asap", "again", "forever", "period", "anymore",
		"sir", "maam", "guys", "bro", "man", "dude":
		return 1
	}
	return 0
}

// isStopped reports what may stand beside a lone stop word: "stop it", "stop
// text", "unsubscribe all".
func isStopped(w string) bool {
	switch w {
	case "it", "this", "all", "everything", "text", "texts", "txt", "txts", "sms", "message", "messages", "msg", "msgs":
		return true
	}
	return false
}

func isPermission(w string) bool {
	switch w {
	case "consent", "permission", "authorization", "authorisation":
		return true
	}
	return false
}

// isForNow reports what makes "don't text me" a matter of the moment.
func isForNow(p phrase) bool {
	return p.begins("now") || p.begins("right", "now") || p.begins("just", "now") || p.begins("yet")
}

func isPlease(w string) bool {
	switch w {
	case "pls", "plz", "plse", "pleese", "kindly":
		return true
	}
	return strings.HasPrefix(w, "please") && strings.TrimRight(w, "e") == "pleas"
}

// isStrongStop reports words that say stop even among courtesies. CANCEL, END
// and QUIT are not here: "please cancel" is more often about an appointment.
func isStrongStop(w string) bool {
	switch w {
	case "stop", "stopall", "unsubscribe", "unsub", "unsubcribe", "unsuscribe", "unsubscibe",
		"optout", "arret", "arrêt", "arrete", "arrête":
		return true
	}
	return strings.HasPrefix(w, "stopp") && strings.TrimRight(w, "p") == "sto"
}

// isContacting reports the -ing form of what we should stop.
func isContacting(w string) bool {
	switch w {
	case "texting", "textin", "texing", "txting", "messaging", "messagin", "msging", "contacting", "smsing",
		"spamming", "bothering", "harassing", "harrassing", "pestering", "soliciting", "bugging":
		return true
	}
	return false
}

// isContact reports its plain form.
func isContact(w string) bool {
	switch w {
	case "text", "txt", "message", "msg", "contact", "sms":
		return true
	}
	return false
}

// isBother reports what is a contact only with a person: "don't bother me",
// not "don't bother".
func isBother(w string) bool {
	switch w {
	case "spam", "bother", "harass", "pester", "solicit", "disturb":
		return true
	}
	return false
}

// isForever reports "again", "anymore", "ever".
func isForever(p phrase) bool {
	return p.begins("again") || p.begins("anymore") || p.begins("any", "more") || p.begins("ever")
}

// isGetting reports "stop getting texts".
func isGetting(w string) bool {
	switch w {
	case "getting", "receiving", "recieving":
		return true
	}
	return false
}

// isContacted reports its participle.
func isContacted(w string) bool {
	switch w {
	case "texted", "messaged", "contacted", "bothered", "spammed", "solicited", "disturbed":
		return true
	}
	return false
}

func isRemoved(w string) bool {
	switch w {
	case "removed", "unsubscribed", "deleted", "taken":
		return true
	}
	return false
}

func isContactOrBe(w string) bool {
	return isContact(w) || isReceiving(w) || isSending(w)
}

func isCalling(w string) bool { return w == "calling" || w == "call" }

func isSending(w string) bool {
	switch w {
	case "sending", "sendin", "send":
		return true
	}
	return false
}

func isReceiving(w string) bool {
	switch w {
	case "to", "you", "u", "yall", "guys", "be", "get", "getting", "receive", "receiving", "recieve", "have", "keep":
		return true
	}
	return false
}

func isWanting(w string) bool {
	switch w {
	case "want", "wanna", "wish", "consent", "agree":
		return true
	}
	return false
}

// isMessage reports what we send.
func isMessage(w string) bool {
	switch w {
	case "text", "texts", "txt", "txts", "message", "messages", "msg", "msgs", "sms", "mms", "spam",
		"notification", "notifications", "alert", "alerts", "reminder", "reminders",
		"promo", "promos", "promotion", "promotions", "ad", "ads", "solicitations",
		"marketing", "promotional", "automated", "communications":
		return true
	}
	return false
}

// isMessageOrStuff reports what "sending" can be said of as well.
func isMessageOrStuff(w string) bool {
	switch w {
	case "stuff", "things", "anything", "crap", "shit", "bs", "junk", "updates", "offers", "unsolicited", "unwanted":
		return true
	}
	return isMessage(w)
}

func isDeterminer(w string) bool {
	switch w {
	case "the", "these", "those", "this", "that", "your", "ur", "yalls", "all", "any", "of", "more", "anymore",
		"my", "such", "future", "further", "other", "with", "so", "many", "damn", "stupid", "annoying", "fucking":
		return true
	}
	return false
}

func isListKind(w string) bool {
	switch w {
	case "mailing", "contact", "call", "calling", "phone", "distribution", "subscriber", "subscription",
		"texting", "messaging", "telemarketing", "mass", "group":
		return true
	}
	return isMessage(w)
}

func isListHead(w string) bool {
	switch w {
	case "list", "lists", "database", "db", "system", "records", "contacts", "directory", "chat", "thread":
		return true
	}
	return false
}

func isMe(w string) bool {
	switch w {
	case "me", "us", "myself":
		return true
	}
	return false
}

func isNumberWord(w string) bool {
	switch w {
	case "number", "phone", "cell", "cellphone", "mobile", "name", "contact", "line", "device", "info":
		return true
	}
	return false
}

// isEmphasis reports words between "stop" and what to stop.
func isEmphasis(w string) bool {
	switch w {
	case "ever", "even", "all", "immediately", "now", "just", "fucking", "fuckin", "freaking", "damn", "bloody":
		return true
	}
	return isPlease(w)
}

// isEnding reports words after which a request is complete.
func isEnding(w string) bool {
	switch w {
	case "from", "ever", "further", "or", "because", "bc", "cuz":
		return true
	}
	return false
}

// isDegree reports what makes "so" and "this" a limit: so often, this late.
func isDegree(w string) bool {
	switch w {
	case "much", "many", "often", "early", "late", "frequently", "fast":
		return true
	}
	return false
}

// isSomebody reports subjects whose not texting is told, not asked for.
func isSomebody(w string) bool {
	switch w {
	case "i", "you", "u", "he", "she", "they", "we", "who", "it", "people", "why":
		return true
	}
	return false
}

// isI reports words before "said stop" that make it the texter's own saying.
func isI(w string) bool {
	switch w {
	case "i", "ive", "already", "we", "weve", "just", "have", "keep":
		return true
	}
	return false
}

// isDesire reports words before "to" that make an infinitive a request.
func isDesire(w string) bool {
	switch w {
	case "want", "wanted", "like", "need", "needs", "wish", "trying", "try", "you", "u", "guys", "how",
		"have", "going", "prefer", "ask", "asked", "asking", "choose", "love":
		return true
	}
	return false
}

// isInstruction reports verbs that quote a word to be sent.
func isInstruction(w string) bool {
	switch w {
	case "reply", "respond", "text", "txt", "send", "type", "say":
		return true
	}
	return false
}

// isTransparent reports words through which a denial reaches a request.
func isTransparent(w string) bool {
	switch w {
	case "to", "you", "u", "ever", "even", "just", "want", "wanted", "need", "have", "like", "wish", "mean", "meant",
		"will", "would", "can", "could", "should", "do", "really", "guys", "all", "going", "gonna", "i", "we", "me",
		"ask", "asked", "asking", "be", "trying", "ready":
		return true
	}
	return false
}

// isDenial reports words that take a request back, condition it, or make it
// somebody else's.
func isDenial(w string) bool {
	switch w {
	case "not", "dont", "doesnt", "didnt", "wont", "never", "cant", "cannot", "couldnt", "wouldnt", "shouldnt",
		"isnt", "aint", "havent", "hasnt", "nor", "without",
		"if", "unless", "when", "whenever", "until", "before", "after", "while", "whether", "why", "did", "does",
		"he", "she", "they", "him", "her", "them", "who", "it", "people", "everyone", "everybody", "someone",
		"somebody", "anyone", "nobody", "friends", "friend", "ex", "husband", "wife", "boyfriend", "girlfriend":
		return true
	}
	return false
}
