package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"avatarforge/internal/script"
)

// The operations on claims.
var (
	claimScript = script.New(lua, "claims", "claim")
	keepScript  = script.New(lua, "claims", "keep")
	yieldScript = script.New(lua, "claims", "yield")
)

// HeldError says that another instance has a session.
type HeldError struct{ Instance string }

func (e *HeldError) Error() string { return "cluster: instance " + e.Instance + " has the session" }

// claims are the sessions that are this instance's.
type claims struct {
	node  *Node // Immutable.
	reach reach

	mu sync.Mutex
	// Guarded by mu:
	held map[string]*Claim // by session
}

func newClaims(n *Node) *claims {
	return &claims{node: n, held: make(map[string]*Claim)}
}

// Claim is a session that is this instance's own, as long as it is heard of.
type Claim struct {
	// Immutable.
	node    *Node
	session string
	lost    func()
	left    []byte
}

// Claim makes a session this instance's own until Yield. fresh says that it is new, so that
// nobody else can have it. lost is called, once and at any time, should another instance
// have it after all: this one was not heard of for longer than Config.Lease. Errors are
// *HeldError where another instance has it, ctx's, and ErrUnreachable where Redis cannot be
// asked.
//
// While Redis cannot be reached, what was claimed stays claimed as far as this instance
// knows.
func (n *Node) Claim(ctx context.Context, session string, fresh bool, lost func()) (*Claim, error) {
	c := &Claim{node: n, session: session, lost: lost}
	for {
		holder, left, wait, err := n.claims.ask(ctx, session, fresh)
		switch {
		case err != nil:
			return nil, err
		case wait > 0:
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		case holder != n.cfg.Instance:
			return nil, &HeldError{holder}
		default:
			if left != "" {
				c.left = []byte(left)
			}
			n.claims.add(c)
			return c, nil
		}
	}
}

// Left is what the instance that had the session before has left for this one; nil for
// nothing.
func (c *Claim) Left() []byte { return c.left }

// Yield gives the session up, and leaves something for whoever claims it within ttl; nil
// leaves nothing. The error is that nobody can be told of it, so that the claim ends with
// its lease.
func (c *Claim) Yield(ctx context.Context, left []byte, ttl time.Duration) error {
	n := c.node
	if !n.claims.remove(c) {
		return nil
	}
	if left == nil {
		ttl = 0
	}
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease)
	defer cancel()
	err := yieldScript.Run(timed, n.client, n.claims.keys(n.claims.owner(c.session), n.claims.estate(c.session)),
		n.cfg.Instance, n.cfg.Lease.Milliseconds(), left, ttl.Milliseconds()).Err()
	if err != nil {
		return fmt.Errorf("yield session %s: %w: %w", c.session, ErrUnreachable, err)
	}
	return nil
}

// Holder is the instance that has a session; empty where none is known to. The error is
// ErrUnreachable, or ctx's.
func (n *Node) Holder(ctx context.Context, session string) (string, error) {
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
	defer cancel()
	holder, err := n.client.Get(timed, n.claims.owner(session)).Result()
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return holder, nil
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	}
	return "", fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func (cs *claims) base() string                { return cs.node.cfg.Prefix + "{sessions}:" }
func (cs *claims) owner(session string) string { return cs.base() + "owner:" + session }
func (cs *claims) estate(session string) string {
	return cs.base() + "left:" + session
}

// keys adds the keys that every operation needs.
func (cs *claims) keys(own ...string) []string {
	return append(own, cs.base()+"run", cs.base()+"settling")
}

// ask claims a session. wait is for how long there is no telling who has it.
func (cs *claims) ask(ctx context.Context, session string, fresh bool) (holder, left string, wait time.Duration, err error) {
	n := cs.node
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
	defer cancel()
	isFresh := 0
	if fresh {
		isFresh = 1
	}
	a, err := claimScript.Run(timed, n.client, cs.keys(cs.owner(session), cs.estate(session)),
		n.cfg.Instance, n.cfg.Lease.Milliseconds(), isFresh).Slice()
	switch {
	case err == nil && len(a) == 3:
	case ctx.Err() != nil:
		return "", "", 0, context.Cause(ctx)
	default:
		return "", "", 0, fmt.Errorf("claim session %s: %w: %w", session, ErrUnreachable, err)
	}
	holder, _ = a[0].(string)
	left, _ = a[1].(string)
	ms, _ := a[2].(int64)
	return holder, left, time.Duration(ms) * time.Millisecond, nil
}

func (cs *claims) add(c *Claim) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.held[c.session] = c
}

// remove is false where it is no longer held.
func (cs *claims) remove(c *Claim) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.held[c.session] != c {
		return false
	}
	delete(cs.held, c.session)
	return true
}

// keepBatch is how many claims are renewed by one operation, so that Redis is not held up.
const keepBatch = 500

// keep renews all claims, again and again, and at once after Redis was lost, until ctx ends.
func (cs *claims) keep(ctx context.Context) {
	every := time.NewTicker(cs.node.cfg.Lease / 3)
	defer every.Stop()
	for {
		cs.renew(ctx)
		select {
		case <-every.C:
		case <-cs.node.resubscribed:
		case <-ctx.Done():
			return
		}
	}
}

func (cs *claims) renew(ctx context.Context) {
	cs.mu.Lock()
	all := make([]*Claim, 0, len(cs.held))
	for _, c := range cs.held {
		all = append(all, c)
	}
	cs.mu.Unlock()
	// Also with none: Redis is seen to be young as soon as it is.
	for first := true; first || len(all) > 0; first = false {
		batch := all[:min(len(all), keepBatch)]
		all = all[len(batch):]
		if !cs.renewBatch(ctx, batch) {
			return
		}
	}
}

func (cs *claims) renewBatch(ctx context.Context, batch []*Claim) bool {
	n := cs.node
	keys := make([]string, 0, len(batch)+2)
	for _, c := range batch {
		keys = append(keys, cs.owner(c.session))
	}
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
	defer cancel()
	lost, err := keepScript.Run(timed, n.client, cs.keys(keys...), n.cfg.Instance, n.cfg.Lease.Milliseconds()).Int64Slice()
	if ctx.Err() != nil {
		return false
	}
	cs.reached(err)
	if err != nil {
		return false
	}
	for _, i := range lost {
		if c := batch[i-1]; cs.remove(c) {
			n.log.Warn("another instance has taken a session, since this one was not heard of", slog.String("session", c.session))
			c.lost()
		}
	}
	for _, c := range batch {
		cs.undo(ctx, c)
	}
	return true
}

// undo gives up again what was renewed while it was being yielded.
func (cs *claims) undo(ctx context.Context, c *Claim) {
	cs.mu.Lock()
	_, held := cs.held[c.session] // still, or anew
	cs.mu.Unlock()
	if held {
		return
	}
	n := cs.node
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
	defer cancel()
	// What was left stays.
	_ = dropScript.Run(timed, n.client, []string{cs.owner(c.session)}, n.cfg.Instance).Err() // else it ends with its lease
}

// dropScript gives up a claim of the caller's.
var dropScript = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)

// reached notes whether Redis can be reached.
func (cs *claims) reached(err error) {
	switch lost, found := cs.reach.note(err, 0); {
	case lost:
		cs.node.log.Warn("Redis cannot be reached: sessions go on where they are, and none is found at another instance", slog.Any("error", err))
	case found:
		cs.node.log.Info("Redis can be reached again: sessions are found at other instances")
	}
}
