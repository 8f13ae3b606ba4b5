package cluster

import (
	"context"
	"embed"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"avatarforge/internal/script"
)

//go:embed lua/*.lua
var lua embed.FS

// The operations, each of which Redis runs as one.
var (
	acquireScript = script.New(lua, "begin", "acquire")
	renewScript   = script.New(lua, "begin", "renew")
	releaseScript = script.New(lua, "begin", "release")
)

// leases are what this instance has leased, or waits for.
type leases struct {
	node  *Node // Immutable.
	reach reach

	mu sync.Mutex
	// Guarded by mu:
	serial  uint64
	held    map[*lease]struct{}
	waiting map[string]chan struct{}   // by id: has a value when it may be had; capacity 1
	leaving map[string]<-chan struct{} // by name: closed when the last release is over
	closed  bool                       // whether what is left ends by itself
}

// lease is a thing that is to be used by so many at once.
type lease struct {
	name  string
	limit int
	id    string
}

func newLeases(n *Node) *leases {
	return &leases{
		node: n, held: make(map[*lease]struct{}), waiting: make(map[string]chan struct{}), leaving: make(map[string]<-chan struct{}),
	}
}

// Lease waits until fewer than limit hold what has that name, on all instances, and keeps
// it until release is called, which does not block. Who asked first gets it first. Where
// it cannot be had at once, waiting is called, once. The error is that of ctx.
//
// Where Redis cannot be reached it is had at once: speech goes on, and what may come of
// two instances using one synthesis server is a sentence in the wrong voice, which is
// better than silence.
func (n *Node) Lease(ctx context.Context, name string, limit int, waiting func()) (release func(), err error) {
	ls := n.leases
	l, turn, left := ls.begin(name, limit)
	defer ls.end(l)
	if left != nil { // of one's own, not to stand in line behind it
		select {
		case <-left:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	again := time.NewTimer(0)
	defer again.Stop()
	for first := true; ; first = false {
		if ls.reach.away() {
			return func() {}, nil
		}
		had, err := ls.call(ctx, acquireScript, l)
		switch {
		case ctx.Err() != nil:
			ls.release(l)
			return nil, context.Cause(ctx)
		case err != nil:
			continue // Redis is away
		case had:
			return ls.hold(l), nil
		case first:
			waiting()
		}
		// What is told may be missed, and whoever holds it may be dead.
		again.Reset(n.cfg.Lease / 3)
		select {
		case <-turn:
		case <-again.C:
		case <-ctx.Done():
			ls.release(l)
			return nil, context.Cause(ctx)
		}
	}
}

// begin makes a lease that is to be asked for. turn says when to ask, left is closed when
// the last one of that name has been given up, nil where it has.
func (ls *leases) begin(name string, limit int) (l *lease, turn <-chan struct{}, left <-chan struct{}) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.serial++
	l = &lease{name: name, limit: limit, id: ls.node.cfg.Instance + ":" + strconv.FormatUint(ls.serial, 10)}
	c := make(chan struct{}, 1)
	ls.waiting[l.id] = c
	return l, c, ls.leaving[name]
}

func (ls *leases) end(l *lease) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.waiting, l.id)
}

// given hears that a lease may be had.
func (ls *leases) given(id string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	select {
	case ls.waiting[id] <- struct{}{}:
	default: // it is no longer waited for, or has been told
	}
}

// hold notes that a lease is had, and makes what gives it up.
func (ls *leases) hold(l *lease) (release func()) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.held[l] = struct{}{}
	return sync.OnceFunc(func() { ls.release(l) })
}

// release gives up a lease, or the place in the line, behind the caller's back.
func (ls *leases) release(l *lease) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.held, l)
	if ls.closed {
		return
	}
	before, over := ls.leaving[l.name], make(chan struct{})
	ls.leaving[l.name] = over
	ls.node.running.Go(func() {
		defer ls.left(l.name, over)
		if before != nil {
			<-before
		}
		if !ls.reach.away() {
			_, _ = ls.call(context.Background(), releaseScript, l) // else it ends by itself
		}
	})
}

func (ls *leases) left(name string, over chan struct{}) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	close(over)
	if ls.leaving[name] == over {
		delete(ls.leaving, name)
	}
}

// call runs an operation.
func (ls *leases) call(ctx context.Context, op *redis.Script, l *lease) (bool, error) {
	n := ls.node
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
	defer cancel()
	base := n.cfg.Prefix + "{lease:" + l.name + "}:"
	had, err := op.Run(timed, n.client, []string{base + "holders", base + "line", base + "alive"},
		l.id, l.limit, n.cfg.Lease.Milliseconds(), n.inboxes).Bool()
	if ctx.Err() == nil {
		ls.reached(err)
	}
	return had, err
}

// reached notes whether Redis can be reached.
func (ls *leases) reached(err error) {
	switch lost, found := ls.reach.note(err, ls.node.cfg.Lease/3); {
	case lost:
		ls.node.log.Warn("Redis cannot be reached: synthesis servers are used without asking the other instances, so that voices may mix", slog.Any("error", err))
	case found:
		ls.node.log.Info("Redis can be reached again: synthesis servers are shared")
	}
}

// renew begins all leases anew, again and again, until ctx ends.
func (ls *leases) renew(ctx context.Context) {
	every := time.NewTicker(ls.node.cfg.Lease / 3)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
		for _, l := range ls.all() {
			if ls.reach.away() {
				break
			}
			if _, err := ls.call(ctx, renewScript, l); err == nil && !ls.has(l) {
				ls.release(l) // it was given up meanwhile, which the renewal may have undone
			}
		}
	}
}

func (ls *leases) all() []*lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	all := make([]*lease, 0, len(ls.held))
	for l := range ls.held {
		all = append(all, l)
	}
	return all
}

func (ls *leases) has(l *lease) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	_, ok := ls.held[l]
	return ok
}

// close gives up all leases, while ctx lasts.
func (ls *leases) close(ctx context.Context) {
	for _, l := range ls.all() {
		ls.release(l)
	}
	ls.mu.Lock()
	ls.closed = true
	leaving := make([]<-chan struct{}, 0, len(ls.leaving))
	for _, over := range ls.leaving {
		leaving = append(leaving, over)
	}
	ls.mu.Unlock()
	for _, over := range leaving {
		select {
		case <-over:
		case <-ctx.Done():
			return
		}
	}
}
