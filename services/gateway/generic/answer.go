package generic

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"smsflow/services/flow"
)

// Limits of a gateway's answer.
const (
	MaxAnswer     = 256 << 10 // bytes of the body that are read
	MaxRetryAfter = 5 * time.Minute

	maxAnswerHeader = 64 << 10 // bytes
)

// answered says what a gateway's answer means for the message.
func answered(resp *http.Response, now time.Time) flow.Sent {
	code := resp.StatusCode
	status := fmt.Sprint(code)
	if text := http.StatusText(code); text != "" {
		status += " " + text // never resp.Status: the gateway may write anything there
	}
	switch {
	case code >= 200 && code <= 299:
		return flow.Sent{State: flow.OutboundSent, GatewayID: gatewayID(resp.Body)}
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return flow.Sent{
			State:      flow.OutboundPending,
			Reason:     "The gateway did not take the message now: it answered " + status + ".",
			RetryAfter: retryAfter(resp.Header, now),
		}
	case code == http.StatusConflict:
		// Gateways that dedupe answer so while they still work on the same message from an earlier attempt.
		return unknown("The gateway answered " + status)
	case code >= 400 && code <= 499:
		return flow.Sent{State: flow.OutboundFailed, Reason: "The gateway refused the message: it answered " + status + "."}
	case code >= 300 && code <= 399:
		return unknown("The gateway answered " + status + ", a redirect, which is not followed")
	default:
		return unknown("The gateway answered " + status)
	}
}

// unknown is the result if the gateway may have taken the message or not.
func unknown(what string) flow.Sent {
	return flow.Sent{State: flow.OutboundUnknown, Reason: what + ", so it is not known whether it took the message."}
}

// gatewayID finds the id in {"id": "…"}. An answer without one, or without an end, is no fault: the status has said that
// the message was taken.
func gatewayID(body io.Reader) string {
	b, err := io.ReadAll(io.LimitReader(body, MaxAnswer+1))
	if err != nil || len(b) > MaxAnswer {
		return ""
	}
	var answer struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return ""
	}
	// Half an id would be another id, so one that does not fit is left out.
	if utf8.RuneCountInString(answer.ID) > flow.MaxGatewayMessageID {
		return ""
	}
	for _, r := range answer.ID {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return ""
		}
	}
	return answer.ID
}

// retryAfter reads the header (RFC 9110, 10.2.3): seconds or a date; MaxRetryAfter at the most. 0: nothing usable.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	// Out of range it gives the largest number there is.
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return min(time.Duration(seconds)*time.Second, MaxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}
