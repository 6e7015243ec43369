package sms_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"

	"smsflow/services/sms"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"+14155550123", "+18005551212", "+12349013030", "+15005550006", "+447700900123", "+442071838750",
		"+491701234589", "+4930123456", "+33612345678", "+34612345678", "+390612345678", "+393123456789",
		"+5215512345678", "+525512345678", "+5491123456789", "+5511987654321", "+919876543210", "+8613812345678",
		"+819012345678", "+61412345678", "+6421123456", "+27821234567", "+2348012345678", "+971501234567",
		"+4712345678", "+37061234567", "+35312345678", "+85261234567", "+6591234567", "+29051234", "+8835100012345",
	} {
		for _, parse := range []func(string) (string, error){sms.ParseNumber, sms.ParseContact, sms.ParseOwnNumber} {
			if got, err := parse(good); err != nil || got != good {
				t.Errorf("%s: %q, %v", good, got, err)
			}
		}
	}
	for bad, want := range map[string]string{
		"":                    "is missing",
		"14155550123":         "does not begin with +",
		"004915112345678":     "does not begin with +",
		"(415) 555-0123":      "does not begin with +",
		" +14155550123":       "does not begin with +",
		"+":                   "has 0 digits",
		"+1":                  "has 1 digits",
		"+1415555":            "has 7 digits",
		"+1234567890123456":   "has 16 digits",
		"+0123456789":         "country code that begins with 0",
		"+1 415 555 0123":     "other than a digit at position 3",
		"+1-415-555-0123":     "other than a digit at position 3",
		"+1415555O123":        "other than a digit at position 9",
		"+14155550123 ":       "other than a digit at position 13",
		"+14155550123\n":      "other than a digit at position 13",
		"+١٤١٥٥٥٥٠١٢٣":        "other than a digit at position 2",
		"++14155550123":       "other than a digit at position 2",
		"+99912345678":        "country code that does not exist",
		"+2101234567":         "country code that does not exist",
		"+1415555012":         "too short for its country",
		"+15550123":           "too short for its country",
		"+141555501234":       "too long for its country",
		"+4402071838750":      "a 0 after its country code",
		"+4907012345678":      "a 0 after its country code",
		"tel:+14155550123":    "does not begin with +",
		"+14155550123;ext=12": "other than a digit at position 13",
	} {
		_, err := sms.ParseNumber(bad)
		if !errors.Is(err, sms.ErrNumber) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "for example +14155550123") {
			t.Errorf("%q: %v, want %q and an example", bad, err, want)
		}
	}
}

func TestParseContactAndOwnNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ number, contact, own string }{
		{"72345", "is a short code", ""},
		{"123", "is a short code", ""},
		{"12345678", "is a short code", ""},
		{"12", "does not begin with +", "is a short code of 2 digits"},
		{"123456789", "does not begin with +", "does not begin with +"},
		{"ACME", "is an alphanumeric sender", "is an alphanumeric sender"},
		{"Acme Bank", "is an alphanumeric sender", "is an alphanumeric sender"},
		{"ACME-24_x&.+", "does not begin with +", "does not begin with +"}, // 12 characters
		{"٧٢٣٤٥", "does not begin with +", "does not begin with +"},
		{"", "is missing", "is missing"},
	} {
		for what, try := range map[string]struct {
			parse func(string) (string, error)
			want  string
		}{"contact": {sms.ParseContact, c.contact}, "own number": {sms.ParseOwnNumber, c.own}} {
			got, err := try.parse(c.number)
			switch {
			case try.want == "" && (err != nil || got != c.number):
				t.Errorf("%q as %s: %q, %v", c.number, what, got, err)
			case try.want != "" && (!errors.Is(err, sms.ErrNumber) || !strings.Contains(err.Error(), try.want)):
				t.Errorf("%q as %s: %v, want %q", c.number, what, err, try.want)
			}
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"+491701234589":        "+49…89",
		"+14155550123":         "+14…23",
		"72345":                "…45",
		"+12":                  "…",
		"123":                  "…",
		"":                     "…",
		"+":                    "…",
		"ACME":                 "…",
		"+1415555O123":         "…",
		"+12345678901234567":   "…",
		"stop texting me":      "…",
		"\xff\xfe12345":        "…",
		"14155550123":          "…23",
		"+49 170 123 45 89":    "…",
		"+1415555012345678901": "…",
	} {
		if got := sms.Mask(number); got != want {
			t.Errorf("%q: %q, want %q", number, got, want)
		}
	}
}

func TestNumberErrorsNeverRepeatTheNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(
			rapid.StringMatching(`\+?[0-9]{7,18}`),
			rapid.StringMatching(`\+[0-9]{5,9}[ -x][0-9]{5}`),
		).Draw(t, "number")
		digits := strings.TrimPrefix(number, "+")
		const example = "+14155550123"
		for _, parse := range []func(string) (string, error){sms.ParseNumber, sms.ParseContact, sms.ParseOwnNumber} {
			got, err := parse(number)
			if err == nil && got != number {
				t.Fatalf("%q became %q", number, got)
			}
			if err != nil && strings.Contains(strings.ReplaceAll(err.Error(), example, ""), digits[:6]) {
				t.Fatalf("%q is in the error: %v", number, err)
			}
		}
		if masked := sms.Mask(number); strings.Contains(masked, digits[2:6]) {
			t.Fatalf("%q masked as %q", number, masked)
		}
	})
}

// The full parse of the library also understands numbers as people write them,
// so it agrees where it gives back what it was given.
func TestParseNumberAgreesWithTheFullParse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`\+[1-9][0-9]{7,14}`).Draw(t, "number")
		if strings.HasPrefix(number, "+521") {
			return // old mobiles, which the library has forgotten
		}
		parsed, err := phonenumbers.Parse(number, "")
		if err == nil && phonenumbers.Format(parsed, phonenumbers.E164) != number {
			return // it took a national prefix off
		}
		want := err == nil && phonenumbers.IsPossibleNumberWithReason(parsed) == phonenumbers.IS_POSSIBLE
		if _, err := sms.ParseNumber(number); (err == nil) != want {
			t.Fatalf("%s: %v, the library says %v", number, err, want)
		}
	})
}

func BenchmarkParseNumber(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sms.ParseNumber("+14155550123"); err != nil {
			b.Fatal(err)
		}
	}
}
