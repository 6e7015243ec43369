package engine

import (
	"strconv"

	"smsflow/services/flow"
)

// setVariable keeps a value for the contact.
type setVariable struct {
	name  string
	value flow.Text
}

func newSetVariable(spec *flow.SetVariable) (stepper, error) {
	value, err := parseText("value", spec.Value)
	return &setVariable{name: spec.Name, value: value}, err
}

func (a *setVariable) advance(t *turn, _ *step) result {
	value := t.render(a.value)
	kept := clean(flow.Cut(value, flow.MaxVariableValue))
	r := result{is: flow.StepDone, detail: a.name + ` = "` + excerpt(kept, MaxInput) + `"`}
	if len(kept) < len(value) {
		r.detail += ", cut to " + strconv.Itoa(flow.MaxVariableValue) + " characters"
	}
	if n, known := t.variables(a.name); !known && n >= flow.MaxVariables {
		return result{
			is:     flow.StepError,
			detail: "did not keep " + a.name + ": the contact has " + strconv.Itoa(n) + " variables, which is the most that is kept",
		}
	}
	t.out.Vars = append(t.out.Vars, Var{Name: a.name, Value: kept})
	return r
}

// variables counts the conversation's variables as the steps before have left them, and says whether one is among them.
func (t *turn) variables(name string) (int, bool) {
	_, known := t.facts.Vars[name]
	n := len(t.facts.Vars)
	for i, v := range t.out.Vars {
		known = known || v.Name == name
		if _, old := t.facts.Vars[v.Name]; !old && !set(t.out.Vars[:i], v.Name) {
			n++
		}
	}
	return n, known
}

func set(vars []Var, name string) bool {
	for _, v := range vars {
		if v.Name == name {
			return true
		}
	}
	return false
}
