package reading

// Kana morae as Korean writes them, initial and vowel as the syllable with ㅏ, ㅣ, ㅜ, ㅔ, ㅗ.
const (
	kanaRows = "ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖ"
	kanaHang = "아아이이우우에에오오카가키기쿠구케게코고사자시지스즈세제소조타다치지읏츠즈테데토도나니누네노하바파히비피후부푸헤베페호보포마미무메모야야유유요요라리루레로와와이에오은부카케"
)

var kanaTable = func() (table [96]rune) {
	hang := []rune(kanaHang)
	for i, r := range []rune(kanaRows) {
		table[r-'ぁ'] = hang[i]
	}
	return table
}()

// Hangul syllables are '가' + (initial*21 + vowel)*28 + final.
const (
	vowelYa, vowelYo, vowelYu, vowelI = 2, 12, 17, 20

	finalN, finalS = 4, 19
)

// kana reads Japanese inside Korean text by sound, since the Korean front end would
// leave it out: ありがとう is 아리가토우.
func (k *korean) kana() {
	for ; k.i < len(k.src) && isKana(k.src[k.i]); k.i++ {
		r := k.src[k.i]
		if 'ァ' <= r && r <= 'ヶ' {
			r -= 'ァ' - 'ぁ'
		}
		if r > 'ゖ' {
			continue // the long vowel mark and the iteration marks
		}
		n := len(k.dst)
		last, open := rune(0), false
		if n > 0 && isHangul(k.dst[n-1]) {
			last = k.dst[n-1] - '가'
			open = last%28 == 0
		}
		vowel := last / 28 % 21
		glide := map[rune]rune{'ゃ': vowelYa, 'ゅ': vowelYu, 'ょ': vowelYo}[r]
		switch {
		case r == 'ん' && open:
			k.dst[n-1] += finalN
		case r == 'っ' && open:
			k.dst[n-1] += finalS
		case glide != 0 && open && vowel == vowelI:
			k.dst[n-1] += (glide - vowelI) * 28
		default:
			k.dst = append(k.dst, kanaTable[r-'ぁ'])
		}
	}
}
