package reading

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
