package session

import (
	"context"
	"fmt"
	"time"

	"avatarforge/persona"
	"avatarforge/realtime"
)

// part is whom a session plays, as it was when the part was given: an edited or deleted
// character counts from the next conversation on. The zero part is the plain assistant, who knows nothing.
type part struct {
	character *persona.Character
	lore      *persona.Lorebook // nil where the character has none
	facts     []Fact            // to be told, of what it knows of its listener
	known     []string          // their texts
}

// CharacterPatience is how long a character may take to be read.
const CharacterPatience = 10 * time.Second

// part reads a character, and what it knows of the owner; an empty id is the plain
// assistant.
func (u *Upstreams) part(ctx context.Context, cfg *Config, owner, id string) (p part, err error) {
	ctx, cancel := context.WithTimeout(ctx, CharacterPatience)
	defer cancel()
	if id != "" {
		c, err := u.Characters.Character(ctx, id)
		if err != nil {
			return part{}, fmt.Errorf("character %q: %w", id, err)
		}
		p.character, p.lore = c, c.Lorebook()
	}
	u.know(ctx, cfg, owner, id, &p)
	return p, nil
}

// wantedPart is the part that a session.update asks for; the zero part where it asks for
// none. The window of a model that it asks for is known afterwards.
func (s *Session) wantedPart(ctx context.Context, p *realtime.SessionPatch) (part, error) {
	if p.Model != nil {
		model, _ := s.cfg.named(*p.Model)
		s.up.askWindow(ctx, model)
	}
	id := namedCharacter(p)
	if id == "" && p.CharacterID == nil {
		return part{}, nil
	}
	return s.up.part(ctx, s.cfg, s.owner, id)
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
