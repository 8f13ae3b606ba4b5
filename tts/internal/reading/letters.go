package reading

import "unicode/utf8"

func appendRune(b []byte, r rune) []byte { return utf8.AppendRune(b, r) }

// maxWord is the longest Latin word that tables are asked for, in letters.
const maxWord = 24

// lookup finds src in a table whose keys are lower-case ASCII, without allocating.
func lookup(table map[string]string, src []rune) (string, bool) {
	if len(src) > maxWord {
		return "", false
	}
	var key [maxWord]byte
	for i, r := range src {
		if r >= 0x80 {
			return "", false
		}
		if isUpper(r) {
			r += 'a' - 'A'
		}
		key[i] = byte(r & 0x7F)
	}
	s, ok := table[string(key[:len(src)])]
	return s, ok
}

// latinRun returns where the Latin letters from i on end.
func latinRun(src []rune, i int) int {
	for i < len(src) && isLatin(src[i]) {
		i++
	}
	return i
}

// compoundEnd returns where the token from i on ends: letters and digits, joined by
// single marks as in Wi-Fi, R&B, A/S or C++. One longer than any table's words may be
// cut.
func compoundEnd(src []rune, i int) int {
	for limit := i + maxWord + 1; i < len(src) && i < limit; {
		switch r := src[i]; {
		case isLatin(r) || isDigit(r):
		case r == '-' || r == '&' || r == '/' || r == '.':
			if n := at(src, i+1); !isLatin(n) && !isDigit(n) {
				return i
			}
		case r == '+' || r == '#':
		default:
			return i
		}
		i++
	}
	return i
}

func allUpper(word []rune) bool {
	for _, r := range word {
		if !isUpper(r) {
			return false
		}
	}
	return true
}

func hasVowel(word []rune) bool {
	for _, r := range word {
		switch r | 0x20 {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			return true
		}
	}
	return false
}

// initials reports whether a word is an abbreviation to be spelled letter by letter:
// two letters or more, all capitals (a plural s aside), and neither an English word
// that someone shouts (NO, STOP) nor long enough to be one.
func initials(word []rune) bool {
	if n := len(word); n >= 3 && word[n-1] == 's' {
		word = word[:n-1]
	}
	if len(word) < 2 || !allUpper(word) {
		return false
	}
	if !hasVowel(word) {
		return true
	}
	if len(word) >= 5 {
		_, known := lookup(longInitials, word)
		return known
	}
	_, shouted := lookup(shortWords, word)
	return !shouted
}

// longInitials have five letters or more and a vowel, and are still spelled.
var longInitials = wordSet(`ascii aabbc ieee etf ukusa ipcc isbn https`)

// shortWords are English words of two to four letters that are met in capitals.
var shortWords = wordSet(`
	ah all am an and any are as at away baby back bad be been best big bow but by bye
	call calm can care cat come cool cry cute dad dark day dead dear did do dog done
	down each easy eat else end even ever eyes face fact fall far fast fear feel few fine fire
	five food for four free from fun gave get girl give go god gone good got great had
	half hard has hate have he hear heck hell help her here hero hey hi high him his
	hit hmm hold home hope hot how huge huh hug hurt ice idea if in into is it its
	join joy jump just keep kids kill kind king kiss know last late left less let
	lets lie life like line list live long look lose lost lot love luck mad made make
	man many may me mean meet men mind mine miss mom moon more most move much must my
	name near need new next nice no none nope not note now of off oh old on once one
	only open or our out over own pain past pay pick play plus pour pull push put
	rain read real red rest rich ride ring road rock room rule run sad safe said
	same save saw say see self send set shop shut sit six slow so some song soon
	sorry star stay stop such sun sure take talk team tell ten than that the them
	then they this thus time tiny to told too took top true try turn two ugh up us use
	very wait wake walk wall want war warm was way we well went were what when who
	why wide wife wild will win wish with woah wolf word work wow yay yeah year yell
	yep yes you your zero zone`)

func wordSet(words string) map[string]string {
	set := make(map[string]string)
	start := -1
	for i, r := range words + " " {
		switch {
		case r > ' ' && start < 0:
			start = i
		case r <= ' ' && start >= 0:
			set[words[start:i]] = ""
			start = -1
		}
	}
	return set
}
