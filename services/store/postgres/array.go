package postgres

import (
	"database/sql"
	"database/sql/driver"
	"strings"
	"time"

	"github.com/lib/pq"
)

// timeFormat is what PostgreSQL reads without regard to its settings.
const timeFormat = "2006-01-02 15:04:05.999999Z07:00"

// times is a timestamptz[]; the zero time is NULL.
type times []time.Time

// Value implements driver.Valuer.
func (a times) Value() (driver.Value, error) {
	b := make([]byte, 0, 2+len(a)*(len(timeFormat)+3))
	b = append(b, '{')
	for i, t := range a {
		if i > 0 {
			b = append(b, ',')
		}
		if t.IsZero() {
			b = append(b, "NULL"...)
			continue
		}
		b = append(b, '"')
		b = t.UTC().AppendFormat(b, timeFormat)
		b = append(b, '"')
	}
	return string(append(b, '}')), nil
}

// array is a text[], or what PostgreSQL reads from text; it is written in one piece, since a batch is some hundred KiB.
type array []string

// Value implements driver.Valuer.
func (a array) Value() (driver.Value, error) {
	size := 2
	for _, s := range a {
		size += len(s) + 3 + strings.Count(s, `"`) + strings.Count(s, `\`)
	}
	var b strings.Builder
	b.Grow(size)
	b.WriteByte('{')
	for i, s := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for {
			n := strings.IndexAny(s, `"\`)
			if n < 0 {
				break
			}
			b.WriteString(s[:n])
			b.WriteByte('\\')
			b.WriteByte(s[n])
			s = s[n+1:]
		}
		b.WriteString(s)
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String(), nil
}

// texts makes a text[] of one field of every row.
func texts[Row any, S ~string](rows []Row, field func(*Row) S) array {
	a := make(array, len(rows))
	for i := range rows {
		a[i] = string(field(&rows[i]))
	}
	return a
}

// ints makes a bigint[] or an integer[].
func ints[Row any, N ~int | ~int64](rows []Row, field func(*Row) N) pq.Int64Array {
	a := make(pq.Int64Array, len(rows))
	for i := range rows {
		a[i] = int64(field(&rows[i]))
	}
	return a
}

// flags makes a boolean[].
func flags[Row any](rows []Row, field func(*Row) bool) pq.BoolArray {
	a := make(pq.BoolArray, len(rows))
	for i := range rows {
		a[i] = field(&rows[i])
	}
	return a
}

// stamps makes a timestamptz[].
func stamps[Row any](rows []Row, field func(*Row) time.Time) times {
	a := make(times, len(rows))
	for i := range rows {
		a[i] = field(&rows[i])
	}
	return a
}

// documents makes a json[]; what is not valid is NULL.
func documents[Row any](rows []Row, field func(*Row) sql.NullString) any {
	a := make([]sql.NullString, len(rows))
	for i := range rows {
		a[i] = field(&rows[i])
	}
	return pq.Array(a)
}
