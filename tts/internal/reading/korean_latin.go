package reading

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
