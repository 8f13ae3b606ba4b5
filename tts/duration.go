package tts

import (
	"time"
	"unicode"
)

// Rates of a lively synthetic voice at speed 1, without its pauses. Conversation runs
// at about 6 syllables a second in Korean, 7.5 morae in Japanese, 5 syllables in
// Mandarin and 15 letters in English.
const (
	perHangul   = time.Second / 6
	perKana     = time.Second * 2 / 15
	perHan      = time.Second / 5 // a Mandarin syllable
	perKanji    = time.Second / 4 // just under two morae
	perLetter   = time.Second / 15
	perInitial  = time.Second / 4 // a letter said by its name, as in "A I"
	perDigit    = time.Second / 5
	perComma    = 250 * time.Millisecond
	perStop     = 450 * time.Millisecond
	perEllipsis = 600 * time.Millisecond
	// atEnds is the silence that a synthesis has around its words.
	atEnds = 200 * time.Millisecond
)

// EstimateDuration guesses how long spoken takes to say at normal pace. It is for
// deadlines, and for telling speech from a synthesis that lost words or ran away; a
// voice can well be a third slower or faster. Text added to a text never makes it
// shorter. An empty text takes no time.
func EstimateDuration(spoken string) time.Duration {
	if spoken == "" {
		return 0
	}
	han := perHan
	for _, r := range spoken {
		if isKana(r) {
			han = perKanji
			break
		}
	}
	d := atEnds
	var before, last rune
	for _, r := range spoken {
		switch {
		case isHangul(r):
			d += perHangul
		case isLatin(r):
			d += perLetter
		case r == ' ' || r == '\'' || r == '-':
		case r == ',' || r == '、':
			d += perComma
		case r == '.' || r == '!' || r == '?' || r == '。':
			d += perStop
		case r == '…':
			d += perEllipsis
		case isKana(r):
			d += perKana
		case isDigit(r):
			d += perDigit
		case unicode.Is(unicode.Han, r):
			d += han
		}
		if !isLatin(r) && isLatin(last) && !isLatin(before) {
			d += perInitial - perLetter
		}
		before, last = last, r
	}
	return d
}
