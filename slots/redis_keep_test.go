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

// A slot that is kept for somebody of whom it is known that they will not come is free at
// once, and nothing of them is left.
func TestRedisUnkeep(t *testing.T) {
	url, prefix := servertest.Redis(t), newPrefix()
	cfg := Config{Limit: 2, Queue: 5, PerUser: 2}
	leaving, staying := instance(t, url, prefix, 0, cfg), instance(t, url, prefix, 0, cfg)
	for _, holder := range []string{"a", "b"} {
		s, err := leaving.TryAcquire(t.Context(), holder, "jisu")
		if err != nil {
			t.Fatal(err)
		}
		s.Keep(t.Context(), time.Hour)
	}
	waiting := mustWait(t, staying, "another")
	if err := staying.Unkeep(t.Context(), []string{"never kept", "a", "b"}); err != nil {
		t.Fatal(err)
	}
	if p, ok := awaitPlace(waiting, hasSlot); p != hasSlot {
		t.Errorf("%+v, %v: both slots were given up", p, ok)
	}
	wantInUse(t, staying, Usage{1, 0, 2})
	if n, err := staying.client.HLen(t.Context(), staying.keys[len(staying.keys)-1]).Result(); n != 0 || err != nil {
		t.Errorf("%d users are counted (%v), want none", n, err)
	}
	held := mustAcquire(t, staying, "a") // by another, under the same name
	if err := staying.Unkeep(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	wantInUse(t, staying, Usage{2, 0, 2})
	held.Release()
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
