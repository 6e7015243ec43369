package sqlstore

import (
	"context"
	"slices"
	"time"
)

// maxRounds is how often one sweep goes on to the next messages because all of those before have to stay.
const maxRounds = 16

// sweptMessage is a message that may be old enough.
type sweptMessage struct {
	Seq        int64  `db:"seq"`
	ID         string `db:"id"`
	AcceptedAt Stamp  `db:"accepted_at"`
}

// Sweep: see router.Broom. limit is that of the messages looked at, which take their outcomes, runs, events and outbound
// messages along. Messages are looked at in the order of their seq, once; those that have to stay are looked at again
// later, in turn. Replicas sweep one after the other.
//
// A message leaves its key behind, in its own row: see the migration that begins it. Its seq is far below those that are
// being given away, because it is older than any transaction.
func (b *Base) Sweep(ctx context.Context, messages, keys time.Time, limit int) (int, error) {
	if limit <= 0 {
		return 0, nil
	}
	if keys.After(messages) {
		keys = messages
	}
	var n int
	err := b.inWrite(ctx, func(q tx) error {
		s := sweep{tx: q, messages: messages, keys: keys, limit: limit}
		err := s.run()
		n = s.deleted
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// sweep is one call of Sweep.
type sweep struct {
	tx
	messages, keys time.Time
	limit          int
	deleted        int
}

func (s *sweep) run() error {
	// The one row that everybody locks first.
	var at int64
	if err := s.get(&at, `SELECT seq FROM sweep WHERE name = 'messages'`+s.LockRow); err != nil {
		return err
	}
	// If all of them have to stay, the next ones are looked at: who calls until nothing is removed must not stop there.
	for more, round := true, 0; more && round < maxRounds; round++ {
		left, full, err := s.left()
		if err != nil {
			return err
		}
		old, err := s.next(at)
		if err != nil {
			return err
		}
		stay, err := s.remove(slices.Concat(old, left))
		if err != nil {
			return err
		}
		if err := s.leave(old, left, stay); err != nil {
			return err
		}
		if len(old) > 0 {
			at = old[len(old)-1].Seq
		}
		more = s.deleted == 0 && (full || len(old) == s.limit)
	}
	if err := s.move("messages", at); err != nil {
		return err
	}
	return s.forget(at)
}

// next gives the messages behind a place, up to the first that is too young.
func (s *sweep) next(at int64) ([]sweptMessage, error) {
	var rows []sweptMessage
	if err := s.all(&rows, `SELECT seq, id, accepted_at FROM message WHERE seq > ? ORDER BY seq LIMIT ?`, at, s.limit); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(rows, func(m sweptMessage) bool { return !m.AcceptedAt.Before(s.messages) }); i >= 0 {
		rows = rows[:i]
	}
	return rows, nil
}

// left gives the next of those that had to stay, round and round. full: there may be more.
func (s *sweep) left() (rows []sweptMessage, full bool, err error) {
	var at int64
	if err := s.get(&at, `SELECT seq FROM sweep WHERE name = 'left'`); err != nil {
		return nil, false, err
	}
	if err := s.all(&rows, `SELECT m.seq, m.id, m.accepted_at FROM unswept u JOIN message m ON m.seq = u.seq
		WHERE u.seq > ? ORDER BY u.seq LIMIT ?`, at, s.limit); err != nil {
		return nil, false, err
	}
	next := int64(0) // from the first one on
	if full = len(rows) == s.limit; full {
		next = rows[len(rows)-1].Seq
	}
	if next != at {
		if err := s.move("left", next); err != nil {
			return nil, false, err
		}
	}
	return slices.DeleteFunc(rows, func(m sweptMessage) bool { return !m.AcceptedAt.Before(s.messages) }), full, nil
}

// remove removes messages with all that belongs to them and gives those that have to stay.
func (s *sweep) remove(ms []sweptMessage) (stay map[int64]bool, err error) {
	stay = make(map[int64]bool)
	if len(ms) == 0 {
		return stay, nil
	}
	seqs, ids, err := s.lists(ms, stay)
	if err != nil {
		return nil, err
	}
	// First whether a message is handled and its runs are over: then nobody writes further messages for it, and all that
	// there are can be locked. Behind that lock nobody makes one pending again.
	if err := s.busy(stay, `SELECT m.seq FROM message m WHERE m.seq `+s.InNumbers+` AND (
		EXISTS (SELECT 1 FROM pending p WHERE p.seq = m.seq) OR
		EXISTS (SELECT 1 FROM run r WHERE r.inbound_id = m.id AND (r.state IN ('running', 'waiting') OR r.updated_at >= ?)))`,
		seqs, s.Time(s.messages)); err != nil {
		return nil, err
	}
	var locked []string
	if err := s.all(&locked, `SELECT id FROM outbound WHERE inbound_id `+s.InTexts+` ORDER BY id`+s.LockKey, ids); err != nil {
		return nil, err
	}
	if err := s.busy(stay, `SELECT m.seq FROM message m WHERE m.seq `+s.InNumbers+` AND EXISTS (
		SELECT 1 FROM outbound o JOIN outgoing q ON q.id = o.id WHERE o.inbound_id = m.id)`, seqs); err != nil {
		return nil, err
	}
	if seqs, ids, err = s.lists(ms, stay); err != nil {
		return nil, err
	}
	for _, statement := range []string{
		`DELETE FROM run_event WHERE run_id IN (SELECT r.id FROM run r WHERE r.inbound_id ` + s.InTexts + `)`,
		`DELETE FROM run WHERE inbound_id ` + s.InTexts,
		`DELETE FROM outcome WHERE inbound_id ` + s.InTexts,
		`DELETE FROM dead_letter WHERE id IN (SELECT o.id FROM outbound o WHERE o.inbound_id ` + s.InTexts + `)`,
		`DELETE FROM outbound WHERE inbound_id ` + s.InTexts,
	} {
		if err := s.delete(statement, ids); err != nil {
			return nil, err
		}
	}
	if err := s.delete(`DELETE FROM message WHERE seq `+s.InNumbers+` AND accepted_at < ?`, seqs, s.Time(s.keys)); err != nil {
		return nil, err
	}
	return stay, s.delete(`UPDATE message SET swept = ?, connection = '', gateway_msg_id = '', sender = '', recipient = '', body = '',
		received_at = NULL WHERE seq `+s.InNumbers, true, seqs)
}

// busy adds what a query finds to those that have to stay.
func (s *sweep) busy(stay map[int64]bool, query string, args ...any) error {
	var found []int64
	if err := s.all(&found, query, args...); err != nil {
		return err
	}
	for _, seq := range found {
		stay[seq] = true
	}
	return nil
}

// delete counts what a statement removes.
func (s *sweep) delete(statement string, args ...any) error {
	n, err := s.count(statement, args...)
	s.deleted += n
	return err
}

// leave keeps the list of what has to stay.
func (s *sweep) leave(old, left []sweptMessage, stay map[int64]bool) error {
	for _, m := range old {
		if stay[m.Seq] {
			if err := s.exec(`INSERT INTO unswept (seq) VALUES (?)`, m.Seq); err != nil {
				return err
			}
		}
	}
	gone, _, err := s.lists(left, stay)
	if err != nil || len(left) == 0 {
		return err
	}
	return s.exec(`DELETE FROM unswept WHERE seq `+s.InNumbers, gone)
}

// forget removes keys, up to the place that the messages' sweep has come to. A message that had to stay is passed by:
// its key is removed with it.
func (s *sweep) forget(upTo int64) error {
	var at int64
	if err := s.get(&at, `SELECT seq FROM sweep WHERE name = 'keys'`); err != nil {
		return err
	}
	var rows []sweptMessage
	if err := s.all(&rows, `SELECT seq, id, accepted_at FROM message WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`, at, upTo, s.limit); err != nil {
		return err
	}
	if i := slices.IndexFunc(rows, func(m sweptMessage) bool { return !m.AcceptedAt.Before(s.keys) }); i >= 0 {
		rows = rows[:i]
	}
	if len(rows) == 0 {
		return nil
	}
	seqs, _, err := s.lists(rows, nil)
	if err != nil {
		return err
	}
	if err := s.delete(`DELETE FROM message WHERE seq `+s.InNumbers+` AND swept`, seqs); err != nil {
		return err
	}
	return s.move("keys", rows[len(rows)-1].Seq)
}

func (s *sweep) move(name string, to int64) error {
	return s.exec(`UPDATE sweep SET seq = ? WHERE name = ?`, to, name)
}

// lists makes parameters of messages without those that have to stay.
func (s *sweep) lists(ms []sweptMessage, stay map[int64]bool) (seqs, ids any, err error) {
	numbers, texts := make([]int64, 0, len(ms)), make([]string, 0, len(ms))
	for _, m := range ms {
		if !stay[m.Seq] {
			numbers, texts = append(numbers, m.Seq), append(texts, m.ID)
		}
	}
	if seqs, err = s.List(numbers); err != nil {
		return nil, nil, err
	}
	ids, err = s.List(texts)
	return seqs, ids, err
}
