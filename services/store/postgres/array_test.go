package postgres

import (
	"testing"

	"github.com/lib/pq"
)

func TestArray(t *testing.T) {
	t.Parallel()
	for _, a := range [][]string{
		nil, {""}, {"a"}, {"a", "", "b,c", "{x}"}, {`say "hi"`, `back\slash`, `\"`, `\\`, "null", "NULL", " ", "été\n"},
		{`{"steps":[{"id":"a\"b"}]}`},
	} {
		written, err := array(a).Value()
		if err != nil {
			t.Fatal(err)
		}
		var read pq.StringArray
		if err := read.Scan(written); err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		if len(read) != len(a) {
			t.Fatalf("%q: %d elements of %d", written, len(read), len(a))
		}
		for i := range a {
			if read[i] != a[i] {
				t.Errorf("%q: got %q, want %q", written, read[i], a[i])
			}
		}
	}
}
