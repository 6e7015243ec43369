package flow

import (
	"reflect"
	"strconv"
)

// MaxID is the length of an id that is not a step's.
const MaxID = 64

// Limits of a step.
const (
	MaxStepID    = 40
	MaxStepLabel = 80
)

// Validate lists all that is wrong with the fields of the workflow and its steps, up to MaxViolations. Paths are
// relative to the workflow, in the contract's names.
func (w *Workflow) Validate() []Violation {
	v := &violations{}
	if v.required("name", w.Name, "is empty: give the workflow a name") {
		v.line("name", w.Name, MaxName)
	}
	w.Goal.validate(v)
	v.lines("description", w.Description, MaxDescription)
	v.lines("context", w.Context, MaxContext)
	v.lines("response_template", w.ResponseTemplate, MaxResponseTemplate)
	v.line("assistant_id", string(w.Assistant), MaxID)
	if n := len(w.Steps); n > MaxSteps {
		v.add("steps", ViolationTooMany, "has "+strconv.Itoa(n)+" steps: keep at most "+strconv.Itoa(MaxSteps))
		return v.list
	}
	for i := range w.Steps {
		w.Steps[i].validate(v, i, w.Steps)
	}
	return v.list
}

func (g Goal) validate(v *violations) {
	const choose = "choose general_inquiry, lead_capture, help_desk_support, sales_inquiry, appointment_booking or feedback"
	switch g {
	case GoalGeneralInquiry, GoalLeadCapture, GoalHelpDeskSupport, GoalSalesInquiry, GoalAppointmentBooking, GoalFeedback:
	case "":
		v.add("goal", ViolationRequired, "is missing: "+choose)
	default:
		v.add("goal", ViolationUnknownValue, "is "+quoted(string(g))+": "+choose)
	}
}

// validate checks the step with index i of all.
func (s *Step) validate(v *violations, i int, all []Step) {
	path := item("steps", i)
	s.validateID(v, path+".id", i, all)
	v.line(path+".label", s.Label, MaxStepLabel)
	if !s.HasKind() {
		v.add(path, ViolationRequired, "has no kind: choose what the step does, for example match_words or send_message")
		return
	}
	if s.OnFail != nil {
		s.validateOnFail(v, path+".on_fail", i, all)
	}
	s.Spec.validate(v, path+"."+string(s.Spec.Type()))
}

func (s *Step) validateID(v *violations, field string, i int, all []Step) {
	switch {
	case s.ID == "":
		v.add(field, ViolationRequired, "is empty: give the step an id")
		return
	case !v.line(field, string(s.ID), MaxStepID):
		return
	case !only(string(s.ID), "_-") || s.ID[0] == '_' || s.ID[0] == '-':
		v.add(field, ViolationBadFormat, "is "+quoted(string(s.ID))+": begin with a-z or 0-9, then up to "+strconv.Itoa(MaxStepID-1)+" of a-z, 0-9, \"_\" and \"-\"")
		return
	}
	if first := stepIndex(all, s.ID); first < i {
		v.add(field, ViolationDuplicateID, "is "+quoted(string(s.ID))+", the id of "+item("steps", first)+" too: give each step its own")
	}
}

func (s *Step) validateOnFail(v *violations, path string, i int, all []Step) {
	if !s.Spec.Check() {
		v.add(path, ViolationUnexpected, "is set on "+string(s.Spec.Type())+", an action, which cannot fail: remove it, or put it on a check")
		return
	}
	f := s.OnFail
	switch f.Action {
	case FailGoTo:
		v.goTo(path+".go_to", f.GoTo, i, all)
		return
	case FailNextWorkflow, FailStop, FailHandOff, FailContinue:
	case "":
		v.add(path+".action", ViolationRequired, "is missing: choose next_workflow, stop, hand_off, continue or go_to")
		return
	default:
		v.add(path+".action", ViolationUnknownValue, "is "+quoted(string(f.Action))+": choose next_workflow, stop, hand_off, continue or go_to")
		return
	}
	if f.GoTo != "" {
		v.add(path+".go_to", ViolationUnexpected, "is set, but the action is "+string(f.Action)+": leave it empty, or choose the action go_to")
	}
}

// goTo checks the target of a jump from the step with index i: jumps lead forward only, so that every run ends.
func (v *violations) goTo(field string, to StepID, i int, all []Step) {
	if to == "" {
		v.add(field, ViolationRequired, "is empty: name a later step")
		return
	}
	if laterStep(all, to, i) >= 0 {
		return
	}
	switch first := stepIndex(all, to); {
	case first < 0:
		v.add(field, ViolationUnknownStep, "is "+quoted(string(to))+", and no step has that id: name a later step")
	case first == i:
		v.add(field, ViolationGoToNotLater, "is "+quoted(string(to))+", the step itself: name a later step")
	default:
		v.add(field, ViolationGoToNotLater, "is "+quoted(string(to))+", which stands earlier ("+item("steps", first)+"): name a later step")
	}
}

// stepIndex finds the first step with an id, laterStep the first one after index i; -1: none.
func stepIndex(all []Step, id StepID) int { return laterStep(all, id, -1) }

func laterStep(all []Step, id StepID, i int) int {
	for j := i + 1; j < len(all); j++ {
		if all[j].ID == id {
			return j
		}
	}
	return -1
}

// HasKind says whether the step has a spec, and not only a pointer type without a value.
func (s *Step) HasKind() bool {
	if s.Spec == nil {
		return false
	}
	p := reflect.ValueOf(s.Spec)
	return p.Kind() != reflect.Pointer || !p.IsNil()
}
