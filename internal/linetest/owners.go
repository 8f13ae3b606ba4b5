package linetest

import (
	"context"
	"sync"
	"time"

	"avatarforge/session"
)

// Owners is what several lines share to say which of them has a session.
type Owners struct {
	mu   sync.Mutex
	held map[string]*claim // guarded by mu
	left map[string][]byte // guarded by mu
}

// NewOwners makes owners of nothing.
func NewOwners() *Owners { return &Owners{held: map[string]*claim{}, left: map[string][]byte{}} }

// Lose makes a session free, as if its instance were dead, and says so to that instance.
func (o *Owners) Lose(id string) (tell func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.held[id]
	delete(o.held, id)
	return c.lost
}

// Claim implements session.Owners.
func (o *Owners) Claim(_ context.Context, id string, _ bool, lost func()) (session.Claim, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held[id] != nil {
		return nil, session.ErrElsewhere
	}
	c := &claim{owners: o, id: id, left: o.left[id], lost: lost}
	o.held[id] = c
	return c, nil
}

type claim struct {
	owners *Owners
	id     string
	left   []byte
	lost   func()
}

func (c *claim) Left() []byte { return c.left }

// Yield implements session.Claim.
func (c *claim) Yield(_ context.Context, left []byte, _ time.Duration) error {
	c.owners.mu.Lock()
	defer c.owners.mu.Unlock()
	if c.owners.held[c.id] != c {
		return nil
	}
	delete(c.owners.held, c.id)
	c.owners.left[c.id] = left
	return nil
}
