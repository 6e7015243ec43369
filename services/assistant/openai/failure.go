package openai

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/openai/openai-go/v3/option"
)

// retryHeader is the library's name for the decision whether to try again.
const retryHeader = "X-Should-Retry"

// call remembers how the attempts of one call went: what the library's errors do not tell, or only in the server's
// words.
type call struct {
	now     func() time.Time
	allowed time.Duration // time that it had
	status  int           // of the last attempt that got an answer; 0: none
	err     error         // of the last attempt, if it got none
}

func newCall(ctx context.Context, now func() time.Time) *call {
	c := &call{now: now}
	c.allowed, _ = c.left(ctx)
	return c
}

// left is the time until the deadline, if there is one.
func (c *call) left(ctx context.Context) (time.Duration, bool) {
	deadline, ok := ctx.Deadline()
	return deadline.Sub(c.now()), ok
}

// watch stands around each attempt. It decides on trying again in the library's and the server's place.
func (c *call) watch(r *http.Request, next option.MiddlewareNext) (res *http.Response, err error) {
	res, c.err = next(r)
	c.status = 0
	if c.err != nil {
		// An answer of our own: the library would try again after any error, a refused address too.
		return &http.Response{ //nolint:nilerr // c keeps the error
			StatusCode: http.StatusBadGateway, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{retryHeader: {"false"}}, Body: http.NoBody, Request: r,
		}, nil
	}
	c.status = res.StatusCode
	again := (c.status == http.StatusTooManyRequests || c.status >= http.StatusInternalServerError) && c.hasTime(r.Context())
	res.Header.Set(retryHeader, fmt.Sprint(again))
	return res, nil
}

// hasTime says whether another attempt can be waited for and made.
func (c *call) hasTime(ctx context.Context) bool {
	left, ok := c.left(ctx)
	return !ok || left >= maxRetryWait+leastAttempt
}

// failure says in a sentence what went wrong.
func (c *call) failure(ctx context.Context, err error) string {
	if c.err == nil && c.status != 0 && (c.status < 200 || c.status > 299) {
		return statusFailure(c.status)
	}
	if c.err != nil {
		err = c.err
	}
	var dns *net.DNSError
	var unverified *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, errTooLarge):
		return fmt.Sprintf("the server answered with more than %d KiB", MaxResponse>>10)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("the assistant did not answer within %s", c.allowed.Round(100*time.Millisecond))
	case ctx.Err() != nil:
		return "the call was cancelled"
	case errors.Is(err, errPlain):
		return "the base URL is plain http, and its server is in no network that the operator of this installation allows: use https, or have the network allowed (serve --allow-private-assistants)"
	case errors.Is(err, errAddress):
		return "the base URL's host has an address, or a port, that is not public, and the operator of this installation does not allow its network: have it allowed (serve --allow-private-assistants)"
	case errors.As(err, &dns):
		return "the base URL's host was not found"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "the base URL says https, but the server does not speak TLS: write http, or the port that has TLS"
	case errors.As(err, &unverified):
		return "the server's TLS certificate could not be verified"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server refused the connection"
	case c.err == nil && !errors.Is(err, errRead):
		return "the server answered with something else than a chat completion in JSON: check the base URL"
	case isTimeout(err):
		return "the server could not be reached in time"
	}
	return "the connection to the server broke"
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

func statusFailure(status int) string {
	text := fmt.Sprintf("the server answered with HTTP status %d", status)
	if name := http.StatusText(status); name != "" {
		text += " (" + name + ")"
	}
	switch {
	case status >= 300 && status < 400:
		return text + ": redirects are not followed, so set the base URL that it leads to"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return text + ": check the API key"
	case status == http.StatusNotFound:
		return text + ": check the base URL and the model"
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return text + ": check the model and the assistant's limits"
	}
	return text
}
