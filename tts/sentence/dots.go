package sentence

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// afterDot decides on a single full stop.
func (s *Splitter) afterDot(a ahead) verdict {
	before := s.before()
	last, _ := lastRune(before)
	next, c := a.next()
	switch lastClass := classOf(last); {
	case s.run.marked:
		return ends
	case s.link:
		switch c {
		case lower, upper, digit, other, mark:
			return goesOn
		case nothing:
			return a.unknown(undecided)
		}
		return ends
	case lastClass == digit:
		return s.afterNumber(a)
	case lastClass == upper || lastClass == lower:
		return s.afterWord(a)
	case lastClass.isLetter():
		if isChapter(before) {
			return goesOn
		}
		// 한국.com; a sentence runs into the next only behind a final ending.
		if c == lower && s.ending(lastClass) < final {
			return goesOn
		}
		return ends
	default: // behind a space or a symbol: .NET, 100%.
		if classOf(last) == space && next != ' ' && (c.isLetter() || c == digit) {
			return goesOn
		}
		return ends
	}
}

// isChapter tells the Korean 제1장, whose full stop a title follows.
func isChapter(text []byte) bool {
	last, rest := lastRune(text)
	if !strings.ContainsRune("장절조부편화회권막과", last) || len(rest) == 0 {
		return false
	}
	n := numberBefore(rest)
	return n.digits > 0 && strings.HasSuffix(string(rest[:len(rest)-n.digits]), "제")
}

// number is what stands before a full stop.
type number struct {
	value  int  // of its last group of digits, -1 if that is too long
	digits int  // of that group
	parted bool // full stops are inside it: 3.14, 1.2.3, 2026.11.24
	dated  bool // it is part of a date: 2026.11.24 or 2026. 11. 24
}

// numberBefore reads the number that text ends in.
func numberBefore(text []byte) number {
	var n number
	first := ""
	end := len(text)
	for groups := range 4 {
		i := end
		for i > 0 && '0' <= text[i-1] && text[i-1] <= '9' {
			i--
		}
		if i == end {
			break
		}
		first = string(text[i:end])
		if groups == 0 {
			n.digits = end - i
			n.value = -1
			if v, err := strconv.Atoi(first); err == nil && n.digits < 9 {
				n.value = v
			}
		}
		spaced := i > 0 && text[i-1] == ' '
		if spaced {
			i--
		}
		if i == 0 || text[i-1] != '.' {
			break
		}
		if spaced {
			n.dated = true
		} else {
			n.parted = true
		}
		end = i - 1
	}
	if n.parted && len(first) == 4 {
		n.dated = true
	}
	return n
}

// minSureDigits is how many digits a number has that is hardly ever the front of a
// decimal, a date or a list: "It was 1850."
const minSureDigits = 3

// afterNumber decides on a full stop behind a digit.
func (s *Splitter) afterNumber(a ahead) verdict {
	before := s.before()
	n := numberBefore(before)
	_, c := a.next()
	if c == digit || c.isLetter() && (!n.isList(s.list) || c != hangul) {
		return goesOn
	}
	if c == newline {
		return ends
	}
	listed := !n.parted && n.isList(s.list) && s.isBareNumber(n)
	rest, _ := a.skipSpace()
	_, c = rest.next()
	switch {
	case c == nothing && s.piece.latin && !s.piece.cjk && !n.parted && n.digits >= minSureDigits:
		return a.unknown(ends)
	case c == nothing:
		return a.unknown(undecided)
	case c == digit, c == lower, listed:
		return goesOn
	case c == upper:
		return s.isOrdinal(n)
	case c.isLetter() && n.dated:
		return goesOn
	case c == opener && n.dated, c == tilde, c == dash:
		return goesOn
	}
	return ends
}

// isList tells the numbers that a list in one line goes on with: 1. 빵 2. 우유.
func (n number) isList(last int) bool {
	return n.value == 1 || n.value > 1 && n.value == last+1 && last > 0
}

// isBareNumber tells that nothing but the number is between white space and the
// full stop.
func (s *Splitter) isBareNumber(n number) bool {
	rest := s.before()
	rest = rest[:len(rest)-n.digits]
	r, _ := lastRune(rest)
	c := classOf(r)
	return len(rest) == 0 || c == space || c == newline || c == opener
}

// isOrdinal tells the German "am 3. Oktober" from the end of a sentence.
func (s *Splitter) isOrdinal(n number) verdict {
	if n.parted || n.digits > 2 {
		return ends
	}
	before := s.before()
	words := strings.Fields(string(before[max(0, len(before)-maxWord):]))
	if len(words) > 1 && germanBefore[lowerASCII(words[len(words)-2])] {
		return goesOn
	}
	return ends
}

// afterWord decides on a full stop behind a Latin letter.
func (s *Splitter) afterWord(a ahead) verdict {
	token := string(lastToken(s.before()))
	abbr := abbreviationOf(strings.TrimLeft(token, "-–/"))
	next, c := a.next()
	switch {
	case c == lower, c == digit:
		return goesOn // example.com, fig.3
	case c == upper:
		if abbr == word && isPlainWord(token) && token == lowerASCII(token) && len(token) > 2 {
			return ends
		}
		return goesOn
	case c.isLetter():
		if abbr == word || abbr == either {
			return ends
		}
		return goesOn
	case c == colon, c == other && next < utf8.RuneSelf, c == mark && next == '_':
		return goesOn
	case c == newline:
		return ends
	}
	if abbr == word {
		if c == nothing && s.mayBeName(token) {
			return a.unknown(undecided)
		}
		return ends
	}
	return s.afterAbbreviation(a, abbr, token)
}

// mayBeName tells that the word before a full stop is likely to be the first half of
// a file's or a site's name: "report.pdf".
func (s *Splitter) mayBeName(token string) bool {
	return s.piece.cjk || s.piece.space.at == 0 && token == lowerASCII(token) || nameStems[lowerASCII(token)] || !isPlainWord(token)
}

func (s *Splitter) afterAbbreviation(a ahead, abbr abbreviation, token string) verdict {
	rest, _ := a.skipSpace()
	_, c := rest.next()
	if abbr == title {
		return goesOn.onlyAt(c != nothing)
	}
	switch c {
	case nothing:
		if abbr == numbered && len(trimHead(s.before())) == len(token) {
			return a.unknown(ends) // "No."
		}
		return a.unknown(undecided)
	case newline:
		return ends
	case digit:
		return goesOn
	}
	switch abbr {
	case numbered:
		return ends
	case either:
		switch {
		case c == lower, c.isCJK() && strings.Contains(token, "."):
			return goesOn
		case c != upper, closing[lowerASCII(token)]:
			return ends
		}
		return rest.startsSentence()
	default:
		return s.afterInitials(rest, c, token)
	}
}

// afterInitials tells "J. R. R. Tolkien" and "U.S. Army" from "plan B. Then".
func (s *Splitter) afterInitials(rest ahead, c class, token string) verdict {
	switch {
	case c == lower, c.isCJK():
		return goesOn
	case c != upper:
		return ends
	case len(token) == 1:
		before := s.before()
		words := strings.Fields(string(before[max(0, len(before)-maxWord):]))
		if len(words) < 2 {
			return goesOn
		}
		prev := words[len(words)-2]
		if letteredThings[lowerASCII(prev)] || token == "I" && prev == lowerASCII(prev) && isPlainWord(prev) {
			return ends
		}
		return goesOn
	}
	return rest.startsSentence()
}

// startsSentence tells whether the word ahead is one that sentences begin with.
func (a ahead) startsSentence() verdict {
	for i, b := range a.text {
		if !isASCIILetter(b) && b != '\'' {
			if englishStarters[string(a.text[:i])] {
				return ends
			}
			return goesOn
		}
	}
	if a.waits() {
		return undecided
	}
	return goesOn
}

// listNumber is the value of a list mark's one or two digits.
func listNumber(text []byte) (int, bool) {
	n := numberBefore(text)
	return n.value, n.digits <= 2 && !n.parted && !n.dated && n.value >= 0
}

// isListSyllable tells the marks of a list that counts 가, 나, 다.
func isListSyllable(r rune, last int) bool {
	const order = "가나다라마바사아자차카타파하"
	return strings.HasPrefix(order[min(last*len("가"), len(order)):], string(r))
}
