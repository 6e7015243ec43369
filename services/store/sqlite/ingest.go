package sqlite

import (
	"context"
	"slices"
	"strings"
	"time"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

const messageQuery = `INSERT INTO message (tenant_id, id, conv, msg_key, connection, gateway_msg_id, sender, recipient, body,
	received_at, accepted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (msg_key) DO NOTHING`

const pendingQuery = `INSERT INTO pending (seq, tenant_id, conv) VALUES (?, ?, ?)`

// wakeQuery: who holds the lease keeps it; one that has run out, or that nobody has, goes to the owner given. The number
// of a new lease is the clock and not a counter, because the row that would count is deleted with every release.
const wakeQuery = `
INSERT INTO wake AS w (conv, tenant_id, due_at, owner, lease, gen, taken_gen) VALUES (?1, ?2, ?3, ?4, ?5, 1, 1)
ON CONFLICT (conv) DO UPDATE SET
	gen       = w.gen + 1,
	owner     = CASE WHEN w.owner = '' OR w.due_at <= ?5 THEN excluded.owner ELSE w.owner END,
	lease     = CASE WHEN w.owner = '' OR w.due_at <= ?5 THEN max(w.lease + 1, excluded.lease) ELSE w.lease END,
	taken_gen = CASE WHEN w.owner = '' OR w.due_at <= ?5 THEN w.gen + 1 ELSE w.taken_gen END,
	due_at    = CASE WHEN w.owner = '' OR w.due_at <= ?5 THEN excluded.due_at ELSE w.due_at END
RETURNING owner, lease, gen = taken_gen AS taken`

type woken struct {
	Owner string `db:"owner"`
	Lease int64  `db:"lease"`
	Taken bool   `db:"taken"`
}

const knownQuery = `
SELECT m.id, m.conv, CASE WHEN w.due_at > ?2 THEN w.owner ELSE '' END AS owner
FROM message m LEFT JOIN wake w ON w.conv = m.conv WHERE m.msg_key = ?1`

type known struct {
	ID           string `db:"id"`
	Conversation string `db:"conv"`
	Owner        string `db:"owner"`
}

// Ingest: see router.Store.
func (s *Store) Ingest(ctx context.Context, owner string, lease time.Duration, batch []flow.Inbound) ([]flow.Ingested, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	if owner == "" {
		lease = 0
	}
	out := make([]flow.Ingested, len(batch))
	err := s.bulkWrite(ctx, func(q statements) error {
		clear(out)
		first, of := sqlstore.Firsts(batch)
		fresh := map[flow.ConversationID][]int{}
		for _, at := range first {
			m := batch[at]
			added, err := q.message(m)
			if err != nil {
				return err
			}
			if added {
				out[at] = flow.Ingested{ID: m.ID, Conversation: m.Conversation}
				fresh[m.Conversation] = append(fresh[m.Conversation], at)
			}
		}
		now := s.now()
		if err := q.wake(owner, now, now.Add(lease), batch, fresh, out); err != nil {
			return err
		}
		if err := q.stops(batch, fresh, now); err != nil {
			return err
		}
		for i := range batch {
			switch {
			case of[i] != i:
				out[i] = out[of[i]]
				out[i].Duplicate, out[i].Owned, out[i].Lease = true, false, 0
			case out[i].ID == "":
				if err := q.known(now, batch[i].Key, &out[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// message says whether the message was new.
func (q statements) message(m flow.Inbound) (bool, error) {
	r, err := q.exec(messageQuery, string(m.Tenant), string(m.ID), string(m.Conversation), m.Key, string(m.Connection), m.GatewayMessageID,
		m.From, m.To, m.Body, parameter(m.ReceivedAt), parameter(m.AcceptedAt))
	if err != nil {
		return false, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	seq, err := r.LastInsertId()
	if err != nil {
		return false, err
	}
	_, err = q.exec(pendingQuery, seq, string(m.Tenant), string(m.Conversation))
	return true, err
}

// wake gives every conversation with new messages its place in the queue.
func (q statements) wake(owner string, now, due time.Time, batch []flow.Inbound, fresh map[flow.ConversationID][]int, out []flow.Ingested) error {
	names := make([]flow.ConversationID, 0, len(fresh))
	for c := range fresh {
		names = append(names, c)
	}
	slices.SortFunc(names, func(a, b flow.ConversationID) int { return strings.Compare(string(a), string(b)) })
	for _, c := range names {
		var w woken
		if err := q.get(&w, wakeQuery, string(c), string(batch[fresh[c][0]].Tenant), due.UnixMicro(), owner, now.UnixMicro()); err != nil {
			return err
		}
		for _, at := range fresh[c] {
			out[at].Owner = w.Owner
			if owner != "" && w.Taken {
				out[at].Owned, out[at].Lease = true, w.Lease
			}
		}
	}
	return nil
}

func (q statements) known(now time.Time, key string, out *flow.Ingested) error {
	var k known
	if err := q.get(&k, knownQuery, key, now.UnixMicro()); err != nil {
		return err
	}
	*out = flow.Ingested{
		Duplicate: true, ID: flow.InboundID(k.ID), Conversation: flow.ConversationID(k.Conversation), Owner: k.Owner,
	}
	return nil
}
