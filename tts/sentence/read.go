package sentence

import "unicode/utf8"

// line is what is known about the line that is being read.
type line struct {
	// letters counts the letters; nothing but digits, marks and white space keeps it
	// zero, which is where list marks are.
	letters int
	// ticks counts the backticks at the line's beginning.
	ticks int
	// fence: the line is inside a code fence, which is kept in one piece.
	fence bool
}

// read takes the next rune of a sentence.
func (s *Splitter) read(r rune) {
	c := classOf(r)
	s.piece.runes++
	if s.line.fence {
		s.readFenced(r, c)
		return
	}
	switch c {
	case hangul, kana, han, upper, lower, letter:
		s.readLetter(r, c)
	case digit:
		s.piece.letters = true
		s.piece.own = s.piece.own || !s.nest.inAside()
		s.countSyllable()
	case space:
		s.readSpace(r)
	case newline:
		s.readNewline()
	case dot:
		s.readDot(r)
	case stop, strong, ellipsis, tilde:
		s.begin(c)
	case emoji:
		s.begin(c)
	case laugh:
		if r != '^' || s.prevClass.isCJK() || s.prevClass == space || s.prev == '^' {
			s.begin(c)
		}
	case opener:
		if r == '(' && s.prev == ':' {
			s.begin(emoji)
			break
		}
		s.open(r)
	case closer:
		if _, ok := s.nest.pop(r); !ok && r == ')' && (s.prev == ':' || s.prev == ';' || s.prev == '^') {
			s.begin(emoji)
		}
	case quote:
		s.readQuote(r)
	case mark:
		s.readMark(r)
	case comma, colon, dash:
		s.readClause(r, c)
	case extend:
		return
	case other:
		if !isBullet(r) {
			s.line.letters++
		}
		if r == '/' && s.prev == '/' || r == '@' && s.prevClass != space && s.prevClass != nothing {
			s.link = true
		}
	}
	s.prev, s.prevClass = r, c
	if c != space {
		s.solid = c
	}
}

func (s *Splitter) readLetter(r rune, c class) {
	p := &s.piece
	p.letters = true
	if !p.own {
		p.own = !s.nest.inAside()
	}
	s.line.letters++
	switch c {
	case hangul:
		p.hangul, p.cjk, s.link = true, true, false
		if r < 0x1160 || r > 0x11FF { // vowels and finals of decomposed syllables
			s.countSyllable()
		}
	case kana:
		p.kana, p.cjk, s.link = true, true, false
		if !isSmallKana(r) {
			s.countSyllable()
		}
		if r == 'ｗ' {
			s.begin(laugh)
		}
	case han:
		p.cjk, s.link = true, false
		s.countSyllable()
		if r == '笑' && s.prevClass == kana {
			s.begin(laugh)
		}
	case upper, lower:
		p.latin = true
		v := isVowel(r)
		if v && !s.vowel {
			s.countSyllable()
		}
		s.vowel = v
		switch {
		case r == 'w' && p.kana && s.prevClass.isCJK(),
			(r == 'D' || r == 'P' || r == 'p') && s.prev == ':' && s.line.letters > 1 && s.spaceBeforeFace():
			s.begin(laugh)
		}
		return
	case letter:
		if !s.vowel {
			s.countSyllable()
		}
		s.vowel = !s.vowel
		return
	}
	s.vowel = false
}

// spaceBeforeFace tells ":D" from "C:D".
func (s *Splitter) spaceBeforeFace() bool {
	i := s.pos - len(" :D")
	return i >= s.start && s.buf[i] == ' '
}

func (s *Splitter) countSyllable() {
	s.syllables++
	s.piece.syllables++
}

func (s *Splitter) readSpace(r rune) {
	s.link, s.vowel = false, false
	p := &s.piece
	b := boundary{s.pos - utf8.RuneLen(r), p.syllables, p.runes - 1}
	if s.prevClass != space {
		p.space = b
	}
	if s.prevClass == mark { // a bullet or a times sign opens nothing
		if top := s.nest.top(); top != nil && top.kind == emphasis && top.end == s.prev && top.since == s.syllables {
			s.nest.depth--
		}
	}
	if s.prevClass == hangul && p.syllables > softLimit/2 && isConnective(s.buf[s.start:b.at]) {
		p.clause = b
	}
}

// readNewline ends the line's sentence at once, the newline being part of it.
func (s *Splitter) readNewline() {
	s.line = line{}
	s.nest.depth = 0
	s.link, s.vowel = false, false
	if s.piece.letters {
		s.begin(newline)
	}
}

// readDot leaves out the full stop of a list mark, which ends nothing.
func (s *Splitter) readDot(r rune) {
	text := s.buf[s.start : s.pos-utf8.RuneLen(r)]
	switch {
	case s.prevClass == digit && s.line.letters == 0:
		if n, ok := listNumber(text); ok {
			s.list = n
			s.line.letters++
			s.piece.letters = false
			return
		}
	case s.prevClass == hangul && s.line.letters == 1 && s.emitted && isListSyllable(s.prev, s.list):
		s.list++
		return
	}
	s.begin(dot)
}

// readClause notes a clause boundary.
func (s *Splitter) readClause(r rune, c class) {
	p := &s.piece
	s.line.letters++
	if s.nest.hides(s.syllables) || s.link {
		return
	}
	if p.syllables < minFragment {
		return
	}
	first := s.FirstClause && !s.emitted
	if first || p.syllables > softLimit {
		s.begin(c)
		s.run.full = r >= 0x80
		return
	}
	if c != colon && s.prevClass != digit || r >= 0x80 {
		p.clause = s.here()
	}
}

// open pushes the span that an opener begins.
func (s *Splitter) open(r rune) {
	sp := span{end: closes(r), kind: aside, width: 1, lead: !s.piece.own, since: s.syllables}
	if isQuotation(r) {
		sp.kind, sp.tagged = s.quotationKind()
	}
	s.nest.push(sp)
}

// quotationKind tells a character's speech from words quoted inside a sentence.
func (s *Splitter) quotationKind() (kind spanKind, tagged bool) {
	switch {
	case !s.piece.own:
		return speech, false
	case s.solid == colon:
		return speech, true
	}
	return quoted, s.solid == comma
}

// readQuote reads a mark that opens and closes: it closes what is open.
func (s *Splitter) readQuote(r rune) {
	single := r == '\'' || r == '＇'
	switch {
	case single && (s.prevClass == upper || s.prevClass == lower || s.prevClass == digit):
		// An apostrophe. What closes a quotation stands behind a terminator.
	case s.nest.isOpen(r):
		s.nest.pop(r)
	case single:
		// Too often an apostrophe to let it hide anything.
		s.nest.push(span{end: r, kind: speech, width: 1, lead: !s.piece.own, since: s.syllables})
	case s.prevClass == digit || s.prevClass == upper || s.prevClass == lower:
		// Inches, or what closes a quotation that has been forgotten.
	default:
		s.open(r)
	}
}

// readMark reads a Markdown mark, which opens before a word and closes behind one.
func (s *Splitter) readMark(r rune) {
	if r == '`' {
		if s.line.letters == 0 {
			if s.line.ticks++; s.line.ticks == 3 {
				s.line.fence = true
				s.nest.depth = 0
				s.piece.letters = true
				return
			}
		}
		if _, ok := s.nest.pop(r); !ok {
			s.nest.push(span{end: r, kind: code, width: 1, lead: !s.piece.own, since: s.syllables})
		}
		return
	}
	top := s.nest.top()
	switch {
	case top != nil && top.end == r && s.prev == r && top.since == s.syllables:
		top.width++ // ** or ***
	case s.nest.isOpen(r):
		s.nest.pop(r)
	case s.prevClass == digit, r == '_' && s.prevClass.isLetter(), s.prevClass == upper, s.prevClass == lower:
		// A times sign, part of a name, a footnote.
	default:
		s.nest.push(span{end: r, kind: emphasis, width: 1, lead: !s.piece.own, since: s.syllables})
	}
}

// readFenced reads inside a code fence, which the third backtick at the beginning of
// a line closes.
func (s *Splitter) readFenced(r rune, c class) {
	s.prev, s.prevClass, s.solid = r, c, c
	switch {
	case c == newline:
		s.line.letters, s.line.ticks = 0, 0
	case r == '`' && s.line.letters == 0 && s.line.ticks < 3:
		if s.line.ticks++; s.line.ticks == 3 {
			s.line.fence = false
			s.begin(newline)
		}
	case c != space:
		s.line.letters++
	}
}

func isBullet(r rune) bool {
	switch r {
	case '-', '+', '#', '>', '|', '•', '·', '‣', '▪', '●', '○', '■', '□', '◆', '◇', '▶', '▷', '※', '→', '・', '∙':
		return true
	}
	return false
}

// isSmallKana tells the kana that have no beat of their own.
func isSmallKana(r rune) bool {
	switch r {
	case 'ゃ', 'ゅ', 'ょ', 'ぁ', 'ぃ', 'ぅ', 'ぇ', 'ぉ', 'ャ', 'ュ', 'ョ', 'ァ', 'ィ', 'ゥ', 'ェ', 'ォ', 'ー':
		return true
	}
	return false
}

// isVowel tells the letters that carry a syllable in Latin, Greek and Cyrillic.
func isVowel(r rune) bool {
	switch r | 0x20 {
	case 'a', 'e', 'i', 'o', 'u', 'y':
		return true
	}
	switch r {
	case 'а', 'е', 'ё', 'и', 'о', 'у', 'ы', 'э', 'ю', 'я', 'А', 'Е', 'И', 'О', 'У', 'Э', 'Ю', 'Я',
		'α', 'ε', 'η', 'ι', 'ο', 'υ', 'ω', 'ά', 'έ', 'ή', 'ί', 'ό', 'ύ', 'ώ':
		return true
	}
	return 0xC0 <= r && r <= 0x17F && r != 'ç' && r != 'Ç' && r != 'ñ' && r != 'Ñ' && r != 'ß'
}
