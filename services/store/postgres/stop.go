package postgres

import (
	"slices"
	"strings"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

// stopQuery opts contacts out in the transaction that takes in their stop words, which holds the conversations' wake
// rows by then: no commit of theirs is under way, and one that was loaded before finds a version that it does not know.
// The order of locks is the one of everybody: wake, convo, outgoing, outbound, each in the order of its keys.
const stopQuery = `
INSERT INTO convo AS c (conv, tenant_id, ver, number, contact, state, state_reason, opted_in, vars, tags, inbounds, run_id, recent,
	last_text, handed_off_at, stop_confirmed)
SELECT u.conv, u.tenant_id, 1, u.number, u.contact, 'opted_out', '` + sqlstore.ReasonStop + `', false, '{}', '[]', 0, '', '[]', '', NULL, false
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u (conv, tenant_id, number, contact) ORDER BY u.conv
ON CONFLICT (conv) DO UPDATE SET
	ver = c.ver + 1, state = excluded.state, state_reason = excluded.state_reason, opted_in = false, handed_off_at = NULL,
	stop_confirmed = c.stop_confirmed AND c.state = 'opted_out'`

const suppressQuery = `
WITH silent AS MATERIALIZED (
	SELECT q.id FROM outgoing q WHERE q.conv = ANY ($1::text[]) AND q.state = 'pending' AND NOT q.consent ORDER BY q.id FOR UPDATE
), gone AS (
	DELETE FROM outgoing q USING silent s WHERE q.id = s.id
)
UPDATE outbound o SET state = 'suppressed', reason = '` + sqlstore.ReasonSuppressed + `', updated_at = now() FROM silent s WHERE o.id = s.id`

// stops gives one stop word of each conversation, of those that this commit takes in, in the order of the conversations.
func stops(fresh []flow.Inbound, added []ingested) []flow.Inbound {
	var out []flow.Inbound
	for i := range fresh {
		if fresh[i].Stop && slices.ContainsFunc(added, func(a ingested) bool { return a.Key == fresh[i].Key }) {
			out = append(out, fresh[i])
		}
	}
	slices.SortFunc(out, func(a, b flow.Inbound) int { return strings.Compare(string(a.Conversation), string(b.Conversation)) })
	return slices.CompactFunc(out, func(a, b flow.Inbound) bool { return a.Conversation == b.Conversation })
}

func (q statements) stop(ms []flow.Inbound) error {
	if len(ms) == 0 {
		return nil
	}
	names := texts(ms, func(m *flow.Inbound) flow.ConversationID { return m.Conversation })
	if err := q.exec(stopQuery, names,
		texts(ms, func(m *flow.Inbound) flow.TenantID { return m.Tenant }),
		texts(ms, func(m *flow.Inbound) string { return m.To }),
		texts(ms, func(m *flow.Inbound) string { return m.From })); err != nil {
		return err
	}
	return q.exec(suppressQuery, names)
}
