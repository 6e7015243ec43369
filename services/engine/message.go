package engine

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"smsflow/services/flow"
)

// MaxInput bounds what an event repeats of a message, in characters.
const MaxInput = 160

// prepared is what many programs would work out from the same facts.
type prepared struct {
	message string
	words   words
	zone    string
	loc     *time.Location
}

// Prepare works out once what every program would work out for itself from a message and a time zone, for a host that
// tries many programs with one message. It changes nothing but the speed.
func (f Facts) Prepare() Facts {
	p := &prepared{message: f.Message, words: foldWords(flow.Cut(f.Message, MaxMessage)), zone: f.Zone}
	p.loc, _ = flow.LoadZone(f.Zone)
	f.prepared = p
	return f
}

// message gives the message's words.
func (t *turn) message() words {
	if p := t.facts.prepared; p != nil && p.message == t.facts.Message {
		return p.words
	}
	if t.words == "" {
		t.words = foldWords(flow.Cut(t.facts.Message, MaxMessage))
	}
	return t.words
}

// input is what an event shows of the message.
func (t *turn) input() string { return excerpt(t.facts.Message, MaxInput) }

// excerpt is a text as an event may hold it: without control characters and not longer than limit.
func excerpt(s string, limit int) string {
	short := flow.Cut(s, limit)
	if len(short) < len(s) {
		short = flow.Cut(s, limit-1) + "…"
	}
	return clean(short)
}

// clean takes out of a text what must not be sent or stored: control characters but line feeds, and what is not
// UTF-8. A tab becomes a space: GSM-7 has none, so one tab would halve the room of a text. White space at both ends
// goes too.
func clean(s string) string {
	if dirty(s) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
		s = strings.Map(func(r rune) rune {
			switch {
			case r == '\t':
				return ' '
			case r == '\r':
				return '\n'
			case r != '\n' && unicode.IsControl(r):
				return -1
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

func dirty(s string) bool {
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return true
			}
		case r != '\n' && unicode.IsControl(r):
			return true
		}
	}
	return false
}

// render puts the variables into a text and cleans it.
func (t *turn) render(text flow.Text) string { return clean(text.Render(t.value)) }

// value gives a variable's value; empty: it has none.
func (t *turn) value(name string) string {
	switch name {
	case flow.VarContactName:
		return t.variable("name")
	case flow.VarContactNumber:
		return t.facts.Contact
	case flow.VarMessageText:
		return t.facts.Message
	case flow.VarWorkflowName:
		return t.p.rev.Name
	case flow.VarTenantName:
		return t.facts.TenantName
	case flow.VarTenantNumber:
		return t.facts.TenantNumber
	default:
		return t.variable(strings.TrimPrefix(name, flow.VarsPrefix))
	}
}

// variable gives a variable of the conversation as the steps before have left it.
func (t *turn) variable(name string) string {
	for _, v := range slices.Backward(t.out.Vars) {
		if v.Name == name {
			return v.Value
		}
	}
	return t.facts.Vars[name]
}
