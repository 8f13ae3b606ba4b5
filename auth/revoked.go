package auth

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Revocations is where it is written down, for all instances, which tokens are no longer
// good. *store.Store is one.
type Revocations interface {
	RevokeToken(ctx context.Context, jti string, expires time.Time) error
	// TokenRevoked says so also of the token of a user who is not there, or not any more.
	TokenRevoked(ctx context.Context, jti, user string) (bool, error)
}

const (
	// revokedFor is how long a token is taken to be good without asking again: so long
	// another instance may still answer whoever has logged out at this one.
	revokedFor = 5 * time.Second
	// maxRevoked bounds what is remembered: some 10 MB.
	maxRevoked = 1 << 16
)

// Revoked knows which tokens have been revoked before their time. It remembers for a few
// seconds what the database has said, so that a client who asks often costs no query each
// time. Safe for use by several goroutines.
type Revoked struct {
	db Revocations // Immutable.

	mu    sync.Mutex
	known map[string]verdict // by token id
}

// verdict is what the database said of a token.
type verdict struct {
	user    string // whose token it is
	revoked bool
	until   time.Time // when it has to be asked again
}

// NewRevoked asks db and tells it.
func NewRevoked(db Revocations) *Revoked {
	return &Revoked{db: db, known: make(map[string]verdict)}
}

// Has says whether a token has been revoked, or its user deleted. The error is the database's.
func (r *Revoked) Has(ctx context.Context, c Claims) (bool, error) {
	now := time.Now()
	r.mu.Lock()
	v, known := r.known[c.ID]
	r.mu.Unlock()
	if known && now.Before(v.until) {
		return v.revoked, nil
	}
	revoked, err := r.db.TokenRevoked(ctx, c.ID, c.User)
	if err != nil {
		return false, fmt.Errorf("look up whether a login has ended: %w", err)
	}
	r.remember(c, revoked, now)
	return revoked, nil
}

// Add revokes a token. It is so at once here, and within revokedFor elsewhere.
func (r *Revoked) Add(ctx context.Context, c Claims) error {
	if err := r.db.RevokeToken(ctx, c.ID, c.Expires); err != nil {
		return fmt.Errorf("end a login: %w", err)
	}
	r.remember(c, true, time.Now())
	return nil
}

// UserGone says that a user has been deleted: their tokens are asked about anew here, and within revokedFor
// elsewhere.
func (r *Revoked) UserGone(user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, v := range r.known {
		if v.user == user && !v.revoked {
			delete(r.known, id)
		}
	}
}

func (r *Revoked) remember(c Claims, revoked bool, now time.Time) {
	v := verdict{c.User, revoked, now.Add(revokedFor)}
	if revoked {
		v.until = c.Expires // it never becomes good again
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, known := r.known[c.ID]; known && old.revoked {
		return // a query that began before the revocation ends after it
	}
	if len(r.known) >= maxRevoked {
		r.makeRoomLocked(now)
	}
	r.known[c.ID] = v
}

// makeRoomLocked forgets what has to be asked again anyway, or everything where that is
// nothing.
func (r *Revoked) makeRoomLocked(now time.Time) {
	for id, v := range r.known {
		if !now.Before(v.until) {
			delete(r.known, id)
		}
	}
	if len(r.known) >= maxRevoked {
		clear(r.known)
	}
}
