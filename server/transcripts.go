package server

import (
	"context"
	"errors"
	"time"

	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/store"
)

// Transcripts keeps conversations in the store. Safe for use by several goroutines.
type Transcripts struct{ store *store.Store }

// NewTranscripts makes the archive of the registry's sessions.
func NewTranscripts(s *store.Store) *Transcripts { return &Transcripts{s} }

// Load implements session.Archive.
func (t *Transcripts) Load(ctx context.Context, id string) (*session.Record, error) {
	x, err := t.store.Session(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, session.ErrUnknownSession
	}
	if err != nil {
		return nil, err
	}
	items, err := t.store.Items(ctx, id)
	if err != nil {
		return nil, err
	}
	rec := &session.Record{
		ID: x.ID, Owner: x.Owner, Character: x.CharacterID, Settings: x.Config,
		NextEvent: x.NextEvent, NextSegment: x.NextSegment, Turn: x.Turn, Epoch: x.Epoch, Created: x.Created,
		Items: make([]session.ItemRecord, len(items)),
	}
	for i, it := range items {
		rec.Items[i] = session.ItemRecord{
			ID: it.ID, Position: it.Position, Role: realtime.Role(it.Role), Status: realtime.Status(it.Status),
			Type: realtime.ContentType(it.ContentType), Text: it.Text, Full: it.Full, Speech: it.Speech, Created: it.Created,
		}
	}
	return rec, nil
}

// Take implements session.Archive.
func (t *Transcripts) Take(ctx context.Context, id string) (*session.Record, error) {
	switch err := t.store.TakeSession(ctx, id); {
	case errors.Is(err, store.ErrNotFound):
		return nil, session.ErrUnknownSession
	case err != nil:
		return nil, err
	}
	return t.Load(ctx, id)
}

// Save implements session.Archive.
func (t *Transcripts) Save(ctx context.Context, c session.Changes) error {
	all := &store.Changes{ID: c.Session, Epoch: c.Epoch, Deleted: c.Deleted}
	if r := c.Record; r != nil {
		all.New = r.New
		all.Session = &store.Session{
			Owner: r.Owner, CharacterID: r.Character, Config: r.Settings,
			NextEvent: r.NextEvent, NextSegment: r.NextSegment, Turn: r.Turn,
		}
	}
	for i := range c.Items {
		r := &c.Items[i]
		all.Items = append(all.Items, store.Item{
			ID: r.ID, Position: r.Position, Role: string(r.Role), Status: string(r.Status),
			ContentType: string(r.Type), Text: r.Text, Full: r.Full, Speech: r.Speech, Created: r.Created,
		})
	}
	err := t.store.SaveChanges(ctx, all)
	if errors.Is(err, store.ErrNotFound) {
		return session.ErrUnknownSession
	}
	return err
}

// Between implements session.Archive.
func (t *Transcripts) Between(after, before string) (string, error) {
	return store.PositionBetween(after, before)
}

// Tidy deletes now and then, until ctx ends, the conversations in which nothing was said
// for as long as retention (zero keeps them for ever), and those in which nothing was
// ever said for as long as empty. failed hears of what went wrong.
func (t *Transcripts) Tidy(ctx context.Context, retention, empty time.Duration, failed func(error)) {
	every := time.NewTicker(tidyEvery)
	defer every.Stop()
	for {
		now := time.Now()
		_, err := t.store.DeleteEmpty(ctx, now.Add(-empty))
		if retention > 0 && err == nil {
			_, err = t.store.DeleteIdle(ctx, now.Add(-retention))
		}
		if err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

// tidyEvery is how long what is over may stay.
const tidyEvery = time.Hour
