package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"avatarforge/persona"
)

// Character is a character that somebody made.
type Character struct {
	persona.Character
	Owner            string
	Created, Updated time.Time
}

const characterColumns = `id, owner, data, created, updated`

func scanCharacter(row scanner) (c Character, err error) {
	var (
		id, data         string
		created, updated int64
	)
	if err := row.Scan(&id, &c.Owner, &data, &created, &updated); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(data), &c.Character); err != nil {
		return c, fmt.Errorf("character %s as it is stored: %w", id, err)
	}
	c.ID = id
	c.Created, c.Updated = when(created), when(updated)
	return c, nil
}

// CreateCharacter stores a new character and gives it its id.
func (s *Store) CreateCharacter(ctx context.Context, owner string, c persona.Character) (Character, error) {
	const doing = "create character"
	c.ID = uuid.NewString()
	data, err := characterData(c)
	if err != nil {
		return Character{}, fmt.Errorf("%s: %w", doing, err)
	}
	now := micros(s.clock())
	return returnedOne(ctx, s, doing, scanCharacter, `
		INSERT INTO characters (`+characterColumns+`) VALUES ($1, $2, $3, $4, $5) RETURNING `+characterColumns,
		c.ID, plain(owner), data, now, now)
}

// characterData is a character as JSON, which is free of NUL as it is: JSON escapes it.
func characterData(c persona.Character) (string, error) {
	data, err := json.Marshal(c)
	return string(data), err
}

// Character is the character with that id, whoever owns it: the caller looks at Owner.
func (s *Store) Character(ctx context.Context, id string) (Character, error) {
	return one(ctx, s, "read character", scanCharacter, `SELECT `+characterColumns+` FROM characters WHERE id = $1`, plain(id))
}

// Characters is a page of an owner's characters, the newest first, and the cursor of the next page,
// empty at the end. limit is 50 where it is zero, and 200 at most.
func (s *Store) Characters(ctx context.Context, owner, cursor string, limit int) ([]Character, string, error) {
	const doing = "list characters"
	before, id, err := newestFirst(characterList, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	size := pageSize(limit)
	list, err := all(ctx, s, doing, scanCharacter, `
		SELECT `+characterColumns+` FROM characters
		WHERE owner = $1 AND (created, id) < ($2, $3)
		ORDER BY created DESC, id DESC LIMIT $4`,
		plain(owner), before, id, size+1)
	page, next := cut(list, size, characterList, func(c Character) mark { return timeMark(c.Created, c.ID) })
	return page, next, err
}

// UpdateCharacter replaces the owner's character c.ID. ErrNotFound stands also for one that is
// another's: Character tells the two apart.
func (s *Store) UpdateCharacter(ctx context.Context, owner string, c persona.Character) (Character, error) {
	const doing = "update character"
	data, err := characterData(c)
	if err != nil {
		return Character{}, fmt.Errorf("%s: %w", doing, err)
	}
	return returnedOne(ctx, s, doing, scanCharacter, `
		UPDATE characters SET data = $1, updated = $2 WHERE id = $3 AND owner = $4 RETURNING `+characterColumns,
		data, micros(s.clock()), plain(c.ID), plain(owner))
}

// DeleteCharacter deletes the owner's character. ErrNotFound is as for UpdateCharacter.
func (s *Store) DeleteCharacter(ctx context.Context, owner, id string) error {
	return s.execOne(ctx, "delete character", `DELETE FROM characters WHERE id = $1 AND owner = $2`, plain(id), plain(owner))
}
