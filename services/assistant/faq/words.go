package faq

// isStopWord reports words that say nothing about what is asked: articles, pronouns, courtesy and the short forms of
// text messages. Words that tell a question's kind (where, when, much) are not among them: see group.
func isStopWord(w string) bool {
	switch w {
	case "a", "an", "the", "this", "that", "these", "those", "there", "here", "it", "its", "i", "im", "ive", "me", "my", "mine",
		"we", "us", "our", "ours", "you", "your", "yours", "u", "ur", "ya", "yall", "he", "she", "his", "her", "him", "they", "them", "their",
		"am", "is", "are", "r", "was", "were", "be", "been", "being", "do", "does", "did", "doing", "done", "dont", "don", "doesn", "didn",
		"have", "has", "had", "having", "haven", "hasn", "can", "cant", "could", "couldn", "will", "would", "wouldn", "shall", "should",
		"may", "might", "must", "isn", "aren", "wasn", "weren", "won", "let", "lets", "get", "got", "gets", "getting",
		"of", "in", "on", "at", "to", "for", "from", "by", "with", "about", "into", "as", "so", "than", "then", "too", "very", "up", "off",
		"out", "over", "via", "per", "and", "or", "but", "if", "not", "no", "nor", "also", "just", "only", "any", "some", "all", "each",
		"what", "whats", "wat", "which", "how", "hows", "why", "who", "whom", "whose",
		"please", "pls", "plz", "thanks", "thank", "thx", "ty", "hi", "hello", "hey", "hiya", "dear", "good", "morning", "afternoon",
		"evening", "sorry", "ok", "okay", "yes", "yeah", "yep", "sure", "bye", "regards", "guys", "folks", "everyone", "sir", "madam",
		"tell", "know", "knew", "need", "want", "wanna", "wanted", "like", "would've", "looking", "look", "ask", "asking", "question",
		"wonder", "wondering", "say", "says", "give", "gimme", "help", "info", "information", "details", "quick", "quickly", "possible",
		"possibly", "able", "possibility", "anything", "something", "someone", "anyone", "today", "tomorrow", "tonight", "now", "currently",
		"usually", "exactly", "actually", "really", "again", "still", "already", "maybe", "lol", "btw", "come", "coming", "go", "going", "gonna",
		"make", "made", "bad", "badly", "thing", "things", "lot", "bit", "use", "using", "many", "long", "s", "t", "m", "d", "ll", "re", "ve":
		return true
	}
	return false
}

// How much a question is about a term. A word that only tells the kind of question counts little beside the words that
// tell its matter; a holiday counts double, because the usual hours are no answer to a question for it.
const (
	hint    = 0.3
	usual   = 1.0
	decides = 2.0
)

// isGeneric reports stems of verbs that tell little of what a question is about.
func isGeneric(s string) bool {
	switch s {
	case "bring", "serv", "work", "start", "visit", "see", "allow", "send", "buy", "wait", "show", "happen", "expect", "try", "put", "set",
		"keep", "tak", "requir":
		return true
	}
	return false
}

// group gives the term of words that mean the same to a customer of a small business; an empty name: none of them.
func group(w string) (name string, weight float64) {
	switch w {
	case "hour", "hours", "hrs", "hr", "open", "opens", "opened", "opening", "openings", "close", "closes", "closed", "closing", "timing", "timings":
		return "hours", usual
	case "when", "whens", "time", "times", "early", "earliest", "late", "latest":
		return "hours", hint
	case "price", "prices", "priced", "pricing", "cost", "costs", "costing", "fee", "fees", "charge", "charges", "charged", "rate", "rates",
		"much", "expensive", "cheap", "cheaper", "cheapest", "afford", "affordable", "tariff", "quote", "estimate", "usd", "eur", "gbp",
		"dollar", "dollars", "euro", "euros", "pricelist":
		return price, usual
	case "address", "addresses", "location", "locations", "located", "locate", "direction", "directions", "situated", "find", "whereabouts", "near":
		return "address", usual
	case "where", "wheres", "whr":
		return "address", hint
	case "park", "parks", "parked", "parking", "garage", "garages", "carpark":
		return "parking", usual
	case "appointment", "appointments", "appt", "appts", "book", "books", "booked", "booking", "bookings", "reserve", "reserved",
		"reservation", "reservations", "schedule", "scheduled", "scheduling", "slot", "slots", "availability":
		return "appointment", usual
	case "cancel", "cancels", "canceled", "cancelled", "cancelling", "canceling", "cancellation", "cancellations", "cancelation",
		"reschedule", "rescheduled", "rescheduling", "postpone", "miss", "missed", "missing", "noshow":
		return "cancel", usual
	case "pay", "pays", "paid", "paying", "payment", "payments", "cash", "credit", "debit", "visa", "mastercard", "amex",
		"paypal", "installment", "installments", "instalments", "financing":
		return "pay", usual
	case "card", "cards":
		return "pay", hint // there are others
	case "insurance", "insurances", "insured", "insurer", "insurers", "insure", "coverage":
		return "insurance", usual
	case "emergency", "emergencies", "urgent", "urgently", "pain", "painful", "pains", "ache", "aching", "toothache", "hurt", "hurts",
		"hurting", "bleeding", "swollen":
		return "emergency", usual
	case "phone", "phones", "telephone", "tel", "call", "calls", "calling", "number", "numbers", "contact", "contacts", "reach", "email",
		"emails", "mail":
		return "contact", usual
	case "doctor", "doctors", "dr", "physician", "dentist", "dentists":
		return "doctor", usual
	case "accept", "accepts", "accepted", "accepting", "take", "takes", "taking":
		return "accept", hint
	case "offer", "offers", "offered", "provide", "provides", "service", "services", "sell", "sells":
		return "offer", usual
	case "deliver", "delivers", "delivered", "delivery", "deliveries", "ship", "ships", "shipped", "shipping", "dispatch":
		return "delivery", usual
	case "refund", "refunds", "refunded", "return", "returns", "returned", "returning":
		return "refund", usual
	case "child", "children", "kid", "kids", "baby", "babies", "toddler", "toddlers":
		return "child", usual
	case "pet", "pets", "dog", "dogs", "cat", "cats":
		return "pet", usual
	case "wheelchair", "accessible", "accessibility", "disabled", "disability":
		return "accessible", usual
	case "bus", "train", "tram", "subway", "metro", "transit", "station":
		return "transit", usual
	case "holiday", "holidays", "christmas", "xmas", "easter", "thanksgiving":
		return "holiday", decides
	}
	return day(w)
}

// names lists the terms that people misspell.
func names() []string {
	return []string{
		"hours", price, "address", "location", "parking", "appointment", "cancel", "payment", "insurance", "emergency", "contact",
		"doctor", "delivery", "refund", "children", "accessible", "holiday", "monday", "tuesday", "wednesday", "thursday", "friday",
		"saturday", "sunday",
	}
}

// day gives a day of the week, in the forms that people text.
func day(w string) (name string, weight float64) {
	switch w {
	case "mon", "monday", "mondays":
		return days(0), usual
	case "tue", "tues", "tuesday", "tuesdays":
		return days(1), usual
	case "wed", "weds", "wednesday", "wednesdays":
		return days(2), usual
	case "thu", "thur", "thurs", "thursday", "thursdays":
		return days(3), usual
	case "fri", "friday", "fridays":
		return days(4), usual
	case "sat", "saturday", "saturdays":
		return days(5), usual
	case "sun", "sunday", "sundays":
		return days(6), usual
	case "weekend", "weekends":
		return "weekend", usual
	case "weekday", "weekdays":
		return "weekday", usual
	}
	return "", 0
}
