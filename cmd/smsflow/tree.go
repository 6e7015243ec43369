package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

// A node is one line of a tree, and the lines below it. Further lines of its text are put under the first.
type node struct {
	text  string
	below []*node
}

func (n *node) add(text string) *node {
	child := &node{text: text}
	n.below = append(n.below, child)
	return child
}

// write draws the tree; prefix stands before every line but the first.
func (n *node) write(b *strings.Builder, prefix string) {
	lines := strings.Split(printable(n.text), "\n")
	b.WriteString(lines[0] + "\n")
	for _, line := range lines[1:] {
		stem := "   "
		if len(n.below) > 0 {
			stem = "│  "
		}
		b.WriteString(strings.TrimRight(prefix+stem+line, " ") + "\n")
	}
	for i, child := range n.below {
		branch, stem := "├─ ", "│  "
		if i == len(n.below)-1 {
			branch, stem = "└─ ", "   "
		}
		b.WriteString(prefix + branch)
		child.write(b, prefix+stem)
	}
}

// printable takes away what would steer a terminal: a message may come from anybody.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '�'
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}

// drawn is the answer to one SMS: what became of it, why, and the replies.
func drawn(req *smsflowv1.RouteInboundRequest, res *smsflowv1.RouteInboundResponse) string {
	var b strings.Builder
	tree := &node{text: fmt.Sprintf("%s → %s  %s\n%s", req.GetFrom(), req.GetTo(), oneLine(req.GetBody()), headline(req, res))}
	addTrace(tree, req.GetBody(), res.GetTrace())
	tree.write(&b, "")
	for i, reply := range res.GetReplies() {
		fmt.Fprintf(&b, "\nreply %d of %d: %s → %s, %s, %s\n", i+1, len(res.GetReplies()), printable(reply.GetFrom()), printable(reply.GetTo()),
			count(int(reply.GetSegments()), "segment"), printable(reply.GetEncoding()))
		for line := range strings.Lines(printable(reply.GetBody())) {
			b.WriteString("  " + strings.TrimRight(line, "\n") + "\n")
		}
	}
	switch {
	case len(res.GetReplies()) > 0:
	case res.GetOutcome() == smsflowv1.Outcome_OUTCOME_ACCEPTED:
		fmt.Fprintf(&b, "\nno reply yet: the message is kept and will be answered; send it again with --id %s to see how\n", printable(req.GetGatewayMessageId()))
	default:
		b.WriteString("\nno reply\n")
	}
	return b.String()
}

// headline says what became of the message.
func headline(req *smsflowv1.RouteInboundRequest, res *smsflowv1.RouteInboundResponse) string {
	s := "outcome: " + word(res.GetOutcome().String(), "OUTCOME_")
	if w := res.GetWorkflow(); w != nil {
		s += fmt.Sprintf(", by %s (revision %d)", w.GetName(), w.GetRevision())
	}
	t := res.GetTrace()
	if t.GetFinishedAt() != nil && t.GetAcceptedAt() != nil {
		s += ", in " + t.GetFinishedAt().AsTime().Sub(t.GetAcceptedAt().AsTime()).Round(time.Millisecond).String()
	}
	if res.GetDuplicate() {
		s += ", a repeated delivery: this is the first one's outcome"
		if other := firstUse(req, res); other != "" {
			s += "\nbut the id was used for another message: " + other + "; give this one an id of its own"
		}
	}
	if res.GetInboundId() != "" {
		s += "\nmessage: " + res.GetInboundId()
	}
	if res.GetRunId() != "" {
		s += "\nrun:     " + res.GetRunId()
	}
	return s
}

// firstUse tells in what the first message with the id was another than this one, as far as its outcome shows it; empty:
// in nothing.
func firstUse(req *smsflowv1.RouteInboundRequest, res *smsflowv1.RouteInboundResponse) string {
	for _, reply := range res.GetReplies() {
		if digits(reply.GetTo()) != digits(req.GetFrom()) {
			return "it came from " + reply.GetTo()
		}
	}
	for _, c := range res.GetTrace().GetCandidates() {
		for _, s := range c.GetSteps() {
			switch s.GetType() {
			case "match_words", "match_goal", "assistant_reply":
			default:
				continue // it looked at something else than the message
			}
			// A long text is shown in part.
			if first, cut := strings.CutSuffix(s.GetInput(), "…"); first != "" && !sameText(first, req.GetBody(), cut) {
				return "it said " + oneLine(s.GetInput())
			}
		}
	}
	return ""
}

// sameText compares two texts by their letters and digits: what is shown of a message is tidied up.
func sameText(shown, body string, begin bool) bool {
	shown, body = shownOf(shown), shownOf(body)
	if begin {
		return strings.HasPrefix(body, shown)
	}
	return body == shown
}

func shownOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return r
		}
		return -1
	}, s)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func addTrace(tree *node, body string, t *smsflowv1.DecisionTrace) {
	for _, n := range t.GetNotes() {
		tree.add(n.GetStage() + ": " + n.GetText())
	}
	if len(t.GetCandidates()) == 0 {
		return
	}
	candidates := tree.add("candidates, " + word(t.GetPriorityOrder().String(), "PRIORITY_ORDER_") + fmt.Sprintf(" (configuration %d)", t.GetConfigVersion()))
	unlisted := int(t.GetNotReached())
	for _, c := range t.GetCandidates() {
		text := fmt.Sprintf("%d. %s, priority %d, %s: %s", c.GetRank(), c.GetWorkflow().GetName(), c.GetPriority(),
			word(c.GetGoal().String(), "GOAL_"), verdict(c.GetVerdict()))
		if c.GetReason() != "" {
			text += "\n" + c.GetReason()
		}
		child := candidates.add(text)
		for i, s := range c.GetSteps() {
			// That it waited says nothing once it is known what came of it.
			if later := c.GetSteps()[i+1:]; s.GetResult() == smsflowv1.StepTrace_RESULT_WAITING && len(later) > 0 && later[0].GetStepId() == s.GetStepId() {
				continue
			}
			addStep(child, body, s)
		}
		if c.GetVerdict() == smsflowv1.Candidate_VERDICT_NOT_REACHED {
			unlisted--
		}
	}
	if unlisted > 0 {
		candidates.add("and " + count(unlisted, "more workflow") + " that came later")
	}
}

func addStep(candidate *node, body string, s *smsflowv1.StepTrace) {
	mark, check := "·", false
	switch s.GetResult() {
	case smsflowv1.StepTrace_RESULT_PASSED:
		mark, check = "✓", true
	case smsflowv1.StepTrace_RESULT_FAILED:
		mark, check = "✗", true
	case smsflowv1.StepTrace_RESULT_DONE:
		mark = "✓"
	case smsflowv1.StepTrace_RESULT_ERROR:
		mark = "✗"
	case smsflowv1.StepTrace_RESULT_WAITING:
		mark = "…"
	case smsflowv1.StepTrace_RESULT_UNSPECIFIED:
	}
	text := mark + " " + s.GetType()
	if s.GetStepId() != s.GetType() {
		text += " (" + s.GetStepId() + ")"
	}
	text += ": " + word(s.GetResult().String(), "RESULT_")
	if s.GetThen() != "" {
		text += " → " + s.GetThen()
	}
	// An action that had the message before it needs not repeat it.
	if s.GetInput() != "" && (check || s.GetInput() != body) {
		text += "\nlooked at " + oneLine(s.GetInput())
	}
	if s.GetDetail() != "" {
		text += "\n" + s.GetDetail()
	}
	if u := s.GetUsage(); u != nil {
		text += fmt.Sprintf("\n%s, %d tokens in, %d out, %s", u.GetModel(), u.GetInputTokens(), u.GetOutputTokens(), u.GetLatency().AsDuration().Round(latencyStep))
	}
	candidate.add(text)
}

// verdict makes the winner stand out.
func verdict(v smsflowv1.Candidate_Verdict) string {
	if v == smsflowv1.Candidate_VERDICT_WON {
		return "WON"
	}
	return strings.ReplaceAll(word(v.String(), "VERDICT_"), "_", " ")
}

// word turns the name of an enum's value into the word that the documents use.
func word(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }

// latencyStep is how exactly the time of an assistant's answer is shown.
const latencyStep = 100 * time.Microsecond

// maxLine bounds a text that is shown on one line.
const maxLine = 120

// oneLine quotes a text so that it takes one line.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(printable(s)), " ")
	if r := []rune(s); len(r) > maxLine {
		s = string(r[:maxLine-1]) + "…"
	}
	return `"` + s + `"`
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
