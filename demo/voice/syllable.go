package voice

import (
	"strings"
	"unicode"
)

// vowel is a vowel sound, by its formants.
type vowel uint8

const (
	vowelNone vowel = iota
	vowelA
	vowelEo // ㅓ
	vowelO
	vowelU
	vowelEu // ㅡ
	vowelI
	vowelE
)

// manner is how a consonant is made.
type manner uint8

const (
	silentOnset manner = iota
	stop
	aspirated
	tense
	fricative
	breathy // ㅎ
	affricate
	nasal
	liquid
)

// consonant is a manner and where the tongue is: the frequency, in Hz, towards which
// the second formant or the noise goes.
type consonant struct {
	manner manner
	locus  float64
}

const (
	atLips   = 900
	atTeeth  = 1800
	atPalate = 2300
	atVelum  = 1400
)

// syllable is a beat of speech.
type syllable struct {
	onset consonant
	glide vowel // before the vowel: I for y, U for w
	vowel vowel
	coda  consonant
	long  bool

	first bool // of a word
	// after is the pause that follows, in seconds; end is the mark that ends a
	// sentence here: '.', '?', '!', or 0.
	after float64
	end   rune
}

const (
	pauseComma    = 0.14
	pauseSentence = 0.28
)

// pronounceable reports whether there is a letter or digit in text.
func pronounceable(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// reader collects syllables.
type reader struct {
	list []syllable
	lang string // two letters
	word bool   // the next syllable begins a word
}

// syllables reads a text. Hangul is read syllable by syllable, kana by its morae,
// Latin letters by vowel groups, digits by their names, Chinese characters as one
// syllable (two in Japanese) whose sound is drawn from the character.
func syllables(text, lang string) []syllable {
	r := reader{lang: baseLanguage(lang, text), word: true}
	runes := []rune(text)
	for i := 0; i < len(runes); {
		switch c := runes[i]; {
		case c >= 0xAC00 && c <= 0xD7A3:
			r.hangul(c)
			i++
		case isKana(c):
			r.kana(c)
			i++
		case c >= '0' && c <= '9':
			r.digit(int(c - '0'))
			i++
		case isLatin(c):
			n := 1
			for i+n < len(runes) && isLatin(runes[i+n]) {
				n++
			}
			r.latin(runes[i : i+n])
			i += n
		case unicode.IsLetter(c):
			r.drawn(c)
			if r.lang == "ja" {
				r.drawn(c + 1)
			}
			i++
		default:
			r.mark(c)
			i++
		}
	}
	if len(r.list) > 0 {
		last := &r.list[len(r.list)-1]
		last.after = 0
		if last.end == 0 {
			last.end = '.'
		}
	}
	return r.list
}

// baseLanguage makes two letters of GPT-SoVITS's codes; "auto" looks at the text.
func baseLanguage(lang, text string) string {
	lang = strings.ToLower(lang)
	lang = strings.TrimPrefix(lang, "all_")
	if !strings.HasPrefix(lang, "auto") && lang != "" {
		return lang
	}
	han := false
	for _, c := range text {
		switch {
		case c >= 0xAC00 && c <= 0xD7A3:
			return "ko"
		case isKana(c):
			return "ja"
		case unicode.Is(unicode.Han, c):
			han = true
		}
	}
	switch {
	case han && lang == "auto_yue":
		return "yue"
	case han:
		return "zh"
	}
	return "en"
}

func (r *reader) add(s syllable) {
	s.first = r.word
	r.word = false
	r.list = append(r.list, s)
}

// last is the syllable before, or nil.
func (r *reader) last() *syllable {
	if len(r.list) == 0 {
		return nil
	}
	return &r.list[len(r.list)-1]
}

// mark takes a space or punctuation.
func (r *reader) mark(c rune) {
	r.word = true
	last := r.last()
	if last == nil {
		return
	}
	switch c {
	case '?', '？':
		last.end, last.after = '?', pauseSentence
	case '!', '！':
		if last.end != '?' {
			last.end = '!'
		}
		last.after = pauseSentence
	case '.', '。', '…', '\n', '~', '～':
		if last.end == 0 {
			last.end = '.'
		}
		last.after = pauseSentence
	case ',', '、', '，', ';', ':', '·', '—', '–', '(', ')':
		last.after = max(last.after, pauseComma)
	}
}

// --- Hangul

var hangulOnsets = [...]consonant{
	{stop, atVelum}, {tense, atVelum}, {nasal, atTeeth}, {stop, atTeeth}, {tense, atTeeth}, {liquid, atTeeth}, {nasal, atLips},
	{stop, atLips}, {tense, atLips}, {fricative, 5200}, {fricative, 6000}, {}, {affricate, 3600}, {affricate, 4000}, {affricate, 4300},
	{aspirated, atVelum}, {aspirated, atTeeth}, {aspirated, atLips}, {breathy, 0},
}

var hangulVowels = [...]struct{ glide, vowel vowel }{
	{0, vowelA}, {0, vowelE}, {vowelI, vowelA}, {vowelI, vowelE}, {0, vowelEo}, {0, vowelE}, {vowelI, vowelEo}, {vowelI, vowelE}, {0, vowelO},
	{vowelU, vowelA}, {vowelU, vowelE}, {vowelU, vowelE}, {vowelI, vowelO}, {0, vowelU}, {vowelU, vowelEo}, {vowelU, vowelE}, {vowelU, vowelI},
	{vowelI, vowelU}, {0, vowelEu}, {vowelEu, vowelI}, {0, vowelI},
}

// hangulCodas are the seven sounds that can end a syllable.
func hangulCoda(n rune) consonant {
	switch n {
	case 0:
		return consonant{}
	case 4, 5, 6:
		return consonant{nasal, atTeeth}
	case 8, 11, 12, 13, 15:
		return consonant{liquid, atTeeth}
	case 10, 16:
		return consonant{nasal, atLips}
	case 21:
		return consonant{nasal, atVelum}
	case 1, 2, 3, 9, 24:
		return consonant{stop, atVelum}
	case 14, 17, 18, 26:
		return consonant{stop, atLips}
	}
	return consonant{stop, atTeeth}
}

func (r *reader) hangul(c rune) {
	n := c - 0xAC00
	v := hangulVowels[n/28%21]
	r.add(syllable{onset: hangulOnsets[n/588], glide: v.glide, vowel: v.vowel, coda: hangulCoda(n % 28)})
}

// --- Kana

func isKana(c rune) bool { return c >= 0x3041 && c <= 0x30FF && c != '・' }

// kanaRow is a row of five, in the order a i u e o.
type kanaRow struct {
	onset consonant
	kana  string
}

var kanaRows = []kanaRow{
	{consonant{}, "あいうえお"}, {consonant{stop, atVelum}, "かきくけこ"}, {consonant{stop, atVelum}, "がぎぐげご"},
	{consonant{fricative, 5200}, "さしすせそ"}, {consonant{affricate, 4500}, "ざじずぜぞ"}, {consonant{stop, atTeeth}, "たちつてと"},
	{consonant{stop, atTeeth}, "だぢづでど"}, {consonant{nasal, atTeeth}, "なにぬねの"}, {consonant{breathy, 0}, "はひふへほ"},
	{consonant{stop, atLips}, "ばびぶべぼ"}, {consonant{stop, atLips}, "ぱぴぷぺぽ"}, {consonant{nasal, atLips}, "まみむめも"},
	{consonant{liquid, atTeeth}, "らりるれろ"},
}

var kanaVowels = [...]vowel{vowelA, vowelI, vowelU, vowelE, vowelO}

func (r *reader) kana(c rune) {
	if c >= 0x30A1 && c <= 0x30F6 { // katakana stands in the same order as hiragana
		c -= 0x60
	}
	last := r.last()
	switch c {
	case 'ん':
		if last != nil && last.coda.manner == silentOnset {
			last.coda, last.long = consonant{nasal, atVelum}, true
			return
		}
		r.add(syllable{onset: consonant{nasal, atVelum}, vowel: vowelEu})
	case 'っ':
		if last != nil {
			last.coda = consonant{stop, atTeeth}
		}
	case 'ー':
		if last != nil {
			last.long = true
		}
	case 'ゃ', 'ゅ', 'ょ', 'ぁ', 'ぃ', 'ぅ', 'ぇ', 'ぉ':
		if last == nil {
			return
		}
		if strings.ContainsRune("ゃゅょ", c) {
			last.glide = vowelI
		}
		last.vowel = map[rune]vowel{
			'ゃ': vowelA, 'ゅ': vowelU, 'ょ': vowelO, 'ぁ': vowelA, 'ぃ': vowelI, 'ぅ': vowelU, 'ぇ': vowelE, 'ぉ': vowelO,
		}[c]
	case 'や', 'ゆ', 'よ':
		r.add(syllable{glide: vowelI, vowel: map[rune]vowel{'や': vowelA, 'ゆ': vowelU, 'よ': vowelO}[c]})
	case 'わ':
		r.add(syllable{glide: vowelU, vowel: vowelA})
	case 'を':
		r.add(syllable{vowel: vowelO})
	default:
		for _, row := range kanaRows {
			for i, k := range []rune(row.kana) {
				if k == c {
					r.add(syllable{onset: row.onset, vowel: kanaVowels[i]})
					return
				}
			}
		}
		r.drawn(c)
	}
}

// --- Latin letters

func isLatin(c rune) bool { return unicode.Is(unicode.Latin, c) || c == '\'' || c == '’' }

var latinConsonants = map[rune]consonant{
	'b': {stop, atLips}, 'c': {aspirated, atVelum}, 'd': {stop, atTeeth}, 'f': {fricative, 4200}, 'g': {stop, atVelum}, 'h': {breathy, 0},
	'j': {affricate, 3600}, 'k': {aspirated, atVelum}, 'l': {liquid, atTeeth}, 'm': {nasal, atLips}, 'n': {nasal, atTeeth}, 'p': {aspirated, atLips},
	'q': {aspirated, atVelum}, 'r': {liquid, atVelum}, 's': {fricative, 5600}, 't': {aspirated, atTeeth}, 'v': {fricative, 3800}, 'w': {},
	'x': {fricative, 5000}, 'y': {}, 'z': {fricative, 4800},
}

var latinVowels = map[rune]vowel{'a': vowelA, 'e': vowelE, 'i': vowelI, 'o': vowelO, 'u': vowelU, 'y': vowelI}

// latin reads a word: a syllable for each group of vowels, a silent e at the end, a
// consonant between vowels with the second of them. A word without vowels or in
// capitals is spelled.
func (r *reader) latin(word []rune) {
	spelled := len(word) > 1
	for i, c := range word {
		spelled = spelled && unicode.IsUpper(c)
		word[i] = unicode.ToLower(c)
	}
	vowelAt := func(i int) bool {
		// A y before a vowel is a consonant.
		if word[i] == 'y' && i+1 < len(word) && latinVowels[word[i+1]] != vowelNone {
			return false
		}
		return latinVowels[word[i]] != vowelNone
	}
	if spelled {
		for _, c := range word {
			r.spell(c)
		}
		return
	}
	if n := len(word); n > 2 && word[n-1] == 'e' && !vowelAt(n-2) {
		for i := range n - 2 {
			if vowelAt(i) {
				word = word[:n-1]
				break
			}
		}
	}
	var onset rune
	groups := 0
	for i := 0; i < len(word); {
		if !vowelAt(i) {
			onset = word[i]
			// A consonant that no vowel follows belongs to the syllable before.
			if last := r.last(); groups > 0 && (i+1 == len(word) || !vowelAt(i+1)) {
				last.coda = codaOf(latinConsonants[word[i]])
			}
			i++
			continue
		}
		s := syllable{onset: latinConsonants[onset], vowel: latinVowels[word[i]]}
		switch onset {
		case 'w', 'q':
			s.glide = vowelU
		case 'y':
			s.glide = vowelI
		}
		start := i
		for i < len(word) && vowelAt(i) {
			i++
		}
		switch string(word[start:i]) {
		case "ee", "ea", "ie":
			s.vowel, s.long = vowelI, true
		case "oo", "ou", "ue":
			s.vowel, s.long = vowelU, true
		case "ai", "ay", "ey", "ei":
			s.vowel, s.long = vowelE, true
		}
		r.add(s)
		groups++
		onset = 0
	}
	if groups == 0 {
		for _, c := range word {
			r.spell(c)
		}
	}
}

// spell says a letter's name.
func (r *reader) spell(c rune) {
	if c == '\'' || c == '’' {
		return
	}
	v := latinVowels[c]
	if v == vowelNone {
		v = vowelE
	}
	r.add(syllable{onset: latinConsonants[c], vowel: v})
}

// codaOf is how a consonant sounds at a syllable's end.
func codaOf(c consonant) consonant {
	switch c.manner {
	case nasal, liquid, fricative:
		return c
	case silentOnset, breathy:
		return consonant{}
	}
	return consonant{stop, c.locus}
}

// --- Digits and the rest

// digitNames are spelled in letters that the reader knows.
var digitNames = map[string][10]string{
	"ko":  {"영", "일", "이", "삼", "사", "오", "육", "칠", "팔", "구"},
	"ja":  {"ゼロ", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"},
	"zh":  {"ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu"},
	"yue": {"ling", "yat", "yi", "saam", "sei", "ng", "luk", "chat", "baat", "gau"},
	"en":  {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"},
}

func (r *reader) digit(n int) {
	names, ok := digitNames[r.lang]
	if !ok {
		names = digitNames["en"]
	}
	for _, s := range syllables(names[n], r.lang) {
		s.after, s.end = 0, 0
		r.add(s)
	}
}

// drawn makes a syllable for a letter of which nothing is known, always the same.
func (r *reader) drawn(c rune) {
	x := scramble(uint64(c))
	r.add(syllable{
		onset: hangulOnsets[x%uint64(len(hangulOnsets))],
		vowel: vowelA + vowel(x>>8%7),
	})
}
