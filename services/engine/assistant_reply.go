package engine

import (
	"fmt"

	"smsflow/services/flow"
)

// Limits of what is kept of an assistant's answer, in characters.
const (
	// MaxAnswer is more than MaxSegments can hold in any encoding: what is beyond would be cut anyway.
	MaxAnswer      = 4_000
	MaxAnswerError = 500
)

// assistantReply asks the workflow's assistant and sends what it answers.
type assistantReply struct {
	segments int
	history  int
	fallback flow.Text
	onError  flow.OnError
}

func newAssistantReply(spec *flow.AssistantReply) (stepper, error) {
	fallback, err := parseText("fallback_text", spec.FallbackText)
	if err != nil {
		return nil, err
	}
	a := &assistantReply{segments: DefaultReplySegments, history: DefaultHistory, fallback: fallback, onError: spec.OnError}
	if spec.MaxSegments > 0 {
		a.segments = min(int(spec.MaxSegments), MaxSegments)
	}
	if spec.History != nil {
		a.history = max(0, min(int(*spec.History), flow.MaxHistory))
	}
	switch a.onError {
	case flow.OnErrorContinue, flow.OnErrorHandOff, flow.OnErrorStop:
		return a, nil
	default:
		return nil, fmt.Errorf("unknown on_error %q", a.onError)
	}
}

// advance asks; answered goes on when the answer is there.
func (a *assistantReply) advance(t *turn, s *step) result {
	t.ask(flow.Effect{Kind: flow.EffectAsk, Step: s.id, MaxSegments: a.segments, History: a.history}, "waits for the assistant")
	return result{is: flow.StepWaiting, input: t.input(), detail: "asked the assistant", follows: wait}
}

func (a *assistantReply) answered(t *turn, s *step, answer *flow.Answer) result {
	kept := keep(answer)
	r := result{is: flow.StepDone, input: t.input(), answer: &kept}
	text, fallback := kept.Text, clean(a.fallback.Render(t.value))
	fault := ""
	switch {
	case kept.Err != "":
		fault = "the assistant failed: " + kept.Err
	case flow.Blank(text) && (!kept.Unsure || flow.Blank(fallback)):
		fault = "the assistant's answer is empty"
	case kept.Unsure && !flow.Blank(fallback):
		r.detail = "the assistant does not know; fallback text: "
		text = fallback
	case kept.Unsure:
		r.detail = "the assistant does not know, and there is no fallback text; its own words: "
	}
	if fault == "" {
		detail, _ := t.send(s.id, text, a.segments)
		r.detail += detail
		return r
	}
	return a.failed(t, s, r, fault, fallback)
}

// failed sends the fallback text, if there is one, and does what the step says for a failure.
func (a *assistantReply) failed(t *turn, s *step, r result, fault, fallback string) result {
	r.is, r.detail = flow.StepError, fault+"; there is no fallback text"
	if !flow.Blank(fallback) {
		detail, _ := t.send(s.id, fallback, MaxSegments)
		r.detail = fault + "; fallback text: " + detail
	}
	switch a.onError {
	case flow.OnErrorHandOff:
		r.follows, r.note = handOver, s.name+": "+fault
	case flow.OnErrorStop:
		r.follows = stop
	case flow.OnErrorContinue:
	}
	return r
}

// keep is an answer as it may be stored and sent: without control characters, and of bounded length.
func keep(a *flow.Answer) flow.Answer {
	kept := *a
	kept.Text = flow.Cut(clean(flow.Cut(a.Text, 2*MaxAnswer)), MaxAnswer)
	kept.Model = clean(flow.Cut(a.Model, flow.MaxModel))
	kept.Err = clean(flow.Cut(a.Err, MaxAnswerError))
	if a.Err != "" && kept.Err == "" {
		kept.Err = "it does not say why"
	}
	return kept
}
