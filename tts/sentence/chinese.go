package sentence

import (
	"strings"
	"unicode/utf8"
)

const (
	// chineseFinals are the particles that a sentence ends in.
	chineseFinals = "了吧呢啊呀吗哦嘛啦哟喔噢咯哈"
	// chineseWeaks are what a sentence rarely ends in.
	chineseWeaks = "是在和与或把被给跟的地得这那就还也都很太更最因为但可而所如果虽然"
	// minChineseClause is how many characters before an ellipsis are a sentence of
	// their own rather than the start of one.
	minChineseClause = 4
)

var chineseHesitations = wordSet(`嗯 呃 额 那个 这个 其实 可是 但是 不过 所以 因为 然后 如果 我 你 他 她 我们 也许 可能 或许 好像 好吧那 怎么说呢 怎么说 该怎么说呢 应该怎么说呢 就是 比如 啊 哦 唉 哎 唔 咦 那么 而且 总之 说起来 话说 说实话 老实说 好像是`)

// chineseEnding judges the clause that text ends in.
func chineseEnding(text []byte) ending {
	text = trimTail(text)
	clause := lastClause(text)
	last, _ := lastRune(text)
	switch {
	case chineseHesitations[string(clause)]:
		return weak
	case strings.ContainsRune(chineseFinals, last) && utf8.RuneCount(clause) > 1:
		return final
	case strings.ContainsRune(chineseWeaks, last):
		return weak
	case utf8.RuneCount(clause) >= minChineseClause:
		return final
	}
	return weak
}

// attributions take up a quotation that begins its sentence: “走吧！”他轻声说。
const attributions = "说道问喊叫答嚷"

// maxAttribution is how many characters may stand from a quotation to its verb.
const maxAttribution = 8
