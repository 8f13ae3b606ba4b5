package session

import (
	"context"
	"fmt"
	"time"

	"avatarforge/persona"
	"avatarforge/realtime"
)

// part is whom a session plays, as it was when the part was given: an edited or deleted
// character counts from the next conversation on. The zero part is the plain assistant.
type part struct {
	character *persona.Character
	lore      *persona.Lorebook // nil where the character has none
}

// CharacterPatience is how long a character may take to be read.
const CharacterPatience = 10 * time.Second

// part reads a character; an empty id is the zero part.
func (u *Upstreams) part(ctx context.Context, id string) (part, error) {
	if id == "" {
		return part{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, CharacterPatience)
	defer cancel()
	c, err := u.Characters.Character(ctx, id)
	if err != nil {
		return part{}, fmt.Errorf("character %q: %w", id, err)
	}
	return part{character: c, lore: c.Lorebook()}, nil
}

// namedCharacter is the character that a session.update asks for, empty where it asks
// for none.
func namedCharacter(p *realtime.SessionPatch) string {
	if p.Model != nil {
		if _, character := ParseModel(*p.Model); character != "" {
			return character
		}
	}
	if p.CharacterID != nil {
		return *p.CharacterID
	}
	return ""
}
