package flow_test

import (
	"slices"
	"strings"
	"testing"
	_ "time/tzdata" // the same zones on every machine

	"pgregory.net/rapid"

	"smsflow/services/flow"
	"smsflow/services/flow/flowtest"
)

func valid() flow.Workflow {
	return flow.Workflow{Name: "Prices", Goal: flow.GoalLeadCapture, Steps: []flow.Step{
		{ID: "prices", Spec: &flow.MatchWords{Mode: flow.MatchAny, Words: []string{"price"}}},
		{ID: "send", Spec: &flow.SendMessage{Text: "Hello {{contact.name|there}}"}},
	}}
}

func with(spec flow.Spec) func(*flow.Workflow) {
	return func(w *flow.Workflow) { w.Steps = []flow.Step{{ID: "a", Spec: spec}} }
}

func withOnFail(i int, f flow.OnFail) func(*flow.Workflow) {
	return func(w *flow.Workflow) { w.Steps[i].OnFail = &f }
}

func hours(opens, closes string) *flow.WithinHours {
	return &flow.WithinHours{Hours: []flow.Hours{{Day: flow.Monday, Opens: opens, Closes: closes}}}
}

func words(mode flow.MatchMode, ws ...string) func(*flow.Workflow) {
	return with(&flow.MatchWords{Mode: mode, Words: ws})
}

func TestWorkflowValidate(t *testing.T) {
	t.Parallel()
	five := int32(51)
	for _, c := range []struct {
		name   string
		change func(*flow.Workflow)
		want   []string // "field REASON part of the text"
	}{
		{"valid", func(*flow.Workflow) {}, nil},
		{"no steps", func(w *flow.Workflow) { w.Steps = nil }, nil},
		{"name empty", func(w *flow.Workflow) { w.Name = "" }, []string{"name REQUIRED give the workflow a name"}},
		{"name blank", func(w *flow.Workflow) { w.Name = " \t" }, []string{"name REQUIRED give"}},
		{"name invisible", func(w *flow.Workflow) { w.Name = "\u200b\u00ad" }, []string{"name REQUIRED give"}},
		{"name at its limit in runes", func(w *flow.Workflow) { w.Name = strings.Repeat("é", 80) }, nil},
		{"name too long", func(w *flow.Workflow) { w.Name = strings.Repeat("é", 81) }, []string{"name TOO_LONG has 81 characters: shorten it to at most 80"}},
		{"name of two lines", func(w *flow.Workflow) { w.Name = "a\nb" }, []string{"name INVALID_CHARACTER U+000A) at character 2"}},
		{"goal missing", func(w *flow.Workflow) { w.Goal = "" }, []string{"goal REQUIRED choose general_inquiry"}},
		{"goal unknown", func(w *flow.Workflow) { w.Goal = "world_peace" }, []string{`goal UNKNOWN_VALUE "world_peace"`}},
		{"description too long", func(w *flow.Workflow) { w.Description = strings.Repeat("x", 501) }, []string{"description TOO_LONG 501"}},
		{"context at its limit", func(w *flow.Workflow) { w.Context = strings.Repeat("\n", 20_000) }, nil},
		{"context too long", func(w *flow.Workflow) { w.Context = strings.Repeat("x", 20_001) }, []string{"context TOO_LONG 20000"}},
		{"template too long", func(w *flow.Workflow) { w.ResponseTemplate = strings.Repeat("x", 4_001) }, []string{"response_template TOO_LONG 4000"}},
		{"NUL", func(w *flow.Workflow) { w.Context = "a\x00b" }, []string{"context INVALID_CHARACTER U+0000) at character 2"}},
		{"escape", func(w *flow.Workflow) { w.Description = "é\x1b[31m" }, []string{"description INVALID_CHARACTER U+001B) at character 2"}},
		{"not UTF-8", func(w *flow.Workflow) { w.ResponseTemplate = "abc\xff" }, []string{"response_template INVALID_CHARACTER byte 4"}},
		{"replacement character is a character", func(w *flow.Workflow) { w.Context = "\ufffd" }, nil},
		{"line feeds and tabs", func(w *flow.Workflow) { w.Context = "a\n\tb" }, nil},
		{"assistant id too long", func(w *flow.Workflow) { w.Assistant = flow.AssistantID(strings.Repeat("a", 65)) }, []string{"assistant_id TOO_LONG 64"}},
		{"51 steps", func(w *flow.Workflow) { w.Steps = make([]flow.Step, 51) }, []string{"steps TOO_MANY has 51 steps: keep at most 50"}},

		{"step without id", func(w *flow.Workflow) { w.Steps[1].ID = "" }, []string{"steps[1].id REQUIRED"}},
		{"step id form", func(w *flow.Workflow) { w.Steps[1].ID = "-a" }, []string{"steps[1].id BAD_FORMAT"}},
		{"step id capitals", func(w *flow.Workflow) { w.Steps[1].ID = "Send" }, []string{"steps[1].id BAD_FORMAT"}},
		{"step id at its limit", func(w *flow.Workflow) { w.Steps[1].ID = flow.StepID(strings.Repeat("a", 40)) }, nil},
		{"step id too long", func(w *flow.Workflow) { w.Steps[1].ID = flow.StepID(strings.Repeat("a", 41)) }, []string{"steps[1].id TOO_LONG"}},
		{"step id twice", func(w *flow.Workflow) { w.Steps[1].ID = "prices" }, []string{"steps[1].id DUPLICATE_ID steps[0]"}},
		{"label too long", func(w *flow.Workflow) { w.Steps[0].Label = strings.Repeat("x", 81) }, []string{"steps[0].label TOO_LONG 80"}},
		{"no kind", func(w *flow.Workflow) { w.Steps[0].Spec = nil }, []string{"steps[0] REQUIRED has no kind"}},
		{"nil kind", func(w *flow.Workflow) { w.Steps[0].Spec = (*flow.MatchWords)(nil) }, []string{"steps[0] REQUIRED has no kind"}},

		{"on_fail on an action", withOnFail(1, flow.OnFail{Action: flow.FailStop}), []string{"steps[1].on_fail UNEXPECTED send_message, an action"}},
		{"on_fail without action", withOnFail(0, flow.OnFail{}), []string{"steps[0].on_fail.action REQUIRED"}},
		{"on_fail unknown", withOnFail(0, flow.OnFail{Action: "explode"}), []string{`steps[0].on_fail.action UNKNOWN_VALUE "explode"`}},
		{"go_to later", withOnFail(0, flow.OnFail{Action: flow.FailGoTo, GoTo: "send"}), nil},
		{"go_to absent", withOnFail(0, flow.OnFail{Action: flow.FailGoTo}), []string{"steps[0].on_fail.go_to REQUIRED name a later step"}},
		{"go_to itself", withOnFail(0, flow.OnFail{Action: flow.FailGoTo, GoTo: "prices"}), []string{"steps[0].on_fail.go_to GO_TO_NOT_LATER the step itself"}},
		{"go_to unknown", withOnFail(0, flow.OnFail{Action: flow.FailGoTo, GoTo: "moon"}), []string{`steps[0].on_fail.go_to UNKNOWN_STEP "moon"`}},
		{"go_to backwards", func(w *flow.Workflow) {
			w.Steps = append(w.Steps, flow.Step{
				ID: "last", Spec: &flow.MatchGoal{}, OnFail: &flow.OnFail{Action: flow.FailGoTo, GoTo: "send"},
			})
		}, []string{"steps[2].on_fail.go_to GO_TO_NOT_LATER stands earlier (steps[1])"}},
		{"go_to set in vain", withOnFail(0, flow.OnFail{Action: flow.FailStop, GoTo: "send"}), []string{"steps[0].on_fail.go_to UNEXPECTED the action is stop"}},

		{"mode missing", words("", "a"), []string{"steps[0].match_words.mode REQUIRED"}},
		{"mode unknown", words("fuzzy", "a"), []string{"steps[0].match_words.mode UNKNOWN_VALUE"}},
		{"no words", words(flow.MatchAny), []string{"steps[0].match_words.words REQUIRED"}},
		{"101 words", words(flow.MatchAny, slices.Repeat([]string{"a"}, 101)...), []string{"steps[0].match_words.words TOO_MANY 101"}},
		{"word empty", words(flow.MatchAny, "a", " "), []string{"steps[0].match_words.words[1] REQUIRED"}},
		{"word too long", words(flow.MatchAny, strings.Repeat("é", 201)), []string{"steps[0].match_words.words[0] TOO_LONG 201"}},
		{"word of signs", words(flow.MatchWhole, "?!"), []string{"steps[0].match_words.words[0] BAD_FORMAT use words, or mode regex"}},
		{"word of signs as regex", words(flow.MatchRegex, `\?!`), nil},
		{"word with a compatible letter", words(flow.MatchAny, "①"), nil},
		{"regex of one space", words(flow.MatchRegex, " "), nil},
		{"regex empty", words(flow.MatchRegex, ""), []string{"steps[0].match_words.words[0] REQUIRED"}},
		{"regex bad", words(flow.MatchRegex, "ok", "prix é(a|b"), []string{`steps[0].match_words.words[1] BAD_REGEX missing closing ) "(" at character 7`}},
		{"regex huge", words(flow.MatchRegex, `\pL{999}`+`\pN{999}`), []string{"steps[0].match_words.words[0] REGEX_TOO_LARGE 1000 are allowed"}},
		{"regex repeats too often", words(flow.MatchRegex, `a{1001}`), []string{`steps[0].match_words.words[0] BAD_REGEX invalid repeat count "{1001}" at character 2`}},
		{"regexes huge together", words(flow.MatchRegex, slices.Repeat([]string{`a{900}`}, 8)...), []string{"steps[0].match_words.words[5] REGEX_TOO_LARGE beyond 5000"}},

		{"extra words", with(&flow.MatchGoal{ExtraWords: []string{"", strings.Repeat("a", 81)}}), []string{
			"steps[0].match_goal.extra_words[0] REQUIRED", "steps[0].match_goal.extra_words[1] TOO_LONG 80",
		}},
		{"101 extra words", with(&flow.MatchGoal{ExtraWords: make([]string, 101)}), []string{"steps[0].match_goal.extra_words TOO_MANY"}},

		{"hours", with(hours("00:00", "24:00")), nil},
		{"no hours", with(&flow.WithinHours{}), []string{"steps[0].within_hours.hours REQUIRED"}},
		{"51 hours", with(&flow.WithinHours{Hours: make([]flow.Hours, 51)}), []string{"steps[0].within_hours.hours TOO_MANY"}},
		{"hours overlap", with(&flow.WithinHours{Hours: []flow.Hours{
			{Day: flow.Monday, Opens: "09:00", Closes: "12:00"}, {Day: flow.Monday, Opens: "10:00", Closes: "13:00"},
		}}), nil},
		{"hours form", with(hours("9:00", "17.00")), []string{
			"steps[0].within_hours.hours[0].opens BAD_FORMAT", "steps[0].within_hours.hours[0].closes BAD_FORMAT",
		}},
		{"hours backwards", with(hours("17:00", "09:00")), []string{"steps[0].within_hours.hours[0].closes OUT_OF_RANGE over midnight"}},
		{"hours empty span", with(hours("17:00", "17:00")), []string{"steps[0].within_hours.hours[0].closes OUT_OF_RANGE"}},
		{"opens at 24:00", with(hours("24:00", "24:00")), []string{"steps[0].within_hours.hours[0].opens BAD_FORMAT 23:59"}},
		{"closes at 24:01", with(hours("23:00", "24:01")), []string{"steps[0].within_hours.hours[0].closes BAD_FORMAT"}},
		{"minute 60", with(hours("09:60", "10:00")), []string{"steps[0].within_hours.hours[0].opens BAD_FORMAT"}},
		{"day 8", with(&flow.WithinHours{Hours: []flow.Hours{{Day: 8, Opens: "09:00", Closes: "10:00"}}}), []string{"steps[0].within_hours.hours[0].day UNKNOWN_VALUE"}},
		{"holiday form", with(&flow.WithinHours{
			Hours: hours("09:00", "10:00").Hours, Holidays: []string{"2026-12-25", "25.12.2026", "2026-02-29"},
		}), []string{"steps[0].within_hours.holidays[1] BAD_FORMAT YYYY-MM-DD", "steps[0].within_hours.holidays[2] BAD_FORMAT"}},
		{"101 holidays", with(&flow.WithinHours{
			Hours: hours("09:00", "10:00").Hours, Holidays: make([]string, 101),
		}), []string{"steps[0].within_hours.holidays TOO_MANY"}},
		{"zone unknown", with(&flow.WithinHours{Hours: hours("09:00", "10:00").Hours, Zone: "Mars/Base"}), []string{"steps[0].within_hours.zone UNKNOWN_VALUE Europe/Berlin"}},
		{"zone of the machine", with(&flow.WithinHours{Hours: hours("09:00", "10:00").Hours, Zone: "Local"}), []string{"steps[0].within_hours.zone UNKNOWN_VALUE"}},
		{"zone as a path", with(&flow.WithinHours{Hours: hours("09:00", "10:00").Hours, Zone: "../etc/passwd"}), []string{"steps[0].within_hours.zone UNKNOWN_VALUE"}},

		{"condition missing", with(&flow.ContactIs{}), []string{"steps[0].contact_is.condition REQUIRED"}},
		{"condition unknown", with(&flow.ContactIs{Condition: "rich"}), []string{"steps[0].contact_is.condition UNKNOWN_VALUE"}},
		{"tagged without tag", with(&flow.ContactIs{Condition: flow.ContactTagged}), []string{"steps[0].contact_is.tag REQUIRED"}},
		{"tag in vain", with(&flow.ContactIs{Condition: flow.ContactNew, Tag: "vip"}), []string{"steps[0].contact_is.tag UNEXPECTED"}},

		{"text empty", with(&flow.SendMessage{Text: " \n"}), []string{"steps[0].send_message.text REQUIRED"}},
		{"text too long", with(&flow.SendMessage{Text: strings.Repeat("x", 1_601)}), []string{"steps[0].send_message.text TOO_LONG 1600"}},
		{"variables unknown", with(&flow.SendMessage{Text: "é {{contact.nmae}} {{vars.E}} {{vars.ok}}"}), []string{
			`steps[0].send_message.text UNKNOWN_VARIABLE "contact.nmae" at character 3, which is no variable: use one of contact.name,`,
			`steps[0].send_message.text UNKNOWN_VARIABLE "vars.E" at character 20`,
		}},
		{"variable unclosed", with(&flow.SendMessage{Text: "Hi {{contact.name"}), []string{"steps[0].send_message.text UNCLOSED_VARIABLE at character 4"}},

		{"segments", with(&flow.AssistantReply{MaxSegments: 11}), []string{"steps[0].assistant_reply.max_segments OUT_OF_RANGE"}},
		{"segments below 0", with(&flow.AssistantReply{MaxSegments: -1}), []string{"steps[0].assistant_reply.max_segments OUT_OF_RANGE"}},
		{"fallback", with(&flow.AssistantReply{FallbackText: "{{x}}"}), []string{"steps[0].assistant_reply.fallback_text UNKNOWN_VARIABLE"}},
		{"on_error", with(&flow.AssistantReply{OnError: "panic"}), []string{"steps[0].assistant_reply.on_error UNKNOWN_VALUE"}},
		{"history", with(&flow.AssistantReply{History: &five}), []string{"steps[0].assistant_reply.history OUT_OF_RANGE"}},

		{"variable unnamed", with(&flow.SetVariable{Value: "x"}), []string{"steps[0].set_variable.name REQUIRED"}},
		{"variable's name", with(&flow.SetVariable{Name: "1st", Value: "{{"}), []string{"steps[0].set_variable.name BAD_FORMAT", "steps[0].set_variable.value UNCLOSED_VARIABLE"}},
		{"variable's name too long", with(&flow.SetVariable{Name: strings.Repeat("a", 41)}), []string{"steps[0].set_variable.name TOO_LONG"}},
		{"value too long", with(&flow.SetVariable{Name: "a", Value: strings.Repeat("x", 501)}), []string{"steps[0].set_variable.value TOO_LONG"}},

		{"tag empty", with(&flow.TagContact{}), []string{"steps[0].tag_contact.tag REQUIRED"}},
		{"tag form", with(&flow.TagContact{Tag: "Very Important"}), []string{"steps[0].tag_contact.tag BAD_FORMAT"}},
		{"tag too long", with(&flow.TagContact{Tag: strings.Repeat("a", 41)}), []string{"steps[0].tag_contact.tag TOO_LONG"}},

		{"hand-off", with(&flow.HandOff{Note: strings.Repeat("x", 501), Text: "{{y}}"}), []string{
			"steps[0].hand_off.note TOO_LONG 500", "steps[0].hand_off.text UNKNOWN_VARIABLE",
		}},
		{"hand-off without words", with(&flow.HandOff{}), nil},
		{"end", with(&flow.End{}), nil},

		{"all at once", func(w *flow.Workflow) {
			w.Name, w.Goal = "", "x"
			w.Steps[0].OnFail = &flow.OnFail{Action: flow.FailGoTo}
			w.Steps[1].Spec = &flow.SendMessage{}
		}, []string{"name REQUIRED", "goal UNKNOWN_VALUE", "steps[0].on_fail.go_to REQUIRED", "steps[1].send_message.text REQUIRED"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := valid()
			c.change(&w)
			compare(t, w.Validate(), c.want)
		})
	}
}

// compare holds violations against lines of "field REASON part of the text".
func compare(t *testing.T, got []flow.Violation, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d violations, want %d: %+v", len(got), len(want), got)
	}
	for i, v := range got {
		parts := strings.SplitN(want[i]+"  ", " ", 3)
		if v.Field != parts[0] || v.Reason != parts[1] || !strings.Contains(v.Text, strings.TrimSpace(parts[2])) {
			t.Errorf("got  %s %s %s\nwant %s", v.Field, v.Reason, v.Text, want[i])
		}
	}
}

func TestViolationsAreBounded(t *testing.T) {
	t.Parallel()
	w := valid()
	w.Steps = slices.Repeat([]flow.Step{{Spec: &flow.MatchWords{Mode: flow.MatchRegex, Words: slices.Repeat([]string{"("}, 100)}}}, 50)
	if n := len(w.Validate()); n != flow.MaxViolations {
		t.Errorf("got %d violations, want %d", n, flow.MaxViolations)
	}
}

// What the generator calls valid is valid: the other rooms' property tests rest on it.
func TestRandomWorkflowsAreValid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := flowtest.Workflow().Draw(t, "workflow")
		if bad := w.Validate(); len(bad) > 0 {
			t.Fatalf("%+v", bad)
		}
	})
}

// Validate takes anything: no field of a workflow, however odd, makes it panic.
func TestValidateTakesAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), flowtest.Message())
		mode := rapid.SampledFrom(flow.MatchModes()).Draw(t, "mode")
		w := flow.Workflow{
			Name: text.Draw(t, "name"), Goal: flow.Goal(text.Draw(t, "goal")), Context: text.Draw(t, "context"),
			Steps: []flow.Step{
				{ID: flow.StepID(text.Draw(t, "id")), Spec: &flow.MatchWords{Mode: mode, Words: rapid.SliceOf(text).Draw(t, "words")}},
				{OnFail: &flow.OnFail{Action: flow.FailGoTo, GoTo: flow.StepID(text.Draw(t, "go_to"))}, Spec: &flow.WithinHours{
					Hours: []flow.Hours{{Opens: text.Draw(t, "opens"), Closes: text.Draw(t, "closes")}},
					Zone:  text.Draw(t, "zone"), Holidays: rapid.SliceOf(text).Draw(t, "holidays"),
				}},
				{Spec: &flow.SendMessage{Text: text.Draw(t, "text")}},
			},
		}
		for _, v := range w.Validate() {
			if v.Field == "" || v.Reason == "" || v.Text == "" {
				t.Fatalf("a violation says nothing: %+v", v)
			}
		}
	})
}
