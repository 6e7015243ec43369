package app

import (
	"os"
	"strings"
	"testing"
	"time"

	smsflowv1 "smsflow/gen/smsflow/v1"
)

// TestWarnings: a start that nobody can use, or that cannot open its secrets, says so in the log.
func TestWarnings(t *testing.T) {
	t.Parallel()
	const nobody, lost = "no key of a caller exists", "the keyset is new"
	eachStore(t, func(t *testing.T, place StoreConfig) {
		log := func(c Config) string {
			t.Helper()
			var book logBook
			l, err := c.NewLog(&book)
			if err != nil {
				t.Fatal(err)
			}
			a, err := New(t.Context(), c, l)
			if err != nil {
				t.Fatal(err)
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			return book.String()
		}
		demo := demoConfig(place)
		plain := demo
		plain.Demo = false
		if got := log(plain); strings.Count(got, nobody) != 1 || !strings.Contains(got, "serve --demo") || strings.Contains(got, lost) {
			t.Errorf("a fresh database:\n%s", got)
		}
		s := start(t, demo)
		_, err := s.assistants.CreateAssistant(t.Context(), &smsflowv1.CreateAssistantRequest{Assistant: &smsflowv1.Assistant{
			Name: "Model", Provider: smsflowv1.Provider_PROVIDER_OPENAI, Model: "m", BaseUrl: "https://api.example.com/v1", ApiKey: "sk-made-up",
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		if got := log(plain); strings.Contains(got, nobody) || strings.Contains(got, lost) {
			t.Errorf("all is well:\n%s", got)
		}
		if err := os.Remove(place.File(keysetFile)); err != nil {
			t.Fatal(err)
		}
		if got := log(plain); !strings.Contains(got, lost) || strings.Contains(got, nobody) {
			t.Errorf("a lost keyset:\n%s", got)
		}
	})
}

// TestDemoFirst: starts one after the other are of different contacts, all of numbers that are kept free.
func TestDemoFirst(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range 2 * demoStarts {
		n := DemoFirst(time.UnixMilli(int64(1_700_000_000_000 + i)))
		if len(n) != len(DemoNumber) || !strings.HasPrefix(n, "+141555501") || n == DemoNumber || n == DemoContact {
			t.Errorf("%s", n)
		}
		seen[n] = true
	}
	if len(seen) != demoStarts {
		t.Errorf("%d numbers", len(seen))
	}
}
