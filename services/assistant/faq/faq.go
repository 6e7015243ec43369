// Package faq is the built-in assistant: it needs no network and no model, and the same question always gets the same
// answer. It never writes a sentence of its own. It looks in the workflow's context for the passages that the customer
// asks about and sends them; if none fits well enough it says that it does not know. See router.Answerer.
//
// # How a context is read
//
// A passage is what may be sent:
//
//   - a pair "Q: …" and "A: …" (or a line that ends in "?" with its answer behind or below it): the answer, found by both;
//   - a bullet, a numbered line, a line of a list;
//   - a sentence of a paragraph.
//
// A heading ("# Hours", "Hours:", or a short first line of a block) belongs to each passage below it, a label ("Parking:
// …") to each sentence of its line: both help to find them, and are sent with them where they say what is meant.
//
// # How passages are ranked
//
// Words are compared without case, accents and width (Unicode compatibility decomposition), without endings, by small
// groups of words of one meaning (open, close, hours; price, cost, fee), and with one typing error in longer ones; "Mon–Fri"
// is each of its days. Words that say nothing (the, please, can you) do not count. BM25 ranks the passages; the best one
// is taken if it covers enough of what the question asks (threshold). Each sentence of the message is a question of its
// own. What is sent is bounded by the number of passages and by the segments of the reply, so no question, whatever it
// says, gets more of the context than fits one reply.
//
// # What the response template does
//
// The template is written in plain words for language models, so most of it means nothing here. Two forms do:
//
//   - "{{answer}}" in it makes it a frame: "Hi! {{answer}} Yours, {{tenant.name}}". Other variables than tenant.name
//     and workflow.name get their default or nothing; a frame with an unknown variable is not used.
//   - Without it, a line "Start with: Hi!" (also "Always start with:", "Begin with:") puts its text in front of the
//     answer, and a line "End with: …" (also "Always end with:", "Sign off:", "Sign:") behind it.
//
// If the answer does not fit the segments with its frame, the frame is left out; the assistant's instructions and the
// history are not looked at.
package faq

import (
	"context"
	"strings"

	"smsflow/services/assistant/internal/reply"
	"smsflow/services/flow"
	"smsflow/services/sms"
)

// Unknown is what it says when it does not know.
const Unknown = "Sorry, I don't know that yet."

// model is what it calls itself in a trace.
const model = "faq"

const (
	maxQuestions     = 6  // sentences of a message that are looked up
	maxGroups        = 3  // headings, paragraphs or pairs that answer one question
	maxPicks         = 12 // passages in one answer
	maxHeadingToSend = 60 // characters of a heading that is sent in front of a passage
	maxPassages      = 2_000
	maxContextWords  = 10_000
	maxQueryWords    = 1_000 // a message of 4,000 characters has fewer; one of single letters is cut
	maxQueryTerms    = 64
)

// Answerer answers from the context alone. It holds nothing and is safe for use by many.
type Answerer struct{}

// Answer looks the message up in the context. It takes milliseconds, so ctx only stops it before it
// begins.
func (Answerer) Answer(ctx context.Context, ask flow.Ask) flow.Answer {
	if ctx.Err() != nil {
		return flow.Answer{Model: model, Err: "the call was cancelled before it began"}
	}
	ix := newIndex(split(flow.Cut(ask.Context, flow.MaxContext)))
	pieces := compose(ix, find(ix, ask.Message))
	if len(pieces) == 0 {
		return flow.Answer{Model: model, Text: Unknown, Unsure: true}
	}
	before, after := frame(ask)
	return flow.Answer{Model: model, Text: reply.Fit(before, pieces, after, ask.MaxSegments)}
}

// find gives the passages that answer the message, question by question.
func find(ix *index, message string) []pick {
	var picks []pick
	taken := make(map[int]bool)
	for i, question := range reply.Sentences(flow.Cut(message, sms.MaxBodyChars)) {
		if i == maxQuestions {
			break
		}
		for _, p := range ix.search(queryTerms(question)) {
			if !taken[p.passage] && len(picks) < maxPicks {
				taken[p.passage] = true
				picks = append(picks, p)
			}
		}
	}
	return picks
}

// compose makes the text of the picks, in pieces that can be left off from the end.
func compose(ix *index, picks []pick) []string {
	var pieces []string
	for i, p := range picks {
		at := ix.passages[p.passage]
		text := at.text
		if at.label != "" {
			text = at.label + ": " + text
		}
		if first := i == 0 || ix.passages[picks[i-1].passage].group != at.group; first {
			if p.byHeading && at.heading != "" && len(at.heading) <= maxHeadingToSend {
				text = at.heading + ": " + text
			}
		} else if at.label != "" && ix.passages[picks[i-1].passage].label == at.label {
			text = at.text // the sentence before it has said the label
		}
		if i+1 < len(picks) {
			text = joined(text, ix.passages[picks[i+1].passage].group == at.group)
		}
		pieces = append(pieces, reply.Sentences(text)...)
	}
	return pieces
}

// joined ends a text so that another can follow it.
func joined(text string, sameGroup bool) string {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?"),
		strings.HasSuffix(text, "。") || strings.HasSuffix(text, "…"):
		return text + " "
	case sameGroup:
		return strings.TrimRight(text, ",;") + "; "
	}
	return strings.TrimRight(text, ",;") + ". "
}
