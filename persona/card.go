package persona

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"unicode/utf8"
)

// ErrCard says that something is no Tavern card that can be read.
var ErrCard = errors.New("not a readable character card")

// Limits of cards, in bytes. Cards with a large lorebook have some 300 KB of JSON; the
// picture around them is most of the file.
const (
	MaxCardFile = 20 << 20
	MaxCardJSON = 512 << 10
)

// The versions of cards. What we write from scratch is a V2, which every program reads.
const (
	cardV2 = "chara_card_v2"
	cardV3 = "chara_card_v3"
)

// Card is a Tavern character card of the versions 1, 2 or 3. It keeps every member that
// it was parsed from, known to us or not. The zero Card is empty; a Card is not changed
// after it was made.
//
// A card's fields and a Character's:
//
//	name            Name
//	description     Description, and Features where it is over MaxProse
//	personality     Personality
//	scenario        Worldview
//	first_mes       Greeting
//	mes_example     SampleDialogue
//	system_prompt   Guidelines
//	tags            Tags
//	character_book  Character.Lorebook
//
// A Character's other fields travel in extensions.avatarforge, as they are in JSON. In
// texts, {{char}} and {{user}} become the name and the word for "you".
type Card struct {
	spec string
	root members // beside data
	data members
}

// members are an object's, not looked into.
type members map[string]json.RawMessage

// ParseCard reads a card: JSON, or a PNG with JSON in a text chunk named ccv3 or chara.
// Errors are ErrCard, with the reason.
func ParseCard(data []byte) (Card, error) {
	if len(data) > MaxCardFile {
		return Card{}, fmt.Errorf("%w: it has over %d bytes", ErrCard, MaxCardFile)
	}
	if IsPNG(data) {
		var err error
		if data, err = cardInPNG(data); err != nil {
			return Card{}, fmt.Errorf("%w: %w", ErrCard, err)
		}
	}
	if len(data) > MaxCardJSON {
		return Card{}, fmt.Errorf("%w: its JSON has over %d bytes", ErrCard, MaxCardJSON)
	}
	c, err := parseCardJSON(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))
	if err != nil {
		return Card{}, fmt.Errorf("%w: %w", ErrCard, err)
	}
	return c, nil
}

// parseCardJSON reads cards of any size: one that was just let in is a little larger
// when it is written in a later version.
func parseCardJSON(data []byte) (Card, error) {
	if !utf8.Valid(data) {
		return Card{}, errors.New("it is neither a PNG nor JSON in UTF-8")
	}
	var c Card
	if err := json.Unmarshal(data, &c.root); err != nil {
		return Card{}, fmt.Errorf("it is not a JSON object: %w", err)
	}
	c.spec = c.root.text("spec")
	if inner, there := c.root["data"]; there && c.spec != "" {
		if err := json.Unmarshal(inner, &c.data); err != nil {
			return Card{}, fmt.Errorf("its data is not an object: %w", err)
		}
		delete(c.root, "data")
	} else {
		// A card of the first version is what is data in the later ones.
		c.data, c.root, c.spec = c.root, nil, ""
	}
	if oneLine(c.data.text("name")) == "" {
		return Card{}, errors.New("it has no name")
	}
	return c, nil
}

// text is a member that is a string, else empty.
func (m members) text(name string) string {
	var text string
	_ = json.Unmarshal(m[name], &text) // of another type, or not there: empty
	return text
}

// set puts a value in; what a Character holds can always be encoded.
func (m members) set(name string, value any) error {
	data, err := encodeJSON(value)
	m[name] = data
	return err
}

// MarshalJSON writes the card in the version that it was read in, the first becoming the
// second.
func (c Card) MarshalJSON() ([]byte, error) {
	if c.spec == "" {
		return c.as(cardV2)
	}
	return c.as(c.spec)
}

// as is the card as a given version has it.
func (c Card) as(spec string) ([]byte, error) {
	data := maps.Clone(c.data)
	if data == nil {
		data = members{}
	}
	required := map[string]string{
		"name": `""`, "description": `""`, "personality": `""`, "scenario": `""`, "first_mes": `""`, "mes_example": `""`,
		"creator_notes": `""`, "system_prompt": `""`, "post_history_instructions": `""`, "alternate_greetings": `[]`,
		"tags": `[]`, "creator": `""`, "character_version": `""`, "extensions": `{}`,
	}
	version := "2.0"
	if spec == cardV3 {
		version = "3.0"
		required["group_only_greetings"] = `[]`
	}
	for name, empty := range required {
		if _, there := data[name]; !there {
			data[name] = json.RawMessage(empty)
		}
	}
	root := maps.Clone(c.root)
	if root == nil {
		root = members{}
	}
	// Some programs repeat the first version's members beside data.
	for name := range root {
		if value, there := data[name]; there {
			root[name] = value
		}
	}
	if spec != c.spec || root.text("spec_version") == "" {
		root["spec_version"] = json.RawMessage(`"` + version + `"`)
	}
	if err := errors.Join(root.set("spec", spec), root.set("data", data)); err != nil {
		return nil, err
	}
	return encodeJSON(root)
}

// encodeJSON is json.Marshal with <, > and & as they are.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
