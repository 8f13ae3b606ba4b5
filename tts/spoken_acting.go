package tts

import (
	"strings"
	"unicode"
)

// A survey counts what a bracket holds.
type survey struct {
	words, digits, hangul, kana, han, latin int
	marks                                   int // neither letter, digit nor space
	faces                                   int // marks that faces are drawn with
}

func surveyOf(inner []rune) (s survey) {
	for _, r := range inner {
		switch {
		case isDigit(r):
			s.digits++
			s.words++
		case isLatin(r):
			s.latin++
			s.words++
		case isHangul(r):
			s.hangul++
			s.words++
		case isKana(r):
			s.kana++
			s.words++
		case r > 0x2E00 && unicode.Is(unicode.Han, r):
			s.han++
			s.words++
		case r == ' ':
		default:
			s.marks++
			switch r {
			case '_', '^', '´', '`', '\'', ';', '*', '°', '・', '~', '<', '>', '=', '\\', '/':
				s.faces++
			}
		}
	}
	return s
}

// face reports whether a bracket is a drawing: T_T, ^o^, ・ω・.
func (s survey) face() bool { return s.faces > 0 && s.words <= 2 && s.words <= s.marks*2 }

// gloss reports whether a bracket behind a word that ends in prev only repeats it in
// another script.
func (s survey) gloss(prev rune, lang Lang) bool {
	switch lang {
	case Korean:
		return s.hangul == 0 && s.digits == 0 && isHangul(prev)
	case Japanese:
		return s.kana == s.words && !isKana(prev) || s.latin == s.words && !isLatin(prev) || s.kana == s.words && !isLatin(prev) && s.words < 8
	default:
		return false
	}
}

// Endings and words by which a text is known to be acting rather than speech.
var (
	actingKorean = suffixes("며 면서 듯 듯이 채 채로 웃음 미소 한숨 눈물 끄덕 윙크 박수 침묵 기침 당황 갸웃 피식 씨익 싱긋 방긋 훌쩍 머뭇 히죽 꾸벅 " +
		"도리도리 두근두근 글썽 쓰담 쓰담쓰담 정적 속삭임 흐느낌 긁적 절레절레 부끄 하품 포옹")
	actingJapanese = suffixes("笑 笑い 泣 涙 汗 爆笑 苦笑 微笑 照 怒 拍手 沈黙 ため息 溜息 ながら つつ うなずく 頷く 頷いて 微笑む 微笑んで 笑って 笑う 照れる 照れて")
	actingChinese  = suffixes("笑 微笑 笑着 叹气 点头 哭 沉默 苦笑 大笑 挥手 眨眼 脸红")

	actingEnglish = verbStems("laugh chuckle giggle smile sigh nod grin wink blush whisper shrug gasp cough cry sob wave bow pause lean look tilt smirk " +
		"frown yawn hum clap hug pat glance gaze stare turn walk sit stand take raise shake scratch clear roll bite pout tear snicker snort mutter " +
		"mumble murmur gulp hesitate stretch fidget beam snuggle kiss purr facepalm giggl smil wav paus gaz star danc blink sniff sniffl chuckl tak " +
		"shak bit rais hesitat snuggl mumbl nodd grinn winkn shrugg humm clapp hugg patt sitt winc wince tremble trembl squeal squeak pok poke")
)

func suffixes(list string) [][]rune {
	var out [][]rune
	for _, w := range strings.Fields(list) {
		out = append(out, []rune(w))
	}
	return out
}

func verbStems(list string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// acting reports whether a text in marks or brackets reads like a stage direction: a
// Korean clause in -며, -면서, -듯 or a plain -ㄴ다, or one of the usual words for
// laughing, sighing and nodding in each language.
func acting(text []rune) bool {
	for len(text) > 0 && !isWord(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	for len(text) > 0 && !isWord(text[0]) {
		text = text[1:]
	}
	if len(text) == 0 {
		return false
	}
	switch last := text[len(text)-1]; {
	case isHangul(last):
		if last == '다' && len(text) > 2 {
			const finalN = 4
			p := text[len(text)-2]
			return isHangul(p) && (p-'가')%28 == finalN
		}
		return hasSuffix(text, actingKorean)
	case isLatin(last):
		return actingLatin(text)
	default:
		return hasSuffix(text, actingJapanese) || hasSuffix(text, actingChinese)
	}
}

func hasSuffix(text []rune, endings [][]rune) bool {
next:
	for _, e := range endings {
		if len(e) > len(text) {
			continue
		}
		for i, r := range e {
			if text[len(text)-len(e)+i] != r {
				continue next
			}
		}
		return true
	}
	return false
}

// actingLatin looks for a verb of acting among the first two words: laughs, softly
// sighing.
func actingLatin(text []rune) bool {
	const longest = 12
	start, seen := 0, 0
	for i := 0; i <= len(text) && seen < 2; i++ {
		if i < len(text) && isLatin(text[i]) {
			continue
		}
		if n := i - start; n > 0 && n <= longest {
			var key [longest]byte
			for k, r := range text[start:i] {
				key[k] = byte(r|0x20) & 0x7F
			}
			word := key[:n]
			for _, ending := range [...]string{"", "s", "es", "ing", "ed"} {
				if k := n - len(ending); k > 0 && string(word[k:]) == ending && actingEnglish[string(word[:k])] {
					return true
				}
			}
		}
		seen++
		start = i + 1
	}
	return false
}
