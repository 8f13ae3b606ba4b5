package server

import (
	"context"
	"time"
)

// cached is a value that takes asking others, kept for a while. Whoever asks meanwhile
// waits for the same one. Safe for use by several goroutines.
type cached[T any] struct {
	// Immutable.
	age   time.Duration // how long it is as good as new
	limit time.Duration // how long fetching it may take
	fetch func(context.Context) T

	turn chan struct{} // of capacity 1; whoever holds it owns what follows
	last T
	made time.Time // when last was, zero before
}

func newCached[T any](age, limit time.Duration, fetch func(context.Context) T) *cached[T] {
	return &cached[T]{age: age, limit: limit, fetch: fetch, turn: make(chan struct{}, 1)}
}

// get is the value, no older than its age. Its error is why ctx ended.
func (c *cached[T]) get(ctx context.Context) (T, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
	defer func() { <-c.turn }()
	if c.made.IsZero() || time.Since(c.made) >= c.age {
		// It is for those too who wait behind: who asked first may leave.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.limit)
		defer cancel()
		c.last = c.fetch(ctx)
		c.made = time.Now()
	}
	return c.last, nil
}
