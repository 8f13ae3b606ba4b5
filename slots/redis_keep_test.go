package slots

import (
	"testing"
	"time"

	"avatarforge/internal/servertest"
)

// A slot that an instance keeps when it ends is had by the same holder at another one, and
// by nobody who waits.
func TestRedisKeep(t *testing.T) {
	url, prefix := servertest.Redis(t), newPrefix()
	cfg := Config{Limit: 1, Queue: 5, PerUser: 1}
	leaving, staying := instance(t, url, prefix, 0, cfg), instance(t, url, prefix, 0, cfg)
	s, err := leaving.TryAcquire(t.Context(), "conversation", "jisu")
	if err != nil {
		t.Fatal(err)
	}
	waiting := mustWait(t, staying, "another")
	s.Keep(t.Context(), time.Minute)
	s.Release() // says nothing any more
	if err := leaving.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantInUse(t, staying, Usage{1, 1, 1})
	got, err := staying.TryAcquire(t.Context(), "conversation", "jisu")
	if err != nil {
		t.Fatalf("%v: the slot was kept", err)
	}
	wantInUse(t, staying, Usage{1, 1, 1})
	if _, err := staying.TryAcquire(t.Context(), "conversation", "jisu"); err == nil {
		t.Error("it was kept once")
	}
	got.Release()
	if p, ok := awaitPlace(waiting, hasSlot); p != hasSlot {
		t.Errorf("%+v, %v: it was given back", p, ok)
	}
	waiting.Leave()
	wantInUse(t, staying, Usage{0, 0, 1})
}

// A slot that is kept for somebody who does not come is given to whoever waits.
func TestRedisKeptInVain(t *testing.T) {
	url, prefix := servertest.Redis(t), newPrefix()
	cfg := Config{Limit: 1, Queue: 5}
	a, b := instance(t, url, prefix, 0, cfg), instance(t, url, prefix, 0, cfg)
	s := mustAcquire(t, a, "gone")
	waiting := mustWait(t, b, "another")
	s.Keep(t.Context(), 500*time.Millisecond)
	if p, ok := awaitPlace(waiting, hasSlot); p != hasSlot {
		t.Errorf("%+v, %v: nobody came", p, ok)
	}
}
