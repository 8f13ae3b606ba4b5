package tts

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"avatarforge/tts/internal/reading"
)

// Lang is the language that a text is to be spoken in.
type Lang string

// The languages that texts are rewritten for.
const (
	Korean   Lang = "ko"
	Japanese Lang = "ja"
	English  Lang = "en"
	Chinese  Lang = "zh"
	// Auto stands for the language that Detect finds, sentence by sentence.
	Auto Lang = "auto"
)

// langOf maps GPT-SoVITS's language codes (all_ko, yue, auto_yue) to the four that
// are read differently; an unknown one is Auto.
func langOf(code Lang) Lang {
	switch l := Lang(strings.TrimPrefix(strings.ToLower(string(code)), "all_")); l {
	case Korean, Japanese, English, Chinese:
		return l
	case "yue":
		return Chinese
	default:
		return Auto
	}
}

// Detect says which language a text is written in, by its script: Hangul is Korean,
// kana Japanese, Han alone Chinese and Latin alone English. Where scripts mix, kana or
// Hangul decides, whichever is more. Han alone stays Japanese if that is the
// fallback, since short Japanese sentences have no kana (大丈夫). A text without any
// letters of these is in the fallback.
func Detect(text string, fallback Lang) Lang {
	var hangul, kana, han, latin int
	for _, r := range text {
		switch {
		case r < 0x80:
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				latin++
			}
		case isHangul(r):
			hangul++
		case isKana(r):
			kana++
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	switch {
	case hangul > 0 && hangul >= kana:
		return Korean
	case kana > 0:
		return Japanese
	case han > 0 && fallback == Japanese:
		return Japanese
	case han > 0:
		return Chinese
	case latin > 0:
		return English
	}
	return fallback
}

// A Speller rewrites the sentences of one response as they are to be spoken, in
// order: what is opened in one sentence (a code fence, a stage direction) may be
// closed in a later one. It is not safe for concurrent use.
//
// What it does, in this order:
//
//   - Characters: NFC; full-width forms and exotic digits fold to ASCII; emoji,
//     control and zero-width characters, quotes and U+FFFD go.
//   - Markup: code fences, images, HTML tags, rules and strike-through marks go;
//     bold, headings, block quotes, links and inline code leave their text. A list
//     number is not read: the display numbers, the voice enumerates by pausing. A URL
//     becomes the word for link.
//   - Stage directions go; see markup.direction and markup.bracket for the rules.
//   - Numbers, units, symbols and acronyms are spelled out; see package reading.
//     Chinese keeps its digits, for which GPT-SoVITS has a normaliser.
//   - Punctuation: one mark at a time, none in front, always one at the end. GPT-SoVITS
//     makes pauses from it, repeats itself at runs of it, and loses the end of a short
//     text (네) that has none.
type Speller struct {
	lang Lang // as asked for

	// What the sentences so far have left open.
	lineStart bool // the next rune begins a line
	fence     rune // the mark of the code fence that is open, or 0
	aside     rune // what closes the stage direction that is open, or 0
	asideLeft int  // runes until an open stage direction is given up
	last      Lang // what Auto found last

	// Scratch, kept for its memory.
	a, b []rune
}

// NewSpeller returns a Speller for one response. lang may be any of GPT-SoVITS's
// codes; "auto", or one that is not known, is detected sentence by sentence.
func NewSpeller(lang Lang) *Speller {
	return &Speller{lang: langOf(lang), last: Korean, lineStart: true}
}

// Spoken rewrites one sentence that stands alone.
func Spoken(sentence string, lang Lang) string {
	return NewSpeller(lang).Spoken(sentence)
}

// Spoken returns what to send to the synthesiser for the response's next sentence, or
// "" when there is nothing in it to say. A sentence comes as the splitter cut it, with
// its white space. The result is in NFC, has no control characters and, except in
// Chinese, no digits.
func (s *Speller) Spoken(sentence string) string {
	lang := s.lang
	if lang == Auto {
		lang = Detect(sentence, s.last)
		s.last = lang
	}
	if s.fence == 0 && s.aside == 0 {
		if text := strings.Trim(sentence, " \n"); plain(text, lang) {
			s.lineStart = strings.HasSuffix(sentence, "\n")
			return text
		}
	}
	return s.rewrite(sentence, lang)
}

// rewrite is Spoken without the short cut for plain text.
func (s *Speller) rewrite(sentence string, lang Lang) string {
	if !norm.NFC.IsNormalString(sentence) {
		sentence = norm.NFC.String(sentence)
	}
	s.a = fold(s.a[:0], sentence)
	m := markup{Speller: s, lang: lang, in: s.a, out: s.b[:0]}
	m.run()
	s.b = m.out
	switch lang {
	case Korean:
		s.a = reading.Korean(s.a[:0], s.b)
	case Japanese:
		s.a = reading.Japanese(s.a[:0], s.b)
	case English:
		s.a = reading.English(s.a[:0], s.b)
	default:
		s.a = append(s.a[:0], s.b...)
	}
	s.b = tidy(s.b[:0], s.a, lang)
	return string(s.b)
}

// plain reports whether text is spoken as it stands: words of the language's own
// script with single spaces and ordinary punctuation, closed by a full stop, a
// question or an exclamation mark. Most sentences are, and cost nothing.
func plain(text string, lang Lang) bool {
	const start, word, space, comma, end = 0, 1, 2, 3, 4
	at := start
	for _, r := range text {
		switch {
		case isHangul(r):
			if lang != Korean {
				return false
			}
			if at == comma || at == end {
				return false
			}
			at = word
		case isKana(r) || r == '々' || '一' <= r && r <= '鿿':
			if lang != Japanese && (lang != Chinese || isKana(r)) || at == space {
				return false
			}
			at = word
		case 'a' <= r && r <= 'z':
			if lang != English || at == comma || at == end {
				return false
			}
			at = word
		case 'A' <= r && r <= 'Z':
			// A sentence's first letter; a capital further on may be an acronym.
			if lang != English || at != start {
				return false
			}
			at = word
		case r == ' ':
			if at == start || at == space || lang == Japanese || lang == Chinese {
				return false
			}
			at = space
		case r == ',' && lang != Japanese, r == '、' && lang == Japanese:
			if at != word {
				return false
			}
			at = comma
		case r == '!' || r == '?' || r == '.' && (lang == Korean) || r == '。' && (lang == Japanese || lang == Chinese):
			if at != word {
				return false
			}
			at = end
		default:
			return false
		}
	}
	return at == end
}

func isHangul(r rune) bool { return '가' <= r && r <= '힣' }
func isKana(r rune) bool   { return 'ぁ' <= r && r <= 'ゖ' || 'ァ' <= r && r <= 'ヺ' || r == 'ー' }
