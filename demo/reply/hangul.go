package reply

import "strings"

// Hangul syllables are laid out as (onset*21 + vowel)*28 + coda from U+AC00.
const (
	hangulFirst  = 0xAC00
	hangulLast   = 0xD7A3
	hangulVowels = 21
	hangulCodas  = 28

	codaN = 4  // ㄴ
	codaL = 8  // ㄹ
	codaB = 17 // ㅂ
	codaS = 20 // ㅆ
)

func isHangul(r rune) bool { return r >= hangulFirst && r <= hangulLast }

// jamo takes a syllable apart; coda 0 is none.
func jamo(r rune) (onset, vowel, coda int) {
	n := int(r - hangulFirst)
	return n / (hangulVowels * hangulCodas), n / hangulCodas % hangulVowels, n % hangulCodas
}

// withCoda puts another coda under a syllable.
func withCoda(r rune, coda int) rune {
	return r - (r-hangulFirst)%hangulCodas + rune(coda)
}

var (
	romanOnset = [...]string{"g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h"}
	romanVowel = [...]string{"a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"}
	romanCoda  = [...]string{"", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k", "t", "p", "t"}
)

// romanize writes Hangul in Latin letters, syllable by syllable (Revised
// Romanization without sound changes), each word capitalised: an English sentence
// needs a name that an English voice can read.
func romanize(s string) string {
	var b strings.Builder
	start := true
	for _, r := range s {
		syllable := string(r)
		if isHangul(r) {
			onset, vowel, coda := jamo(r)
			syllable = romanOnset[onset] + romanVowel[vowel] + romanCoda[coda]
			if start {
				syllable = strings.ToUpper(syllable[:1]) + syllable[1:]
			}
		}
		b.WriteString(syllable)
		start = r == ' '
	}
	return b.String()
}

// The kana rows for each onset, in the order a i u e o and then ya yu yo.
var kanaRows = [...][8]string{
	{"カ", "キ", "ク", "ケ", "コ", "キャ", "キュ", "キョ"},     // ㄱ
	{"カ", "キ", "ク", "ケ", "コ", "キャ", "キュ", "キョ"},     // ㄲ
	{"ナ", "ニ", "ヌ", "ネ", "ノ", "ニャ", "ニュ", "ニョ"},     // ㄴ
	{"ダ", "ディ", "ドゥ", "デ", "ド", "デャ", "デュ", "デョ"},   // ㄷ
	{"タ", "ティ", "トゥ", "テ", "ト", "テャ", "テュ", "テョ"},   // ㄸ
	{"ラ", "リ", "ル", "レ", "ロ", "リャ", "リュ", "リョ"},     // ㄹ
	{"マ", "ミ", "ム", "メ", "モ", "ミャ", "ミュ", "ミョ"},     // ㅁ
	{"バ", "ビ", "ブ", "ベ", "ボ", "ビャ", "ビュ", "ビョ"},     // ㅂ
	{"パ", "ピ", "プ", "ペ", "ポ", "ピャ", "ピュ", "ピョ"},     // ㅃ
	{"サ", "シ", "ス", "セ", "ソ", "シャ", "シュ", "ショ"},     // ㅅ
	{"サ", "シ", "ス", "セ", "ソ", "シャ", "シュ", "ショ"},     // ㅆ
	{"ア", "イ", "ウ", "エ", "オ", "ヤ", "ユ", "ヨ"},        // ㅇ
	{"ジャ", "ジ", "ジュ", "ジェ", "ジョ", "ジャ", "ジュ", "ジョ"}, // ㅈ
	{"チャ", "チ", "チュ", "チェ", "チョ", "チャ", "チュ", "チョ"}, // ㅉ
	{"チャ", "チ", "チュ", "チェ", "チョ", "チャ", "チュ", "チョ"}, // ㅊ
	{"カ", "キ", "ク", "ケ", "コ", "キャ", "キュ", "キョ"},     // ㅋ
	{"タ", "ティ", "トゥ", "テ", "ト", "テャ", "テュ", "テョ"},   // ㅌ
	{"パ", "ピ", "プ", "ペ", "ポ", "ピャ", "ピュ", "ピョ"},     // ㅍ
	{"ハ", "ヒ", "フ", "ヘ", "ホ", "ヒャ", "ヒュ", "ヒョ"},     // ㅎ
}

// kanaVowel gives, per Hangul vowel, the column in kanaRows; a w-glide is written
// as a separate ワ or ウ, which is how Japanese hears it.
var kanaVowel = [...]struct {
	glide  bool
	column int
}{
	{false, 0}, {false, 3}, {false, 5}, {false, 3}, {false, 4}, {false, 3}, {false, 7}, {false, 3}, {false, 4},
	{true, 0}, {true, 3}, {true, 3}, {false, 7}, {false, 2}, {true, 4}, {true, 3}, {true, 1}, {false, 6},
	{false, 2}, {false, 1}, {false, 1},
}

// katakana writes Hangul in katakana, well enough for a name.
func katakana(s string) string {
	var b strings.Builder
	for _, r := range s {
		if !isHangul(r) {
			b.WriteRune(r)
			continue
		}
		onset, vowel, coda := jamo(r)
		v := kanaVowel[vowel]
		if v.glide {
			if onset != 11 {
				b.WriteString(kanaRows[onset][2])
			}
			b.WriteString([]string{"ワ", "ウィ", "ウ", "ウェ", "ウォ"}[v.column])
		} else {
			b.WriteString(kanaRows[onset][v.column])
		}
		switch romanCoda[coda] {
		case "n", "m", "ng":
			b.WriteString("ン")
		case "l":
			b.WriteString("ル")
		case "k":
			b.WriteString("ク")
		case "p":
			b.WriteString("プ")
		case "t":
			b.WriteString("ッ")
		}
	}
	return b.String()
}
