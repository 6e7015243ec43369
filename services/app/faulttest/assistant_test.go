//go:build linux

package faulttest

import (
	"net/http"
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
