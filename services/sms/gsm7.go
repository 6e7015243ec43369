package sms

import "unicode/utf8"

// asciiSeptets holds, for each ASCII character, how many septets it costs in
// the GSM 7 bit default alphabet of 3GPP TS 23.038: 1 from the basic table,
// 2 from the extension table (an escape comes first), 0 when it has neither.
const asciiSeptets = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x01\x00\x00" + // \n 1, \f 2, \r 1
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01" + // space to /
	"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01" + // 0 to ?
	"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01" + // @ to O
	"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x02\x02\x02\x02\x01" + // [ \ ] ^ 2
	"\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01" + // ` 0
	"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x02\x02\x02\x02\x00" // { | } ~ 2

// septets returns what a character costs in GSM-7, 0 when it forces UCS-2.
// National shift tables are not used: few networks and no gateway of ours
// negotiates them.
func septets(r rune) int {
	if uint32(r) < utf8.RuneSelf {
		return int(asciiSeptets[r])
	}
	switch r {
	case '£', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', 'Ø', 'ø', 'Å', 'å',
		'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ',
		'Æ', 'æ', 'ß', 'É', '¤', '¡', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿',
		'ä', 'ö', 'ñ', 'ü', 'à':
		return 1
	case '€':
		return 2
	}
	return 0
}

// utf16Units returns what a character costs in UCS-2: 2 when it is a
// surrogate pair. A byte that is not UTF-8 counts as U+FFFD, which is 1.
func utf16Units(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
