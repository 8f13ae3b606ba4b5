package server

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"avatarforge/persona"
	"avatarforge/store"
)

// Cast is everyone that can be talked with: the presets and the characters that people
// have made. A preset's id comes before a stored one's. Safe for use by several
// goroutines.
type Cast struct {
	presets *persona.Presets
	store   *store.Store
}

// NewCast makes the cast of presets and of the characters in db. The caller closes db,
// after whatever uses the cast.
func NewCast(presets *persona.Presets, db *store.Store) *Cast {
	return &Cast{presets: presets, store: db}
}

// Character is the one with that id, whoever made it, or persona.ErrUnknown. It is
// shared: read it, do not change it.
func (c *Cast) Character(ctx context.Context, id string) (*persona.Character, error) {
	if preset, ok := c.presets.Get(id); ok {
		return preset, nil
	}
	made, err := c.store.Character(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, persona.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	return &made.Character, nil
}

// own is a stored character that owner may change.
func (c *Cast) own(ctx context.Context, owner, id string) (persona.Character, error) {
	if _, ok := c.presets.Get(id); ok {
		return persona.Character{}, errPreset
	}
	made, err := c.store.Character(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return persona.Character{}, persona.ErrUnknown
	case err != nil:
		return persona.Character{}, err
	case made.Owner != owner:
		return persona.Character{}, errForeign
	}
	return made.Character, nil
}

// presetCursor begins the cursors of presets, so that another list's is refused.
const presetCursor = "p\x00"

// page is a page of the presets, by id, and the cursor of the next, empty at the end.
func (c *Cast) page(cursor string, limit int) ([]*persona.Character, string, error) {
	list := c.presets.List()
	if cursor != "" {
		text, err := base64.RawURLEncoding.DecodeString(cursor)
		last, ours := strings.CutPrefix(string(text), presetCursor)
		if err != nil || !ours {
			return nil, "", store.ErrBadCursor
		}
		first := slices.IndexFunc(list, func(p *persona.Character) bool { return p.ID > last })
		if first < 0 {
			first = len(list)
		}
		list = list[first:]
	}
	if len(list) <= limit {
		return list, "", nil
	}
	list = list[:limit]
	return list, base64.RawURLEncoding.EncodeToString([]byte(presetCursor + list[limit-1].ID)), nil
}
