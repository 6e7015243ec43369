package sms

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

const (
	// E.164 allows 15 digits with the country code; no country in use has
	// numbers of fewer than 8 that can be texted.
	minNumberDigits = 8
	maxNumberDigits = 15

	minShortCodeDigits = 3
	maxShortCodeDigits = 8

	// maxSenderChars is the longest alphanumeric sender (3GPP TS 23.040).
	maxSenderChars = 11

	exampleNumber    = "+14155550123"
	exampleShortCode = "72345"
)

// ErrNumber is wrapped by every error about a number. The errors never repeat
// the number, so that they can be logged.
var ErrNumber = errors.New("phone number")

// ParseNumber checks a number in strict E.164 form: "+", country code, number,
// 8 to 15 digits in all and nothing between them. The country code must exist
// and the length be possible in it; whether the number is in service nobody
// can tell from its digits. It returns the number unchanged.
func ParseNumber(s string) (string, error) {
	if s == "" {
		return "", badNumber("is missing")
	}
	digits, plus := strings.CutPrefix(s, "+")
	switch at := nonDigit(digits); {
	case !plus:
		return "", badNumber("does not begin with + and the country code")
	case at >= 0:
		return "", badNumber(fmt.Sprintf("has something other than a digit at position %d", at+2))
	case len(digits) < minNumberDigits, len(digits) > maxNumberDigits:
		return "", badNumber(fmt.Sprintf("has %d digits instead of %d to %d", len(digits), minNumberDigits, maxNumberDigits))
	case digits[0] == '0':
		return "", badNumber("has a country code that begins with 0")
	}
	country, national := splitCountry(digits)
	if country == 0 {
		return "", badNumber("has a country code that does not exist")
	}
	if national == "" || national[0] == '0' {
		return checkLeadingZero(s)
	}
	number, err := strconv.ParseUint(national, 10, 64)
	if err != nil { // cannot be: at most 14 digits
		return "", badNumber("has no number after its country code")
	}
	switch possible(country, number) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_LONG:
		if !isOldMexicanMobile(digits) {
			return "", badNumber("is too long for its country")
		}
	default:
		return "", badNumber("is too short for its country, or of a length that country does not use")
	}
	return s, nil
}

// maxCountryDigits bounds a country code. None begins with another one.
const maxCountryDigits = 3

func splitCountry(digits string) (country int, national string) {
	for i := range maxCountryDigits {
		country = country*10 + int(digits[i]-'0')
		if len(phonenumbers.GetRegionCodesForCountryCode(country)) > 0 {
			return country, digits[i+1:]
		}
	}
	return 0, ""
}

// possible looks at the length only, and is what the inbound path pays: a
// tenth of a full parse, which also understands how people write numbers.
func possible(country int, national uint64) phonenumbers.ValidationResult {
	code := int32(country)
	return phonenumbers.IsPossibleNumberWithReason(&phonenumbers.PhoneNumber{
		CountryCode:    &code,
		NationalNumber: &national,
	})
}

// checkLeadingZero takes the full parse to tell a 0 that is part of the
// number, as in Italy, from one that is only dialled inside the country, as
// in +44 (0)20: that would make one person two contacts.
func checkLeadingZero(s string) (string, error) {
	parsed, err := phonenumbers.Parse(s, "")
	switch {
	case err != nil, phonenumbers.IsPossibleNumberWithReason(parsed) != phonenumbers.IS_POSSIBLE:
		return "", badNumber("is of a length that its country does not use")
	case phonenumbers.Format(parsed, phonenumbers.E164) != s:
		return "", badNumber("has a 0 after its country code that is only dialled inside the country")
	}
	return s, nil
}

// ParseContact checks the number of a person who texts: E.164 only. A short
// code or an alphanumeric sender is a service's, and the latter cannot be
// answered at all.
func ParseContact(s string) (string, error) {
	switch {
	case IsShortCode(s):
		return "", badNumber("is a short code, which belongs to a service and not to a person")
	case IsAlphanumericSender(s):
		return "", badNumber("is an alphanumeric sender, which cannot be answered")
	}
	return ParseNumber(s)
}

// ParseOwnNumber checks a number that a tenant is texted at: E.164 or a short
// code of 3 to 8 digits.
func ParseOwnNumber(s string) (string, error) {
	switch {
	case IsShortCode(s):
		return s, nil
	case s != "" && nonDigit(s) < 0 && len(s) < minShortCodeDigits:
		return "", badNumber(fmt.Sprintf("is a short code of %d digits instead of %d to %d, for example %s",
			len(s), minShortCodeDigits, maxShortCodeDigits, exampleShortCode))
	case IsAlphanumericSender(s):
		return "", badNumber("is an alphanumeric sender, which cannot be answered")
	}
	return ParseNumber(s)
}

// IsShortCode reports a number of 3 to 8 digits without a plus.
func IsShortCode(s string) bool {
	return len(s) >= minShortCodeDigits && len(s) <= maxShortCodeDigits && nonDigit(s) < 0
}

// IsAlphanumericSender reports a sender name: up to 11 letters, digits, spaces
// and a few signs, with at least one letter. Nobody can reply to it.
func IsAlphanumericSender(s string) bool {
	if len(s) > maxSenderChars {
		return false
	}
	letter := false
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			letter = true
		case '0' <= c && c <= '9', strings.IndexByte(" -_&.+", c) >= 0 && i > 0:
		default:
			return false
		}
	}
	return letter
}

// Mask shortens a number for logs: +491701234589 becomes +49…89, a short code
// 72345 becomes …45, and what is neither becomes …
func Mask(number string) string {
	const hidden = "…"
	digits, plus := strings.CutPrefix(number, "+")
	switch n := len(digits); {
	case n > maxNumberDigits, nonDigit(digits) >= 0:
		return hidden
	case plus && n >= minNumberDigits:
		return "+" + digits[:2] + hidden + digits[n-2:]
	case n > minShortCodeDigits:
		return hidden + digits[n-2:]
	}
	return hidden
}

func badNumber(what string) error {
	return fmt.Errorf("%w: %s; write it as + and 8 to 15 digits, for example %s", ErrNumber, what, exampleNumber)
}

// nonDigit returns the index of the first byte that is no ASCII digit, or -1.
func nonDigit(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return -1
}

// isOldMexicanMobile reports +52 1 and ten digits, how mobiles were written
// until 2019. Gateways still deliver messages from numbers in this form, and
// refusing them would lose the messages.
func isOldMexicanMobile(digits string) bool {
	return strings.HasPrefix(digits, "521") && len(digits) == 13
}
