package cluster

import (
	"sync"
	"time"
)

// reach is whether Redis can be reached, as one use of it has found out. The zero value
// says that it can. Safe for use by several goroutines.
type reach struct {
	mu sync.Mutex
	// Guarded by mu:
	lost    bool
	retryAt time.Time // when to try again, where it is lost
}

// note takes in how an operation has ended. lost and found say that this is news. Where it
// failed, away holds for pause.
func (r *reach) note(err error, pause time.Duration) (lost, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.lost
	r.lost = err != nil
	if r.lost {
		r.retryAt = time.Now().Add(pause)
	}
	return r.lost && !was, was && !r.lost
}

// away says whether Redis could not be reached just now.
func (r *reach) away() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost && time.Now().Before(r.retryAt)
}

// try is whether to ask Redis: while it is lost, one caller every pause finds out whether it
// is back, and the others need not wait for that.
func (r *reach) try(pause time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.lost {
		return true
	}
	now := time.Now()
	if now.Before(r.retryAt) {
		return false
	}
	r.retryAt = now.Add(pause)
	return true
}
