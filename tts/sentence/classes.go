package sentence

import "unicode"

// class is what a rune means to the splitter.
type class uint8

const (
	nothing class = iota // behind the end of what is known
	other                // symbols without a part in this
	space
	newline
	hangul
	kana
	han
	upper  // Latin, Greek or Cyrillic capital
	lower  // its small letter
	letter // of any other script
	digit
	dot      // . ． ends a sentence, or is part of a number, a name, an abbreviation
	stop     // 。 and other full stops that mean nothing else
	strong   // ! ? and their kin
	ellipsis // … ⋯ ‥
	tilde    // ~ ～ 〜
	laugh    // ㅋ ㅎ ㅠ ㅜ ^
	emoji
	opener // of a quotation or an aside, unmistakably
	closer // of one, unmistakably
	quote  // " ' which open or close
	mark   // * _ ` Markdown
	comma  // , ， 、 ، which bound a clause
	colon  // : ; and full-width kin, which bound one before white space
	dash   // — ―
	extend // combining marks, joiners, variation selectors: part of the rune before
)

// isLetter tells letters of all scripts.
func (c class) isLetter() bool { return c >= hangul && c <= letter }

// isCJK tells the scripts whose sentences do not end in a space.
func (c class) isCJK() bool { return c >= hangul && c <= han }

// isTerminator tells the runes of which an end of a sentence is made.
func (c class) isTerminator() bool { return c >= dot && c <= tilde }

var asciiClasses = func() (t [128]class) {
	for r := range t {
		switch {
		case 'a' <= r && r <= 'z':
			t[r] = lower
		case 'A' <= r && r <= 'Z':
			t[r] = upper
		case '0' <= r && r <= '9':
			t[r] = digit
		default:
			t[r] = other
		}
	}
	for c, runes := range map[class]string{
		space:   " \t\r\v\f",
		newline: "\n",
		dot:     ".",
		strong:  "!?",
		tilde:   "~",
		laugh:   "^",
		opener:  "([{",
		closer:  ")]}",
		quote:   `"'`,
		mark:    "*_`",
		comma:   ",",
		colon:   ":;",
	} {
		for _, r := range runes {
			t[r] = c
		}
	}
	return t
}()

// symbols are the runes of punctuation above ASCII that have a part in this.
var symbols = map[rune]class{
	'．': dot,
	'。': stop, '｡': stop, '।': stop, '۔': stop, '։': stop, '።': stop,
	'！': strong, '？': strong, '‼': strong, '⁇': strong, '⁈': strong, '⁉': strong, '؟': strong, '﹗': strong, '﹖': strong,
	'…': ellipsis, '⋯': ellipsis, '‥': ellipsis, '︙': ellipsis,
	'～': tilde, '〜': tilde, '∼': tilde, '˜': tilde,
	'，': comma, '、': comma, '､': comma, '،': comma, '﹐': comma,
	'：': colon, '；': colon, '؛': colon,
	'—': dash, '―': dash, '–': dash, '⸺': dash, '─': dash,
	'“': opener, '„': opener, '‘': opener, '«': opener, '‹': opener, '「': opener, '『': opener, '｢': opener, '〝': opener,
	'（': opener, '［': opener, '｛': opener, '《': opener, '〈': opener, '【': opener, '〔': opener, '〖': opener,
	'”': closer, '’': closer, '»': closer, '›': closer, '」': closer, '』': closer, '｣': closer, '〟': closer,
	'）': closer, '］': closer, '｝': closer, '》': closer, '〉': closer, '】': closer, '〕': closer, '〗': closer,
	'＂': quote, '＇': quote,
	'＊': mark, '＿': mark,
	'\u0085': newline, '\u2028': newline, '\u2029': newline,
	'\u3000': space, '\u00a0': space, '\u202f': space, '\u205f': space,
	'ー': kana, '々': han, '〇': han,
}

// classOf tells what r means. The commonest scripts come first.
func classOf(r rune) class {
	switch {
	case r < 0x80:
		return asciiClasses[r]
	case isSyllable(r):
		return hangul
	case 0x4E00 <= r && r <= 0x9FFF:
		return han
	case 0x3041 <= r && r <= 0x3096, 0x30A1 <= r && r <= 0x30FA:
		return kana
	}
	if c, ok := symbols[r]; ok {
		return c
	}
	switch {
	case isLaughingJamo(r):
		return laugh
	case 0x1100 <= r && r <= 0x11FF, 0x3131 <= r && r <= 0x318E, 0xA960 <= r && r <= 0xA97C, 0xD7B0 <= r && r <= 0xD7FB:
		return hangul
	case 0xFF66 <= r && r <= 0xFF9D, 0x31F0 <= r && r <= 0x31FF:
		return kana
	case isEmoji(r):
		return emoji
	case isExtend(r):
		return extend
	case 0x2000 <= r && r <= 0x200A:
		return space
	case unicode.IsDigit(r):
		return digit
	case unicode.Is(unicode.Han, r):
		return han
	case unicode.IsUpper(r):
		return upper
	case unicode.IsLower(r):
		return lower
	case unicode.IsLetter(r):
		return letter
	}
	return other
}

// isSyllable tells precomposed Hangul.
func isSyllable(r rune) bool { return 0xAC00 <= r && r <= 0xD7A3 }

// isLaughingJamo tells the letters that Korean chat laughs and cries with.
func isLaughingJamo(r rune) bool { return r == 'ㅋ' || r == 'ㅎ' || r == 'ㅠ' || r == 'ㅜ' }

// isEmoji takes whole blocks: a heart, a star or a note decorates a sentence's end
// as a face does. Circled digits are list marks and stay out.
func isEmoji(r rune) bool {
	switch {
	case 0x1F000 <= r && r <= 0x1FAFF:
		return true
	case 0x2600 <= r && r <= 0x27BF:
		return r < 0x2776 || r > 0x2793
	case 0x2B50 <= r && r <= 0x2B55, r == 0x231A, r == 0x231B, 0x23E9 <= r && r <= 0x23F3:
		return true
	}
	return false
}

// isExtend tells what continues the grapheme cluster of the rune before.
func isExtend(r rune) bool {
	switch {
	case r == 0x200D, r == 0x200C, 0xFE00 <= r && r <= 0xFE0F, 0xE0020 <= r && r <= 0xE007F, 0xE0100 <= r && r <= 0xE01EF:
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc)
}

// closes gives what ends the span that an opener begins.
func closes(r rune) rune {
	switch r {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '“', '„':
		return '”'
	case '‘':
		return '’'
	case '«':
		return '»'
	case '‹':
		return '›'
	case '「':
		return '」'
	case '『':
		return '』'
	case '｢':
		return '｣'
	case '〝':
		return '〟'
	case '（':
		return '）'
	case '［':
		return '］'
	case '｛':
		return '｝'
	case '《':
		return '》'
	case '〈':
		return '〉'
	case '【':
		return '】'
	case '〔':
		return '〕'
	case '〖':
		return '〗'
	}
	return r
}

// isQuotation tells openers and closers of speech from those of asides and titles.
func isQuotation(r rune) bool {
	switch r {
	case '"', '\'', '“', '”', '„', '‘', '’', '«', '»', '‹', '›', '「', '」', '『', '』', '｢', '｣', '〝', '〟', '＂', '＇':
		return true
	}
	return false
}
