package session

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// spokenText is a stretch of an item's text and when its speech sounds.
type spokenText struct {
	text string // as displayed
	// start and duration are within the item's audio. For a segment that was broken
	// off, duration is how long it would have been, so that the words that were heard
	// can be told from those that were not.
	start, duration time.Duration
}

// heardText is the part of full that a listener has heard by the time d of the speech,
// to the word: a word counts once it has been spoken to its end. Where speech covers
// only the front of full, the rest counts as unheard.
func heardText(full string, speech []spokenText, d time.Duration) string {
	end := 0
	for _, seg := range speech {
		if d < seg.start || (d == seg.start && seg.duration > 0) {
			break
		}
		if d >= seg.start+seg.duration {
			end += len(seg.text)
			continue
		}
		end += wordsBy(seg.text, float64(d-seg.start)/float64(seg.duration))
		break
	}
	if end >= len(full) {
		return full
	}
	return strings.TrimRightFunc(full[:end], unicode.IsSpace)
}

// wordsBy is the length in bytes of the words of text that have been spoken by the given
// part, 0 to 1, of its speech. Within a sentence speech is taken to go at an even pace,
// syllable by syllable.
func wordsBy(text string, part float64) int {
	total := weight(text)
	if total == 0 {
		return 0
	}
	spoken, end := 0.0, 0
	for start := 0; start < len(text); {
		next := nextWord(text, start)
		spoken += weight(text[start:next])
		// A hair of tolerance: an end in milliseconds is rounded.
		if spoken > part*total+1e-6 {
			break
		}
		end, start = next, next
	}
	return end
}

// nextWord is where the word that begins at start, with the space before it, ends. Han
// and kana are written without spaces: each character is a word there.
func nextWord(text string, start int) int {
	i := start
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsSpace(r) {
			break
		}
		i += size
	}
	first := true
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) || (!first && unspaced(r)) {
			break
		}
		i += size
		if unspaced(r) {
			// Marks behind it are the character's.
			for i < len(text) {
				r, size := utf8.DecodeRuneInString(text[i:])
				if !unicode.IsPunct(r) && !unicode.Is(unicode.M, r) && r != 'ー' {
					break
				}
				i += size
			}
			break
		}
		first = false
	}
	return i
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// weight is how long a text takes to say, in syllables or nearly so.
func weight(text string) float64 {
	w := 0.0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Hangul, r), unspaced(r):
			w++
		case unicode.IsLetter(r):
			w += 0.4 // of a Latin syllable's two or three letters
		case unicode.IsDigit(r):
			w += 1.5
		}
	}
	return w
}
