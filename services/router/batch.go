package router

import (
	"context"
	"runtime"
	"sync"

	"smsflow/services/flow"
)

// batcher gathers concurrent calls into one: while a batch commits, the next one fills. There is no timer: a batch is what
// arrived meanwhile, so a lone caller waits for nobody.
type batcher[In, Out any] struct {
	in     chan item[In, Out]
	max    int
	do     func(context.Context, []In) ([]Out, error)
	mu     sync.RWMutex // held for writing only to close
	closed bool
}

type item[In, Out any] struct {
	in In
	// done gets the result, once. It must not block: the whole batch waits for it.
	done func(Out, error)
}

type answer[Out any] struct {
	out Out
	err error
}

func newBatcher[In, Out any](queue, maxBatch int, do func(context.Context, []In) ([]Out, error)) *batcher[In, Out] {
	return &batcher[In, Out]{in: make(chan item[In, Out], queue), max: maxBatch, do: do}
}

// call puts in into the next batch and waits for its result. If ctx ends first, the result is unknown.
func (b *batcher[In, Out]) call(ctx context.Context, in In) (Out, error) {
	var zero Out
	answers := make(chan answer[Out], 1)
	if err := b.put(item[In, Out]{in, func(out Out, err error) { answers <- answer[Out]{out, err} }}); err != nil {
		return zero, err
	}
	select {
	case a := <-answers:
		return a.out, a.err
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

func (b *batcher[In, Out]) put(i item[In, Out]) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return flow.Unavailable(errDraining)
	}
	select {
	case b.in <- i:
		return nil
	default:
		return queueFull()
	}
}

// close refuses further calls; run then ends after the last batch.
func (b *batcher[In, Out]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.in)
	}
}

// run commits batches until close.
func (b *batcher[In, Out]) run(ctx context.Context) {
	items := make([]item[In, Out], 0, b.max)
	for first := range b.in {
		items = append(items[:0], first)
		// One yield lets the callers that the last batch has just answered submit again.
		runtime.Gosched()
		items = b.drain(items)
		ins := make([]In, len(items))
		for i := range items {
			ins[i] = items[i].in
		}
		outs, err := b.do(ctx, ins)
		for i := range items {
			var out Out
			if err == nil {
				out = outs[i]
			}
			items[i].done(out, err)
		}
		clear(items)
	}
}

// drain takes what is there without waiting.
func (b *batcher[In, Out]) drain(items []item[In, Out]) []item[In, Out] {
	for len(items) < b.max {
		select {
		case i, ok := <-b.in:
			if !ok {
				return items
			}
			items = append(items, i)
		default:
			return items
		}
	}
	return items
}
