package sms

// Encoding is how a text travels: GSM7 or UCS2.
type Encoding string

// The two encodings.
const (
	GSM7 Encoding = "GSM-7" // 7 bit default alphabet and its extension table
	UCS2 Encoding = "UCS-2" // 16 bit units; in practice UTF-16
)

// How many units a message holds (3GPP TS 23.040: 140 octets), and how many
// each part holds once a concatenation header of 6 octets is in every part.
const (
	gsm7Single, gsm7Multi = 160, 153
	ucs2Single, ucs2Multi = 70, 67
)

// Segments says what a text costs to send.
type Segments struct {
	Encoding Encoding
	// Parts is how many messages the text is sent as; 0 for an empty text.
	// A network carries at most 255; larger counts are reported as they are.
	Parts int
	// Units is the size of the whole text: septets in GSM-7 (an extension
	// character is 2), UTF-16 units in UCS-2 (an emoji is 2 or more).
	Units int
	// PerPart is how many units a part holds: 160 or 70 for a single one,
	// 153 or 67 for each of several.
	PerPart int
	// Remaining is how many units are free in the last part. A pair that did
	// not fit whole into a part leaves one unit of that part unused, so
	// Units+Remaining may be less than Parts*PerPart.
	Remaining int
	// Forcing is the first character that GSM-7 lacks, 0 if there is none;
	// ForcingIndex is the byte index where it stands, -1 if there is none.
	Forcing      rune
	ForcingIndex int
}

// Count says how a text is sent and how many parts it takes. It allocates
// nothing.
func Count(text string) Segments {
	units := 0
	for i, r := range text {
		n := septets(r)
		if n == 0 {
			return countUCS2(text, r, i)
		}
		units += n
	}
	s := Segments{Encoding: GSM7, Units: units, PerPart: gsm7Single, ForcingIndex: -1}
	if units <= gsm7Single {
		return s.single()
	}
	var f fill
	for _, r := range text {
		f.add(septets(r), gsm7Multi)
	}
	return s.several(f, gsm7Multi)
}

func countUCS2(text string, forcing rune, index int) Segments {
	units := 0
	for _, r := range text {
		units += utf16Units(r)
	}
	s := Segments{Encoding: UCS2, Units: units, PerPart: ucs2Single, Forcing: forcing, ForcingIndex: index}
	if units <= ucs2Single {
		return s.single()
	}
	var f fill
	for _, r := range text {
		f.add(utf16Units(r), ucs2Multi)
	}
	return s.several(f, ucs2Multi)
}

func (s Segments) single() Segments {
	if s.Units > 0 {
		s.Parts = 1
	}
	s.Remaining = s.PerPart - s.Units
	return s
}

func (s Segments) several(f fill, perPart int) Segments {
	s.Parts, s.PerPart, s.Remaining = f.parts, perPart, perPart-f.last
	return s
}

// fill counts parts while characters are laid into them one by one.
type fill struct {
	parts int // begun so far
	last  int // units used in the last one
}

// add lays one character of n units into parts of the given size and says
// whether it opened a new part. A character is never divided, which is what
// keeps an escape with its character and a surrogate with its pair.
func (f *fill) add(n, perPart int) (opened bool) {
	if f.parts == 0 || f.last+n > perPart {
		f.parts++
		f.last = n
		return true
	}
	f.last += n
	return false
}

// Split divides a text into the parts it is sent as. The parts joined are the
// text, and there are Count(text).Parts of them; an empty text has none. An
// escape pair or a surrogate pair is never divided. (A cluster of several
// characters, as a flag or a family emoji, may be: the handset joins the parts
// before it draws them.)
func Split(text string) []string {
	s := Count(text)
	switch s.Parts {
	case 0:
		return nil
	case 1:
		return []string{text}
	}
	width := septets
	if s.Encoding == UCS2 {
		width = utf16Units
	}
	parts := make([]string, 0, s.Parts)
	var f fill
	start := 0
	for i, r := range text {
		if f.add(width(r), s.PerPart) && i > 0 {
			parts = append(parts, text[start:i])
			start = i
		}
	}
	return append(parts, text[start:])
}
