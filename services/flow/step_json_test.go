package flow_test

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"smsflow/services/flow"
	"smsflow/services/flow/flowtest"
)

func TestStepsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps := flowtest.Steps().Draw(t, "steps")
		data, err := flow.EncodeSteps(steps)
		if err != nil {
			t.Fatal(err)
		}
		got, err := flow.DecodeSteps(data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, steps) {
			t.Fatalf("got %+v, want %+v", got, steps)
		}
	})
}

func TestEncodeSteps(t *testing.T) {
	t.Parallel()
	got, err := flow.EncodeSteps([]flow.Step{
		{
			ID: "a", Label: "<Prices>", OnFail: &flow.OnFail{Action: flow.FailGoTo, GoTo: "b"},
			Spec: &flow.MatchWords{Mode: flow.MatchAny, Words: []string{"a&b"}},
		},
		{ID: "b", Spec: &flow.End{}},
	})
	want := `[{"id":"a","label":"<Prices>","type":"match_words","on_fail":{"action":"go_to","go_to":"b"},` +
		`"spec":{"mode":"any","words":["a&b"]}},{"id":"b","type":"end","spec":{}}]`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	for _, none := range [][]flow.Step{nil, {}} {
		if got, err := flow.EncodeSteps(none); err != nil || string(got) != "[]" {
			t.Errorf("no steps: got %s, %v", got, err)
		}
	}
	for _, spec := range []flow.Spec{nil, (*flow.End)(nil)} {
		if _, err := flow.EncodeSteps([]flow.Step{{ID: "a", Spec: spec}}); err == nil {
			t.Error("a step without a kind was encoded")
		}
	}
}

func TestDecodeStepsRefuses(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		``:                                      "EOF",
		`{}`:                                    "cannot unmarshal",
		`[] []`:                                 "follows",
		`[{"id":"a","type":"dance","spec":{}}]`: `step 0: unknown type "dance"`,
		`[{"id":"a","spec":{}}]`:                `unknown type ""`,
		`[{"id":"a","type":"end"}]`:             "no spec",
		`[{"id":"a","type":"end","spec":null}]`: "no spec",
		`[{"id":"a","type":"end","spec":{"when":1}}]`:                         `end: decode: json: unknown field "when"`,
		`[{"id":"a","type":"end","spec":{},"colour":"red"}]`:                  `unknown field "colour"`,
		`[{"id":"a","type":"end","spec":{},"on_fail":{"action":"x","if":1}}]`: `unknown field "if"`,
		`[{"id":"a","type":"send_message","spec":{"text":1}}]`:                "cannot unmarshal",
	} {
		if steps, err := flow.DecodeSteps([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want an error with %q", data, steps, err, want)
		}
	}
}

func FuzzDecodeSteps(f *testing.F) {
	f.Add([]byte(`[{"id":"a","type":"match_words","on_fail":{"action":"stop"},"spec":{"mode":"any","words":["x"]}}]`))
	f.Add([]byte(`[{"id":"a","type":"assistant_reply","spec":{"history":0}}]`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		steps, err := flow.DecodeSteps(data)
		if err != nil {
			return
		}
		w := flow.Workflow{Steps: steps}
		w.Validate()
		again, err := flow.EncodeSteps(steps)
		if err != nil {
			t.Fatal(err)
		}
		if third, err := flow.DecodeSteps(again); err != nil || !flow.SameRevision(flow.Workflow{Steps: third}, w) {
			t.Fatalf("%s came back as %s, %v", data, again, err)
		}
	})
}
