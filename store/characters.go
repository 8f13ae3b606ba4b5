package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
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

// EditCharacter changes a character of the owner's where nobody else does so at the same time; else it
// begins again with what the other has made of it. edit says whether there is anything to change.
// ErrNotFound: the owner has no such character.
func (s *Store) EditCharacter(ctx context.Context, owner, id string, edit func(*persona.Character) bool) error {
	const doing, tries = "edit character", 10
	for range tries {
		was, err := one(ctx, s, doing, scanText, `SELECT data FROM characters WHERE id = $1 AND owner = $2`, plain(id), plain(owner))
		if err != nil {
			return err
		}
		var c persona.Character
		if err := json.Unmarshal([]byte(was), &c); err != nil {
			return fmt.Errorf("%s %s: as it is stored: %w", doing, id, err)
		}
		c.ID = id
		if !edit(&c) {
			return nil
		}
		data, err := characterData(c)
		if err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		n, err := s.exec(ctx, doing, `UPDATE characters SET data = $1, updated = $2 WHERE id = $3 AND owner = $4 AND data = $5`,
			data, micros(s.clock()), plain(id), plain(owner), was)
		if err != nil || n > 0 {
			return err
		}
	}
	return fmt.Errorf("%s: %w: somebody else changes it all the time", doing, ErrBusy)
}

// scanText reads a row of one text.
func scanText(row scanner) (text string, err error) {
	err = row.Scan(&text)
	return text, err
}

// CharacterShows says whether a character of the owner's has a text, such as a file's address, in one
// of its fields.
func (s *Store) CharacterShows(ctx context.Context, owner, text string) (bool, error) {
	const doing = "look for characters"
	quoted, err := json.Marshal(plain(text))
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	// What LIKE gives a meaning to is taken literally, on both databases.
	pattern := strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(string(quoted))
	n, err := one(ctx, s, doing, scanInt,
		`SELECT COUNT(*) FROM characters WHERE owner = $1 AND data LIKE $2 ESCAPE '!'`, plain(owner), "%"+pattern+"%")
	return n > 0, err
}
