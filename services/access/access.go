// Package access decides who is calling and what they may: it turns credentials into a Principal and holds the
// deny-by-default table of the methods.
package access

import (
	"context"
	"slices"

	"smsflow/services/flow"
)

// Kind says what sort of caller a principal is.
type Kind string

// KindKey is a program that calls with a machine key.
const KindKey Kind = "key"

// Principal is who is calling. The tenant of a call comes from it alone, never from a request.
type Principal struct {
	Tenant flow.TenantID
	// Subject names the caller within the tenant, for the audit log: "key:" and the key's id.
	Subject string
	Kind    Kind
	Scopes  []flow.Scope
	// Connection is the gateway connection whose messages the caller submits; empty: none.
	Connection flow.ConnectionID
}

// Has says whether the principal was given the scope itself.
func (p Principal) Has(scope flow.Scope) bool { return slices.Contains(p.Scopes, scope) }

type principalKey struct{}

// WithPrincipal gives a context that carries the caller.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From gives the caller that the gate put into the context. Without one it gives ErrUnauthenticated, so that a use
// case that was reached past the gate does nothing.
func From(ctx context.Context) (Principal, error) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	if !ok {
		return Principal{}, unauthenticated()
	}
	return p, nil
}

// unauthenticated is the one answer to credentials that are missing, malformed, unknown, wrong, expired or revoked:
// which of them it is would help nobody but a guesser.
func unauthenticated() error {
	return flow.Errorf(flow.ErrUnauthenticated, flow.ReasonUnauthenticated,
		"the call needs a valid key: send it as \"authorization: Bearer ID.SECRET\"")
}
