package sentence

import "unicode/utf8"

// feed judges what a token's end says.
//
// A language model's tokeniser never splits a run that it could write whole, and
// never joins a word with what follows it: "..." and "?!" are tokens of their own,
// so a token that ends in a lone "." says that the model chose "." over "...". Other
// feeds, rune by rune or in blocks of some size, break anywhere, and an end that
// falls behind a "." says nothing. Which it is shows in the tokens themselves.
type feed struct {
	// whole: a token held a word, or a space and the start of one.
	whole bool
	// torn: a token held a word and something behind it, or two tokens in a row
	// were parts of one run. It stays so until the text ends.
	torn bool
	// terminator: the last token was nothing but one terminator.
	terminator bool
}

// trusted tells that a token's end is where the model put it.
func (f *feed) trusted() bool { return f.whole && !f.torn }

// observe takes notice of a token.
func (f *feed) observe(token string) {
	if f.torn {
		return
	}
	runes, letters := 0, 0
	var last class
	for _, r := range token {
		c := classOf(r)
		runes++
		switch {
		case c.isLetter():
			letters++
		case letters > 0 && (c.isTerminator() || c == space || c == newline || c == comma):
			f.torn = true
			return
		}
		last = c
	}
	lone := runes == 1 && last.isTerminator()
	if lone && f.terminator || !utf8.ValidString(token) {
		f.torn = true
		return
	}
	f.terminator = lone
	f.whole = f.whole || letters > 0 && runes > 1
}
