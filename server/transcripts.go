package server

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

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

// Save implements session.Archive. The changes go at once, so that one flush of the disk
// serves all of them.
func (t *Transcripts) Save(ctx context.Context, c session.Changes) error {
	var all errgroup.Group
	if c.Record != nil {
		all.Go(func() error { return t.saveRecord(ctx, c.Epoch, c.Record) })
	}
	for i := range c.Items {
		all.Go(func() error {
			err := t.saveItem(ctx, &c, &c.Items[i])
			if c.Record != nil && c.Record.New && errors.Is(err, store.ErrNotFound) {
				// It was ahead of its session.
				if err = t.saveRecord(ctx, c.Epoch, c.Record); err == nil {
					err = t.saveItem(ctx, &c, &c.Items[i])
				}
			}
			return err
		})
	}
	for _, id := range c.Deleted {
		all.Go(func() error {
			err := t.store.DeleteItem(ctx, c.Session, c.Epoch, id)
			if errors.Is(err, store.ErrNotFound) {
				return nil // the first try got that far
			}
			return err
		})
	}
	err := all.Wait()
	if errors.Is(err, store.ErrNotFound) {
		return session.ErrUnknownSession
	}
	return err
}

func (t *Transcripts) saveRecord(ctx context.Context, epoch int64, r *session.Record) error {
	x := store.Session{
		ID: r.ID, Owner: r.Owner, CharacterID: r.Character, Config: r.Settings,
		NextEvent: r.NextEvent, NextSegment: r.NextSegment, Turn: r.Turn, Epoch: epoch,
	}
	if r.New {
		return t.store.SaveSession(ctx, x)
	}
	return t.store.UpdateSession(ctx, x)
}

func (t *Transcripts) saveItem(ctx context.Context, c *session.Changes, r *session.ItemRecord) error {
	return t.store.SaveItem(ctx, store.Item{
		Session: c.Session, Epoch: c.Epoch, ID: r.ID, Position: r.Position, Role: string(r.Role), Status: string(r.Status),
		ContentType: string(r.Type), Text: r.Text, Full: r.Full, Speech: r.Speech, Created: r.Created,
	})
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
