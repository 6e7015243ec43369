package access

import (
	"context"
	"errors"
	"time"

	"smsflow/services/flow"
)

// Gate is the one place that turns credentials into a principal.
type Gate struct {
	// Store reads the machine keys. A Cache in front of it saves the read of each call.
	Store Store
	Now   func() time.Time
}

// Authenticate says who is calling, by the value of the authorization header: "Bearer ID.SECRET".
// ErrUnauthenticated, always the same, is the answer to every sort of bad credentials; a failure of the store comes
// back as it is, so that a caller with a good key is told to try again and not that the key is bad.
func (g *Gate) Authenticate(ctx context.Context, authorization string) (Principal, error) {
	id, secret, ok := parseBearer(authorization)
	if !ok {
		return Principal{}, unauthenticated()
	}
	key, err := g.Store.Key(ctx, id)
	if err != nil && !errors.Is(err, flow.ErrNotFound) {
		return Principal{}, err
	}
	// An unknown id is compared too (with an empty hash, which nothing equals): it takes as long as a known one.
	if !usable(key, secret, g.Now()) || err != nil {
		return Principal{}, unauthenticated()
	}
	return Principal{
		Tenant: key.Tenant, Subject: "key:" + string(key.ID), Kind: KindKey, Scopes: key.Scopes, Connection: key.Connection,
	}, nil
}

// Allow says whether the principal may call the method, a full gRPC procedure such as
// "/smsflow.v1.RouterService/RouteInbound". ErrDenied SCOPE_REQUIRED names the scope that is missing. A method that is
// not in the table is nobody's.
func (g *Gate) Allow(p Principal, method string) error {
	need := ruleOf(method)
	if need.public {
		return nil
	}
	for _, scope := range need.anyOf {
		if scope != "" && p.Has(scope) {
			return nil
		}
	}
	if !need.known() {
		return flow.Errorf(flow.ErrDenied, flow.ReasonScopeRequired, "no scope allows this call")
	}
	denied := flow.Errorf(flow.ErrDenied, flow.ReasonScopeRequired, "the key lacks the scope %s", need.anyOf[0])
	denied.Meta = map[string]string{"scope": string(need.anyOf[0])}
	return denied
}
