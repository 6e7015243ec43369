package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// NewSpec is an empty spec of a type; nil if there is no such type.
func NewSpec(t StepType) Spec {
	switch t {
	case TypeMatchWords:
		return &MatchWords{}
	case TypeMatchGoal:
		return &MatchGoal{}
	case TypeWithinHours:
		return &WithinHours{}
	case TypeContactIs:
		return &ContactIs{}
	case TypeSendMessage:
		return &SendMessage{}
	case TypeAssistantReply:
		return &AssistantReply{}
	case TypeSetVariable:
		return &SetVariable{}
	case TypeTagContact:
		return &TagContact{}
	case TypeHandOff:
		return &HandOff{}
	case TypeEnd:
		return &End{}
	default:
		return nil
	}
}

// stepJSON is a step as it is stored.
type stepJSON struct {
	ID     StepID          `json:"id"`
	Label  string          `json:"label,omitempty"`
	Type   StepType        `json:"type"`
	OnFail *OnFail         `json:"on_fail,omitempty"`
	Spec   json.RawMessage `json:"spec"`
}

// EncodeSteps gives the stored form of a workflow's steps, a JSON array. The same steps give the same bytes.
func EncodeSteps(steps []Step) ([]byte, error) {
	list := make([]stepJSON, len(steps))
	for i, s := range steps {
		if !s.HasKind() {
			return nil, fmt.Errorf("step %d has no kind", i)
		}
		spec, err := encode(s.Spec)
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", i, err)
		}
		list[i] = stepJSON{ID: s.ID, Label: s.Label, Type: s.Spec.Type(), OnFail: s.OnFail, Spec: spec}
	}
	return encode(list)
}

// encode is json.Marshal without the escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// DecodeSteps reads what EncodeSteps wrote. A type or a field that it does not know is an error, so that a program
// which is older than the data does not run half of a workflow.
func DecodeSteps(data []byte) ([]Step, error) {
	var list []stepJSON
	if err := decode(data, &list); err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	steps := make([]Step, len(list))
	for i, s := range list {
		spec := NewSpec(s.Type)
		if spec == nil {
			return nil, fmt.Errorf("steps: step %d: unknown type %q", i, s.Type)
		}
		if len(s.Spec) == 0 || string(s.Spec) == "null" {
			return nil, fmt.Errorf("steps: step %d: no spec", i)
		}
		if err := decode(s.Spec, spec); err != nil {
			return nil, fmt.Errorf("steps: step %d: %s: %w", i, s.Type, err)
		}
		steps[i] = Step{ID: s.ID, Label: s.Label, OnFail: s.OnFail, Spec: spec}
	}
	return steps, nil
}

// decode is json.Unmarshal that refuses unknown fields.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("decode: something follows the JSON value")
	}
	return nil
}
