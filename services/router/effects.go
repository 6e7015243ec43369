package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sony/gobreaker/v2"

	"smsflow/services/fault"
	"smsflow/services/flow"
)

// effects calls assistants: outside any transaction, a bounded number at once, tenants in turn. An effect that a dead
// process has begun is begun again by the next owner, under the same id.
type effects struct {
	r        *Router
	slots    *slots
	breakers *lru.Cache[breakerKey, *gobreaker.CircuitBreaker[flow.Answer]]
	group    sync.WaitGroup
}

// breakerKey is an assistant as it was saved: an edit gives it a fresh start.
type breakerKey struct {
	id      flow.AssistantID
	version int64
}

func newEffects(r *Router) *effects {
	return &effects{
		r: r, slots: newSlots(MaxEffects, MaxTenantEffects),
		breakers: newLRU[breakerKey, *gobreaker.CircuitBreaker[flow.Answer]](MaxBreakers),
	}
}

// wait returns when no call is under way.
func (e *effects) wait() { e.group.Wait() }

// start does a run's pending effect and hands the answer to the pool. ctx is the router's own.
func (e *effects) start(ctx context.Context, t *turn) {
	run, about := *t.ask, t.about
	effect := *run.Pending
	id := t.cl.Lease.Conversation
	e.r.pool.asks(id, effect.ID)
	e.group.Add(1)
	e.slots.add(run.Tenant, func() {
		defer e.group.Done()
		if ctx.Err() != nil {
			return // stopping: the next owner asks
		}
		answer := e.answer(ctx, t.cfg, &run, &about, &effect)
		if ctx.Err() != nil {
			return
		}
		e.r.pool.answered(id, &answered{effect: effect.ID, answer: answer})
	})
}

// answer makes the question and asks it. Whatever goes wrong is the answer.
func (e *effects) answer(ctx context.Context, cfg *config, run *flow.Run, about *flow.Inbound, effect *flow.Effect) (answer flow.Answer) {
	began := e.r.Now()
	failed := func(why string) flow.Answer {
		return flow.Answer{Err: why, Latency: e.r.Now().Sub(began)}
	}
	prog, err := e.r.programs.get(ctx, run)
	if err != nil {
		e.r.logFailure(ctx, "revision", err)
		return failed("the workflow's revision could not be read")
	}
	rev := prog.Revision()
	routing := ctx
	defer func() {
		if answer.Err != "" && routing.Err() == nil {
			e.r.Log.WarnContext(routing, "an assistant failed", "tenant", run.Tenant, "assistant", rev.Assistant, "workflow", run.Workflow, "why", answer.Err)
		}
	}()
	a, ok := cfg.assistants[rev.Assistant]
	if !ok {
		return failed("the workflow's assistant is not there")
	}
	timeout := a.Timeout
	if timeout <= 0 {
		timeout = flow.DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ask := flow.Ask{
		Effect: effect.ID, Assistant: a, WorkflowName: rev.Name, Goal: rev.Goal, Context: rev.Context,
		ResponseTemplate: rev.ResponseTemplate, TenantName: cfg.Tenant.Name, Message: about.Body, MaxSegments: effect.MaxSegments,
	}
	if len(a.SealedAPIKey) > 0 {
		if ask.APIKey, err = e.r.Opener.Open(a.Tenant, flow.APIKeyField(a.ID), a.SealedAPIKey); err != nil {
			e.r.Log.ErrorContext(ctx, "an assistant's key cannot be opened", "assistant", a.ID, "error", err)
			return failed("the assistant's key cannot be opened: enter it again")
		}
	}
	if effect.History > 0 {
		ask.History, err = e.r.Store.History(ctx, about.Tenant, about.Conversation, about.Seq, effect.History)
		if err != nil {
			e.r.logFailure(ctx, "history", err)
			return failed("the conversation so far could not be read")
		}
	}
	answer = e.call(ctx, ask)
	if answer.Latency == 0 {
		answer.Latency = e.r.Now().Sub(began).Round(time.Millisecond)
	}
	return answer
}

var errAnswer = errors.New("the assistant failed")

// call asks unless the assistant has failed many times in a row: then it is given a rest, and the fallback comes at once
// instead of after the full timeout. The adapter does what retries there are.
func (e *effects) call(ctx context.Context, ask flow.Ask) flow.Answer {
	answer, err := e.breaker(ask.Assistant).Execute(func() (flow.Answer, error) {
		fault.Point("before_ask")
		a := e.r.Answerer.Answer(ctx, ask)
		fault.Point("after_ask")
		if a.Err != "" {
			return a, errAnswer
		}
		return a, nil
	})
	if err != nil && !errors.Is(err, errAnswer) {
		return flow.Answer{Err: fmt.Sprintf("the assistant has failed %d times in a row and is given a rest of %s", breakerFailures, breakerRest)}
	}
	return answer
}

func (e *effects) breaker(a flow.Assistant) *gobreaker.CircuitBreaker[flow.Answer] {
	key := breakerKey{a.ID, a.Version}
	if b, ok := e.breakers.Get(key); ok {
		return b
	}
	b := gobreaker.NewCircuitBreaker[flow.Answer](gobreaker.Settings{
		Timeout:     breakerRest,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerFailures },
	})
	if old, there, _ := e.breakers.PeekOrAdd(key, b); there {
		return old
	}
	return b
}
