package session

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"avatarforge/realtime"
)

// Owners says which of several instances has a session. Safe for use by several goroutines;
// its methods may take as long as the network does.
type Owners interface {
	// Claim makes a session this instance's. fresh says that it is new, so that nobody else
	// can have it. lost is called at any time should another instance have it after all.
	// Errors are ErrElsewhere, ErrOwnerUnknown and ctx's.
	Claim(ctx context.Context, id string, fresh bool, lost func()) (Claim, error)
}

// Claim is a session that is this instance's own.
type Claim interface {
	// Left is what the instance that had it before has left; nil for nothing.
	Left() []byte
	// Yield gives it up, and leaves something for whoever claims it next within ttl; nil
	// leaves nothing. The error is that the others do not know, and will find out by
	// themselves.
	Yield(ctx context.Context, left []byte, ttl time.Duration) error
}

// Errors of Open where there are several instances.
var (
	ErrElsewhere    = errors.New("another instance has the session")
	ErrOwnerUnknown = errors.New("it cannot be found out which instance has the session")
)

// tenure is a session's claim, and hears where that is lost. A nil one is of a session that
// no other instance can have.
type tenure struct {
	claim Claim // Immutable once the session has begun.

	mu sync.Mutex
	// Guarded by mu:
	session *Session // nil before it has begun
	over    bool     // whether another instance has it
}

// claim makes a session this instance's; nil where there is only one.
func (r *Registry) claim(ctx context.Context, id string, fresh bool) (*tenure, error) {
	if r.up.Owners == nil {
		return nil, nil //nolint:nilnil // see tenure
	}
	t := &tenure{}
	claim, err := r.up.Owners.Claim(ctx, id, fresh, t.lost)
	if err != nil {
		return nil, err
	}
	t.claim = claim
	return t, nil
}

// lost ends the session here: it is another instance's.
func (t *tenure) lost() {
	t.mu.Lock()
	t.over = true
	s := t.session
	t.mu.Unlock()
	if s != nil {
		_ = s.post(context.Background(), moved{}) // it may be over already
	}
}

// begun names the session that it is of.
func (t *tenure) begun(s *Session) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.session = s
	over := t.over
	t.mu.Unlock()
	if over {
		_ = s.post(context.Background(), moved{}) // the same
	}
}

// left is what the instance that had the session before has left.
func (t *tenure) left() []byte {
	if t == nil {
		return nil
	}
	return t.claim.Left()
}

// yieldTimeout is how long a session that ends tries to tell the other instances.
const yieldTimeout = 2 * time.Second

// yield gives the session up.
func (t *tenure) yield(left []byte, ttl time.Duration, log *slog.Logger) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), yieldTimeout)
	defer cancel()
	if err := t.claim.Yield(ctx, left, ttl); err != nil {
		log.Warn("the other instances could not be told that the session is over here", slog.Any("error", err))
	}
}

// moved says that another instance has the session: it was taken to be dead here.
type moved struct{}

func (moved) run(s *Session) {
	s.journal.disown()
	s.stop(Ending{realtime.CloseTakenOver, "the session goes on at another instance"})
}

// estate is what an instance that is going away leaves of a session, beside what is in the
// archive: the frames that its client may not have got.
type estate struct {
	Next   uint64 // number of the next frame
	Frames []Frame
}

// bequeath is the estate as it travels.
func (s *Session) bequeath() ([]byte, error) {
	e := estate{Next: s.outbox.nextNumber(), Frames: s.outbox.log()}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(e); err != nil {
		return nil, fmt.Errorf("write what is left of session %s: %w", s.id, err)
	}
	return b.Bytes(), nil
}

// inherit reads an estate; nil where there is none that can be read.
func inherit(left []byte) *estate {
	if left == nil {
		return nil
	}
	var e estate
	if err := gob.NewDecoder(bytes.NewReader(left)).Decode(&e); err != nil {
		return nil // of another version: its client is told the conversation anew
	}
	if n := len(e.Frames); n > 0 && e.Frames[n-1].N+1 != e.Next {
		return nil
	}
	return &e
}

// handOver leaves the session to whichever instance its client comes to.
func (s *Session) handOver() {
	ctx, cancel := context.WithTimeout(context.Background(), yieldTimeout)
	defer cancel()
	if slot := s.admission.slot; slot != nil {
		slot.Keep(ctx, s.cfg.ResumeGrace)
	}
	left, err := s.bequeath()
	if err != nil {
		s.log.Error("the session's last frames cannot be handed over", slog.Any("error", err)) // they are plain data
	}
	s.tenure.yield(left, s.cfg.ResumeGrace, s.log)
}

// handsOver says whether another instance is to go on with the session: this one is going
// away, and a client may come back.
func (s *Session) handsOver() bool {
	a := &s.audience
	return s.tenure != nil && s.told && s.ending.Code == realtime.CloseGoingAway &&
		s.cfg.ResumeGrace > 0 && (a.listener != nil || a.returns)
}
