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
// it. The order of the fields is the order in JSON.
type Character struct {
	// ID is empty until a character has been stored; see Validate for its form.
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Gender      string `json:"gender"`
	Species     string `json:"species"`
	// Age and Height are free text, "17세" and "165cm": many characters have
	// neither in numbers.
	Age            string   `json:"age"`
	Height         string   `json:"height"`
	Job            string   `json:"job"`
	Personality    string   `json:"personality"`
	Appearance     string   `json:"appearance"`
	Likes          []string `json:"likes"`
	Dislikes       []string `json:"dislikes"`
	SpeechStyle    string   `json:"speech_style"`
	Thoughts       string   `json:"thoughts"`
	Features       string   `json:"features"`
	Habits         string   `json:"habits"`
	Guidelines     string   `json:"guidelines"`
	VoiceID        string   `json:"voice_id"`
	Category       string   `json:"category"`
	Tags           []string `json:"tags"`
	SampleDialogue string   `json:"sample_dialogue"`
	ImageURL       string   `json:"image_url"`
	IsPreset       bool     `json:"is_preset"`
	SourceWork     string   `json:"source_work"`
	Worldview      string   `json:"worldview"`

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
