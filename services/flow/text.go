package flow

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxRendered bounds a text with its variables put in, in characters; what is beyond is cut.
const MaxRendered = 4_000

// The variables that a text may name, besides "vars." and a variable's own name.
const (
	VarContactName   = "contact.name" // the variable "name"
	VarContactNumber = "contact.number"
	VarMessageText   = "message.text"
	VarWorkflowName  = "workflow.name"
	VarTenantName    = "tenant.name"
	VarTenantNumber  = "tenant.number"
	// VarsPrefix begins the name of a conversation's variable: {{vars.email}}.
	VarsPrefix = "vars."
)

// Text is a text whose variables have been found: {{contact.name}}, or with a default {{vars.name|there}}. White space
// around the name and the default does not count. The names are a closed set, and what is put in is never looked at
// again: a contact who writes "{{tenant.name}}" gets those characters back.
type Text struct {
	parts []part
}

// part is a piece as it stands (name is empty) or a variable with its default.
type part struct {
	name    string
	literal string
}

const (
	opening = "{{"
	closing = "}}"
)

// ParseText finds the variables of a text. The violations have no Field: the caller knows it. With violations the Text
// is empty.
func ParseText(s string) (Text, []Violation) {
	var parts []part
	var bad []Violation
	for at := 0; at < len(s); {
		open := strings.Index(s[at:], opening)
		if open < 0 {
			parts = append(parts, part{literal: s[at:]})
			break
		}
		open += at
		if open > at {
			parts = append(parts, part{literal: s[at:open]})
		}
		inside := s[open+len(opening):]
		end, next := strings.Index(inside, closing), strings.Index(inside, opening)
		if end < 0 || next >= 0 && next < end {
			bad = append(bad, Violation{
				Reason: ViolationUnclosedVariable,
				Text:   `has "{{" without "}}" at character ` + position(s, open) + `: close it, or write "{" once`,
			})
			at = open + len(opening)
			continue
		}
		name, fallback, _ := strings.Cut(inside[:end], "|")
		name = strings.TrimSpace(name)
		if !knownVariable(name) {
			bad = append(bad, Violation{
				Reason: ViolationUnknownVariable,
				Text:   "names " + quoted(name) + " at character " + position(s, open) + ", which is no variable: use one of " + strings.Join(Variables(), ", "),
			})
		}
		parts = append(parts, part{name: name, literal: strings.TrimSpace(fallback)})
		at = open + len(opening) + end + len(closing)
	}
	if bad != nil {
		return Text{}, bad
	}
	return Text{parts: parts}, nil
}

// Variables lists what a text may name; NAME stands for a variable's own name.
func Variables() []string {
	return []string{
		VarContactName, VarContactNumber, VarMessageText, VarWorkflowName, VarTenantName, VarTenantNumber, VarsPrefix + "NAME",
	}
}

func knownVariable(name string) bool {
	switch name {
	case VarContactName, VarContactNumber, VarMessageText, VarWorkflowName, VarTenantName, VarTenantNumber:
		return true
	}
	own, ok := strings.CutPrefix(name, VarsPrefix)
	return ok && variableName(own)
}

// position is the place of a byte as people count: characters, from 1.
func position(s string, at int) string { return strconv.Itoa(utf8.RuneCountInString(s[:at]) + 1) }

// Empty says whether there is nothing to render.
func (t Text) Empty() bool { return len(t.parts) == 0 }

// Render puts the values in. value gives a variable's value by its name as in Variables; an empty one stands for a
// missing one, and then the default is taken. The result has at most MaxRendered characters.
func (t Text) Render(value func(name string) string) string {
	if len(t.parts) == 1 && t.parts[0].name == "" {
		return Cut(t.parts[0].literal, MaxRendered)
	}
	var b strings.Builder
	left := MaxRendered
	for _, p := range t.parts {
		s := p.literal
		if p.name != "" {
			if v := value(p.name); v != "" {
				s = v
			}
		}
		s = Cut(s, left)
		b.WriteString(s)
		if left -= utf8.RuneCountInString(s); left == 0 {
			break
		}
	}
	return b.String()
}
