package rpc

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

// combine joins lists of violations. Of two that speak of the same field, or of a field and what it is part of, the
// one in the earlier list stays; within a list a field has one violation for each reason.
func combine(lists ...[]flow.Violation) []flow.Violation {
	var all []flow.Violation
	for _, list := range lists {
		earlier := all
		for _, v := range list {
			if len(all) == flow.MaxViolations {
				return all
			}
			if !covered(earlier, v) && !repeated(all[len(earlier):], v) {
				all = append(all, v)
			}
		}
	}
	return all
}

func covered(by []flow.Violation, v flow.Violation) bool {
	for _, b := range by {
		if rest, ok := strings.CutPrefix(v.Field, b.Field); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

func repeated(in []flow.Violation, v flow.Violation) bool {
	for _, o := range in {
		if o.Field == v.Field && o.Reason == v.Reason {
			return true
		}
	}
	return false
}

// within puts the noun's name before the paths of an error's violations. Fields of the request beside the noun keep
// theirs.
func within(noun string, err error) error {
	e, ok := errors.AsType[*flow.Error](err)
	if !ok || len(e.Violations) == 0 {
		return err
	}
	moved := *e
	moved.Violations = prefixed(noun, inContract(nounNamed(noun), e.Violations))
	return &moved
}

// nounNamed is the contract's message for a noun; nil: none.
func nounNamed(noun string) protoreflect.MessageDescriptor {
	switch noun {
	case "workflow":
		return (*smsflowv1.Workflow)(nil).ProtoReflect().Descriptor()
	case "assistant":
		return (*smsflowv1.Assistant)(nil).ProtoReflect().Descriptor()
	default:
		return nil
	}
}

// partOf is the type of a request's field, or of the request itself.
func partOf(req proto.Message, field string) protoreflect.MessageDescriptor {
	md := req.ProtoReflect().Descriptor()
	if field == "" {
		return md
	}
	if fd := md.Fields().ByName(protoreflect.Name(field)); fd != nil {
		return fd.Message()
	}
	return nil
}

// choosing stands in a noun's violation before the words to choose from.
const choosing = ": choose "

// inContract names the values of the contract's enums where a noun names its own words: who calls the API can write
// only those. The violations' paths are relative to md.
func inContract(md protoreflect.MessageDescriptor, vs []flow.Violation) []flow.Violation {
	if md == nil {
		return vs
	}
	return each(vs, func(v flow.Violation) flow.Violation {
		if v.Reason != flow.ViolationRequired && v.Reason != flow.ViolationUnknownValue {
			return v
		}
		is, _, ok := strings.Cut(v.Text, choosing)
		if fd := fieldAt(md, v.Field); ok && fd != nil && fd.Enum() != nil {
			v.Text = is + choosing + "one of " + names(fd.Enum())
		}
		return v
	})
}

// fieldAt finds a path's field: "steps[2].match_words.mode".
func fieldAt(md protoreflect.MessageDescriptor, path string) protoreflect.FieldDescriptor {
	var fd protoreflect.FieldDescriptor
	for name := range strings.SplitSeq(path, ".") {
		if md == nil {
			return nil
		}
		name, _, _ = strings.Cut(name, "[")
		if fd = md.Fields().ByName(protoreflect.Name(name)); fd == nil {
			return nil
		}
		md = fd.Message()
	}
	return fd
}

func prefixed(noun string, vs []flow.Violation) []flow.Violation {
	if noun == "" {
		return vs
	}
	return each(vs, func(v flow.Violation) flow.Violation {
		if v.Field != "request_id" && v.Field != "update_mask" {
			v.Field = noun + "." + v.Field
		}
		return v
	})
}

// ruleViolations are the contract's own rules (protovalidate) that a request breaks.
func ruleViolations(validator protovalidate.Validator, msg proto.Message) ([]flow.Violation, error) {
	err := validator.Validate(msg)
	if err == nil {
		return nil, nil
	}
	broken, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok {
		return nil, err
	}
	list := make([]flow.Violation, 0, len(broken.Violations))
	for _, v := range broken.Violations[:min(len(broken.Violations), flow.MaxViolations)] {
		reason, text := explain(v, msg.ProtoReflect().Descriptor())
		list = append(list, flow.Violation{Field: protovalidate.FieldPathString(v.Proto.GetField()), Reason: reason, Text: text})
	}
	return list, nil
}

// explain says in our words what a rule says in protovalidate's. What it needs of the violation may be missing, of an
// element of a list for example: then it says less.
func explain(v *protovalidate.Violation, in protoreflect.MessageDescriptor) (reason, text string) {
	limit := "the contract's limit"
	if v.RuleValue.IsValid() {
		limit = v.RuleValue.String()
	}
	switch v.Proto.GetRuleId() {
	case "required", "message.oneof":
		return flow.ViolationRequired, "is missing: set it"
	case "string.min_len":
		return flow.ViolationRequired, "is empty: set it"
	case "string.max_len":
		return flow.ViolationTooLong, "has " + strconv.Itoa(utf8.RuneCountInString(v.FieldValue.String())) + " characters: shorten it to at most " + limit
	case "repeated.min_items":
		return flow.ViolationRequired, "is empty: give at least one entry"
	case "repeated.max_items":
		return flow.ViolationTooMany, "has too many entries: keep at most " + limit
	case "repeated.unique":
		return flow.ViolationDuplicateID, "has an entry twice: give each once"
	case "enum.defined_only":
		return flow.ViolationUnknownValue, "is " + v.FieldValue.String() + ", which the contract does not know: " + choose(v, in)
	case "enum.not_in":
		return flow.ViolationRequired, "is missing: " + choose(v, in)
	}
	text = v.Proto.GetMessage()
	switch value := v.FieldValue.Interface().(type) {
	case protoreflect.Message:
		if d, ok := value.Interface().(*durationpb.Duration); ok {
			return flow.ViolationOutOfRange, "is " + d.AsDuration().String() + ", but it " + text
		}
	case int32, int64:
		return flow.ViolationOutOfRange, "is " + v.FieldValue.String() + ", but it " + text
	}
	return flow.ViolationBadFormat, text
}

// choose names the values of the enum that the violation is about.
func choose(v *protovalidate.Violation, in protoreflect.MessageDescriptor) string {
	var fd protoreflect.FieldDescriptor
	for _, e := range v.Proto.GetField().GetElements() {
		if in == nil {
			break
		}
		if fd = in.Fields().ByNumber(protoreflect.FieldNumber(e.GetFieldNumber())); fd == nil {
			break
		}
		in = fd.Message()
	}
	if fd == nil || fd.Enum() == nil {
		return "choose one that it has"
	}
	return "choose one of " + names(fd.Enum())
}

// maxNames bounds how many of an enum's names a violation repeats.
const maxNames = 10

// names are an enum's values but for the one that means "not set".
func names(e protoreflect.EnumDescriptor) string {
	var list []string
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		if v.Number() != 0 && len(list) < maxNames {
			list = append(list, string(v.Name()))
		}
	}
	return strings.Join(list, ", ")
}

// formViolations are what neither protobuf nor the contract's rules refuse and no database or clock can take: NUL in a
// text, times and durations beyond their range.
func formViolations(msg proto.Message) []flow.Violation {
	var list []flow.Violation
	visit(msg.ProtoReflect(), "", &list)
	return list
}

func visit(m protoreflect.Message, path string, list *[]flow.Violation) {
	if bad, text := badMoment(m); bad {
		*list = append(*list, flow.Violation{Field: path, Reason: flow.ViolationOutOfRange, Text: text})
		return
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if len(*list) >= flow.MaxViolations {
			return false
		}
		field := below(path, string(fd.Name()))
		switch {
		case fd.IsMap(): // the contract has none
		case fd.IsList():
			if fd.Kind() == protoreflect.StringKind || fd.Message() != nil {
				for i := range v.List().Len() {
					visitValue(fd, v.List().Get(i), element(field, i), list)
				}
			}
		default:
			visitValue(fd, v, field, list)
		}
		return true
	})
}

func visitValue(fd protoreflect.FieldDescriptor, v protoreflect.Value, path string, list *[]flow.Violation) {
	switch {
	case fd.Kind() == protoreflect.StringKind:
		if strings.IndexByte(v.String(), 0) >= 0 {
			*list = append(*list, flow.Violation{
				Field: path, Reason: flow.ViolationInvalidCharacter, Text: "has a control character (U+0000): remove it",
			})
		}
	case fd.Message() != nil:
		visit(v.Message(), path, list)
	}
}

// badMoment says whether the message is a time or a duration that is none.
func badMoment(m protoreflect.Message) (bool, string) {
	switch t := m.Interface().(type) {
	case *timestamppb.Timestamp:
		return t.CheckValid() != nil, "is no time: give one from year 1 to 9999, with nanoseconds from 0 to 999,999,999"
	case *durationpb.Duration:
		return t.CheckValid() != nil, "is no duration: give at most 10,000 years, seconds and nanoseconds of the same sign"
	default:
		return false, ""
	}
}

// below and element make paths as protovalidate does: "workflow.steps[2].label".
func below(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
