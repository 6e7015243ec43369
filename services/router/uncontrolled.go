package router

import (
	"context"

	"smsflow/services/flow"
)

// What is in this file is wrong, each function in the one way that a control keeps from happening. It runs only in test
// binaries, when a test has switched the control off to see whether that is found out: see services/fault.

// ackFirst acknowledges messages before they are committed.
func (r *Router) ackFirst(ctx context.Context, batch []flow.Inbound) ([]flow.Ingested, error) {
	go func() { _, _ = r.ingest(ctx, batch) }()
	out := make([]flow.Ingested, len(batch))
	for i, m := range batch {
		out[i] = flow.Ingested{ID: m.ID, Conversation: m.Conversation}
	}
	return out, nil
}

// sendFirst sends messages before their intents are committed.
func (d *dispatcher) sendFirst(ctx context.Context, commits []flow.Commit) {
	for _, c := range commits {
		for _, m := range c.Outbounds {
			if dispatch, err := d.prepare(ctx, m); err == nil {
				d.r.Gateway.Send(ctx, dispatch)
			}
		}
	}
}
