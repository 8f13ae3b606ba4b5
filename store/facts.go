package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Fact is something that a character knows of its listener from conversations past.
type Fact struct {
	ID               string // empty for a new one
	Owner            string // the listener
	CharacterID      string
	Text             string
	Session          string // in which it was learned; it may be gone since
	Created, Updated time.Time
}

const factColumns = `id, owner, character_id, body, session_id, created, updated`

func scanFact(row scanner) (f Fact, err error) {
	var created, updated int64
	err = row.Scan(&f.ID, &f.Owner, &f.CharacterID, &f.Text, &f.Session, &created, &updated)
	f.Created, f.Updated = when(created), when(updated)
	return f, err
}

// SaveFact stores a fact, new or as it has become: its text and the session it comes from may
// change. A fact of that id with another owner is ErrConflict.
func (s *Store) SaveFact(ctx context.Context, f Fact) (Fact, error) {
	const doing = "save fact"
	if f.ID == "" {
		f.ID = uuid.NewString()
	}
	saved, err := returnedOne(ctx, s, doing, scanFact, `
		INSERT INTO facts (`+factColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, session_id = excluded.session_id, updated = excluded.updated
		WHERE facts.owner = excluded.owner AND facts.character_id = excluded.character_id
		RETURNING `+factColumns,
		plain(f.ID), plain(f.Owner), plain(f.CharacterID), plain(f.Text), plain(f.Session),
		micros(s.orNow(f.Created)), micros(s.clock()))
	if errors.Is(err, errNoRow) {
		return Fact{}, fmt.Errorf("%s: %w: the fact is another's", doing, ErrConflict)
	}
	return saved, err
}

// Fact is the owner's fact with that id.
func (s *Store) Fact(ctx context.Context, owner, id string) (Fact, error) {
	return one(ctx, s, "read fact", scanFact, `SELECT `+factColumns+` FROM facts WHERE id = $1 AND owner = $2`, plain(id), plain(owner))
}

// Facts is all that the character knows of the owner, in the order it was learned.
func (s *Store) Facts(ctx context.Context, owner, character string) ([]Fact, error) {
	return all(ctx, s, "list facts", scanFact, `
		SELECT `+factColumns+` FROM facts WHERE owner = $1 AND character_id = $2 ORDER BY created, id`, plain(owner), plain(character))
}

// DeleteFact deletes the owner's fact.
func (s *Store) DeleteFact(ctx context.Context, owner, id string) error {
	return s.execOne(ctx, "delete fact", `DELETE FROM facts WHERE id = $1 AND owner = $2`, plain(id), plain(owner))
}

// DeleteFacts makes the character forget the owner, and says how many facts that were.
func (s *Store) DeleteFacts(ctx context.Context, owner, character string) (int64, error) {
	return s.exec(ctx, "delete facts", `DELETE FROM facts WHERE owner = $1 AND character_id = $2`, plain(owner), plain(character))
}
