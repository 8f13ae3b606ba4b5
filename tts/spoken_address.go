package tts

import "strings"

// maxAddress is the longest name in front of an @ (RFC 5321, 4.5.3.1.1).
const maxAddress = 64

func linkWord(lang Lang) string {
	switch lang {
	case Korean:
		return "링크"
	case Japanese:
		return "リンク"
	case Chinese:
		return "链接"
	default:
		return "the link"
	}
}

// url returns the length of the URL at m.i, or 0. Punctuation at its end is the
// sentence's.
func (m *markup) url() int {
	switch m.in[m.i] | 0x20 {
	case 'h', 'w', 'f':
	default:
		return 0
	}
	if !m.phrase(m.i, "https://") && !m.phrase(m.i, "http://") && !m.phrase(m.i, "www.") && !m.phrase(m.i, "ftp://") {
		return 0
	}
	end, depth := m.i, 0
	for ; end < len(m.in); end++ {
		r := m.in[end]
		if r <= ' ' || r == '"' || r >= 0x80 || r == '<' || r == '>' || r == '`' || r == ']' || r == '|' {
			break
		}
		if r == '(' {
			depth++
		}
		if r == ')' {
			if depth == 0 {
				break
			}
			depth--
		}
	}
	for end > m.i && strings.ContainsRune(".,!?:;*_~'", m.in[end-1]) {
		end--
	}
	return end - m.i
}

// address returns the length of the e-mail address at m.i, or 0.
func (m *markup) address() int {
	j := m.i
	for r := m.at(j); isLatin(r) || isDigit(r) || r == '.' || r == '_' || r == '-' || r == '+'; r = m.at(j) {
		if j++; j-m.i > maxAddress {
			return 0
		}
	}
	if m.at(j) != '@' || !isLatin(m.at(j+1)) && !isDigit(m.at(j+1)) {
		return 0
	}
	dots := 0
	for j++; ; j++ {
		r := m.at(j)
		if r == '.' && (isLatin(m.at(j+1)) || isDigit(m.at(j+1))) {
			dots++
		} else if !isLatin(r) && !isDigit(r) && r != '-' {
			break
		}
	}
	if dots == 0 {
		return 0
	}
	return j - m.i
}

// sayAddress says an e-mail address: digits one by one, marks by their names.
func (m *markup) sayAddress(address []rune) {
	var at, dot, dash, underscore string
	switch m.lang {
	default:
		at, dot, dash, underscore = " at ", " dot ", " dash ", " underscore "
	case Korean:
		at, dot, dash, underscore = " 골뱅이 ", " 닷 ", " 하이픈 ", " 언더바 "
	case Japanese:
		at, dot, dash, underscore = "アットマーク", "ドット", "ハイフン", "アンダーバー"
	}
	digit := false
	for _, r := range address {
		switch r {
		case '@':
			m.say(at)
		case '.':
			m.say(dot)
		case '-':
			m.say(dash)
		case '_':
			m.say(underscore)
		case '+':
			m.say(" + ")
		default:
			if isDigit(r) && digit {
				m.out = append(m.out, ' ')
			}
			m.out = append(m.out, r)
		}
		digit = isDigit(r)
	}
}

// image drops ![alt](url).
func (m *markup) image() bool {
	end := m.closing(m.i+2, '[', ']')
	if end < 0 || m.at(end+1) != '(' {
		return false
	}
	if paren := m.closing(end+2, '(', ')'); paren >= 0 {
		m.i = paren + 1
		return true
	}
	return false
}

// link takes [text](url) and [text][ref] down to the text, and drops footnote marks
// and references.
func (m *markup) link() bool {
	i := m.i
	end := m.closing(i+1, '[', ']')
	if end < 0 {
		return false
	}
	if m.at(i+1) == '^' {
		m.i = end + 1
		return true
	}
	stop := -1
	switch m.at(end + 1) {
	case '(':
		stop = m.closing(end+2, '(', ')')
	case '[':
		stop = m.closing(end+2, '[', ']')
	}
	if stop < 0 {
		return false
	}
	// The text may have marks of its own: it is read as a piece, without its tail.
	inner := markup{Speller: m.Speller, lang: m.lang, in: m.in[i+1 : end], out: m.out, closer: -1, email: m.email}
	for inner.i < len(inner.in) {
		inner.inline(inner.in[inner.i])
	}
	m.out = inner.out
	m.i = stop + 1
	return true
}

// tag drops an HTML tag; a line break stays one. A < before a URL goes, any other is
// left to tidy.
func (m *markup) tag() {
	next := m.at(m.i + 1)
	if next == '!' || next == '/' || isLatin(next) {
		link := markup{in: m.in, i: m.i + 1}
		if end := m.closing(m.i+1, '<', '>'); end >= 0 && (!isLatin(next) || link.url() == 0) {
			switch name := m.in[m.i+1:]; {
			case name[0]|0x20 == 'b' && len(name) > 1 && name[1]|0x20 == 'r', name[0] == '/' && len(name) > 1 && (name[1]|0x20 == 'p' || name[1]|0x20 == 'd'):
				m.out = append(m.out, ' ')
			}
			m.i = end + 1
			return
		}
	}
	m.keep(' ')
}

// entity puts the character for an HTML entity.
func (m *markup) entity() {
	for _, e := range []struct {
		name string
		is   rune
	}{{"&amp;", '&'}, {"&nbsp;", ' '}, {"&lt;", ' '}, {"&gt;", ' '}, {"&quot;", ' '}, {"&#39;", '\''}, {"&apos;", '\''}} {
		if m.phrase(m.i, e.name) {
			m.out = append(m.out, e.is)
			m.i += len(e.name)
			return
		}
	}
	m.keep('&')
}
