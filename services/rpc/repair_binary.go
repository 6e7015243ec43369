package rpc

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"smsflow/services/flow"
)

// repairBinary looks in an encoded message for texts that are not UTF-8, the one thing that is wrong with a field and
// not with the encoding, and gives the message without them. No violations: that is not what is wrong.
func repairBinary(data []byte, md protoreflect.MessageDescriptor) ([]byte, []flow.Violation) {
	r := &binaryRepair{}
	repaired := r.message(data, md, "")
	if r.broken {
		return nil, nil
	}
	return repaired, r.violations
}

type binaryRepair struct {
	violations []flow.Violation
	broken     bool // the encoding itself is wrong
}

func (r *binaryRepair) message(data []byte, md protoreflect.MessageDescriptor, path string) []byte {
	var out []byte
	seen := make(map[protowire.Number]int) // elements of lists so far
	for len(data) > 0 && !r.broken {
		number, wire, tagLen := protowire.ConsumeTag(data)
		if tagLen < 0 {
			r.broken = true
			return nil
		}
		size := protowire.ConsumeFieldValue(number, wire, data[tagLen:])
		if size < 0 {
			r.broken = true
			return nil
		}
		field, rest := data[:tagLen+size], data[tagLen+size:]
		fd := md.Fields().ByNumber(number)
		if fd != nil && wire == protowire.BytesType && !fd.IsMap() {
			at := below(path, string(fd.Name()))
			if fd.IsList() {
				at = element(at, seen[number])
				seen[number]++
			}
			value, _ := protowire.ConsumeBytes(field[tagLen:])
			field = r.value(field, value, fd, at)
		}
		out = append(out, field...)
		data = rest
	}
	return out
}

// value gives the field as it is to stand in the repaired message.
func (r *binaryRepair) value(field, value []byte, fd protoreflect.FieldDescriptor, path string) []byte {
	switch {
	case fd.Message() != nil:
		value = r.message(value, fd.Message(), path)
	case fd.Kind() == protoreflect.StringKind && !utf8.Valid(value):
		if len(r.violations) < flow.MaxViolations {
			r.violations = append(r.violations, notUTF8(path))
		}
		value = nil // an element of a list stays, empty: those behind it keep their places
	default:
		return field
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, fd.Number(), protowire.BytesType), value)
}

func notUTF8(path string) flow.Violation {
	return flow.Violation{Field: path, Reason: flow.ViolationInvalidCharacter, Text: "is not UTF-8: send the text as UTF-8"}
}
