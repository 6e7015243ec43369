package rpc

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	smsflowv1 "smsflow/gen/smsflow/v1"
	"smsflow/services/flow"
)

func TestRepairJSON(t *testing.T) {
	t.Parallel()
	const big = `99999999999`
	cases := []struct {
		name, json string
		want       []flow.Violation // without texts
		text       string           // stands in the first text
		left       *smsflowv1.CreateWorkflowRequest
	}{
		{
			name: "unknown names and values", json: `{"workflow":{"name":"n","goal":"GOAL_WORLD_PEACE","respons_template":"x","priority":` + big + `,"active":"yes"},"requestId":7}`,
			want: []flow.Violation{
				{Field: "request_id", Reason: flow.ViolationBadFormat},
				{Field: "workflow.active", Reason: flow.ViolationBadFormat},
				{Field: "workflow.goal", Reason: flow.ViolationUnknownValue},
				{Field: "workflow.priority", Reason: flow.ViolationOutOfRange},
				{Field: "workflow.respons_template", Reason: violationUnknownField},
			},
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{Name: "n"}},
		},
		{
			name: "places in lists stay", json: `{"workflow":{"steps":[{"id":1},{"id":"b"},"c",{"match_words":{"mode":"MODE_ANY","words":["a",2,"c"]}},{"end":7}]}}`,
			want: []flow.Violation{
				{Field: "workflow.steps[0].id", Reason: flow.ViolationBadFormat},
				{Field: "workflow.steps[2]", Reason: flow.ViolationBadFormat},
				{Field: "workflow.steps[3].match_words.words[1]", Reason: flow.ViolationBadFormat},
				{Field: "workflow.steps[4].end", Reason: flow.ViolationBadFormat},
			},
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{Steps: []*smsflowv1.Step{
				{}, {Id: "b"}, {},
				{Kind: &smsflowv1.Step_MatchWords{MatchWords: &smsflowv1.MatchWords{Mode: 1, Words: []string{"a", "", "c"}}}},
				{Kind: &smsflowv1.Step_End{End: &smsflowv1.End{}}},
			}}},
		},
		{
			name: "lists and objects", json: `{"workflow":{"steps":{}}}`,
			want: []flow.Violation{{Field: "workflow.steps", Reason: flow.ViolationBadFormat}}, text: "write a list",
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{}},
		},
		{
			name: "two kinds in one step", json: `{"workflow":{"steps":[{"id":"a","end":{}},{"id":"b","end":{},"handOff":{"note":7},"sendMessage":null}]}}`,
			want: []flow.Violation{{Field: "workflow.steps[1]", Reason: flow.ViolationUnexpected}}, text: "has end and handOff at once: keep one",
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{Steps: []*smsflowv1.Step{
				{Id: "a", Kind: &smsflowv1.Step_End{End: &smsflowv1.End{}}}, {Id: "b"},
			}}},
		},
		{
			name: "half of a character", json: `{"workflow":{"name":"a \ud83d b"}}`,
			want: []flow.Violation{{Field: "workflow.name", Reason: flow.ViolationInvalidCharacter}}, text: "half of a character",
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{}},
		},
		{
			name: "a number with a fraction", json: `{"workflow":{"priority":1.5}}`,
			want: []flow.Violation{{Field: "workflow.priority", Reason: flow.ViolationBadFormat}}, text: "whole number",
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{}},
		},
		{
			name: "a number without end", json: `{"workflow":{"priority":-1e999}}`,
			want: []flow.Violation{{Field: "workflow.priority", Reason: flow.ViolationOutOfRange}}, text: "-2147483648 to 2147483647",
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{}},
		},
		{
			name: "times", json: `{"workflow":{"createdAt":"yesterday"}}`,
			want: []flow.Violation{{Field: "workflow.created_at", Reason: flow.ViolationBadFormat}}, text: "RFC 3339",
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{}},
		},
		{
			name: "not UTF-8, in a value and in a name", json: "{\"workflow\":{\"name\":\"\xff\",\"na\xffme\":1}}",
			want: []flow.Violation{
				{Field: "workflow.name", Reason: flow.ViolationInvalidCharacter},
				{Field: "workflow.na\uFFFDme", Reason: violationUnknownField},
			},
			left: &smsflowv1.CreateWorkflowRequest{Workflow: &smsflowv1.Workflow{}},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := &smsflowv1.CreateWorkflowRequest{}
			err := unmarshalJSON([]byte(c.json), got)
			bad, ok := errors.AsType[*fieldsError](err)
			if !ok {
				t.Fatalf("error is %v", err)
			}
			if c.text != "" && !strings.Contains(bad.violations[0].Text, c.text) {
				t.Errorf("text is %q", bad.violations[0].Text)
			}
			for i := range bad.violations {
				if bad.violations[i].Text == "" {
					t.Errorf("%s has no text", bad.violations[i].Field)
				}
				bad.violations[i].Text = ""
			}
			if diff := cmp.Diff(c.want, bad.violations); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.left, got, protocmp.Transform()); diff != "" {
				t.Errorf("what is left (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMalformedJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `{`, `[]`, `"text"`, `7`, `null `, `{"requestId":"a","requestId":"b"}`, `{"requestId":"a"} trailing`, "\x00",
		strings.Repeat("[", 100_000),
	} {
		err := unmarshalJSON([]byte(text), &smsflowv1.CreateWorkflowRequest{})
		if _, ok := errors.AsType[*fieldsError](err); err == nil || ok {
			t.Errorf("%.40q: error is %v", text, err)
		}
	}
}

func TestRepairBinary(t *testing.T) {
	t.Parallel()
	sound := &smsflowv1.CreateWorkflowRequest{
		RequestId: "r1",
		Workflow: &smsflowv1.Workflow{Name: "BAD", Steps: []*smsflowv1.Step{
			{Id: "a"}, {Id: "BAD", Kind: &smsflowv1.Step_MatchWords{MatchWords: &smsflowv1.MatchWords{Words: []string{"x", "BAD", "z"}}}},
		}},
	}
	data, err := proto.Marshal(sound)
	if err != nil {
		t.Fatal(err)
	}
	data = []byte(strings.ReplaceAll(string(data), "BAD", "B\xffD"))
	got := &smsflowv1.CreateWorkflowRequest{}
	bad, ok := errors.AsType[*fieldsError](unmarshalBinary(data, got))
	if !ok {
		t.Fatal("no bad fields")
	}
	var fields []string
	for _, v := range bad.violations {
		if v.Reason != flow.ViolationInvalidCharacter {
			t.Errorf("%s: reason %s", v.Field, v.Reason)
		}
		fields = append(fields, v.Field)
	}
	want := []string{"workflow.name", "workflow.steps[1].id", "workflow.steps[1].match_words.words[1]"}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	sound.Workflow.Name, sound.Workflow.Steps[1].Id = "", ""
	sound.Workflow.Steps[1].GetMatchWords().Words[1] = ""
	if diff := cmp.Diff(sound, got, protocmp.Transform()); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	for _, broken := range [][]byte{{0xff}, {0x0a, 0x05, 'a'}, data[:len(data)-1]} {
		err := unmarshalBinary(broken, &smsflowv1.CreateWorkflowRequest{})
		if _, ok := errors.AsType[*fieldsError](err); err == nil || ok {
			t.Errorf("%x: error is %v", broken, err)
		}
	}
}

// TestDecodeNeverHalf: whatever bytes come, the message is decoded, or is told to be malformed, or has violations with
// texts that protobuf can carry.
func TestDecodeNeverHalf(t *testing.T) {
	t.Parallel()
	check := func(t *rapid.T, err error) {
		bad, ok := errors.AsType[*fieldsError](err)
		if !ok {
			return
		}
		if len(bad.violations) == 0 || len(bad.violations) > flow.MaxViolations {
			t.Fatalf("%d violations", len(bad.violations))
		}
		if _, err := proto.Marshal(badRequest(bad.violations)); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := &smsflowv1.UpdateWorkflowRequest{}
		m.Workflow = &smsflowv1.Workflow{}
		fill(t, m.Workflow.ProtoReflect())
		binary, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		text, err := protojson.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{binary, text} {
			for range rapid.IntRange(0, 3).Draw(t, "changes") {
				if len(data) > 0 {
					data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
				}
			}
		}
		check(t, unmarshalBinary(binary, &smsflowv1.UpdateWorkflowRequest{}))
		check(t, unmarshalJSON(text, &smsflowv1.UpdateWorkflowRequest{}))
	})
}

// TestCheckNeverFails: no request makes the rules themselves fail, and every violation has a path, a reason and a text.
func TestCheckNeverFails(t *testing.T) {
	t.Parallel()
	check, err := newChecker()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, m := range []proto.Message{
			&smsflowv1.CreateWorkflowRequest{}, &smsflowv1.ListWorkflowsRequest{}, &smsflowv1.ReorderWorkflowsRequest{},
			&smsflowv1.CreateAssistantRequest{}, &smsflowv1.ListAssistantsRequest{}, &smsflowv1.RouteInboundRequest{},
			&smsflowv1.GetOutcomeRequest{}, &smsflowv1.SetWorkflowActiveRequest{},
		} {
			fillAnyhow(t, m.ProtoReflect())
			err := check.request(t.Context(), m)
			if err == nil {
				continue
			}
			e, ok := errors.AsType[*flow.Error](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			for _, v := range e.Violations {
				if v.Field == "" || v.Reason == "" || v.Text == "" || !utf8.ValidString(v.Text) {
					t.Fatalf("violation %+v", v)
				}
			}
		}
	})
}
