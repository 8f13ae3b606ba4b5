package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"avatarforge/store"
)

// upkeepEvery is how often the database is relieved of what nobody needs any longer.
const upkeepEvery = time.Hour

// startUpkeep begins to delete what has expired: revoked tokens and counters. stop ends
// that and waits for it.
func startUpkeep(db *store.Store, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(upkeepEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if _, err := db.PurgeExpired(ctx); err != nil && ctx.Err() == nil {
				log.Warn("what has expired could not be deleted; it will be tried again", slog.Any("error", err))
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}
