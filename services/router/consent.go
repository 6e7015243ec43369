package router

import (
	"cmp"
	"time"

	"smsflow/services/flow"
	"smsflow/services/sms"
)

// consent handles stop, start and help words, which come before everything else and cannot be configured away.
// Sources: CTIA Messaging Principles and Best Practices; FCC 47 CFR 64.1200(a)(10) and (12).
func (t *turn) consent(m *message, behind []flow.Inbound) (handled bool) {
	word, rule := sms.ConsentWord(m.Body, t.conv.State == flow.OptedOut, extraWords(t.cfg.Tenant.Settings))
	if word == sms.ConsentNone || (word != sms.ConsentStop && t.fromOurselves(m)) {
		return false
	}
	s := t.cfg.Tenant.Settings
	brand := cmp.Or(s.Brand, t.cfg.Tenant.Name)
	switch word {
	case sms.ConsentNone:
	case sms.ConsentStop:
		if t.conv.State == flow.OptedOut && t.conv.StopConfirmed {
			m.note("consent", "a stop word ("+rule+"); the contact had opted out before: no second confirmation")
		} else {
			m.note("consent", "a stop word ("+rule+"): opted out, confirmed once")
			t.send(m, "", "", cmp.Or(s.StopText, brand+": You have opted out and will get no more messages. Reply START to opt in again."), true)
		}
		t.conv.State, t.conv.StateReason, t.conv.OptedIn, t.conv.StopConfirmed = flow.OptedOut, "stop word: "+rule, false, true
		t.conv.HandedOffAt = time.Time{}
		t.finish(m, flow.OutcomeOptedOut)
	case sms.ConsentStart:
		if t.stopWaits(behind) {
			m.note("consent", "a start word ("+rule+"), but a stop word has come in behind it: nothing is sent")
			t.finish(m, flow.OutcomeOptedOut)
			return true
		}
		m.note("consent", "a start word ("+rule+"): opted in")
		if t.conv.State == flow.OptedOut {
			t.conv.State, t.conv.StateReason, t.conv.StopConfirmed = flow.Automated, "", false
		}
		t.conv.OptedIn = true
		t.send(m, "", "", cmp.Or(s.StartText, brand+": You have opted in to messages. Reply HELP for help, STOP to opt out."), true)
		t.finish(m, flow.OutcomeOptedIn)
	case sms.ConsentHelp:
		m.note("consent", "a help word ("+rule+"): told who we are and how to stop")
		help := brand + ": "
		if s.HelpContact != "" {
			help += "For help contact " + s.HelpContact + ". "
		}
		t.send(m, "", "", cmp.Or(s.HelpText, help+"Reply STOP to opt out."), true)
		t.finish(m, flow.OutcomeHelpSent)
	}
	return true
}

// stopWaits says whether a stop word stands among the messages behind one that waits for an effect: it must not wait too.
func (t *turn) stopWaits(behind []flow.Inbound) bool {
	for _, in := range behind {
		if word, _ := sms.ConsentWord(in.Body, false, extraWords(t.cfg.Tenant.Settings)); word == sms.ConsentStop {
			return true
		}
	}
	return false
}

func extraWords(s flow.Settings) sms.ExtraWords {
	return sms.ExtraWords{Stop: s.StopWords, Start: s.StartWords, Help: s.HelpWords}
}
