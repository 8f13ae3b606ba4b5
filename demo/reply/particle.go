package reply

import (
	"regexp"
	"strings"
	"unicode"
)

// ending says what a word ends in, as spoken. Korean particles follow from it.
type ending int

const (
	endsInVowel ending = iota
	endsInConsonant
	endsInL // ㄹ, which counts as a vowel before 으로
)

// endingOf looks at the last letter or digit of a word, past quotes and brackets.
// Digits are read in Sino-Korean, capitals by their names, other Latin words by a
// rule of thumb for how Korean borrows them (book 북, test 테스트).
func endingOf(word string) ending {
	runes := []rune(strings.TrimRightFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}))
	if len(runes) == 0 {
		return endsInVowel
	}
	last := runes[len(runes)-1]
	switch {
	case isHangul(last):
		switch _, _, coda := jamo(last); coda {
		case 0:
			return endsInVowel
		case codaL:
			return endsInL
		default:
			return endsInConsonant
		}
	case last >= '0' && last <= '9':
		// 영 일 이 삼 사 오 육 칠 팔 구; 십, 백, 천, 만 end in consonants like 영.
		return [...]ending{
			endsInConsonant, endsInL, endsInVowel, endsInConsonant, endsInVowel,
			endsInVowel, endsInConsonant, endsInL, endsInL, endsInVowel,
		}[last-'0']
	case unicode.Is(unicode.Latin, last):
		return latinEnding(runes)
	default:
		return endsInVowel
	}
}

var unitAfterNumber = regexp.MustCompile(`\d\s*((?:c|m|k)?m|k?g)$`)

func latinEnding(word []rune) ending {
	last := word[len(word)-1]
	if m := unitAfterNumber.FindStringSubmatch(string(word)); m != nil { // 165cm: 센티미터
		if strings.HasSuffix(m[1], "g") {
			return endsInConsonant // 그램
		}
		return endsInVowel
	}
	if unicode.IsUpper(last) { // an abbreviation, read letter by letter
		switch last {
		case 'L', 'R':
			return endsInL
		case 'M', 'N':
			return endsInConsonant
		default:
			return endsInVowel
		}
	}
	afterVowel := len(word) > 1 && strings.ContainsRune("aeiou", unicode.ToLower(word[len(word)-2]))
	switch last {
	case 'l':
		return endsInL
	case 'm', 'n':
		return endsInConsonant
	case 'g': // ending in -ng
		if len(word) > 1 && word[len(word)-2] == 'n' {
			return endsInConsonant
		}
	case 'k', 'p', 't', 'b', 'c':
		if afterVowel {
			return endsInConsonant
		}
	}
	return endsInVowel
}

// particle returns the form of a Korean particle or copula that follows word. form
// is the one used after a consonant: 은, 이, 을, 과, 아, 으로, or any form of the
// copula (이야, 이에요, 이라고, 이랑 …).
func particle(word, form string) string {
	end := endingOf(word)
	if form == "으로" {
		if end == endsInConsonant {
			return form
		}
		return "로"
	}
	if end != endsInVowel {
		return form
	}
	switch form {
	case "은":
		return "는"
	case "이":
		return "가"
	case "을":
		return "를"
	case "과":
		return "와"
	case "아":
		return "야"
	case "이에요":
		return "예요"
	}
	return strings.TrimPrefix(form, "이")
}
