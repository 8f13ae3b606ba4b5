package linetest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"avatarforge/session"
	"avatarforge/store"
)

// Archive keeps conversations in memory, and fails when it is told to.
type Archive struct {
	mu      sync.Mutex
	records map[string]*session.Record // guarded by mu
	broken  bool                       // guarded by mu
	saves   int                        // guarded by mu
}

// ErrBroken is what a broken archive answers.
var ErrBroken = errors.New("the archive is broken")

// NewArchive makes an empty archive.
func NewArchive() *Archive { return &Archive{records: map[string]*session.Record{}} }

// Break makes every call fail until it is mended.
func (a *Archive) Break(broken bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.broken = broken
}

// Copy is what another server would find if this one died now.
func (a *Archive) Copy() *Archive {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := NewArchive()
	for id, rec := range a.records {
		c.records[id] = nil
		if rec != nil {
			whole := *rec
			whole.Items = slices.Clone(rec.Items)
			c.records[id] = &whole
		}
	}
	return c
}

// Item is the item with that id, as it is kept.
func (a *Archive) Item(conversation, id string) (it session.ItemRecord, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rec := a.records[conversation]; rec != nil {
		for _, it := range rec.Items {
			if it.ID == id {
				return it, true
			}
		}
	}
	return it, false
}

// Saves is how many calls of Save have succeeded.
func (a *Archive) Saves() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.saves
}

// Delete forgets a conversation, as its owner may at any time.
func (a *Archive) Delete(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records[id] = nil
}

// Load implements session.Archive.
func (a *Archive) Load(_ context.Context, id string) (*session.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken {
		return nil, ErrBroken
	}
	rec := a.records[id]
	if rec == nil {
		return nil, session.ErrUnknownSession
	}
	whole := *rec
	whole.Items = slices.SortedFunc(slices.Values(rec.Items), func(x, y session.ItemRecord) int {
		return cmp.Or(cmp.Compare(x.Position, y.Position), cmp.Compare(x.ID, y.ID))
	})
	return &whole, nil
}

// Take implements session.Archive.
func (a *Archive) Take(ctx context.Context, id string) (*session.Record, error) {
	a.mu.Lock()
	if rec := a.records[id]; rec != nil && !a.broken {
		rec.Epoch++
	}
	a.mu.Unlock()
	return a.Load(ctx, id)
}

// Save implements session.Archive.
func (a *Archive) Save(_ context.Context, c session.Changes) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken {
		return ErrBroken
	}
	rec, known := a.records[c.Session]
	if known && rec == nil || !known && (c.Record == nil || !c.Record.New) {
		return session.ErrUnknownSession
	}
	if rec != nil && rec.Epoch != c.Epoch {
		return session.ErrUnknownSession // it has been taken over
	}
	a.saves++
	var items []session.ItemRecord
	if rec != nil {
		items = rec.Items
	}
	if c.Record != nil {
		saved := *c.Record
		saved.Epoch = c.Epoch
		rec = &saved
		a.records[c.Session] = rec
	}
	drop := func(id string) {
		items = slices.DeleteFunc(slices.Clone(items), func(x session.ItemRecord) bool { return x.ID == id })
	}
	for _, id := range c.Deleted {
		drop(id)
	}
	for _, it := range c.Items {
		drop(it.ID)
		items = append(items, it)
	}
	rec.Items = items
	return nil
}

// Between implements session.Archive.
func (a *Archive) Between(after, before string) (string, error) {
	return store.PositionBetween(after, before)
}
