package tts

// skipFence drops code up to the line that closes it.
func (m *markup) skipFence() {
	for m.i < len(m.in) {
		if m.lineStart {
			j := m.blanks(m.i)
			n := m.runOf(j, m.fence)
			m.lineStart = false
			if n >= 3 {
				m.fence = 0
				m.i = j + n
				return
			}
		}
		m.lineStart = m.in[m.i] == '\n'
		m.i++
	}
}

// lineEnd is where the line that i is in ends.
func (m *markup) lineEnd(i int) int {
	for i < len(m.in) && m.in[i] != '\n' {
		i++
	}
	return i
}

// line takes the marks off the beginning of a line. It reports true when it has gone
// over a whole line or opened a fence.
func (m *markup) line() bool {
	j := m.blanks(m.i)
	if j == len(m.in) {
		m.i = j // still at the line's beginning
		return true
	}
	m.lineStart = false
	if m.in[j] == '\n' {
		m.i = j
		return false
	}
	for m.at(j) == '>' {
		j = m.blanks(j + 1)
	}
	r := m.at(j)
	if n := m.runOf(j, r); n >= 3 && (r == '`' || r == '~' && m.at(j+n) != ' ') && m.fenceLine(j+n, r) {
		m.fence = r
		m.i = m.lineEnd(j)
		return true
	}
	if m.rule(j) {
		m.i = m.lineEnd(j)
		return true
	}
	switch {
	case r == '#':
		if n := m.runOf(j, '#'); n <= 6 && m.at(j+n) == ' ' {
			j = m.blanks(j + n)
			m.item = true
		}
	case r == '|':
		m.item = true
	case (r == '-' || r == '*' || r == '+' || r == '•' || r == '‣' || r == '◦' || r == '▪' || r == '·' || r == '–') && m.at(j+1) == ' ':
		j = m.checkbox(m.blanks(j + 1))
		m.item = true
	default:
		if k := m.number(j); k > 0 {
			j = m.checkbox(k)
			m.item = true
		}
	}
	m.i = j
	return m.i >= len(m.in)
}

// fenceLine reports whether what follows a run of fence marks can be an opening line:
// no closing mark on the same line, as inline code has it.
func (m *markup) fenceLine(i int, mark rune) bool {
	for ; i < len(m.in) && m.in[i] != '\n'; i++ {
		if m.in[i] == mark {
			return false
		}
		if mark == '~' && isHangul(m.in[i]) {
			return false // ~~~ 좋다: lengthened, not code
		}
	}
	return true
}

// rule reports whether the line from i on is a ruler or the line under a table's
// heading: only marks, three of them or more.
func (m *markup) rule(i int) bool {
	marks := 0
	for ; i < len(m.in) && m.in[i] != '\n'; i++ {
		switch m.in[i] {
		case '-', '*', '_', '=', '|', '–':
			marks++
		case ':', ' ':
		default:
			return false
		}
	}
	return marks >= 3
}

// number finds the mark of a numbered item, "1. ", "2) " or "(3) ", and returns where
// its text begins, or 0. A number that stands alone, or goes on as a date, is text.
func (m *markup) number(i int) int {
	bracket := m.at(i) == '('
	if bracket {
		i++
	}
	n := 0
	for isDigit(m.at(i + n)) {
		n++
	}
	r := m.at(i + n)
	if n == 0 || n > 3 || bracket && r != ')' || r != '.' && r != ')' || m.at(i+n+1) != ' ' {
		return 0
	}
	j := m.blanks(i + n + 1)
	k := j
	for isDigit(m.at(k)) {
		k++
	}
	if next := m.at(j); next == 0 || next == '\n' || k > j && (bracket || k-j <= 2 && m.at(k) == '.') {
		return 0
	}
	return j
}

// checkbox skips the box of a task at i.
func (m *markup) checkbox(i int) int {
	if m.at(i) == '[' && (m.at(i+1) == ' ' || m.at(i+1)|0x20 == 'x') && m.at(i+2) == ']' {
		return m.blanks(i + 3)
	}
	return i
}

// numberInside returns the length of a further number of a list in one line, 1) 물 2) 불.
func (m *markup) numberInside() int {
	n := 0
	for n < 3 && isDigit(m.at(m.i+n)) {
		n++
	}
	if !m.item || n == 0 || m.at(m.i-1) != ' ' || m.at(m.i+n) != ')' || m.at(m.i+n+1) != ' ' {
		return 0
	}
	return n + 1
}
