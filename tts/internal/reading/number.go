package reading

import "unicode"

// maxDigits is how long a whole number may be and still be read as a quantity; a
// longer one is read digit by digit. It keeps values inside uint64.
const maxDigits = 18

// A numeral is an unsigned number as written: digits, grouping commas, a fraction.
type numeral struct {
	start, end int    // its place in the text
	whole      []rune // digits and commas before the point
	frac       []rune // digits after the point, nil if there is none
	digits     int    // digits in whole
	value      uint64 // of whole, if digits <= maxDigits
}

// quantity reports whether n is a number of things, and not a code that starts with
// a nought (007) or is too long to name.
func (n numeral) quantity() bool {
	return n.digits <= maxDigits && (n.digits == 1 || n.whole[0] != '0')
}

// is reports whether n is the whole number v, however it is written (05 is 5).
func (n numeral) is(v uint64) bool {
	return n.frac == nil && n.digits <= maxDigits && n.value == v
}

// shifted is n in thousands, millions or billions, as the letter behind it says: 3.5M.
func (n numeral) shifted(letter rune) (v uint64, ok bool) {
	var zeros int
	switch letter {
	case 'K', 'k':
		zeros = 3
	case 'M':
		zeros = 6
	case 'B':
		zeros = 9
	default:
		return 0, false
	}
	if len(n.frac) > zeros || n.digits+zeros > maxDigits {
		return 0, false
	}
	v = n.value
	for i := range zeros {
		v *= 10
		if i < len(n.frac) {
			v += digit(n.frac[i])
		}
	}
	return v, true
}

// scanNumeral reads the numeral at i, where src has a digit. A comma belongs to it
// only in the form 1,234,567; a point only between digits.
func scanNumeral(src []rune, i int) numeral {
	n := numeral{start: i}
	j := i
	for j < len(src) && isDigit(src[j]) {
		j++
	}
	if j-i <= 3 {
		for j+3 < len(src) && src[j] == ',' && digitRun(src, j+1) == 3 {
			j += 4
		}
	}
	n.whole = src[i:j]
	for _, r := range n.whole {
		if isDigit(r) {
			n.digits++
			if n.digits <= maxDigits {
				n.value = n.value*10 + digit(r)
			}
		}
	}
	if run := digitRun(src, j+1); j < len(src) && src[j] == '.' && run > 0 {
		n.frac = src[j+1 : j+1+run]
		j += 1 + run
	}
	n.end = j
	return n
}

// digitRun counts the digits from i on.
func digitRun(src []rune, i int) int {
	n := 0
	for i+n < len(src) && isDigit(src[i+n]) {
		n++
	}
	return n
}

// smallInt reads a number of at most four digits at i; ok is false when there is
// none or a longer one.
func smallInt(src []rune, i int) (v uint64, end int, ok bool) {
	n := digitRun(src, i)
	if n == 0 || n > 4 {
		return 0, i, false
	}
	for _, r := range src[i : i+n] {
		v = v*10 + digit(r)
	}
	return v, i + n, true
}

// A date is a calendar date; year or day is 0 where it is not given.
type date struct{ year, month, day uint64 }

func (d date) valid() bool {
	return d.month >= 1 && d.month <= 12 && d.day <= 31 &&
		(d.year == 0 || d.year >= 1000 && d.year <= 2999)
}

// dateAt reads a date in one of the orders that start with the year or, with full
// stops and a space as Korean has it, with the month: 2026-11-24, 2026/11/24,
// 2026.11.24, 2026. 11. 24., 2026. 11., 11. 24.
func dateAt(src []rune, i int) (d date, end int, ok bool) {
	first, j, ok := smallInt(src, i)
	if !ok || j >= len(src) {
		return d, i, false
	}
	sep := src[j]
	if sep != '-' && sep != '/' && sep != '.' {
		return d, i, false
	}
	spaced := false
	next := func() (uint64, bool) {
		if j >= len(src) || src[j] != sep {
			return 0, false
		}
		k := j + 1
		if sep == '.' && k < len(src) && src[k] == ' ' {
			spaced = true
			k++
		}
		v, e, ok := smallInt(src, k)
		if !ok || e-k > 2 {
			return 0, false
		}
		j = e
		return v, true
	}
	second, ok := next()
	if !ok {
		return d, i, false
	}
	mark := j
	third, full := next()
	switch {
	case full && first >= 1000:
		d = date{first, second, third}
	case !full && sep == '.' && spaced && mark < len(src) && src[mark] == '.':
		j = mark
		if first >= 1000 {
			d = date{first, second, 0}
		} else {
			d = date{0, first, second}
		}
		if first < 1000 && second == 0 {
			return d, i, false
		}
	default:
		return d, i, false
	}
	if !d.valid() || full && d.day == 0 {
		return d, i, false
	}
	if j < len(src) {
		switch {
		case sep == '.' && src[j] == '.' && (spaced || !isDigitAt(src, j+1)):
			j++ // the last full stop of 2026. 11. 24. belongs to the date
		case src[j] == sep && isDigitAt(src, j+1):
			return d, i, false // a version or an address
		}
	}
	return d, j, true
}

// monthDay tells a date written 11/24 from a fraction: it is one when it cannot
// be a proper fraction of everyday use.
func monthDay(num, den uint64) bool {
	return num >= 1 && num <= 12 && den >= 1 && den <= 31 && (den > 12 || num >= den)
}

// A clock is a time of day or a length of time; second is 0 where it is not given.
type clock struct{ hour, minute, second uint64 }

// clockAt reads h:mm or h:mm:ss.
func clockAt(src []rune, i int) (c clock, end int, ok bool) {
	h, j, ok := smallInt(src, i)
	if !ok || j-i > 2 || h > 24 || j >= len(src) || src[j] != ':' || digitRun(src, j+1) != 2 {
		return c, i, false
	}
	m, j, _ := smallInt(src, j+1)
	c = clock{h, m, 0}
	if j < len(src) && src[j] == ':' && digitRun(src, j+1) == 2 {
		c.second, j, _ = smallInt(src, j+1)
	}
	if m > 59 || c.second > 59 || j < len(src) && src[j] == ':' && isDigitAt(src, j+1) {
		return c, i, false
	}
	return c, j, true
}

// phoneAt finds a number that is read digit by digit: a telephone, account or card
// number in groups. It returns where the groups end.
func phoneAt(src []rune, i int) (end int, ok bool) {
	j := i + digitRun(src, i)
	if j >= len(src) {
		return i, false
	}
	sep := src[j]
	trunk := src[i] == '0' && j-i >= 2 && j-i <= 4
	if sep != '-' && (!trunk || sep != ' ' && sep != '.') {
		return i, false
	}
	groups, total, first := 1, j-i, j-i
	last := first
	for j < len(src) && src[j] == sep && isDigitAt(src, j+1) {
		last = digitRun(src, j+1)
		j += 1 + last
		total += last
		groups++
	}
	switch {
	case groups >= 3 && total >= 8:
		return j, sep == '-' || last == 4
	case groups == 2 && sep == '-':
		service := first == 4 && last == 4 && src[i] == '1'
		local := first == 3 && last == 4 && (src[j-1] != '0' || src[j-2] != '0')
		return j, service || local || trunk && last >= 3
	}
	return i, false
}

// versionAt reports where a number of three or more parts, 3.5.1, ends.
func versionAt(src []rune, i int) (end int, ok bool) {
	j, parts := i, 0
	for {
		run := digitRun(src, j)
		if run == 0 {
			return i, false
		}
		j += run
		parts++
		if j >= len(src) || src[j] != '.' || !isDigitAt(src, j+1) {
			return j, parts >= 3
		}
		j++
	}
}

// arithmetic reports whether the text from i on, behind a number, goes on as a
// calculation: an operator with another number, or an equals sign.
func arithmetic(src []rune, i int) bool {
	i = skipSpaces(src, i)
	if i >= len(src) {
		return false
	}
	switch src[i] {
	case '=', '×', '÷':
		return true
	case '+':
		return isDigitAt(src, skipSpaces(src, i+1))
	}
	return false
}

// phrase reports whether the text at i starts with s.
func phrase(src []rune, i int, s string) bool {
	for _, r := range s {
		if i >= len(src) || src[i] != r {
			return false
		}
		i++
	}
	return true
}

// oneOf reports whether the text at i starts with one of the words.
func oneOf(src []rune, i int, words ...string) bool {
	for _, w := range words {
		if phrase(src, i, w) {
			return true
		}
	}
	return false
}

// endsIn reports whether the text before i, spaces aside, ends in s.
func endsIn(src []rune, i int, s []rune) bool {
	for i > 0 && src[i-1] == ' ' {
		i--
	}
	if i < len(s) {
		return false
	}
	for k, r := range s {
		if src[i-len(s)+k] != r {
			return false
		}
	}
	return true
}

func appendString(dst []rune, s string) []rune {
	for _, r := range s {
		dst = append(dst, r)
	}
	return dst
}

func skipSpaces(src []rune, i int) int {
	for i < len(src) && src[i] == ' ' {
		i++
	}
	return i
}

// before returns the last rune before i that is no space, or 0.
func before(src []rune, i int) rune {
	for i > 0 {
		i--
		if src[i] != ' ' {
			return src[i]
		}
	}
	return 0
}

// at returns src[i], or 0 outside.
func at(src []rune, i int) rune {
	if i < 0 || i >= len(src) {
		return 0
	}
	return src[i]
}

// digit is the value of the ASCII digit r.
func digit(r rune) uint64 { return uint64(r-'0') & 0xF }

func isDigit(r rune) bool              { return '0' <= r && r <= '9' }
func isDigitAt(src []rune, i int) bool { return i >= 0 && i < len(src) && isDigit(src[i]) }
func isUpper(r rune) bool              { return 'A' <= r && r <= 'Z' }
func isLower(r rune) bool              { return 'a' <= r && r <= 'z' }
func isLatin(r rune) bool              { return isUpper(r) || isLower(r) }
func isHangul(r rune) bool             { return '가' <= r && r <= '힣' }
func isJamo(r rune) bool               { return 'ㄱ' <= r && r <= 'ㅣ' }
func isHan(r rune) bool                { return unicode.Is(unicode.Han, r) }
func isKana(r rune) bool               { return 'ぁ' <= r && r <= 'ヿ' && r != '・' }
func isWord(r rune) bool {
	return isLatin(r) || isDigit(r) || isHangul(r) || isKana(r) || isHan(r)
}
