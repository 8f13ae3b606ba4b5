package cluster

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avatarforge/internal/logtest"
	"avatarforge/internal/servertest"
)

// A budget is one for all instances, however many ask at once.
func TestABudgetIsShared(t *testing.T) {
	nodes := instances(t, 3)
	const burst = 40
	var had, refused atomic.Int64
	var asking sync.WaitGroup
	for i := range 3 * burst {
		asking.Go(func() {
			switch wait, err := nodes[i%len(nodes)].Take(t.Context(), "a", time.Hour, burst); {
			case err != nil:
				t.Error(err)
			case wait == 0:
				had.Add(1)
			default:
				refused.Add(1)
				if wait < 30*time.Minute || wait > time.Hour {
					t.Errorf("wait %v, want the most of the hour in which the next one comes", wait)
				}
			}
		})
	}
	asking.Wait()
	if had.Load() != burst || refused.Load() != 2*burst {
		t.Errorf("%d counted and %d refused, want %d and %d", had.Load(), refused.Load(), burst, 2*burst)
	}
	if wait, err := nodes[0].Take(t.Context(), "b", time.Hour, 1); wait != 0 || err != nil {
		t.Errorf("another budget: %v, %v", wait, err)
	}
}

// What was used comes back one by one, no more than a burst is saved up, and a budget that is
// whole again is forgotten.
func TestABudgetComesBack(t *testing.T) {
	n := instances(t, 1)[0]
	const every, burst = 50 * time.Millisecond, 2
	begun, counted := time.Now(), 0
	for counted < 10 {
		wait, err := n.Take(t.Context(), "a", every, burst)
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			counted++
			continue
		}
		if wait > every {
			t.Fatalf("wait %v for something that comes every %v", wait, every)
		}
		time.Sleep(wait)
	}
	// Redis' clock is in whole microseconds.
	if took := time.Since(begun); took < (10-burst)*every-time.Millisecond {
		t.Errorf("ten took %v, want the time in which eight come back at least", took)
	}
	for until := time.Now().Add(patience); ; time.Sleep(every) {
		kept, err := n.client.Exists(t.Context(), n.rate("a")).Result()
		if err != nil {
			t.Fatal(err)
		}
		if kept == 0 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("a budget that is whole is still kept")
		}
	}
}

// Whoever asks while Redis is gone, or hangs, is told so, most of them at once.
func TestABudgetWithoutRedis(t *testing.T) {
	s := servertest.StartRedis(t)
	log := &logtest.Buffer{}
	n := join(t, Config{Options: options(t, s.URL(0)), Prefix: newPrefix(), Log: slog.New(slog.NewTextHandler(log, nil))})
	s.Pause(t)
	for range 100 { // which would take long if each waited
		if _, err := n.Take(t.Context(), "a", time.Hour, 5); !errors.Is(err, ErrUnreachable) {
			t.Fatalf("got %v, want ErrUnreachable", err)
		}
	}
	s.Resume(t)
	for until := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		_, err := n.Take(t.Context(), "b", time.Hour, 5)
		if err == nil {
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
	if lost := log.Count("Redis cannot be reached: each instance counts"); lost != 1 {
		t.Errorf("it was said %d times that Redis is lost, want once", lost)
	}
	if found := log.Count("Redis can be reached again: clients' requests"); found != 1 {
		t.Errorf("it was said %d times that Redis is back, want once", found)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := n.Take(gone, "b", time.Hour, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that is gone: %v", err)
	}
	if _, err := n.Take(t.Context(), "b", time.Hour, 5); err != nil {
		t.Errorf("a client that leaves says nothing about Redis: %v", err)
	}
}
