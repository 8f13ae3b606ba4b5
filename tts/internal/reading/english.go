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

func (e *english) say(s string)       { e.dst = appendString(e.dst, s) }
func (e *english) at(i int) rune      { return at(e.src, i) }
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

func (e *english) numeral(n numeral) {
	if n.quantity() {
		e.cardinal(n.value)
	} else {
		e.digits(n.whole)
	}
	if n.frac != nil {
		e.fraction(n.frac)
	}
}

func (e *english) fraction(digits []rune) {
	e.say(" point ")
	e.digits(digits)
}

func (e *english) digits(digits []rune) {
	for _, r := range digits {
		if isDigit(r) {
			e.space()
			e.say(enOnes[r-'0'])
		}
	}
}

func (e *english) cardinal(v uint64) {
	if v == 0 {
		e.say("zero")
		return
	}
	const thousands = 6
	for p := thousands; p >= 0; p-- {
		unit := uint64(1)
		for range p {
			unit *= 1000
		}
		group := v / unit % 1000
		if group == 0 {
			continue
		}
		e.space()
		e.hundreds(group)
		if p > 0 {
			e.say(" ")
			e.say(enPowers[p])
		}
	}
}

func (e *english) hundreds(v uint64) {
	if v >= 100 {
		e.say(enOnes[v/100])
		e.say(" hundred")
		if v %= 100; v == 0 {
			return
		}
		e.say(" ")
	}
	e.tens(v)
}

func (e *english) tens(v uint64) {
	if v < 20 {
		e.say(enOnes[v])
		return
	}
	e.say(enTens[v/10])
	if v%10 > 0 {
		e.say("-")
		e.say(enOnes[v%10])
	}
}

// ordinal says the cardinal with its last word made ordinal.
func (e *english) ordinal(v uint64) {
	e.cardinal(v)
	i := len(e.dst)
	for i > 0 && isLatin(e.dst[i-1]) {
		i--
	}
	last := e.dst[i:]
	if s, ok := lookup(enOrdinals, last); ok {
		e.dst = appendString(e.dst[:i], s)
		return
	}
	if n := len(e.dst); e.dst[n-1] == 'y' {
		e.dst = appendString(e.dst[:n-1], "ieth")
		return
	}
	e.say("th")
}

// year says a year in pairs: nineteen oh five, two thousand nine, twenty twenty-six.
func (e *english) year(v uint64) {
	century, rest := v/100, v%100
	switch {
	case century%10 == 0 && rest < 10 || v < 1100:
		e.cardinal(v)
	case rest == 0:
		e.tens(century)
		e.say(" hundred")
	case rest < 10:
		e.tens(century)
		e.say(" oh ")
		e.tens(rest)
	default:
		e.tens(century)
		e.say(" ")
		e.tens(rest)
	}
}

// decade reads 1990s and 90s.
func (e *english) decade(n numeral) {
	if n.digits == 4 {
		e.year(n.value)
	} else {
		e.cardinal(n.value)
	}
	if k := len(e.dst); e.dst[k-1] == 'y' {
		e.dst = appendString(e.dst[:k-1], "ies")
	} else {
		e.say("s")
	}
	e.i++
}

var (
	enOnes = [20]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"}
	enTens     = [10]string{2: "twenty", 3: "thirty", 4: "forty", 5: "fifty", 6: "sixty", 7: "seventy", 8: "eighty", 9: "ninety"}
	enPowers   = [7]string{1: "thousand", 2: "million", 3: "billion", 4: "trillion", 5: "quadrillion", 6: "quintillion"}
	enOrdinals = map[string]string{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
	enMonths   = [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
		"November", "December"}
	enMonthShort = map[string]string{"jan": "January", "feb": "February", "mar": "March", "apr": "April", "jun": "June", "jul": "July",
		"aug": "August", "sep": "September", "sept": "September", "oct": "October", "nov": "November", "dec": "December"}

	// enAbbreviations stand before a full stop that belongs to them.
	enAbbreviations = map[string]string{"dr": "Doctor", "mr": "Mister", "mrs": "Missus", "ms": "Miz", "prof": "Professor", "etc": "et cetera",
		"vs": "versus", "jr": "Junior", "sr": "Senior", "inc": "Incorporated", "ltd": "Limited", "co": "Company", "corp": "Corporation",
		"dept": "Department", "approx": "approximately", "est": "established", "capt": "Captain", "lt": "Lieutenant", "gen": "General",
		"sgt": "Sergeant", "gov": "Governor", "sen": "Senator", "rep": "Representative", "rev": "Reverend", "ave": "Avenue", "blvd": "Boulevard",
		"mt": "Mount", "ft": "Fort", "fig": "figure", "vol": "volume", "min": "minimum", "max": "maximum", "apt": "apartment"}

	enWords = map[string]string{"e.g": "for example", "i.e": "that is", "24/7": "twenty-four seven", "w/o": "without", "and/or": "and or",
		"ok": "okay", "wi-fi": "Wi-Fi", "c++": "C plus plus", "c#": "C sharp", "a/c": "A C", "9/11": "nine eleven", "covid-19": "COVID nineteen", "mp3": "M P three"}

	// enPronounced are acronyms that are said as words.
	enPronounced = wordSet(`nasa nato unesco unicef fifa opec aids covid laser radar scuba asean apec fema darpa nafta potus scotus
		yolo lol asap ram rom sim pin gif jpeg json captcha swat moma ikea lego sony nerf aesop`)
)

// word reads a word in Latin letters at e.i.
func (e *english) word() {
	src, i := e.src, e.i
	if end := compoundEnd(src, i); end > i {
		if s, ok := lookup(enWords, src[i:end]); ok && (end == i+2 || end > i+2) {
			e.space()
			e.say(s)
			if at(src, end) == '.' && at(src, end-2) == '.' && !e.ends(end) {
				end++ // the last full stop of e.g.
			}
			e.i = end
			return
		}
	}
	end := latinRun(src, i)
	word := src[i:end]
	e.i = end
	if len(word) == 1 && e.dotted() {
		return
	}
	if at(src, end) == '.' && e.abbreviation(word) {
		return
	}
	if at(src, end) == '/' && len(word) == 1 && word[0] == 'w' {
		e.say("with ")
		e.i = end + 1
		return
	}
	if at(src, end) == '$' && phrase(word, 0, "US") {
		return
	}
	if s, ok := lookup(enMonthShort, word); ok && isUpper(word[0]) && at(src, end) == ' ' && isDigitAt(src, end+1) {
		e.say(s) // Jan 1
		return
	}
	if initials(word) && !roman(word) {
		if _, said := lookup(enPronounced, word); !said {
			e.spell(word)
			e.tail()
			return
		}
	}
	e.dst = append(e.dst, word...)
	e.tail()
}

// tail reads the mark between a word and what it is joined to: GPT-4, Node.js.
func (e *english) tail() {
	next := e.at(e.i + 1)
	switch r := e.at(e.i); {
	case isDigit(r):
		e.say(" ")
	case r == '-' && isDigit(next):
		e.say(" ")
		e.i++
	case r == '/' && isLatin(next):
		e.say(" ")
		e.i++
	case r == '.' && isLower(next):
		e.say(" dot ")
		e.i++
	}
}

// dotted reads U.S.A. and a.m. as letters; e.i is behind the first of them.
func (e *english) dotted() bool {
	first := e.i - 1
	if e.at(e.i) != '.' || !isLatin(e.at(e.i+1)) || isLatin(e.at(e.i+2)) {
		return false
	}
	for j := first; isLatin(e.at(j)) && !isLatin(e.at(j+1)); j += 2 {
		e.space()
		e.dst = append(e.dst, e.src[j]&^0x20)
		e.i = j + 1
		if e.at(j+1) != '.' {
			return true
		}
	}
	if !e.ends(e.i) {
		e.i++
	}
	return true
}

// ends reports whether the full stop at i also ends the sentence.
func (e *english) ends(i int) bool { return skipSpaces(e.src, i+1) >= len(e.src) }

// abbreviation says the word in full that stands before the full stop at e.i.
func (e *english) abbreviation(word []rune) bool {
	next := skipSpaces(e.src, e.i+1)
	s, ok := lookup(enAbbreviations, word)
	switch {
	case len(word) == 2 && phrase(word, 0, "St"):
		s, ok = "Saint", isUpper(e.at(next))
		if n := len(e.dst); n >= 2 && isLower(e.dst[n-2]) && !ok {
			s, ok = "Street", true
		}
	case len(word) == 2 && phrase(word, 0, "No"):
		s, ok = "number", isDigit(e.at(next))
	case isUpper(word[0]) && isMonth(word) && len(word) <= 4:
		s, _ = lookup(enMonthShort, word)
		ok = isDigit(e.at(next)) || next < len(e.src)
	case ok && len(word) <= 3 && isLower(word[0]) && word[0] != 'e' && word[0] != 'v':
		ok = false // min. at the end of a sentence is a word
	}
	if !ok || s == "" {
		return false
	}
	e.say(s)
	if next < len(e.src) {
		e.i++
	}
	return true
}

// roman reports whether a word of capitals is a Roman numeral below fifty.
func roman(word []rune) bool {
	for _, r := range word {
		if r != 'I' && r != 'V' && r != 'X' {
			return false
		}
	}
	return len(word) < 6
}

// spell says a word letter by letter, its plural s joined to the last.
func (e *english) spell(word []rune) {
	for i, r := range word {
		if i > 0 && isUpper(r) {
			e.say(" ")
		}
		e.dst = append(e.dst, r)
	}
}
