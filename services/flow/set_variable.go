package flow

import "strconv"

// MaxVariableName is the length of a variable's name.
const MaxVariableName = 40

// SetVariable is an action that keeps a value for the contact, which may name variables and the message. The variable
// "name" is what {{contact.name}} shows. What it sets is seen by the steps after it.
//
//	id: keep-question
//	set_variable: {name: question, value: "{{message.text}}"}
type SetVariable struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// Type is set_variable.
func (*SetVariable) Type() StepType { return TypeSetVariable }

// Check is false.
func (*SetVariable) Check() bool { return false }

func (s *SetVariable) validate(v *violations, path string) {
	switch {
	case s.Name == "":
		v.add(path+".name", ViolationRequired, "is empty: name the variable")
	case !v.line(path+".name", s.Name, MaxVariableName):
	case !variableName(s.Name):
		v.add(path+".name", ViolationBadFormat, "is "+quoted(s.Name)+": begin with a-z, then up to "+strconv.Itoa(MaxVariableName-1)+" of a-z, 0-9 and \"_\"")
	}
	v.template(path+".value", s.Value, MaxVariableValue)
}

// variableName says whether s can name a variable.
func variableName(s string) bool {
	return s != "" && len(s) <= MaxVariableName && s[0] >= 'a' && s[0] <= 'z' && only(s, "_")
}
