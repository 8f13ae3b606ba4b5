package llm

import (
	"context"
	"iter"
	"slices"
	"sync"
)

// Gate is a Model that lets only so many generations of another run at once. The
// rest wait: owners take turns, and each owner's requests go in the order in which
// they came, so that one with many requests delays nobody else by more than one.
type Gate struct {
	model Model // immutable
	limit int   // immutable

	mu      sync.Mutex
	running int              // guarded by mu; never above limit
	waiting int              // guarded by mu; in all lines together
	turns   []*line          // guarded by mu; owners with someone waiting, next first
	lines   map[string]*line // guarded by mu; the same, by owner
}

// line is the requests of one owner that wait, oldest first. Guarded by Gate.mu.
type line struct {
	owner   string
	waiters []chan struct{} // closed when it is the waiter's turn
}

// NewGate makes a gate in front of a model. A concurrency below 1 means 1.
func NewGate(model Model, concurrency int) *Gate {
	return &Gate{model: model, limit: max(concurrency, 1), lines: map[string]*line{}}
}

// Stream implements Model: it waits for its turn, then streams from the gate's model.
// If ctx ends before, it leaves the line and yields the reason.
func (g *Gate) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		if err := g.enter(ctx, req.Owner); err != nil {
			yield(Delta{}, err)
			return
		}
		defer g.leave()
		g.model.Stream(ctx, req)(yield)
	}
}

// GateStats is how busy a Gate is.
type GateStats struct {
	Waiting int
	Running int
}

// Stats returns how many generations wait and run.
func (g *Gate) Stats() GateStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	return GateStats{Waiting: g.waiting, Running: g.running}
}

func (g *Gate) enter(ctx context.Context, owner string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	g.mu.Lock()
	if g.running < g.limit {
		// Nobody waits while there is room, see leave.
		g.running++
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
		g.leave() // it was called in the same moment: the turn goes on to the next
	}
	return context.Cause(ctx)
}

// leave ends a generation, and passes its place on if somebody waits.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.turns) == 0 {
		g.running--
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
	close(turn)
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
