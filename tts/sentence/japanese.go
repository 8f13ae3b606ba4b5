package sentence

import "strings"

// japaneseHesitations begin a thought when they are all there is before an ellipsis.
var japaneseHesitations = wordSet(`えっと ええと えーと えと えーっと あの あのう あのー あのね その そのう そのー うーん うん ううん んー ん まあ まぁ ふむ へえ え えっ あ あっ
	じゃあ でも だけど だから それで それに やっぱり もし もしかして ちょっと 実は なんか なんというか なんていうか いや さあ そう そうか そっか ねえ ほら 私 僕 俺 わたし ぼく
	あなた 君 今日は 本当は お前 つまり 例えば たぶん きっと はい はぁ はあ ふふ`)

// japaneseWeaks are the kana that bind a word to what follows.
const japaneseWeaks = "てでにをはがもとへやどしばら"

// japaneseParticles take up a quotation: 「行くよ。」と言った。
const japaneseParticles = "とっはがをにものでやへだみ"

// japaneseEnding judges the clause that text ends in.
func japaneseEnding(text []byte) ending {
	text = trimTail(text)
	if japaneseHesitations[string(lastClause(text))] {
		return weak
	}
	last, rest := lastRune(text)
	before, _ := lastRune(rest)
	switch {
	case last == 'ら' && before == 'さ', last == 'に' && before == 'な', last == 'も' && before == 'か', last == 'し' && before == 'い':
		return noun
	case last == 'す' && strings.ContainsRune("でま", before), last == 'た' && before == 'し', last == 'ん' && before == 'せ':
		return polite
	case strings.ContainsRune(japaneseWeaks, last):
		return weak
	case classOf(last) == kana && last != 'ー':
		return final
	}
	return noun
}

// lastClause is what text ends in since the last rune that is no letter.
func lastClause(text []byte) []byte {
	i := len(text)
	for i > 0 && len(text)-i < maxWord {
		r, rest := lastRune(text[:i])
		if !classOf(r).isLetter() {
			break
		}
		i = len(rest)
	}
	return text[i:]
}
