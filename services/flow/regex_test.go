package flow_test

import (
	"regexp/syntax"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"smsflow/services/flow"
)

// The position is what an author needs: the parser itself names the fragment only, which may occur twice.
func TestRegexErrorsNameThePosition(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`*a`:              `missing argument to repetition operator "*" at character 1`,
		`\***`:            `invalid nested repetition operator "**" at character 3`,
		`ab)`:             `unexpected ) ")" at character 3`,
		`\(a(b\)[)](c)`:   `missing closing ) "(" at character 4`,
		`\Q(\E(a`:         `missing closing ) "(" at character 6`,
		`[]()[^](](a`:     `missing closing ) "(" at character 10`,
		`[[:alpha:](](a`:  `missing closing ) "(" at character 13`,
		`é[b-a]`:          `invalid character class range "b-a" at character 3`,
		`x[abc`:           `missing closing ] "[abc" at character 2`,
		`(?=a)`:           `invalid or unsupported Perl syntax "(?=" at character 1`,
		`a\`:              `trailing backslash at end of expression "\" at character 2`,
		`\pX`:             `invalid character class range "\pX" at character 1`,
		`(?i`:             `missing argument`,
		`((a{100}){100})`: `at character`,
	} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			w := valid()
			words(flow.MatchRegex, pattern)(&w)
			bad := w.Validate()
			if len(bad) != 1 || bad[0].Reason != flow.ViolationBadRegex {
				t.Fatalf("got %+v", bad)
			}
			if pattern == `(?i` {
				return // any text will do; it must not panic
			}
			if !strings.Contains(bad[0].Text, want) {
				t.Errorf("got  %s\nwant %s", bad[0].Text, want)
			}
		})
	}
}

// Whatever the pattern: a violation if and only if it does not compile, and never a panic.
func TestRegexErrorsNeverPanic(t *testing.T) {
	t.Parallel()
	piece := rapid.OneOf(rapid.SampledFrom([]string{
		`(`, `)`, `[`, `]`, `^`, `\`, `\Q`, `\E`, `*`, `{2}`, `{9,1}`, `[:alpha:]`, `(?i)`, `(?`, `é`, `-`, `|`,
	}), rapid.StringMatching(`[a-z]`))
	rapid.Check(t, func(t *rapid.T) {
		pattern := strings.Join(rapid.SliceOfN(piece, 1, 12).Draw(t, "pattern"), "")
		_, err := syntax.Parse(pattern, syntax.Perl)
		w := valid()
		words(flow.MatchRegex, pattern)(&w)
		if bad := w.Validate(); (err != nil) != (len(bad) > 0) {
			t.Fatalf("compiles: %v; violations: %+v", err, bad)
		}
	})
}
