//go:build linux

package faulttest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"smsflow/services/gateway/gatewaytest"
)

// What an inbound message asks for is its body's first word; the second is a name that no other message has. Every
// reply repeats the body behind a word that names the step, so that a ledger alone tells what a reply answers.
const (
	wordTalk  = "talk"  // three replies, the second one is the assistant's
	wordSay   = "say"   // one reply
	wordQuiet = "quiet" // no workflow takes it
	wordStop  = "STOP"  // alone: the contact opts out

	stepOne, stepTwo, stepThree = "one", "two", "three"
	stepOnly                    = "only"
	// fallback is the second step when the assistant has failed.
	fallback = "fallback"
	// confirmed is the whole answer to a stop word.
	confirmed = "You are out."
)

// stepsOf are the replies that a message asks for, in order; nil: the word is none of ours.
func stepsOf(body string) []string {
	word, _, _ := strings.Cut(body, " ")
	switch word {
	case wordTalk:
		return []string{stepOne, stepTwo, stepThree}
	case wordSay:
		return []string{stepOnly}
	case wordQuiet, wordStop:
		return []string{}
	default:
		if _, ok := faults()[word]; ok {
			return []string{stepTwo}
		}
		return nil
	}
}

// answered splits a reply into its step and the message that it answers.
func answered(reply string) (step, body string) {
	step, body, _ = strings.Cut(reply, " ")
	if step == fallback {
		step = stepTwo
	}
	return step, body
}

// kind is a sort of broken promise.
type kind string

const (
	lost      kind = "lost"       // acknowledged, and neither sent nor told of as not delivered
	double    kind = "double"     // sent more than once
	orphan    kind = "orphan"     // sent and not asked for
	foreign   kind = "foreign"    // sent to, from or through somebody else
	afterStop kind = "after stop" // sent to a contact who has opted out, or confirmed twice
	disorder  kind = "disorder"   // sent before what was accepted before
	twice     kind = "twice"      // one message acknowledged as two
	malformed kind = "malformed"  // a request that the gateway refused
)

// violation is one broken promise.
type violation struct {
	kind kind
	text string
}

// verdict is what the ledgers say.
type verdict struct {
	acks, sends, requests, listed int
	violations                    []violation
}

func (v *verdict) add(k kind, format string, args ...any) {
	v.violations = append(v.violations, violation{k, fmt.Sprintf(format, args...)})
}

func (v *verdict) count(kinds ...kind) int {
	n := 0
	for _, x := range v.violations {
		if slices.Contains(kinds, x.kind) {
			n++
		}
	}
	return n
}

// String says everything in one line, with the first few violations.
func (v *verdict) String() string {
	const shown = 12
	s := fmt.Sprintf("%d acks, %d requests, %d SMS, %d listed as not delivered, %d lost, %d double",
		v.acks, v.requests, v.sends, v.listed, v.count(lost), v.count(double))
	for i, x := range v.violations {
		if i == shown {
			return s + fmt.Sprintf("\n\t… and %d more", len(v.violations)-shown)
		}
		s += "\n\t" + string(x.kind) + ": " + x.text
	}
	return s
}

// evidence is what a verdict is made of.
type evidence struct {
	driver   []line
	gateways [][]gatewaytest.Entry
	// listed are the bodies of what the product lists as failed, or of which it does not know, by contact.
	listed map[reply]bool
	// shuffled: the driver did not wait for one acknowledgement of a contact before it submitted the next message.
	shuffled bool
}

// reply is one SMS to one contact.
type reply struct{ to, body string }

// slack is how long the call that carries an SMS may have been under way when the gateway noted it: one that began
// before a stop word was acknowledged cannot be called back.
const slack = time.Second

// asked is a message as the driver's ledger has it.
type asked struct {
	line
	place int // among its contact's
	acks  int
	first time.Time // of the acknowledgements
	fresh int       // acknowledgements that do not call it a repetition
	sent  map[string]int
}

// judge takes the verdict.
func judge(e evidence) *verdict {
	v := &verdict{listed: len(e.listed)}
	messages, stops := readDriver(v, e.driver)
	confirmations := map[string]int{}
	for at, entries := range e.gateways {
		reached := map[string][2]int{} // how far each contact has got
		for _, s := range entries {
			v.requests++
			if s.Fault != "" && !strings.HasPrefix(s.Fault, "body: ") { // a sender that died halfway
				v.add(malformed, "%s: %s", s.ID, s.Fault)
			}
			if !s.Sent {
				continue
			}
			v.sends++
			if s.Body == confirmed {
				confirmations[s.To]++
				if _, ok := stops[s.To]; !ok {
					v.add(orphan, "%s is told that it is out and never said so", s.To)
				}
				continue
			}
			if stop, ok := stops[s.To]; ok && !stop.first.IsZero() && s.Time.After(stop.first.Add(slack)) {
				v.add(afterStop, "%q to %s, %s after its stop word was acknowledged", s.Body, s.To, s.Time.Sub(stop.first))
			}
			step, body := answered(s.Body)
			m := messages[body]
			n := -1
			if m != nil {
				n = slices.Index(stepsOf(body), step)
			}
			if n < 0 {
				v.add(orphan, "%q to %s", s.Body, s.To)
				continue
			}
			if s.To != m.From || s.From != m.To || at != m.Gateway || m.Inbound != "" && s.InReplyTo != m.Inbound {
				v.add(foreign, "%q from %s to %s through gateway %d for %s, want %s, %s, %d, %s",
					s.Body, s.From, s.To, at, s.InReplyTo, m.To, m.From, m.Gateway, m.Inbound)
			}
			if m.sent[step]++; m.sent[step] > 1 {
				v.add(double, "%q, the %d. time", s.Body, m.sent[step])
				continue
			}
			// What a process sends that was frozen while it did may come late: then the product says that it does not know.
			unknown := e.listed[reply{s.To, s.Body}]
			if now, before := [2]int{m.place, n}, reached[s.To]; slices.Compare(now[:], before[:]) < 0 && !e.shuffled && !unknown {
				v.add(disorder, "%q comes after message %d, step %d, of %s", s.Body, before[0], before[1], s.To)
			} else {
				reached[s.To] = now
			}
		}
	}
	for _, m := range sorted(messages) {
		_, out := stops[m.From]
		for _, step := range stepsOf(m.Body) {
			told := e.listed[reply{m.From, step + " " + m.Body}] || step == stepTwo && e.listed[reply{m.From, fallback + " " + m.Body}]
			if m.acks > 0 && m.sent[step] == 0 && !told && !out {
				v.add(lost, "%s %s of %s, acknowledged at %s as %s", step, m.Body, m.From, m.first.Format(time.RFC3339Nano), m.Inbound)
			}
		}
	}
	for contact, stop := range stops {
		switch n := confirmations[contact]; {
		case n > 1:
			v.add(afterStop, "%s is told %d times that it is out", contact, n)
		case n == 0 && stop.acks > 0 && !e.listed[reply{contact, confirmed}]:
			v.add(lost, "the confirmation of the stop word of %s", contact)
		}
	}
	return v
}

// readDriver sorts the driver's ledger: ordinary messages by their body, stop words by their contact.
func readDriver(v *verdict, lines []line) (messages, stops map[string]*asked) {
	messages, stops = map[string]*asked{}, map[string]*asked{}
	places := map[string]int{}
	for _, l := range lines {
		where, key := messages, l.Body
		if l.Body == wordStop {
			where, key = stops, l.From
		}
		m := where[key]
		if m == nil {
			places[l.From]++
			m = &asked{line: l, place: places[l.From], sent: map[string]int{}}
			where[key] = m
		}
		if l.Deed != acked {
			continue
		}
		if m.acks++; m.acks == 1 {
			v.acks++
			m.first, m.Inbound = l.Time, l.Inbound
		}
		if !l.Duplicate {
			m.fresh++
		}
		if l.Inbound != m.Inbound || m.fresh > 1 {
			v.add(twice, "%q is acknowledged as %s and as %s, %d times as new", l.Body, m.Inbound, l.Inbound, m.fresh)
		}
	}
	return messages, stops
}

func sorted(messages map[string]*asked) []*asked {
	list := make([]*asked, 0, len(messages))
	for _, m := range messages {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *asked) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.place, b.place)) })
	return list
}

// TestVerdict: the judge finds what it is there to find, and nothing in ledgers that are as they should be.
func TestVerdict(t *testing.T) {
	t.Parallel()
	const us, ann, bob = "+14155550100", "+12125550101", "+12125550102"
	at := time.Date(2031, 5, 17, 9, 30, 0, 0, time.UTC)
	in := func(deed deed, from, body string) line {
		return line{Deed: deed, Time: at, ID: body, From: from, To: us, Body: body, Inbound: "in " + from + body}
	}
	out := func(to, body string) gatewaytest.Entry {
		e := gatewaytest.Entry{Time: at, Sent: true}
		_, of := answered(body)
		e.From, e.To, e.Body, e.InReplyTo = us, to, body, "in "+to+of
		return e
	}
	good := func() evidence {
		return evidence{
			driver: []line{
				in(submitted, ann, "talk a"), in(acked, ann, "talk a"), in(submitted, ann, "quiet b"), in(acked, ann, "quiet b"),
				in(submitted, ann, "say c"), in(acked, ann, "say c"), in(submitted, bob, "say d"), in(acked, bob, "say d"),
				in(submitted, bob, wordStop), in(acked, bob, wordStop), in(submitted, ann, "say e"),
			},
			gateways: [][]gatewaytest.Entry{{
				out(ann, "one talk a"), out(ann, "fallback talk a"), out(bob, "only say d"), out(ann, "only say c"), out(bob, confirmed),
			}},
			listed: map[reply]bool{{ann, "three talk a"}: true},
		}
	}
	if v := judge(good()); len(v.violations) > 0 || v.acks != 5 || v.sends != 5 {
		t.Fatalf("what is right: %s", v)
	}
	send := func(e *evidence, to, body string, change func(*gatewaytest.Entry)) {
		s := out(to, body)
		if change != nil {
			change(&s)
		}
		e.gateways[0] = append(e.gateways[0], s)
	}
	for _, c := range []struct {
		want  kind
		spoil func(e *evidence)
	}{
		{lost, func(e *evidence) { e.listed = nil }},
		{lost, func(e *evidence) { e.gateways[0] = e.gateways[0][1:] }},
		{lost, func(e *evidence) { e.gateways[0] = e.gateways[0][:4] }}, // the confirmation
		{double, func(e *evidence) { send(e, ann, "only say c", nil) }},
		{double, func(e *evidence) { send(e, ann, "two talk a", nil) }},
		{orphan, func(e *evidence) { send(e, ann, "only say f", nil) }},
		{orphan, func(e *evidence) { send(e, ann, "only quiet b", nil) }},
		{orphan, func(e *evidence) { send(e, ann, confirmed, nil) }},
		{foreign, func(e *evidence) { send(e, bob, "only say e", nil) }},
		{foreign, func(e *evidence) {
			send(e, ann, "three talk a", func(s *gatewaytest.Entry) { s.InReplyTo = "another" })
		}},
		{afterStop, func(e *evidence) {
			send(e, bob, "only say d", func(s *gatewaytest.Entry) { s.Time = at.Add(slack + time.Second) })
		}},
		{afterStop, func(e *evidence) { send(e, bob, confirmed, nil) }},
		{disorder, func(e *evidence) { e.gateways[0][1], e.gateways[0][3] = e.gateways[0][3], e.gateways[0][1] }},
		{twice, func(e *evidence) { e.driver = append(e.driver, in(acked, ann, "say c")) }},
		{twice, func(e *evidence) {
			again := in(acked, ann, "say c")
			again.Inbound, again.Duplicate = "another", true
			e.driver = append(e.driver, again)
		}},
		{malformed, func(e *evidence) { e.gateways[0][0].Fault = "the signature does not fit" }},
	} {
		e := good()
		c.spoil(&e)
		if v := judge(e); v.count(c.want) == 0 {
			t.Errorf("%s is not found: %s", c.want, v)
		}
	}
}
