package cluster

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"avatarforge/internal/servertest"
)

// claim claims a session that has to be had.
func claim(t testing.TB, n *Node, session string, fresh bool) (c *Claim, lost <-chan struct{}) {
	t.Helper()
	gone := make(chan struct{})
	c, err := n.Claim(t.Context(), session, fresh, func() { close(gone) })
	if err != nil {
		t.Fatal(err)
	}
	return c, gone
}

func TestClaimIsOneInstances(t *testing.T) {
	nodes := instances(t, 2)
	c, _ := claim(t, nodes[0], "s", true)
	if holder, err := nodes[1].Holder(t.Context(), "s"); holder != nodes[0].Instance() || err != nil {
		t.Errorf("%q, %v has it", holder, err)
	}
	var held *HeldError
	if _, err := nodes[1].Claim(t.Context(), "s", false, nil); !errors.As(err, &held) || held.Instance != nodes[0].Instance() {
		t.Errorf("%v: it is the other's", err)
	}
	if err := c.Yield(t.Context(), []byte("a\x00b"), time.Minute); err != nil {
		t.Error(err)
	}
	if holder, err := nodes[1].Holder(t.Context(), "s"); holder != "" || err != nil {
		t.Errorf("%q, %v has it, though it was given up", holder, err)
	}
	taken, _ := claim(t, nodes[1], "s", false)
	if string(taken.Left()) != "a\x00b" {
		t.Errorf("%q was left", taken.Left())
	}
	if err := c.Yield(t.Context(), []byte("late"), time.Minute); err != nil {
		t.Error(err)
	}
	if holder, _ := nodes[0].Holder(t.Context(), "s"); holder != nodes[1].Instance() {
		t.Errorf("%q has it: who gives it up twice does not give up another's", holder)
	}
	if err := taken.Yield(t.Context(), nil, 0); err != nil {
		t.Error(err)
	}
	again, _ := claim(t, nodes[0], "s", false)
	if again.Left() != nil {
		t.Errorf("%q was left by somebody who left nothing", again.Left())
	}
}

// Of many who ask at once one has it.
func TestClaimRace(t *testing.T) {
	nodes := instances(t, 3)
	for range 20 {
		var all sync.WaitGroup
		won := make(chan *Claim, len(nodes))
		for _, n := range nodes {
			all.Go(func() {
				if c, err := n.Claim(context.Background(), "s", true, func() { t.Error("lost") }); err == nil {
					won <- c
				}
			})
		}
		all.Wait()
		if len(won) != 1 {
			t.Fatalf("%d have it", len(won))
		}
		if err := (<-won).Yield(t.Context(), nil, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// A session of an instance that has died is free within the lease, and not before.
func TestClaimOfADeadInstance(t *testing.T) {
	cfg := Config{Options: options(t, servertest.Redis(t)), Prefix: newPrefix(), Lease: time.Second}
	alive := join(t, cfg)
	dead, err := Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	claim(t, dead, "s", true)
	dead.stop() // it is heard of no more
	began := time.Now()
	for {
		_, err := alive.Claim(t.Context(), "s", false, nil)
		if err == nil {
			break
		}
		var held *HeldError
		if !errors.As(err, &held) || time.Since(began) > patience {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := dead.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// An instance that stood still hears that its session is another's by now.
func TestClaimIsLost(t *testing.T) {
	cfg := Config{Options: options(t, servertest.Redis(t)), Prefix: newPrefix(), Lease: time.Second}
	still, other := join(t, cfg), join(t, cfg)
	_, lost := claim(t, still, "s", true)
	kept, keptLost := claim(t, still, "kept", true)
	for settling := int64(1); settling > 0; time.Sleep(20 * time.Millisecond) {
		var err error
		if settling, err = still.client.Exists(t.Context(), still.claims.base()+"settling").Result(); err != nil {
			t.Fatal(err)
		}
	}
	// Standing still is that the key has run out and somebody was quicker.
	if err := still.client.Set(t.Context(), still.claims.owner("s"), other.Instance(), time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	wait(t, lost, "the session is another's")
	select {
	case <-keptLost:
		t.Error("the other session was lost as well")
	default:
	}
	if err := kept.Yield(t.Context(), nil, 0); err != nil {
		t.Error(err)
	}
}

// What was claimed outlives a Redis that forgets: it is claimed again, and nobody has it
// meanwhile.
func TestClaimsOutliveRedis(t *testing.T) {
	s := servertest.StartRedis(t)
	cfg := Config{Options: options(t, s.URL(0)), Lease: 2 * time.Second}
	first, second := join(t, cfg), join(t, cfg)
	_, lost := claim(t, first, "s", true)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Claim(t.Context(), "s", false, nil); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v: nobody can tell whose it is", err)
	}
	if _, err := second.Holder(t.Context(), "s"); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v: nobody can tell whose it is", err)
	}
	s.Start(t, nil)
	for began := time.Now(); ; {
		_, err := second.Claim(t.Context(), "s", false, nil)
		var held *HeldError
		if errors.As(err, &held) {
			break // it waited until the other had said so
		}
		if !errors.Is(err, ErrUnreachable) || time.Since(began) > patience {
			t.Fatalf("%v: the other has it", err)
		}
	}
	select {
	case <-lost:
		t.Error("the session was lost")
	default:
	}
}

// A Redis that comes back with what it knew a while ago takes nothing from whoever has it by
// now.
func TestClaimsOutliveAnOldRedis(t *testing.T) {
	s := servertest.StartRedis(t)
	cfg := Config{Options: options(t, s.URL(0)), Lease: 30 * time.Second}
	before, by := join(t, cfg), join(t, cfg)
	old, _ := claim(t, before, "s", true)
	dump := s.Snapshot(t)
	if err := old.Yield(t.Context(), nil, 0); err != nil {
		t.Fatal(err)
	}
	_, lost := claim(t, by, "s", true)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	s.Start(t, dump)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		holder, err := before.Holder(t.Context(), "s")
		if err == nil && holder == by.Instance() {
			break
		}
		if time.Since(began) > patience {
			t.Fatalf("%q, %v has it, though it was given up", holder, err)
		}
	}
	select {
	case <-lost:
		t.Error("it was taken for lost")
	default:
	}
}

// What an instance tells everybody, all others hear, and it does not.
func TestTell(t *testing.T) {
	nodes := instances(t, 3)
	if err := nodes[0].Tell(t.Context(), "a:b\x00"); err != nil {
		t.Fatal(err)
	}
	if err := nodes[1].Tell(t.Context(), "second"); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{{"second"}, {"a:b\x00"}, {"a:b\x00", "second"}} {
		for _, w := range want {
			select {
			case got := <-nodes[i].Notices():
				if got != w {
					t.Errorf("instance %d hears %q, want %q", i, got, w)
				}
			case <-time.After(patience):
				t.Fatalf("instance %d does not hear %q", i, w)
			}
		}
	}
}
