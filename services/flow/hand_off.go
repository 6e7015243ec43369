package flow

// MaxNote is the length of a hand-off's note, before its variables are put in.
const MaxNote = 500

// HandOff is an action: a person takes over, and the automation pauses until the conversation is released. Note is for
// that person, Text goes to the contact if it is not empty; both may name variables.
//
//	id: to-a-person
//	hand_off:
//	  note: "Wants a refund: {{message.text}}"
//	  text: "A colleague will answer you soon."
type HandOff struct {
	Note string `json:"note,omitempty"`
	Text string `json:"text,omitempty"`
}

// Type is hand_off.
func (*HandOff) Type() StepType { return TypeHandOff }

// Check is false.
func (*HandOff) Check() bool { return false }

func (h *HandOff) validate(v *violations, path string) {
	v.template(path+".note", h.Note, MaxNote)
	v.template(path+".text", h.Text, MaxText)
}
