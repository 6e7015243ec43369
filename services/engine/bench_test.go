package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"smsflow/services/engine"
	"smsflow/services/flow"
)

func keywordReply(b *testing.B) *engine.Program {
	b.Helper()
	return program(b, flow.GoalLeadCapture,
		flow.Step{ID: "prices", Spec: &flow.MatchWords{Mode: flow.MatchAny, Words: []string{"price", "prices", "how much", "cost", "quote"}}},
		flow.Step{ID: "reply", Spec: &flow.SendMessage{Text: "Hi {{contact.name|there}}, a cleaning is $80 at {{tenant.name}}."}},
	)
}

func question() engine.Facts {
	return engine.Facts{
		Now: noon(), TenantName: "Bright Dental", TenantNumber: "+15550001000", Contact: "+15550002000",
		Vars: map[string]string{"name": "Ann"}, Message: "Hello! How much does a cleaning cost, please?",
	}
}

// BenchmarkKeywordReply is one Advance: a check of words, and a reply with two variables. Aim: 5 µs, 40 allocations.
func BenchmarkKeywordReply(b *testing.B) {
	p, facts := keywordReply(b), question()
	run := start(p)
	b.ReportAllocs()
	for b.Loop() {
		if got, _ := p.Advance(run, facts, engine.Event{}); got.Sent != 1 {
			b.Fatal(got.Reason)
		}
	}
}

// BenchmarkKeywordReplyUnicode is the same with a message that has to be normalised.
func BenchmarkKeywordReplyUnicode(b *testing.B) {
	p, facts := keywordReply(b), question()
	facts.Message = "Ｈｅｌｌｏ 👋 how MUCH does a cleaning cost, plea\u00adse? Grüße aus der Straße"
	run := start(p)
	b.ReportAllocs()
	for b.Loop() {
		if got, _ := p.Advance(run, facts, engine.Event{}); got.Sent != 1 {
			b.Fatal(got.Reason)
		}
	}
}

// BenchmarkGoalTurnedDown is what a workflow costs that looks at a message and passes it on: selection pays it for each
// workflow above the one that keeps the message.
func BenchmarkGoalTurnedDown(b *testing.B) {
	p := program(b, flow.GoalFeedback, flow.DefaultSteps(flow.GoalFeedback)...)
	run := start(p)
	for name, facts := range map[string]engine.Facts{"alone": question(), "prepared": question().Prepare()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, out := p.Advance(run, facts, engine.Event{}); !out.Passed {
					b.Fatal("kept")
				}
			}
		})
	}
}

// BenchmarkWithinHours with the tenant's zone: prepared facts load it once for all workflows.
func BenchmarkWithinHours(b *testing.B) {
	p := program(b, flow.GoalFeedback, flow.Step{Spec: &flow.WithinHours{Hours: []flow.Hours{{Day: flow.Sunday, Opens: "09:00", Closes: "17:00"}}}})
	run, facts := start(p), question()
	facts.Zone = "Europe/Berlin"
	for name, facts := range map[string]engine.Facts{"alone": facts, "prepared": facts.Prepare()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, out := p.Advance(run, facts, engine.Event{}); !out.Passed {
					b.Fatal("kept")
				}
			}
		})
	}
}

// BenchmarkWorstRegex is the most that the limits let one message cost: expressions of MaxRegexTotal instructions that
// never match, and a message of MaxMessage characters.
func BenchmarkWorstRegex(b *testing.B) {
	step := flow.Step{Spec: &flow.MatchWords{Mode: flow.MatchRegex, Words: []string{
		`(a?){249}b`, `(a?){249}c`, `(a?){249}d`, `(a?){249}e`, `(a?){249}f`,
	}}}
	p := program(b, flow.GoalFeedback, step)
	run, facts := start(p), question()
	facts.Message = strings.Repeat("a", engine.MaxMessage)
	b.ReportAllocs()
	for b.Loop() {
		if _, out := p.Advance(run, facts, engine.Event{}); !out.Passed {
			b.Fatal("matched")
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{2, 50} {
		b.Run(fmt.Sprintf("steps=%d", n), func(b *testing.B) {
			w := flow.Workflow{Goal: flow.GoalLeadCapture}
			for len(w.Steps) < n {
				w.Steps = append(w.Steps, flow.DefaultSteps(w.Goal)...)
			}
			rev := w.RevisionOf()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := engine.Compile(rev); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
