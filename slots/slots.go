package slots

import (
	"context"
	"errors"
	"sync"
	"time"
)

var (
	// ErrFull says that every slot is taken, or that others already wait for one.
	ErrFull = errors.New("slots: all taken")
	// ErrLineFull says that the waiting line is full, or that there is none.
	ErrLineFull = errors.New("slots: the waiting line is full")
	// ErrUserLimit says that the user has as many conversations as one user may have, the
	// waiting ones included.
	ErrUserLimit = errors.New("slots: as many as one user may have")
	// ErrUnavailable says that the slots cannot be counted at the moment, so that none is
	// given away. It comes wrapped with the reason.
	ErrUnavailable = errors.New("slots: cannot be counted at the moment")
)

const (
	defaultLimit = 20
	defaultQueue = 100
)

// Config bounds the slots. The zero value works.
type Config struct {
	// Limit is the number of slots; zero means 20, negative unlimited.
	Limit int
	// Queue bounds the waiting line; zero means 100, negative that nobody can wait.
	Queue int
	// PerUser bounds what one user holds and waits for, together; zero or less means no
	// bound.
	PerUser int
}

func (c *Config) setDefaults() {
	if c.Limit == 0 {
		c.Limit = defaultLimit
	}
	switch {
	case c.Queue == 0:
		c.Queue = defaultQueue
	case c.Queue < 0:
		c.Queue = 0
	}
}

// Usage is how much of the slots is in use.
type Usage struct {
	Held    int // slots
	Waiting int // tickets
	Limit   int // slots that there are; negative when they are unlimited
}

// Slot is the right to one conversation.
type Slot struct {
	// Immutable.
	holder string
	user   string

	once    sync.Once
	release func(*Slot)                                 // called once, or else keep
	keep    func(context.Context, *Slot, time.Duration) // nil where a slot cannot outlive its process
}

// Holder returns whom the slot was given to.
func (s *Slot) Holder() string { return s.holder }

// Release gives the slot back, to the head of the line if anybody waits. It does not
// block. A second call does nothing.
func (s *Slot) Release() { s.once.Do(func() { s.release(s) }) }

// Keep gives the slot back, but to nobody else: whoever acquires one for the same holder
// within ttl has it, on any instance. It waits until that is known to all, or ctx ends. Where
// the slots are one process's own it is Release. After either it does nothing.
func (s *Slot) Keep(ctx context.Context, ttl time.Duration) {
	s.once.Do(func() {
		if s.keep == nil {
			s.release(s)
			return
		}
		s.keep(ctx, s, ttl)
	})
}

// Ticket is a place in the waiting line.
type Ticket struct {
	// Immutable.
	holder  string
	user    string
	changed chan struct{} // capacity 1; never closed
	leave   func(*Ticket) // takes it out of the line; called once, and not with mu held

	mu sync.Mutex
	// Guarded by mu:
	position int // from 1; zero when it doesn't wait
	waiting  int
	slot     *Slot
	left     bool
}

func newTicket(holder, user string, leave func(*Ticket)) *Ticket {
	return &Ticket{holder: holder, user: user, changed: make(chan struct{}, 1), leave: leave}
}

// Changed has a value when Position or Slot would say something new. It is meant for
// one consumer; changes that come faster than it looks are one value.
func (t *Ticket) Changed() <-chan struct{} { return t.changed }

// Position returns the ticket's place in the line, the head's being 1, and how many wait
// altogether. Both are zero once it has its slot or was left.
func (t *Ticket) Position() (position, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.position, t.waiting
}

// Slot returns the slot once it is there, and nil before and after Leave. Whoever takes
// it over releases it.
func (t *Ticket) Slot() *Slot {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.slot
}

// Leave gives the place up, and the slot too if it has arrived in the meantime, unless
// that was released already. It does not block. A second call does nothing.
func (t *Ticket) Leave() {
	t.mu.Lock()
	slot, left := t.slot, t.left
	t.slot, t.left, t.position, t.waiting = nil, true, 0, 0
	t.mu.Unlock()
	switch {
	case left:
	case slot != nil:
		slot.Release()
	default:
		t.leave(t)
	}
}

// move tells the ticket its place in the line.
func (t *Ticket) move(position, waiting int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left || t.slot != nil || t.position == position && t.waiting == waiting {
		return
	}
	t.position, t.waiting = position, waiting
	t.notify()
}

// give hands over the slot, unless the ticket was left: then it is false.
func (t *Ticket) give(s *Slot) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left {
		return false
	}
	t.slot, t.position, t.waiting = s, 0, 0
	t.notify()
	return true
}

// notify never blocks: a value that is there already says the same.
func (t *Ticket) notify() {
	select {
	case t.changed <- struct{}{}:
	default:
	}
}
