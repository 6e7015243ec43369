package assistanttest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"smsflow/services/assistant/assistanttest"
	"smsflow/services/flow"
)

func TestScripted(t *testing.T) {
	t.Parallel()
	s := assistanttest.New(assistanttest.Say("one"), assistanttest.Unsure("two"), assistanttest.Fail("three"))
	for i, want := range []flow.Answer{{Text: "one"}, {Text: "two", Unsure: true}, {Err: "three"}, {Err: "three"}} {
		if got := s.Answer(t.Context(), flow.Ask{MaxSegments: i}); got != want {
			t.Errorf("call %d: %+v, want %+v", i, got, want)
		}
	}
	if asks := s.Asks(); s.Calls() != 4 || asks[2].MaxSegments != 2 {
		t.Errorf("%d calls, %+v", s.Calls(), asks)
	}
	if got := assistanttest.New().Answer(t.Context(), flow.Ask{Message: "hello"}); got.Text != "hello" {
		t.Errorf("without a script: %+v", got)
	}
}

func TestScriptedHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := assistanttest.New(assistanttest.Hang(), assistanttest.Hold(release, assistanttest.Say("late")))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if got := s.Answer(ctx, flow.Ask{}); got.Err == "" || time.Since(began) != time.Minute {
			t.Errorf("%+v after %s", got, time.Since(began))
		}
		answered := make(chan flow.Answer)
		go func() { answered <- s.Answer(t.Context(), flow.Ask{}) }()
		if err := s.Wait(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		close(release)
		if got := <-answered; got.Text != "late" {
			t.Errorf("got %+v", got)
		}
		if err := s.Wait(ctx, 3); err == nil {
			t.Error("waited for a call that never came")
		}
	})
}
