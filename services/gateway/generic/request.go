package generic

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"smsflow/services/flow"
)

// Message is the JSON that is posted.
type Message struct {
	ID           string `json:"id"` // the same in every attempt
	From         string `json:"from"`
	To           string `json:"to"`
	Body         string `json:"body"`
	Segments     int    `json:"segments"`
	Encoding     string `json:"encoding"`
	Conversation string `json:"conversation"`
	InReplyTo    string `json:"in_reply_to"` // the inbound message's id
	Attempt      int    `json:"attempt"`     // from 1
}

// The headers of a request.
const (
	HeaderKey       = "Idempotency-Key" // the message's id
	HeaderTimestamp = "X-Smsflow-Timestamp"
	HeaderSignature = "X-Smsflow-Signature"
)

// newRequest makes the request of one attempt. The problem, if there is one, is a sentence for people about the
// connection's settings; no later attempt will do better.
func newRequest(ctx context.Context, d flow.Dispatch, now time.Time) (req *http.Request, problem string) {
	// The error of url.Parse quotes the URL, which may hold a password.
	target, err := url.Parse(d.Connection.URL)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return nil, "The connection's url is not an http or https address: correct it."
	}
	if d.Secret == "" {
		return nil, "The connection has no secret to sign with: set one."
	}
	body, err := encode(d)
	if err != nil {
		return nil, "The message could not be written as JSON."
	}
	req, err = http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, "The connection's url is not an http or https address: correct it."
	}
	// net/http posts a request again by itself if a connection that was used before breaks, the request has an
	// Idempotency-Key and its body can be had again by GetBody. The first may have been taken.
	req.GetBody = nil
	if u := target.User; u != nil {
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	timestamp, signature := Sign(d.Secret.Reveal(), body, now)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "smsflow")
	req.Header.Set(HeaderKey, string(d.Message.ID))
	req.Header.Set(HeaderTimestamp, timestamp)
	req.Header.Set(HeaderSignature, signature)
	return req, ""
}

// encode writes the message, with "<", ">" and "&" as they are.
func encode(d flow.Dispatch) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	m := d.Message
	err := e.Encode(Message{
		ID: string(m.ID), From: m.From, To: m.To, Body: m.Body, Segments: m.Segments, Encoding: m.Encoding,
		Conversation: string(m.Conversation), InReplyTo: string(m.Inbound), Attempt: d.Attempt,
	})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
