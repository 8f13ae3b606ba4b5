package persona

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// ErrUnknown says that there is no character of some id.
var ErrUnknown = errors.New("there is no such character")

// Character is one character, as the REST API shows it and as a preset file holds
// it. The order of the fields is the order in JSON; the examples are for its description.
type Character struct {
	// ID is empty until a character has been stored; see Validate for its form.
	ID          string `json:"id" example:"hermione"`
	Name        string `json:"name" example:"헤르미온느 그레인저"`
	Description string `json:"description" example:"해리포터 시리즈의 똑똑한 마법사"`
	Gender      string `json:"gender" example:"여성"`
	Species     string `json:"species" example:"인간"`
	// Age and Height are free text, "17세" and "165cm": many characters have
	// neither in numbers.
	Age            string   `json:"age" example:"17세"`
	Height         string   `json:"height" example:"165cm"`
	Job            string   `json:"job" example:"마법사"`
	Personality    string   `json:"personality" example:"똑똑함, 책임감, 완벽주의, 용기"`
	Appearance     string   `json:"appearance" example:"갈색 곱슬 머리, 갈색 눈, 작은 키"`
	Likes          []string `json:"likes" example:"책,학습,마법"`
	Dislikes       []string `json:"dislikes" example:"불공평함,무지"`
	SpeechStyle    string   `json:"speech_style" example:"정중하고 학술적인 말투"`
	Thoughts       string   `json:"thoughts" example:"'규칙을 지켜야 해.'"`
	Features       string   `json:"features" example:"항상 책을 들고 다님"`
	Habits         string   `json:"habits" example:"'정확히 말하면' 같은 표현을 자주 사용"`
	Guidelines     string   `json:"guidelines" example:"- 항상 정확하고 논리적인 답변을 제공하세요."`
	VoiceID        string   `json:"voice_id" example:"default"`
	Category       string   `json:"category" example:"소설"`
	Tags           []string `json:"tags" example:"해리포터,마법사,똑똑함"`
	SampleDialogue string   `json:"sample_dialogue" example:"안녕하세요! 오늘도 새로운 마법을 배워요."`
	ImageURL       string   `json:"image_url" example:"/images/characters/hermione.jpg"`
	// ModelURL is a figure: a binary glTF. The specification does not have it.
	ModelURL   string `json:"model_url,omitempty" example:"/mnt/user_assets/anonymous/models/550e8400-e29b-41d4-a716-446655440000.glb"`
	IsPreset   bool   `json:"is_preset"`
	SourceWork string `json:"source_work" example:"해리포터"`
	Worldview  string `json:"worldview" example:"마법 세계"`

	// Greeting opens a conversation, spoken by the character before the listener has
	// said anything. The specification does not have it.
	Greeting string `json:"greeting,omitempty"`
	// Persona is a ready-made description that the prompt uses in place of the
	// fields above. Clients written before those fields existed still send it; presets
	// never have it.
	Persona string `json:"persona,omitempty"`

	// Card is the Tavern card that the character was imported from, as JSON. It keeps
	// what has no field above, the lorebook included. See ParseCard.
	Card json.RawMessage `json:"card,omitempty" hidden:"true"`
}

// MarshalJSON writes lists that hold nothing as [], never as null: clients iterate
// over them unasked.
func (c Character) MarshalJSON() ([]byte, error) {
	type plain Character // without this method
	for _, f := range listFields {
		if list := f.list(&c); *list == nil {
			*list = []string{}
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // left to the encoder that called us
	if err := e.Encode(plain(c)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Clean takes the space around every text away, and empty and repeated entries out
// of the lists. It is meant for characters that come from outside, before Validate.
func (c *Character) Clean() {
	for _, f := range textFields {
		text := f.text(c)
		*text = strings.TrimSpace(strings.ReplaceAll(*text, "\r\n", "\n"))
	}
	for _, f := range listFields {
		list := f.list(c)
		kept := make([]string, 0, len(*list))
		for _, entry := range *list {
			entry = strings.TrimSpace(entry)
			if entry != "" && !slices.Contains(kept, entry) {
				kept = append(kept, entry)
			}
		}
		*list = kept
	}
}

// described says whether any field besides the name tells a model how to play c.
func (c *Character) described() bool {
	for _, text := range []string{
		c.Personality, c.Appearance, c.SpeechStyle, c.Thoughts, c.Features, c.Habits, c.Guidelines,
	} {
		if strings.TrimSpace(text) != "" {
			return true
		}
	}
	return false
}
