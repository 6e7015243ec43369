package flow

import "strconv"

// ContactCondition is what ContactIs looks for.
type ContactCondition string

// The conditions.
const (
	ContactNew     ContactCondition = "new"
	ContactKnown   ContactCondition = "known"
	ContactTagged  ContactCondition = "tagged"
	ContactOptedIn ContactCondition = "opted_in"
)

// ContactIs is a check of who is texting: new (this is the contact's first message to the number), known (it is not),
// tagged, or opted_in (by a start word).
//
//	id: customers-only
//	on_fail: {action: stop}
//	contact_is: {condition: tagged, tag: customer}
type ContactIs struct {
	Condition ContactCondition `json:"condition"`
	Tag       string           `json:"tag,omitempty"` // with ContactTagged only
}

// Type is contact_is.
func (*ContactIs) Type() StepType { return TypeContactIs }

// Check is true.
func (*ContactIs) Check() bool { return true }

func (c *ContactIs) validate(v *violations, path string) {
	switch c.Condition {
	case ContactTagged:
		v.tag(path+".tag", c.Tag)
		return
	case ContactNew, ContactKnown, ContactOptedIn:
	case "":
		v.add(path+".condition", ViolationRequired, "is missing: choose new, known, tagged or opted_in")
		return
	default:
		v.add(path+".condition", ViolationUnknownValue, "is "+quoted(string(c.Condition))+": choose new, known, tagged or opted_in")
		return
	}
	if c.Tag != "" {
		v.add(path+".tag", ViolationUnexpected, "is set, but the condition is "+string(c.Condition)+": leave it empty, or choose the condition tagged")
	}
}

// MaxTag is the length of a tag.
const MaxTag = 40

// tag checks the name of a tag.
func (v *violations) tag(field, s string) {
	switch {
	case s == "":
		v.add(field, ViolationRequired, "is empty: name a tag")
	case !v.line(field, s, MaxTag):
	case !only(s, "_-"):
		v.add(field, ViolationBadFormat, "is "+quoted(s)+": use 1 to "+strconv.Itoa(MaxTag)+" of a-z, 0-9, \"_\" and \"-\"")
	}
}
