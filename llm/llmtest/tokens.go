package llmtest

import (
	"unicode"
	"unicode/utf8"
)

// SplitTokens cuts text the way a model's vocabulary does: between code points
// only, but anywhere inside words. Hangul and other wide letters come one or two at
// a time, Latin letters up to four, digits up to three; a space goes with what
// follows it; a mark stands alone. The pieces joined are the text.
func SplitTokens(text string) []string {
	var tokens []string
	for len(text) > 0 {
		n := tokenLen(text, len(tokens))
		tokens = append(tokens, text[:n])
		text = text[n:]
	}
	return tokens
}

// countTokens is len(SplitTokens(text)) without the slice.
func countTokens(text string) int {
	n := 0
	for len(text) > 0 {
		text = text[tokenLen(text, n):]
		n++
	}
	return n
}

// class groups the runes that can share a token.
type class int

const (
	classMark class = iota
	classLatin
	classWide
	classDigit
	classSpace
)

func classOf(r rune) class {
	switch {
	case r == ' ':
		return classSpace
	case unicode.IsDigit(r):
		return classDigit
	case r < 0x250 && unicode.IsLetter(r):
		return classLatin
	case unicode.IsLetter(r):
		return classWide
	default:
		return classMark
	}
}

// tokenLen is the length in bytes of the token that text begins with. The number
// of the token decides whether wide letters come alone or in pairs.
func tokenLen(text string, number int) int {
	r, n := utf8.DecodeRuneInString(text)
	c := classOf(r)
	if c == classSpace {
		if n == len(text) {
			return n
		}
		next, size := utf8.DecodeRuneInString(text[n:])
		c = classOf(next)
		if c == classSpace {
			return n
		}
		n += size
	}
	most := 1
	switch c {
	case classLatin:
		most = 4
	case classDigit:
		most = 3
	case classWide:
		most = 1 + number%2
	case classMark, classSpace:
	}
	for count := 1; count < most && n < len(text); count++ {
		next, size := utf8.DecodeRuneInString(text[n:])
		if classOf(next) != c {
			break
		}
		n += size
	}
	return n
}
