package reading

// negative reads a number with a minus sign; k.i is behind the sign. Degrees below
// nought are 영하, anything else is 마이너스.
func (k *korean) negative() {
	n := scanNumeral(k.src, k.i)
	j := skipSpaces(k.src, n.end)
	k.space()
	if k.at(j) == '°' && k.at(j+1) != 'F' || k.at(j) == '도' {
		k.say("영하 ")
	} else {
		k.say("마이너스 ")
	}
	k.number()
}

// number reads whatever starts with the digit at k.i.
func (k *korean) number() {
	src, i := k.src, k.i
	if end := compoundEnd(src, i); end > i {
		if s, ok := lookup(koWords, src[i:end]); ok {
			k.space()
			k.say(s)
			k.i = end
			return
		}
	}
	if !k.serial(i) {
		k.space()
	}
	if d, end, ok := dateAt(src, i); ok {
		k.date(d)
		k.i = end
		return
	}
	if end, ok := phoneAt(src, i); ok {
		k.groups(end)
		return
	}
	if c, end, ok := clockAt(src, i); ok && !k.ratioAhead(end) {
		k.clock(c, end)
		return
	}
	if end, ok := versionAt(src, i); ok {
		k.version(end)
		return
	}
	if k.dayName() {
		return
	}
	n := scanNumeral(src, i)
	switch at(src, n.end) {
	case ':':
		if n.frac == nil && isDigitAt(src, n.end+1) {
			k.pair(n, n.end+1, " 대 ")
			return
		}
	case '/':
		if n.frac == nil && isDigitAt(src, n.end+1) {
			k.slash(n)
			return
		}
	case '-', '~', '–':
		if isDigitAt(src, n.end+1) {
			k.joined(n)
			return
		}
	case ',':
		if k.eitherOr(n) {
			return
		}
	case ' ':
		if oneOf(src, n.end, " : ") && isDigitAt(src, n.end+3) {
			k.pair(n, n.end+3, " 대 ")
			return
		}
	}
	k.counted(n)
}

// ratioAhead reports whether a number written like a time, 1:10, is a ratio.
func (k *korean) ratioAhead(end int) bool {
	return oneOf(k.src, skipSpaces(k.src, end), "비율", "비로", "스코어", "축척", "로 이", "으로 이", "로 졌", "으로 졌", "로 승", "으로 승")
}

// pair reads the number n, a word, and the number at j.
func (k *korean) pair(n numeral, j int, word string) {
	k.numeral(n)
	k.say(word)
	m := scanNumeral(k.src, j)
	k.i = j
	k.counted(m)
}

// slash reads 11/24 as a date, 1/2 as a fraction, and anything else (120/80) as two
// numbers.
func (k *korean) slash(n numeral) {
	m := scanNumeral(k.src, n.end+1)
	if m.frac != nil || at(k.src, m.end) == '/' || n.digits > 4 || m.digits > 4 {
		k.pair(n, n.end+1, " ")
		return
	}
	num, den := n.value, m.value
	day := monthDay(num, den) || num <= 12 && num > 0 && den <= 31 && den > 0 && oneOf(k.src, m.end, "에 ", "까지", "부터", " 오전", " 오후")
	switch {
	case arithmetic(k.src, m.end):
		k.numeral(n)
		k.say(" 나누기 ")
		k.numeral(m)
	case day:
		k.date(date{0, num, den})
	case num < den:
		k.numeral(m)
		k.say("분의 ")
		k.numeral(n)
		if _, j, ok := k.counter(m.end); ok {
			k.counterAt(j)
			return
		}
	default:
		k.numeral(n)
		k.say(" ")
		k.numeral(m)
	}
	k.i = m.end
}

// joined reads two numbers with a dash or tilde between, where n is the first: a
// range with its counter, a subtraction, a score, or a house number.
func (k *korean) joined(n numeral) {
	src := k.src
	m := scanNumeral(src, n.end+1)
	dash := src[n.end] != '~'
	if dash && isLatin(k.at(n.start-1)) {
		k.numeral(n)
		k.say(" ")
		k.i = m.start
		k.counted(m)
		return // a model's name
	}
	if dash && arithmetic(src, m.end) {
		k.numeral(n)
		k.say(" 빼기 ")
		k.numeral(m)
		k.i = m.end
		return
	}
	c, j, counted := k.counter(m.end)
	u, _ := unitAt(src, m.end)
	ascending := n.frac != nil || m.frac != nil || n.digits <= maxDigits && m.digits <= maxDigits && n.value < m.value
	if dash && (!ascending || !counted && u == nil && !koScale(at(src, m.end))) {
		switch {
		case ascending && (src[n.end] == '–' || n.digits == 4 && m.digits == 4):
			k.numeral(n)
			k.say("에서 ")
		case oneOf(src, m.end, "로 ", "으로 ", " 승", " 패", " 무"):
			k.numeral(n)
			k.say(" 대 ")
		default:
			k.numeral(n)
			k.say(" 다시 ")
		}
		k.i = m.start
		k.counted(m)
		return
	}
	if counted && n.frac == nil && n.digits == 1 && n.value >= 2 && n.value <= 8 && m.is(10*(n.value+1)) {
		k.say(koAboutSino[n.value]) // 3~40분 is 삼사십 분
		k.say("십")
		k.counterAt(j)
		return
	}
	if counted && n.frac == nil && m.frac == nil && n.quantity() && m.quantity() {
		neighbours := m.value == n.value+1 && n.value >= 1 && m.value <= 9
		switch isNative := c.native(m.value); {
		case neighbours && isNative && c.kind != hours && c.kind != ordinal:
			k.say(koAbout[n.value])
			k.counterAt(j)
			return
		case neighbours && !isNative && n.value >= 2 && c.kind != months:
			k.say(koAboutSino[n.value])
			k.counterAt(j)
			return
		case isNative || c.kind == months || c.kind == hours:
			k.amount(n, c, m.end)
			if c.kind == months {
				k.say("월")
			} else {
				k.say(" ")
				k.dst = append(k.dst, c.name...)
			}
			k.say("에서 ")
			k.i = m.start
			k.counted(m)
			return
		}
	}
	k.numeral(n)
	k.say("에서 ")
	k.i = m.start
	k.counted(m)
}

// eitherOr reads 5,6명 as 대여섯 명; n is the first number. It reports false if this is
// a list, 1,2,3번.
func (k *korean) eitherOr(n numeral) bool {
	if n.frac != nil || n.digits != 1 || !isDigitAt(k.src, n.end+1) || k.at(n.start-1) == ',' {
		return false
	}
	m := scanNumeral(k.src, n.end+1)
	if m.frac != nil || m.digits != 1 || m.value != n.value+1 || n.value == 0 {
		return false
	}
	c, j, ok := k.counter(m.end)
	switch {
	case !ok || c.kind == hours || c.kind == ordinal || c.kind == months:
		return false
	case c.native(m.value):
		k.say(koAbout[n.value])
	case n.value >= 2:
		k.say(koAboutSino[n.value])
	default:
		return false
	}
	k.counterAt(j)
	return true
}

// counted reads n with the scale, unit or counter behind it.
func (k *korean) counted(n numeral) {
	src := k.src
	k.i = n.end
	if !n.quantity() && n.frac == nil {
		c, j, ok := k.counter(n.end)
		switch {
		case !ok:
			k.code(n)
		case n.digits == 2 && c.padded():
			k.amount(n, c, j)
			k.behind(c, j)
		default:
			k.code(n)
			k.behind(c, j)
		}
		return
	}
	if n.frac == nil && n.digits >= 4 && k.named(n.start, koCodes) {
		k.code(n)
		return
	}
	if u, end := unitAt(src, n.end); u != nil {
		if u.koBefore != "" && !endsIn(src, n.start, []rune(u.koBefore)) {
			k.say(u.koBefore)
			k.say(" ")
		}
		k.numeral(n)
		k.say(" ")
		k.say(u.ko)
		k.i = end
		return
	}
	if s := k.scaleAt(n.end); s > 0 {
		k.scaled(n, s)
		return
	}
	c, j, ok := k.counter(n.end)
	if !ok {
		if n.frac == nil && emergency(n) && (k.at(n.end) == '에' || k.at(n.end) == '로' || k.nextWord(n.end) == '구') {
			k.digitsOf(n.whole)
			return
		}
		k.numeral(n)
		return
	}
	k.amount(n, c, j)
	k.behind(c, j)
}

func emergency(n numeral) bool { return n.is(119) || n.is(112) || n.is(114) || n.is(911) }

// scaleAt counts the scales (천만, 억) that follow a number directly.
func (k *korean) scaleAt(i int) int {
	if !koScale(k.at(i)) || oneOf(k.src, i, koNoScale...) {
		return 0
	}
	n := 1
	for n < 3 && koScale(k.at(i+n)) && !oneOf(k.src, i+n, koNoScale...) {
		n++
	}
	return n
}

// scaled reads n with count scales behind it, 5천만, and separates what follows.
func (k *korean) scaled(n numeral, count int) {
	scale := k.src[n.end]
	if !n.is(1) || scale == '억' || scale == '조' || scale == '경' {
		k.numeral(n)
	}
	k.copyTo(n.end + count)
	next := k.at(k.i)
	if isDigit(next) {
		k.say(" ")
		return
	}
	if _, _, ok := k.counter(k.i); ok && next != ' ' {
		k.say(" ")
	}
}

// money reads an amount at j behind the currency's sign: $100만 is 백만 달러.
func (k *korean) money(c currency, j int) {
	k.space()
	n := scanNumeral(k.src, j)
	k.i = n.end
	if s := k.scaleAt(n.end); s > 0 {
		k.scaled(n, s)
	} else if v, ok := n.shifted(k.at(n.end)); ok && !isLatin(k.at(n.end+1)) {
		k.dst = appendSino(k.dst, v)
		k.i++
	} else {
		k.numeral(n)
	}
	k.saySpaced(c.ko)
	k.trimSpaces()
}

// numeral reads n as a Sino-Korean quantity, or digit by digit if it is none.
func (k *korean) numeral(n numeral) {
	if n.quantity() {
		k.dst = appendSino(k.dst, n.value)
	} else {
		k.digitsOf(n.whole)
	}
	if n.frac != nil {
		k.say(" 점 ")
		k.digitsOf(n.frac)
	}
}

// digitsOf reads digits one by one, nought as 영; commas are skipped.
func (k *korean) digitsOf(digits []rune) {
	for _, r := range digits {
		if isDigit(r) {
			k.say(koDigits[r-'0'])
		}
	}
}

// code reads a number that starts with a nought, digit by digit and nought as 공; a
// mobile number without hyphens in its three groups.
func (k *korean) code(n numeral) {
	for i, r := range n.whole {
		if n.whole[0] == '0' && (n.digits == 10 || n.digits == 11) && (i == 3 || i == n.digits-4) {
			k.say(" ")
		}
		k.codeDigit(r)
	}
	if n.frac != nil {
		k.say(" 점 ")
		k.digitsOf(n.frac)
	}
}

func (k *korean) codeDigit(r rune) {
	switch {
	case r == '0':
		k.say("공")
	case isDigit(r):
		k.say(koDigits[r-'0'])
	}
}

// groups reads a telephone number that ends at end: 공일공 일이삼사 오육칠팔.
func (k *korean) groups(end int) {
	for ; k.i < end; k.i++ {
		if isDigit(k.src[k.i]) {
			k.codeDigit(k.src[k.i])
		} else {
			k.say(" ")
		}
	}
}

// version reads 3.5.1 with a 점 at each point.
func (k *korean) version(end int) {
	for k.i < end {
		run := digitRun(k.src, k.i)
		n := scanNumeral(k.src[:k.i+run], k.i)
		k.numeral(n)
		k.i += run
		if k.i < end {
			k.say(" 점 ")
			k.i++
		}
	}
}

// dayName reads a day of remembrance, 6·25 or 4.19 혁명, digit by digit.
func (k *korean) dayName() bool {
	run := digitRun(k.src, k.i)
	dot := k.at(k.i + run)
	after := digitRun(k.src, k.i+run+1)
	if run > 2 || after == 0 || after > 2 || dot != '·' && dot != 'ㆍ' && dot != '.' {
		return false
	}
	if dot == '.' && !oneOf(k.src, skipSpaces(k.src, k.i+run+1+after), "테러", "혁명", "민주", "운동", "사태", "의거", "전쟁", "항쟁", "광복") {
		return false
	}
	k.digitsOf(k.src[k.i : k.i+run])
	k.digitsOf(k.src[k.i+run+1 : k.i+run+1+after])
	k.i += run + 1 + after
	return true
}

func (k *korean) date(d date) {
	if d.year > 0 {
		k.dst = appendSino(k.dst, d.year)
		k.say(" 년 ")
	}
	switch d.month {
	case 6:
		k.say("유월")
	case 10:
		k.say("시월")
	default:
		k.dst = appendSino(k.dst, d.month)
		k.say("월")
	}
	if d.day > 0 {
		k.say(" ")
		k.dst = appendSino(k.dst, d.day)
		k.say(" 일")
	}
}

// clock reads a time that ends at end, and an AM or PM behind it first.
func (k *korean) clock(c clock, end int) {
	j := skipSpaces(k.src, end)
	if stop := latinRun(k.src, j); stop == j+2 {
		if s, ok := lookup(koHalves, k.src[j:stop]); ok {
			k.say(s)
			k.say(" ")
			end = stop
		}
	}
	if c.hour >= 1 && c.hour <= 12 {
		k.dst = appendNative(k.dst, c.hour)
	} else {
		k.dst = appendSino(k.dst, c.hour)
	}
	k.say(" 시")
	if c.minute > 0 {
		k.say(" ")
		k.dst = appendSino(k.dst, c.minute)
		k.say(" 분")
	}
	if c.second > 0 {
		k.say(" ")
		k.dst = appendSino(k.dst, c.second)
		k.say(" 초")
	}
	k.i = end
	if r := k.at(end); (r == '-' || r == '–') && isDigitAt(k.src, end+1) {
		k.i++
		k.saidRange()
	}
}

// appendSino appends v in Sino-Korean, with a space at every 10,000; 일 in front of a
// leading 만 and of 십, 백 and 천 is not said.
func appendSino(dst []rune, v uint64) []rune {
	if v == 0 {
		return append(dst, '영')
	}
	const scales = " 만억조경"
	names := []rune(scales)
	first := true
	for power := 4; power >= 0; power-- {
		unit := uint64(1)
		for range power {
			unit *= 10_000
		}
		group := v / unit % 10_000
		if group == 0 {
			continue
		}
		if !first {
			dst = append(dst, ' ')
		}
		if !first || power != 1 || group != 1 {
			dst = appendSinoGroup(dst, group)
		}
		if power > 0 {
			dst = append(dst, names[power])
		}
		first = false
	}
	return dst
}

func appendSinoGroup(dst []rune, group uint64) []rune {
	for _, p := range [...]struct {
		unit uint64
		name rune
	}{{1000, '천'}, {100, '백'}, {10, '십'}, {1, 0}} {
		d := group / p.unit % 10
		if d == 0 {
			continue
		}
		if d > 1 || p.unit == 1 {
			dst = appendString(dst, koDigits[d])
		}
		if p.name != 0 {
			dst = append(dst, p.name)
		}
	}
	return dst
}

// appendNative appends v as it stands before a native counter: 한, 스무, 스물한. Above
// 99 only one to nine are native behind the hundreds (백한 개, 백이십 개), as they are said.
func appendNative(dst []rune, v uint64) []rune {
	switch {
	case v == 20:
		return append(dst, '스', '무')
	case v < 100:
		dst = appendString(dst, koTens[v/10])
		return appendString(dst, koOnes[v%10])
	case v < 10_000 && v%100 >= 1 && v%100 <= 9:
		dst = appendSino(dst, v-v%100)
		return appendString(dst, koOnes[v%100])
	}
	return appendSino(dst, v)
}
