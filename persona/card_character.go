package persona

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// extension is our name among a card's extensions.
const extension = "avatarforge"

// cardTexts are the texts that a card and a Character share.
var cardTexts = []struct {
	name string
	text func(*Character) *string
}{
	{"name", func(c *Character) *string { return &c.Name }},
	{"description", func(c *Character) *string { return &c.Description }},
	{"personality", func(c *Character) *string { return &c.Personality }},
	{"scenario", func(c *Character) *string { return &c.Worldview }},
	{"first_mes", func(c *Character) *string { return &c.Greeting }},
	{"mes_example", func(c *Character) *string { return &c.SampleDialogue }},
	{"system_prompt", func(c *Character) *string { return &c.Guidelines }},
}

// Character makes a character of the card, which passes Validate: what is over a limit
// is cut, and stays whole in Character.Card. Its id is empty.
func (c Card) Character() (Character, error) {
	made := c.character()
	card, err := c.MarshalJSON()
	made.Card = card
	return made, err
}

func (c Card) character() Character {
	var made Character
	extensions, _ := c.extensions()
	if json.Unmarshal(extensions[extension], &made) != nil {
		made = Character{}
	}
	made.ID, made.IsPreset, made.Card = "", false, nil

	name := oneLine(c.data.text("name"))
	for _, f := range cardTexts {
		*f.text(&made) = fillMacros(c.data.text(f.name), name)
	}
	made.Tags = nil
	_ = json.Unmarshal(c.data["tags"], &made.Tags) // of another type: none

	made.Clean()
	if rest := afterRunes(made.Description, MaxProse); made.Features == "" {
		made.Features = rest
	}
	made.fit()
	return made
}

// CardOf makes a card of the character: the one that it was imported from, with what has
// been changed since.
func CardOf(c *Character) (Card, error) {
	card := Card{spec: cardV2, data: members{}}
	if len(c.Card) > 0 {
		var err error
		if card, err = parseCardJSON(c.Card); err != nil {
			return Card{}, fmt.Errorf("%w: %w", ErrCard, err)
		}
	}
	// What is as the import made it stands in the card better: whole, with its macros.
	before := card.character()
	for _, f := range cardTexts {
		if text := *f.text(c); text != *f.text(&before) {
			if err := card.data.set(f.name, text); err != nil {
				return Card{}, err
			}
		}
	}
	if !slices.Equal(c.Tags, before.Tags) {
		if err := card.data.set("tags", c.Tags); err != nil {
			return Card{}, err
		}
	}
	extensions, ok := card.extensions()
	if !ok {
		return card, nil // not an object: somebody else's idea of it is not overwritten
	}
	own := *c
	own.ID, own.IsPreset, own.Card = "", false, nil
	if err := extensions.set(extension, own); err != nil {
		return Card{}, err
	}
	return card, card.data.set("extensions", extensions)
}

// extensions are the card's; they are an object where they are as they should be.
func (c Card) extensions() (m members, ok bool) {
	data, there := c.data["extensions"]
	if !there {
		return members{}, true
	}
	err := json.Unmarshal(data, &m)
	return m, err == nil && m != nil
}

// fit cuts everything to what Validate allows.
func (c *Character) fit() {
	for _, f := range textFields {
		text := f.text(c)
		*text = fitText(*text, f.max, f.lines)
	}
	for _, f := range listFields {
		list := f.list(c)
		for i, entry := range *list {
			(*list)[i] = fitText(entry, MaxEntry, false)
		}
	}
	if !validImageURL(c.ImageURL) {
		c.ImageURL = ""
	}
	if !validModelURL(c.ModelURL) {
		c.ModelURL = ""
	}
	c.Clean()
	for _, f := range listFields {
		list := f.list(c)
		*list = (*list)[:min(len(*list), MaxEntries)]
	}
}

// fitText is a text without what textProblem minds.
func fitText(text string, limit int, lines bool) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			if !lines {
				return ' '
			}
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, text)
	return text[:len(text)-len(afterRunes(text, limit))]
}

// afterRunes is what follows the first n characters of text.
func afterRunes(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[i:]
		}
		n--
	}
	return ""
}

var macros = regexp.MustCompile(`(?i)\{\{\s*(?:char|user|original)\s*\}\}|<(?:bot|user)>`)

// fillMacros puts the name, and the word for "you" in the text's language, where a card
// has placeholders.
func fillMacros(text, name string) string {
	if !strings.ContainsAny(text, "{<") {
		return text
	}
	you := "you"
	switch languageOf(macros.ReplaceAllString(text, "")) {
	case Korean:
		you = "당신"
	case Japanese:
		you = "あなた"
	}
	return macros.ReplaceAllStringFunc(text, func(macro string) string {
		switch strings.ToLower(strings.Trim(macro, "{}<> ")) {
		case "char", "bot":
			return name
		case "user":
			return you
		}
		return ""
	})
}
