package sms_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"smsflow/services/sms"
)

func TestCleanBody(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"Hello":                               "Hello",
		" ":                                   " ",
		"  two  spaces  ":                     "  two  spaces  ",
		"one\r\ntwo\rthree\nfour":             "one\ntwo\nthree\nfour",
		"\r\r\n":                              "\n\n",
		"\uFEFFhi\uFEFF":                      "hi\uFEFF",
		"tab\tff\f":                           "tab\tff\f",
		"esc\x1b[31m":                         "esc[31m",
		"bell\adel\x7fc1\u0085":               "belldelc1",
		"👨‍👩‍👧 \u200B\u202E":                  "👨‍👩‍👧 \u200B\u202E",
		"\uFFFD":                              "\uFFFD", // a replacement character that was sent as one
		"\x01\uFEFFhi":                        "hi",
		"\r\x01\n":                            "\n\n",
		strings.Repeat("😀", sms.MaxBodyChars): strings.Repeat("😀", sms.MaxBodyChars),
	} {
		got, err := sms.CleanBody(body)
		if err != nil || got != want {
			t.Errorf("%.40q: %.40q, %v, want %.40q", body, got, err, want)
		}
	}
	for body, want := range map[string]string{
		"":                                      "is empty",
		"abc\x00def":                            "byte 3 is NUL",
		"\x00":                                  "byte 0 is NUL",
		"ab\xffcd":                              "byte 2 is not UTF-8",
		"é\xc3":                                 "byte 2 is not UTF-8",
		"\xed\xa0\x80":                          "byte 0 is not UTF-8", // a lone surrogate
		"\x01\x02":                              "nothing but control characters",
		"\uFEFF":                                "nothing but control characters",
		strings.Repeat("a", sms.MaxBodyChars+1): "has 4001 characters; at most 4000",
		strings.Repeat("a", 10_000):             "has 10000 characters; at most 4000",
		strings.Repeat("😀", 10_000):             "has 40000 bytes; at most 4000 characters",
		strings.Repeat("a", sms.MaxBodyChars*4+1): "has 16001 bytes",
	} {
		got, err := sms.CleanBody(body)
		if !errors.Is(err, sms.ErrBody) || !strings.Contains(err.Error(), want) || got != "" {
			t.Errorf("%.40q: %.40q, %v, want %q", body, got, err, want)
		}
	}
}

func FuzzCleanBody(f *testing.F) {
	for _, seed := range []string{"", "a", "a\r\nb", "\x00", "\xff", "\x1b[0m", "\uFEFF", "\x01\uFEFFx", "\r\x01\n", "\uFFFD"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, err := sms.CleanBody(body)
		if err != nil {
			if !errors.Is(err, sms.ErrBody) || got != "" {
				t.Fatalf("%q: %q, %v", body, got, err)
			}
			return
		}
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r\x1b\x7f") || got == "" || utf8.RuneCountInString(got) > sms.MaxBodyChars {
			t.Fatalf("%q: cleaned to %q", body, got)
		}
		if again, err := sms.CleanBody(got); err != nil || again != got {
			t.Fatalf("%q: %q cleaned again is %q, %v", body, got, again, err)
		}
	})
}
