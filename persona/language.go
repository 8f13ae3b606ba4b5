package persona

import "unicode"

// Language is a language that prompts are written in.
type Language string

// The languages of prompts, by their ISO 639-1 codes.
const (
	Korean   Language = "ko"
	Japanese Language = "ja"
	English  Language = "en"
)

// language is the prompt's: the one asked for if it is one of ours, else that of the
// first text that describes who speaks.
func (p Prompt) language() Language {
	if _, ok := phrases[p.Language]; ok {
		return p.Language
	}
	described := p.Persona
	if c := p.Character; c != nil && block(described) == "" {
		described = c.Persona
		if block(described) == "" {
			described = c.Description + c.Personality + c.SpeechStyle + c.Guidelines + c.Name
		}
	}
	scene := p.Scenario.Situation + p.Scenario.Background + p.Scenario.Opponent
	for _, text := range []string{described, p.Instructions, scene} {
		if l := languageOf(text); l != "" {
			return l
		}
	}
	return Korean
}

// LanguageOf is the prompt language for a text, empty for a text without letters.
func LanguageOf(text string) Language { return languageOf(text) }

// languageOf tells a text's language by its scripts, empty for a text without
// letters. A Hangul syllable or a kana counts as three Latin letters, about what it
// takes to write its sound. Han characters count as Japanese beside kana; by
// themselves, being Chinese, they and all other scripts get English, which models
// follow best among ours.
func languageOf(text string) Language {
	var hangul, kana, han, other int
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Hangul, r):
			hangul += 3
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			kana += 3
		case unicode.Is(unicode.Han, r):
			han += 3
		case unicode.IsLetter(r):
			other++
		}
	}
	if kana > 0 {
		kana += han
	} else {
		other += han
	}
	switch {
	case hangul+kana+other == 0:
		return ""
	case hangul >= kana && hangul >= other:
		return Korean
	case kana >= other:
		return Japanese
	default:
		return English
	}
}
