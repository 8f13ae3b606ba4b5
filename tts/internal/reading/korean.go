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

func (k *korean) say(s string) { k.dst = appendString(k.dst, s) }

func (k *korean) at(i int) rune { return at(k.src, i) }

func (k *korean) saySpaced(s string) { k.space(); k.say(s); k.say(" ") }

func (k *korean) copyTo(end int) { k.dst = append(k.dst, k.src[k.i:end]...); k.i = end }

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
