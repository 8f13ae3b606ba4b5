package llm

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"avatarforge/internal/tracing"
)

// ErrYielded ends a request of low Priority: a reply was asked for. It can be made again
// at once, and waits then.
var ErrYielded = errors.New("a reply came first")

// YieldedToOwn says whether the reply that came first was of the same owner.
func YieldedToOwn(err error) bool {
	var y *yielded
	return errors.As(err, &y) && y.own
}

// yielded is ErrYielded, and to whom.
type yielded struct{ own bool }

func (*yielded) Error() string        { return ErrYielded.Error() }
func (*yielded) Is(target error) bool { return target == ErrYielded }

// Gate is a Model that lets only so many generations of another run at once. The
// rest wait: owners take turns, and each owner's requests go in the order in which
// they came, so that one with many requests delays nobody else by more than one.
//
// Behind all of them comes what has a low Priority, one request at a time, oldest first.
// A reply never waits for it but for the moment that breaking it off takes.
type Gate struct {
	model Model // immutable
	limit int   // immutable

	mu      sync.Mutex
	running int              // guarded by mu; never above limit
	waiting int              // guarded by mu; in all lines together
	turns   []*line          // guarded by mu; owners with someone waiting, next first
	lines   map[string]*line // guarded by mu; the same, by owner
	replies map[string]int   // guarded by mu; those that run, by owner

	last     *lastWork   // guarded by mu; the work of low priority that runs, or nil
	deferred []*lastWork // guarded by mu; what waits of it, oldest first
}

// line is the requests of one owner that wait, oldest first. Guarded by Gate.mu.
type line struct {
	owner   string
	waiters []chan struct{} // closed when it is the waiter's turn
}

// lastWork is a request of low priority. Immutable.
type lastWork struct {
	owner    string
	priority Priority
	turn     chan struct{} // closed when it may begin
	cancel   context.CancelCauseFunc
}

// NewGate makes a gate in front of a model. A concurrency below 1 means 1.
func NewGate(model Model, concurrency int) *Gate {
	return &Gate{model: model, limit: max(concurrency, 1), lines: map[string]*line{}, replies: map[string]int{}}
}

// Stream implements Model: it waits for its turn, then streams from the gate's model.
// If ctx ends before, it leaves the line and yields the reason. A request of low
// Priority may end with ErrYielded at any time.
func (g *Gate) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		if req.Priority != PriorityReply {
			g.streamLast(ctx, req, yield)
			return
		}
		_, wait := tracing.Start(ctx, "llm queue")
		err := g.enter(ctx, req.Owner)
		wait.End()
		if err != nil {
			yield(Delta{}, err)
			return
		}
		defer g.leave(req.Owner)
		g.model.Stream(ctx, req)(yield)
	}
}

// streamLast is Stream for a request of low priority.
func (g *Gate) streamLast(ctx context.Context, req Request, yield func(Delta, error) bool) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &lastWork{owner: req.Owner, priority: req.Priority, turn: make(chan struct{}), cancel: cancel}
	g.mu.Lock()
	g.deferred = append(g.deferred, w)
	g.startLastLocked()
	g.mu.Unlock()
	defer g.leaveLast(w)
	select {
	case <-w.turn:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		yield(Delta{}, context.Cause(ctx))
		return
	}
	g.model.Stream(ctx, req)(yield)
}

// GateStats is how busy a Gate is.
type GateStats struct {
	Waiting  int // replies
	Running  int // all
	Deferred int // work of low priority that waits
}

// Stats returns how many generations wait and run.
func (g *Gate) Stats() GateStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return GateStats{Waiting: g.waiting, Running: g.running, Deferred: len(g.deferred)}
}

func (g *Gate) enter(ctx context.Context, owner string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.mu.Lock()
	room := g.running < g.limit
	if w := g.last; w != nil && (w.priority == PriorityIdle || w.owner == owner || !room) {
		w.cancel(&yielded{own: w.owner == owner})
	}
	if room {
		// Nobody waits while there is room, see leave.
		g.running++
		g.replies[owner]++
		g.mu.Unlock()
		return nil
	}
	turn := g.joinLocked(owner)
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	left := g.quitLocked(owner, turn)
	g.mu.Unlock()
	if !left {
		g.leave(owner) // it was called in the same moment: the turn goes on to the next
	}
	return context.Cause(ctx)
}

// leave ends an owner's reply, and passes its place on if somebody waits.
func (g *Gate) leave(owner string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.replies[owner]--; g.replies[owner] == 0 {
		delete(g.replies, owner)
	}
	g.leaveLocked()
}

func (g *Gate) leaveLocked() {
	if len(g.turns) == 0 {
		g.running--
		g.startLastLocked()
		return
	}
	l := g.turns[0]
	g.turns = g.turns[1:]
	turn := l.waiters[0]
	l.waiters = l.waiters[1:]
	if len(l.waiters) > 0 {
		g.turns = append(g.turns, l)
	} else {
		delete(g.lines, l.owner)
	}
	g.waiting--
	g.replies[l.owner]++
	close(turn)
}

// startLastLocked begins the oldest work of low priority that may run as things are.
func (g *Gate) startLastLocked() {
	if g.last != nil || g.running >= g.limit {
		return
	}
	i := slices.IndexFunc(g.deferred, func(w *lastWork) bool {
		return g.running == 0 || w.priority == PrioritySpare && g.replies[w.owner] == 0
	})
	if i < 0 {
		return
	}
	g.last = g.deferred[i]
	g.deferred = slices.Delete(g.deferred, i, i+1)
	g.running++
	close(g.last.turn)
}

// leaveLast ends work of low priority, whether it has run or not.
func (g *Gate) leaveLast(w *lastWork) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last == w {
		g.last = nil
		g.leaveLocked()
		return
	}
	g.deferred = slices.DeleteFunc(g.deferred, func(other *lastWork) bool { return other == w })
}

func (g *Gate) joinLocked(owner string) chan struct{} {
	l := g.lines[owner]
	if l == nil {
		l = &line{owner: owner}
		g.lines[owner] = l
		g.turns = append(g.turns, l)
	}
	turn := make(chan struct{})
	l.waiters = append(l.waiters, turn)
	g.waiting++
	return turn
}

// quitLocked takes a waiter out of its line; false means that it has been called.
func (g *Gate) quitLocked(owner string, turn chan struct{}) bool {
	l := g.lines[owner]
	if l == nil {
		return false
	}
	i := slices.Index(l.waiters, turn)
	if i < 0 {
		return false
	}
	l.waiters = slices.Delete(l.waiters, i, i+1)
	g.waiting--
	if len(l.waiters) == 0 {
		delete(g.lines, owner)
		g.turns = slices.DeleteFunc(g.turns, func(other *line) bool { return other == l })
	}
	return true
}
