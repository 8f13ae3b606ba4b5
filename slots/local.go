package slots

import (
	"context"
	"slices"
	"sync"
)

// Local keeps the slots of one process.
type Local struct {
	cfg Config // Immutable after NewLocal.

	// mu is locked before a Ticket's own.
	mu sync.Mutex
	// Guarded by mu:
	held  int
	line  []*Ticket      // whoever has waited longest is first
	users map[string]int // what each has, held or waiting; none is zero
}

// NewLocal returns slots that are all free.
func NewLocal(cfg Config) *Local {
	cfg.setDefaults()
	return &Local{cfg: cfg, users: make(map[string]int)}
}

// TryAcquire takes a slot for holder, or fails with ErrFull or ErrUserLimit. Whoever
// waits comes first, even if a slot is about to be free. user is whom it counts for; an
// empty one has no limit. ctx is not waited for.
func (l *Local) TryAcquire(_ context.Context, holder, user string) (*Slot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.mayHaveLocked(user) {
		return nil, ErrUserLimit
	}
	if !l.freeLocked() || len(l.line) > 0 {
		return nil, ErrFull
	}
	l.countLocked(user, 1)
	return l.takeLocked(holder, user), nil
}

// Wait takes a slot for holder if one is free, and else joins the end of the line; it
// fails with ErrLineFull or ErrUserLimit. user and ctx are as for TryAcquire.
func (l *Local) Wait(_ context.Context, holder, user string) (*Ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.mayHaveLocked(user) {
		return nil, ErrUserLimit
	}
	t := newTicket(holder, user, l.leave)
	switch {
	case l.freeLocked():
		t.give(l.takeLocked(holder, user))
	case len(l.line) >= l.cfg.Queue:
		return nil, ErrLineFull
	default:
		l.line = append(l.line, t)
		l.renumberLocked()
	}
	l.countLocked(user, 1)
	return t, nil
}

// InUse says how much is in use.
func (l *Local) InUse(context.Context) (Usage, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Usage{Held: l.held, Waiting: len(l.line), Limit: l.cfg.Limit}, nil
}

func (l *Local) freeLocked() bool { return l.cfg.Limit < 0 || l.held < l.cfg.Limit }

func (l *Local) mayHaveLocked(user string) bool {
	return user == "" || l.cfg.PerUser <= 0 || l.users[user] < l.cfg.PerUser
}

// countLocked adds n to what the user has.
func (l *Local) countLocked(user string, n int) {
	if user == "" {
		return
	}
	if l.users[user] += n; l.users[user] == 0 {
		delete(l.users, user)
	}
}

func (l *Local) takeLocked(holder, user string) *Slot {
	l.held++
	return &Slot{holder: holder, user: user, release: l.release}
}

func (l *Local) release(s *Slot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
	l.countLocked(s.user, -1)
	for len(l.line) > 0 && l.freeLocked() {
		head := l.line[0]
		l.line = slices.Delete(l.line, 0, 1)
		if !head.give(l.takeLocked(head.holder, head.user)) {
			l.held-- // it is about to take itself out of the line
			l.countLocked(head.user, -1)
		}
	}
	l.renumberLocked()
}

// leave takes a ticket out of the line, unless its turn came just after it was left.
func (l *Local) leave(t *Ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.line, t)
	if i < 0 {
		return
	}
	l.line = slices.Delete(l.line, i, i+1)
	l.countLocked(t.user, -1)
	l.renumberLocked()
}

// renumberLocked brings every ticket's position up to date.
func (l *Local) renumberLocked() {
	for i, t := range l.line {
		t.move(i+1, len(l.line))
	}
}
