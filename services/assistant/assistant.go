// Package assistant asks assistants: it finds the adapter of an assistant's provider and keeps what an adapter does
// wrong away from its callers. The adapters stand in the packages below: faq, built in and offline, and openai, for any
// server with OpenAI's API.
package assistant

import (
	"context"
	"fmt"
	"time"

	"smsflow/services/flow"
)

// Adapter asks the assistants of one provider. See router.Answerer.
type Adapter interface {
	Answer(ctx context.Context, ask flow.Ask) flow.Answer
}

// Providers asks any assistant, by its provider. A nil adapter is a provider that this installation does not have.
type Providers struct {
	FAQ    Adapter
	OpenAI Adapter
	Now    func() time.Time // measures Latency; nil leaves what the adapter says
}

// Answer asks the assistant's provider. It never panics: an unknown provider and an adapter's panic are an Answer with
// Err, in which there is nothing of the panic's own text, as that may hold anything.
func (p Providers) Answer(ctx context.Context, ask flow.Ask) (answer flow.Answer) {
	if p.Now != nil {
		began := p.Now()
		defer func() { answer.Latency = p.Now().Sub(began) }()
	}
	// Deferred after the clock, so that it runs first and the clock stamps its answer too.
	defer func() {
		if broken := recover(); broken != nil {
			answer = flow.Answer{Err: fmt.Sprintf("the assistant's adapter broke (%T): this is a fault of the program", broken)}
		}
	}()
	adapter := p.adapter(ask.Assistant.Provider)
	if adapter == nil {
		return flow.Answer{Err: fmt.Sprintf("there is no provider %.40q here: choose another for the assistant", string(ask.Assistant.Provider))}
	}
	answer = adapter.Answer(ctx, ask)
	if answer.Err != "" {
		answer.Text, answer.Unsure = "", false // a failed call has said nothing
	}
	return answer
}

func (p Providers) adapter(of flow.Provider) Adapter {
	switch of {
	case flow.ProviderFAQ:
		return p.FAQ
	case flow.ProviderOpenAI:
		return p.OpenAI
	}
	return nil
}
