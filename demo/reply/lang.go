package reply

import (
	"unicode"

	"avatarforge/llm"
)

// language is one that the package can speak.
type language int

// The zero value is Korean: the project's first language, and what is spoken when
// nothing in a request tells.
const (
	korean language = iota
	english
	japanese
	chinese
)

// languageOf tells what text is written in, by its letters; false if it has none.
// One kana makes a text Japanese, since Chinese has none. Hangul wins over Latin
// from a third on: Korean is full of Latin abbreviations.
func languageOf(text string) (language, bool) {
	var hangul, kana, han, latin int
	for _, r := range text {
		switch {
		case isHangul(r) || unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			kana++
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	switch {
	case hangul+kana+han+latin == 0:
		return korean, false
	case hangul > 0 && hangul*2 >= latin && hangul >= kana:
		return korean, true
	case kana > 0 && (kana+han)*2 >= latin:
		return japanese, true
	case han > 0 && han*2 >= latin:
		return chinese, true
	default:
		return english, true
	}
}

// conversationLanguage is the language to answer in: that of the last user message
// which has letters ("3+5=?" has none), else the system prompt's. A few Chinese
// characters (今何時？) in a conversation that had kana are Japanese.
func conversationLanguage(messages []llm.Message) language {
	chineseSoFar := false
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role != llm.RoleUser {
			continue
		}
		lang, ok := languageOf(messages[i].Content)
		switch {
		case !ok:
		case lang == japanese || lang != chinese && !chineseSoFar:
			return lang
		case lang != chinese:
			return chinese
		default:
			chineseSoFar = true
		}
	}
	if chineseSoFar {
		return chinese
	}
	for _, m := range messages {
		if lang, ok := languageOf(m.Content); ok {
			return lang
		}
	}
	return korean
}
