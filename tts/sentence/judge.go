package sentence

import "strings"

var oneSpace = []byte(" ")

// judge tells whether the open run ends its sentence, from what is before it and
// what follows. It changes nothing, so that Held can ask what Pause would do.
func (s *Splitter) judge(a ahead) verdict {
	r := &s.run
	if r.newline {
		return ends
	}
	_, c := a.next()
	if c == nothing && a.edge == more {
		// What is let go must also be an end with white space behind it, the commonest
		// thing to follow, so that the cuts are the same either way.
		if len(a.text) == 0 && s.letsGo() && s.judge(lookAt(oneSpace, paused)) == ends {
			return ends
		}
		return undecided
	}
	switch {
	case r.clause:
		return s.afterClause(c)
	case s.nest.hides(s.syllables):
		return goesOn
	case c == comma:
		return goesOn
	case r.quote:
		return s.afterQuote(a)
	case r.aside:
		return goesOn
	case r.marked && c == hangul && a.startsWith(quotings) != goesOn:
		return a.startsWith(quotings).not()
	case r.stop, r.strong:
		return s.afterStrong(a, c)
	case r.dots >= 2:
		return s.afterEllipsis(a)
	case r.tilde:
		return s.afterTilde(a)
	case r.dots == 1:
		return s.afterDot(a)
	default:
		return s.afterDecoration(a)
	}
}

// not turns the answer of startsWith into a verdict: what begins with one of its
// words goes on.
func (v verdict) not() verdict {
	switch v {
	case ends:
		return goesOn
	case goesOn:
		return ends
	}
	return undecided
}

// afterClause decides on a first fragment, or the end of an overlong one.
func (s *Splitter) afterClause(c class) verdict {
	before := s.solidBefore()
	switch {
	case c == digit && before == digit, c == comma, c == dash:
		return goesOn
	case s.nest.hides(s.syllables):
		return goesOn
	case !s.run.full && c != space && c != newline && c != nothing && !c.isCJK():
		return goesOn // 10:30, :), &amp;
	}
	return ends
}

// afterStrong decides on ! ? 。 and their kin, which end unless they are part of a
// name.
func (s *Splitter) afterStrong(a ahead, c class) verdict {
	if s.link && !s.run.marked {
		switch c {
		case lower, upper, digit, other:
			return goesOn
		case nothing:
			return a.unknown(undecided)
		}
	}
	return ends
}

// afterQuote decides on a quotation that has ended with a terminator inside it.
func (s *Splitter) afterQuote(a ahead) verdict {
	sp := s.run.closed
	rest, apart := a.skipSpace()
	r, c := rest.next()
	switch c {
	case nothing:
		// Even a pause does not tell: whether the sentence is over is the next word's
		// to say, and with a slow model every token is followed by a pause.
		return a.unknown(undecided)
	case hangul:
		return s.quotedKorean(rest, apart, sp)
	case kana:
		if strings.ContainsRune(japaneseParticles, r) || !sp.lead && !sp.tagged && !apart {
			return goesOn
		}
	case han:
		return quotedHan(rest, apart, sp, s.piece.kana)
	case lower:
		return goesOn
	case upper:
		return quotedLatin(rest)
	case comma, colon, dash:
		return goesOn
	}
	return ends
}

func (s *Splitter) quotedKorean(rest ahead, apart bool, sp span) verdict {
	if !apart {
		return goesOn // a particle, or a verb of saying
	}
	if v := rest.startsWith(quotings); v != goesOn {
		return v.not()
	}
	if sp.lead || sp.tagged {
		return ends
	}
	return goesOn
}

func quotedHan(rest ahead, apart bool, sp span, japanese bool) verdict {
	switch {
	case apart || japanese && sp.lead:
		return ends
	case !sp.lead:
		return goesOn
	}
	said := false
	for range maxAttribution + 1 {
		r, c := rest.next()
		switch {
		case c == nothing:
			return rest.unknown(undecided)
		case c != han && said:
			return goesOn
		case c != han:
			return ends
		}
		said = strings.ContainsRune(attributions, r)
		rest = rest.skip()
	}
	return ends
}

// quotedLatin looks for "Tom said".
func quotedLatin(rest ahead) verdict {
	for range 2 {
		word := rest.text
		_, c := rest.next()
		for c == upper || c == lower || c == other {
			rest = rest.skip()
			_, c = rest.next()
		}
		switch {
		case c == nothing:
			return rest.unknown(undecided)
		case speechVerbs[string(word[:len(word)-len(rest.text)])]:
			return goesOn
		case c != space:
			return ends
		}
		rest = rest.skip()
	}
	return ends
}

// afterEllipsis decides whether a thought is over, from what is before the ellipsis
// and, in scripts that have capitals, from what follows.
func (s *Splitter) afterEllipsis(a ahead) verdict {
	before := trimTail(s.before())
	last, _ := lastRune(before)
	lastClass := classOf(last)
	switch lastClass {
	case hangul, kana, han:
		if a.edge == ended && len(a.text) == 0 || s.ending(lastClass) >= final {
			return ends
		}
		return goesOn
	}
	rest, _ := a.skipSpace()
	_, c := rest.next()
	open := englishOpen[lowerASCII(string(lastWord(before)))]
	switch {
	case open || c == lower:
		return goesOn
	case c == nothing:
		return a.unknown(ends)
	}
	return ends
}

// afterTilde tells "안녕~ 반가워" from "1~2시간" and "서울~부산".
func (s *Splitter) afterTilde(a ahead) verdict {
	_, c := a.next()
	before := s.before()
	last, _ := lastRune(before)
	switch {
	case c == nothing:
		if a.edge == ended || s.ending(classOf(last)) >= final {
			return ends
		}
		return undecided
	case c == han && (strings.ContainsRune(chineseFinals, last) || last == '的'):
		return ends
	case c != space && c != newline && c != opener:
		return goesOn
	}
	rest, apart := a.skipSpace()
	if !apart {
		return ends
	}
	next, nextClass := rest.next()
	spaced := classOf(last) == space
	ranged := hasDigit(lastToken(trimTail(before))) || spaced && s.lastIsNoun(before)
	switch {
	case !ranged:
		return ends
	case nextClass == nothing:
		return a.unknown(undecided)
	case nextClass == digit, spaced && next != '\n' && nextClass.isLetter():
		return goesOn
	}
	return ends
}

// lastIsNoun tells that text does not end in a sentence-final ending.
func (s *Splitter) lastIsNoun(text []byte) bool {
	r, _ := lastRune(trimTail(text))
	c := classOf(r)
	return c.isCJK() && s.ending(c) < final
}

func hasDigit(b []byte) bool {
	for _, x := range b {
		if '0' <= x && x <= '9' {
			return true
		}
	}
	return false
}

// afterDecoration decides on an emoji, or laughter, without a terminator: white
// space has to follow.
func (s *Splitter) afterDecoration(a ahead) verdict {
	before := trimTail(s.before())
	last, _ := lastRune(before)
	lastClass := classOf(last)
	_, c := a.next()
	switch c {
	case nothing:
		return ends.onlyAt(a.edge == ended)
	case newline:
		return ends
	case space:
		if lastClass == hangul && isParticle(before) {
			return goesOn
		}
		rest, _ := a.skipSpace()
		_, c := rest.next()
		switch {
		case !s.piece.latin || s.piece.cjk:
			return ends
		case c == nothing:
			return a.unknown(undecided)
		case c == lower:
			return goesOn
		}
		return ends
	case kana, han, opener:
		if (lastClass == kana || lastClass == han) && s.ending(lastClass) >= final {
			return ends
		}
	}
	return goesOn
}

// onlyAt is v if ok, else undecided.
func (v verdict) onlyAt(ok bool) verdict {
	if ok {
		return v
	}
	return undecided
}
