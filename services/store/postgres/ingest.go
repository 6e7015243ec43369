package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// ingestQuery commits new messages. It takes its locks in the order of the keys and then of the conversations, whatever
// the order of arrival, which seq keeps. What does not come back is known already: ON CONFLICT has waited for the other
// transaction, whose row this statement cannot see.
//
// A wake row is never deleted while a message of its conversation comes in: the release checks gen under the row's
// lock, and this upsert either makes it grow before or makes a new row after.
const ingestQuery = `
WITH input AS MATERIALIZED (
	SELECT nextval('message_seq_seq') AS seq, a.tenant_id, a.id, a.conv, a.msg_key, a.connection, a.gateway_msg_id, a.sender,
		a.recipient, a.body, a.received_at, a.accepted_at
	FROM (
		SELECT u.tenant_id, u.id, u.conv, u.msg_key, u.connection, u.gateway_msg_id, u.sender, u.recipient, u.body, u.received_at,
			u.accepted_at
		FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
			$12::timestamptz[], $13::timestamptz[]) WITH ORDINALITY
			AS u (tenant_id, id, conv, msg_key, connection, gateway_msg_id, sender, recipient, body, received_at, accepted_at, n)
		ORDER BY u.n
	) a
), added AS (
	INSERT INTO message (seq, tenant_id, id, conv, msg_key, connection, gateway_msg_id, sender, recipient, body, received_at,
		accepted_at)
	SELECT i.seq, i.tenant_id, i.id, i.conv, i.msg_key, i.connection, i.gateway_msg_id, i.sender, i.recipient, i.body,
		i.received_at, i.accepted_at
	FROM input i ORDER BY i.msg_key
	ON CONFLICT (msg_key) DO NOTHING
	RETURNING seq, tenant_id, conv, msg_key
), queued AS (
	INSERT INTO pending (seq, tenant_id, conv) SELECT a.seq, a.tenant_id, a.conv FROM added a ORDER BY a.seq
), woken AS (
	INSERT INTO wake AS w (conv, tenant_id, due_at, owner, lease, gen, taken_gen, shared)
	SELECT a.conv, min(a.tenant_id), now() + $2::bigint * interval '1 microsecond', $1::text, ` + newLease + `, 1, 1, $1::text = ''
	FROM added a GROUP BY a.conv ORDER BY a.conv
	ON CONFLICT (conv) DO UPDATE SET
		gen       = w.gen + 1,
		shared    = w.shared OR excluded.owner = '' OR w.owner NOT IN ('', excluded.owner),
		owner     = CASE WHEN w.owner = '' OR w.due_at <= now() THEN excluded.owner ELSE w.owner END,
		lease     = CASE WHEN w.owner = '' OR w.due_at <= now() THEN greatest(w.lease + 1, excluded.lease) ELSE w.lease END,
		taken_gen = CASE WHEN w.owner = '' OR w.due_at <= now() THEN w.gen + 1 ELSE w.taken_gen END,
		due_at    = CASE WHEN w.owner = '' OR w.due_at <= now() THEN excluded.due_at ELSE w.due_at END
	RETURNING conv, owner, lease, gen = taken_gen AS taken
)
SELECT a.msg_key, w.owner, w.lease, w.taken FROM added a JOIN woken w ON w.conv = a.conv`

// newLease is the number of a lease that begins now. It is the clock and not a counter, because the row that would
// count is deleted with every release: a number must not come back to an owner who has not heard that he lost it.
const newLease = `(extract(epoch FROM clock_timestamp()) * 1000000)::bigint`

type ingested struct {
	Key   string `db:"msg_key"`
	Owner string `db:"owner"`
	Lease int64  `db:"lease"`
	Taken bool   `db:"taken"`
}

// knownQuery reads what was committed before. It is a statement of its own, so that it sees what ingestQuery waited for.
const knownQuery = `
SELECT m.msg_key, m.id, m.conv, CASE WHEN w.due_at > now() THEN w.owner ELSE '' END AS owner
FROM message m LEFT JOIN wake w ON w.conv = m.conv
WHERE m.msg_key = ANY ($1::text[])`

type known struct {
	Key          string `db:"msg_key"`
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
	first, of := sqlstore.Firsts(batch)
	fresh := make([]flow.Inbound, len(first))
	for i, at := range first {
		fresh[i] = batch[at]
	}
	var added []ingested
	var before []known
	err := s.bulkTx(ctx, func(q statements) error {
		added, before = nil, nil
		if err := q.all(&added, ingestQuery, append([]any{owner, lease.Microseconds()}, messageArrays(fresh)...)...); err != nil {
			return err
		}
		if err := q.stop(stops(fresh, added)); err != nil {
			return err
		}
		if owner == "" && len(added) > 0 {
			if err := q.hint(true, nil); err != nil {
				return err
			}
		}
		if len(added) == len(fresh) {
			return nil
		}
		missing := missingKeys(fresh, added)
		if err := q.all(&before, knownQuery, missing); err != nil {
			return err
		}
		if len(before) != len(missing) {
			// Their keys were removed in between; once more, and they are new.
			return flow.Unavailable(fmt.Errorf("%d of %d messages were refused as known and are not there", len(missing)-len(before), len(missing)))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answers(owner, batch, of, added, before), nil
}

func messageArrays(batch []flow.Inbound) []any {
	return []any{
		texts(batch, func(m *flow.Inbound) flow.TenantID { return m.Tenant }),
		texts(batch, func(m *flow.Inbound) flow.InboundID { return m.ID }),
		texts(batch, func(m *flow.Inbound) flow.ConversationID { return m.Conversation }),
		texts(batch, func(m *flow.Inbound) string { return m.Key }),
		texts(batch, func(m *flow.Inbound) flow.ConnectionID { return m.Connection }),
		texts(batch, func(m *flow.Inbound) string { return m.GatewayMessageID }),
		texts(batch, func(m *flow.Inbound) string { return m.From }),
		texts(batch, func(m *flow.Inbound) string { return m.To }),
		texts(batch, func(m *flow.Inbound) string { return m.Body }),
		stamps(batch, func(m *flow.Inbound) time.Time { return m.ReceivedAt }),
		stamps(batch, func(m *flow.Inbound) time.Time { return m.AcceptedAt }),
	}
}

func missingKeys(fresh []flow.Inbound, added []ingested) pq.StringArray {
	there := make(map[string]bool, len(added))
	for _, a := range added {
		there[a.Key] = true
	}
	var missing pq.StringArray
	for _, m := range fresh {
		if !there[m.Key] {
			missing = append(missing, m.Key)
		}
	}
	return missing
}

// answers puts together what became of each message of the batch; of names the first message with each one's key.
func answers(owner string, batch []flow.Inbound, of []int, added []ingested, before []known) []flow.Ingested {
	byKey := make(map[string]flow.Ingested, len(added)+len(before))
	for _, a := range added {
		r := flow.Ingested{Owner: a.Owner}
		if owner != "" && a.Taken {
			r.Owned, r.Lease = true, a.Lease
		}
		byKey[a.Key] = r
	}
	for _, k := range before {
		byKey[k.Key] = flow.Ingested{
			Duplicate: true, ID: flow.InboundID(k.ID), Conversation: flow.ConversationID(k.Conversation), Owner: k.Owner,
		}
	}
	out := make([]flow.Ingested, len(batch))
	for i, m := range batch {
		r := byKey[m.Key]
		if !r.Duplicate {
			r.ID, r.Conversation = batch[of[i]].ID, batch[of[i]].Conversation
		}
		if of[i] != i {
			r.Duplicate, r.Owned, r.Lease = true, false, 0
		}
		out[i] = r
	}
	return out
}
