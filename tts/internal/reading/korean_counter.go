package reading

// counterAt goes on at a counter, with one space in front of it.
func (k *korean) counterAt(j int) {
	k.say(" ")
	k.i = j
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

var (
	koWhichBefore = runeWords("정답은", "정답", "답은", "보기", "기호", "채널", "등번호", "번호", "번호는", "교향곡", "문제", "학번", "출구", "버스", "제")
	// koCodes stand before a number that is read digit by digit.
	koCodes = runeWords("비밀번호는", "비밀번호", "비번은", "비번", "인증번호", "인증번호는", "우편번호", "우편번호는", "암호는", "암호", "코드는", "코드",
		"계좌번호", "계좌번호는", "전화번호는", "전화번호", "사번은", "학번은", "번호는")
)
