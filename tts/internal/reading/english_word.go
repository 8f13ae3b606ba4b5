package reading

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
