package flow

// TagContact is an action that puts a tag on the contact, or takes it off. The steps after it see that.
//
//	id: mark-lead
//	tag_contact: {tag: lead}
type TagContact struct {
	Tag    string `json:"tag"`
	Remove bool   `json:"remove,omitempty"`
}

// Type is tag_contact.
func (*TagContact) Type() StepType { return TypeTagContact }

// Check is false.
func (*TagContact) Check() bool { return false }

func (t *TagContact) validate(v *violations, path string) { v.tag(path+".tag", t.Tag) }
