package tts

import "strings"

// resumeAside skips what is left of a direction that an earlier sentence opened.
func (m *markup) resumeAside() {
	for m.aside != 0 && m.i < len(m.in) {
		r := m.in[m.i]
		m.asideLeft--
		switch {
		case r == '\n' || m.asideLeft <= 0:
			m.aside = 0
			return
		case r == m.aside:
			m.aside = 0
		}
		m.i++
	}
}

// openAside drops the rest of the piece, up to the line's end, as a direction whose
// end is still to come.
func (m *markup) openAside(closer rune) {
	m.aside, m.asideLeft = closer, maxAside
	for m.i < len(m.in) && m.in[m.i] != '\n' {
		m.i++
	}
	if m.i < len(m.in) {
		m.aside = 0
	}
}

// closing finds where the aside that starts at i ends: at the rune closer, on the
// same line. For brackets opener counts how deep they nest.
func (m *markup) closing(i int, opener, closer rune) int {
	depth := 0
	for j := i; j < len(m.in) && j < i+maxAside; j++ {
		switch r := m.in[j]; {
		case r == '\n':
			return -1
		case r == closer && depth == 0:
			return j
		case r == closer:
			depth--
		case r == opener:
			depth++
		}
	}
	return -1
}

// emphasis handles *, _ and ~. Two marks or more are bold or struck out: the marks
// go. Between single marks it is either emphasis, which is said, or a direction,
// which is not; see direction.
func (m *markup) emphasis(mark rune) {
	i, n := m.i, m.runOf(m.i, mark)
	prev, next := m.at(i-1), m.at(i+n)
	if mark == '*' && n == 1 && isDigit(m.digitBefore(i)) && isDigit(m.at(m.blanks(i+1))) {
		m.keep('×')
		return
	}
	if i == m.closer || n > 1 || next == 0 || next == ' ' || next == '\n' || isWord(prev) && mark != '*' {
		if mark == '_' && i != m.closer && isWord(prev) && isWord(next) {
			m.out = append(m.out, ' ') // snake_case
		}
		if mark == '~' && i != m.closer {
			m.out = append(m.out, '~') // drawn out, or a range
		}
		m.i += n
		return
	}
	end := m.closing(i+1, 0, mark)
	for end >= 0 && m.at(end+1) == mark { // ** inside
		end = m.closing(end+1+m.runOf(end+1, mark), 0, mark)
	}
	if end < 0 {
		switch {
		case mark == '~':
			m.out = append(m.out, '~')
			m.i++
		case m.opening() && isWord(next):
			m.openAside(mark)
		default:
			m.i++
		}
		return
	}
	if m.direction(mark, i, end) {
		m.out = append(m.out, ' ')
		m.i = end + 1
		return
	}
	if mark == '~' {
		m.out = append(m.out, '~')
	} else {
		m.closer = end
	}
	m.i++
}

func (m *markup) digitBefore(i int) rune {
	for i > 0 && m.in[i-1] == ' ' {
		i--
	}
	return m.at(i - 1)
}

// direction tells a stage direction from emphasis, for the text between single marks
// at i and end:
//
//   - joined to a word on either side, as in *사과*를, it is emphasis;
//   - at the beginning of a sentence, or alone, it is a direction: *고개를 끄덕이며* 알겠어;
//   - at the end of a sentence, with no full stop behind it: 알겠어. *웃음*;
//   - elsewhere it is one only if it reads like one (see acting): 글쎄, *웃으며* 아마도,
//     but 이건 *정말* 중요해 is said;
//   - in quotes it is speech in italics;
//   - between tildes it always has to read like one, since 안녕~ 반가워~ does not.
func (m *markup) direction(mark rune, i, end int) bool {
	inner := m.in[i+1 : end]
	after := m.at(end + 1)
	switch {
	case mark == '~':
		return acting(inner) && !isWord(m.at(i-1))
	case isWord(after) || inner[0] == '"' || isWord(m.at(i-1)) && !acting(inner):
		return false
	case m.opening(), acting(inner):
		return true
	}
	rest := m.at(m.blanks(end + 1))
	return rest == 0 || rest == '\n'
}

// bracket decides on a parenthesis that opens at m.i.
//
//   - Faces, and brackets without a word, are dropped.
//   - At the beginning of a sentence, or alone, it is a direction: (미소를 지으며) 안녕.
//     [공지] and [1] go the same way, (A)와 does not.
//   - Elsewhere it is a direction if it reads like one (see acting).
//   - A gloss written to a word, 서울(首都)은, is dropped if a particle or another word is
//     joined behind it, or if it only repeats the word in another script (AI, 漢字,
//     furigana).
//   - Anything else is said, between commas.
func (m *markup) bracket(opener, closer rune) {
	i := m.i
	end := m.closing(i+1, opener, closer)
	if end < 0 {
		if m.opening() && isWord(m.at(m.blanks(i+1))) {
			m.openAside(closer)
			return
		}
		m.out = append(m.out, ',')
		m.i++
		return
	}
	inner := m.in[i+1 : end]
	s := surveyOf(inner)
	joined := isWord(m.at(i-1)) && len(m.out) > 0
	follows := isWord(m.at(end + 1))
	drop := false
	switch {
	case s.words == 0 || s.face():
		m.dropArms()
		m.out = append(m.out, ' ')
		m.i = end + 1
		if isArm(m.at(m.i)) && !isLatin(m.at(m.i+1)) {
			m.i++
		}
		return
	case s.words == s.digits:
		// A footnote, or (1), or the area code of a telephone number.
		if drop = joined && !follows || m.item && !follows; !drop {
			m.out = append(append(m.out, ' '), inner...)
			m.i = m.blanks(end + 1)
			switch {
			case isDigit(m.at(m.i)):
				m.out = append(m.out, '-') // (02) 123-4567
			case m.i > end+1:
				m.out = append(m.out, ',', ' ')
			}
			return
		}
	case m.opening() && follows && !acting(inner):
		m.closer = end
		m.i++
		return
	case m.opening(), acting(inner):
		drop = true
	case joined && m.weekday(inner, end):
		return
	case joined && m.lang != Chinese:
		drop = follows || s.gloss(m.at(i-1), m.lang)
	}
	if drop {
		switch {
		case m.item && s.words == s.digits:
			m.out = append(m.out, ',') // the next number of a list in one line
		case !joined || !follows:
			m.out = append(m.out, ' ')
		}
		m.i = end + 1
		return
	}
	m.out = append(m.out, ',')
	m.i++
}

// dropArms takes back the arms of a face that stand before its bracket: ヽ(´▽`)ノ,
// m(_ _)m.
func (m *markup) dropArms() {
	n := len(m.out)
	for n > 0 && isArm(m.out[n-1]) && (n == 1 || !isLatin(m.out[n-2])) {
		n--
	}
	m.out = m.out[:n]
}

func isArm(r rune) bool { return strings.ContainsRune("ヽヾ٩╰╮ノو╯づm", r) && r != 0 }

// weekday says the day behind a date, 11월 24일(월), in full.
func (m *markup) weekday(inner []rune, end int) bool {
	if len(inner) != 1 {
		return false
	}
	if prev := m.before(); !isDigit(prev) && prev != '일' && prev != '日' && prev != '.' {
		return false
	}
	switch inner[0] {
	case '월', '화', '수', '목', '금', '토', '일':
		m.out = append(m.out, ' ', inner[0], '요', '일')
	case '月', '火', '水', '木', '金', '土', '日':
		m.out = append(m.out, inner[0], '曜', '日')
	default:
		return false
	}
	m.i = end + 1
	return true
}
