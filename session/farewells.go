package session

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Farewells remembers which conversations have ended of which facts are still to be drawn, so
// that this is made up for by whoever runs then. Safe for use by several goroutines; its
// methods may take as long as a database does.
type Farewells interface {
	// OweFarewell notes that facts are to be drawn of a session, by anybody from due on. Of one
	// that is not kept nothing is noted.
	OweFarewell(ctx context.Context, session string, due time.Time) error
	// SettleFarewell notes that nothing is owed any more. That nothing was is no error.
	SettleFarewell(ctx context.Context, session string) error
	// TakeFarewells hands out sessions that are due, most at most. For hold they are handed out
	// to nobody else.
	TakeFarewells(ctx context.Context, hold time.Duration, most int) (sessions []string, err error)
}

const (
	// farewellHold is for how long whoever is at a farewell is believed to be: longer than a
	// model that fails is asked again, see maxTries.
	farewellHold = 30 * time.Minute
	// catchUpEvery is how often it is looked for what others have left.
	catchUpEvery = time.Minute
	// catchUpMost is how much of it is taken up at once: as much as a model can do meanwhile.
	catchUpMost = 20
	// oweTimeout is how long it may take, while the server stops, to note what it leaves.
	oweTimeout = 5 * time.Second
)

// CatchUp draws, until ctx ends, the facts that were left to be drawn when a server stopped.
func (r *Registry) CatchUp(ctx context.Context) {
	if r.up.Farewells == nil || r.up.Archive == nil {
		return
	}
	tick := time.NewTicker(catchUpEvery)
	defer tick.Stop()
	for {
		due, err := within(ctx, func(ctx context.Context) ([]string, error) {
			return r.up.Farewells.TakeFarewells(ctx, farewellHold, catchUpMost)
		})
		if err != nil && ctx.Err() == nil {
			r.cfg.Log.Warn("it cannot be read of which conversations facts are still to be drawn", slog.Any("error", err))
		}
		for _, id := range due {
			r.catchUp(ctx, id)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// catchUp takes up what is left to be drawn of a session, if it is not under way here.
func (r *Registry) catchUp(ctx context.Context, id string) {
	r.mu.Lock()
	_, live := r.live[id]
	r.mu.Unlock()
	if live || r.scribe.busy(id) {
		return // its end, or the scribe's, settles it
	}
	t, owed, err := r.owed(ctx, id)
	switch {
	case err != nil:
		r.cfg.Log.Warn("a conversation cannot be read, of which facts are still to be drawn", slog.String("session", id), slog.Any("error", err))
	case owed:
		r.scribe.begin(t)
	default:
		r.scribe.settle(ctx, id)
	}
}

// owed is what is to be drawn of a conversation that is over, as the archive has it.
func (r *Registry) owed(ctx context.Context, id string) (t task, owed bool, err error) {
	rec, err := within(ctx, func(ctx context.Context) (*Record, error) { return r.up.Archive.Load(ctx, id) })
	if errors.Is(err, ErrUnknownSession) {
		return t, false, nil
	}
	if err != nil {
		return t, false, err
	}
	b, err := r.restore(ctx, rec, 0, nil)
	if err != nil {
		return t, false, err
	}
	// It is not started: nothing but its farewell is asked of it.
	s := &Session{
		id: b.id, owner: b.owner, cfg: &r.cfg, up: &r.up, log: r.cfg.Log, house: house{scribe: r.scribe},
		object: b.object, part: b.part, items: items{list: b.items}, memory: memory{recalled: b.recalled},
	}
	t, owed = s.farewell()
	t.delay = 0
	return t, owed, nil
}

// owe notes that facts are to be drawn of a session, by anybody once after is over.
func (c *scribe) owe(ctx context.Context, session string, after time.Duration) {
	if c.up.Farewells == nil {
		return
	}
	_, err := within(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.up.Farewells.OweFarewell(ctx, session, time.Now().Add(after))
	})
	if err != nil {
		c.cfg.Log.Warn("should the server stop now, no facts will be drawn of a conversation", slog.String("session", session), slog.Any("error", err))
	}
}

// settle notes that nothing is to be drawn of a session any more.
func (c *scribe) settle(ctx context.Context, session string) {
	if c.up.Farewells == nil {
		return
	}
	_, err := within(ctx, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, c.up.Farewells.SettleFarewell(ctx, session)
	})
	if err != nil && ctx.Err() == nil {
		c.cfg.Log.Warn("facts will be drawn of a conversation once more", slog.String("session", session), slog.Any("error", err))
	}
}
