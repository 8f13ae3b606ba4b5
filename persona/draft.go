package persona

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// CharacterIdea is what somebody knows of a character that a model is to make up. Name is
// required, the rest may be empty.
type CharacterIdea struct {
	Name, Category, SourceWork, Description, Worldview string
}

// CharacterDraft is a character as a model has made it up: the fields that the
// specification prints for POST /api/ai/generate/character-details, in that order.
type CharacterDraft struct {
	Name        string   `json:"name" example:"나루토"`
	Gender      string   `json:"gender" example:"남성"`
	Species     string   `json:"species" example:"인간 (인주력)"`
	Age         string   `json:"age" example:"16세"`
	Height      string   `json:"height" example:"166cm"`
	Job         string   `json:"job" example:"나뭇잎 마을 닌자"`
	Worldview   string   `json:"worldview" example:"나루토 세계관 (닌자 세계)"`
	Personality string   `json:"personality" example:"열정적, 포기를 모름, 긍정적"`
	Appearance  string   `json:"appearance" example:"금발의 삐죽머리, 파란 눈, 주황색 수련복"`
	Description string   `json:"description" example:"호카게를 꿈꾸는 열정적인 닌자"`
	Likes       []string `json:"likes" example:"라면,친구들,수행"`
	Dislikes    []string `json:"dislikes" example:"야채,기다리는 것"`
	SpeechStyle string   `json:"speech_style" example:"끝에 '~니깐(닷테바요)'를 붙이는 독특한 말투"`
	Thoughts    string   `json:"thoughts" example:"'나는 호카게가 될 남자다!'"`
	Features    string   `json:"features" example:"그림자 분신술이 특기"`
	Habits      string   `json:"habits" example:"'닷테바요!', '호카게가 될 거야!'"`
	Guidelines  string   `json:"guidelines" example:"- 에너지가 넘치고 시끄러운 분위기를 조성하세요."`
}

// characterDraftFields are a CharacterDraft's, in the order in which they are written.
var characterDraftFields = draftFieldsOf(
	"name", "gender", "species", "age", "height", "job", "worldview", "personality", "appearance", "description",
	"likes", "dislikes", "speech_style", "thoughts", "features", "habits", "guidelines",
)

// StoryIdea is what a scene begins with. Situation is required, the rest may be empty.
type StoryIdea struct {
	Situation, OpponentName, CharacterPersona string
}

// StoryDraft is a scene's plot as a model has made it up.
type StoryDraft struct {
	Plot string `json:"plot" example:"새벽 3시, 키보드 소리만 들린다. 당신은 잠든 팀원 앞에 선다." doc:"What is going to happen, up to the moment in which the listener has to speak."`
}

var storyDraftFields = []draftField{{name: "plot", max: MaxProse, lines: true}}

// draftField is one field of a draft, and what may be in it: what the field of a
// Character of the same name holds.
type draftField struct {
	name  string
	list  bool // of texts, at least one
	max   int  // in characters, of an entry in a list
	lines bool // there may be more than one
}

// draftFieldsOf looks fields of a Character up.
func draftFieldsOf(names ...string) []draftField {
	fields := make([]draftField, 0, len(names))
	for _, name := range names {
		if i := slices.IndexFunc(textFields, func(f textField) bool { return f.name == name }); i >= 0 {
			fields = append(fields, draftField{name: name, max: textFields[i].max, lines: textFields[i].lines})
			continue
		}
		fields = append(fields, draftField{name: name, list: true, max: MaxEntry})
	}
	return fields
}

// Brief is what a model is told that is to write a draft, and what its text is checked by.
// See CharacterIdea.Brief and StoryIdea.Brief.
type Brief struct {
	system    string
	material  string
	schema    json.RawMessage
	maxTokens int
	fields    []draftField
	name      string // what the field "name" is whatever the model writes; empty: what it writes
	script    script // of the draft
	words     *draftWording
}

// The bounds of what is written, in tokens, several times of what a draft takes.
const (
	characterDraftTokens = 3000
	storyDraftTokens     = 2000
)

// maxMaterial is how much of one text of an idea a model is told, in characters: a
// persona may be longer than what a small model's window holds beside the rest.
const maxMaterial = 2000

// Brief says how a model is to make the character up: in the language of the idea.
func (i CharacterIdea) Brief() Brief {
	// A name and a work are often foreign; what is said about them tells more.
	written := scriptOf(i.Category + i.Description + i.Worldview)
	if written == scriptNone {
		written = scriptOf(i.Name + i.SourceWork)
	}
	words := written.wording()
	material := lines{}
	material.add(words.name, oneLine(i.Name))
	material.add(words.category, oneLine(i.Category))
	material.add(words.sourceWork, oneLine(i.SourceWork))
	material.add(words.description, cut(block(i.Description)))
	material.add(words.worldview, cut(block(i.Worldview)))
	return Brief{
		system:    words.instructions(words.character, words.characterFields, characterDraftFields, written),
		material:  material.String(),
		schema:    draftSchema(characterDraftFields),
		maxTokens: characterDraftTokens,
		fields:    characterDraftFields,
		name:      strings.Join(strings.FieldsFunc(i.Name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "),
		script:    written,
		words:     words,
	}
}

// Brief says how a model is to make the plot up: in the language of the idea.
func (i StoryIdea) Brief() Brief {
	written := scriptNone
	for _, text := range []string{i.Situation, i.OpponentName, i.CharacterPersona} {
		if written == scriptNone {
			written = scriptOf(text)
		}
	}
	words := written.wording()
	material := lines{}
	material.add(words.situation, cut(block(i.Situation)))
	material.add(words.opponent, oneLine(i.OpponentName))
	material.add(words.persona, cut(block(i.CharacterPersona)))
	return Brief{
		system:    words.instructions(words.story, words.storyFields, storyDraftFields, written),
		material:  material.String(),
		schema:    draftSchema(storyDraftFields),
		maxTokens: storyDraftTokens,
		fields:    storyDraftFields,
		script:    written,
		words:     words,
	}
}

// cut keeps of a text what a model is told.
func cut(text string) string {
	if runes := []rune(text); len(runes) > maxMaterial {
		return string(runes[:maxMaterial]) + "…"
	}
	return text
}

// draftSchema is the JSON schema of fields. It leaves lengths to the check: servers make a
// grammar of a schema, and one that counts to thousands slows every token down.
func draftSchema(fields []draftField) json.RawMessage {
	properties, required := []byte("{"), []byte("[")
	for i, f := range fields {
		if i > 0 {
			properties, required = append(properties, ','), append(required, ',')
		}
		kind := `{"type":"string"}`
		if f.list {
			kind = `{"type":"array","items":{"type":"string"},"minItems":1}`
		}
		properties = fmt.Appendf(properties, "%q:%s", f.name, kind)
		required = strconv.AppendQuote(required, f.name)
	}
	return fmt.Appendf(nil, `{"type":"object","properties":%s},"required":%s],"additionalProperties":false}`, properties, required)
}

// script is what a draft is written in, as far as letters tell: a language for some, for
// others the letters of many.
type script string

const (
	scriptNone  script = ""
	scriptKo    script = "ko"
	scriptJa    script = "ja"
	scriptZh    script = "zh"
	scriptLatin script = "latin"
	scriptOther script = "other" // Cyrillic, Thai, and all the rest
)

// scriptOf weighs the letters of a text as languageOf does, and tells some more of them
// apart.
func scriptOf(text string) script {
	switch languageOf(text) {
	case Korean:
		return scriptKo
	case Japanese:
		return scriptJa
	case English:
	default:
		return scriptNone
	}
	var han, latin, other int
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			han += 3
		case unicode.Is(unicode.Latin, r):
			latin++
		case unicode.IsLetter(r):
			other++
		}
	}
	switch {
	case han >= latin && han >= other:
		return scriptZh
	case latin >= other:
		return scriptLatin
	default:
		return scriptOther
	}
}

// wording is the words of the brief for a draft in this script.
func (s script) wording() *draftWording {
	switch s {
	case scriptNone, scriptKo:
		return draftWordings[Korean]
	case scriptJa:
		return draftWordings[Japanese]
	case scriptZh, scriptLatin, scriptOther:
	}
	return draftWordings[English]
}
