package sqlstore

import (
	"slices"
	"strings"

	"smsflow/services/flow"
)

// Firsts gives, for a batch of messages, those whose key has not occurred before in it, by their places, and for every
// message the place of the first one with its key.
func Firsts(batch []flow.Inbound) (first []int, of []int) {
	seen := make(map[string]int, len(batch))
	of = make([]int, len(batch))
	for i, m := range batch {
		at, again := seen[m.Key]
		if !again {
			at = i
			seen[m.Key] = i
			first = append(first, i)
		}
		of[i] = at
	}
	return first, of
}

// Sorted gives the places of a batch's commits in the order of their conversations, which is the order of all locks.
// A second commit of one conversation is left out: the version that it builds on is not committed yet.
func Sorted(batch []flow.Commit) []int {
	order := make([]int, 0, len(batch))
	for i := range batch {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return strings.Compare(string(batch[a].Lease.Conversation), string(batch[b].Lease.Conversation))
	})
	return slices.CompactFunc(order, func(a, b int) bool {
		return batch[a].Lease.Conversation == batch[b].Lease.Conversation
	})
}

// Sound says whether a commit speaks of one conversation alone. One that does not is a caller's mistake: it is refused
// before anything is written.
func Sound(c flow.Commit) bool {
	if c.Conversation.ID != c.Lease.Conversation || c.Conversation.Tenant != c.Tenant || c.Conversation.Ver < 1 {
		return false
	}
	for _, r := range c.Runs {
		if r.Tenant != c.Tenant || r.Conversation != c.Lease.Conversation {
			return false
		}
	}
	for _, r := range c.Results {
		if r.Tenant != c.Tenant {
			return false
		}
	}
	for _, o := range c.Outbounds {
		if o.Tenant != c.Tenant || o.Conversation != c.Lease.Conversation {
			return false
		}
	}
	return true
}

// Rows are what a batch's commits write beside the conversations.
type Rows struct {
	Runs      []Run
	Events    []Event
	Outcomes  []Outcome
	Outbounds []Outbound
	Consumed  []int64
}

// Add puts one commit's rows behind those of the commits before it. Of two rows with one key the later counts.
func (r *Rows) Add(c flow.Commit) error {
	ver := c.Conversation.Ver
	workflows := make(map[flow.RunID]flow.WorkflowID, len(c.Runs))
	for i, n := range c.Runs {
		workflows[n.ID] = n.Workflow
		if slices.ContainsFunc(c.Runs[i+1:], func(later flow.Run) bool { return later.ID == n.ID }) {
			continue
		}
		row, err := RunOf(n)
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, row)
	}
	for i, e := range c.Events {
		steps, err := Encode(e.Steps)
		if err != nil {
			return err
		}
		r.Events = append(r.Events, Event{
			Run: string(e.Run), Ver: ver, N: i, Tenant: string(c.Tenant), Inbound: string(e.Inbound), Steps: steps,
		})
	}
	for i, n := range c.Results {
		if slices.ContainsFunc(c.Results[i+1:], func(later flow.Result) bool { return later.Inbound == n.Inbound }) {
			continue
		}
		row, err := OutcomeOf(n, workflows[n.Run])
		if err != nil {
			return err
		}
		r.Outcomes = append(r.Outcomes, row)
	}
	for i, m := range c.Outbounds {
		r.Outbounds = append(r.Outbounds, OutboundOf(m, ver, i))
	}
	r.Consumed = append(r.Consumed, c.Consumed...)
	return nil
}

// Resume puts the rows of runs and of their events where they belong: Run, which names the run that is wanted, and the
// steps of Partial.
func Resume(claimed []flow.Claimed, runRows []Run, events []Event) error {
	runs := make(map[flow.RunID]flow.Run, len(runRows))
	for _, r := range runRows {
		n, err := r.Noun()
		if err != nil {
			return err
		}
		runs[n.ID] = n
	}
	type part struct{ run, inbound string }
	parts := map[part][]Event{}
	for _, e := range events {
		p := part{run: e.Run, inbound: e.Inbound}
		parts[p] = append(parts[p], e)
	}
	for i := range claimed {
		c := &claimed[i]
		if c.Run != nil {
			n, ok := runs[c.Run.ID]
			if !ok || n.Tenant != c.Tenant {
				c.Run = nil
			} else {
				c.Run = &n
			}
		}
		if c.Partial == nil || c.Partial.Run == "" {
			continue
		}
		steps, err := Steps(parts[part{run: string(c.Partial.Run), inbound: string(c.Partial.Inbound)}])
		if err != nil {
			return err
		}
		FillSteps(c.Partial, runs[c.Partial.Run].Workflow, steps)
	}
	return nil
}
