package slots

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// implementation is what every implementation of slots offers.
type implementation interface {
	TryAcquire(ctx context.Context, holder, user string) (*Slot, error)
	Wait(ctx context.Context, holder, user string) (*Ticket, error)
	InUse(ctx context.Context) (Usage, error)
}

// place is what a ticket says.
type place struct {
	position, waiting int
	slot              bool
}

var hasSlot = place{slot: true}

func placeOf(k *Ticket) place {
	p, w := k.Position()
	return place{p, w, k.Slot() != nil}
}

// patience is how long a test waits for what has to come before it fails.
const patience = time.Minute

// testSlots is what every implementation has to pass. newSlots returns slots that are
// all free.
func testSlots(t *testing.T, newSlots func(closer, Config) implementation) {
	t.Run("acquire and release", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 2})
		a, b := mustAcquire(t, l, "a"), mustAcquire(t, l, "b")
		wantFull(t, l, "third of two slots")
		wantInUse(t, l, Usage{2, 0, 2})
		if a.Holder() != "a" || b.Holder() != "b" {
			t.Errorf("holders %q and %q, want those who asked", a.Holder(), b.Holder())
		}
		a.Release()
		a.Release() // must not free b's slot
		wantInUse(t, l, Usage{1, 0, 2})
		mustAcquire(t, l, "c")
		wantFull(t, l, "a slot released twice is one slot")
		b.Release()
		wantInUse(t, l, Usage{1, 0, 2})
	})

	t.Run("waiting with a slot free", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		k := mustWait(t, l, "a")
		wantPlace(t, k, hasSlot, "one was free")
		if k.Slot().Holder() != "a" {
			t.Errorf("the slot is %q's, want that of whom the ticket was", k.Slot().Holder())
		}
		wantInUse(t, l, Usage{1, 0, 1})
	})

	t.Run("first come, first served", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		held := mustAcquire(t, l, "holder")
		var line []*Ticket
		for i := range 4 {
			line = append(line, mustWait(t, l, fmt.Sprint(i)))
			for j, k := range line {
				wantPlace(t, k, place{j + 1, i + 1, false}, "one more waits")
			}
		}
		for i := range line {
			held.Release()
			wantPlace(t, line[i], hasSlot, "it was at the head")
			held = line[i].Slot()
			wantInUse(t, l, Usage{1, 3 - i, 1})
			for j := i + 1; j < len(line); j++ {
				wantPlace(t, line[j], place{j - i, 3 - i, false}, "everybody moves up, and nobody overtakes")
			}
		}
	})

	t.Run("no overtaking", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		a := mustAcquire(t, l, "a")
		k := mustWait(t, l, "b")
		a.Release()
		wantFull(t, l, "b waited first")
		wantPlace(t, k, hasSlot, "b waited first")
	})

	t.Run("leaving", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1})
		held := mustAcquire(t, l, "holder")
		a, b, c := mustWait(t, l, "a"), mustWait(t, l, "b"), mustWait(t, l, "c")
		b.Leave()
		b.Leave()
		wantPlace(t, a, place{1, 2, false}, "fewer wait")
		wantPlace(t, c, place{2, 2, false}, "it moves up")
		wantPlace(t, b, place{}, "it waits no more")

		held.Release()
		wantPlace(t, a, hasSlot, "it is at the head")
		wantPlace(t, c, place{1, 1, false}, "it is at the head now")
		a.Leave() // the slot has arrived, but the client is gone
		wantPlace(t, a, place{}, "whoever leaves has no slot")
		wantPlace(t, c, hasSlot, "a's slot is not lost")
		a.Leave()
		wantInUse(t, l, Usage{1, 0, 1})
		c.Slot().Release()
		c.Leave() // must not give back what was given back
		wantInUse(t, l, Usage{0, 0, 1})
	})

	t.Run("the line is bounded", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1, Queue: 2})
		mustAcquire(t, l, "holder")
		a := mustWait(t, l, "a")
		mustWait(t, l, "b")
		wantNoWaiting(t, l, ErrLineFull, "third in a line of two")
		a.Leave()
		wantPlace(t, mustWait(t, l, "c"), place{2, 2, false}, "a has left")
	})

	t.Run("no line", func(t *testing.T) {
		l := newSlots(t, Config{Limit: 1, Queue: -1})
		wantPlace(t, mustWait(t, l, "a"), hasSlot, "a slot is free, so there is nothing to wait for")
		wantNoWaiting(t, l, ErrLineFull, "there is no line")
	})

	t.Run("defaults", func(t *testing.T) {
		l := newSlots(t, Config{})
		for range 20 {
			mustAcquire(t, l, "a")
		}
		for range 100 {
			mustWait(t, l, "b")
		}
		wantNoWaiting(t, l, ErrLineFull, "121st")
		wantInUse(t, l, Usage{20, 100, 20})
	})

	t.Run("unlimited", func(t *testing.T) {
		l := newSlots(t, Config{Limit: -1})
		for range 1000 {
			mustAcquire(t, l, "a")
		}
		wantPlace(t, mustWait(t, l, "b"), hasSlot, "there is always one free")
		wantInUse(t, l, Usage{1001, 0, -1})
	})

	t.Run("a user's limit", func(t *testing.T) { testUserLimit(t, newSlots) })

	t.Run("like a model", func(t *testing.T) {
		rapid.Check(t, func(rt *rapid.T) { checkModel(rt, newSlots) })
	})

	t.Run("races", func(t *testing.T) { testRaces(t, newSlots) })
}

func testUserLimit(t *testing.T, newSlots func(closer, Config) implementation) {
	l := newSlots(t, Config{Limit: 3, PerUser: 2})
	acquire := func(user string) (*Slot, error) { return l.TryAcquire(t.Context(), "session", user) }
	wait := func(user string) (*Ticket, error) { return l.Wait(t.Context(), "session", user) }
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(_ any, err error) {
		t.Helper()
		if !errors.Is(err, ErrUserLimit) {
			t.Errorf("third of two: %v, want ErrUserLimit", err)
		}
	}
	first, err := acquire("kim")
	must(first, err)
	second, err := wait("kim")
	must(second, err)
	refused(acquire("kim"))
	refused(wait("kim"))
	must(acquire("lee"))

	// All three are taken. Whoever waits has what he waits for.
	lee, err := wait("lee")
	must(lee, err)
	refused(wait("lee"))
	for range 3 {
		must(wait("")) // nobody in particular: there is no telling whether they are one
	}
	refused(acquire("kim")) // that no slot is free is not what is in kim's way
	first.Release()
	wantPlace(t, lee, hasSlot, "lee was first in the line")
	must(wait("kim"))
	refused(wait("kim"))
	second.Leave()
	must(wait("kim"))
	lee.Slot().Release()
	must(wait("lee"))
	refused(wait("lee"))
}

// checkModel takes random steps and compares each with a list of holders and one of
// those who wait.
func checkModel(rt *rapid.T, newSlots func(closer, Config) implementation) {
	limit := rapid.IntRange(1, 4).Draw(rt, "limit")
	bound := rapid.IntRange(1, 5).Draw(rt, "queue")
	l := newSlots(rt, Config{Limit: limit, Queue: bound})

	var (
		ctx   = rt.Context()
		slots []*Slot // held
		line  []*Ticket
		all   []*Ticket
		seen  = map[*Ticket]place{} // what the last look said
		owner = map[*Ticket]bool{}  // its slot is held through it
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
			s, err := l.TryAcquire(ctx, "x", "")
			want := len(slots)+len(owner) < limit
			if (err == nil) != want {
				rt.Fatalf("TryAcquire with %d held, %d waiting: %v", len(slots)+len(owner), len(line), err)
			}
			if err == nil {
				slots = append(slots, s)
			}
		},
		"wait": func(rt *rapid.T) {
			k, err := l.Wait(ctx, fmt.Sprint(len(all)), "")
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
			if i := slices.Index(line, k); i >= 0 {
				line = append(line[:i:i], line[i+1:]...)
			}
			moveUp()
			seen[k] = place{} // who leaves needs no notice
		},
		"": func(rt *rapid.T) {
			want := Usage{len(slots) + len(owner), len(line), limit}
			if got, err := l.InUse(ctx); err != nil || got != want {
				rt.Fatalf("in use %+v, %v, want %+v", got, err, want)
			}
			for _, k := range all {
				want := place{}
				if owner[k] {
					want = hasSlot
				} else if i := slices.Index(line, k); i >= 0 {
					want = place{i + 1, len(line), false}
				}
				got, told := awaitPlace(k, want)
				if got != want {
					rt.Fatalf("%q is at %+v, want %+v", k.holder, got, want)
				}
				if got != seen[k] && !told {
					rt.Fatalf("%q went from %+v to %+v without notice", k.holder, seen[k], got)
				}
				seen[k] = got
			}
		},
	})
}

// testRaces lets hundreds of goroutines come, wait, give up and go, and counts how
// many are inside at a time, independently of the implementation.
func testRaces(t *testing.T, newSlots func(closer, Config) implementation) {
	const limit, clients, rounds = 7, 300, 10
	l := newSlots(t, Config{Limit: limit, Queue: clients})
	var (
		inside, most, served atomic.Int64
		crowded              = make(chan struct{}) // closed when all slots have been held at once
		crowd                sync.Once
	)
	enter := func() {
		n := inside.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n >= limit {
			crowd.Do(func() { close(crowded) })
		}
		<-crowded // whoever comes first waits for company
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
					if s, err := l.TryAcquire(t.Context(), "try", ""); err == nil {
						enter()
						s.Release()
					}
					continue
				}
				k, err := l.Wait(t.Context(), "wait", "")
				if err != nil {
					t.Errorf("the line has room for all: %v", err)
					return
				}
				bears := r.IntN(300) // changes of position until the client gives up
				for k.Slot() == nil && bears > 0 {
					<-k.Changed()
					bears--
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
	if most.Load() != limit {
		t.Errorf("%d inside at once, of %d slots", most.Load(), limit)
	}
	t.Logf("%d served", served.Load())
	wantInUse(t, l, Usage{0, 0, limit})
}

func mustAcquire(t testing.TB, l implementation, holder string) *Slot {
	t.Helper()
	s, err := l.TryAcquire(t.Context(), holder, "")
	if err != nil {
		t.Fatalf("TryAcquire(%q): %v", holder, err)
	}
	return s
}

func mustWait(t testing.TB, l implementation, holder string) *Ticket {
	t.Helper()
	k, err := l.Wait(t.Context(), holder, "")
	if err != nil {
		t.Fatalf("Wait(%q): %v", holder, err)
	}
	return k
}

func wantFull(t testing.TB, l implementation, why string) {
	t.Helper()
	if _, err := l.TryAcquire(t.Context(), "one too many", ""); !errors.Is(err, ErrFull) {
		t.Fatalf("TryAcquire: %v, want ErrFull: %s", err, why)
	}
}

func wantNoWaiting(t testing.TB, l implementation, want error, why string) {
	t.Helper()
	if _, err := l.Wait(t.Context(), "one too many", ""); !errors.Is(err, want) {
		t.Fatalf("Wait: %v, want %v: %s", err, want, why)
	}
}

// awaitPlace looks at a ticket whenever it says that it has changed, until it is where it
// is wanted. told is whether it said so at all.
func awaitPlace(k *Ticket, want place) (got place, told bool) {
	timeout := time.After(patience)
	for got = placeOf(k); got != want; got = placeOf(k) {
		select {
		case <-k.Changed():
			told = true
		case <-timeout:
			return got, told
		}
	}
	select {
	case <-k.Changed():
		told = true
	default:
	}
	return got, told
}

func wantPlace(t testing.TB, k *Ticket, want place, why string) {
	t.Helper()
	if got, _ := awaitPlace(k, want); got != want {
		t.Fatalf("%q is at %+v, want %+v: %s", k.holder, got, want, why)
	}
}

func wantInUse(t testing.TB, l implementation, want Usage) {
	t.Helper()
	if got, err := l.InUse(t.Context()); err != nil || got != want {
		t.Errorf("in use %+v, %v; want %+v", got, err, want)
	}
}
