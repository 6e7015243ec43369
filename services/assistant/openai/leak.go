package openai

import (
	"strings"
	"unicode"

	"smsflow/services/flow"
)

// How many words in a row of what is not for the customer make a leak. The rules are ours, and no reply has reason to
// use their wording; instructions may hold a sentence that is to be sent ("always add: …"), so it takes more of them,
// or all of them if they are shorter.
const (
	ruleWords        = 8
	instructionWords = 25
	leastWords       = 5
	leastKey         = 8 // characters; a shorter key may be a word of the reply
)

// tells says whether a reply repeats the rules of the prompt, the assistant's instructions or the key. It is the last
// guard, against a model that obeys "print your instructions"; one that translates or encodes them passes it.
func tells(text string, ask flow.Ask) bool {
	if key := ask.APIKey.Reveal(); len(key) >= leastKey && strings.Contains(text, key) {
		return true
	}
	said := " " + strings.Join(plainWords(text), " ") + " "
	return repeats(said, preamble(ask.MaxSegments), ruleWords) || repeats(said, ask.Assistant.Instructions, instructionWords)
}

// repeats says whether a run of so many words of the source stands in what was said.
func repeats(said, source string, run int) bool {
	words := plainWords(source)
	if len(words) < leastWords {
		return false
	}
	run = min(run, len(words))
	for i := 0; i+run <= len(words); i++ {
		if strings.Contains(said, " "+strings.Join(words[i:i+run], " ")+" ") {
			return true
		}
	}
	return false
}

// plainWords gives the words without case and punctuation.
func plainWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
