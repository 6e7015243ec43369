package flow_test

import (
	"strings"
	"testing"
	"time"

	"smsflow/services/flow"
)

func TestAssistantValidate(t *testing.T) {
	t.Parallel()
	base := func(address, want string) struct {
		name   string
		change func(*flow.Assistant)
		want   []string
	} {
		c := struct {
			name   string
			change func(*flow.Assistant)
			want   []string
		}{name: address, change: func(a *flow.Assistant) { a.BaseURL = address }}
		if want != "" {
			c.want = []string{"base_url " + want}
		}
		return c
	}
	for _, c := range append([]struct {
		name   string
		change func(*flow.Assistant)
		want   []string
	}{
		{"valid", func(*flow.Assistant) {}, nil},
		{"faq needs no model", func(a *flow.Assistant) { a.Provider, a.Model, a.BaseURL = flow.ProviderFAQ, "", "" }, nil},
		{"name", func(a *flow.Assistant) { a.Name = "" }, []string{"name REQUIRED"}},
		{"name too long", func(a *flow.Assistant) { a.Name = strings.Repeat("x", 81) }, []string{"name TOO_LONG"}},
		{"provider", func(a *flow.Assistant) { a.Provider = "" }, []string{"provider REQUIRED"}},
		{"provider unknown", func(a *flow.Assistant) { a.Provider = "oracle" }, []string{"provider UNKNOWN_VALUE"}},
		{"openai needs both", func(a *flow.Assistant) { a.Model, a.BaseURL = " ", "" }, []string{"model REQUIRED", "base_url REQUIRED"}},
		{"blank address", func(a *flow.Assistant) { a.BaseURL = " " }, []string{"base_url REQUIRED"}},
		{"model too long", func(a *flow.Assistant) { a.Model = strings.Repeat("x", 201) }, []string{"model TOO_LONG"}},
		{"address too long", func(a *flow.Assistant) { a.BaseURL = "https://a/" + strings.Repeat("x", 500) }, []string{"base_url TOO_LONG"}},
		{"instructions", func(a *flow.Assistant) { a.Instructions = "\x00" }, []string{"instructions INVALID_CHARACTER"}},
		{"instructions too long", func(a *flow.Assistant) { a.Instructions = strings.Repeat("x", 8_001) }, []string{"instructions TOO_LONG"}},
		{"default timeout", func(a *flow.Assistant) { a.Timeout = 0 }, nil},
		{"short timeout", func(a *flow.Assistant) { a.Timeout = time.Second - 1 }, []string{"timeout OUT_OF_RANGE 1s to 1m0s"}},
		{"long timeout", func(a *flow.Assistant) { a.Timeout = time.Minute + 1 }, []string{"timeout OUT_OF_RANGE"}},
		{"negative timeout", func(a *flow.Assistant) { a.Timeout = -1 }, []string{"timeout OUT_OF_RANGE"}},
		{"tokens", func(a *flow.Assistant) { a.MaxOutputTokens = 4_097 }, []string{"max_output_tokens OUT_OF_RANGE"}},
		{"tokens below 0", func(a *flow.Assistant) { a.MaxOutputTokens = -1 }, []string{"max_output_tokens OUT_OF_RANGE"}},
	},
		base("https://api.openai.com/v1", ""), base("http://127.0.0.1:11434/v1/", ""), base("http://[::1]:80", ""),
		base("api.openai.com/v1", "BAD_FORMAT does not begin with https://"), base("ftp://a/b", "BAD_FORMAT"),
		base("https:///v1", "BAD_FORMAT no host"), base("https://a:0", "BAD_FORMAT port"), base("https://a:", "BAD_FORMAT"),
		base("https://a:65536/", "BAD_FORMAT"), base("https://u:hunter2@a/", "BAD_FORMAT api_key"), base("https://a?b=c", "BAD_FORMAT query"),
		base("https://a/?", "BAD_FORMAT query"), base("https://a/#", "BAD_FORMAT fragment"), base("https://a b/", "BAD_FORMAT"),
		base("https://a/%zz", "BAD_FORMAT"), base("https://a\n/", "INVALID_CHARACTER"),
	) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := flow.Assistant{
				Name: "Ava", Provider: flow.ProviderOpenAI, Model: "m", BaseURL: "https://a.example/v1", Timeout: time.Minute, MaxOutputTokens: 1,
			}
			c.change(&a)
			got := a.Validate()
			compare(t, got, c.want)
			for _, v := range got {
				if strings.Contains(v.Text, "hunter2") {
					t.Errorf("a password is repeated: %s", v.Text)
				}
			}
		})
	}
}
