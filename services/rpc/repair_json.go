package rpc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"smsflow/services/flow"
)

// violationUnknownField is the reason of a name that the contract does not have.
const violationUnknownField = "UNKNOWN_FIELD"

// maxQuoted bounds what a violation repeats of the caller's JSON, in bytes.
const maxQuoted = 60

// repairJSON looks in a JSON message for the fields that protojson does not take (names and values that the contract
// does not have, numbers out of range, texts that are not UTF-8) and gives the message without them. No violations:
// that is not what is wrong. It fails for what is no JSON at all.
func repairJSON(data []byte, msg proto.Message) ([]byte, []flow.Violation, bool) {
	if !json.Valid(data) {
		return nil, nil, false
	}
	r := &jsonRepair{}
	repaired := r.message(data, msg.ProtoReflect(), "")
	return repaired, r.violations, len(r.violations) > 0 || r.allFields
}

// setAllFields puts the mask "*" into a message if its JSON has it, which protojson does not take.
func setAllFields(data []byte, msg proto.Message) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return
	}
	for name, raw := range fields {
		if fd := fieldNamed(msg.ProtoReflect().Descriptor(), name); fd != nil && isMask(fd) && string(raw) == quotedAll {
			mask := &fieldmaskpb.FieldMask{Paths: []string{allFields}}
			msg.ProtoReflect().Set(fd, protoreflect.ValueOfMessage(mask.ProtoReflect()))
		}
	}
}

const quotedAll = `"` + allFields + `"`

func isMask(fd protoreflect.FieldDescriptor) bool {
	return !fd.IsList() && fd.Message() != nil && fd.Message().Name() == "FieldMask"
}

type jsonRepair struct {
	violations []flow.Violation
	// allFields: the mask "*" was there, which protojson does not take; see setAllFields.
	allFields bool
}

func (r *jsonRepair) add(field, reason, text string) {
	if len(r.violations) < flow.MaxViolations {
		r.violations = append(r.violations, flow.Violation{Field: field, Reason: reason, Text: text})
	}
}

func (r *jsonRepair) message(raw json.RawMessage, m protoreflect.Message, path string) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		if path != "" { // else the whole message is no object: malformed
			r.add(path, flow.ViolationBadFormat, "is "+quote(raw)+": write an object, {…}")
		}
		return json.RawMessage("{}")
	}
	r.oneKind(fields, m.Descriptor(), path)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fd := fieldNamed(m.Descriptor(), name)
		if fd == nil {
			r.add(below(path, cut(name)), violationUnknownField, "is no field of "+string(m.Descriptor().Name())+": leave it out, or correct its name")
			delete(fields, name)
			continue
		}
		fields[name] = r.field(fields[name], m, fd, below(path, string(fd.Name())))
	}
	return marshal(fields)
}

// oneKind looks for several fields of which a message may have one only, and leaves none of them.
func (r *jsonRepair) oneKind(fields map[string]json.RawMessage, md protoreflect.MessageDescriptor, path string) {
	for i := range md.Oneofs().Len() {
		of := md.Oneofs().Get(i)
		var set []string
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if fd := fieldNamed(md, name); fd != nil && fd.ContainingOneof() == of && string(fields[name]) != "null" {
				set = append(set, name)
			}
		}
		if len(set) < 2 {
			continue
		}
		r.add(cmp.Or(path, string(of.Name())), flow.ViolationUnexpected, "has "+strings.Join(set, " and ")+" at once: keep one of them")
		for _, name := range set {
			delete(fields, name)
		}
	}
}

// fieldNamed knows both names of a field: responseTemplate and response_template.
func fieldNamed(md protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if fd := md.Fields().ByJSONName(name); fd != nil {
		return fd
	}
	return md.Fields().ByTextName(name)
}

// field gives the value as it is to stand in the repaired message.
func (r *jsonRepair) field(raw json.RawMessage, m protoreflect.Message, fd protoreflect.FieldDescriptor, path string) json.RawMessage {
	switch {
	case string(raw) == "null" || fd.IsMap():
		return raw
	case fd.IsList():
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			r.add(path, flow.ViolationBadFormat, "is "+quote(raw)+": write a list, […]")
			return json.RawMessage("[]")
		}
		for i, v := range list {
			list[i] = r.value(v, m, fd, element(path, i))
		}
		return marshal(list)
	default:
		return r.value(raw, m, fd, path)
	}
}

// value gives a zero in the place of what cannot be taken, so that the others of a list keep their places.
func (r *jsonRepair) value(raw json.RawMessage, m protoreflect.Message, fd protoreflect.FieldDescriptor, path string) json.RawMessage {
	if len(r.violations) == flow.MaxViolations {
		return zeroOf(fd) // enough is known
	}
	if fd.Message() != nil && !wellKnown(fd) {
		return r.message(raw, child(m, fd), path)
	}
	if takes(raw, m, fd) {
		return raw
	}
	if string(raw) == quotedAll && isMask(fd) {
		r.allFields = true
		return zeroOf(fd)
	}
	reason, text := explainJSON(raw, fd)
	r.add(path, reason, text)
	return zeroOf(fd)
}

// wellKnown messages have a JSON form of their own: a time is a string.
func wellKnown(fd protoreflect.FieldDescriptor) bool {
	return fd.Message() != nil && fd.Message().FullName().Parent() == "google.protobuf"
}

// child is an empty message of the field's type.
func child(m protoreflect.Message, fd protoreflect.FieldDescriptor) protoreflect.Message {
	v := m.New().NewField(fd)
	if fd.IsList() {
		return v.List().NewElement().Message()
	}
	return v.Message()
}

// takes says whether protojson takes the value for the field: it is the judge of its own rules.
func takes(raw json.RawMessage, m protoreflect.Message, fd protoreflect.FieldDescriptor) bool {
	if fd.IsList() {
		raw = marshal([]json.RawMessage{raw})
	}
	alone := marshal(map[string]json.RawMessage{fd.JSONName(): raw})
	return protojson.Unmarshal(alone, m.New().Interface()) == nil
}

func explainJSON(raw json.RawMessage, fd protoreflect.FieldDescriptor) (reason, text string) {
	if !utf8.Valid(raw) {
		return flow.ViolationInvalidCharacter, notUTF8("").Text
	}
	is := "is " + quote(raw) + ": "
	switch {
	case fd.Enum() != nil:
		return flow.ViolationUnknownValue, is + "choose one of " + names(fd.Enum())
	case fd.Kind() == protoreflect.StringKind && raw[0] == '"':
		// What else is wrong with a text that is JSON and UTF-8.
		return flow.ViolationInvalidCharacter, `has half of a character (an escape from \ud800 to \udfff without the other half): write the character itself, or both halves`
	case fd.Kind() == protoreflect.StringKind:
		return flow.ViolationBadFormat, is + `write a text, "…"`
	case fd.Kind() == protoreflect.BoolKind:
		return flow.ViolationBadFormat, is + "write true or false"
	case fd.Message() == nil:
		return explainNumber(raw, fd, is)
	}
	switch fd.Message().Name() {
	case "Timestamp":
		return flow.ViolationBadFormat, is + `write a time as RFC 3339 does, for example "2026-03-02T09:00:00Z"`
	case "Duration":
		return flow.ViolationBadFormat, is + `write seconds with an "s", for example "25s"`
	case "FieldMask":
		return flow.ViolationBadFormat, is + `write names in lower camel case with commas, for example "name,responseTemplate"`
	default:
		return flow.ViolationBadFormat, is + "write it as the contract says"
	}
}

func explainNumber(raw json.RawMessage, fd protoreflect.FieldDescriptor, is string) (reason, text string) {
	low, high := float64(math.MinInt32), float64(math.MaxInt32)
	if fd.Kind() == protoreflect.Int64Kind {
		low, high = math.MinInt64, math.MaxInt64
	}
	n, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	if errors.Is(err, strconv.ErrRange) || err == nil && (n < low || n > high) {
		return flow.ViolationOutOfRange, is + "choose a whole number from " +
			strconv.FormatFloat(low, 'f', 0, 64) + " to " + strconv.FormatFloat(high, 'f', 0, 64)
	}
	return flow.ViolationBadFormat, is + "write a whole number"
}

// zeroOf is the JSON of a field that is not set.
func zeroOf(fd protoreflect.FieldDescriptor) json.RawMessage {
	switch {
	case wellKnown(fd):
		return json.RawMessage("null")
	case fd.Message() != nil:
		return json.RawMessage("{}")
	case fd.Kind() == protoreflect.StringKind:
		return json.RawMessage(`""`)
	case fd.Kind() == protoreflect.BoolKind:
		return json.RawMessage("false")
	default:
		return json.RawMessage("0")
	}
}

// marshal puts parts together again that json.Unmarshal has taken apart, so it cannot fail.
func marshal(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}

// quote shows a piece of the caller's JSON in a violation.
func quote(raw json.RawMessage) string { return cut(string(raw)) }

func cut(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return s[:maxQuoted] + "…"
}
