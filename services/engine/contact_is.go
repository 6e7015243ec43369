package engine

import (
	"fmt"
	"slices"

	"smsflow/services/flow"
)

// contactIs looks at who is texting.
type contactIs struct {
	condition flow.ContactCondition
	tag       string
}

func newContactIs(spec *flow.ContactIs) (stepper, error) {
	switch spec.Condition {
	case flow.ContactNew, flow.ContactKnown, flow.ContactTagged, flow.ContactOptedIn:
		return &contactIs{condition: spec.Condition, tag: spec.Tag}, nil
	default:
		return nil, fmt.Errorf("unknown condition %q", spec.Condition)
	}
}

func (c *contactIs) advance(t *turn, _ *step) result {
	switch c.condition {
	case flow.ContactTagged:
		tags := t.tags()
		has := slices.Contains(tags, c.tag)
		if has {
			return checked(true, "tags: "+list(tags), `the contact has the tag "`+c.tag+`"`)
		}
		input := "no tags"
		if len(tags) > 0 {
			input = "tags: " + list(tags)
		}
		return checked(false, input, `the contact does not have the tag "`+c.tag+`"`)
	case flow.ContactOptedIn:
		if t.facts.OptedIn {
			return checked(true, "opted in", "the contact has opted in by a start word")
		}
		return checked(false, "not opted in", "the contact has not opted in by a start word")
	default:
		input, detail := "known contact", "the contact has texted this number before"
		if t.facts.NewContact {
			input, detail = "new contact", "this is the contact's first message to this number"
		}
		return checked(t.facts.NewContact == (c.condition == flow.ContactNew), input, detail)
	}
}

// tags are the contact's tags as the steps before have left them. The facts' own list is never changed.
func (t *turn) tags() []string {
	if len(t.out.Tags) == 0 {
		return t.facts.Tags
	}
	tags := slices.Clone(t.facts.Tags)
	for _, c := range t.out.Tags {
		if c.Remove {
			tags = slices.DeleteFunc(tags, func(have string) bool { return have == c.Name })
		} else {
			tags = append(tags, c.Name)
		}
	}
	return tags
}
