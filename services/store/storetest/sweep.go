package storetest

import (
	"fmt"
	"sync"
	"time"

	"smsflow/services/flow"
)

// sweepAll sweeps until there is nothing left to do.
func (k *kit) sweepAll(messages, keys time.Time, limit int) int {
	k.Helper()
	total := 0
	for range 1000 {
		n, err := k.Store.Sweep(k.ctx(), messages, keys, limit)
		k.must(err)
		if n == 0 {
			return total
		}
		total += n
	}
	k.Fatal("the sweep has no end")
	return 0
}

// aged is a message accepted at a time.
func (k *kit) aged(contact, body string, at time.Time) flow.Inbound {
	m := k.inbound(contact, body)
	m.AcceptedAt = at
	return m
}

// rows counts what belongs to a conversation.
func (k *kit) rows(conv flow.ConversationID) map[string]int {
	k.Helper()
	out := map[string]int{}
	for _, table := range []string{"run", "outbound"} {
		out[table] = k.count(table+` WHERE conv = ?`, string(conv))
	}
	for table, column := range map[string]string{"outcome": "inbound_id", "run_event": "inbound_id"} {
		out[table] = k.count(table+` WHERE `+column+` IN (SELECT id FROM message WHERE conv = ?)`, string(conv))
	}
	out["message"] = k.count(`message WHERE conv = ? AND NOT swept`, string(conv))
	out["key"] = k.count(`message WHERE conv = ? AND swept`, string(conv))
	return out
}

// complete commits a message with a run, its events, its outcome and an answer.
func (k *kit) complete(c flow.Claimed, w flow.Workflow, state flow.OutboundState) flow.Outbound {
	k.Helper()
	out, r := begun(c, w)
	m := c.Pending[0]
	r.State, r.Pending = flow.RunCompleted, nil
	out.Runs, out.Conversation.Run = []flow.Run{r}, ""
	out.Results[0].Outcome = flow.OutcomeReplied
	o := reply(m, "out")
	o.State = state
	if state == flow.OutboundSending {
		o.SendingFor = long
	}
	out.Outbounds, out.Consumed, out.Release = []flow.Outbound{o}, []int64{m.Seq}, true
	k.commits(out)
	return o
}

func sweepTests() []test {
	return []test{
		{name: "a message goes with all that belongs to it, its key stays for longer", alone: true, run: func(k *kit) {
			w, contact := k.workflow(), k.contact()
			old, kept := k.aged(contact, "secret", k.at), k.aged(contact, "young", k.at.Add(time.Hour))
			k.complete(k.hold(old), w, flow.OutboundReturned)
			o := k.complete(k.hold(kept), w, flow.OutboundReturned)
			equal(k, k.rows(old.Conversation), map[string]int{"message": 2, "key": 0, "outcome": 2, "run": 2, "run_event": 2, "outbound": 2})
			cut, never := k.at.Add(time.Minute), k.at.Add(-time.Hour)
			equal(k, k.sweepAll(k.at, never, 10), 0)
			if n := k.sweepAll(cut, never, 10); n < 5 {
				k.Fatalf("%d rows removed", n)
			}
			equal(k, k.rows(old.Conversation), map[string]int{"message": 1, "key": 1, "outcome": 1, "run": 1, "run_event": 1, "outbound": 1})
			_, err := k.Store.Result(k.ctx(), k.tenant, old.ID)
			k.fails(err, flow.ErrNotFound, flow.ReasonNotFound)
			k.is(o, flow.OutboundReturned)
			history, err := k.Store.History(k.ctx(), k.tenant, old.Conversation, 1<<60, 10)
			k.must(err)
			equal(k, len(history), 2)
			equal(k, k.count(`message WHERE body = 'secret' OR (swept AND (sender <> '' OR recipient <> '' OR gateway_msg_id <> ''))`), 0)

			// A repeated delivery is still known, by the first one's id, and changes nothing.
			again := old
			again.ID, again.Stop = flow.InboundID(id()), true
			got := k.ingest(me, long, again)[0]
			equal(k, got, flow.Ingested{Duplicate: true, ID: old.ID, Conversation: old.Conversation})
			equal(k, k.optedOut(old.Conversation), []bool{false})
			equal(k, k.count("pending"), 0)

			// When its time is over too, it is a new message.
			equal(k, k.sweepAll(cut, cut, 10), 1)
			equal(k, k.rows(old.Conversation)["key"], 0)
			equal(k, k.ingest(me, long, again)[0].Duplicate, false)
		}},
		{name: "keys never go before messages", alone: true, run: func(k *kit) {
			m := k.aged(k.contact(), "1", k.at)
			k.commits(next(k.hold(m)))
			equal(k, k.sweepAll(k.at, k.at.Add(time.Hour), 10), 0)
			equal(k, k.ingest(me, long, m)[0].Duplicate, true)
			equal(k, k.sweepAll(k.at.Add(time.Hour), k.at.Add(time.Hour), 10) > 0, true)
			equal(k, k.count("message"), 0)
			equal(k, k.count("outcome"), 0)
		}},
		{name: "what is not over stays until it is", alone: true, run: func(k *kit) {
			w, late := k.workflow(), k.at.Add(time.Hour)
			c := k.push(false)
			at := func() flow.Inbound { m := k.aged(k.contact(), "1", k.at); m.Connection = c; return m }
			unhandled := k.hold(at())
			waiting := k.hold(at())
			b, r := begun(waiting, w)
			b.Runs[0].State, b.Runs[0].Pending = flow.RunWaiting, nil
			b.Consumed, b.Release = []int64{waiting.Pending[0].Seq}, false
			k.commits(b)
			pending := k.complete(k.hold(at()), w, flow.OutboundPending)
			sending := k.complete(k.hold(at()), w, flow.OutboundSending)
			failed := k.complete(k.hold(at()), w, flow.OutboundSending)
			k.settle(me, settled(failed, flow.OutboundFailed))
			recent := k.hold(at())
			out, _ := begun(recent, w)
			out.Runs[0].State, out.Runs[0].Pending, out.Runs[0].UpdatedAt = flow.RunCompleted, nil, late
			out.Conversation.Run, out.Consumed, out.Release = "", []int64{recent.Pending[0].Seq}, true
			k.commits(out)
			young := k.aged(k.contact(), "1", late)
			k.complete(k.hold(young), w, flow.OutboundReturned)

			// The one that failed is not still to be sent: it goes.
			equal(k, k.sweepAll(late, late, 2) > 0, true)
			equal(k, k.count("message"), 6)
			equal(k, k.count("dead_letter"), 0)
			equal(k, k.load(me, unhandled.Lease), unhandled)
			now := k.load(me, waiting.Lease)
			equal(k, now.Run.ID, r.ID)
			k.is(pending, flow.OutboundPending)
			k.is(sending, flow.OutboundSending)

			// One after the other they come to their end.
			k.commits(next(unhandled))
			end := next(now)
			r.State, r.Pending = flow.RunCompleted, nil
			end.Runs, end.Conversation.Run = []flow.Run{r}, ""
			k.commits(end)
			k.settle(me, settled(sending, flow.OutboundSent))
			k.settle(me, settled(k.due(me)[0], flow.OutboundSent))
			for range 3 { // those that had to stay are looked at in turn
				k.sweepAll(late, late, 2)
			}
			equal(k, k.count("message"), 2)
			for range 3 {
				k.sweepAll(late.Add(time.Hour), late, 2)
			}
			equal(k, k.count("message WHERE NOT swept"), 0)
			for _, table := range []string{"run", "run_event", "outcome", "outbound", "unswept"} {
				equal(k, k.count(table), 0)
			}
		}},
		{name: "in small parts", alone: true, run: func(k *kit) {
			const messages, limit = 23, 4
			for i := range messages {
				k.commits(next(k.hold(k.aged(k.contact(), fmt.Sprint(i), k.at))))
			}
			later := k.at.Add(time.Hour)
			for left := messages; left > 0; {
				n, err := k.Store.Sweep(k.ctx(), later, k.at, limit)
				k.must(err)
				if n == 0 || n > 2*limit { // each with its outcome
					k.Fatalf("%d rows removed at once", n)
				}
				now := k.count("message WHERE NOT swept")
				equal(k, left-now <= limit, true)
				left = now
			}
			equal(k, k.count("message"), messages)
			n, err := k.Store.Sweep(k.ctx(), later, later, 0)
			k.must(err)
			equal(k, n, 0)
			equal(k, k.sweepAll(later, later, limit), messages)
			equal(k, k.count("message"), 0)
		}},
		{name: "a key is never forgotten while messages come in and are swept", alone: true, run: sweepAgainstIngest},
	}
}

// sweepAgainstIngest repeats every delivery while the messages are swept by two at once: it is always known.
func sweepAgainstIngest(k *kit) {
	const messages = 60
	var ms []flow.Inbound
	for i := range messages {
		m := k.aged(k.contact(), fmt.Sprint(i), k.at)
		ms = append(ms, m)
		k.commits(next(k.hold(m)))
	}
	later, never := k.at.Add(time.Hour), k.at.Add(-time.Hour)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range messages {
				if _, err := k.Store.Sweep(k.ctx(), later, never, 3); err != nil {
					k.Errorf("sweep: %v", err)
				}
			}
		})
		all.Go(func() {
			for range 5 {
				got, err := k.Store.Ingest(k.ctx(), other, long, ms)
				if err != nil {
					k.Errorf("ingest: %v", err)
					return
				}
				for i, g := range got {
					if !g.Duplicate || g.ID != ms[i].ID {
						k.Errorf("message %d: %+v", i, g)
					}
				}
			}
		})
	}
	all.Wait()
	equal(k, k.count("message WHERE swept"), messages)
	equal(k, k.count("pending"), 0)
}
