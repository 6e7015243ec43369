package faq

// leastTypo is the length, in bytes, from which on a word may have a typing error: most shorter words are one error
// away from another word.
const leastTypo = 5

// misspelt gives the term of the first word of the context, else of a word that is often asked for, that the given one
// may be a misspelling of: the same first letter and one letter wrong, missing, too many or swapped with its neighbour.
// Empty: none.
func (ix *index) misspelt(w string) string {
	if len(w) < leastTypo {
		return ""
	}
	for _, known := range ix.byLetter[w[0]] {
		if len(known) >= leastTypo && oneEdit(w, known) {
			return ix.words[known]
		}
	}
	for _, known := range names() {
		if known[0] == w[0] && oneEdit(w, known) {
			name, _ := meaning(known)
			return name
		}
	}
	return ""
}

// oneEdit says whether two different words are one typing error apart, by bytes.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) {
		return false
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
