package tts

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold appends the characters of s in the forms that the later steps know: ASCII for
// full-width letters, digits, punctuation and presentation forms, one dash, one
// apostrophe, one quotation mark, one tilde, one space. What is only seen is left
// out: emoji, control, zero-width and variation characters. s is in NFC.
func fold(dst []rune, s string) []rune {
	for _, r := range s {
		if r < 0x80 {
			switch {
			case r < ' ' && r != '\n' && r != '\t' || r == 0x7F:
			case r == '\t':
				dst = append(dst, ' ')
			default:
				dst = append(dst, r)
			}
			continue
		}
		switch {
		case isHangul(r), 'ㄱ' <= r && r <= 'ㅣ', isKana(r), '一' <= r && r <= '鿿':
			dst = append(dst, r)
		default:
			dst = foldRare(dst, r)
		}
	}
	return dst
}

// foldRare folds a character outside ASCII and the scripts that are spoken.
func foldRare(dst []rune, r rune) []rune {
	switch r {
	case '…', '。', '、', '°', '±', '×', '÷', '²', '³', '≈', '√', '∞', '−', '€', '£', '¥', '₩', '·', 'ㆍ', '•', '‣', '◦', '▪', '々', '〇', '‰':
		return append(dst, r)
	case '\u2028', '\u2029':
		return append(dst, '\n')
	case '“', '”', '„', '‟', '«', '»', '「', '」', '『', '』', '《', '》', '〈', '〉', '〝', '〟', '‹', '›', '＂', '｢', '｣':
		return append(dst, '"')
	case '’', '‛', 'ʼ', '′', '＇':
		return append(dst, '\'')
	case '‐', '‑', '‒':
		return append(dst, '-')
	case '–', '—', '―', '─', '━':
		return append(dst, '–')
	case '〜', '～', '∼', '˜', '∽', '〰':
		return append(dst, '~')
	case '【', '〔', '〖', '［', '｛':
		return append(dst, '[')
	case '】', '〕', '〗', '］', '｝':
		return append(dst, ']')
	case '☓', '✕', '✖':
		return append(dst, '×')
	case '⁄', '∕':
		return append(dst, '/')
	case '・', '･', '‧':
		return append(dst, '・')
	case '￦':
		return append(dst, '₩')
	case '￥':
		return append(dst, '¥')
	case '≒', '≃':
		return append(dst, '≈')
	case '㎡':
		return append(dst, 'm', '²')
	case '㎥':
		return append(dst, 'm', '³')
	case '㎢':
		return append(dst, 'k', 'm', '²')
	case '㎠':
		return append(dst, 'c', 'm', '²')
	case '℃':
		return append(dst, '°', 'C')
	case '℉':
		return append(dst, '°', 'F')
	case 'µ', 'μ':
		return append(dst, 'μ')
	case '‘', '㈜', '™', '®', '©', '℠':
		return dst
	case 'ß':
		return append(dst, 's', 's')
	case 'æ':
		return append(dst, 'a', 'e')
	case 'œ':
		return append(dst, 'o', 'e')
	case 'ø':
		return append(dst, 'o')
	case 'ł':
		return append(dst, 'l')
	case '\u20E3': // the keycap swallows what stands on it: 1️⃣
		if n := len(dst); n > 0 && (isDigit(dst[n-1]) || dst[n-1] == '#' || dst[n-1] == '*') {
			dst = dst[:n-1]
		}
		return dst
	}
	switch {
	case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r), unicode.Is(unicode.Cc, r), r == unicode.ReplacementChar:
		return dst
	case unicode.IsSpace(r):
		return append(dst, ' ')
	case '\u2190' <= r && r <= '\u21FF', '\u27F0' <= r && r <= '\u27FF':
		return append(dst, ',') // arrows are pauses
	case '①' <= r && r <= '⑳':
		dst = append(dst, '(')
		dst = appendCompat(dst, r)
		return append(dst, ')')
	case '\uF900' <= r && r <= '\uFFEF', '\u2000' <= r && r <= '\u218F', '\u2460' <= r && r <= '\u249B', '\u3200' <= r && r <= '\u33FF', 0x1D400 <= r && r <= 0x1D7FF:
		return appendCompat(dst, r)
	case unicode.IsDigit(r):
		return append(dst, '0'+digitValue(r))
	case r < 0x250: // letters with accents lose them, other signs are dropped
		for _, d := range norm.NFD.String(string(r)) {
			if d < 0x80 {
				dst = append(dst, d)
			}
		}
		return dst
	case unicode.IsLetter(r):
		return append(dst, r)
	}
	return append(dst, ' ') // emoji and other pictures
}

// appendCompat appends what the compatibility character r stands for, as far as that
// is spoken: Ⅳ is IV, ½ is 1/2, ㎏ is kg.
func appendCompat(dst []rune, r rune) []rune {
	n := len(dst)
	// ½ behind a digit is a number of its own: 1½.
	for _, d := range norm.NFKC.String(string(r)) {
		switch {
		case d == '⁄':
			dst = append(dst, '/')
		case d == '"':
		case d < 0x80 && d >= ' ', isHangul(d), isKana(d), unicode.Is(unicode.Han, d) && unicode.IsLetter(d), 'ㄱ' <= d && d <= 'ㅣ', d == '。' || d == '、' || d == '・' || d == 'μ':
			dst = append(dst, d)
		default:
			dst = append(dst, ' ')
		}
	}
	if n > 0 && len(dst) > n && isDigit(dst[n-1]) && isDigit(dst[n]) && r < '\u3000' {
		dst = append(dst, 0)
		copy(dst[n+1:], dst[n:])
		dst[n] = ' '
	}
	return dst
}

// digitValue is the value of a decimal digit of any script. Scripts have their ten in
// a row, each starting at nought.
func digitValue(r rune) rune {
	zero := r
	for unicode.IsDigit(zero-1) && r-zero < 9 {
		zero--
	}
	return r - zero
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }
func isLatin(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }

// isWord reports whether r is a letter or a digit of what is spoken.
func isWord(r rune) bool {
	return isLatin(r) || isDigit(r) || isHangul(r) || isKana(r) || r > 0x2E00 && unicode.Is(unicode.Han, r)
}
