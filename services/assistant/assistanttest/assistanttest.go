// Package assistanttest has assistants for tests: Scripted answers in memory as it is told, and Server is an
// OpenAI-compatible server over HTTP with the faults that real ones have.
package assistanttest

import (
	"context"
	"sync"

	"smsflow/services/flow"
)

// Line is what a Scripted does when it is asked.
type Line func(ctx context.Context, ask flow.Ask) flow.Answer

// Say answers with a text.
func Say(text string) Line { return Reply(flow.Answer{Text: text}) }

// Unsure answers that it does not know, with a text or none.
func Unsure(text string) Line { return Reply(flow.Answer{Text: text, Unsure: true}) }

// Fail answers with an error.
func Fail(err string) Line { return Reply(flow.Answer{Err: err}) }

// Reply answers with exactly this.
func Reply(a flow.Answer) Line {
	return func(context.Context, flow.Ask) flow.Answer { return a }
}

// Hang answers only when the caller gives up, and then with an error.
func Hang() Line {
	return func(ctx context.Context, _ flow.Ask) flow.Answer {
		<-ctx.Done()
		return flow.Answer{Err: "the assistant did not answer in time"}
	}
}

// Hold waits until release is closed, or the caller gives up, and then goes on with the line.
func Hold(release <-chan struct{}, then Line) Line {
	return func(ctx context.Context, ask flow.Ask) flow.Answer {
		select {
		case <-release:
			return then(ctx, ask)
		case <-ctx.Done():
			return flow.Answer{Err: "the assistant did not answer in time"}
		}
	}
}

// Panic panics with a value.
func Panic(with any) Line {
	return func(context.Context, flow.Ask) flow.Answer { panic(with) }
}

// Echo answers with the customer's message.
func Echo() Line {
	return func(_ context.Context, ask flow.Ask) flow.Answer { return flow.Answer{Text: ask.Message} }
}

// Do answers with what a function says.
func Do(f func(ctx context.Context, ask flow.Ask) flow.Answer) Line { return f }

// Scripted is an assistant that does its lines in order, the last one again and again; one without lines echoes. It
// remembers what it was asked. It is safe for use by many. See router.Answerer.
type Scripted struct {
	lines []Line

	mu      sync.Mutex
	asks    []flow.Ask
	changed chan struct{} // closed and replaced with each call
}

// New makes an assistant with a script.
func New(lines ...Line) *Scripted {
	if len(lines) == 0 {
		lines = []Line{Echo()}
	}
	return &Scripted{lines: lines, changed: make(chan struct{})}
}

// Answer does the next line.
func (s *Scripted) Answer(ctx context.Context, ask flow.Ask) flow.Answer {
	s.mu.Lock()
	line := s.lines[min(len(s.asks), len(s.lines)-1)]
	s.asks = append(s.asks, ask)
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	return line(ctx, ask)
}

// Calls is how often it was asked.
func (s *Scripted) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asks)
}

// Asks gives what it was asked, in order.
func (s *Scripted) Asks() []flow.Ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]flow.Ask(nil), s.asks...)
}

// Wait returns when it has been asked n times, though perhaps not answered yet, or with ctx's error.
func (s *Scripted) Wait(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		calls, changed := len(s.asks), s.changed
		s.mu.Unlock()
		if calls >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
