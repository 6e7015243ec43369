package assistant_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"smsflow/services/assistant"
	"smsflow/services/assistant/assistanttest"
	"smsflow/services/assistant/faq"
	"smsflow/services/assistant/openai"
	"smsflow/services/flow"
	"smsflow/services/router"
)

// Every adapter, and what is above them, is what the router asks for.
var (
	_ router.Answerer = assistant.Providers{}
	_ router.Answerer = faq.Answerer{}
	_ router.Answerer = (*openai.Answerer)(nil)
	_ router.Answerer = (*assistanttest.Scripted)(nil)
)

// ticking is a clock that goes on by a second with each look.
func ticking() func() time.Time {
	now := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func of(p flow.Provider) flow.Ask { return flow.Ask{Assistant: flow.Assistant{Provider: p}} }

func TestProvidersDispatch(t *testing.T) {
	t.Parallel()
	p := assistant.Providers{
		FAQ:    assistanttest.New(assistanttest.Say("from the faq")),
		OpenAI: assistanttest.New(assistanttest.Say("from the model")),
		Now:    ticking(),
	}
	if a := p.Answer(t.Context(), of(flow.ProviderFAQ)); a.Text != "from the faq" || a.Latency != time.Second {
		t.Errorf("got %+v", a)
	}
	if a := p.Answer(t.Context(), of(flow.ProviderOpenAI)); a.Text != "from the model" {
		t.Errorf("got %+v", a)
	}
	if a := p.Answer(t.Context(), of("abacus")); !strings.Contains(a.Err, "abacus") || a.Text != "" {
		t.Errorf("got %+v", a)
	}
	if a := (assistant.Providers{}).Answer(t.Context(), of(flow.ProviderFAQ)); a.Err == "" || a.Latency != 0 {
		t.Errorf("got %+v", a)
	}
}

func TestProvidersRecover(t *testing.T) {
	t.Parallel()
	p := assistant.Providers{FAQ: assistanttest.New(assistanttest.Panic("the key is hunter2")), Now: ticking()}
	a := p.Answer(t.Context(), of(flow.ProviderFAQ))
	if a.Err == "" || a.Text != "" || a.Latency != time.Second {
		t.Errorf("got %+v", a)
	}
	if strings.Contains(a.Err, "hunter2") {
		t.Errorf("the error tells the panic's text: %s", a.Err)
	}
}

func TestProvidersFailedCallHasNoText(t *testing.T) {
	t.Parallel()
	p := assistant.Providers{FAQ: assistanttest.New(assistanttest.Do(func(context.Context, flow.Ask) flow.Answer {
		return flow.Answer{Err: "no", Text: "half a sente", Unsure: true}
	}))}
	if a := p.Answer(t.Context(), of(flow.ProviderFAQ)); a != (flow.Answer{Err: "no"}) {
		t.Errorf("got %+v", a)
	}
}
