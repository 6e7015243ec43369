package flow

import (
	"errors"
	"regexp/syntax"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of regular expressions. RE2 needs time in proportion to instructions × characters, so these bound what one
// message can cost, whatever it says.
const (
	// MaxRegexSize is the instructions of one compiled expression.
	MaxRegexSize = 1_000
	// MaxRegexTotal is the instructions of all expressions of a workflow.
	MaxRegexTotal = 5_000
)

// regex checks that an expression compiles and is not too large.
func (v *violations) regex(field, pattern string) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		v.add(field, ViolationBadRegex, regexError(pattern, err))
		return
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		v.add(field, ViolationBadRegex, regexError(pattern, err))
		return
	}
	size := len(program.Inst)
	before := v.regexSize
	v.regexSize += size
	switch {
	case size > MaxRegexSize:
		v.add(field, ViolationRegexTooLarge, "becomes "+strconv.Itoa(size)+" instructions: repeat less, "+strconv.Itoa(MaxRegexSize)+" are allowed")
	case before <= MaxRegexTotal && v.regexSize > MaxRegexTotal:
		v.add(field, ViolationRegexTooLarge, "takes the workflow's expressions beyond "+strconv.Itoa(MaxRegexTotal)+" instructions: repeat less, or use fewer expressions")
	}
}

// regexError says what is wrong with an expression, and where.
func regexError(pattern string, err error) string {
	const does = "is not a regular expression (RE2 syntax): "
	var bad *syntax.Error
	if !errors.As(err, &bad) {
		return does + err.Error()
	}
	at, fragment := regexPosition(pattern, bad)
	return does + bad.Code.String() + ` "` + Cut(fragment, maxQuoted) + `" at character ` + strconv.Itoa(utf8.RuneCountInString(pattern[:at])+1)
}

// regexPosition finds where the error stands: its byte and the text there. The parser tells the fragment only, which
// may occur twice; the shortest beginning of the pattern with the same error ends with the one that is meant.
func regexPosition(pattern string, bad *syntax.Error) (int, string) {
	if bad.Code == syntax.ErrMissingParen {
		return openParen(pattern), "("
	}
	if bad.Code == syntax.ErrTrailingBackslash {
		return len(pattern) - 1, `\`
	}
	for end := range len(pattern) + 1 {
		_, err := syntax.Parse(pattern[:end], syntax.Perl)
		var same *syntax.Error
		if !errors.As(err, &same) || same.Code != bad.Code {
			continue
		}
		if bad.Code == syntax.ErrUnexpectedParen {
			return end - 1, ")"
		}
		if same.Expr == bad.Expr && strings.HasSuffix(pattern[:end], bad.Expr) {
			return end - len(bad.Expr), bad.Expr
		}
	}
	return max(0, strings.Index(pattern, bad.Expr)), bad.Expr
}

// openParen finds the innermost "(" that is not closed: escapes, \Q…\E and character classes do not count.
func openParen(pattern string) int {
	var open []int
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			if strings.HasPrefix(pattern[i:], `\Q`) {
				end := strings.Index(pattern[i:], `\E`)
				if end < 0 {
					i = len(pattern)
					break
				}
				i += end
			}
			i++
		case '[':
			i = classEnd(pattern, i)
		case '(':
			open = append(open, i)
		case ')':
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) == 0 {
		return 0
	}
	return open[len(open)-1]
}

// classEnd gives the place of the "]" that ends the character class which begins at i.
func classEnd(pattern string, i int) int {
	i++
	if i < len(pattern) && pattern[i] == '^' {
		i++
	}
	for first := true; i < len(pattern); first = false {
		switch {
		case pattern[i] == ']' && !first:
			return i
		case pattern[i] == '\\':
			i++
		case strings.HasPrefix(pattern[i:], "[:"):
			if end := strings.Index(pattern[i:], ":]"); end > 0 {
				i += end + 1
			}
		}
		i++
	}
	return i
}
