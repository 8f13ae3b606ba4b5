package slots

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisLoop is the side of Redis that one goroutine owns.
type redisLoop struct {
	*Redis

	serial     uint64 // of the last token
	generation uint64 // of the last registration
	held       map[string]*Slot
	line       map[string]*waiter
	parked     []*joinLine // those who wait until all is counted again

	registered bool      // Redis knows what is held and waited for
	lost       error     // why Redis cannot be reached; nil while it can
	retryAt    time.Time // when to try again; zero: at once
	lookAt     time.Time // when the lease is to be renewed
	settledAt  time.Time // when somebody can be admitted again; zero: now

	ended error // of the client; may be read once done is closed
}

// waiter is a ticket in the line.
type waiter struct {
	token   string
	ticket  *Ticket
	arrival int64 // µs of Redis' clock; the order of the line
}

// command is what the loop is asked to do. Its goroutine alone calls run.
type command interface {
	run(ctx context.Context, l *redisLoop)
}

type (
	joinLine struct {
		ctx          context.Context // the caller waits, and this says how long
		holder, user string
		wait         bool
		reply        chan joined // without room: what nobody takes is given back
	}
	joined struct {
		slot   *Slot
		ticket *Ticket
		err    error
	}
	leaveLine struct{ token string }
	keepSlot  struct {
		token, holder string
		ttl           time.Duration
		kept          chan struct{} // closed when that is over
	}
	countAll struct {
		reply chan counted // capacity 1
	}
	counted struct {
		usage Usage
		err   error
	}
)

func (l *redisLoop) run(ctx context.Context) {
	defer close(l.done)
	var listener sync.WaitGroup
	listener.Go(l.listen)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for l.step(ctx) {
		timer.Reset(time.Until(l.next()))
		select {
		case <-l.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	l.giveUp(ctx)
	l.ended = l.messages.Close()
	if err := l.client.Close(); l.ended == nil {
		l.ended = err
	}
	listener.Wait()
}

// next is when the loop has something to do of its own accord.
func (l *redisLoop) next() time.Time {
	if !l.registered {
		return l.retryAt
	}
	at := l.lookAt
	if !l.settledAt.IsZero() && l.settledAt.Before(at) {
		at = l.settledAt
	}
	return at
}

// step does what there is to do, most pressing first, until nothing is left. It is false
// when the loop is to end.
func (l *redisLoop) step(ctx context.Context) bool {
	moved := false
	for since := 0; ; since++ {
		l.mu.Lock()
		moved = moved || l.moved
		forgotten := l.forgotten
		l.moved, l.forgotten = false, false
		var first command
		if len(l.queue) > 0 {
			first, l.queue[0] = l.queue[0], nil
			l.queue = l.queue[1:]
		}
		closing := l.closing
		l.mu.Unlock()

		if ctx.Err() != nil {
			return false
		}
		now := time.Now()
		if forgotten {
			l.registered, l.retryAt = false, time.Time{}
		}
		if !l.settledAt.IsZero() && !now.Before(l.settledAt) {
			l.settledAt = time.Time{}
			moved = true
		}
		// Each command may move the line: where many come, a look serves for some of them.
		look := moved && (first == nil || since >= 16)
		switch {
		case !l.registered:
			l.tryRegister(ctx)
		case !now.Before(l.lookAt) || look && len(l.line)+len(l.parked) > 0:
			l.look(ctx)
		}
		if look {
			moved, since = false, 0
		}
		if l.settledAt.IsZero() || !l.registered {
			l.unpark(ctx)
		}
		if first == nil {
			return !closing
		}
		first.run(ctx, l)
	}
}

// call runs an operation. Where its answer does not come, or is that Redis does not know
// this instance, all has to be registered again.
func (l *redisLoop) call(ctx context.Context, script *redis.Script, args ...any) (answer, bool) {
	timed, cancel := context.WithTimeout(ctx, l.cfg.Lease/4)
	defer cancel()
	all := append([]any{
		l.instance, l.generation, l.channel, l.cfg.Lease.Milliseconds(), l.cfg.Limit, l.cfg.Queue,
	}, args...)
	a, err := readAnswer(script.Run(timed, l.client, l.keys, all...).Result())
	switch {
	case err != nil:
		if l.lost == nil {
			l.log.Warn("Redis cannot be reached: conversations go on, and none is admitted", slog.Any("error", err))
		}
		l.lost, l.registered = err, false
		l.retryAt = time.Now().Add(l.cfg.Lease / 16)
		return answer{}, false
	case a.status == statusUnregistered:
		l.registered, l.retryAt = false, time.Time{}
		return a, false
	}
	if l.lost != nil {
		l.log.Info("Redis can be reached again", slog.Int("slots", len(l.held)), slog.Int("waiting", len(l.line)))
		l.lost = nil
	}
	return a, true
}

// tryRegister registers, unless Redis was lost only just before.
func (l *redisLoop) tryRegister(ctx context.Context) {
	if !l.registered && !time.Now().Before(l.retryAt) {
		l.register(ctx)
	}
}

// register tells Redis all that this instance has.
func (l *redisLoop) register(ctx context.Context) {
	l.generation++
	args := []any{len(l.held)}
	for token, s := range l.held {
		args = append(args, token, s.user)
	}
	line := l.inOrder()
	for _, p := range line {
		args = append(args, p.token, p.ticket.user, p.arrival)
	}
	a, ok := l.call(ctx, registerScript, args...)
	if !ok {
		return
	}
	l.registered = true
	l.took(&a, line)
}

// look renews the lease and brings the tickets up to date.
func (l *redisLoop) look(ctx context.Context) (answer, bool) {
	line := l.inOrder()
	args := make([]any, 0, len(line))
	for _, p := range line {
		args = append(args, p.token)
	}
	a, ok := l.call(ctx, lookScript, args...)
	if ok {
		l.took(&a, line)
	}
	return a, ok
}

func (l *redisLoop) inOrder() []*waiter {
	line := make([]*waiter, 0, len(l.line))
	for _, p := range l.line {
		line = append(line, p)
	}
	slices.SortFunc(line, func(a, b *waiter) int { return int(a.arrival - b.arrival) })
	return line
}

// Where the numbers of an answer that tells of places are.
const (
	answerHeld = iota
	answerWaiting
	answerSettling
	answerPlaces
)

// took takes up what Redis says of the places in line, in that order.
func (l *redisLoop) took(a *answer, line []*waiter) {
	l.lookAt = time.Now().Add(l.cfg.Lease / 4)
	l.settles(a.number(answerSettling))
	waiting := int(a.number(answerWaiting))
	for i, p := range line {
		switch position := a.number(answerPlaces + i); position {
		case 0:
			l.grant(p)
		case -1: // it has been lost, with who knows what else
			l.registered, l.retryAt = false, time.Time{}
		default:
			p.ticket.move(int(position), waiting)
		}
	}
}

// settles notes for how many ms nobody will be admitted.
func (l *redisLoop) settles(ms int64) {
	l.settledAt = time.Time{}
	if ms > 0 {
		l.settledAt = time.Now().Add(time.Duration(ms) * time.Millisecond)
	}
}

// grant turns a place in the line into a slot.
func (l *redisLoop) grant(p *waiter) {
	delete(l.line, p.token)
	s := l.hold(p.token, p.ticket.holder, p.ticket.user)
	if !p.ticket.give(s) {
		s.Release()
	}
}

func (l *redisLoop) hold(token, holder, user string) *Slot {
	s := &Slot{
		holder: holder, user: user,
		release: func(*Slot) { l.post(leaveLine{token}) },
		keep: func(ctx context.Context, s *Slot, ttl time.Duration) {
			c := keepSlot{token, s.holder, ttl, make(chan struct{})}
			if !l.post(c) {
				return
			}
			select {
			case <-c.kept:
			case <-ctx.Done():
			case <-l.done:
			}
		},
	}
	l.held[token] = s
	return s
}

// unpark asks again for those who wait until all is counted.
func (l *redisLoop) unpark(ctx context.Context) {
	parked := l.parked
	l.parked = nil
	for _, j := range parked {
		j.run(ctx, l)
	}
}

func (j *joinLine) run(ctx context.Context, l *redisLoop) {
	if j.ctx.Err() != nil {
		return // nobody waits for it any more
	}
	got, settling := l.join(ctx, j)
	if settling {
		l.parked = append(l.parked, j)
		return
	}
	select {
	case j.reply <- got:
	case <-j.ctx.Done():
		if got.slot != nil {
			got.slot.Release()
		}
		if got.ticket != nil {
			got.ticket.Leave()
		}
	case <-ctx.Done():
	}
}

// join asks for a slot or a place. settling says that there is no telling yet.
func (l *redisLoop) join(ctx context.Context, j *joinLine) (got joined, settling bool) {
	l.serial++
	token := l.instance + ":" + strconv.FormatUint(l.serial, 10)
	wait := 0
	if j.wait {
		wait = 1
	}
	var a answer
	ok := false
	for tries := 0; tries < 2 && !ok; tries++ {
		l.tryRegister(ctx)
		if l.registered {
			a, ok = l.call(ctx, joinScript, token, j.user, max(l.cfg.PerUser, 0), wait, keeper(j.holder))
		}
	}
	if !ok {
		return joined{err: l.unavailable()}, false
	}
	switch a.status {
	case statusHeld:
		s := l.hold(token, j.holder, j.user)
		if !j.wait {
			return joined{slot: s}, false
		}
		t := newTicket(j.holder, j.user, func(*Ticket) {})
		t.give(s)
		return joined{ticket: t}, false
	case statusWaiting:
		t := newTicket(j.holder, j.user, func(*Ticket) { l.post(leaveLine{token}) })
		position := int(a.number(0))
		t.move(position, position)
		l.settles(a.number(1))
		l.line[token] = &waiter{token, t, a.number(2)}
		return joined{ticket: t}, false
	case statusSettling:
		l.settles(a.number(0))
		return joined{}, true
	case statusFull:
		return joined{err: ErrFull}, false
	case statusLineFull:
		return joined{err: ErrLineFull}, false
	case statusUserLimit:
		return joined{err: ErrUserLimit}, false
	}
	return joined{err: fmt.Errorf("%w: Redis answers %q", ErrUnavailable, a.status)}, false
}

func (c leaveLine) run(ctx context.Context, l *redisLoop) {
	delete(l.held, c.token)
	delete(l.line, c.token)
	if l.registered { // else the next registration says it
		l.call(ctx, leaveScript, c.token)
	}
}

// keeper is the instance that keeps a slot for a holder who is to come.
func keeper(holder string) string { return "kept-" + hex.EncodeToString([]byte(holder)) }

// unkeep gives up what is kept by these keepers.
type unkeep struct {
	keepers []any
	done    chan error // has room for one
}

func (c keepSlot) run(ctx context.Context, l *redisLoop) {
	defer close(c.kept)
	delete(l.held, c.token)
	if l.registered { // else the next registration gives it back
		l.call(ctx, keepScript, c.token, keeper(c.holder), c.ttl.Milliseconds())
	}
}

// unkeepBatch is how many kept slots one operation gives up, so that Redis is not held up.
const unkeepBatch = 500

func (c *unkeep) run(ctx context.Context, l *redisLoop) {
	for keepers := range slices.Chunk(c.keepers, unkeepBatch) {
		if _, ok := l.call(ctx, unkeepScript, keepers...); !ok {
			c.done <- l.unavailable()
			return
		}
	}
	c.done <- nil
}

func (c *countAll) run(ctx context.Context, l *redisLoop) {
	l.tryRegister(ctx)
	if l.registered {
		if a, ok := l.look(ctx); ok {
			c.reply <- counted{usage: Usage{Held: int(a.number(answerHeld)), Waiting: int(a.number(answerWaiting)), Limit: l.cfg.Limit}}
			return
		}
	}
	c.reply <- counted{err: l.unavailable()}
}

func (l *redisLoop) unavailable() error {
	if l.lost != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, l.lost)
	}
	return ErrUnavailable
}

// giveUp is the last thing that Redis hears, if it can be reached.
func (l *redisLoop) giveUp(ctx context.Context) {
	if ctx.Err() == nil && l.lost == nil {
		l.call(ctx, closeScript)
	}
}
