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
	Kind             string // what it is about, in the words of whoever learned it; may be empty
	Text             string
	Session          string // in which it was learned; it may be gone since
	Created, Updated time.Time
}

const factColumns = `id, owner, character_id, kind, body, session_id, created, updated`

func scanFact(row scanner) (f Fact, err error) {
	var created, updated int64
	err = row.Scan(&f.ID, &f.Owner, &f.CharacterID, &f.Kind, &f.Text, &f.Session, &created, &updated)
	f.Created, f.Updated = when(created), when(updated)
	return f, err
}

// SaveFact stores a fact, new or as it has become: its text, its kind and the session it comes
// from may change. A fact of that id with another owner is ErrConflict.
func (s *Store) SaveFact(ctx context.Context, f Fact) (Fact, error) {
	const doing = "save fact"
	if f.ID == "" {
		f.ID = uuid.NewString()
	}
	saved, err := returnedOne(ctx, s, doing, scanFact, `
		INSERT INTO facts (`+factColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE
		SET kind = excluded.kind, body = excluded.body, session_id = excluded.session_id, updated = excluded.updated
		WHERE facts.owner = excluded.owner AND facts.character_id = excluded.character_id
		RETURNING `+factColumns,
		plain(f.ID), plain(f.Owner), plain(f.CharacterID), plain(f.Kind), plain(f.Text), plain(f.Session),
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

// FactsPage is a page of what is known of the owner, the latest learned first, and the cursor of the
// next page, empty at the end: of the characters together, or of one where character is not nil.
// limit is 50 where it is zero, and 200 at most.
func (s *Store) FactsPage(ctx context.Context, owner string, character *string, cursor string, limit int) ([]Fact, string, error) {
	const doing = "list facts"
	before, id, err := newestFirst(factList, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	where, args := ``, []any{plain(owner), before, id, pageSize(limit) + 1}
	if character != nil {
		where, args = ` AND character_id = $5`, append(args, plain(*character))
	}
	list, err := all(ctx, s, doing, scanFact, `
		SELECT `+factColumns+` FROM facts
		WHERE owner = $1 AND (created, id) < ($2, $3)`+where+`
		ORDER BY created DESC, id DESC LIMIT $4`, args...)
	page, next := cut(list, pageSize(limit), factList, func(f Fact) mark { return timeMark(f.Created, f.ID) })
	return page, next, err
}

// DeleteFact deletes the owner's fact.
func (s *Store) DeleteFact(ctx context.Context, owner, id string) error {
	return s.execOne(ctx, "delete fact", `DELETE FROM facts WHERE id = $1 AND owner = $2`, plain(id), plain(owner))
}

// DeleteFacts makes the character forget the owner, and says how many facts that were.
func (s *Store) DeleteFacts(ctx context.Context, owner, character string) (int64, error) {
	return s.exec(ctx, "delete facts", `DELETE FROM facts WHERE owner = $1 AND character_id = $2`, plain(owner), plain(character))
}
