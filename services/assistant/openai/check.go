package openai

import (
	"net/url"
	"strings"

	"smsflow/services/flow"
)

// check gives the base URL and the key of an ask, or a sentence with what is wrong.
func check(ask flow.Ask) (base, key, problem string) {
	if ask.Assistant.Model == "" {
		return "", "", "the assistant has no model: name one"
	}
	key = ask.APIKey.Reveal()
	if !isHeaderValue(key) {
		return "", "", "the assistant's API key has characters that no key has: enter it again"
	}
	base = ask.Assistant.BaseURL
	if base == "" {
		return DefaultBaseURL, key, ""
	}
	u, err := url.Parse(base)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "", u.Opaque != "":
		return "", "", "the assistant's base URL is not one: it looks like https://api.example.com/v1"
	case u.User != nil, u.RawQuery != "" || u.ForceQuery, u.Fragment != "":
		return "", "", "the assistant's base URL has a user, a query or a fragment: leave it out"
	}
	return u.String(), key, ""
}

// isHeaderValue says whether a text may stand in an HTTP header as it is: printable ASCII.
func isHeaderValue(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// isOpenAI says whether a base URL is OpenAI's own API, or Azure's of the same.
func isOpenAI(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == "api.openai.com" || strings.HasSuffix(host, ".openai.azure.com")
}
