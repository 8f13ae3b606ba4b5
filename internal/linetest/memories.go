package linetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"avatarforge/session"
)

// Memories keeps summaries and facts in memory, and fails when it is told to.
type Memories struct {
	mu        sync.Mutex
	summaries map[string][]session.Summary // by session; guarded by mu
	facts     []session.Fact               // in the order they were learned; guarded by mu
	number    int                          // of the latest fact; guarded by mu
	broken    bool                         // guarded by mu
}

// NewMemories makes empty memories.
func NewMemories() *Memories { return &Memories{summaries: map[string][]session.Summary{}} }

// Break makes every call fail until it is mended.
func (m *Memories) Break(broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = broken
}

// Summaries implements session.Summaries.
func (m *Memories) Summaries(_ context.Context, id string) ([]session.Summary, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return nil, ErrBroken
	}
	return slices.Clone(m.summaries[id]), nil
}

// SaveSummary implements session.Summaries.
func (m *Memories) SaveSummary(_ context.Context, id string, x session.Summary) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return ErrBroken
	}
	m.dropLocked(id, x.Covers)
	m.summaries[id] = append(m.summaries[id], x)
	return nil
}

// DeleteSummary implements session.Summaries.
func (m *Memories) DeleteSummary(_ context.Context, id, covers string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return ErrBroken
	}
	m.dropLocked(id, covers)
	return nil
}

func (m *Memories) dropLocked(id, covers string) {
	m.summaries[id] = slices.DeleteFunc(m.summaries[id], func(x session.Summary) bool { return x.Covers == covers })
}

// Facts implements session.Facts.
func (m *Memories) Facts(_ context.Context, owner, character string) ([]session.Fact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return nil, ErrBroken
	}
	var list []session.Fact
	for _, f := range m.facts {
		if f.Owner == owner && f.Character == character {
			list = append(list, f)
		}
	}
	return list, nil
}

// SaveFact implements session.Facts.
func (m *Memories) SaveFact(_ context.Context, f session.Fact) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return ErrBroken
	}
	f.Updated = time.Now()
	if i := slices.IndexFunc(m.facts, func(x session.Fact) bool { return x.ID == f.ID }); f.ID != "" && i >= 0 {
		f.Created = m.facts[i].Created
		m.facts[i] = f
		return nil
	}
	m.number++
	f.ID, f.Created = cmp.Or(f.ID, fmt.Sprintf("fact%d", m.number)), f.Updated
	m.facts = append(m.facts, f)
	return nil
}

// DeleteFact implements session.Facts.
func (m *Memories) DeleteFact(_ context.Context, owner, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return ErrBroken
	}
	m.facts = slices.DeleteFunc(m.facts, func(f session.Fact) bool { return f.ID == id && f.Owner == owner })
	return nil
}
