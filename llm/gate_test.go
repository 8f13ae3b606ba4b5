package llm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// stage is a Model whose generations run until the test ends them.
type stage struct {
	started chan *generation // buffered
}

type generation struct {
	req Request
	end chan struct{}
}

func (s *stage) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		g := &generation{req: req, end: make(chan struct{})}
		s.started <- g
		select {
		case <-g.end:
			yield(Delta{Text: req.Messages[0].Content, Finish: FinishStop}, nil)
		case <-ctx.Done():
			yield(Delta{}, context.Cause(ctx))
		}
	}
}

// audience is the callers of a gate, and what they ought to see. It is owned by the
// test's goroutine, which lets the bubble settle after each step.
type audience struct {
	gate    *Gate
	stage   *stage
	fail    func(format string, args ...any)
	limit   int
	number  int
	calls   []*call       // all that ever came
	begun   []*generation // by the stage, and not yet wanted by the test
	running []*call       // as the stage has it, replies only
	lines   [][]*call     // the owners' lines, the next owner first

	last     *call   // the work of low priority that runs
	deferred []*call // what waits of it
}

type call struct {
	name   string
	owner  string
	cancel context.CancelCauseFunc
	result chan error // buffered
	gen    *generation

	priority Priority
}

func newAudience(limit int, fail func(string, ...any)) *audience {
	st := &stage{started: make(chan *generation, 1000)}
	return &audience{gate: NewGate(st, limit), stage: st, limit: limit, fail: fail}
}

// call makes a request.
func (a *audience) call(owner string, p Priority) *call {
	a.number++
	ctx, cancel := context.WithCancelCause(context.Background())
	c := &call{name: fmt.Sprintf("%s%d", owner, a.number), owner: owner, cancel: cancel, result: make(chan error, 1), priority: p}
	a.calls = append(a.calls, c)
	go func() { // ends with its generation, or with its cancel
		c.result <- listen(a.gate.Stream(ctx, Request{
			Owner: owner, Priority: p,
			Messages: []Message{{Role: RoleUser, Content: c.name}},
		})).err
	}()
	return c
}

func (a *audience) ask(owner string) {
	c := a.call(owner, PriorityReply)
	if w := a.last; w != nil && (w.priority == PriorityIdle || w.owner == owner || len(a.running)+1 == a.limit) {
		a.last = nil
		if err := <-w.result; !errors.Is(err, ErrYielded) || YieldedToOwn(err) != (w.owner == owner) {
			a.fail("%s ends with %v, want it to yield to %s", w.name, err, owner)
		}
	}
	if len(a.running) < a.limit {
		a.starts(c)
		return
	}
	i := slices.IndexFunc(a.lines, func(l []*call) bool { return l[0].owner == owner })
	if i < 0 {
		a.lines = append(a.lines, []*call{c})
	} else {
		a.lines[i] = append(a.lines[i], c)
	}
	a.settle()
}

// starts wants exactly that call to begin.
func (a *audience) starts(c *call) {
	if !a.began(c) {
		a.fail("%s does not begin though there is room", c.name)
	}
	a.running = append(a.running, c)
	a.settle()
}

// began takes the generation of that call from those that have begun. When a reply takes
// the place of other work, and more of that finds room, the two may begin in any order.
func (a *audience) began(c *call) bool {
	a.listen()
	i := slices.IndexFunc(a.begun, func(g *generation) bool { return g.req.Messages[0].Content == c.name })
	if i < 0 {
		return false
	}
	c.gen = a.begun[i]
	a.begun = slices.Delete(a.begun, i, i+1)
	return true
}

// listen lets everything happen that is going to, and notes what has begun.
func (a *audience) listen() {
	synctest.Wait()
	for len(a.stage.started) > 0 {
		a.begun = append(a.begun, <-a.stage.started)
	}
}

// defers makes a request of low priority of an owner who asks for nothing else.
func (a *audience) defers(p Priority) { a.defersOf("z", p) }

func (a *audience) defersOf(owner string, p Priority) {
	a.deferred = append(a.deferred, a.call(owner, p))
	a.settle()
}

// startsLast wants work of low priority to begin where nobody is in its way.
func (a *audience) startsLast() {
	if a.last != nil || len(a.running) == a.limit {
		return
	}
	i := slices.IndexFunc(a.deferred, func(c *call) bool {
		return len(a.running) == 0 || c.priority == PrioritySpare &&
			!slices.ContainsFunc(a.running, func(reply *call) bool { return reply.owner == c.owner })
	})
	if i < 0 {
		return
	}
	c := a.deferred[i]
	a.deferred = slices.Delete(a.deferred, i, i+1)
	if !a.began(c) {
		a.fail("%s does not begin though nobody is in its way", c.name)
	}
	a.last = c
}

// endsLast lets the work of low priority end by itself.
func (a *audience) endsLast() {
	c := a.last
	a.last = nil
	close(c.gen.end)
	if err := <-c.result; err != nil {
		a.fail("%s ends with %v", c.name, err)
	}
	a.settle()
}

// settle wants nothing else to happen, and the figures to be right.
func (a *audience) settle() {
	a.listen()
	a.startsLast()
	for _, g := range a.begun {
		a.fail("%s begins, want nobody to", g.req.Messages[0].Content)
	}
	waiting := 0
	for _, l := range a.lines {
		waiting += len(l)
	}
	wanted := GateStats{Waiting: waiting, Running: len(a.running), Deferred: len(a.deferred)}
	if a.last != nil {
		wanted.Running++
	}
	if got := a.gate.Stats(); got != wanted {
		a.fail("got %+v, want %+v", got, wanted)
	}
}

// dismiss ends what a failed check has left behind.
func (a *audience) dismiss() {
	for _, c := range a.calls {
		c.cancel(errLeft)
	}
	synctest.Wait()
}

var errLeft = errors.New("left")

// ends lets the i-th running generation end, by itself or by a cancel.
func (a *audience) ends(i int, cancelled bool) {
	c := a.running[i]
	a.running = slices.Delete(a.running, i, i+1)
	var wanted error
	if cancelled {
		wanted = errLeft
		c.cancel(errLeft)
	} else {
		close(c.gen.end)
	}
	if err := <-c.result; !errors.Is(err, wanted) {
		a.fail("%s ends with %v, want %v", c.name, err, wanted)
	}
	c.cancel(nil)
	if len(a.lines) == 0 {
		a.settle()
		return
	}
	next := a.lines[0]
	a.lines = a.lines[1:]
	if len(next) > 1 {
		a.lines = append(a.lines, next[1:])
	}
	a.starts(next[0])
}

// leaves lets the j-th of the i-th line give up.
func (a *audience) leaves(i, j int) {
	c := a.lines[i][j]
	a.lines[i] = slices.Delete(slices.Clone(a.lines[i]), j, j+1)
	if len(a.lines[i]) == 0 {
		a.lines = slices.Delete(a.lines, i, i+1)
	}
	c.cancel(errLeft)
	if err := <-c.result; !errors.Is(err, errLeft) {
		a.fail("%s leaves with %v, want %v", c.name, err, errLeft)
	}
	a.settle()
}

func TestGateLetsOwnersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAudience(1, t.Fatalf)
		for _, owner := range strings.Split("a a a a b b c", " ") {
			a.ask(owner)
		}
		var order []string
		for len(a.running) > 0 {
			order = append(order, a.running[0].name)
			a.ends(0, false)
		}
		want(t, "one with many requests delays nobody by more than one", strings.Join(order, " "), "a1 a2 b5 c7 a3 b6 a4")
	})
}

func TestGateLetsNobodyWaitForBackgroundWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := newAudience(1, t.Fatalf)
		one.defers(PriorityIdle)
		one.ask("a") // ask wants the work to yield, and the reply to begin
		one.defers(PrioritySpare)
		one.ask("b")
		one.ends(0, false) // b begins, not the work, though that came first
		one.ends(0, false) // and now the work, while nobody asks
		one.ask("a")
		one.ends(0, false)

		four := newAudience(4, t.Fatalf)
		four.defers(PriorityIdle)
		four.defers(PriorityIdle) // one at a time
		four.ask("a")             // the first yields though there is room: a server may do less at once than it is taken to
		four.defers(PrioritySpare)
		want(t, "what has yielded too often runs in a spare place", four.last.priority, PrioritySpare)
		four.ask("a")
		four.ask("a")
		want(t, "and goes on while there is one", four.last.priority, PrioritySpare)
		four.ask("a")
		want(t, "and yields to who needs it", four.last, nil)
		own := newAudience(4, t.Fatalf)
		own.defersOf("a", PrioritySpare)
		own.ask("b") // there is room
		want(t, "spare work goes on beside another's reply", own.last.priority, PrioritySpare)
		own.ask("a")
		want(t, "and is never in its own listener's way", own.last, nil)
		own.defersOf("a", PrioritySpare) // wants it to wait, though there is room
		own.ends(0, false)               // b's reply
		own.ends(0, false)               // and now it begins
		want(t, "but takes up again after that", own.last.priority, PrioritySpare)
		own.endsLast()

		four.deferred[0].cancel(errLeft)
		if err := <-four.deferred[0].result; !errors.Is(err, errLeft) {
			t.Errorf("work that is given up while it waits ends with %v", err)
		}
		four.deferred = nil
		four.settle()
		for len(four.running) > 0 {
			four.ends(0, false)
		}
	})
}

// bubbled hides the test's deadline from rapid, which must not be asked for inside a
// bubble.
type bubbled struct{ rapid.TB }

// TestGate drives a gate and a plain list of lines with the same random steps, and
// wants them to agree on who begins, in what order, and how many wait and run. That
// list knows nothing of work of low priority, which so delays nobody.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(rt *rapid.T) {
			a := newAudience(rapid.IntRange(1, 4).Draw(rt, "limit"), rt.Fatalf)
			defer a.dismiss()
			rt.Repeat(map[string]func(*rapid.T){
				"ask": func(rt *rapid.T) { a.ask(rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(rt, "owner")) },
				"end": func(rt *rapid.T) {
					if len(a.running) == 0 {
						rt.Skip()
					}
					a.ends(rapid.IntRange(0, len(a.running)-1).Draw(rt, "who"), rapid.Bool().Draw(rt, "cancelled"))
				},
				"leave": func(rt *rapid.T) {
					if len(a.lines) == 0 {
						rt.Skip()
					}
					i := rapid.IntRange(0, len(a.lines)-1).Draw(rt, "line")
					a.leaves(i, rapid.IntRange(0, len(a.lines[i])-1).Draw(rt, "place"))
				},
				"defer": func(rt *rapid.T) {
					a.defersOf(rapid.SampledFrom([]string{"a", "z"}).Draw(rt, "owner"),
						rapid.SampledFrom([]Priority{PriorityIdle, PrioritySpare}).Draw(rt, "priority"))
				},
				"done": func(rt *rapid.T) {
					if a.last == nil {
						rt.Skip()
					}
					a.endsLast()
				},
			})
			for len(a.running) > 0 {
				a.ends(0, false)
			}
			for a.last != nil {
				a.endsLast()
			}
			if len(a.gate.lines) != 0 || len(a.gate.turns) != 0 || len(a.gate.replies) != 0 {
				a.fail("an empty gate still holds %v, %v and %v", a.gate.lines, a.gate.turns, a.gate.replies)
			}
		})
	})
}

func TestGateDoesNotLoseItsPlaceToACancel(t *testing.T) {
	// The turn and the cancel come at once: whichever the waiter sees first, the
	// place must not be lost.
	synctest.Test(t, func(t *testing.T) {
		for range 200 {
			a := newAudience(1, t.Fatalf)
			a.ask("a")
			a.ask("b")
			waiter := a.lines[0][0]
			close(a.running[0].gen.end)
			waiter.cancel(errLeft)
			<-a.running[0].result
			synctest.Wait()
			select {
			case <-a.stage.started: // it began, and saw the cancel as its own
			default:
			}
			if err := <-waiter.result; !errors.Is(err, errLeft) {
				t.Fatalf("got %v, want %v", err, errLeft)
			}
			a.running, a.lines = nil, nil
			a.settle()
			a.ask("c")
			a.ends(0, false)
		}
	})
}

func TestGateRefusesACancelledRequestAtOnce(t *testing.T) {
	st := &stage{started: make(chan *generation, 1)}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errLeft)
	got := listen(NewGate(st, 0).Stream(ctx, say("hello")))
	if !errors.Is(got.err, errLeft) {
		t.Errorf("got %v, want %v", got.err, errLeft)
	}
	want(t, "nothing is generated", len(st.started), 0)
}
