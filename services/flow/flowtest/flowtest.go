// Package flowtest makes random nouns for property tests: valid workflows with every type of step, and messages of the
// kind that meet them.
package flowtest

import (
	"strings"
	"time"

	"pgregory.net/rapid"

	"smsflow/services/flow"
)

// maxRandomSteps is how many steps a random workflow has at most: enough for jumps, few enough for many tries.
const maxRandomSteps = 12

// Workflow makes valid workflows: Validate finds nothing.
func Workflow() *rapid.Generator[flow.Workflow] {
	return rapid.Custom(func(t *rapid.T) flow.Workflow {
		created := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 1_000).Draw(t, "age")) * time.Minute)
		return flow.Workflow{
			Tenant: "tenant-1", ID: flow.WorkflowID(rapid.StringMatching(`[0-9a-f]{12}`).Draw(t, "id")),
			Name:        rapid.StringMatching(`[A-Z][a-z]{1,12}( [a-zé☺]{1,8}){0,2}`).Draw(t, "name"),
			Goal:        rapid.SampledFrom(flow.Goals()).Draw(t, "goal"),
			Description: plain().Draw(t, "description"), Context: plain().Draw(t, "context"),
			Assistant: rapid.SampledFrom([]flow.AssistantID{"", "assistant-1"}).Draw(t, "assistant"),
			Priority:  rapid.Int32().Draw(t, "priority"), Active: rapid.Bool().Draw(t, "active"),
			Steps: Steps().Draw(t, "steps"), Revision: 1, Version: 1, CreatedAt: created, UpdatedAt: created,
		}
	})
}

// Steps makes valid steps; a check's on_fail is any of the five forms.
func Steps() *rapid.Generator[[]flow.Step] {
	return rapid.Custom(func(t *rapid.T) []flow.Step {
		w := flow.Workflow{}
		for range rapid.IntRange(0, maxRandomSteps).Draw(t, "number of steps") {
			w.Steps = append(w.Steps, flow.Step{
				Label: rapid.SampledFrom([]string{"", "Prices?", "Öffnungszeiten"}).Draw(t, "label"),
				Spec:  Spec(rapid.SampledFrom(flow.StepTypes()).Draw(t, "type")).Draw(t, "spec"),
			})
		}
		w.NameSteps()
		for i := range w.Steps {
			if w.Steps[i].Spec.Check() {
				w.Steps[i].OnFail = onFail(t, w.Steps, i)
			}
		}
		if len(w.Steps) == 0 {
			return nil
		}
		return w.Steps
	})
}

func onFail(t *rapid.T, steps []flow.Step, i int) *flow.OnFail {
	actions := []flow.FailAction{"", flow.FailNextWorkflow, flow.FailStop, flow.FailHandOff, flow.FailContinue}
	later := steps[i+1:]
	if len(later) > 0 {
		actions = append(actions, flow.FailGoTo)
	}
	switch action := rapid.SampledFrom(actions).Draw(t, "on_fail"); action {
	case "":
		return nil
	case flow.FailGoTo:
		return &flow.OnFail{Action: action, GoTo: rapid.SampledFrom(later).Draw(t, "go_to").ID}
	default:
		return &flow.OnFail{Action: action}
	}
}

// Spec makes valid specs of a type.
func Spec(typ flow.StepType) *rapid.Generator[flow.Spec] {
	if typ == flow.TypeEnd {
		return rapid.Just(flow.NewSpec(typ)) // has no fields to choose
	}
	return rapid.Custom(func(t *rapid.T) flow.Spec {
		switch typ {
		case flow.TypeMatchWords:
			return matchWords(t)
		case flow.TypeMatchGoal:
			return &flow.MatchGoal{ExtraWords: some(t, word(), 0, 3, "extra words")}
		case flow.TypeWithinHours:
			return withinHours(t)
		case flow.TypeContactIs:
			c := &flow.ContactIs{Condition: rapid.SampledFrom([]flow.ContactCondition{
				flow.ContactNew, flow.ContactKnown, flow.ContactTagged, flow.ContactOptedIn,
			}).Draw(t, "condition")}
			if c.Condition == flow.ContactTagged {
				c.Tag = tag().Draw(t, "tag")
			}
			return c
		case flow.TypeSendMessage:
			return &flow.SendMessage{Text: "x" + Template().Draw(t, "text")}
		case flow.TypeAssistantReply:
			return assistantReply(t)
		case flow.TypeSetVariable:
			return &flow.SetVariable{Name: rapid.SampledFrom([]string{"name", "email", "q_1"}).Draw(t, "name"), Value: Template().Draw(t, "value")}
		case flow.TypeTagContact:
			return &flow.TagContact{Tag: tag().Draw(t, "tag"), Remove: rapid.Bool().Draw(t, "remove")}
		case flow.TypeHandOff:
			return &flow.HandOff{Note: Template().Draw(t, "note"), Text: Template().Draw(t, "text")}
		default:
			return flow.NewSpec(typ)
		}
	})
}

func matchWords(t *rapid.T) *flow.MatchWords {
	m := &flow.MatchWords{Mode: rapid.SampledFrom(flow.MatchModes()).Draw(t, "mode")}
	entries := word()
	if m.Mode == flow.MatchRegex {
		entries = rapid.SampledFrom([]string{`(?i)pric(e|es)\b`, `^\d{4,6}$`, `a*`, `[[:alpha:]]+@`, `\pL{2,}`, `☺|😀`, `(a|b|c){1,5}$`})
	}
	m.Words = some(t, entries, 1, 4, "words")
	return m
}

func withinHours(t *rapid.T) *flow.WithinHours {
	clock := func(minutes int) string {
		return time.Date(2026, 1, 1, minutes/60, minutes%60, 0, 0, time.UTC).Format("15:04")
	}
	w := &flow.WithinHours{
		Holidays: some(t, rapid.SampledFrom([]string{"2026-12-25", "2026-03-29", "2028-02-29"}), 0, 2, "holidays"),
		Zone:     rapid.SampledFrom([]string{"", "UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"}).Draw(t, "zone"),
		Outside:  rapid.Bool().Draw(t, "outside"),
	}
	for range rapid.IntRange(1, 4).Draw(t, "number of spans") {
		opens := rapid.IntRange(0, 23*60+58).Draw(t, "opens")
		h := flow.Hours{Day: flow.Weekday(rapid.IntRange(1, 7).Draw(t, "day")), Opens: clock(opens), Closes: "24:00"}
		if rapid.Bool().Draw(t, "closes before midnight") {
			h.Closes = clock(rapid.IntRange(opens+1, 23*60+59).Draw(t, "closes"))
		}
		w.Hours = append(w.Hours, h)
	}
	return w
}

func assistantReply(t *rapid.T) *flow.AssistantReply {
	a := &flow.AssistantReply{
		MaxSegments:  rapid.Int32Range(0, flow.MaxReplySegments).Draw(t, "segments"),
		FallbackText: rapid.SampledFrom([]string{"", "We will call you."}).Draw(t, "fallback") + Template().Draw(t, "fallback's end"),
		OnError:      rapid.SampledFrom([]flow.OnError{flow.OnErrorContinue, flow.OnErrorHandOff, flow.OnErrorStop}).Draw(t, "on_error"),
	}
	if rapid.Bool().Draw(t, "names history") {
		n := rapid.Int32Range(0, flow.MaxHistory).Draw(t, "history")
		a.History = &n
	}
	return a
}

// some is rapid.SliceOfN with nil for an empty list, as a stored one comes back.
func some[T any](t *rapid.T, of *rapid.Generator[T], least, most int, label string) []T {
	s := rapid.SliceOfN(of, least, most).Draw(t, label)
	if len(s) == 0 {
		return nil
	}
	return s
}

func tag() *rapid.Generator[string] { return rapid.SampledFrom([]string{"lead", "vip", "2nd-visit"}) }

func word() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"price", "how much", "Café", "cafe\u0301", "ＰＲＩＣＥ", "ＳＴＲＡＳＳＥ", "straße", "don't", "ΣΊΣΥΦΟΣ", "3", "½", "can't log in",
	})
}

// plain makes texts without "{{".
func plain() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"", "We open at 9.\nAnd close at 5.", "Ärzte, 医者, 👩‍⚕️", "{ single } | bar", "}} closed"})
}

// Template makes texts that name variables.
func Template() *rapid.Generator[string] {
	piece := rapid.OneOf(plain(), rapid.SampledFrom([]string{
		"{{contact.name}}", "{{ contact.name | there }}", "{{contact.number}}", "{{message.text}}", "{{workflow.name}}",
		"{{tenant.name}}", "{{tenant.number}}", "{{vars.email|no address}}", "{{vars.q_1}}",
	}))
	return rapid.Map(rapid.SliceOfN(piece, 0, 5), func(pieces []string) string { return strings.Join(pieces, " ") })
}

// Message makes what contacts write, and what nobody should: words that checks look for, scripts of all kinds,
// control characters and what is not UTF-8.
func Message() *rapid.Generator[string] {
	piece := rapid.OneOf(
		word(), plain(), Template(),
		rapid.SampledFrom([]string{"How much?", "What are your opening hours", "STOP", "\x00", "\xff\xfe", "\r\n", "\t", "\u202e", "🇩🇪", "1️⃣", "a@b.example"}),
		rapid.String(),
	)
	return rapid.Map(rapid.SliceOfN(piece, 0, 6), func(pieces []string) string { return strings.Join(pieces, " ") })
}
