package tts

// maxAside is how far the end of a bracket, a direction, a link or a tag is looked
// for, in runes; it keeps the work linear. A direction that is open at the end of a
// sentence is given up after as many runes, or at the end of its line, so that a
// stray mark never silences the rest of a response.
const maxAside = 300

// A markup takes what is layout or acting out of one folded sentence, and leaves the
// text. It runs over in once; what stays open is kept in the Speller.
type markup struct {
	*Speller
	lang    Lang
	in, out []rune
	i       int
	closer  int  // where the mark stands that closes the emphasis under way
	item    bool // the line is a heading, a list item or a table row
	email   bool // the sentence has an @
}

func (m *markup) at(i int) rune {
	if i < 0 || i >= len(m.in) {
		return 0
	}
	return m.in[i]
}

// before is the last rune that has been kept, spaces aside, or 0.
func (m *markup) before() rune {
	for i := len(m.out) - 1; i >= 0; i-- {
		if m.out[i] != ' ' {
			return m.out[i]
		}
	}
	return 0
}

// opening reports whether nothing has been said yet in this sentence of the piece.
func (m *markup) opening() bool {
	switch m.before() {
	case 0, '\n', '.', '!', '?', '…', '。', '~':
		return true
	}
	return false
}

func (m *markup) say(s string) {
	for _, r := range s {
		m.out = append(m.out, r)
	}
}

func (m *markup) run() {
	m.closer = -1
	for _, r := range m.in {
		m.email = m.email || r == '@'
	}
	m.resumeAside()
	for m.i < len(m.in) {
		if m.fence != 0 {
			m.skipFence()
			continue
		}
		if m.lineStart && m.line() {
			continue
		}
		r := m.in[m.i]
		m.inline(r)
	}
}

func (m *markup) blanks(i int) int {
	for m.at(i) == ' ' {
		i++
	}
	return i
}

func (m *markup) runOf(i int, r rune) int {
	n := 0
	for m.at(i+n) == r && r != 0 {
		n++
	}
	return n
}

// inline handles the rune at m.i.
func (m *markup) inline(r rune) {
	if isLatin(r) || isDigit(r) {
		m.latin(r)
		return
	}
	if isHangul(r) || r == ' ' {
		m.keep(r)
		return
	}
	if n := m.emoticon(r); n > 0 {
		m.out = append(m.out, ' ')
		m.i += n
		return
	}
	switch r {
	case '\n':
		if m.item {
			m.out = append(m.out, ',')
			m.item = false
		}
		m.lineStart = true
		m.keep('\n')
	case '\\':
		m.i++
		if r := m.at(m.i); r == '*' || r == '_' || r == '`' || r == '#' {
			m.i++
		}
	case '`':
		m.code()
	case '*', '_', '~':
		m.emphasis(r)
	case '!':
		if m.at(m.i+1) == '[' && m.image() {
			return
		}
		m.keep(r)
	case '[':
		if !m.link() {
			m.bracket(r, ']')
		}
	case '(':
		m.bracket(r, ')')
	case '"':
		m.i++
	case ']', ')', '}':
		if m.i != m.closer {
			m.out = append(m.out, ',')
		}
		m.i++
	case '<':
		m.tag()
	case '&':
		m.entity()
	default:
		m.keep(r)
	}
}

func (m *markup) keep(r rune) {
	m.out = append(m.out, r)
	m.i++
}

// latin copies a letter or digit, and says an address as a whole.
func (m *markup) latin(r rune) {
	if !isLatin(m.at(m.i-1)) && !isDigit(m.at(m.i-1)) {
		if isLatin(r) {
			if n := m.url(); n > 0 {
				m.i += n
				m.out = append(m.out, ' ')
				m.say(linkWord(m.lang))
				return
			}
			if n := m.emoticon(r); n > 0 {
				m.i += n
				return
			}
		}
		if n := m.numberInside(); n > 0 {
			m.out = append(m.out, ',')
			m.i += n
			return
		}
		if m.email {
			if n := m.address(); n > 0 {
				m.sayAddress(m.in[m.i : m.i+n])
				m.i += n
				return
			}
		}
	}
	m.keep(r)
}

func (m *markup) phrase(i int, s string) bool {
	for _, r := range s {
		if m.at(i) != r {
			return false
		}
		i++
	}
	return true
}

// code takes the marks off inline code; three marks take the code with them.
func (m *markup) code() {
	n := m.runOf(m.i, '`')
	if n >= 3 {
		for j := m.i + n; j < len(m.in); j++ {
			if k := m.runOf(j, '`'); k >= n {
				m.i = j + k
				return
			} else if k > 0 {
				j += k - 1
			}
		}
	}
	m.i += n
}
