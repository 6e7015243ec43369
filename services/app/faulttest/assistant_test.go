//go:build linux

package faulttest

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"smsflow/services/assistant/assistanttest"
)

// faultTimeout is after how long an assistant with a fault has failed.
const faultTimeout = 2 * time.Second

// assistantFault is a way in which an assistant fails, and what the contact gets.
type assistantFault struct {
	behaviour assistanttest.Behaviour
	reply     string // the reply's first word
}

// faults are the assistants' faults, by the word that brings them about.
func faults() map[string]assistantFault {
	return map[string]assistantFault{
		"hang":     {assistanttest.Hangs(), fallback},
		"halfway":  {assistanttest.HangsAfterHeader(), fallback},
		"busy":     {assistanttest.TooManyRequests(0), fallback},
		"broken":   {assistanttest.Breaks(0), fallback},
		"huge":     {assistanttest.TenMegabytes(), fallback},
		"nothing":  {assistanttest.Empty(), fallback},
		"nul":      {assistanttest.OnlyNUL(), fallback},
		"wrong":    {assistanttest.WrongJSON(), fallback},
		"cut":      {assistanttest.Cuts(), fallback},
		"nuls":     {withNULs, stepTwo},
		"overlong": {assistanttest.HTML(), fallback},
	}
}

// withNULs answers right, with NUL and other control characters in it.
func withNULs(rw http.ResponseWriter, r *http.Request, chat assistanttest.Chat) {
	assistanttest.CompletesWith(func(chat assistanttest.Chat) string {
		return stepTwo + " \x00" + questionOf(chat) + "\x07"
	})(rw, r, chat)
}

const (
	faultContacts = 6 // with each fault; five failures in a row give an assistant a rest
	// answerSlack is how much longer than its timeout the answer to a message may take whose assistant hangs.
	answerSlack = 3 * time.Second
)

// TestAssistantFaults: whatever an assistant does, the contact gets one reply in time, and it is the one that the
// workflow declares.
func TestAssistantFaults(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind database) {
		w := newWorld(t, options{database: kind})
		w.start()
		var all sync.WaitGroup
		for word := range faults() {
			for range faultContacts {
				m := w.contacts.next().message(word)
				all.Go(func() { w.submit(t.Context(), m, 0) })
			}
		}
		all.Wait()
		w.holds()
		w.declared()
	})
}

// declared holds every reply of an assistant against its fault.
func (w *world) declared() {
	w.Helper()
	acks := map[string]time.Time{}
	for _, l := range w.ledger.lines() {
		if l.Deed == acked {
			acks[l.Body] = l.Time
		}
	}
	replies := 0
	for _, p := range w.process {
		for _, s := range p.Entries(w) {
			first, body, _ := strings.Cut(s.Body, " ")
			word, _, _ := strings.Cut(body, " ")
			if want := faults()[word].reply; first != want {
				w.Errorf("the reply is %q, want %q in front", s.Body, want)
			}
			if took := s.Time.Sub(acks[body]); took > faultTimeout+answerSlack {
				w.Errorf("the reply %q took %s", s.Body, took)
			}
			replies++
		}
	}
	if want := len(faults()) * faultContacts; replies != want {
		w.Errorf("%d replies, want %d", replies, want)
	}
}
