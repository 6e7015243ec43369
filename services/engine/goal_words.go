package engine

import "smsflow/services/flow"

// goalWords are the built-in words and phrases of a goal. A word stands here if it alone makes the goal likely; words
// that every kind of message may hold stand in phrases ("an opening", never "opening": opening hours are no booking).
// Plural forms in "s" count by themselves. false: there is no such goal.
func goalWords(goal flow.Goal) ([]string, bool) {
	switch goal {
	case flow.GoalGeneralInquiry:
		return nil, true
	case flow.GoalLeadCapture:
		return leadWords(), true
	case flow.GoalHelpDeskSupport:
		return supportWords(), true
	case flow.GoalSalesInquiry:
		return salesWords(), true
	case flow.GoalAppointmentBooking:
		return bookingWords(), true
	case flow.GoalFeedback:
		return feedbackWords(), true
	default:
		return nil, false
	}
}

// leadWords: someone who is not a customer yet wants to know what it costs, or to be called.
func leadWords() []string {
	return []string{
		"price", "pricing", "price list", "cost", "costing", "how much", "quote", "quotation", "estimate", "fee",
		"rates", "what do you charge", "how much do you charge", "affordable", "budget", "discount", "special offer",
		"promotion", "package", "free trial", "trial", "demo", "brochure",
		"I'm interested", "im interested", "am interested", "interested in", "would be interested",
		"more info", "more information", "more details", "learn more", "tell me more", "find out more", "know more about",
		"get started", "sign up", "signup", "sign me up", "enroll", "enrol", "register", "join",
		"call me", "call me back", "contact me", "get in touch", "reach me",
		"looking for", "thinking about", "do you offer", "do you provide",
		"new customer", "new client", "new patient", "free consultation",
	}
}

// supportWords: a customer has a problem with what they have.
func supportWords() []string {
	return []string{
		"help", "support", "assistance", "problem", "issue", "trouble", "error", "bug", "glitch", "urgent", "emergency",
		"broken", "broke", "not working", "isn't working", "isnt working", "doesn't work", "doesnt work", "does not work",
		"won't work", "wont work", "stopped working", "won't start", "wont start", "won't turn on", "wont turn on",
		"crash", "crashed", "crashing", "frozen", "freezing", "leaking", "is down", "outage",
		"fix", "repair", "troubleshoot", "troubleshooting", "technician",
		"log in", "login", "logging in", "sign in", "password", "locked out", "my account",
		"damaged", "defective", "faulty", "wrong item", "missing item",
		"refund", "where is my order", "where's my order", "wheres my order", "order status", "track my order",
		"not received", "haven't received", "havent received", "ticket", "customer service",
	}
}

// salesWords: someone wants to buy, and asks what there is and what it costs.
func salesWords() []string {
	return []string{
		"buy", "buying", "purchase", "purchasing", "place an order", "to order", "can I order", "like to order", "ordering",
		"price", "pricing", "price list", "cost", "how much", "quote", "quotation", "discount", "coupon", "promo code",
		"voucher", "special offer", "deal", "on sale", "for sale", "do you sell", "do you have any", "do you stock",
		"in stock", "out of stock", "catalog", "catalogue", "brochure", "bulk", "wholesale", "reseller", "distributor",
		"minimum order", "do you deliver", "do you ship", "shipping", "delivery fee", "lead time",
		"payment plan", "financing", "finance options", "lease", "installment", "instalment",
		"subscription", "subscribe", "upgrade", "license", "licence", "which plan", "demo", "free trial",
		"sales team", "talk to sales", "speak to sales", "sales rep",
	}
}

// bookingWords: someone wants a time, or another one.
func bookingWords() []string {
	return []string{
		"book", "booking", "booked", "appointment", "appt", "schedule", "scheduling", "scheduled",
		"reschedule", "rescheduling", "rescheduled", "reserve", "reserving", "reservation", "table for",
		"slot", "time slot", "availability", "any openings", "an opening", "next available", "earliest available",
		"soonest available", "available on", "available this", "available next", "available tomorrow", "available today",
		"are you free", "free tomorrow", "free today", "fit me in", "squeeze me in", "see me today", "come in for",
		"set up a time", "arrange a time", "find a time", "another time", "different time", "later time", "earlier time",
		"meeting", "consultation", "viewing", "check-up", "checkup", "cancel my visit", "postpone", "running late",
	}
}

// feedbackWords: someone says how it was.
func feedbackWords() []string {
	return []string{
		"feedback", "review", "rating", "testimonial", "survey", "suggestion", "complaint", "complain", "complaining",
		"compliment", "thank you", "thanks for", "thanks so much", "many thanks", "appreciate", "appreciated", "grateful",
		"great service", "good service", "great job", "good job", "well done", "great experience", "good experience",
		"excellent", "amazing", "awesome", "fantastic", "wonderful", "brilliant", "impressed", "love your", "love it",
		"loved", "recommend", "satisfied", "happy with", "five stars", "5 stars", "one star", "1 star",
		"unhappy", "not happy", "disappointed", "disappointing", "dissatisfied", "unsatisfied", "terrible", "awful",
		"horrible", "worst", "rude", "unprofessional", "poor service", "bad service", "bad experience", "unacceptable",
		"never again", "let down", "waste of",
	}
}
