package gatewaytest

import (
	"net/http"
	"time"
)

// Do is what happens instead of an answer.
type Do string

// What can happen. The empty one is an answer.
const (
	Cut       Do = "cut"        // closed in order after the request was read
	Reset     Do = "reset"      // closed by a reset after the request was read
	CutUnread Do = "cut_unread" // closed by a reset before the body was read: never sends
	Hang      Do = "hang"       // held until the other side gives up
)

// Mode is what one request gets. The zero Mode is OK.
type Mode struct {
	Do Do `json:"do,omitempty"`
	// Status is the answer's, 0: 200.
	Status     int    `json:"status,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"`
	// Delay comes before the answer, and after the ledger's line.
	Delay time.Duration `json:"delay,omitempty"`
	// NoSMS: nothing is sent. 2xx, Cut, Reset and Hang send unless it is set: for one who wonders whether to go again
	// that is the dangerous way.
	NoSMS bool `json:"no_sms,omitempty"`
	// SMS: it is sent although the answer is not 2xx.
	SMS bool `json:"sms,omitempty"`
	// Times is for how many requests, in a script; 0: one.
	Times int `json:"times,omitempty"`
}

// OK sends and answers 200 with the gateway's id.
func OK() Mode { return Mode{} }

// Status answers so; it sends if it is 2xx.
func Status(code int) Mode { return Mode{Status: code} }

// Busy answers 429 with Retry-After (empty: without).
func Busy(retryAfter string) Mode {
	return Mode{Status: http.StatusTooManyRequests, RetryAfter: retryAfter}
}

// Slow sends, and answers 200 after the delay.
func Slow(delay time.Duration) Mode { return Mode{Delay: delay} }

func (m Mode) status() int {
	if m.Status == 0 {
		return http.StatusOK
	}
	return m.Status
}

// sends says whether an SMS goes out (once per id, if the gateway dedupes).
func (m Mode) sends() bool {
	switch {
	case m.Do == CutUnread || m.NoSMS:
		return false
	case m.Do != "" || m.SMS:
		return true
	}
	return m.status() >= http.StatusOK && m.status() < http.StatusMultipleChoices
}
