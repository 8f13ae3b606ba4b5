package tts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// turnstiles let one process in at a time, for each server, in the order of arrival.
type turnstiles struct {
	test *testing.T

	mu   sync.Mutex
	open map[int]int             // how many are in
	line map[int][]chan struct{} // closed when it is one's turn
	room int                     // how many may be in; zero means one
}

// lease is a SchedulerConfig's, of one of the processes.
func (ts *turnstiles) lease(ctx context.Context, server int, waiting func()) (release func(), err error) {
	ts.mu.Lock()
	if ts.open == nil {
		ts.open, ts.line = map[int]int{}, map[int][]chan struct{}{}
	}
	turn := make(chan struct{})
	ts.line[server] = append(ts.line[server], turn)
	ts.advanceLocked(server)
	ts.mu.Unlock()
	select {
	case <-turn:
	default:
		waiting()
	}
	select {
	case <-turn:
	case <-ctx.Done():
		ts.mu.Lock()
		defer ts.mu.Unlock()
		i := slices.Index(ts.line[server], turn)
		if i < 0 {
			ts.open[server]-- // its turn came just now
			ts.advanceLocked(server)
		} else {
			ts.line[server] = slices.Delete(ts.line[server], i, i+1)
		}
		return nil, context.Cause(ctx)
	}
	var once sync.Once
	return func() {
		released := false
		once.Do(func() {
			released = true
			ts.mu.Lock()
			defer ts.mu.Unlock()
			ts.open[server]--
			ts.advanceLocked(server)
		})
		if !released {
			ts.test.Error("a lease was released twice")
		}
	}, nil
}

func (ts *turnstiles) advanceLocked(server int) {
	for len(ts.line[server]) > 0 && ts.open[server] < max(ts.room, 1) {
		close(ts.line[server][0])
		ts.line[server] = ts.line[server][1:]
		ts.open[server]++
	}
}

// wantFree fails unless nobody is in or waits.
func (ts *turnstiles) wantFree() {
	ts.test.Helper()
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for server, n := range ts.open {
		if n != 0 || len(ts.line[server]) != 0 {
			ts.test.Errorf("%d hold server %d and %d wait for it", n, server, len(ts.line[server]))
		}
	}
}

// occupy holds a server as another process would.
func (ts *turnstiles) occupy(server int) (release func()) {
	ts.test.Helper()
	release, err := ts.lease(ts.test.Context(), server, func() { ts.test.Errorf("server %d is not free", server) })
	if err != nil {
		ts.test.Fatal(err)
	}
	return release
}

// testLeased is testScheduler with servers that other processes use too.
func testLeased(t *testing.T, servers int, f func(*schedulerTest, *turnstiles)) {
	t.Helper()
	ts := &turnstiles{}
	testScheduler(t, SchedulerConfig{Lease: ts.lease}, servers, func(st *schedulerTest) {
		ts.test = st.T
		f(st, ts)
		synctest.Wait()
	})
	ts.test = t
	ts.wantFree()
}

func TestSchedulerLease(t *testing.T) {
	t.Run("the servers are free", func(t *testing.T) {
		testLeased(t, 2, func(st *schedulerTest, ts *turnstiles) {
			a, b, c := st.say("1s audio"), st.say("1s audio"), st.say("1s audio")
			st.want("one on each server", a, 1, nil, time.Second)
			st.want("one on each server", b, 1, nil, time.Second)
			st.want("the third waits", c, 1, nil, 2*time.Second)
			synctest.Wait()
			ts.wantFree()
		})
	})

	t.Run("the most pressing goes first when the server comes", func(t *testing.T) {
		testLeased(t, 1, func(st *schedulerTest, ts *turnstiles) {
			release := ts.occupy(0)
			early := st.sayFor("a", "1s audio early", st.in(8*time.Second))
			time.Sleep(2 * time.Second)
			opening := st.sayFor("b", "1s audio opening", time.Time{})
			time.Sleep(time.Second)
			release()
			st.want("it waited for the server", opening, 1, nil, 4*time.Second)
			st.want("it has time", early, 1, nil, 5*time.Second)
			st.wantTexts("in the order of need, not of asking", 0, "1s audio opening", "1s audio early")
		})
	})

	t.Run("another server of the pool", func(t *testing.T) {
		testLeased(t, 2, func(st *schedulerTest, ts *turnstiles) {
			release := ts.occupy(0)
			a := st.say("1s audio")
			st.want("the other server is free", a, 1, nil, time.Second)
			synctest.Wait()
			if st := st.Stats(); st.Servers[0].Completed != 0 || st.Servers[1].Completed != 1 {
				t.Errorf("spoken on %+v", st.Servers)
			}
			release()
		})
	})

	t.Run("one sentence asks for one server", func(t *testing.T) {
		asked := 0
		cfg := SchedulerConfig{Lease: func(context.Context, int, func()) (func(), error) {
			asked++
			time.Sleep(10 * time.Millisecond) // the way to whoever gives leases
			return func() {}, nil
		}}
		testScheduler(t, cfg, 3, func(st *schedulerTest) {
			st.want("it is free", st.say("1s audio"), 1, nil, 1010*time.Millisecond)
		})
		if asked != 1 {
			t.Errorf("%d servers were asked for", asked)
		}
	})

	t.Run("cancelled while it waits", func(t *testing.T) {
		testLeased(t, 1, func(st *schedulerTest, ts *turnstiles) {
			release := ts.occupy(0)
			a := st.say("1s audio")
			synctest.Wait()
			a.Cancel()
			release()
			synctest.Wait()
			ts.wantFree()
			st.wantTexts("nobody wants it", 0)
			st.want("nothing is left over", st.say("1s audio"), 1, nil, time.Second)
		})
	})

	t.Run("an aborted server is kept until it has settled", func(t *testing.T) {
		testLeased(t, 1, func(st *schedulerTest, ts *turnstiles) {
			st.servers[0].settle = 500 * time.Millisecond
			a := st.say("1s audio hang")
			time.Sleep(time.Second)
			a.Cancel()
			if release, err := ts.lease(st.Context(), 0, func() {}); err != nil || time.Since(st.began) != 1500*time.Millisecond {
				t.Errorf("another process has it after %v, %v", time.Since(st.began), err)
			} else {
				release()
			}
		})
	})

	t.Run("closed while it waits", func(t *testing.T) {
		testLeased(t, 1, func(st *schedulerTest, ts *turnstiles) {
			release := ts.occupy(0)
			a := st.say("1s audio")
			synctest.Wait()
			if err := st.Close(st.Context()); err != nil {
				t.Error(err)
			}
			st.want("it waited", a, 0, ErrSchedulerClosed, 0)
			release()
		})
	})

	t.Run("several at once", func(t *testing.T) {
		ts := &turnstiles{test: t, room: 2}
		testScheduler(t, SchedulerConfig{Lease: ts.lease, Concurrency: 2}, 1, func(st *schedulerTest) {
			a, b, c := st.say("1s audio"), st.say("1s audio"), st.say("1s audio")
			st.want("one of two at once", a, 1, nil, time.Second)
			st.want("one of two at once", b, 1, nil, time.Second)
			st.want("the third waits", c, 1, nil, 2*time.Second)
			synctest.Wait()
			ts.wantFree()
		})
	})
}

// Schedulers in several processes share servers: however their sessions behave, no server
// is asked for two sentences at once, nor before it has settled, and every sentence ends.
func TestSchedulersShareServers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		servers := rapid.IntRange(1, 3).Draw(rt, "servers")
		processes := rapid.IntRange(2, 3).Draw(rt, "processes")
		sessions := rapid.IntRange(1, 4).Draw(rt, "sessions")
		synctest.Test(t, func(t *testing.T) {
			ts := &turnstiles{test: t}
			var shared []*scripted
			var synths []Synthesizer
			for range servers {
				v := newScripted()
				v.settle = 30 * time.Millisecond
				shared, synths = append(shared, v), append(synths, v)
			}
			var wg sync.WaitGroup
			for p := range processes {
				st := &schedulerTest{T: t, began: time.Now(), servers: shared}
				st.Scheduler = NewScheduler(SchedulerConfig{Lease: ts.lease}, synths...)
				wg.Go(func() {
					var all sync.WaitGroup
					for i := range sessions {
						all.Go(func() { st.behave(rand.New(rand.NewPCG(seed, uint64(p*10+i))), fmt.Sprint(p, ".", i)) })
					}
					all.Wait()
					if err := errors.Join(st.Drain(t.Context()), st.Close(t.Context())); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for i, v := range shared {
				if v.most > 1 || v.early > 0 || v.inFlight != 0 {
					t.Errorf("server %d: %d at once, %d before it had settled, %d left over", i, v.most, v.early, v.inFlight)
				}
			}
			ts.wantFree()
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}
