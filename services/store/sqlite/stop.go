package sqlite

import (
	"slices"
	"time"

	"smsflow/services/flow"
	"smsflow/services/store/internal/sqlstore"
)

const stopQuery = `
INSERT INTO convo (conv, tenant_id, ver, number, contact, state, state_reason, opted_in, vars, tags, inbounds, run_id, recent,
	last_text, handed_off_at, stop_confirmed)
VALUES (?, ?, 1, ?, ?, 'opted_out', '` + sqlstore.ReasonStop + `', 0, '{}', '[]', 0, '', '[]', '', NULL, 0)
ON CONFLICT (conv) DO UPDATE SET
	ver = ver + 1, state = excluded.state, state_reason = excluded.state_reason, opted_in = 0, handed_off_at = NULL,
	stop_confirmed = stop_confirmed AND state = 'opted_out'`

const waitingQuery = `SELECT id FROM outgoing WHERE conv = ? AND state = 'pending' AND NOT consent`

// stops opts contacts out in the transaction that takes in their stop words. fresh are the new messages of the batch.
func (q statements) stops(batch []flow.Inbound, fresh map[flow.ConversationID][]int, now time.Time) error {
	for _, places := range fresh {
		if at := slices.IndexFunc(places, func(at int) bool { return batch[at].Stop }); at >= 0 {
			if err := q.stop(batch[places[at]], now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q statements) stop(m flow.Inbound, now time.Time) error {
	conv := string(m.Conversation)
	if _, err := q.exec(stopQuery, conv, string(m.Tenant), m.To, m.From); err != nil {
		return err
	}
	var waiting []string
	if err := q.all(&waiting, waitingQuery, conv); err != nil {
		return err
	}
	for _, id := range waiting {
		if err := q.suppress(id, now); err != nil {
			return err
		}
	}
	return nil
}
