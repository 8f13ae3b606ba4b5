package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"avatarforge/internal/logtest"
	"avatarforge/internal/servertest"
)

func TestMain(m *testing.M) {
	servertest.Main(m, os.Getenv("CI") == "true")
}

// patience is how long a test waits for what has to come before it fails.
const patience = time.Minute

// prefixes sets the instances of one test apart from those of others.
var prefixes atomic.Int64

func newPrefix() string { return fmt.Sprintf("test%d:", prefixes.Add(1)) }

func options(t testing.TB, url string) *redis.Options {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func join(t testing.TB, cfg Config) *Node {
	t.Helper()
	n, err := Join(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

// instances are so many nodes that share a Redis.
func instances(t testing.TB, n int) []*Node {
	t.Helper()
	cfg := Config{Options: options(t, servertest.Redis(t)), Prefix: newPrefix()}
	all := make([]*Node, n)
	for i := range all {
		all[i] = join(t, cfg)
	}
	return all
}

// want is somebody who asks for a lease.
type want struct {
	cancel  context.CancelFunc
	waits   chan struct{} // closed when it is in the line
	had     chan struct{} // closed when Lease has returned
	release func()
	err     error
}

func ask(n *Node, name string, limit int) *want {
	ctx, cancel := context.WithCancel(context.Background())
	w := &want{cancel: cancel, waits: make(chan struct{}), had: make(chan struct{})}
	go func() {
		defer close(w.had)
		w.release, w.err = n.Lease(ctx, name, limit, func() { close(w.waits) })
	}()
	return w
}

func wait(t testing.TB, c <-chan struct{}, why string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("it did not come: %s", why)
	}
}

func TestLeasesComeInOrder(t *testing.T) {
	servertest.Redis(t) // which stays
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, limit := range []int{1, 2} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			nodes := instances(t, 3)
			var line []*want
			for i := range 12 {
				w := ask(nodes[i%3], "http://tts:9880", limit)
				line = append(line, w)
				if i < limit {
					wait(t, w.had, "it is free")
				} else {
					wait(t, w.waits, "others have it")
				}
			}
			other := ask(nodes[0], "http://tts:9881", limit)
			wait(t, other.had, "it is another")
			other.release()
			for i, w := range line {
				wait(t, w.had, "those before it have released theirs")
				for _, later := range line[min(i+limit, len(line)):] {
					select {
					case <-later.had:
						t.Fatalf("the lease is had by more than %d, or out of order", limit)
					default:
					}
				}
				w.release()
				w.release() // the second does nothing
			}
		})
	}
}

func TestLeaseGivenUpWhileWaiting(t *testing.T) {
	nodes := instances(t, 2)
	held := ask(nodes[0], "a", 1)
	wait(t, held.had, "it is free")
	first := ask(nodes[1], "a", 1)
	wait(t, first.waits, "it is had")
	second := ask(nodes[0], "a", 1)
	wait(t, second.waits, "it is had")
	first.cancel()
	wait(t, first.had, "it was given up")
	if !errors.Is(first.err, context.Canceled) {
		t.Errorf("given up: %v", first.err)
	}
	held.release()
	wait(t, second.had, "nobody else waits")
	second.release()
}

// Many on several instances use one thing, and never two at once.
func TestLeaseRace(t *testing.T) {
	nodes := instances(t, 3)
	var inside, most, total atomic.Int64
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			for range 10 {
				release, err := nodes[i%3].Lease(t.Context(), "a", 1, func() {})
				if err != nil {
					t.Error(err)
					return
				}
				n := inside.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				total.Add(1)
				inside.Add(-1)
				release()
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 || total.Load() != 240 {
		t.Errorf("%d at once, %d altogether, want 1 and 240", most.Load(), total.Load())
	}
}

// expiry is when the one lease of that name ends, in ms of Redis' clock; zero for none.
func expiry(t testing.TB, n *Node, name string) float64 {
	t.Helper()
	z, err := n.client.ZRangeWithScores(t.Context(), n.cfg.Prefix+"{lease:"+name+"}:holders", 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(z) == 0 {
		return 0
	}
	return z[0].Score
}

func TestLeaseIsRenewed(t *testing.T) {
	n := instances(t, 1)[0]
	w := ask(n, "a", 1)
	wait(t, w.had, "it is free")
	first := expiry(t, n, "a")
	for deadline := time.Now().Add(patience); expiry(t, n, "a") <= first; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the lease was not renewed")
		}
	}
	w.release()
	wait(t, ask(n, "a", 1).had, "it was released")
}

// What an instance had that has died is free after a lease, and so is its place in the line.
func TestLeaseOfADeadInstance(t *testing.T) {
	url, prefix := servertest.Redis(t), newPrefix()
	cfg := Config{Options: options(t, url), Prefix: prefix, Lease: 1500 * time.Millisecond}
	alive := join(t, cfg)
	dead, err := Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	held := ask(dead, "a", 1)
	wait(t, held.had, "it is free")
	queued := ask(dead, "a", 1)
	wait(t, queued.waits, "it is had")
	w := ask(alive, "a", 1)
	wait(t, w.waits, "it is had")
	// It is heard of no more.
	dead.leases.close(canceled())
	dead.client.Close()
	queued.cancel()
	wait(t, w.had, "a dead instance has nothing")
	w.release()
	if err := dead.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestLeaseWithoutRedis(t *testing.T) {
	server := servertest.StartRedis(t)
	log := &logtest.Buffer{}
	cfg := Config{Options: options(t, server.URL(0)), Lease: 1500 * time.Millisecond, Log: slog.New(slog.NewTextHandler(log, nil))}
	a, b := join(t, cfg), join(t, cfg)
	held := ask(a, "a", 1)
	wait(t, held.had, "it is free")
	waiting := ask(b, "a", 1)
	wait(t, waiting.waits, "it is had")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	wait(t, waiting.had, "speech goes on without Redis")
	for range 5 {
		w := ask(a, "a", 1)
		wait(t, w.had, "speech goes on without Redis")
		w.release()
	}
	waiting.release()
	if n := log.Count("voices may mix"); n < 1 || n > 2 {
		t.Errorf("%d warnings, want one of each instance at the most:\n%s", n, log)
	}
	server.Start(t, nil)
	// What is held is known again by its renewal, and then it is shared as before.
	for deadline := time.Now().Add(patience); expiry(t, b, "a") == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what is held is not known again")
		}
	}
	for {
		w := ask(b, "a", 1)
		select {
		case <-w.waits:
			held.release()
			wait(t, w.had, "it was released")
			w.release()
			return
		case <-w.had: // it has not noticed yet
			w.release()
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// BenchmarkLease is the way of a sentence to a synthesis server that nobody else uses, and
// from one instance to another that waits for it.
func BenchmarkLease(b *testing.B) {
	nodes := instances(b, 2)
	b.Run("free", func(b *testing.B) {
		for b.Loop() {
			release, err := nodes[0].Lease(b.Context(), "a", 1, func() {})
			if err != nil {
				b.Fatal(err)
			}
			release()
		}
	})
	b.Run("handed over", func(b *testing.B) {
		held := ask(nodes[0], "b", 1)
		<-held.had
		for i := 1; b.Loop(); i++ {
			b.StopTimer()
			next := ask(nodes[i%2], "b", 1)
			<-next.waits
			b.StartTimer()
			held.release()
			<-next.had
			held = next
		}
		held.release()
	})
}
