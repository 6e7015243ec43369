package flow

import (
	"net/url"
	"strconv"
	"strings"
)

// Validate lists all that is wrong with the assistant's fields. Paths are relative to the assistant, in the contract's
// names.
func (a *Assistant) Validate() []Violation {
	v := &violations{}
	if v.required("name", a.Name, "is empty: give the assistant a name") {
		v.line("name", a.Name, MaxName)
	}
	switch a.Provider {
	case ProviderFAQ:
	case ProviderOpenAI:
		v.required("model", a.Model, "is empty: name the provider's model, for example gpt-4o-mini")
		v.required("base_url", a.BaseURL, "is empty: give the API's address, for example https://api.openai.com/v1")
	case "":
		v.add("provider", ViolationRequired, "is missing: choose faq or openai")
	default:
		v.add("provider", ViolationUnknownValue, "is "+quoted(string(a.Provider))+": choose faq or openai")
	}
	v.line("model", a.Model, MaxModel)
	if a.BaseURL != "" && v.line("base_url", a.BaseURL, MaxBaseURL) {
		v.baseURL("base_url", a.BaseURL)
	}
	v.lines("instructions", a.Instructions, MaxInstructions)
	if a.Timeout != 0 && (a.Timeout < MinTimeout || a.Timeout > MaxTimeout) {
		v.add("timeout", ViolationOutOfRange, "is "+a.Timeout.String()+": choose "+MinTimeout.String()+" to "+MaxTimeout.String()+", or leave it out for "+DefaultTimeout.String())
	}
	if a.MaxOutputTokens < 0 || a.MaxOutputTokens > MaxOutputTokens {
		v.add("max_output_tokens", ViolationOutOfRange, "is "+strconv.Itoa(int(a.MaxOutputTokens))+": choose 1 to "+strconv.Itoa(MaxOutputTokens)+", or 0 for "+strconv.Itoa(DefaultOutputTokens))
	}
	return v.list
}

// baseURL checks the address of an API: absolute, over HTTP, and nothing in it that is secret or would not survive a
// path's being added. What it says of the address never repeats a password.
func (v *violations) baseURL(field, s string) {
	u, err := url.Parse(s)
	const example = ", for example https://api.openai.com/v1"
	switch {
	case Blank(s): // said to be empty already
	case err != nil || strings.TrimSpace(s) != s:
		v.add(field, ViolationBadFormat, "is not an address: write https://, a host and a path"+example)
	case u.Scheme != "http" && u.Scheme != "https":
		v.add(field, ViolationBadFormat, "does not begin with https:// or http://: write the whole address"+example)
	case u.Hostname() == "" || !validPort(u):
		v.add(field, ViolationBadFormat, "has no host, or a port outside 1 to 65535: write the whole address"+example)
	case u.User != nil:
		v.add(field, ViolationBadFormat, "has a user or password in it: remove it, and put the key into api_key")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		v.add(field, ViolationBadFormat, `has a query ("?") or fragment ("#"): end it with the path`+example)
	}
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(u.Port())
	return err == nil && n >= 1 && n <= 65535
}
