package server

import (
	"context"
	"errors"
	"time"

	"avatarforge/persona"
	"avatarforge/session"
	"avatarforge/store"
)

// Memories keeps summaries and facts in the store. Safe for use by several goroutines.
type Memories struct {
	store *store.Store
	of    session.Remembering
}

// NewMemories makes the memories of the registry's sessions, which keep facts of those
// same people.
func NewMemories(s *store.Store, of session.Remembering) *Memories { return &Memories{s, of} }

// Summaries implements session.Summaries.
func (m *Memories) Summaries(ctx context.Context, id string) ([]session.Summary, error) {
	list, err := m.store.Summaries(ctx, id)
	if err != nil {
		return nil, err
	}
	kept := make([]session.Summary, len(list))
	for i, x := range list {
		kept[i] = session.Summary{
			Covers: x.Covers, Text: x.Text, UpTo: x.UpToItem, Tokens: x.Tokens, Model: x.Model, Created: x.Created,
		}
	}
	return kept, nil
}

// SaveSummary implements session.Summaries.
func (m *Memories) SaveSummary(ctx context.Context, id string, x session.Summary) error {
	err := m.store.SaveSummary(ctx, store.Summary{
		Session: id, Covers: x.Covers, Text: x.Text, UpToItem: x.UpTo, Tokens: x.Tokens, Model: x.Model, Created: x.Created,
	})
	if errors.Is(err, store.ErrNotFound) {
		return session.ErrUnknownSession
	}
	return err
}

// DeleteSummary implements session.Summaries.
func (m *Memories) DeleteSummary(ctx context.Context, id, covers string) error {
	return ignoreGone(m.store.DeleteSummary(ctx, id, covers))
}

// ignoreGone is for deleting what may be gone already.
func ignoreGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// Facts implements session.Facts.
func (m *Memories) Facts(ctx context.Context, owner, character string) ([]session.Fact, error) {
	list, err := m.store.Facts(ctx, owner, character)
	if err != nil {
		return nil, err
	}
	known := make([]session.Fact, len(list))
	for i, f := range list {
		known[i] = knownFact(f)
	}
	return known, nil
}

func knownFact(f store.Fact) session.Fact {
	return session.Fact{
		ID: f.ID, Owner: f.Owner, Character: f.CharacterID, Kind: persona.FactKind(f.Kind), Text: f.Text,
		Session: f.Session, Created: f.Created, Updated: f.Updated,
	}
}

// SaveFact implements session.Facts.
func (m *Memories) SaveFact(ctx context.Context, f session.Fact) error {
	_, err := m.saveFact(ctx, f)
	return err
}

func (m *Memories) saveFact(ctx context.Context, f session.Fact) (store.Fact, error) {
	return m.store.SaveFact(ctx, store.Fact{
		ID: f.ID, Owner: f.Owner, CharacterID: f.Character, Kind: string(f.Kind), Text: f.Text,
		Session: f.Session, Created: f.Created,
	})
}

// DeleteFact implements session.Facts.
func (m *Memories) DeleteFact(ctx context.Context, owner, id string) error {
	return ignoreGone(m.store.DeleteFact(ctx, owner, id))
}

// OweFarewell implements session.Farewells.
func (m *Memories) OweFarewell(ctx context.Context, id string, due time.Time) error {
	return m.store.OweFarewell(ctx, id, due)
}

// SettleFarewell implements session.Farewells.
func (m *Memories) SettleFarewell(ctx context.Context, id string) error {
	return m.store.SettleFarewell(ctx, id)
}

// TakeFarewells implements session.Farewells.
func (m *Memories) TakeFarewells(ctx context.Context, hold time.Duration, most int) ([]string, error) {
	return m.store.TakeFarewells(ctx, hold, most)
}
