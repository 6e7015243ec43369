package flow_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"smsflow/services/flow"
	"smsflow/services/flow/flowtest"
)

func TestText(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"contact.name": "Ann", "message.text": "{{tenant.name}} {{", "vars.email": "a@b.example", "tenant.name": "Bright Dental",
	}
	for text, want := range map[string]string{
		"":                                        "",
		"plain { } }} text":                       "plain { } }} text",
		"Hi {{contact.name}}!":                    "Hi Ann!",
		"{{contact.name}}{{vars.email}}":          "Anna@b.example",
		"Hi {{ contact.name | you }}":             "Hi Ann",
		"Hi {{vars.first | dear\tfriend }}!":      "Hi dear\tfriend!",
		"Hi {{vars.first}}!":                      "Hi !",
		"{{vars.first|a|b}}":                      "a|b",
		"{{vars.first|}}":                         "",
		"{{message.text}}":                        "{{tenant.name}} {{",
		"{{vars.first|tenant.name}} {{\nvars.x}}": "tenant.name ",
	} {
		parsed, bad := flow.ParseText(text)
		if bad != nil {
			t.Errorf("%q: %+v", text, bad)
		}
		if got := parsed.Render(func(name string) string { return values[name] }); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if parsed.Empty() != (text == "") {
			t.Errorf("%q: Empty is %v", text, parsed.Empty())
		}
	}
}

func TestTextNamesEveryFault(t *testing.T) {
	t.Parallel()
	_, bad := flow.ParseText("é{{nope}} {{contact.name {{vars.1}} {{}} {{{vars.a}}} {{")
	compare(t, bad, []string{
		` UNKNOWN_VARIABLE "nope" at character 2`,
		` UNCLOSED_VARIABLE at character 11`,
		` UNKNOWN_VARIABLE "vars.1" at character 26`,
		` UNKNOWN_VARIABLE "" at character 37`,
		` UNKNOWN_VARIABLE "{vars.a" at character 42`,
		` UNCLOSED_VARIABLE at character 55`,
	})
}

func TestTextIsCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 3*flow.MaxRendered)
	parsed, _ := flow.ParseText("é{{vars.a}}{{vars.a}}é")
	for _, got := range []string{
		parsed.Render(func(string) string { return long }),
		func() string { p, _ := flow.ParseText(long); return p.Render(nil) }(),
	} {
		if n := utf8.RuneCountInString(got); n != flow.MaxRendered {
			t.Errorf("got %d characters, want %d", n, flow.MaxRendered)
		}
	}
}

// Whatever stands in values, it comes out as it is: nothing in it is looked at a second time.
func TestTextIsNotExpandedTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(flowtest.Template(), flowtest.Message()).Draw(t, "value")
		before, after := rapid.StringN(0, 20, -1).Draw(t, "before"), rapid.StringN(0, 20, -1).Draw(t, "after")
		before, after = strings.ReplaceAll(before, "{", "("), strings.ReplaceAll(after, "{", "(")
		text, bad := flow.ParseText(before + "{{vars.a}}" + after)
		if bad != nil {
			t.Fatalf("%+v", bad)
		}
		want := flow.Cut(before+value+after, flow.MaxRendered)
		if got := text.Render(func(string) string { return value }); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "{{contact.name|x}}", "{{{{", "}}{{", "{{vars.a}}{{ b", "\xff{{\x00}}"} {
		f.Add(seed, "{{contact.name}}")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		parsed, bad := flow.ParseText(text)
		for _, v := range bad {
			if v.Reason == "" || v.Text == "" {
				t.Errorf("%q: a violation says nothing", text)
			}
		}
		asked := 0
		got := parsed.Render(func(string) string { asked++; return value })
		if n := utf8.RuneCountInString(got); n > flow.MaxRendered {
			t.Errorf("%q: %d characters", text, n)
		}
		if bad == nil && asked == 0 && !strings.Contains(text, "{{") && got != flow.Cut(text, flow.MaxRendered) {
			t.Errorf("%q has no variable and became %q", text, got)
		}
	})
}
