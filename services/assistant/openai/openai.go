// Package openai asks models behind any server with OpenAI's chat completions API: OpenAI itself, others that offer the
// same, and model servers of one's own. See router.Answerer.
//
// What the customer and the server write is data here. The server is a tenant's choice, so it is not trusted: it is
// reached only at public addresses, or at private ones that the operator of this installation allows, without proxy
// and without following redirects; what it sends is bounded in time and size, cleaned, and held back if it repeats
// the prompt's rules or the key. Nothing that it says stands in an error.
package openai

import (
	"context"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"smsflow/services/assistant/internal/reply"
	"smsflow/services/flow"
)

const (
	// DefaultBaseURL stands for a base URL that is not set.
	DefaultBaseURL = "https://api.openai.com/v1"
	// MaxResponse is how much of a server's answer is read.
	MaxResponse = 256 << 10

	maxRetries = 1
	// maxRetryWait is how long it waits before it tries again; a server that wants more is not tried again.
	maxRetryWait = 2 * time.Second
	// leastAttempt is the time that has to be left for another attempt, after the wait for it.
	leastAttempt = time.Second

	idempotencyHeader = "Idempotency-Key"
)

// Answerer asks one server or another, as each assistant says. It is safe for use by many.
type Answerer struct {
	client *http.Client
	close  func()
	now    func() time.Time
}

// New makes an Answerer. Close it when nothing is asked any more. It panics without a clock.
func New(o Options) *Answerer {
	if o.Now == nil {
		panic("openai: Options.Now is missing")
	}
	client, closeIdle := newClient(o)
	return &Answerer{client: client, close: closeIdle, now: o.Now}
}

// Close ends the connections that are kept open for the next question.
func (a *Answerer) Close() { a.close() }

// Answer asks the assistant's model. It keeps to ctx and to the assistant's timeout, whichever is shorter, and tries
// again once after 429 and 5xx if there is time. Every failure is an Answer with Err: a sentence without the key and
// without anything that the server said.
func (a *Answerer) Answer(ctx context.Context, ask flow.Ask) flow.Answer {
	base, key, problem := check(ask)
	if problem != "" {
		return flow.Answer{Model: ask.Assistant.Model, Err: problem}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout(ask.Assistant.Timeout))
	defer cancel()
	call := newCall(ctx, a.now)
	answer := flow.Answer{Model: ask.Assistant.Model}
	service := a.service(base, key)
	completion, err := service.New(ctx, params(ask, base), requestOptions(ask, call)...)
	if err != nil {
		answer.Err = call.failure(ctx, err)
		return answer
	}
	answer.InputTokens = clamp(completion.Usage.PromptTokens)
	answer.OutputTokens = clamp(completion.Usage.CompletionTokens)
	if model := flow.Cut(reply.Clean(completion.Model), flow.MaxModel); model != "" {
		answer.Model = model
	}
	return read(answer, completion, ask)
}

// service is a client of one server. The library's own client would take keys, headers and the base URL from the
// process's environment; the service takes nothing but what stands here.
func (a *Answerer) service(base, key string) openai.ChatCompletionService {
	options := []option.RequestOption{
		option.WithHTTPClient(a.client),
		option.WithBaseURL(base),
		option.WithMaxRetries(maxRetries),
		option.WithMaxRetryDelay(maxRetryWait),
	}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	return openai.NewChatCompletionService(options...)
}

func requestOptions(ask flow.Ask, call *call) []option.RequestOption {
	options := []option.RequestOption{option.WithMiddleware(call.watch)}
	if id := string(ask.Effect); id != "" && isHeaderValue(id) {
		options = append(options, option.WithHeader(idempotencyHeader, id))
	}
	return options
}

func params(ask flow.Ask, base string) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{Model: ask.Assistant.Model, Messages: messages(ask)}
	limit := int64(ask.Assistant.MaxOutputTokens)
	if limit <= 0 {
		limit = flow.DefaultOutputTokens
	}
	limit = min(limit, flow.MaxOutputTokens)
	// OpenAI's newer models refuse the old name of the limit, other servers do not know the new one.
	if isOpenAI(base) {
		p.MaxCompletionTokens = openai.Int(limit)
	} else {
		p.MaxTokens = openai.Int(limit)
	}
	return p
}

// read makes the answer of what the server said.
func read(answer flow.Answer, completion *openai.ChatCompletion, ask flow.Ask) flow.Answer {
	if len(completion.Choices) == 0 {
		answer.Err = "the server answered with JSON that is no chat completion: check the base URL"
		return answer
	}
	choice := completion.Choices[0]
	text := choice.Message.Content
	answer.Unsure = strings.Contains(text, unsureMark)
	text = reply.Clean(strings.ReplaceAll(text, unsureMark, ""))
	answer.Text = reply.Fit("", reply.Sentences(text), "", ask.MaxSegments)
	switch {
	case answer.Text != "" && tells(answer.Text, ask):
		answer.Err = "the reply repeated what the assistant was told to keep to itself, so it was held back"
	case answer.Text != "" || answer.Unsure:
	case choice.Message.Refusal != "":
		answer.Err = "the model refused to answer"
	case choice.FinishReason == "length":
		answer.Err = "the model used up its output tokens without an answer: raise the assistant's limit"
	case choice.FinishReason == "content_filter":
		answer.Err = "the server's content filter held the answer back"
	default:
		answer.Err = "the server answered with an empty text"
	}
	if answer.Err != "" {
		answer.Text, answer.Unsure = "", false
	}
	return answer
}

func timeout(set time.Duration) time.Duration {
	if set <= 0 {
		set = flow.DefaultTimeout
	}
	return min(set, flow.MaxTimeout)
}

func clamp(n int64) int32 { return int32(min(max(n, 0), math.MaxInt32)) }
