package tts

import "unicode"

// tidy appends the words of src with the punctuation that is fit for a synthesiser:
// one mark where several stand together (?!?! is ?), none before the first word, one
// behind the last. Anything that is neither a word of the language nor a pause is
// dropped, so the result is safe whatever came before. It appends nothing if there is
// no word.
func tidy(dst, src []rune, lang Lang) []rune {
	t := tidier{dst: dst, src: src, lang: lang, start: len(dst)}
	for i, r := range src {
		t.step(i, r)
	}
	if len(t.dst) == t.start {
		return t.dst
	}
	if t.mark <= pauseComma {
		t.mark = pauseStop
	}
	t.flushMark()
	return t.dst
}

// A pause is a punctuation mark, the weightier one the higher.
type pause uint8

const (
	pauseNone pause = iota
	pauseComma
	pauseStop
	pauseEllipsis
	pauseExclamation
	pauseQuestion
)

type tidier struct {
	dst, src []rune
	start    int
	lang     Lang

	space bool  // white space since the last word
	mark  pause // the weightiest mark since the last word
}

func (t *tidier) step(i int, r rune) {
	next := rune(0)
	if i+1 < len(t.src) {
		next = t.src[i+1]
	}
	prev := rune(0)
	if i > 0 {
		prev = t.src[i-1]
	}
	switch {
	case t.speakable(r), t.lang == Chinese && numeric(prev, r, next):
		t.word(r)
	case r == ' ' || r == '\n':
		t.space = true
	case r == '.' || r == '。':
		if prev == r || next == r {
			t.pause(pauseEllipsis)
		} else {
			t.pause(pauseStop)
		}
	case r == '…':
		t.pause(pauseEllipsis)
	case r == '!':
		t.pause(pauseExclamation)
	case r == '?':
		t.pause(pauseQuestion)
	case r == ',' || r == '、' || r == ':' || r == ';' || r == '|' || r == '–':
		t.pause(pauseComma)
	case r == '·' || r == 'ㆍ' || r == '•' || r == '・':
		if prev == r || next == r {
			t.pause(pauseEllipsis) // そう・・・
			return
		}
		// The dot in a foreign name is no pause: ジョン・スミス, 列夫·托尔斯泰.
		if t.lang != Chinese && (!katakana(prev) || !katakana(next)) {
			t.pause(pauseComma)
		}
	case r == '\'':
		// Within a word only: don't.
		if isLatin(prev) && isLatin(next) {
			t.word(r)
		}
	case r == '-':
		switch {
		case isLatin(prev) && isLatin(next) && t.lang == English:
			t.word(r)
		case prev == ' ' && next == ' ' || prev == '-' || next == '-':
			t.pause(pauseComma)
		default:
			t.space = true
		}
	case r == '~':
		// A drawn-out syllable; the voice does that by itself.
	default:
		t.space = true
	}
}

func katakana(r rune) bool { return 'ァ' <= r && r <= 'ヺ' || r == 'ー' }

func (t *tidier) pause(p pause) {
	if len(t.dst) > t.start && p > t.mark {
		t.mark = p
	}
}

// speakable reports whether r is a letter that the language's front end reads.
func (t *tidier) speakable(r rune) bool {
	switch {
	case isLatin(r):
		return true
	case isDigit(r):
		return t.lang == Chinese
	case isHangul(r):
		return t.lang == Korean
	case isKana(r), r == '々':
		return t.lang == Japanese
	case r < 0x2E80:
		return false
	case unicode.Is(unicode.Han, r):
		return t.lang == Japanese || t.lang == Chinese
	}
	return false
}

// numeric reports whether r is part of a number, which GPT-SoVITS reads in Chinese.
func numeric(prev, r, next rune) bool {
	switch r {
	case '.', ',', ':', '/', '~', '–':
		return isDigit(prev) && isDigit(next)
	case '$', '¥', '+', '-', '−':
		return isDigit(next)
	case '%', '°':
		return isDigit(prev)
	}
	return false
}

// word appends r behind the mark or space that it is separated by.
func (t *tidier) word(r rune) {
	if n := len(t.dst); n > t.start {
		spaced := t.space || t.mark > pauseNone
		if t.lang == Japanese || t.lang == Chinese {
			// These have no spaces; one between Latin words stays.
			spaced = t.space && t.mark == pauseNone && isLatin(t.dst[n-1]) && isLatin(r)
		}
		t.flushMark()
		if spaced {
			t.dst = append(t.dst, ' ')
		}
	}
	t.space = false
	t.dst = append(t.dst, r)
}

func (t *tidier) flushMark() {
	cjk := t.lang == Japanese || t.lang == Chinese
	switch t.mark {
	case pauseNone:
	case pauseComma:
		if t.lang == Japanese {
			t.dst = append(t.dst, '、')
		} else {
			t.dst = append(t.dst, ',')
		}
	case pauseStop:
		if cjk {
			t.dst = append(t.dst, '。')
		} else {
			t.dst = append(t.dst, '.')
		}
	case pauseEllipsis:
		t.dst = append(t.dst, '…')
	case pauseExclamation:
		t.dst = append(t.dst, '!')
	case pauseQuestion:
		t.dst = append(t.dst, '?')
	}
	t.mark = pauseNone
}
