package slots

import (
	"errors"
	"slices"
	"sync"
)

var (
	// ErrFull says that every slot is taken, or that others already wait for one.
	ErrFull = errors.New("slots: all taken")
	// ErrLineFull says that the waiting line is full, or that there is none.
	ErrLineFull = errors.New("slots: the waiting line is full")
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
}

// Local keeps the slots of one process.
type Local struct {
	// Immutable after NewLocal.
	limit int // negative: unlimited
	queue int

	// mu guards what follows and the place of every Slot and Ticket. Nothing is sent
	// under it that could block.
	mu   sync.Mutex
	held int
	line []*Ticket // whoever has waited longest is first
}

// NewLocal returns slots that are all free.
func NewLocal(cfg Config) *Local {
	l := &Local{limit: cfg.Limit, queue: cfg.Queue}
	if l.limit == 0 {
		l.limit = defaultLimit
	}
	switch {
	case l.queue == 0:
		l.queue = defaultQueue
	case l.queue < 0:
		l.queue = 0
	}
	return l
}

// TryAcquire takes a slot for holder, or fails with ErrFull. Whoever waits comes first,
// even if a slot is about to be free.
func (l *Local) TryAcquire(holder string) (*Slot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.freeLocked() || len(l.line) > 0 {
		return nil, ErrFull
	}
	return l.takeLocked(holder), nil
}

// Wait takes a slot for holder if one is free, and else joins the end of the line; it
// fails with ErrLineFull.
func (l *Local) Wait(holder string) (*Ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &Ticket{local: l, holder: holder, changed: make(chan struct{}, 1)}
	if l.freeLocked() {
		t.slot = l.takeLocked(holder)
		t.notify()
		return t, nil
	}
	if len(l.line) >= l.queue {
		return nil, ErrLineFull
	}
	l.line = append(l.line, t)
	l.renumberLocked()
	return t, nil
}

// InUse returns the number of slots held, of tickets that wait, and of slots there are;
// the last is negative when they are unlimited.
func (l *Local) InUse() (held, waiting, limit int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held, len(l.line), l.limit
}

func (l *Local) freeLocked() bool { return l.limit < 0 || l.held < l.limit }

func (l *Local) takeLocked(holder string) *Slot {
	l.held++
	return &Slot{local: l, holder: holder}
}

// renumberLocked brings every ticket's position up to date and tells those it changed
// for.
func (l *Local) renumberLocked() {
	for i, t := range l.line {
		if t.position != i+1 || t.waiting != len(l.line) {
			t.position, t.waiting = i+1, len(l.line)
			t.notify()
		}
	}
}

// Slot is the right to one conversation.
type Slot struct {
	local    *Local
	holder   string
	released bool // guarded by local.mu
}

// Holder returns whom the slot was given to.
func (s *Slot) Holder() string { return s.holder }

// Release gives the slot back, to the head of the line if anybody waits. A second call
// does nothing.
func (s *Slot) Release() {
	l := s.local
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releaseLocked(s)
}

func (l *Local) releaseLocked(s *Slot) {
	if s.released {
		return
	}
	s.released = true
	l.held--
	if len(l.line) == 0 {
		return
	}
	t := l.line[0]
	l.line = slices.Delete(l.line, 0, 1)
	t.position, t.waiting = 0, 0
	t.slot = l.takeLocked(t.holder)
	t.notify()
	l.renumberLocked()
}

// Ticket is a place in the waiting line.
type Ticket struct {
	local   *Local
	holder  string
	changed chan struct{} // capacity 1; never closed

	// Guarded by local.mu.
	position int // from 1; zero when it doesn't wait
	waiting  int
	slot     *Slot
	left     bool
}

// Changed has a value when Position or Slot would say something new. It is meant for
// one consumer; changes that come faster than it looks are one value.
func (t *Ticket) Changed() <-chan struct{} { return t.changed }

// Position returns the ticket's place in the line, the head's being 1, and how many wait
// altogether. Both are zero once it has its slot or was left.
func (t *Ticket) Position() (position, waiting int) {
	t.local.mu.Lock()
	defer t.local.mu.Unlock()
	return t.position, t.waiting
}

// Slot returns the slot once it is there, and nil before and after Leave. Whoever takes
// it over releases it.
func (t *Ticket) Slot() *Slot {
	t.local.mu.Lock()
	defer t.local.mu.Unlock()
	return t.slot
}

// Leave gives the place up, and the slot too if it has arrived in the meantime, unless
// that was released already. A second call does nothing.
func (t *Ticket) Leave() {
	l := t.local
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.left {
		return
	}
	t.left = true
	if t.slot != nil {
		l.releaseLocked(t.slot)
		t.slot = nil
		return
	}
	l.line = slices.DeleteFunc(l.line, func(o *Ticket) bool { return o == t })
	t.position, t.waiting = 0, 0
	l.renumberLocked()
}

// notify never blocks: a value that is there already says the same.
func (t *Ticket) notify() {
	select {
	case t.changed <- struct{}{}:
	default:
	}
}
