package sentence

import (
	"bytes"
	"unicode/utf8"
)

// edge says what the end of the text so far means.
type edge uint8

const (
	more   edge = iota // only a token's end: the text goes on
	paused             // nothing has come for 80 ms: decide now
	ended              // the stream's end
)

// verdict is what is known about a run of terminators.
type verdict uint8

const (
	undecided verdict = iota
	goesOn            // the sentence goes on behind it
	ends
)

// maxLook bounds, in bytes, how far behind a run its verdict may look. It keeps the
// splitter linear; everything that is looked for is far shorter.
const maxLook = 64

// ahead is the text behind a run, as far as it is known and may be looked at.
type ahead struct {
	text []byte
	edge edge
	full bool // more than text will never be looked at
}

func lookAt(text []byte, e edge) ahead {
	if len(text) >= maxLook {
		return ahead{text[:maxLook], e, true}
	}
	return ahead{text, e, false}
}

// next gives the first rune; nothing when it is not known yet, or never will be.
func (a ahead) next() (rune, class) {
	if len(a.text) == 0 || (a.full || a.edge != ended) && !utf8.FullRune(a.text) {
		return utf8.RuneError, nothing
	}
	r, _ := utf8.DecodeRune(a.text)
	return r, classOf(r)
}

// skip steps over the first rune.
func (a ahead) skip() ahead {
	_, size := utf8.DecodeRune(a.text)
	a.text = a.text[size:]
	return a
}

// skipSpace steps over white space, though not over a line's end.
func (a ahead) skipSpace() (rest ahead, skipped bool) {
	rest = a
	for {
		if _, c := rest.next(); c != space {
			return rest, skipped
		}
		rest, skipped = rest.skip(), true
	}
}

// waits tells that what follows may still say more.
func (a ahead) waits() bool { return a.edge == more && !a.full }

// unknown is the verdict when what would decide has not come: wait while it may. At
// a pause it is whatever is likelier.
func (a ahead) unknown(likelier verdict) verdict {
	switch {
	case a.full, a.edge == ended:
		return ends
	case a.edge == more:
		return undecided
	}
	return likelier
}

// startsWith tells whether one of the words begins the text: ends for yes, goesOn
// for no, undecided while it could still become one.
func (a ahead) startsWith(words [][]byte) verdict {
	open := false
	for _, w := range words {
		if bytes.HasPrefix(a.text, w) {
			return ends
		}
		open = open || a.waits() && bytes.HasPrefix(w, a.text)
	}
	if open {
		return undecided
	}
	return goesOn
}

// lastRune gives the last rune of b and what is before it.
func lastRune(b []byte) (rune, []byte) {
	r, size := utf8.DecodeLastRune(b)
	return r, b[:len(b)-size]
}

// trimTail takes white space, closing marks and combining marks off the end of b.
func trimTail(b []byte) []byte {
	for len(b) > 0 {
		r, rest := lastRune(b)
		switch classOf(r) {
		case space, closer, quote, mark, extend:
			b = rest
		default:
			return b
		}
	}
	return b
}

func wordList(words ...string) [][]byte {
	list := make([][]byte, len(words))
	for i, w := range words {
		list[i] = []byte(w)
	}
	return list
}
