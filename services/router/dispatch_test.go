package router_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"smsflow/services/flow"
	"smsflow/services/gateway/gatewaytest"
)

const secret = "a secret of the test's own"

// connect makes the tests' connection one with the given delivery.
func (h *harness) connect(c flow.Connection) {
	h.t.Helper()
	c.Tenant, c.ID, c.Name, c.CreatedAt = h.tenant, "gw", "gateway", time.Now()
	c.SealedSecret = []byte(secret)
	must(h.t, h.store.PutConnection(h.t.Context(), c, flow.Audit{By: "test", At: time.Now()}))
}

// gateway starts a fake gateway and connects it.
func (h *harness) gateway(s gatewaytest.Settings, dedupes bool) *gatewaytest.Gateway {
	h.t.Helper()
	s.Dedupe = dedupes
	g := gatewaytest.New(h.t, gatewaytest.Options{Settings: s, Secret: secret})
	h.connect(flow.Connection{Delivery: flow.DeliverWebhook, URL: g.URL, Dedupes: dedupes})
	return g
}

// settled waits until a message of the result has a state that is not on the way.
func (h *harness) settled(res flow.Result, want flow.OutboundState) flow.Outbound {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		now, err := h.store.Result(ctx, h.tenant, res.Inbound)
		must(h.t, err)
		if len(now.Replies) != 1 {
			h.t.Fatalf("%d replies", len(now.Replies))
		}
		if o := now.Replies[0]; o.State == want {
			return o
		} else if o.State != flow.OutboundPending && o.State != flow.OutboundSending {
			h.t.Fatalf("the message is %s (%s), want %s", o.State, o.Reason, want)
		}
	}
}

// A reply is posted to the gateway once, with its id as the key; what the gateway says is kept.
func TestDispatch(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		for name, dedupes := range map[string]bool{"dedupes": true, "does not dedupe": false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t, s)
				g := h.gateway(gatewaytest.Settings{}, dedupes)
				h.workflow(flow.Workflow{Steps: []flow.Step{say("hi {{message.text}}")}})
				res := h.text(alice, "there")
				o := h.settled(res, flow.OutboundSent)
				got := g.Await(t, 1)
				if len(got) != 1 || got[0].ID != string(o.ID) || got[0].Body != "hi there" || got[0].To != alice || got[0].From != h.number {
					t.Errorf("posted: %+v", got)
				}
				if o.GatewayID != gatewaytest.GatewayID(string(o.ID)) || o.Attempts != 1 {
					t.Errorf("kept: %+v", o)
				}
			})
		}
	})
}

// B16: a gateway that takes a message and cuts the connection leaves everybody in doubt. If it dedupes, the message is
// handed over again and sent once; if not, it is never sent again by itself, listed, and sent again when a person says so.
func TestDoubt(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		t.Run("dedupes", func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, s)
			g := h.gateway(gatewaytest.Settings{Script: []gatewaytest.Mode{{Do: gatewaytest.Cut}}}, true)
			h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
			o := h.settled(h.text(alice, "hello"), flow.OutboundSent)
			if n := gatewaytest.SMS(g.Entries())[string(o.ID)]; n != 1 || o.Attempts != 2 {
				t.Errorf("%d SMS in %d attempts, want 1 in 2", n, o.Attempts)
			}
		})
		t.Run("does not dedupe", func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, s)
			g := h.gateway(gatewaytest.Settings{Script: []gatewaytest.Mode{{Do: gatewaytest.Cut}}}, false)
			h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
			res := h.text(alice, "hello")
			o := h.settled(res, flow.OutboundUnknown)
			list, total, err := h.router.Undelivered(t.Context(), h.tenant, 10, 0)
			must(t, err)
			if total != 1 || len(list) != 1 || list[0].ID != o.ID || list[0].Reason == "" {
				t.Fatalf("listed: %+v", list)
			}
			if n := len(g.Entries()); n != 1 {
				t.Errorf("posted %d times, want once", n)
			}
			_, err = h.router.RetryOutbound(t.Context(), h.tenant, o.ID, "a person")
			must(t, err)
			h.settled(res, flow.OutboundSent)
			if _, err := h.router.RetryOutbound(t.Context(), h.tenant, o.ID, "a person"); !errors.Is(err, flow.ErrPrecondition) {
				t.Errorf("retry of a sent message: %v", err)
			}
			other := newHarness(t, s)
			if _, err := other.router.RetryOutbound(t.Context(), other.tenant, o.ID, "a person"); !errors.Is(err, flow.ErrNotFound) {
				t.Errorf("retry of another tenant's message: %v", err)
			}
		})
	})
}

// A gateway that is busy gets the message again; one that refuses it does not.
func TestBusyAndRefusing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		g := h.gateway(gatewaytest.Settings{Script: []gatewaytest.Mode{gatewaytest.Busy("0"), gatewaytest.OK(), gatewaytest.Status(400)}}, false)
		h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
		o := h.settled(h.text(alice, "hello"), flow.OutboundSent)
		if o.Attempts != 2 || gatewaytest.SMS(g.Entries())[string(o.ID)] != 1 {
			t.Errorf("attempts %d, sent %v", o.Attempts, gatewaytest.SMS(g.Entries()))
		}
		if o := h.settled(h.text(bob, "hello"), flow.OutboundFailed); o.Attempts != 1 || o.Reason == "" {
			t.Errorf("refused: %+v", o)
		}
	})
}

// B5: what is not sent yet when a stop word is acknowledged is never sent; the confirmation is.
func TestStopSuppresses(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		h := newHarness(t, s)
		g := h.gateway(gatewaytest.Settings{Script: []gatewaytest.Mode{gatewaytest.Busy("0")}}, false)
		h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
		res := h.text(alice, "hello")
		g.Await(t, 1) // it is to be tried again in a while
		stop := h.text(alice, "STOP")
		h.settled(stop, flow.OutboundSent)
		o := h.settled(res, flow.OutboundSuppressed)
		if n := gatewaytest.SMS(g.Entries()); n[string(o.ID)] != 0 || n[string(stop.Replies[0].ID)] != 1 {
			t.Errorf("sent: %v", n)
		}
	})
}

// D5: a gateway that pulls gets each message on one stream; what it does not acknowledge before it leaves is unknown, or
// handed over again if it dedupes.
func TestPull(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s store) {
		for name, dedupes := range map[string]bool{"dedupes": true, "does not dedupe": false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				h := newHarness(t, s)
				if _, err := h.router.Pull(t.Context(), h.tenant, "gw"); !errors.Is(err, flow.ErrPrecondition) {
					t.Errorf("pull without a connection: %v", err)
				}
				h.connect(flow.Connection{Delivery: flow.DeliverStream, Dedupes: dedupes})
				h.workflow(flow.Workflow{Steps: []flow.Step{say("hi")}})
				p, err := h.router.Pull(t.Context(), h.tenant, "gw")
				must(t, err)
				first := h.text(alice, "hello")
				ms, err := p.Next(t.Context(), 10)
				must(t, err)
				if len(ms) != 1 || ms[0].ID != first.Replies[0].ID {
					t.Fatalf("pulled %+v", ms)
				}
				counted, err := p.Settle(t.Context(), flow.Settled{ID: ms[0].ID, State: flow.OutboundSent, GatewayID: "g1"})
				must(t, err)
				if !counted || p.Open() != 0 {
					t.Errorf("counted %v, open %d", counted, p.Open())
				}
				h.settled(first, flow.OutboundSent)
				if counted, err = p.Settle(t.Context(), flow.Settled{ID: ms[0].ID, State: flow.OutboundDelivered}); err != nil || !counted {
					t.Errorf("delivery report: %v, %v", counted, err)
				}
				h.settled(first, flow.OutboundDelivered)

				second := h.text(bob, "hello")
				ms, err = p.Next(t.Context(), 10)
				must(t, err)
				p.Close(t.Context())
				if !dedupes {
					h.settled(second, flow.OutboundUnknown)
					return
				}
				again, err := h.router.Pull(t.Context(), h.tenant, "gw")
				must(t, err)
				defer again.Close(t.Context())
				twice, err := again.Next(t.Context(), 10)
				must(t, err)
				if len(twice) != 1 || twice[0].ID != ms[0].ID || twice[0].Attempts != 2 {
					t.Errorf("pulled again: %+v", twice)
				}
			})
		}
	})
}
