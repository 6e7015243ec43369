package engine

import (
	"strconv"
	"unicode/utf8"

	"smsflow/services/flow"
	"smsflow/services/sms"
)

// sendMessage sends a text.
type sendMessage struct {
	text flow.Text
}

func newSendMessage(spec *flow.SendMessage) (stepper, error) {
	text, err := parseText("text", spec.Text)
	return &sendMessage{text: text}, err
}

func (a *sendMessage) advance(t *turn, s *step) result {
	detail, sent := t.send(s.id, t.render(a.text), MaxSegments)
	if !sent {
		return result{is: flow.StepError, detail: detail}
	}
	return result{is: flow.StepDone, detail: detail}
}

// send asks for an outbound message of at most so many segments. It says what was sent, or that there is nothing to
// send.
func (t *turn) send(id flow.StepID, text string, segments int) (string, bool) {
	if flow.Blank(text) {
		return "sent nothing: the text is empty once its variables are put in", false
	}
	n := sms.Count(text)
	cut := n.Parts > segments
	if cut {
		text = sms.Truncate(text, segments)
		n = sms.Count(text)
	}
	t.out.Sends = append(t.out.Sends, Send{Step: id, Text: text})
	t.run.Sent++
	return sentDetail(text, n, cut), true
}

// sentDetail says what a text costs, and why if it is not the cheap encoding.
func sentDetail(text string, n sms.Segments, cut bool) string {
	detail := "sent " + strconv.Itoa(n.Parts) + " segment"
	if n.Parts != 1 {
		detail += "s"
	}
	detail += ", " + string(n.Encoding)
	if n.ForcingIndex >= 0 {
		detail += ` because of "` + string(n.Forcing) + `" at character ` + strconv.Itoa(utf8.RuneCountInString(text[:n.ForcingIndex])+1)
	}
	if cut {
		detail += ", cut to fit"
	}
	return detail
}
