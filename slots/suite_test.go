package slots

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// implementation is what every implementation of slots offers.
type implementation interface {
	TryAcquire(holder string) (*Slot, error)
	Wait(holder string) (*Ticket, error)
	InUse() (held, waiting, limit int)
}

// testSlots is what every implementation has to pass. newSlots returns slots that are
// all free.
func testSlots(t *testing.T, newSlots func(testing.TB, Config) implementation) {
	t.Run("acquire and release", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 2})
		a, b := mustAcquire(t, l, "a"), mustAcquire(t, l, "b")
		if _, err := l.TryAcquire("c"); !errors.Is(err, ErrFull) {
			t.Fatalf("third of two slots: %v, want ErrFull", err)
		}
		wantInUse(t, l, 2, 0, 2)
		if a.Holder() != "a" || b.Holder() != "b" {
			t.Errorf("holders %q and %q, want those who asked", a.Holder(), b.Holder())
		}
		a.Release()
		a.Release() // must not free b's slot
		wantInUse(t, l, 1, 0, 2)
		mustAcquire(t, l, "c")
		if _, err := l.TryAcquire("d"); !errors.Is(err, ErrFull) {
			t.Fatalf("a slot released twice counted twice: %v", err)
		}
		b.Release()
		wantInUse(t, l, 1, 0, 2)
	})

	t.Run("waiting with a slot free", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		k := mustWait(t, l, "a")
		wantChanged(t, k, "the slot is there at once")
		if k.Slot() == nil || k.Slot().Holder() != "a" {
			t.Fatal("no slot, though one was free")
		}
		wantPosition(t, k, 0, 0)
		wantInUse(t, l, 1, 0, 1)
	})

	t.Run("first come, first served", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		held := mustAcquire(t, l, "holder")
		var line []*Ticket
		for i := range 4 {
			k := mustWait(t, l, fmt.Sprint(i))
			wantChanged(t, k, "joining is the first change")
			line = append(line, k)
			wantPosition(t, k, i+1, i+1)
			for _, before := range line[:i] {
				wantChanged(t, before, "one more waits")
			}
		}
		for i := range line {
			held.Release()
			wantChanged(t, line[i], "its slot is there")
			held = line[i].Slot()
			if held == nil {
				t.Fatalf("ticket %d is at the head and has no slot", i)
			}
			wantInUse(t, l, 1, 3-i, 1)
			wantPosition(t, line[i], 0, 0)
			for j := i + 1; j < len(line); j++ {
				wantChanged(t, line[j], "everybody moved up")
				wantPosition(t, line[j], j-i, 3-i)
				if line[j].Slot() != nil {
					t.Fatalf("ticket %d overtook ticket %d", j, i)
				}
			}
		}
	})

	t.Run("no overtaking", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		a := mustAcquire(t, l, "a")
		k := mustWait(t, l, "b")
		a.Release()
		if _, err := l.TryAcquire("c"); !errors.Is(err, ErrFull) {
			t.Fatalf("c got b's slot: %v", err)
		}
		if k.Slot() == nil {
			t.Fatal("b waited first and has no slot")
		}
	})

	t.Run("leaving", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		held := mustAcquire(t, l, "holder")
		a, b, c := mustWait(t, l, "a"), mustWait(t, l, "b"), mustWait(t, l, "c")
		drain(a, b, c)
		b.Leave()
		b.Leave()
		wantChanged(t, a, "fewer wait")
		wantPosition(t, a, 1, 2)
		wantChanged(t, c, "it moved up")
		wantPosition(t, c, 2, 2)
		wantPosition(t, b, 0, 0)

		held.Release()
		if a.Slot() == nil {
			t.Fatal("a is at the head and has no slot")
		}
		drain(c)
		a.Leave() // the slot arrived, but the client is gone
		if a.Slot() != nil {
			t.Error("a left and still has its slot")
		}
		wantChanged(t, c, "the slot that a left is c's")
		if c.Slot() == nil {
			t.Fatal("a's slot was lost")
		}
		a.Leave()
		wantInUse(t, l, 1, 0, 1)
		c.Slot().Release()
		c.Leave() // must not give back what was given back
		wantInUse(t, l, 0, 0, 1)
	})

	t.Run("the line is bounded", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1, Queue: 2})
		mustAcquire(t, l, "holder")
		a := mustWait(t, l, "a")
		mustWait(t, l, "b")
		if _, err := l.Wait("c"); !errors.Is(err, ErrLineFull) {
			t.Fatalf("third in a line of two: %v, want ErrLineFull", err)
		}
		a.Leave()
		wantPosition(t, mustWait(t, l, "c"), 2, 2)
	})

	t.Run("no line", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1, Queue: -1})
		k := mustWait(t, l, "a")
		if k.Slot() == nil {
			t.Fatal("a slot was free: nothing to wait for")
		}
		if _, err := l.Wait("b"); !errors.Is(err, ErrLineFull) {
			t.Fatalf("waiting without a line: %v, want ErrLineFull", err)
		}
	})

	t.Run("defaults", func(t *testing.T) {
		l := newSlots(t, Config{})
		for range 20 {
			mustAcquire(t, l, "a")
		}
		for range 100 {
			mustWait(t, l, "b")
		}
		if _, err := l.Wait("c"); !errors.Is(err, ErrLineFull) {
			t.Fatalf("121st: %v, want ErrLineFull", err)
		}
		wantInUse(t, l, 20, 100, 20)
	})

	t.Run("unlimited", func(t *testing.T) {
		l := newSlots(t, Config{Limit: -1})
		for range 1000 {
			mustAcquire(t, l, "a")
		}
		if k := mustWait(t, l, "b"); k.Slot() == nil {
			t.Fatal("waiting, though slots are unlimited")
		}
		if held, waiting, limit := l.InUse(); held != 1001 || waiting != 0 || limit >= 0 {
			t.Errorf("in use %d, %d, %d, want 1001, 0, negative", held, waiting, limit)
		}
	})

	t.Run("like a model", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) { checkModel(rt, t, newSlots) })
	})

	t.Run("races", func(t *testing.T) { testRaces(t, newSlots) })
}

// checkModel takes random steps and compares each with a list of holders and one of
// those who wait.
func checkModel(rt *rapid.T, tb testing.TB, newSlots func(testing.TB, Config) implementation) {
	limit := rapid.IntRange(1, 4).Draw(rt, "limit")
	bound := rapid.IntRange(1, 5).Draw(rt, "queue")
	l := newSlots(tb, Config{Limit: limit, Queue: bound})

	type place struct { // what the last look at the ticket said
		position, waiting int
		slot              bool
	}
	var (
		slots   []*Slot // held
		line    []*Ticket
		all     []*Ticket
		seen    = map[*Ticket]place{}
		owner   = map[*Ticket]bool{} // its slot is held through it
		lookAll = func(rt *rapid.T) {
			for _, k := range all {
				p, w := k.Position()
				now := place{p, w, k.Slot() != nil}
				select {
				case <-k.Changed():
				default:
					if now != seen[k] {
						rt.Fatalf("%q went from %+v to %+v without notice", k.holder, seen[k], now)
					}
				}
				seen[k] = now
			}
		}
		// moveUp is the model's side of a slot being free.
		moveUp = func() {
			for len(slots)+len(owner) < limit && len(line) > 0 {
				owner[line[0]] = true
				line = line[1:]
			}
		}
	)
	rt.Repeat(map[string]func(*rapid.T){
		"try": func(rt *rapid.T) {
			s, err := l.TryAcquire("x")
			want := len(slots)+len(owner) < limit
			if (err == nil) != want {
				rt.Fatalf("TryAcquire with %d held, %d waiting: %v", len(slots)+len(owner), len(line), err)
			}
			if err == nil {
				slots = append(slots, s)
			}
		},
		"wait": func(rt *rapid.T) {
			k, err := l.Wait(fmt.Sprint(len(all)))
			full := len(slots)+len(owner) >= limit
			switch {
			case full && len(line) == bound:
				if !errors.Is(err, ErrLineFull) {
					rt.Fatalf("Wait in a full line: %v", err)
				}
				return
			case err != nil:
				rt.Fatalf("Wait: %v", err)
			}
			all = append(all, k)
			line = append(line, k)
			moveUp()
		},
		"release": func(rt *rapid.T) {
			if len(slots) == 0 {
				rt.Skip("nothing held")
			}
			i := rapid.IntRange(0, len(slots)-1).Draw(rt, "which")
			slots[i].Release()
			if rapid.Bool().Draw(rt, "twice") {
				slots[i].Release()
			}
			slots = append(slots[:i:i], slots[i+1:]...)
			moveUp()
		},
		"leave": func(rt *rapid.T) {
			if len(all) == 0 {
				rt.Skip("no ticket")
			}
			k := all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")]
			k.Leave()
			delete(owner, k)
			for i, o := range line {
				if o == k {
					line = append(line[:i:i], line[i+1:]...)
					break
				}
			}
			moveUp()
			seen[k] = place{} // who leaves needs no notice
		},
		"": func(rt *rapid.T) {
			held, waiting, lim := l.InUse()
			if held != len(slots)+len(owner) || waiting != len(line) || lim != limit {
				rt.Fatalf("in use %d, %d, %d, want %d, %d, %d", held, waiting, lim, len(slots)+len(owner), len(line), limit)
			}
			if held > limit {
				rt.Fatalf("%d of %d slots held", held, limit)
			}
			lookAll(rt)
			for i, k := range line {
				if want := (place{i + 1, len(line), false}); seen[k] != want {
					rt.Fatalf("%q is at %+v, want %+v", k.holder, seen[k], want)
				}
			}
			for k := range owner {
				if want := (place{0, 0, true}); seen[k] != want {
					rt.Fatalf("%q is at %+v, want its slot", k.holder, seen[k])
				}
			}
		},
	})
}

// testRaces lets hundreds of goroutines come, wait, give up and go, and counts how
// many are inside at a time, independently of the implementation.
func testRaces(t *testing.T, newSlots func(testing.TB, Config) implementation) {
	const limit, clients, rounds = 7, 300, 20
	l := newSlots(t, Config{Limit: limit, Queue: clients})
	var inside, most, served atomic.Int64
	enter := func() {
		n := inside.Add(1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		served.Add(1)
		runtime.Gosched()
		inside.Add(-1)
	}
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(c)))
			for range rounds {
				if r.IntN(4) == 0 {
					if s, err := l.TryAcquire("try"); err == nil {
						enter()
						s.Release()
					}
					continue
				}
				k, err := l.Wait("wait")
				if err != nil {
					t.Errorf("the line has room for all: %v", err)
					return
				}
				patience := r.IntN(300) // changes of position until the client gives up
				for k.Slot() == nil && patience > 0 {
					<-k.Changed()
					patience--
				}
				if s := k.Slot(); s != nil {
					enter()
					if r.IntN(2) == 0 {
						s.Release()
					}
				}
				k.Leave()
			}
		})
	}
	wg.Wait()
	if most.Load() > limit {
		t.Errorf("%d inside at once, of %d slots", most.Load(), limit)
	}
	if most.Load() < 2 {
		t.Errorf("%d inside at once: the test saw no contention", most.Load())
	}
	if served.Load() == 0 {
		t.Error("nobody was served")
	}
	t.Logf("%d served, at most %d at once", served.Load(), most.Load())
	wantInUse(t, l, 0, 0, limit)
}

func mustAcquire(t *testing.T, l implementation, holder string) *Slot {
	t.Helper()
	s, err := l.TryAcquire(holder)
	if err != nil {
		t.Fatalf("TryAcquire(%q): %v", holder, err)
	}
	return s
}

func mustWait(t *testing.T, l implementation, holder string) *Ticket {
	t.Helper()
	k, err := l.Wait(holder)
	if err != nil {
		t.Fatalf("Wait(%q): %v", holder, err)
	}
	return k
}

func wantChanged(t *testing.T, k *Ticket, why string) {
	t.Helper()
	select {
	case <-k.Changed():
	default:
		t.Errorf("%q was not told: %s", k.holder, why)
	}
}

// drain takes the notices that are there, so that the next is a new one.
func drain(tickets ...*Ticket) {
	for _, k := range tickets {
		select {
		case <-k.Changed():
		default:
		}
	}
}

func wantPosition(t *testing.T, k *Ticket, position, waiting int) {
	t.Helper()
	if p, w := k.Position(); p != position || w != waiting {
		t.Errorf("%q is at %d of %d, want %d of %d", k.holder, p, w, position, waiting)
	}
}

func wantInUse(t *testing.T, l implementation, held, waiting, limit int) {
	t.Helper()
	if h, w, m := l.InUse(); h != held || w != waiting || m != limit {
		t.Errorf("in use %d, waiting %d, limit %d; want %d, %d, %d", h, w, m, held, waiting, limit)
	}
}
