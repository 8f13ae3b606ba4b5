package reading

// A unit is a measure written in Latin letters or as a sign behind a number.
type unit struct {
	written string
	ko      string
	ja      string
	en      string // singular
	plural  string // en with an s, where empty
	// koBefore and jaBefore go in front of the number: 시속 100 킬로미터.
	koBefore, jaBefore string
	// tight units are words or letters of their own as well, so they count as
	// units only without a space: 5A is five amperes, 5 A teams are not.
	tight bool
}

var units = indexUnits([]unit{
	{written: "km", ko: "킬로미터", ja: "キロメートル", en: "kilometer"},
	{written: "m", ko: "미터", ja: "メートル", en: "meter"},
	{written: "cm", ko: "센티미터", ja: "センチメートル", en: "centimeter"},
	{written: "mm", ko: "밀리미터", ja: "ミリメートル", en: "millimeter"},
	{written: "μm", ko: "마이크로미터", ja: "マイクロメートル", en: "micrometer"},
	{written: "um", ko: "마이크로미터", ja: "マイクロメートル", en: "micrometer"},
	{written: "nm", ko: "나노미터", ja: "ナノメートル", en: "nanometer"},
	{written: "km²", ko: "제곱킬로미터", ja: "平方キロメートル", en: "square kilometer"},
	{written: "m²", ko: "제곱미터", ja: "平方メートル", en: "square meter"},
	{written: "cm²", ko: "제곱센티미터", ja: "平方センチメートル", en: "square centimeter"},
	{written: "m³", ko: "세제곱미터", ja: "立方メートル", en: "cubic meter"},
	{written: "cm³", ko: "세제곱센티미터", ja: "立方センチメートル", en: "cubic centimeter"},
	{written: "kg", ko: "킬로그램", ja: "キログラム", en: "kilogram"},
	{written: "g", ko: "그램", ja: "グラム", en: "gram"},
	{written: "mg", ko: "밀리그램", ja: "ミリグラム", en: "milligram"},
	{written: "t", ko: "톤", ja: "トン", en: "ton", tight: true},
	{written: "L", ko: "리터", ja: "リットル", en: "liter"},
	{written: "l", ko: "리터", ja: "リットル", en: "liter"},
	{written: "mL", ko: "밀리리터", ja: "ミリリットル", en: "milliliter"},
	{written: "ml", ko: "밀리리터", ja: "ミリリットル", en: "milliliter"},
	{written: "dL", ko: "데시리터", ja: "デシリットル", en: "deciliter"},
	{written: "dl", ko: "데시리터", ja: "デシリットル", en: "deciliter"},
	{written: "cc", ko: "시시", ja: "シーシー", en: "cc", plural: "cc"},
	{written: "in", ko: "인치", ja: "インチ", en: "inch", plural: "inches", tight: true},
	{written: "ft", ko: "피트", ja: "フィート", en: "foot", plural: "feet"},
	{written: "yd", ko: "야드", ja: "ヤード", en: "yard"},
	{written: "mi", ko: "마일", ja: "マイル", en: "mile"},
	{written: "lb", ko: "파운드", ja: "ポンド", en: "pound"},
	{written: "lbs", ko: "파운드", ja: "ポンド", en: "pound"},
	{written: "oz", ko: "온스", ja: "オンス", en: "ounce"},
	{written: "km/h", koBefore: "시속", ko: "킬로미터", jaBefore: "時速", ja: "キロメートル", en: "kilometer per hour", plural: "kilometers per hour"},
	{written: "kph", koBefore: "시속", ko: "킬로미터", jaBefore: "時速", ja: "キロメートル", en: "kilometer per hour", plural: "kilometers per hour"},
	{written: "mph", koBefore: "시속", ko: "마일", jaBefore: "時速", ja: "マイル", en: "mile per hour", plural: "miles per hour"},
	{written: "m/s", koBefore: "초속", ko: "미터", jaBefore: "秒速", ja: "メートル", en: "meter per second", plural: "meters per second"},
	{written: "km/s", koBefore: "초속", ko: "킬로미터", jaBefore: "秒速", ja: "キロメートル", en: "kilometer per second", plural: "kilometers per second"},
	{written: "°C", ko: "도", ja: "度", en: "degree Celsius", plural: "degrees Celsius"},
	{written: "°F", koBefore: "화씨", ko: "도", jaBefore: "華氏", ja: "度", en: "degree Fahrenheit", plural: "degrees Fahrenheit"},
	{written: "°", ko: "도", ja: "度", en: "degree"},
	{written: "%", ko: "퍼센트", ja: "パーセント", en: "percent", plural: "percent"},
	{written: "%p", ko: "퍼센트포인트", ja: "パーセントポイント", en: "percentage point"},
	{written: "‰", ko: "퍼밀", ja: "パーミル", en: "per mille", plural: "per mille"},
	{written: "kB", ko: "킬로바이트", ja: "キロバイト", en: "kilobyte"},
	{written: "KB", ko: "킬로바이트", ja: "キロバイト", en: "kilobyte"},
	{written: "MB", ko: "메가바이트", ja: "メガバイト", en: "megabyte"},
	{written: "GB", ko: "기가바이트", ja: "ギガバイト", en: "gigabyte"},
	{written: "TB", ko: "테라바이트", ja: "テラバイト", en: "terabyte"},
	{written: "Kbps", ko: "킬로비피에스", ja: "キロビーピーエス", en: "kilobit per second", plural: "kilobits per second"},
	{written: "Mbps", ko: "메가비피에스", ja: "メガビーピーエス", en: "megabit per second", plural: "megabits per second"},
	{written: "Gbps", ko: "기가비피에스", ja: "ギガビーピーエス", en: "gigabit per second", plural: "gigabits per second"},
	{written: "Hz", ko: "헤르츠", ja: "ヘルツ", en: "hertz", plural: "hertz"},
	{written: "kHz", ko: "킬로헤르츠", ja: "キロヘルツ", en: "kilohertz", plural: "kilohertz"},
	{written: "MHz", ko: "메가헤르츠", ja: "メガヘルツ", en: "megahertz", plural: "megahertz"},
	{written: "GHz", ko: "기가헤르츠", ja: "ギガヘルツ", en: "gigahertz", plural: "gigahertz"},
	{written: "W", ko: "와트", ja: "ワット", en: "watt", tight: true},
	{written: "kW", ko: "킬로와트", ja: "キロワット", en: "kilowatt"},
	{written: "MW", ko: "메가와트", ja: "メガワット", en: "megawatt"},
	{written: "kWh", ko: "킬로와트시", ja: "キロワット時", en: "kilowatt hour"},
	{written: "V", ko: "볼트", ja: "ボルト", en: "volt", tight: true},
	{written: "A", ko: "암페어", ja: "アンペア", en: "ampere", tight: true},
	{written: "mA", ko: "밀리암페어", ja: "ミリアンペア", en: "milliampere"},
	{written: "mAh", ko: "밀리암페어시", ja: "ミリアンペア時", en: "milliampere hour"},
	{written: "dB", ko: "데시벨", ja: "デシベル", en: "decibel"},
	{written: "cal", ko: "칼로리", ja: "カロリー", en: "calorie"},
	{written: "kcal", ko: "킬로칼로리", ja: "キロカロリー", en: "kilocalorie"},
	{written: "J", ko: "줄", ja: "ジュール", en: "joule", tight: true},
	{written: "kJ", ko: "킬로줄", ja: "キロジュール", en: "kilojoule"},
	{written: "Pa", ko: "파스칼", ja: "パスカル", en: "pascal"},
	{written: "hPa", ko: "헥토파스칼", ja: "ヘクトパスカル", en: "hectopascal"},
	{written: "ppm", ko: "피피엠", ja: "ピーピーエム", en: "parts per million", plural: "parts per million"},
	{written: "bpm", ko: "비피엠", ja: "ビーピーエム", en: "beat per minute", plural: "beats per minute"},
	{written: "rpm", ko: "알피엠", ja: "アールピーエム", en: "revolution per minute", plural: "revolutions per minute"},
	{written: "fps", ko: "에프피에스", ja: "エフピーエス", en: "frame per second", plural: "frames per second"},
	{written: "px", ko: "픽셀", ja: "ピクセル", en: "pixel"},
	{written: "ms", ko: "밀리초", ja: "ミリ秒", en: "millisecond"},
	{written: "s", ko: "초", ja: "秒", en: "second", tight: true},
	{written: "sec", ko: "초", ja: "秒", en: "second"},
	{written: "min", ko: "분", ja: "分", en: "minute"},
	{written: "h", ko: "시간", ja: "時間", en: "hour", tight: true},
	{written: "hr", ko: "시간", ja: "時間", en: "hour"},
	{written: "hrs", ko: "시간", ja: "時間", en: "hour"},
	{written: "x", ko: "배", ja: "倍", en: "times", plural: "times", tight: true},
})

// maxUnit is the longest written unit, in runes.
const maxUnit = 4

func indexUnits(list []unit) map[string]*unit {
	index := make(map[string]*unit, len(list))
	for i := range list {
		if list[i].plural == "" {
			list[i].plural = list[i].en + "s"
		}
		index[list[i].written] = &list[i]
	}
	return index
}

// unitAt finds the unit behind a number that ends at i, with a space between or
// not, and says where the unit ends.
func unitAt(src []rune, i int) (u *unit, end int) {
	j := i
	if at(src, j) == ' ' {
		j++
	}
	r := at(src, j)
	if !isLatin(r) && r != '°' && r != '%' && r != '‰' && r != 'μ' {
		return nil, i
	}
	var key [16]byte
	for n := maxUnit; n > 0; n-- {
		if j+n > len(src) || isLatin(at(src, j+n)) && isLatin(src[j+n-1]) || isDigit(at(src, j+n)) && isLatin(src[j+n-1]) {
			continue
		}
		b := key[:0]
		for _, r := range src[j : j+n] {
			if r > 0xFFF && r != '‰' {
				b = b[:0]
				break
			}
			b = appendRune(b, r)
		}
		if u := units[string(b)]; u != nil && (!u.tight || j == i) {
			return u, j + n
		}
	}
	return nil, i
}

// A currency is a sign in front of an amount.
type currency struct {
	ko, ja     string
	en, plural string
	cent       string // hundredths in English, plural; empty if there are none
}

func currencyOf(r rune) (c currency, ok bool) {
	switch r {
	case '₩':
		return currency{ko: "원", ja: "ウォン", en: "won", plural: "won"}, true
	case '$':
		return currency{ko: "달러", ja: "ドル", en: "dollar", plural: "dollars", cent: "cents"}, true
	case '€':
		return currency{ko: "유로", ja: "ユーロ", en: "euro", plural: "euros", cent: "cents"}, true
	case '£':
		return currency{ko: "파운드", ja: "ポンド", en: "pound", plural: "pounds", cent: "pence"}, true
	case '¥':
		return currency{ko: "엔", ja: "円", en: "yen", plural: "yen"}, true
	}
	return currency{}, false
}
