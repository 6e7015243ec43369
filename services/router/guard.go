package router

import (
	"fmt"
	"slices"
	"time"

	"smsflow/services/flow"
)

// The loop guard: automations that answer each other must not go on for ever. What is over a limit goes to a person.
const (
	MaxRepliesMinute = 5  // messages answered by workflows in one conversation within a minute
	MaxRepliesHour   = 30 // and within an hour
	// MaxSameReplies is how often in a row the same text may be sent, if that takes no longer than a minute: two automations
	// that answer each other with fixed texts stop after six messages.
	MaxSameReplies = 3
)

// guard stops a message that must not be answered by a workflow.
func (t *turn) guard(m *message) (blocked bool) {
	if t.fromOurselves(m) {
		m.note("guard", "it comes from one of the tenant's own numbers: it is kept and not answered")
		t.finish(m, flow.OutcomeBlockedLoop)
		return true
	}
	var reason string
	switch minute, hour := t.replies(m.AcceptedAt, time.Minute), t.replies(m.AcceptedAt, time.Hour); {
	case m.Body == t.conv.LastText:
		reason = "the message is our own last reply sent back"
	case minute >= MaxRepliesMinute:
		reason = fmt.Sprintf("%d messages were answered automatically within a minute, which is the most", minute)
	case hour >= MaxRepliesHour:
		reason = fmt.Sprintf("%d messages were answered automatically within an hour, which is the most", hour)
	default:
		return false
	}
	m.note("guard", reason+": a person takes over")
	t.handOff("loop guard: " + reason)
	t.finish(m, flow.OutcomeBlockedLoop)
	return true
}

// fromOurselves says whether the texter is one of the tenant's own numbers.
func (t *turn) fromOurselves(m *message) bool { return slices.Contains(t.cfg.Numbers, m.From) }

// repeats says whether a text has been sent in a row as often as it may.
func (t *turn) repeats(m *message, text string) bool {
	return text == t.conv.LastText && t.conv.SameReplies >= MaxSameReplies && t.replies(m.AcceptedAt, time.Minute) >= MaxSameReplies
}

// replies counts the messages answered by workflows in the time before at.
func (t *turn) replies(at time.Time, within time.Duration) int {
	n := 0
	for _, r := range t.conv.Recent {
		if at.Sub(r) < within {
			n++
		}
	}
	return n
}

// replied notes that a workflow answers a message.
func (t *turn) replied(m *message, text string) {
	if text != t.conv.LastText {
		t.conv.SameReplies = 0
	}
	t.conv.LastText = text
	t.conv.SameReplies++
	if n := len(t.conv.Recent); n > 0 && t.conv.Recent[n-1].Equal(m.AcceptedAt) {
		return // another reply to the same message
	}
	recent := slices.DeleteFunc(slices.Clone(t.conv.Recent), func(r time.Time) bool { return m.AcceptedAt.Sub(r) >= time.Hour })
	recent = append(recent, m.AcceptedAt)
	t.conv.Recent = recent[max(0, len(recent)-MaxRepliesHour):]
}

// handOff gives the conversation to a person.
func (t *turn) handOff(reason string) {
	t.conv.State, t.conv.StateReason, t.conv.HandedOffAt = flow.HandedOff, reason, t.r.Now()
}

// released says whether the tenant's time for a person to answer is over, and takes the conversation back then.
func (t *turn) released(m *message) bool {
	after := time.Duration(t.cfg.Tenant.Settings.ReleaseAfterMinutes) * time.Minute
	if after <= 0 || t.conv.HandedOffAt.IsZero() || m.AcceptedAt.Sub(t.conv.HandedOffAt) < after {
		return false
	}
	m.note("conversation", fmt.Sprintf("handed off more than %s ago: released as the tenant has set", after))
	t.conv.State, t.conv.StateReason, t.conv.HandedOffAt = flow.Automated, "", time.Time{}
	return true
}
