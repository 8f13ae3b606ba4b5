package tts

import (
	"math"
	"time"
	"unicode"
)

// durationLimits are what a text's speech can plausibly last.
type durationLimits struct {
	least, most time.Duration
	// syllables is the upper estimate behind most, 0 for a text with nothing to say.
	syllables int
}

const (
	// Fast speech has about 10 syllables a second and slow speech 3, without its pauses.
	fastestSyllable = 60 * time.Millisecond
	slowestSyllable = 400 * time.Millisecond
	longestPauses   = 2500 * time.Millisecond
	// leastSyllables is from where on too short can be told: of a word or two the model
	// may well say only a breath.
	leastSyllables = 4
)

// durationLimitsOf bounds a text's duration by its script: loosely, since the limits
// are to tell a run-away model from a slow voice. The text is the spoken form, but
// digits and acronyms that were left in it are allowed for.
func durationLimitsOf(text string, speed float64) durationLimits {
	var few, many float64
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			few, many = few+1, many+1
		case unicode.Is(unicode.Han, r): // one in Chinese, about two in Japanese
			few, many = few+1, many+2.5
		case unicode.IsDigit(r): // a long number has a word for each digit and place
			few, many = few+0.5, many+3
		case unicode.IsUpper(r): // may be spelled out: W
			few, many = few+0.2, many+2
		case unicode.Is(unicode.Latin, r): // two or three letters a syllable
			few, many = few+0.2, many+0.6
		case unicode.IsLetter(r):
			few, many = few+0.2, many+1
		}
	}
	if many = math.Ceil(many); many == 0 {
		return durationLimits{}
	}
	limits := durationLimits{
		most:      longestPauses + time.Duration(many*float64(slowestSyllable)/speed),
		syllables: int(many),
	}
	if few >= leastSyllables {
		limits.least = time.Duration(few * float64(fastestSyllable) / speed)
	}
	return limits
}

// samplesIn is how many samples last d.
func samplesIn(d time.Duration, rate int) int {
	return int(d.Seconds() * float64(rate))
}
