package store

import (
	"testing"
	"testing/synctest"
	"time"
)

// Packages above test their hours on simulated time, with a real database.
func TestOnSimulatedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mustOpen(t, Config{Dir: t.TempDir()})
		if n, err := s.Count(t.Context(), "draft", time.Hour); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		time.Sleep(time.Hour)
		if n, err := s.Counted(t.Context(), "draft"); n != 0 || err != nil {
			t.Errorf("an hour later the counter stands at %d: %v", n, err)
		}
	})
}
