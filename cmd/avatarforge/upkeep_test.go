package main

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/store"
)

func TestUpkeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for token, ttl := range map[string]time.Duration{"short": time.Minute, "long": 2 * time.Hour} {
			if err := db.RevokeToken(t.Context(), token, time.Now().Add(ttl)); err != nil {
				t.Fatal(err)
			}
		}
		stop := startUpkeep(db, slog.New(slog.DiscardHandler))
		time.Sleep(upkeepEvery + time.Second)
		stop()
		for token, want := range map[string]bool{"short": false, "long": true} {
			if kept, err := db.TokenRevoked(t.Context(), token, store.Anonymous); err != nil || kept != want {
				t.Errorf("after an hour %s is kept: %v, %v, want %v", token, kept, err, want)
			}
		}
	})
}
