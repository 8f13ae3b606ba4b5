package reading

// English appends src to dst as American English says it: years in pairs, money,
// times, dates, units and fractions in words, abbreviations in full, acronyms letter
// by letter (A I) unless they are said as a word (NASA). Roman numerals stay.
func English(dst, src []rune) []rune {
	e := english{src: src, dst: dst}
	for e.i < len(src) {
		switch r := src[e.i]; {
		case isDigit(r):
			e.number()
		case isLatin(r):
			e.word()
		default:
			e.symbol(r)
		}
	}
	return e.dst
}

// An english is one reading under way: src[:i] has been said, in dst.
type english struct {
	src, dst []rune
	i        int
}

func (e *english) say(s string) { e.dst = appendString(e.dst, s) }

func (e *english) at(i int) rune { return at(e.src, i) }

func (e *english) saySpaced(s string) { e.space(); e.say(s); e.say(" ") }

func (e *english) space() {
	if n := len(e.dst); n > 0 && isWord(e.dst[n-1]) {
		e.dst = append(e.dst, ' ')
	}
}

func (e *english) symbol(r rune) {
	i := e.i
	e.i++
	next := e.at(i + 1)
	number := isDigit(before(e.src, i))
	switch r {
	case '&':
		e.saySpaced("and")
	case '+':
		e.saySpaced("plus")
	case '/':
		if number && isDigitAt(e.src, skipSpaces(e.src, i+1)) {
			e.saySpaced("divided by")
			return
		}
		e.dst = append(e.dst, r)
	case '=':
		e.saySpaced("equals")
	case '×':
		e.saySpaced("times")
	case '÷':
		e.saySpaced("divided by")
	case '%':
		e.saySpaced("percent")
	case '°':
		e.saySpaced("degrees")
	case '²':
		e.saySpaced("squared")
	case '³':
		e.saySpaced("cubed")
	case '±':
		e.saySpaced("plus or minus")
	case '≈':
		e.saySpaced("about")
	case '√':
		e.saySpaced("root")
	case '∞':
		e.saySpaced("infinity")
	case '@':
		if isWord(next) && isWord(e.at(i-1)) || next == ' ' {
			e.saySpaced("at")
		}
	case '#':
		if isDigit(next) {
			e.saySpaced("number")
		}
	case '-', '−':
		switch {
		case isDigit(next) && !number && !isWord(e.at(i-1)):
			e.saySpaced("minus")
		case number && (r == '−' || e.at(i-1) == ' ' && next == ' ') && isDigit(e.at(skipSpaces(e.src, i+1))):
			e.saySpaced("minus")
		default:
			e.dst = append(e.dst, r)
		}
	case '~':
		switch {
		case number && isDigit(next):
			e.saySpaced("to")
		case isDigit(next):
			e.saySpaced("about")
		default:
			e.dst = append(e.dst, r)
		}
	case '.':
		if isDigit(next) && !isWord(e.at(i-1)) {
			e.space()
			e.say("zero")
			e.i--
			e.fraction(e.src[i+1 : i+1+digitRun(e.src, i+1)])
			e.i = i + 1 + digitRun(e.src, i+1)
			return
		}
		e.dst = append(e.dst, r)
	case '\'':
		// '90s: the apostrophe stands for the century.
		if isDigit(next) && !isWord(e.at(i-1)) {
			return
		}
		e.dst = append(e.dst, r)
	default:
		if c, ok := currencyOf(r); ok {
			if j := skipSpaces(e.src, i+1); isDigitAt(e.src, j) {
				e.money(c, j)
			}
			return
		}
		e.dst = append(e.dst, r)
	}
}

func (e *english) number() {
	src, i := e.src, e.i
	if end := compoundEnd(src, i); end > i {
		if s, ok := lookup(enWords, src[i:end]); ok {
			e.space()
			e.say(s)
			e.i = end
			return
		}
	}
	e.space()
	if d, end, ok := dateAt(src, i); ok && d.year > 0 {
		e.date(d)
		e.i = end
		return
	}
	if end, ok := phoneAt(src, i); ok {
		e.groups(end)
		return
	}
	if c, end, ok := clockAt(src, i); ok {
		e.clock(c, end)
		return
	}
	if end, ok := versionAt(src, i); ok {
		e.version(end)
		return
	}
	n := scanNumeral(src, i)
	e.i = n.end
	next := e.at(n.end)
	more := isDigitAt(src, n.end+1)
	switch {
	case n.frac == nil && next == '/' && more:
		if isDigitAt(src, i-2) && at(src, i-1) == ' ' && n.value < 10 {
			e.say("and ") // 2 1/2
		}
		e.slash(n)
		return
	case n.frac == nil && next == '\'' && more:
		e.numeral(n)
		e.say(" foot ") // 5'6
		e.i++
		return
	case (next == 'K' || next == 'M') && !isLatin(at(src, n.end+1)) && !more:
		scale, end := e.scale(n.end)
		e.numeral(n)
		e.say(" ")
		e.say(scale)
		e.i = end
		return
	case n.frac == nil && next == ':' && more:
		e.numeral(n)
		e.say(" to ")
		e.i = n.end + 1
		return
	case (next == '-' || next == '–' || next == '~') && more:
		m := scanNumeral(src, n.end+1)
		e.quantityOrYear(n, n.end)
		switch {
		case next == '-' && isLatin(e.at(i-1)):
			e.say(" ") // a model's name
		case next == '-' && arithmetic(src, m.end):
			e.say(" minus ")
		default:
			e.say(" to ")
		}
		e.i = n.end + 1
		return
	}
	if end := n.end + 2; n.frac == nil && isLatin(next) && !isLatin(e.at(end)) && !isDigitAt(src, end) {
		if suffix := [2]rune{next | 0x20, e.at(n.end+1) | 0x20}; suffix == [2]rune{'s', 't'} || suffix == [2]rune{'n', 'd'} || suffix == [2]rune{'r', 'd'} || suffix == [2]rune{'t', 'h'} {
			if n.digits <= maxDigits {
				e.ordinal(n.value)
				e.i = end
				return
			}
		}
	}
	if next == 's' && !isLatin(e.at(n.end+1)) && n.frac == nil && n.digits >= 2 && n.digits <= 4 && n.value%10 == 0 {
		e.decade(n)
		return
	}
	if next == '\'' && e.at(n.end+1) == 's' && n.digits == 4 && n.value%10 == 0 {
		e.i++
		e.decade(n)
		e.i = n.end + 2
		return
	}
	if u, end := unitAt(src, n.end); u != nil {
		e.numeral(n)
		e.say(" ")
		if n.is(1) {
			e.say(u.en)
		} else {
			e.say(u.plural)
		}
		e.i = end
		return
	}
	if half, end := e.half(n.end); half != "" && n.frac == nil && n.value >= 1 && n.value <= 12 && e.capital(n.end) {
		e.numeral(n)
		e.say(half)
		e.i = end
		return
	}
	if n.digits == 3 && n.is(911) && next != ' ' {
		e.digits(n.whole)
		return
	}
	if month := e.monthBehind(n); month {
		return
	}
	if e.monthBefore(n) {
		return
	}
	e.quantityOrYear(n, n.end)
	if isLatin(next) {
		e.say(" ")
	}
}

// monthBefore reads the day behind a month's name: November 24, Nov. 24.
func (e *english) monthBefore(n numeral) bool {
	if n.frac != nil || n.digits > 2 || n.value < 1 || n.value > 31 {
		return false
	}
	j := n.start
	for j > 0 && (e.src[j-1] == ' ' || e.src[j-1] == '.') {
		j--
	}
	end := j
	for j > 0 && isLatin(e.src[j-1]) {
		j--
	}
	if end == n.start || !isMonth(e.src[j:end]) {
		return false
	}
	e.ordinal(n.value)
	return true
}

// monthBehind reads the day in front of a month's name: 24 November 2026.
func (e *english) monthBehind(n numeral) bool {
	if n.frac != nil || n.digits > 2 || n.value < 1 || n.value > 31 || e.at(n.end) != ' ' {
		return false
	}
	end := latinRun(e.src, n.end+1)
	if !isMonth(e.src[n.end+1 : end]) {
		return false
	}
	if !endsIn(e.src, n.start, []rune("the")) {
		e.say("the ")
	}
	e.ordinal(n.value)
	e.say(" of")
	return true
}

func isMonth(word []rune) bool {
	if len(word) < 3 || !isUpper(word[0]) {
		return false
	}
	for _, m := range enMonths {
		if len(word) == len(m) && phrase(word, 0, m) {
			return true
		}
	}
	if s, ok := lookup(enMonthShort, word); ok {
		return s != ""
	}
	return false
}

// slash reads 11/24/2026 and 11/24 as dates, 3/4 as a fraction.
func (e *english) slash(n numeral) {
	m := scanNumeral(e.src, n.end+1)
	if e.at(m.end) == '/' && isDigitAt(e.src, m.end+1) && m.frac == nil {
		y := scanNumeral(e.src, m.end+1)
		d := date{y.value, n.value, m.value}
		if n.digits <= 2 && m.digits <= 2 && y.digits == 4 && d.valid() && d.day > 0 {
			e.date(d)
			e.i = y.end
			return
		}
	}
	e.i = m.end
	switch {
	case m.frac != nil || n.digits > 3 || m.digits > 3 || n.value == 0 || m.value == 0:
		e.numeral(n)
		e.say(" slash ")
		e.numeral(m)
	case monthDay(n.value, m.value) && n.value != m.value:
		e.date(date{0, n.value, m.value})
	case n.value >= m.value:
		e.numeral(n)
		e.say(" over ")
		e.numeral(m)
	case m.value == 2:
		e.say("one half")
	default:
		e.numeral(n)
		e.say(" ")
		if m.value == 4 {
			e.say("quarter")
		} else {
			e.ordinal(m.value)
		}
		if n.value > 1 {
			e.say("s")
		}
	}
}

// groups reads a number digit by digit with a comma between its groups.
func (e *english) groups(end int) {
	for ; e.i < end; e.i++ {
		if r := e.src[e.i]; isDigit(r) {
			e.space()
			e.say(enOnes[r-'0'])
		} else {
			e.say(", ")
		}
	}
}

func (e *english) version(end int) {
	for e.i < end {
		run := digitRun(e.src, e.i)
		e.space()
		e.numeral(scanNumeral(e.src[:e.i+run], e.i))
		e.i += run
		if e.i < end {
			e.say(" point ")
			e.i++
		}
	}
}

func (e *english) date(d date) {
	e.say(enMonths[d.month-1])
	if d.day > 0 {
		e.say(" ")
		e.ordinal(d.day)
	}
	if d.year > 0 {
		if d.day > 0 {
			e.say(",")
		}
		e.say(" ")
		e.year(d.year)
	}
}

// clock reads a time, with P M or o'clock behind it.
func (e *english) clock(c clock, end int) {
	e.cardinal(c.hour)
	half, stop := e.half(end)
	switch {
	case c.minute == 0 && half == "" && c.second == 0 && c.hour <= 12:
		e.say(" o'clock")
	case c.minute == 0 && half == "":
		e.say(" hundred")
	case c.minute > 0 && c.minute < 10:
		e.say(" oh ")
		e.cardinal(c.minute)
	case c.minute > 0:
		e.say(" ")
		e.cardinal(c.minute)
	}
	if c.second > 0 {
		e.say(" and ")
		e.cardinal(c.second)
		e.say(" seconds")
	}
	if half != "" {
		e.say(half)
	}
	e.i = stop
	if r := e.at(stop); (r == '-' || r == '–') && isDigitAt(e.src, stop+1) {
		e.say(" to ")
		e.i++
	}
}

// half finds am, PM or p.m. behind a time.
func (e *english) half(i int) (said string, end int) {
	j := skipSpaces(e.src, i)
	first := e.at(j) | 0x20
	if first != 'a' && first != 'p' {
		return "", i
	}
	k := j + 1
	dots := e.at(k) == '.'
	if dots {
		k++
	}
	if e.at(k)|0x20 != 'm' || isLatin(e.at(k+1)) {
		return "", i
	}
	k++
	// The full stop of p.m. is kept where it ends the sentence.
	if dots && e.at(k) == '.' && e.at(k+1) != 0 && skipSpaces(e.src, k+1) < len(e.src) && !isUpper(e.at(skipSpaces(e.src, k+1))) {
		k++
	}
	if first == 'a' {
		return " A M", k
	}
	return " P M", k
}

// capital reports whether the am or pm at i cannot be the verb: AM, a.m., or 9am.
func (e *english) capital(i int) bool {
	j := skipSpaces(e.src, i)
	return j == i || isUpper(e.at(j)) || e.at(j+1) == '.' || e.at(j) == 'p'
}

// money reads an amount at j behind the currency's sign.
func (e *english) money(c currency, j int) {
	e.space()
	n := scanNumeral(e.src, j)
	e.i = n.end
	scale, end := e.scale(n.end)
	switch {
	case scale != "":
		e.numeral(n)
		e.say(" ")
		e.say(scale)
		e.i = end
		e.say(" ")
		e.say(c.plural)
	case len(n.frac) == 2 && c.cent != "" && n.quantity():
		cents := digit(n.frac[0])*10 + digit(n.frac[1])
		if n.value > 0 || cents == 0 {
			e.cardinal(n.value)
			e.unitName(c, n.value)
		}
		if cents > 0 {
			if n.value > 0 {
				e.say(" and ")
			}
			e.cardinal(cents)
			e.say(" ")
			switch {
			case cents > 1:
				e.say(c.cent)
			case c.cent == "pence":
				e.say("penny")
			default:
				e.say("cent")
			}
		}
	default:
		e.numeral(n)
		if n.is(1) {
			e.unitName(c, 1)
		} else {
			e.unitName(c, 2)
		}
	}
	if isLatin(e.at(e.i)) {
		e.say(" ")
	}
}

func (e *english) unitName(c currency, v uint64) {
	e.say(" ")
	if v == 1 {
		e.say(c.en)
	} else {
		e.say(c.plural)
	}
}

// scale finds the million of $5 million or $5M.
func (e *english) scale(i int) (name string, end int) {
	j := i
	if e.at(j) == ' ' {
		j++
	}
	end = latinRun(e.src, j)
	word := e.src[j:end]
	if len(word) == 1 && j > i {
		return "", i
	}
	name, _ = lookup(enScaleNames, word)
	return name, end
}

var enScaleNames = map[string]string{"k": "thousand", "m": "million", "b": "billion", "bn": "billion", "t": "trillion",
	"thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion"}

// quantityOrYear reads a number of four digits that ends at end as a year, unless what
// follows says that things are counted.
func (e *english) quantityOrYear(n numeral, end int) {
	if len(n.whole) == 4 && n.frac == nil && n.value >= 1100 && n.value < 2100 && !e.counts(end) {
		e.year(n.value)
		return
	}
	e.numeral(n)
}

// counts reports whether a plural noun behind a number of four digits says that it
// is a quantity and no year.
func (e *english) counts(i int) bool {
	if e.at(i) != ' ' {
		return isLatin(e.at(i))
	}
	end := latinRun(e.src, i+1)
	word := e.src[i+1 : end]
	if len(word) == 6 && phrase(word, 0, "people") {
		return true
	}
	if len(word) < 4 || word[len(word)-1] != 's' || !isLower(word[0]) {
		return false
	}
	_, verb := lookup(enVerbs, word)
	return !verb
}

var enVerbs = wordSet(`does goes seems looks feels marks sees this always starts begins ends brings comes makes towards perhaps sometimes`)
