package sentence

import "unicode/utf8"

// run is a row of terminators with the closing marks that belong to their sentence.
// It is open while it may grow or its verdict waits.
type run struct {
	open       bool
	start, end int // offsets in the buffer
	last       class
	dots       int // full stops and ellipses; two are an ellipsis
	ends       int // terminators

	strong, stop, tilde, decorated, clause, newline bool

	// full: the clause mark is full-width, or a dash.
	full bool
	// What has been closed behind the last terminator.
	quote  bool
	closed span // the quotation
	aside  bool // a bracket that began in the middle of the sentence
	marked bool // anything
}

// begin opens a run with the rune just read, of class c, unless there is nothing in
// the piece to speak.
func (s *Splitter) begin(c class) {
	if !s.piece.letters {
		return
	}
	_, size := utf8.DecodeLastRune(s.buf[:s.pos])
	s.run = run{open: true, start: s.pos - size, end: s.pos}
	s.run.add(c)
}

// add takes in a rune that is no closing mark.
func (r *run) add(c class) {
	r.last = c
	if c.isTerminator() {
		r.ends++
		r.clause = false
		r.quote, r.aside, r.marked = false, false, false
	}
	switch c {
	case dot:
		r.dots++
	case ellipsis:
		r.dots += 2
	case strong:
		r.strong = true
	case stop:
		r.stop = true
	case tilde:
		r.tilde = true
	case emoji, laugh:
		r.decorated = true
	case newline:
		r.newline = true
	case comma, colon, dash:
		r.clause = true
	}
}

// extend takes the next rune into the open run, if it belongs there.
func (s *Splitter) extend(r rune) bool {
	run := &s.run
	if run.newline {
		return false
	}
	c := classOf(r)
	switch {
	case c.isTerminator(), c == emoji:
		run.add(c)
		s.cries = s.cries || run.strong && run.ends > 1
		s.trails = s.trails || run.dots > 1
	case c == laugh, run.last == laugh && (s.prev == '^' && r == '_' || r == s.prev && !c.isCJK()):
		run.add(laugh)
	case c == extend:
		s.piece.runes++
		return true
	case c == closer, c == quote, c == mark:
		if !s.extendClosed(r, c) {
			return false
		}
	default:
		return false
	}
	s.piece.runes++
	s.prev, s.prevClass, s.solid = r, c, c
	return true
}

// extendClosed takes a closing mark into the run.
func (s *Splitter) extendClosed(r rune, c class) bool {
	run := &s.run
	sp, ok := s.nest.pop(r)
	switch {
	case ok:
	case c == closer, r == '\'':
		sp = span{kind: aside, lead: true}
		if isQuotation(r) {
			sp.kind = speech
		}
	default:
		return false // nothing is open that it could close: it opens
	}
	run.marked = true
	run.last = c
	switch sp.kind {
	case speech, quoted:
		run.quote, run.closed = true, sp
	case aside:
		run.aside = !sp.lead
	}
	return true
}

// pass goes on behind a run that ends nothing.
func (s *Splitter) pass() {
	s.piece.clause = s.here()
	if last, _ := lastRune(s.before()); s.run.dots == 1 && classOf(last) == digit {
		if n, ok := listNumber(s.before()); ok {
			s.list = n
		}
	}
}

// before is the piece up to the run.
func (s *Splitter) before() []byte { return s.buf[s.start:s.run.start] }

// letsGo decides at a token's end whether to wait for one that might go on with the
// run. Waiting costs a token's time; not waiting, a run that is cut in two.
func (s *Splitter) letsGo() bool {
	r := &s.run
	switch {
	case r.newline:
		return true
	case r.marked, r.decorated, r.last == extend, s.nest.depth > 0, s.link:
		return false
	case r.clause:
		return r.last != colon && s.solidBefore() != digit || r.full && r.last != dash
	case r.stop:
		return true
	case r.ends > 1:
		return false // "..", "?!": there may be more
	}
	last, _ := lastRune(s.before())
	trusted := s.feed.trusted()
	switch {
	case r.dots == 1:
		return s.letsDotGo(classOf(last), trusted)
	case r.tilde:
		return trusted && classOf(last) == hangul && koreanEnding(s.before()) == polite
	case r.strong && isQuestion(s.prev):
		return s.isLong(classOf(last)) && (trusted || s.calm(s.cries))
	case r.strong && !isPresentation(s.prev):
		return trusted && s.piece.syllables >= minExclamation || s.isLong(classOf(last)) && s.calm(s.cries)
	}
	return false
}

// minExclamation is how many syllables make an exclamation more than a cry, which
// often has several marks.
const minExclamation = 3

// isSure tells that what is before the run, whose last rune is of class c, is a whole
// sentence: a run is seldom cut in two behind one.
func (s *Splitter) isSure(c class) bool {
	switch s.ending(c) {
	case polite:
		return s.piece.syllables >= minFragment-2
	case final:
		return s.piece.syllables >= minFragment || c == lower && s.piece.syllables >= minFragment-2
	}
	return false
}

// isLong is isSure for a question or an exclamation, which any word may end: it is the
// short ones that are cried out.
func (s *Splitter) isLong(c class) bool {
	if c == lower && englishCries[lowerASCII(string(lastWord(s.before())))] {
		return false
	}
	return s.isSure(c) || s.piece.syllables >= minFragment
}

func isQuestion(r rune) bool { return r == '?' || r == '？' }

// isPresentation tells the terminators that a variation selector often follows.
func isPresentation(r rune) bool { return r == '‼' || r == '⁉' }

// calm tells that nothing in the text hints at runs, of which seen is whether there
// have been some of the same kind.
func (s *Splitter) calm(seen bool) bool { return !seen && !containsAny(s.before(), hesitant) }

// letsDotGo is letsGo for a single full stop behind a rune of class c.
func (s *Splitter) letsDotGo(c class, trusted bool) bool {
	before := s.before()
	switch c {
	case hangul:
		return trusted && koreanEnding(before) > weak || s.isSure(hangul) && s.calm(s.trails)
	case kana, han:
		return true
	case lower:
		w := string(lastToken(before))
		switch {
		case s.piece.space.at == 0, len(w) == 1, abbreviationOf(w) != word, s.mayBeName(w):
			return false
		}
		return trusted || s.isSure(lower) && s.calm(s.trails)
	}
	return false
}

// ending judges the word before the run by the language of its last letter.
func (s *Splitter) ending(c class) ending {
	before := s.before()
	switch c {
	case hangul:
		return koreanEnding(before)
	case kana:
		return japaneseEnding(before)
	case han:
		if s.piece.kana {
			return japaneseEnding(before)
		}
		return chineseEnding(before)
	case lower:
		w := lowerASCII(string(lastWord(before)))
		if s.piece.cjk || englishOpen[w] {
			return weak
		}
		return final
	}
	return noun
}

// solidBefore is the class of the rune before the run.
func (s *Splitter) solidBefore() class {
	r, _ := lastRune(s.before())
	return classOf(r)
}

// isPlainWord tells words of letters only: "report2", "a/b", "x_y" may be names.
func isPlainWord(w string) bool {
	for i := range len(w) {
		if b := w[i]; b < 0x80 && !isASCIILetter(b) && b != '\'' && b != '-' {
			return false
		}
	}
	return true
}

func lowerASCII(w string) string {
	for i := range len(w) {
		if 'A' <= w[i] && w[i] <= 'Z' {
			b := []byte(w)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] |= 0x20
				}
			}
			return string(b)
		}
	}
	return w
}
