package sqlstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Stamp is a time in a column: timestamptz in PostgreSQL, microseconds since 1970 in SQLite. NULL is the zero time.
type Stamp struct{ time.Time }

// Scan implements sql.Scanner.
func (s *Stamp) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		s.Time = time.Time{}
	case time.Time:
		s.Time = v.UTC()
	case int64:
		s.Time = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("a time is stored as %T", src)
	}
	return nil
}

// Micros is a time as both databases keep it: UTC, whole microseconds.
func Micros(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// Fold is a text without regard to case, and to how its characters are composed: two names that people read as one
// have one key, in either database.
func Fold(s string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(s))) }

// Encode is JSON as it is stored: without the escapes for HTML, which the reader of a table does not want.
func Encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// Decode reads what Encode wrote. Unknown fields are left out: a newer replica may have written them.
func Decode(s string, into any) error {
	if err := json.Unmarshal([]byte(s), into); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	return nil
}
