package sentence

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

func wordSet(words string) map[string]bool {
	set := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// maxWord bounds, in bytes, the word that is looked at before a terminator.
const maxWord = 48

// lastWord is what text ends in since the last rune that is no letter.
func lastWord(text []byte) []byte {
	i := len(text)
	for i > 0 && len(text)-i < maxWord {
		r, size := utf8.DecodeLastRune(text[:i])
		if c := classOf(r); !c.isLetter() && r != '\'' && r != '’' {
			break
		}
		i -= size
	}
	return text[i:]
}

// lastToken is what text ends in since the last white space, bracket or quotation
// mark, or letter of a script that needs no space: "e.g", "U.S", "example.com".
func lastToken(text []byte) []byte {
	i := len(text)
	for i > 0 && len(text)-i < maxWord {
		r, size := utf8.DecodeLastRune(text[:i])
		switch c := classOf(r); {
		case c == space, c == newline, c == opener, c == quote, c == mark, c == comma, c == dash, c.isCJK():
			return text[i:]
		}
		i -= size
	}
	return text[i:]
}

// trimHead takes white space and opening marks off the front of text.
func trimHead(text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch c := classOf(r); {
		case c.isLetter(), c == digit:
			return text
		}
		text = text[size:]
	}
	return text
}

// containsAny tells whether one of the words occurs in text.
func containsAny(text []byte, words [][]byte) bool {
	for _, w := range words {
		if bytes.Contains(text, w) {
			return true
		}
	}
	return false
}

// hesitant are stems of a speaker who is likely to trail off, or to cry out.
var hesitant = wordList("미안", "죄송", "모르겠", "모르", "싶", "글쎄", "혹시", "사실", "그냥", "조금", "아마", "외로", "슬프", "슬퍼", "무서", "힘들", "그리웠", "보고", "아쉽", "부끄", "쑥스",
	"정말", "진짜", "설마", "세상에", "미쳤", "대박", "어떻게", "도대체", "뭐라", "리가",
	"哈哈", "太", "天哪", "真的", "すご", "やった", "本当", "まじ", "嘘")
