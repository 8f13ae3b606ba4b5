package reading

// Korean appends src to dst as Korean says it: numbers native or Sino-Korean by their
// counter, spaced as the orthography has it (a space at every 10,000, one between a
// number and its counter, none before a particle), units and symbols as words,
// acronyms by the names of their letters. English words stay Latin, because
// GPT-SoVITS reads them inside Korean. Text without any Hangul that holds English
// words is left to English.
func Korean(dst, src []rune) []rune {
	if foreign(src, isHangul) {
		return English(dst, src)
	}
	k := korean{src: src, dst: dst}
	for k.i < len(src) {
		k.step()
	}
	return k.dst
}

// foreign reports whether src has an English word in lower case, and no letter of
// the reader's own script. Japanese laughter, www, is no English.
func foreign(src []rune, own func(rune) bool) bool {
	latin := false
	for i, r := range src {
		if own(r) {
			return false
		}
		latin = latin || isLower(r) && isLower(at(src, i+1)) && isLower(at(src, i+2)) && (r != 'w' || at(src, i+1) != 'w')
	}
	return latin
}

// A korean is one reading under way: src[:i] has been said, in dst.
type korean struct {
	src, dst []rune
	i        int
}

func (k *korean) say(s string)        { k.dst = appendString(k.dst, s) }
func (k *korean) at(i int) rune       { return at(k.src, i) }
func (k *korean) saySpaced(s string)  { k.space(); k.say(s); k.say(" ") }
func (k *korean) copyTo(end int)      { k.dst = append(k.dst, k.src[k.i:end]...); k.i = end }
func (k *korean) nextWord(i int) rune { return k.at(skipSpaces(k.src, i)) }

// space separates what comes next from a word before it.
func (k *korean) space() {
	if n := len(k.dst); n > 0 && isWord(k.dst[n-1]) {
		k.dst = append(k.dst, ' ')
	}
}

func (k *korean) step() {
	r := k.src[k.i]
	switch {
	case isHangul(r) || r == ' ':
		k.dst = append(k.dst, r)
		k.i++
	case isDigit(r):
		k.number()
	case isLatin(r):
		k.latin()
	case isJamo(r):
		k.jamo()
	case isHan(r):
		k.hanja()
	case isKana(r):
		k.kana()
	default:
		k.symbol(r)
	}
}

func (k *korean) symbol(r rune) {
	i := k.i
	k.i++
	next := k.at(i + 1)
	switch r {
	case '-', '−':
		if isDigit(next) && !isWord(k.at(i-1)) && !isDigit(before(k.src, i)) {
			k.negative()
			return
		}
		if r == '−' || k.at(i-1) == ' ' && isDigit(before(k.src, i)) && isDigit(k.nextWord(i+1)) && next == ' ' {
			k.saySpaced("빼기")
			return
		}
	case '+':
		switch {
		case isDigit(before(k.src, i)) && isDigit(k.nextWord(i+1)):
			k.saySpaced("더하기")
		default:
			k.saySpaced("플러스")
		}
		return
	case '×':
		k.saySpaced("곱하기")
		return
	case '÷':
		k.saySpaced("나누기")
		return
	case '=':
		k.equals()
		return
	case '/':
		if isDigit(before(k.src, i)) && isDigit(k.nextWord(i+1)) {
			k.saySpaced("나누기")
			return
		}
	case '%':
		k.saySpaced("퍼센트")
		return
	case '°':
		k.saySpaced("도")
		return
	case '²':
		k.saySpaced("제곱")
		return
	case '³':
		k.saySpaced("세제곱")
		return
	case '±':
		k.saySpaced("플러스마이너스")
		return
	case '≈':
		k.saySpaced("약")
		return
	case '√':
		k.saySpaced("루트")
		return
	case '∞':
		k.saySpaced("무한대")
		return
	case '&':
		if k.at(i-1) == ' ' {
			k.saySpaced("그리고")
		} else {
			k.saySpaced("앤")
		}
		return
	case '#':
		if isDigit(next) {
			run := digitRun(k.src, i+1)
			k.number()
			if !isHangul(k.nextWord(i + 1 + run)) {
				k.say(" 번") // #1, but not #2개
			}
			return
		}
	case '.':
		if isDigit(next) && !isWord(k.at(i-1)) {
			k.space()
			k.say("영 점 ")
			run := digitRun(k.src, i+1)
			k.digitsOf(k.src[i+1 : i+1+run])
			k.i = i + 1 + run
			return
		}
	case '~':
		if isDigit(next) || isDigit(k.nextWord(i+1)) && k.at(i-1) == ' ' {
			if isWord(k.at(i-1)) || before(k.src, i) == '%' || isDigit(before(k.src, i)) {
				k.saidRange()
				return
			}
			k.saySpaced("약")
			return
		}
		if isWord(before(k.src, i)) && oneOf(k.src, skipSpaces(k.src, i+1), "오전", "오후", "새벽", "아침", "낮 ", "저녁", "밤 ", "다음") {
			k.saidRange()
			return
		}
		if weekday(k.at(i-1)) && weekday(next) && !isHangul(k.at(i-2)) && !isHangul(k.at(i+2)) {
			k.saidRange()
			return
		}
	default:
		if c, ok := currencyOf(r); ok {
			if j := skipSpaces(k.src, i+1); isDigitAt(k.src, j) {
				k.money(c, j)
			}
			return
		}
	}
	k.dst = append(k.dst, r)
}

func weekday(r rune) bool {
	switch r {
	case '월', '화', '수', '목', '금', '토', '일':
		return true
	}
	return false
}

// saidRange ties the end of a range to its beginning: 세 시에서 다섯 시.
func (k *korean) saidRange() {
	k.trimSpaces()
	k.say("에서 ")
	k.i = skipSpaces(k.src, k.i)
}

func (k *korean) trimSpaces() {
	for n := len(k.dst); n > 0 && k.dst[n-1] == ' '; n-- {
		k.dst = k.dst[:n-1]
	}
}

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

// equals says the topic particle that fits the sound before: 삼은, 오는.
func (k *korean) equals() {
	k.trimSpaces()
	k.i = skipSpaces(k.src, k.i)
	if n := len(k.dst); n > 0 && isHangul(k.dst[n-1]) {
		if (k.dst[n-1]-'가')%28 == 0 {
			k.say("는 ")
		} else {
			k.say("은 ")
		}
		return
	}
	k.say(" 이퀄 ")
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

// counterAt goes on at a counter, with one space in front of it.
func (k *korean) counterAt(j int) {
	k.say(" ")
	k.i = j
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

// behind goes on at the counter c at j, with a space or not.
func (k *korean) behind(c koCounter, j int) {
	switch c.kind {
	case months, ranked, nights:
		k.i = j
		if c.kind != nights {
			return
		}
		// 1박 2일 is 일박 이일, of one piece.
		k.copyTo(j + 1)
		if d := skipSpaces(k.src, k.i); isDigitAt(k.src, d) {
			m := scanNumeral(k.src, d)
			if at(k.src, m.end) == '일' && m.frac == nil && m.quantity() {
				k.say(" ")
				k.numeral(m)
				k.i = m.end
			}
		}
	case hours:
		k.counterAt(j)
		k.copyTo(j + 1)
		if k.at(k.i) == '반' {
			k.say(" ") // 3시반
		}
	case weeks:
		if n := len(k.dst); n > 0 && k.dst[n-1] == '일' && (n == 1 || !isHangul(k.dst[n-2])) {
			k.i = j
			return
		}
		k.counterAt(j)
	default:
		k.counterAt(j)
	}
}

// serial reports whether the number at i is one of a series, behind 제: 제1회.
func (k *korean) serial(i int) bool { return k.at(i-1) == '제' && !isHangul(k.at(i-2)) }

// padded reports whether numbers before c are written with a nought in front, 05분,
// that is not said.
func (c koCounter) padded() bool {
	switch c.kind {
	case hours, months, people:
		return true
	default:
		return len(c.name) == 1 && (c.name[0] == '일' || c.name[0] == '초')
	}
}

// counter finds the counter of a number that ends at i, behind a space or not, and
// where it starts. A counter behind a space has to be a word of its own.
func (k *korean) counter(i int) (c koCounter, start int, ok bool) {
	start = i
	if k.at(start) == ' ' {
		start++
	}
	for _, c := range koCounters[k.at(start)] {
		end := start + len(c.name)
		if end > len(k.src) || !phrase(k.src, start, string(c.name)) {
			continue
		}
		if next := k.at(end); start > i && isHangul(next) && !koParticle[next] {
			continue
		}
		if k.particle(start) {
			break
		}
		return c, start, true
	}
	return koCounter{}, i, false
}

// particle reports whether what looks like a counter at i is a particle or a form of
// 이다: 3부터, 3인데.
func (k *korean) particle(i int) bool {
	return oneOf(k.src, i, "부터", "인데", "인가", "인지", "시작", "분명", "세요")
}

// native reports whether a counter takes native numerals for a value of v.
func (c koCounter) native(v uint64) bool {
	switch c.kind {
	case native, times, ordinal, ranked:
		return true
	case hours:
		return v >= 1 && v <= 12
	case lengths:
		return v <= 20
	default:
		return false
	}
}

// amount says n as the counter c at j wants it, without the counter.
func (k *korean) amount(n numeral, c koCounter, j int) {
	v := n.value
	if n.frac != nil || n.digits > maxDigits {
		k.numeral(n)
		return
	}
	isNative := c.native(v)
	switch c.kind {
	case months:
		switch v {
		case 6:
			k.say("유")
		case 10:
			k.say("시")
		default:
			k.dst = appendSino(k.dst, v)
		}
		return
	case ordinal:
		if v == 1 {
			k.say("첫")
			return
		}
	case ranked:
		if v >= 1 && v <= 4 {
			k.say(koRanks[v])
			return
		}
	case times:
		isNative = !k.whichOne(n, j)
	case decades:
		isNative = (v < 10 || v%10 != 0) && !k.bigOnes(j)
	case people:
		isNative = oneOf(k.src, j, "분께", "분이서", "분의 ", "분 모두", "분 모시", "분이 오", "분이 계", "분이 앉")
	default:
		// c.native has said it all.
	}
	if isNative && !k.serial(n.start) && v > 0 {
		k.dst = appendNative(k.dst, v)
		return
	}
	k.dst = appendSino(k.dst, v)
}

// whichOne tells 2번 that names something (이 번) from 2번 that counts (두 번), by the
// words around it. j is where 번 starts.
func (k *korean) whichOne(n numeral, j int) bool {
	if k.named(n.start, koWhichBefore) {
		return true
	}
	after := j + 1
	if oneOf(k.src, after, "을 ", "을.", "으로", "과 ", "이 정답", "이 답", "이 맞", "이 아니", "은 아니", "이야", "이에요", "입니다", "인가", "은 틀", "은 맞") {
		return true
	}
	return oneOf(k.src, skipSpaces(k.src, after), "출구", "버스", "문제", "국도", "홈", "타자", "선수", "게이트", "테이블", "창구", "문항", "레인", "트랙", "채널",
		"보기", "자리", "손님", "타석", "교향곡", "국번", "척추", "염색체", "사물함", "칸막이")
}

// named reports whether one of the words stands before i.
func (k *korean) named(i int, words [][]rune) bool {
	for _, w := range words {
		if endsIn(k.src, i, w) {
			return true
		}
	}
	return false
}

var (
	koWhichBefore = runeWords("정답은", "정답", "답은", "보기", "기호", "채널", "등번호", "번호", "번호는", "교향곡", "문제", "학번", "출구", "버스", "제")
	// koCodes stand before a number that is read digit by digit.
	koCodes = runeWords("비밀번호는", "비밀번호", "비번은", "비번", "인증번호", "인증번호는", "우편번호", "우편번호는", "암호는", "암호", "코드는", "코드",
		"계좌번호", "계좌번호는", "전화번호는", "전화번호", "사번은", "학번은", "번호는")
)

func runeWords(list ...string) (words [][]rune) {
	for _, w := range list {
		words = append(words, []rune(w))
	}
	return words
}

// bigOnes reports whether 대 at j means generations or great ones (3대 요소, 3 대 2)
// rather than machines.
func (k *korean) bigOnes(j int) bool {
	next := skipSpaces(k.src, j+1)
	return isDigitAt(k.src, next) || oneOf(k.src, next, "요소", "천왕", "강국", "원칙", "영양소", "명절", "과제", "사건", "조건", "악", "미덕", "째",
		"종교", "문명", "성인", "독자", "회장", "대통령", "왕", "주주", "도시", "명산", "기업")
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

var koTitles = map[string]string{"dr": "닥터", "mr": "미스터", "mrs": "미세스", "ms": "미즈", "st": "세인트", "prof": "프로페서", "vs": "대", "no": "넘버"}

var koHalves = map[string]string{"am": "오전", "pm": "오후"}

// latin reads a word in Latin letters at k.i.
func (k *korean) latin() {
	src, i := k.src, k.i
	if end := compoundEnd(src, i); end > i {
		if s, ok := lookup(koWords, src[i:end]); ok {
			k.space()
			k.say(s)
			k.i = end
			return
		}
	}
	end := latinRun(src, i)
	word := src[i:end]
	k.i = end
	if s, ok := lookup(koHalves, word); ok && allUpper(word) && isDigit(k.nextWord(end)) {
		k.space()
		k.say(s)
		k.say(" ")
		return
	}
	if s, ok := lookup(koTitles, word); ok && k.at(end) == '.' && skipSpaces(src, end+1) < len(src) {
		k.say(s)
		k.i = end + 1
		return
	}
	s, known := lookup(koWords, word)
	switch {
	case known:
		k.say(s)
	case k.at(end) == '$' && phrase(word, 0, "US"):
	case initials(word), len(word) == 1 && (isDigit(k.at(end)) || !k.englishAround(i, end)):
		k.spell(word)
	case allUpper(word) && len(word) > 1:
		for _, r := range word {
			k.dst = append(k.dst, r|0x20)
		}
	default:
		k.dst = append(k.dst, word...)
	}
	k.latinTail()
}

// latinTail reads the mark between a word and what it is joined to: GPT-4, R&B, Node.js.
func (k *korean) latinTail() {
	next := k.at(k.i + 1)
	switch r := k.at(k.i); {
	case isDigit(r):
		k.say(" ")
	case r == '-' && (isLatin(next) || isDigit(next)), r == '/' && isLatin(next):
		k.say(" ")
		k.i++
	case r == '.' && isLower(next):
		k.say(" 닷 ")
		k.i++
	case r == '.' && isUpper(next) && isUpper(k.at(k.i-1)) && !isLatin(k.at(k.i-2)):
		k.i++ // U.S.A.
	case r == '.' && k.at(k.i-2) == '.' && isUpper(k.at(k.i-1)) && skipSpaces(k.src, k.i+1) < len(k.src):
		k.i++ // its last full stop
	}
}

// englishAround reports whether the letter at i stands next to an English word.
func (k *korean) englishAround(i, end int) bool {
	return k.at(i-1) == ' ' && isLower(k.at(i-2)) || k.at(end) == ' ' && isLatin(k.at(end+1)) && isLower(k.at(end+2)) || k.at(end) == '\'' || k.at(i-1) == '\''
}

// spell says a word by the names of its letters; a plural s is left out.
func (k *korean) spell(word []rune) {
	for _, r := range word {
		if isUpper(r) {
			k.say(koLetters[r-'A'])
		} else if len(word) == 1 {
			k.say(koLetters[r-'a'])
		}
	}
}

// jamo reads letters of the alphabet that stand by themselves: the name of one that
// a particle follows, chat's abbreviations in full, and nothing for laughter and tears.
func (k *korean) jamo() {
	end := k.i
	for end < len(k.src) && isJamo(k.src[end]) {
		end++
	}
	run := k.src[k.i:end]
	alone := !isWord(k.at(k.i - 1))
	k.i = end
	if !alone || len(run) > 2 {
		k.dst = append(k.dst, ' ')
		return
	}
	if len(run) == 1 && isHangul(k.at(end)) && run[0] != 'ㅋ' && run[0] != 'ㅎ' && run[0] != 'ㅠ' && run[0] != 'ㅜ' {
		k.say(koJamo[run[0]])
		return
	}
	k.say(koChat[string(run)])
	k.dst = append(k.dst, ' ')
}

// hanja reads one Chinese character that stands for a word, and drops the rest.
func (k *korean) hanja() {
	end := k.i
	for end < len(k.src) && isHan(k.src[end]) {
		end++
	}
	if end == k.i+1 {
		if s := koHanja[k.src[k.i]]; s != "" && !isHangul(k.at(k.i-1)) && !isKana(k.at(k.i-1)) {
			k.say(s)
		}
	}
	k.i = end
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
