package slots

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"avatarforge/internal/servertest"
)

func TestMain(m *testing.M) {
	if url := os.Getenv("SLOTS_TEST_URL"); url != "" {
		child(url)
		return
	}
	servertest.Main(m, os.Getenv("CI") == "true")
}

// closer is the part of a test that ends what it has used.
type closer interface {
	rapid.TB
	Cleanup(func())
}

// prefixes sets the slots of one test apart from those of others.
var prefixes atomic.Int64

func newPrefix() string { return fmt.Sprintf("test%d:", prefixes.Add(1)) }

// instance is one of several that share the Redis at url.
func instance(t closer, url, prefix string, lease time.Duration, cfg Config) *Redis {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRedis(context.Background(), RedisConfig{Config: cfg, Options: o, Prefix: prefix, Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func TestRedis(t *testing.T) {
	url := servertest.Redis(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	testSlots(t, func(t closer, cfg Config) implementation {
		return instance(t, url, newPrefix(), 0, cfg)
	})
}

// What holds for one instance holds for two that are asked in turn.
func TestRedisOnTwoInstances(t *testing.T) {
	url := servertest.Redis(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	testSlots(t, func(t closer, cfg Config) implementation {
		prefix := newPrefix()
		return &pair{each: [2]*Redis{instance(t, url, prefix, 0, cfg), instance(t, url, prefix, 0, cfg)}}
	})
}

// pair asks one instance after the other, and each only once the other has passed on what
// was given back before.
type pair struct {
	each [2]*Redis
	turn atomic.Uint64
}

func (p *pair) next(ctx context.Context) (*Redis, error) {
	turn := p.turn.Add(1)
	_, err := p.each[turn%2].InUse(ctx)
	return p.each[(turn+1)%2], err
}

func (p *pair) TryAcquire(ctx context.Context, holder, user string) (*Slot, error) {
	r, err := p.next(ctx)
	if err != nil {
		return nil, err
	}
	return r.TryAcquire(ctx, holder, user)
}

func (p *pair) Wait(ctx context.Context, holder, user string) (*Ticket, error) {
	r, err := p.next(ctx)
	if err != nil {
		return nil, err
	}
	return r.Wait(ctx, holder, user)
}

func (p *pair) InUse(ctx context.Context) (Usage, error) {
	r, err := p.next(ctx)
	if err != nil {
		return Usage{}, err
	}
	return r.InUse(ctx)
}

// 500 clients race for 20 slots at two instances. Slots come in the order in which they
// were asked for.
func TestRedisRace(t *testing.T) {
	t.Parallel()
	const clients, limit = 500, 20
	url, prefix := servertest.Redis(t), newPrefix()
	cfg := Config{Limit: limit, Queue: clients}
	each := [2]*Redis{instance(t, url, prefix, 0, cfg), instance(t, url, prefix, 0, cfg)}

	var mu sync.Mutex
	inside, most := 0, 0
	crowded := make(chan struct{})  // closed when all slots have been held at once
	served := make([]bool, clients) // by order of arrival
	var wg sync.WaitGroup
	for i := range clients {
		k := mustWait(t, each[i%2], strconv.Itoa(i))
		wg.Go(func() {
			if got, _ := awaitPlace(k, hasSlot); got != hasSlot {
				t.Errorf("client %d is at %+v and was never served", i, got)
				return
			}
			mu.Lock()
			inside++
			most = max(most, inside)
			served[i] = true
			// Those before it have been given slots too, whether they have noticed or not,
			// and all who have not noticed still hold theirs.
			unaware := 0
			for _, s := range served[:i] {
				if !s {
					unaware++
				}
			}
			if unaware >= limit {
				t.Errorf("client %d was served before %d others, with %d slots", i, unaware, limit)
			}
			if inside == limit && most == limit {
				select {
				case <-crowded:
				default:
					close(crowded)
				}
			}
			mu.Unlock()
			<-crowded                                // whoever comes first waits for company
			time.Sleep(rand.N(3 * time.Millisecond)) // a conversation
			mu.Lock()
			inside--
			mu.Unlock()
			k.Slot().Release()
		})
	}
	wg.Wait()
	if most != limit {
		t.Errorf("at most %d hold one of %d slots", most, limit)
	}
	for _, r := range each { // what the one gives back, the other hears of
		if _, err := r.InUse(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wantInUse(t, each[0], Usage{0, 0, limit})
}

// childProcess is an instance in a process of its own.
type childProcess struct {
	*exec.Cmd
	in io.Closer // the child ends with it
}

// startChild starts an instance that takes three slots and a place in the line for kim.
func startChild(t *testing.T, url, prefix string, lease time.Duration) *childProcess {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "SLOTS_TEST_URL="+url, "SLOTS_TEST_PREFIX="+prefix, "SLOTS_TEST_LEASE="+lease.String())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "waiting\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return &childProcess{cmd, in}
}

// child is what it does: it says when it waits, and then waits for its parent's end.
func child(url string) {
	fail := func(err error) {
		fmt.Println(err)
		os.Exit(1)
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		fail(err)
	}
	lease, err := time.ParseDuration(os.Getenv("SLOTS_TEST_LEASE"))
	if err != nil {
		fail(err)
	}
	ctx := context.Background()
	r, err := NewRedis(ctx, RedisConfig{Config: Config{Limit: 3}, Options: o, Prefix: os.Getenv("SLOTS_TEST_PREFIX"), Lease: lease})
	if err != nil {
		fail(err)
	}
	for i := range 4 {
		k, err := r.Wait(ctx, "child", "kim")
		if err != nil {
			fail(err)
		}
		for i < 3 && k.Slot() == nil {
			<-k.Changed()
		}
	}
	fmt.Println("waiting")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// What a killed instance held, and its places in the line, are free after a lease.
func TestRedisInstanceKilled(t *testing.T) {
	t.Parallel()
	const lease = 2 * time.Second
	url, prefix := servertest.Redis(t), newPrefix()
	r := instance(t, url, prefix, lease, Config{Limit: 3, PerUser: 4})
	c := startChild(t, url, prefix, lease)
	var waiting []*Ticket
	for i := range 3 {
		k := mustWait(t, r, strconv.Itoa(i))
		wantPlace(t, k, place{i + 2, i + 2, false}, "the child holds all slots and waits for another")
		waiting = append(waiting, k)
	}
	if _, err := r.TryAcquire(t.Context(), "x", "kim"); !errors.Is(err, ErrUserLimit) {
		t.Errorf("kim's fifth of four: %v", err)
	}
	killed := time.Now()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	for _, k := range waiting {
		wantPlace(t, k, hasSlot, "a dead instance holds nothing")
	}
	t.Logf("free %v after the kill, with a lease of %v", time.Since(killed).Round(time.Millisecond), lease)
	wantInUse(t, r, Usage{3, 0, 3})
	waiting[0].Leave()
	if _, err := r.Wait(t.Context(), "x", "kim"); err != nil {
		t.Errorf("what kim had at the dead instance counts: %v", err)
	}
}

// An instance that stood still for longer than its lease was taken for dead. Its
// conversations go on all the same, and nobody is admitted until there is room for all.
func TestRedisInstancePaused(t *testing.T) {
	t.Parallel()
	const lease = 4 * time.Second
	url, prefix := servertest.Redis(t), newPrefix()
	r := instance(t, url, prefix, lease, Config{Limit: 3})
	c := startChild(t, url, prefix, lease)
	defer func() {
		if err := errors.Join(c.in.Close(), c.Wait()); err != nil {
			t.Errorf("the child: %v", err)
		}
	}()
	k := mustWait(t, r, "a")
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	wantPlace(t, k, hasSlot, "the child is not heard of")
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	o := &outage{T: t}
	o.await(r, Usage{4, 1, 3})
	wantFull(t, r, "four hold a slot, of three")
	k.Slot().Release()
	o.await(r, Usage{3, 1, 3})
	wantFull(t, r, "the child's still are three")
}

// outage is a Redis that fails in some way while every slot is held and some wait.
type outage struct {
	*testing.T
	server *servertest.RedisServer
	each   [2]*Redis
	held   []*Slot
	line   []*Ticket
}

const outageLimit = 6

// newOutage has six slots held at two instances, and four clients wait.
func newOutage(t *testing.T, lease time.Duration) *outage {
	o := &outage{T: t, server: servertest.StartRedis(t)}
	prefix, cfg := newPrefix(), Config{Limit: outageLimit, Queue: 10}
	for i := range o.each {
		o.each[i] = instance(t, o.server.URL(0), prefix, lease, cfg)
	}
	for i := range outageLimit {
		o.held = append(o.held, mustAcquire(t, o.each[i%2], "holder"))
	}
	for i := range 4 {
		o.line = append(o.line, mustWait(t, o.each[i%2], strconv.Itoa(i)))
	}
	return o
}

// tries asks both instances for a slot until Redis answers again: nobody may get one.
func (o *outage) tries() {
	o.Helper()
	deadline := time.Now().Add(patience)
	for _, r := range o.each {
		for {
			s, err := r.TryAcquire(o.Context(), "one too many", "")
			if errors.Is(err, ErrFull) {
				break
			}
			if err == nil {
				o.Errorf("%q was admitted while all slots were held", s.Holder())
				s.Release()
			} else if !errors.Is(err, ErrUnavailable) || time.Now().After(deadline) {
				o.Fatalf("TryAcquire: %v", err)
			}
			time.Sleep(5 * time.Millisecond) // let the others have a processor
		}
	}
}

// over checks that all is as it was, and that the line goes on in its order.
func (o *outage) over() {
	o.Helper()
	o.tries()
	for _, r := range o.each {
		o.await(r, Usage{outageLimit, len(o.line), outageLimit})
	}
	for i, k := range o.line {
		wantPlace(o, k, place{i + 1, len(o.line), false}, "it waits where it did")
	}
	for i, k := range o.line {
		o.held[i].Release()
		wantPlace(o, k, hasSlot, "a slot is free, and it is first")
	}
	for _, s := range o.held {
		s.Release()
	}
	for _, k := range o.line {
		k.Leave()
	}
	o.await(o.each[0], Usage{0, 0, outageLimit})
}

// await looks until that is in use.
func (o *outage) await(r *Redis, want Usage) {
	o.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		got, err := r.InUse(o.Context())
		if err == nil && got == want {
			return
		}
		if time.Now().After(deadline) {
			o.Fatalf("in use %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestRedisRestarted(t *testing.T) {
	const lease = 4 * time.Second
	for _, tt := range []struct {
		name  string
		keeps func(*outage) []byte // what Redis knows after its restart
	}{
		{"all is lost", func(*outage) []byte { return nil }},
		{"nothing is lost", func(o *outage) []byte { return o.server.Snapshot(o) }},
		{"what is kept is old", func(o *outage) []byte {
			old := o.server.Snapshot(o)
			o.held[0].Release()
			wantPlace(o, o.line[0], hasSlot, "a slot is free, and it is first")
			o.held[0] = o.line[0].Slot()
			o.line = append(o.line[1:], mustWait(o, o.each[0], "late"))
			return old
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t, lease)
			kept := tt.keeps(o)
			if err := o.server.Stop(); err != nil {
				t.Fatal(err)
			}
			for _, r := range o.each {
				if _, err := r.TryAcquire(t.Context(), "x", ""); !errors.Is(err, ErrUnavailable) {
					t.Errorf("without Redis: %v, want ErrUnavailable", err)
				}
				if _, err := r.Wait(t.Context(), "x", ""); !errors.Is(err, ErrUnavailable) {
					t.Errorf("without Redis: %v, want ErrUnavailable", err)
				}
				if _, err := r.InUse(t.Context()); !errors.Is(err, ErrUnavailable) {
					t.Errorf("without Redis: %v, want ErrUnavailable", err)
				}
			}
			o.server.Start(t, kept)
			o.over()
		})
	}
}

// What is lost without a restart is soon there again: every instance is told.
func TestRedisEmptied(t *testing.T) {
	t.Parallel()
	o := newOutage(t, 0)
	options, err := redis.ParseURL(o.server.URL(0))
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(options)
	defer c.Close()
	if err := c.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	o.over()
}

// A Redis that stands still for longer than a lease has let no lease end.
func TestRedisPaused(t *testing.T) {
	const lease = 4 * time.Second
	t.Run("all slots are held", func(t *testing.T) {
		t.Parallel()
		o := newOutage(t, lease)
		o.server.Pause(t)
		began := time.Now()
		for _, r := range o.each {
			if _, err := r.TryAcquire(t.Context(), "x", ""); !errors.Is(err, ErrUnavailable) {
				t.Errorf("while Redis stands still: %v, want ErrUnavailable", err)
			}
		}
		time.Sleep(time.Until(began.Add(lease * 3 / 2))) // what is tested
		o.server.Resume(t)
		o.over()
	})

	t.Run("a slot is free", func(t *testing.T) {
		t.Parallel()
		server, prefix := servertest.StartRedis(t), newPrefix()
		r := instance(t, server.URL(0), prefix, lease, Config{Limit: 2})
		s := mustAcquire(t, r, "holder")
		server.Pause(t)
		for _, wait := range []bool{false, true} {
			// Redis has been asked, at least once, and will do it when it goes on.
			if _, err := r.join(t.Context(), "x", "", wait); !errors.Is(err, ErrUnavailable) {
				t.Errorf("while Redis stands still: %v, want ErrUnavailable", err)
			}
		}
		server.Resume(t)
		o := &outage{T: t, server: server}
		o.await(r, Usage{1, 0, 2})
		s.Release()
		o.await(r, Usage{0, 0, 2})
	})
}
