package engine

import (
	"slices"
	"strconv"

	"smsflow/services/flow"
)

// tagContact puts a tag on the contact, or takes it off.
type tagContact struct {
	tag    string
	remove bool
}

func (a *tagContact) advance(t *turn, _ *step) result {
	tags := t.tags()
	r := result{is: flow.StepDone}
	has := slices.Contains(tags, a.tag)
	switch {
	case a.remove && !has:
		r.detail = `the contact does not have the tag "` + a.tag + `"`
		return r
	case a.remove:
		r.detail = `took the tag "` + a.tag + `" off`
	case has:
		r.detail = `the contact has the tag "` + a.tag + `" already`
		return r
	case len(tags) >= flow.MaxTags:
		r.is = flow.StepError
		r.detail = `did not put the tag "` + a.tag + `" on: the contact has ` + strconv.Itoa(len(tags)) + " tags, which is the most that is kept"
		return r
	default:
		r.detail = `put the tag "` + a.tag + `" on`
	}
	t.out.Tags = append(t.out.Tags, Tag{Name: a.tag, Remove: a.remove})
	return r
}
