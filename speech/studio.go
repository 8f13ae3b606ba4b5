package speech

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"avatarforge/store"
	"avatarforge/tts"
)

// Config is what a Studio works with. Scheduler, Store and Blobs are needed; the zero
// value of the rest works.
type Config struct {
	Scheduler *tts.Scheduler
	Store     *store.Store
	Blobs     store.Blobs
	// CacheBytes is the room for recordings: beyond it those that were not used for the
	// longest time are deleted, but none within FreshFor of its last use. Zero means
	// 1 GiB; negative, that each is deleted then and none answers a second request.
	CacheBytes int64
	// FreshFor is for how long a recording is there at the least; zero means ten minutes.
	FreshFor time.Duration
	// Dir is a folder for sound while it is made, made where it is not there; empty means
	// the system's folder for temporary files.
	Dir string
	Log *slog.Logger // nil discards
}

const (
	defaultCacheBytes = 1 << 30
	defaultFreshFor   = 10 * time.Minute
)

// Errors of a Studio, beside those of packages tts and store.
var (
	// ErrOwnerGone says that the owner is no user, or none any more.
	ErrOwnerGone = errors.New("speech: the owner is gone")
	// ErrClosed says that the studio takes no more requests.
	ErrClosed = errors.New("speech: the studio is closed")
	// errAbandoned is the cause with which a take ends that nobody waits for.
	errAbandoned = errors.New("speech: nobody waits for it any more")
)

// Studio makes recordings and keeps them.
type Studio struct {
	// Immutable after New.
	cfg   Config
	log   *slog.Logger
	ctx   context.Context         // of all work, whoever asked for it
	abort context.CancelCauseFunc // ends ctx

	work    sync.WaitGroup // every goroutine of the studio's; Add only under mu and before closed
	crowded chan struct{}  // has a value when the room should be looked at; capacity 1
	pledged chan struct{}  // has a value when the promises should be looked at; capacity 1

	mu      sync.Mutex
	takes   map[string]*take // by script.key; those that can be joined
	touched map[string]time.Time
	closed  bool
}

// New starts a Studio, which must be closed.
func New(cfg Config) (*Studio, error) {
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = defaultCacheBytes
	}
	if cfg.FreshFor <= 0 {
		cfg.FreshFor = defaultFreshFor
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Dir != "" {
		if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder for speech: %w", err)
		}
	}
	ctx, abort := context.WithCancelCause(context.Background())
	s := &Studio{
		cfg: cfg, log: cfg.Log, ctx: ctx, abort: abort,
		crowded: make(chan struct{}, 1), pledged: make(chan struct{}, 1),
		takes: map[string]*take{}, touched: map[string]time.Time{},
	}
	s.work.Go(s.keepRoom)
	s.work.Go(s.keepPromises)
	return s, nil
}

// Close refuses new requests, lets takes under way finish while ctx lasts, aborts the rest
// and waits for them. Promises that are not kept yet stay in the database. It may be
// called twice.
func (s *Studio) Close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	takes := make([]*take, 0, len(s.takes))
	for _, t := range s.takes {
		takes = append(takes, t)
	}
	s.mu.Unlock()
	for _, t := range takes {
		select {
		case <-t.over:
		case <-ctx.Done():
		}
	}
	s.abort(ErrClosed)
	s.work.Wait()
}

func (s *Studio) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// caches reports whether a recording may answer a second request.
func (s *Studio) caches() bool { return s.cfg.CacheBytes > 0 }

// poke gives a channel of capacity 1 a value, if it has none.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
