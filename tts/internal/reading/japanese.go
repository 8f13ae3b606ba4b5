package reading

// Japanese appends src to dst for Open JTalk, the front end of GPT-SoVITS. Numbers
// become kanji numerals in front of their kanji counter (三人, 八時, 六本), because
// Open JTalk then gives the right reading, sound changes and accent; hiragana it
// would take apart (は for the particle). Kana is written only where it misreads the
// kanji: 20歳 and the digits behind a point. ASCII digits must go altogether:
// GPT-SoVITS takes a run of them for English, and cuts the text at points, commas
// and colons.
//
// Spaces stay only between Latin words. Text without Japanese that holds English
// words is left to English.
func Japanese(dst, src []rune) []rune {
	if foreign(src, func(r rune) bool { return isKana(r) || isHan(r) }) {
		return English(dst, src)
	}
	j := japanese{src: src, dst: dst}
	for j.i < len(src) {
		switch r := src[j.i]; {
		case isDigit(r):
			j.number()
		case isLatin(r):
			j.latin()
		case isKana(r) || isHan(r):
			if !j.laughter(r) {
				j.dst = append(j.dst, r)
			}
			j.i++
		default:
			j.symbol(r)
		}
	}
	return j.dst
}

// A japanese is one reading under way: src[:i] has been said, in dst.
type japanese struct {
	src, dst []rune
	i        int
}

var (
	jaDigits = [10]string{"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	// jaKana are digits said one by one; two morae each, as telephone numbers are.
	jaKana = [10]string{"ゼロ", "イチ", "ニイ", "サン", "ヨン", "ゴオ", "ロク", "ナナ", "ハチ", "キュウ"}
	// jaFraction are the digits behind a point.
	jaFraction = [10]string{"ゼロ", "イチ", "ニ", "サン", "ヨン", "ゴ", "ロク", "ナナ", "ハチ", "キュウ"}

	jaLetters = [26]string{"エー", "ビー", "シー", "ディー", "イー", "エフ", "ジー", "エイチ", "アイ", "ジェー", "ケー", "エル", "エム",
		"エヌ", "オー", "ピー", "キュー", "アール", "エス", "ティー", "ユー", "ブイ", "ダブリュー", "エックス", "ワイ", "ゼット"}

	// jaWords are Latin words, in lower case, that everybody knows in kana.
	jaWords = map[string]string{"3d": "スリーディー", "2d": "ツーディー", "4k": "ヨンケー", "8k": "ハチケー", "5g": "ファイブジー", "4g": "フォージー",
		"mp3": "エムピースリー", "mp4": "エムピーフォー", "a4": "エーヨン", "co2": "シーオーツー", "r&b": "アールアンドビー", "q&a": "キューアンドエー",
		"m&a": "エムアンドエー", "c++": "シープラスプラス", "c#": "シーシャープ", "24/7": "二十四時間いつでも", "ok": "オーケー", "wi-fi": "ワイファイ", "wifi": "ワイファイ",
		"k-pop": "ケーポップ", "j-pop": "ジェーポップ", "e-mail": "イーメール", "t-shirt": "ティーシャツ", "nasa": "ナサ", "nato": "ナトー",
		"unesco": "ユネスコ", "unicef": "ユニセフ", "fifa": "フィファ", "toeic": "トーイック", "ikea": "イケア", "lego": "レゴ", "sony": "ソニー", "gif": "ジフ",
		"covid": "コビッド", "sim": "シム", "ram": "ラム", "youtube": "ユーチューブ", "google": "グーグル", "instagram": "インスタグラム",
		"facebook": "フェイスブック", "twitter": "ツイッター", "netflix": "ネットフリックス", "tiktok": "ティックトック", "iphone": "アイフォーン",
		"ipad": "アイパッド", "android": "アンドロイド", "openai": "オープンエーアイ", "chatgpt": "チャットジーピーティー", "github": "ギットハブ",
		"python": "パイソン", "windows": "ウィンドウズ", "line": "ライン", "vs": "対", "dvd": "ディーブイディー"}

	jaHalves = map[string]string{"am": "午前", "pm": "午後"}
)

func (j *japanese) say(s string)  { j.dst = appendString(j.dst, s) }
func (j *japanese) at(i int) rune { return at(j.src, i) }

func (j *japanese) symbol(r rune) {
	i := j.i
	j.i++
	next := j.at(i + 1)
	number := isDigit(before(j.src, i))
	toNumber := isDigitAt(j.src, skipSpaces(j.src, i+1))
	switch r {
	case ' ':
		if isLatin(j.at(i-1)) && isLatin(next) {
			j.dst = append(j.dst, r)
		}
		return
	case '-', '−':
		switch {
		case number && toNumber && (r == '−' || j.at(i-1) == ' '):
			j.say("ひく")
			return
		case isDigit(next) && !isLatin(j.at(i-1)) && !number:
			j.say("マイナス")
			return
		}
	case '+':
		if number && toNumber {
			j.say("たす")
		} else {
			j.say("プラス")
		}
		return
	case '×':
		j.say("かける")
		return
	case '÷':
		j.say("わる")
		return
	case '=':
		if number {
			j.say("は")
		} else {
			j.say("イコール")
		}
		return
	case '/':
		if number && toNumber {
			j.say("わる")
			return
		}
	case '&':
		j.say("アンド")
		return
	case '%':
		j.say("パーセント")
		return
	case '°':
		j.say("度")
		return
	case '²':
		j.say("の二乗")
		return
	case '³':
		j.say("の三乗")
		return
	case '±':
		j.say("プラスマイナス")
		return
	case '≈':
		j.say("約")
		return
	case '√':
		j.say("ルート")
		return
	case '∞':
		j.say("無限大")
		return
	case '#':
		if isDigit(next) {
			j.number()
			j.say("番")
			return
		}
	case '~':
		if toNumber && (isWord(j.at(i-1)) || before(j.src, i) == '%') {
			j.say("から")
			return
		}
		if isDigit(next) {
			j.say("約")
			return
		}
	case '.':
		if isDigit(next) && !isWord(j.at(i-1)) {
			run := digitRun(j.src, i+1)
			j.say("零点")
			j.fraction(j.src[i+1 : i+1+run])
			j.i = i + 1 + run
			return
		}
	default:
		if c, ok := currencyOf(r); ok {
			if k := skipSpaces(j.src, i+1); isDigitAt(j.src, k) {
				n := scanNumeral(j.src, k)
				j.numeral(n)
				j.i = n.end
				j.scales()
				j.say(c.ja)
			}
			return
		}
	}
	j.dst = append(j.dst, r)
}

// laughter reports whether r is the 笑 that chat puts behind a sentence, ウケる笑, or the
// 草 behind a full one.
func (j *japanese) laughter(r rune) bool {
	if r != '笑' && r != '草' {
		return false
	}
	for _, next := range j.src[j.i+1:] {
		if isWord(next) {
			return false
		}
	}
	prev := j.at(j.i - 1)
	if r == '笑' {
		return j.i > 0 && !isHan(prev)
	}
	return j.i > 0 && !isWord(prev)
}

func (j *japanese) number() {
	src, i := j.src, j.i
	if end := compoundEnd(src, i); end > i {
		if s, ok := lookup(jaWords, src[i:end]); ok {
			j.say(s)
			j.i = end
			return
		}
	}
	if d, end, ok := dateAt(src, i); ok && d.year > 0 {
		j.date(d)
		j.i = end
		return
	}
	if end, ok := phoneAt(src, i); ok {
		for ; j.i < end; j.i++ {
			if isDigit(src[j.i]) {
				j.say(jaKana[src[j.i]-'0'])
			} else {
				j.say("、")
			}
		}
		return
	}
	if c, end, ok := clockAt(src, i); ok {
		j.clock(c, end)
		return
	}
	if end, ok := versionAt(src, i); ok {
		for j.i < end {
			run := digitRun(src, j.i)
			j.numeral(scanNumeral(src[:j.i+run], j.i))
			if j.i += run; j.i < end {
				j.say("点")
				j.i++
			}
		}
		return
	}
	n := scanNumeral(src, i)
	next := at(src, n.end)
	if isDigitAt(src, n.end+1) {
		m := scanNumeral(src, n.end+1)
		switch {
		case next == ':' && n.frac == nil:
			j.numeral(n)
			j.say("対")
			j.i = m.start
			return
		case next == '/' && n.frac == nil && m.frac == nil:
			j.slash(n, m)
			return
		case next == '-' || next == '–' || next == '~':
			j.numeral(n)
			switch {
			case next == '-' && arithmetic(src, m.end):
				j.say("ひく")
			case next == '-' && n.frac == nil && m.frac == nil && n.value >= m.value:
				j.say("の")
			default:
				j.say("から")
			}
			j.i = m.start
			return
		}
	}
	j.counted(n)
}

// slash reads 11/24 as a date and 1/2 as a fraction.
func (j *japanese) slash(n, m numeral) {
	j.i = m.end
	num, den := n.value, m.value
	switch {
	case n.digits > 4 || m.digits > 4:
		j.numeral(n)
		j.say("、")
		j.numeral(m)
	case arithmetic(j.src, m.end):
		j.numeral(n)
		j.say("わる")
		j.numeral(m)
	case monthDay(num, den):
		j.date(date{0, num, den})
	case num < den:
		j.numeral(m)
		j.say("分の")
		j.numeral(n)
	default:
		j.numeral(n)
		j.say("、")
		j.numeral(m)
	}
}

// counted reads n with the unit behind it.
func (j *japanese) counted(n numeral) {
	src := j.src
	j.i = n.end
	if n.is(20) && (j.at(n.end) == '歳' || j.at(n.end) == '才') {
		j.say("はたち") // Open JTalk says にじゅっさい
		j.i++
		return
	}
	if u, end := unitAt(src, n.end); u != nil {
		if !endsIn(src, n.start, []rune(u.jaBefore)) {
			j.say(u.jaBefore)
		}
		j.numeral(n)
		j.say(u.ja)
		j.i = end
		return
	}
	if !n.quantity() && n.frac == nil && n.digits <= 2 && isHan(j.at(n.end)) {
		j.numeral(numeral{whole: n.whole[1:], digits: 1, value: n.value}) // 05分
		return
	}
	if n.is(800) && !isHan(j.at(n.end)) {
		j.say("ハッピャク") // 八百 alone may become ヤオ
		return
	}
	j.numeral(n)
	j.i = skipSpaces(src, n.end)
}

// scales copies 万 and the like behind an amount.
func (j *japanese) scales() {
	for {
		switch r := j.at(j.i); r {
		case '千', '万', '億', '兆':
			j.dst = append(j.dst, r)
			j.i++
		default:
			return
		}
	}
}

func (j *japanese) date(d date) {
	if d.year > 0 {
		j.dst = appendKanji(j.dst, d.year)
		j.say("年")
	}
	j.dst = appendKanji(j.dst, d.month)
	j.say("月")
	if d.day > 0 {
		j.dst = appendKanji(j.dst, d.day)
		j.say("日")
	}
}

func (j *japanese) clock(c clock, end int) {
	k := skipSpaces(j.src, end)
	if stop := latinRun(j.src, k); stop == k+2 {
		if s, ok := lookup(jaHalves, j.src[k:stop]); ok {
			j.say(s)
			end = stop
		}
	}
	if c.hour == 0 {
		j.say("零時")
	} else {
		j.dst = appendKanji(j.dst, c.hour)
		j.say("時")
	}
	if c.minute > 0 {
		j.dst = appendKanji(j.dst, c.minute)
		j.say("分")
	}
	if c.second > 0 {
		j.dst = appendKanji(j.dst, c.second)
		j.say("秒")
	}
	j.i = end
	if r := j.at(end); (r == '-' || r == '–') && isDigitAt(j.src, end+1) {
		j.say("から")
		j.i++
	}
}

func (j *japanese) numeral(n numeral) {
	switch {
	case !n.quantity():
		for _, r := range n.whole {
			if isDigit(r) {
				j.say(jaKana[r-'0'])
			}
		}
	case n.value == 0 && n.frac == nil:
		j.say("ゼロ")
	case n.value == 0:
		j.say("零")
	default:
		j.dst = appendKanji(j.dst, n.value)
	}
	if n.frac != nil {
		j.say("点")
		j.fraction(n.frac)
	}
}

// fraction says the digits behind a point. One alone is read right as kanji; more
// would be read as a number (三点一四 as 3.14 is さんてんじゅうよん).
func (j *japanese) fraction(digits []rune) {
	if len(digits) == 1 && digits[0] != '0' {
		j.say(jaDigits[digits[0]-'0'])
		return
	}
	for _, r := range digits {
		j.say(jaFraction[r-'0'])
	}
}

// latin reads a word in Latin letters: initials by the names of their letters, known
// words in kana; the rest stays, GPT-SoVITS reads English inside Japanese.
func (j *japanese) latin() {
	src, i := j.src, j.i
	if end := compoundEnd(src, i); end > i {
		if s, ok := lookup(jaWords, src[i:end]); ok {
			j.say(s)
			j.i = end
			return
		}
	}
	end := latinRun(src, i)
	word := src[i:end]
	j.i = end
	if s, ok := lookup(jaHalves, word); ok && allUpper(word) && isDigitAt(src, skipSpaces(src, end)) {
		j.say(s)
		j.i = skipSpaces(src, end)
		return
	}
	// w, as ｗｗｗ too, is laughter behind Japanese.
	if p := before(src, i); allSame(word, 'w') && (p != 0 || len(word) > 1) && !isLatin(p) && !isDigit(p) {
		return
	}
	s, known := lookup(jaWords, word)
	switch {
	case known:
		j.say(s)
	case initials(word), len(word) == 1 && !j.englishAround(i, end):
		for _, r := range word {
			if isUpper(r) || len(word) == 1 {
				j.say(jaLetters[(r|0x20)-'a'])
			}
		}
	default:
		j.dst = append(j.dst, word...)
	}
	switch r, next := j.at(end), j.at(end+1); {
	case r == '-' && (isLatin(next) || isDigit(next)), r == '/' && isLatin(next):
		j.i++
		if isLatin(next) && isLatin(j.dst[len(j.dst)-1]) {
			j.say(" ")
		}
	case r == '.' && isLower(next):
		j.say("ドット")
		j.i++
	}
}

// englishAround reports whether the letter at i stands next to a Latin word.
func (j *japanese) englishAround(i, end int) bool {
	return j.at(end) == ' ' && isLatin(j.at(end+1)) || j.at(i-1) == ' ' && isLatin(j.at(i-2))
}

func allSame(word []rune, r rune) bool {
	for _, w := range word {
		if w != r {
			return false
		}
	}
	return true
}

// appendKanji appends v > 0 in kanji numerals.
func appendKanji(dst []rune, v uint64) []rune {
	scales := [...]rune{0, '万', '億', '兆', '京'}
	for power := len(scales) - 1; power >= 0; power-- {
		unit := uint64(1)
		for range power {
			unit *= 10_000
		}
		group := v / unit % 10_000
		if group == 0 {
			continue
		}
		for _, p := range [...]struct {
			unit uint64
			name rune
		}{{1000, '千'}, {100, '百'}, {10, '十'}, {1, 0}} {
			d := group / p.unit % 10
			if d == 0 {
				continue
			}
			// 一千万 keeps its 一, plain 千 does not have one.
			if d > 1 || p.unit == 1 || p.unit == 1000 && power > 0 {
				dst = appendString(dst, jaDigits[d])
			}
			if p.name != 0 {
				dst = append(dst, p.name)
			}
		}
		if power > 0 {
			dst = append(dst, scales[power])
		}
	}
	return dst
}
