package tts

import "strings"

// maxAside is how far the end of a bracket, a direction, a link or a tag is looked
// for, in runes; it keeps the work linear. A direction that is open at the end of a
// sentence is given up after as many runes, or at the end of its line, so that a
// stray mark never silences the rest of a response.
const maxAside = 300

// maxAddress is the longest name in front of an @ (RFC 5321, 4.5.3.1.1).
const maxAddress = 64

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

func (m *markup) phrase(i int, s string) bool {
	for _, r := range s {
		if m.at(i) != r {
			return false
		}
		i++
	}
	return true
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
