package session

import (
	"slices"
	"strings"

	"avatarforge/tts"
)

// languageAuto lets each sentence's script say its language. The synthesiser is always
// told one language: left to itself it drifts in the middle of a reply.
const languageAuto = "auto"

// languages are the codes that GPT-SoVITS v2 and later take.
var languages = []string{
	languageAuto, "ko", "ja", "en", "zh", "yue", "all_ko", "all_ja", "all_zh", "all_yue", "auto_yue",
}

func knownLanguage(code string) bool { return slices.Contains(languages, code) }

func languageList() string { return strings.Join(languages, ", ") }

// speechLanguage is the language whose rules spell the session's sentences out.
func (s *Session) speechLanguage() tts.Lang {
	switch code := s.object.Avatarforge.TTS.TextLang; strings.TrimPrefix(code, "all_") {
	case "ko":
		return "ko"
	case "ja":
		return "ja"
	case "en":
		return "en"
	case "zh", "yue":
		return "zh"
	default:
		return languageAuto
	}
}

// textLanguage is the code that the synthesiser is told for a sentence.
func (s *Session) textLanguage(spoken string) string {
	if code := s.object.Avatarforge.TTS.TextLang; code != languageAuto && code != "auto_yue" {
		return code
	}
	return string(tts.Detect(spoken, tts.Lang(s.voice().Language)))
}
