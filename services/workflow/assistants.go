package workflow

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"smsflow/services/flow"
)

// CreateAssistant saves a new assistant. The key is sealed before it is stored and is never shown again.
func (s *Service) CreateAssistant(ctx context.Context, c Caller, a flow.Assistant, apiKey flow.Secret, requestID string) (flow.Assistant, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.Assistant{}, err
	}
	a = flow.Assistant{
		Name: a.Name, Provider: a.Provider, Model: a.Model, BaseURL: a.BaseURL, Instructions: a.Instructions,
		Timeout: a.Timeout, MaxOutputTokens: a.MaxOutputTokens,
	}
	// The key is part of what is asked for, so of the fingerprint too: hashed, as everything in it.
	mark, err := fingerprint([]any{a, apiKey.Reveal()})
	if err != nil {
		return flow.Assistant{}, err
	}
	if err := flow.Invalid(slices.Concat(a.Validate(), checkAPIKey(apiKey), checkRequestID(requestID))); err != nil {
		return flow.Assistant{}, err
	}
	audit := s.audit(c)
	a.Tenant, a.ID, a.Version = c.Tenant, flow.AssistantID(s.NewID()), 1
	a.CreatedAt, a.UpdatedAt = audit.At, audit.At
	if a.SealedAPIKey, err = s.seal(a, apiKey); err != nil {
		return flow.Assistant{}, err
	}
	return s.Store.CreateAssistant(ctx, a, requestID, mark, audit)
}

// Assistant reads one assistant.
func (s *Service) Assistant(ctx context.Context, c Caller, id flow.AssistantID) (flow.Assistant, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.Assistant{}, err
	}
	return s.Store.Assistant(ctx, c.Tenant, id)
}

// Assistants reads one page by name, and how many there are.
func (s *Service) Assistants(ctx context.Context, c Caller, limit, offset int) ([]flow.Assistant, int, error) {
	if err := s.open(ctx, c); err != nil {
		return nil, 0, err
	}
	return s.Store.Assistants(ctx, c.Tenant, limit, offset)
}

// UpdateAssistant changes the named fields ("*": all but the key) of the assistant with a's id. A base URL on another
// server takes the kept key away, unless a new one comes with it.
func (s *Service) UpdateAssistant(ctx context.Context, c Caller, a flow.Assistant, apiKey flow.Secret, fields []string, etag string) (flow.Assistant, error) {
	if err := s.open(ctx, c); err != nil {
		return flow.Assistant{}, err
	}
	known := []string{"name", "provider", "model", "base_url", "instructions", "timeout", "max_output_tokens"}
	if len(fields) == 0 {
		return flow.Assistant{}, noMask()
	}
	if slices.Equal(fields, []string{"*"}) {
		fields = known
	}
	known = append(known, "api_key")
	var bad []flow.Violation
	for _, n := range fields {
		if !slices.Contains(known, n) {
			bad = append(bad, unknownField(n, known))
		}
	}
	newKey := slices.Contains(fields, "api_key")
	if newKey {
		bad = append(bad, checkAPIKey(apiKey)...)
	}
	if err := flow.Invalid(bad); err != nil {
		return flow.Assistant{}, err
	}
	var sealed []byte
	if newKey {
		var err error
		if sealed, err = s.seal(flow.Assistant{Tenant: c.Tenant, ID: a.ID}, apiKey); err != nil {
			return flow.Assistant{}, err
		}
	}
	return s.Store.UpdateAssistant(ctx, c.Tenant, a.ID, func(to *flow.Assistant) error {
		if err := checkEtag(etag, to.Version); err != nil {
			return err
		}
		for _, n := range fields {
			switch n {
			case "name":
				to.Name = a.Name
			case "provider":
				to.Provider = a.Provider
			case "model":
				to.Model = a.Model
			case "base_url":
				// A kept key must not follow the assistant to another server, whose owner would then have it.
				if !newKey && origin(to.BaseURL) != origin(a.BaseURL) {
					to.SealedAPIKey = nil
				}
				to.BaseURL = a.BaseURL
			case "instructions":
				to.Instructions = a.Instructions
			case "timeout":
				to.Timeout = a.Timeout
			case "max_output_tokens":
				to.MaxOutputTokens = a.MaxOutputTokens
			case "api_key":
				to.SealedAPIKey = sealed
			}
		}
		return flow.Invalid(to.Validate())
	}, s.audit(c))
}

// DeleteAssistant removes an assistant that no workflow is assigned to.
func (s *Service) DeleteAssistant(ctx context.Context, c Caller, id flow.AssistantID, etag string) error {
	if err := s.open(ctx, c); err != nil {
		return err
	}
	return s.Store.DeleteAssistant(ctx, c.Tenant, id, func(a flow.Assistant) error { return checkEtag(etag, a.Version) }, s.audit(c))
}

// origin is the server of a base URL: its scheme, host and port.
func origin(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Scheme + "://" + u.Host
}

func (s *Service) seal(a flow.Assistant, key flow.Secret) ([]byte, error) {
	if key == "" {
		return nil, nil
	}
	return s.Seal.Seal(a.Tenant, flow.APIKeyField(a.ID), key)
}

// checkAPIKey bounds a key. What it says never shows the key.
func checkAPIKey(key flow.Secret) []flow.Violation {
	for _, r := range key.Reveal() {
		if r <= ' ' || r > '~' {
			return []flow.Violation{{Field: "api_key", Reason: "INVALID_CHARACTER", Text: "may hold printable ASCII characters without spaces only"}}
		}
	}
	if len(key) > flow.MaxAPIKey {
		return []flow.Violation{{Field: "api_key", Reason: "TOO_LONG", Text: "may have at most 500 characters"}}
	}
	return nil
}

func isNotFound(err error) bool { return errors.Is(err, flow.ErrNotFound) }
