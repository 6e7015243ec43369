package engine

import "smsflow/services/flow"

// handOff gives the conversation to a person.
type handOff struct {
	note, text flow.Text
}

func newHandOff(spec *flow.HandOff) (stepper, error) {
	note, err := parseText("note", spec.Note)
	if err != nil {
		return nil, err
	}
	text, err := parseText("text", spec.Text)
	return &handOff{note: note, text: text}, err
}

func (a *handOff) advance(t *turn, s *step) result {
	r := result{is: flow.StepDone, detail: "handed off to a person", follows: handOver, note: t.render(a.note)}
	if flow.Blank(r.note) {
		r.note = s.name + ` of the workflow "` + t.p.rev.Name + `"`
	}
	if !a.text.Empty() {
		detail, _ := t.send(s.id, t.render(a.text), MaxSegments)
		r.detail += "; " + detail
	}
	return r
}
