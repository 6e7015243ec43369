package sms_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"smsflow/services/sms"
)

func TestConsentWordsWhole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body     string
		optedOut bool
		want     sms.Consent
	}{
		{"STOP", false, sms.ConsentStop},
		{"stop", false, sms.ConsentStop},
		{"sToP", false, sms.ConsentStop},
		{"StopAll", false, sms.ConsentStop},
		{"stop all", false, sms.ConsentStop},
		{"STOP-ALL", false, sms.ConsentStop},
		{"UNSUBSCRIBE", false, sms.ConsentStop},
		{"Cancel", false, sms.ConsentStop},
		{"END", false, sms.ConsentStop},
		{"quit", false, sms.ConsentStop},
		{"REVOKE", false, sms.ConsentStop},
		{"OPTOUT", false, sms.ConsentStop},
		{"opt out", false, sms.ConsentStop},
		{"OPT-OUT", false, sms.ConsentStop},
		{"opt\u2013out", false, sms.ConsentStop},
		{"opt \t  out", false, sms.ConsentStop},
		{"opt\u00A0out", false, sms.ConsentStop},
		{"ARRET", false, sms.ConsentStop},
		{"Arrêt", false, sms.ConsentStop},
		{"ARRE\u0302T", false, sms.ConsentStop}, // the circumflex as a character of its own
		{"arrete", false, sms.ConsentStop},
		{"ARRÊTE", false, sms.ConsentStop},
		{"  stop \r\n", false, sms.ConsentStop},
		{"\u3000stop\u2003", false, sms.ConsentStop},
		{"STOP.", false, sms.ConsentStop},
		{"STOP!!!", false, sms.ConsentStop},
		{"stop?", false, sms.ConsentStop},
		{"...stop...", false, sms.ConsentStop},
		{"\"STOP\"", false, sms.ConsentStop},
		{"'stop'", false, sms.ConsentStop},
		{"“Stop”", false, sms.ConsentStop},
		{"‘stop’", false, sms.ConsentStop},
		{"«stop»", false, sms.ConsentStop},
		{"*STOP*", false, sms.ConsentStop},
		{"(stop)", false, sms.ConsentStop},
		{"#stop", false, sms.ConsentStop},
		{"STOP 🛑", false, sms.ConsentStop},
		{"🛑🛑STOP🛑🛑", false, sms.ConsentStop},
		{"STOP ✋🏽", false, sms.ConsentStop},
		{"👨‍👩‍👧 stop", false, sms.ConsentStop},
		{"STOP ❗️", false, sms.ConsentStop},
		{"STOP ℹ️", false, sms.ConsentStop},
		{"1️⃣ STOP", false, sms.ConsentStop},
		{"ＳＴＯＰ", false, sms.ConsentStop},
		{"ｓｔｏｐ！", false, sms.ConsentStop},
		{"🅂🅃🄾🄿", false, sms.ConsentStop},
		{"𝐒𝐓𝐎𝐏", false, sms.ConsentStop},
		{"\u200BST\u200BOP\uFEFF", false, sms.ConsentStop},
		{"\u202ASTOP\u202C", false, sms.ConsentStop},
		{"STOP" + strings.Repeat(" ", 3000), false, sms.ConsentStop},
		{"STOP" + strings.Repeat("🛑", 3000), false, sms.ConsentStop},
		{"stop", true, sms.ConsentStop},

		{"START", false, sms.ConsentStart},
		{"start!", true, sms.ConsentStart},
		{"UnStop", false, sms.ConsentStart},
		{"YES", true, sms.ConsentStart},
		{"yes.", true, sms.ConsentStart},
		{"Yes", false, sms.ConsentNone},
		{"yes please", true, sms.ConsentNone},

		{"HELP", false, sms.ConsentHelp},
		{"help?", false, sms.ConsentHelp},
		{"İnfo", false, sms.ConsentHelp}, // a Turkish keyboard's capital
		{"INFO", false, sms.ConsentHelp},
		{"Aide", false, sms.ConsentHelp},

		{"", false, sms.ConsentNone},
		{" ", false, sms.ConsentNone},
		{"🛑", false, sms.ConsentNone},
		{"...", false, sms.ConsentNone},
		{"\"\"", false, sms.ConsentNone},
		{"stopping", false, sms.ConsentNone},
		{"nonstop", false, sms.ConsentNone},
		{"STOP 12345", false, sms.ConsentNone},
		{"STOP 5", false, sms.ConsentNone},
		{"stop2end", false, sms.ConsentNone},
		{"help me find a plumber", false, sms.ConsentNone},
		{"more info", false, sms.ConsentNone},
		{"the end", false, sms.ConsentNone},
		{"start over", false, sms.ConsentNone},
		{"cancel my appointment", false, sms.ConsentNone},
		{"please cancel", false, sms.ConsentNone},
		{"\xff\xfe", false, sms.ConsentNone},
	} {
		got, rule := sms.ConsentWord(c.body, c.optedOut, sms.ExtraWords{})
		if got != c.want {
			t.Errorf("%q (opted out %v): %q by %q, want %q", c.body, c.optedOut, got, rule, c.want)
		}
		if (got == sms.ConsentNone) != (rule == "") {
			t.Errorf("%q: consent %q with rule %q", c.body, got, rule)
		}
		if got != sms.ConsentNone && !strings.HasPrefix(rule, "word ") {
			t.Errorf("%q: decided by %q, want a whole word", c.body, rule)
		}
	}
}

func TestConsentPhrasesThatStop(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"stop texting me",
		"Stop texting me!",
		"STOP TEXTING ME",
		"ｓｔｏｐ　ｔｅｘｔｉｎｇ　ｍｅ",
		"please stop texting me",
		"Pls stop texting",
		"stop texting",
		"stop texting, please",
		"stop text me",
		"stop fucking texting me",
		"stop texting me about the sale",
		"stop texting me this is the wrong number",
		"stop messaging us",
		"Stop contacting this number.",
		"stop contacting me on my phone",
		"stop harassing me or I will report you",
		"stop spamming my phone",
		"quit texting me",
		"cease contacting me immediately",
		"stop calling me",
		"stop calling and texting me",
		"can you stop texting me",
		"Could you please stop texting me?",
		"will you stop texting me",
		"You need to stop texting me",
		"I want you to stop texting me",
		"i told you to stop texting me",
		"I said stop texting me",
		"wrong number stop texting me",
		"Wrong number. Please stop texting me.",
		"i dont know you please stop texting me",
		"not interested stop texting me",
		"Thanks for the info, but stop texting me",
		"Hi,\nstop texting me\nThanks",
		"“Stop texting me”",
		"stop texting me in the future",
		"stop texting me at this number",

		"stop sending me texts",
		"stop sending me these messages",
		"stop sending messages",
		"stop sending me this",
		"stop sending these",
		"stop sending text messages to this number",
		"stop sending me stuff",
		"please stop sending me promotional messages about cars",
		"stop the texts",
		"stop these messages please",
		"stop all text messages",
		"stop your messages",
		"Stop with the texts",
		"stop sms",
		"how do i stop these texts?",
		"How can I stop your messages",

		"remove me",
		"please remove me",
		"remove me from your list",
		"Remove me from this list!",
		"Please remove my number from your database",
		"remove my phone number",
		"remove this number from your contact list",
		"can you remove me from your marketing list?",
		"take me off your list",
		"take me off this list",
		"take me off",
		"take me off of your mailing list",
		"take my number off your list",
		"take my name out of your system",
		"get me off this list",
		"delete my number",
		"delete me from your list please",
		"drop me from your text list",
		"I'd like you to remove me from the list",

		"unsubscribe me",
		"unsubscribe please",
		"please unsubscribe",
		"Please unsubscribe me from this",
		"unsubscribe from these texts",
		"I want to unsubscribe",
		"i would like to unsubscribe",
		"how do I unsubscribe?",
		"unsubcribe",
		"can you unsubscribe me",
		"I'm trying to unsubscribe",

		"opt me out",
		"I want to opt out",
		"please opt out",
		"I'd like to opt out of these messages",
		"I am opting out",
		"opt out of texts",
		"opt me out of all future messages",

		"don't text me",
		"don’t text me anymore",
		"Dont text me again",
		"do not text me",
		"Please don't text me anymore",
		"please do not contact me again",
		"never text me again",
		"DO NOT CONTACT",
		"do not call or text me",
		"don't message this number",
		"don't text this number ever again",
		"don't send me any more texts",
		"don't send me messages",
		"do not send me anymore messages please",
		"never send me texts again",

		"I don't want these texts",
		"i dont want your messages anymore",
		"I do not want to receive messages",
		"I don't want to receive text messages from you",
		"I no longer want these messages",
		"i no longer wish to receive texts",
		"I don't want you to text me",
		"I dont want you texting me",
		"I don't wish to be contacted",
		"we do not want to be texted anymore",
		"I don't want to get any more of your texts",
		"I do not consent to receiving messages",
		"I don't want to hear from you again",

		"no more texts",
		"no more texts please",
		"No more messages, please",
		"please no more text messages",
		"ok no more texting me",
		"No thanks, no more texts",

		"leave me alone",
		"please leave me alone",
		"LEAVE ME ALONE!!!",
		"lose my number",

		"I revoke my consent",
		"I withdraw my permission to text me",
		"i said stop",
		"I already replied STOP",
		"I told you to stop",
		"I already unsubscribed",

		"please stop",
		"Stop please",
		"ok stop",
		"STOP STOP STOP",
		"stop stop",
		"stop unsubscribe",
		"STOPPPP",
		"s t o p",
		"S.T.O.P.",
		"stop it",
		"stop now",
		"yes please stop",
		"STOP thanks",
		"Wrong number. STOP",
		"STOP. Not interested",
		"wrong number, stop",
		"STOP\n\nSent from my phone",
		"Stop! You have the wrong person",
		"who is this? stop",
		"STOP “Sale today! Reply STOP to opt out”",

		"cease and desist all communications",
		"Cease and desist",
		"Take my contact info off please",
		"I asked to be removed from your list a few times. Stop the messages.",
		"please remove me from your text messages, i've asked three times",
		"I want to be removed",
		"I would like to be removed from this list",
		"Hello, please stop sending texts to this phone. Thank you",
		"Please do not send any more messages to this number",
		"kindly stop messaging",
		"stop with these messages already",
		"You have the wrong number, please take me off your list",
		"I never signed up for this. Remove me.",
		"this is the wrong number please stop",
		"omg stop texting me already",
		"Can you guys please stop",
		"plz stop txting me",
		"who is this? stop texting me",
		"Stop texting this number, Bob died in March",
		"Not interested. Please don't text again.",
		"do not text this number",
		"I'm not interested, stop messaging me",
		"stop contacting me!!! I will call my lawyer",
		"Quit sending me these damn texts",
		"ENOUGH. STOP TEXTING ME.",
		"I dont want to get these text messages any more",
		"I don't want any more texts",
		"dont contact me",
		"please don't contact me any further",
		"Do Not Text Me",
		"Take this number off your list",
		"Please delete my number from your contacts",
		"i would like to opt out please",
		"Opt me out of this",
		"how do i opt out",
		"unsubscribe my number",
		"please unsubscribe this number",
		"stop bothering me",
		"stop messaging",
		"stop text",
		"stop texts",
		"stop spam",
		"please quit texting me",
		"Please stop the text messages",
		"I need you to stop texting me",
		"I'd like to stop receiving these texts",
		"I want to stop receiving messages",
		"stop receiving texts",
		"how do I stop getting these texts",
		"please no more messages",
		"please stop messaging my phone",
		"stop it please",
		"Remove my number please",
		"get my number off your list",
		"don't you ever text me again",
		"dont ever contact me again",
		"never contact this number again",
		"I do not wish to be contacted",
		"I do not wish to receive further messages",
		"I do not want to be on this list",
		"I don't want to be on your list anymore",
		"Leave me alone or I'll call the police",
		"leave me alone please stop",
		"this is a landline stop texting",
		"I'm driving stop texting me",
		"wrong number dont text me again",
		"don't text, call me",
		"ok now stop",
	} {
		got, rule := sms.ConsentWord(body, false, sms.ExtraWords{})
		if got != sms.ConsentStop || !strings.HasPrefix(rule, "phrase ") {
			t.Errorf("%q: %q by %q, want stop by a phrase", body, got, rule)
		}
	}
}

func TestConsentPhrasesThatDoNotStop(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"We have got to STOP this bill",
		"STOP 12345",
		"don't stop by",
		"stop by tomorrow",
		"can you stop by tomorrow",
		"please stop by",
		"when do you stop serving lunch?",
		"stop in at 5",
		"which bus stop is it?",
		"I can't stop laughing",
		"The rain won't stop",
		"full stop",
		"pit stop",
		"stop at the corner and text me",
		"stop, look and listen",
		"Turn left. Stop. Then turn right.",
		"stop the bleeding how?",
		"Do I stop taking the pills?",
		"how do I cancel my appointment",
		"cancel my appointment please",
		"cancel that",
		"I need to cancel",
		"I quit smoking last year",
		"when does the sale end?",
		"in the end we liked it",

		"don't stop texting me",
		"please don't stop texting me",
		"do not stop texting me",
		"never stop texting me",
		"I don't want you to stop texting me",
		"my ex won't stop texting me",
		"he will not stop texting me",
		"she told him to stop texting me",
		"if you stop texting me I will be sad",
		"when do you stop sending me reminders",
		"why did you stop texting me",
		"did you stop sending me texts?",
		"My boss said \"stop texting me at work please\" yesterday",
		"stop texting me at night",
		"stop texting me after 9pm",
		"stop texting me so early",
		"stop texting me this late",
		"stop texting me in the middle of the night",
		"stop texting me twice",
		"stop texting and driving",
		"stop texting my wife",
		"stop texting all my friends",
		"stop calling me, text me instead",
		"stop sending me emails",
		"stop sending invoices to the old address",
		"stop sending messages to my sister",
		"how do I stop messages being deleted",

		"remove me from the waiting list",
		"take me off the waitlist",
		"take me off the guest list",
		"remove me from the schedule",
		"remove me from the list for Tuesday",
		"remove the stain",
		"remove the dent from my car",
		"take me to the airport",
		"get me a quote",
		"get me off at the next station",
		"delete my last order",
		"don't remove me from your list",
		"did you remove me from your list?",
		"take my number and call me",
		"take me off hold",

		"don't unsubscribe me",
		"I don't want to unsubscribe",
		"what happens if I unsubscribe",
		"did you unsubscribe me?",
		"Reply STOP to unsubscribe",
		"Text STOP to opt out",
		"Reply STOP2END to opt out",
		"click here to unsubscribe",
		"Sale today! Reply STOP to opt out.",
		"Liked “Sale today! Reply STOP to opt out”",
		"Laughed at \"Come in today. Reply STOP to unsubscribe\"",
		"👍 to “Your table is ready. Text STOP to stop texts”",
		"Reply HELP for help, STOP to cancel",
		"no more texts to my phone at night",
		"please remove this line",
		"can you remove my device",
		"Stop? What do you mean",
		"Where do I get off? Stop?",
		"\"stop texting me now please\" was what she wrote",
		"“Please stop texting me” – is that from you?",
		"can I opt out of the warranty plan?",
		"I opted out of college",
		"I don't want to opt out",

		"don't text me while I'm driving",
		"don't text me at work",
		"dont text me right now",
		"don't text me pictures",
		"don't text me back until noon",
		"do not text and drive",
		"you never text me anymore",
		"why don't you text me",
		"if you don't text me I will come by",
		"I never text",
		"don't call me, text me",
		"please don't forget to text me",
		"don't send me the bill yet",
		"don't send me the invoice by mail",
		"don't send texts to my wife",
		"I don't want to miss your texts",
		"I don't want the large one",
		"I don't want to wait",
		"I no longer want the blue one",
		"I do not agree with the bill",
		"I don't want this message to be lost",
		"there are no more texts to read",
		"I have no more messages",
		"no more messages?",
		"no more sugar please",
		"he won't leave me alone",
		"don't leave me alone",
		"leave me a message",
		"leave me alone with the menu for a minute",
		"I lost my number",
		"revoke my license?",
		"you said stop",
		"he told me to stop",
		"I told you to stop by",

		"Can you stop by and take a look at my sink?",
		"please stop the delivery",
		"stop my order",
		"Stop payment on check 1022",
		"How do I stop a payment?",
		"stop my service",
		"I want to cancel my order",
		"Please cancel my 3pm",
		"end my subscription",
		"when does it end",
		"I quit",
		"unsubscribe is not working",
		"the bus doesn't stop here",
		"bus stop 5",
		"stop sign on Main",
		"non stop flights to Denver?",
		"is it a one stop shop",
		"my dog won't stop barking can you help",
		"make it stop hurting",
		"doctor told me to stop the medication, what now?",
		"should I stop taking ibuprofen before surgery?",
		"Can I stop the treatment?",
		"Remove the appointment from Tuesday",
		"take me off the schedule for Friday",
		"take me out of the 5pm class",
		"remove me from tomorrow's class",
		"Please remove item 2 from my order",
		"get me a table for two",
		"get me in today",
		"I'll take two",
		"take my order",
		"Take my name down for 5pm",
		"get my phone fixed",
		"drop my phone off at 5?",
		"can I drop my phone off at your store",
		"pick up and drop off my phone",
		"delete my account",
		"delete the message I sent before",
		"leave my number on the list",
		"I'd like to leave my number",
		"do not call before 9",
		"Don't call me, I'm at work",
		"please don't call",
		"no calls please",
		"Please text me instead of calling",
		"call me",
		"don't forget me",
		"I do not want pickles",
		"I don't want to cancel",
		"I no longer need the appointment",
		"no longer interested in the blue one",
		"no more slots?",
		"No more appointments on Friday?",
		"opt for the large one",
		"How do I opt in?",
		"I opt for delivery",
		"what info do you need",
		"I need help with my order",
		"help! my sink is leaking",
		"start the process",
		"when do we start",
		"Yes stop by anytime",
		"ok stop by",
		"OK, I will stop at the office",
		"please stop the water, it's flooding!",
		"stop lol",
		"I said yes",
		"I told you yesterday",
		"tell him to stop",
		"they asked me to stop",
		"I texted you yesterday",
		"I sent the message to you",
		"I got your text",
		"I dont get your texts",
		"I don't get the reminders",
		"I didn't receive any messages",
		"why am I not receiving texts",
		"I stopped receiving your texts",
		"did my texts stop sending?",
		"my phone stopped sending messages",
		"Why do my messages stop sending",
		"text me",
		"message me later",
		"don't send it to my old address",
		"please don't send the plumber",
		"do not send anyone",
		"Don't send me to voicemail",
		"leave it at the door",
		"Leave me a message",
		"leave me out of it",
		"can you take me off hold",
		"Do I need to bring my phone",
		"lose weight program info",
		"is my number on your list?",
		"put me on your list",
		"add me to your text list",
		"can you remove my stitches",
		"delete this",
		"Can I withdraw my application",
		"withdraw $50",
		"revoke my access",
		"Do you consent",
		"I consent",
		"I never text and drive",
		"never mind",
		"do not disturb",
		"please do not disturb the cat",
		"I never got a text",
		"you never text back",
		"don't message the group",
		"stop the car",
		"can you stop the alarm",
		"stop notifications on my door camera",
		"turn off reminders",
		"please send reminders",
		"stop and shop hours",
		"Don't Stop Believin",
		"I'd never want to be removed from your list",
		"please keep texting me",
		"I stop getting texts at night",
		"will I stop receiving reminders",
		"I unfollowed",
		"my messages stop sending",
		"no more!",

		"yes",
		"sure, text me anytime",
		"What are your hours?",
		"Tell me more about the offer",
		"no",
	} {
		got, rule := sms.ConsentWord(body, false, sms.ExtraWords{})
		if got != sms.ConsentNone {
			t.Errorf("%q: %q by %q, want none", body, got, rule)
		}
	}
}

func TestConsentExtraWordsAddAndNeverRemove(t *testing.T) {
	t.Parallel()
	extra := sms.ExtraWords{
		Stop:  []string{"Remove", "退订", "BAJA", "sign-off", "ÇIK", "help"},
		Start: []string{"JOIN", "stop", "stop texting me"},
		Help:  []string{"¿qué?", "stop", "Leave me alone"},
	}
	for body, want := range map[string]sms.Consent{
		"remove!":          sms.ConsentStop,
		"退订。":              sms.ConsentStop,
		"baja":             sms.ConsentStop,
		"SIGN OFF":         sms.ConsentStop,
		"çık":              sms.ConsentStop,
		"join":             sms.ConsentStart,
		"QUÉ":              sms.ConsentHelp,
		"STOP":             sms.ConsentStop,
		"help":             sms.ConsentHelp,
		"stop texting me":  sms.ConsentStop,
		"leave me alone":   sms.ConsentStop,
		"remove the stain": sms.ConsentNone,
		"joined":           sms.ConsentNone,
	} {
		if got, rule := sms.ConsentWord(body, false, extra); got != want {
			t.Errorf("%q: %q by %q, want %q", body, got, rule, want)
		}
	}
	if _, rule := sms.ConsentWord("Remove", false, extra); rule != "tenant word remove" {
		t.Errorf("rule %q", rule)
	}
	if got, _ := sms.ConsentWord("🛑", false, sms.ExtraWords{Stop: []string{"", "🛑"}}); got != sms.ConsentNone {
		t.Errorf("a word without letters matched a body without letters: %q", got)
	}
}

func TestExtraWordsValidate(t *testing.T) {
	t.Parallel()
	good := sms.ExtraWords{Stop: []string{"REMOVE", "exit", "stop"}, Start: []string{"JOIN"}, Help: []string{"?? aiuto"}}
	if err := good.Validate(); err != nil {
		t.Errorf("good words: %v", err)
	}
	for want, bad := range map[string]sms.ExtraWords{
		"stop[0]: has no letter":             {Stop: []string{"!!"}},
		"stop[1]: already means help":        {Stop: []string{"a", "help"}},
		"start[0]: already means stop":       {Stop: []string{"Remove"}, Start: []string{"REMOVE!"}},
		"help[0]: already means start":       {Help: []string{"yes"}},
		"stop[0]: has 41 characters":         {Stop: []string{strings.Repeat("x", 41)}},
		"start: 51 words; at most 50":        {Start: make([]string, 51)},
		"consent word: help[0]: has no lett": {Help: []string{""}},
	} {
		err := bad.Validate()
		if err == nil || !errors.Is(err, sms.ErrConsentWord) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestConsentIsBoundedOnLongBodies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("lovely weather today ", 1<<16)
	for body, want := range map[string]sms.Consent{
		strings.Repeat("lovely ", 200) + ". Stop texting me": sms.ConsentStop,
		strings.Repeat("lovely ", 300) + ". Stop texting me": sms.ConsentNone,
		"stop texting me. " + long:                           sms.ConsentStop,
		long + " stop texting me":                            sms.ConsentNone,
		"STOP" + strings.Repeat(" ", 1<<20):                  sms.ConsentNone,
		strings.Repeat(" ", 1<<20) + "STOP":                  sms.ConsentNone,
		strings.Repeat("x", 1596) + " stop":                  sms.ConsentNone,
		strings.Repeat("x ", 1596) + "stop it":               sms.ConsentNone,
		strings.Repeat("\u0301", 1<<16):                      sms.ConsentNone,
		"s" + strings.Repeat("\u0301", 1<<16):                sms.ConsentNone,
		strings.Repeat("stop texting ", 1<<12):               sms.ConsentNone,
		strings.Repeat("\"stop ", 1<<16):                     sms.ConsentNone,
		strings.Repeat("\uFDFA", 1<<16):                      sms.ConsentNone,
		strings.Repeat("dont you to ", 1<<16):                sms.ConsentNone,
		"\"" + strings.Repeat("a \" ", 1<<16):                sms.ConsentNone,
		strings.Repeat("remove my number ", 99):              sms.ConsentStop,
	} {
		if got, rule := sms.ConsentWord(body, false, sms.ExtraWords{}); got != want {
			t.Errorf("%.30q… of %d bytes: %q by %q, want %q", body, len(body), got, rule, want)
		}
	}
}

// consentWords are the built-in words, for the properties below.
func consentWords() map[string]sms.Consent {
	return map[string]sms.Consent{
		"stop": sms.ConsentStop, "stopall": sms.ConsentStop, "stop all": sms.ConsentStop,
		"unsubscribe": sms.ConsentStop, "cancel": sms.ConsentStop, "end": sms.ConsentStop,
		"quit": sms.ConsentStop, "revoke": sms.ConsentStop, "optout": sms.ConsentStop,
		"opt out": sms.ConsentStop, "opt-out": sms.ConsentStop, "arret": sms.ConsentStop,
		"arrêt": sms.ConsentStop, "arrete": sms.ConsentStop,
		"start": sms.ConsentStart, "unstop": sms.ConsentStart,
		"help": sms.ConsentHelp, "info": sms.ConsentHelp, "aide": sms.ConsentHelp,
	}
}

// disguise writes a text in random case and width.
func disguise(t *rapid.T, text string) string {
	var b strings.Builder
	for _, r := range text {
		if rapid.Bool().Draw(t, "upper") {
			r = []rune(strings.ToUpper(string(r)))[0]
		}
		if r > ' ' && r < 0x7F && rapid.Bool().Draw(t, "full width") {
			r += 0xFEE0
		}
		b.WriteRune(r)
	}
	return b.String()
}

func TestConsentWordsInAnyDress(t *testing.T) {
	t.Parallel()
	words := consentWords()
	keys := make([]string, 0, len(words))
	for word := range words {
		keys = append(keys, word)
	}
	dress := rapid.SliceOfN(rapid.SampledFrom([]string{
		" ", "\n", "\u00A0", "\u3000", ".", "!", "?", ",", "…", "\"", "'", "“", "”", "*", "-", "—", "(", ")",
		"🛑", "✋🏽", "❤️", "👨‍👩‍👧", "🇨🇦", "\u200B", "\uFEFF", "！", "。",
	}), 0, 8)
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(keys).Draw(t, "word")
		body := strings.Join(dress.Draw(t, "before"), "") + disguise(t, word) + strings.Join(dress.Draw(t, "after"), "")
		got, rule := sms.ConsentWord(body, rapid.Bool().Draw(t, "opted out"), sms.ExtraWords{})
		if got != words[word] || !strings.HasPrefix(rule, "word ") {
			t.Fatalf("%q: %q by %q, want %q", body, got, rule, words[word])
		}
	})
}

// Soup of the rules' own words meets every branch of them, at every end.
func TestConsentOfWordSoup(t *testing.T) {
	t.Parallel()
	words := strings.Fields(`stop stop stopp quit cease and desist remove delete take get my this number off from of
		your list text texts messages texting calling me us to here at on in unsubscribe opt out opted opting optout dont do not never
		no more longer want wanna you send sending leave alone lose revoke consent said told i asked be removed on
		please thanks now right any more again ever all about for good so much if he wont reply ok wrong number
		getting receiving hear from already guys group waiting the`)
	rapid.Check(t, func(t *rapid.T) {
		soup := rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(t, "words")
		gaps := rapid.SampledFrom([]string{" ", " ", " ", ", ", ". ", "? ", "\n", " \"", "-"})
		var b strings.Builder
		for _, w := range soup {
			b.WriteString(w + gaps.Draw(t, "gap"))
		}
		body := b.String()
		got, rule := sms.ConsentWord(body, false, sms.ExtraWords{})
		again, by := sms.ConsentWord(" \n"+disguise(t, body)+"\u3000", false, sms.ExtraWords{})
		if got != again || rule != by {
			t.Fatalf("%q: %q by %q, disguised %q by %q", body, got, rule, again, by)
		}
	})
}

func FuzzConsentWord(f *testing.F) {
	for _, seed := range []string{
		"", "STOP", "stop all", "ＳＴＯＰ", "yes", "help", "stop texting me", "please don't text me anymore",
		"remove me from your list", "We have got to STOP this bill", "STOP 12345", "don't stop by",
		"Liked “Sale! Reply STOP to opt out”", "i told you to stop", "opt", "opt out of", "remove", "take me off",
		"stop sending", "do not", "no more", "no longer want", "dont send", "i dont want to", "leave", "revoke my",
		"\xffstop\xff", "1️⃣", "\uFE0F", "\"\"\"", "stop\"a b c\"", "İı", "s\u0301top",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, body string, optedOut bool) {
		consent, rule := sms.ConsentWord(body, optedOut, sms.ExtraWords{})
		if (consent == sms.ConsentNone) != (rule == "") {
			t.Fatalf("%q: consent %q with rule %q", body, consent, rule)
		}
		if !utf8.ValidString(rule) {
			t.Fatalf("%q: rule %q is not UTF-8", body, rule)
		}
		if len(body) > 1000 || !utf8.ValidString(body) {
			return
		}
		for what, same := range map[string]string{
			"spaces around": "  " + body + "\n ",
			"upper case":    mapASCII(body, func(r rune) rune { return []rune(strings.ToUpper(string(r)))[0] }),
			"lower case":    mapASCII(body, func(r rune) rune { return []rune(strings.ToLower(string(r)))[0] }),
			"full width":    mapASCII(body, func(r rune) rune { return r + 0xFEE0 }),
		} {
			if got, by := sms.ConsentWord(same, optedOut, sms.ExtraWords{}); got != consent || by != rule {
				t.Fatalf("%q: %q by %q, but %q by %q with %s", body, consent, rule, got, by, what)
			}
		}
		with, _ := sms.ConsentWord(body, optedOut, sms.ExtraWords{Start: []string{body}, Help: []string{body}})
		if consent != sms.ConsentNone && with != consent {
			t.Fatalf("%q: %q became %q by a tenant's words", body, consent, with)
		}
	})
}

// mapASCII changes the ASCII letters of a text.
func mapASCII(s string, f func(rune) rune) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return f(r)
		}
		return r
	}, s)
}

func BenchmarkConsentWord(b *testing.B) {
	for name, body := range map[string]string{
		"Word":      "STOP",
		"Message":   "Hi there, I would like to know whether you have a table for four people on Saturday evening, and if your kitchen can do gluten free. Thanks a lot, Marianne",
		"Phrase":    "I have asked before, you have the wrong number: please remove me from your list",
		"NotASCII":  "Hola, ¿tienen mesa para cuatro el sábado por la noche? Gracias 🙏🏽",
		"Oversized": strings.Repeat("please do not stop by ", 1<<12),
		"Worst":     strings.Repeat("dont stop texting me to stop calling text me at ", 40),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sms.ConsentWord(body, false, sms.ExtraWords{})
			}
		})
	}
}
