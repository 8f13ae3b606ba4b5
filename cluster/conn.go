package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"avatarforge/internal/deadline"
)

// Errors of a Conn, beside those that any net.Conn has.
var (
	// ErrGone says that the instance at the other end is not heard of any more.
	ErrGone = errors.New("cluster: the other instance is gone")
	// ErrReset says that the other end knows nothing of the connection.
	ErrReset = errors.New("cluster: the connection was reset by the other instance")
)

// Conn is a connection to another instance. It implements net.Conn.
type Conn struct {
	// Immutable.
	node   *Node
	id     connID
	peer   string        // the instance at the other end
	wake   chan struct{} // has a value when there may be something to send; never closed
	opened chan struct{} // closed when the other end has answered
	over   chan struct{} // closed when nothing more is sent or received
	away   chan struct{} // closed when the other end's instance is going away

	mu      sync.Mutex
	changed sync.Cond // for Read and Write
	// Guarded by mu:
	stream  stream
	state   connState
	err     error // why it is over; nil where this end has closed it
	reading deadline.Deadline
	writing deadline.Deadline
	leaving bool      // whether the other end is to be told that this one's instance is going away
	heard   time.Time // when the other end was heard of
	moved   time.Time // when it was known to have come further
	ackBy   time.Time // when it is to be told how far this end has come; zero when it is not
	lingers time.Time // until when a closed connection waits for what it has written to arrive
}

type connState uint8

const (
	connOpening connState = iota // the other end has not answered
	connOpen
	connClosed // by this end: what was written is still sent
	connOver
)

// Times in the life of a Conn, as parts of Config.Lease.
func (n *Node) resendAfter() time.Duration    { return n.cfg.Lease / 3 }
func (n *Node) keepaliveEvery() time.Duration { return n.cfg.Lease / 2 }
func (n *Node) goneAfter() time.Duration      { return 3 * n.cfg.Lease }
func (n *Node) lingerFor() time.Duration      { return 3 * n.cfg.Lease }

// ackWithin is how long what is received may go without an answer: something to send may
// come meanwhile that takes the answer along.
const ackWithin = 50 * time.Millisecond

func newConn(n *Node, id connID, peer string, s connState) *Conn {
	c := &Conn{
		node: n, id: id, peer: peer, state: s,
		wake: make(chan struct{}, 1), opened: make(chan struct{}), over: make(chan struct{}), away: make(chan struct{}),
		stream: newStream(), heard: time.Now(), moved: time.Now(),
	}
	c.changed.L = &c.mu
	if s == connOpen {
		close(c.opened)
		c.stream.ackNow = true // the answer
	}
	return c
}

// Read waits for the first byte and takes what there is. It returns io.EOF once the other
// end has closed and everything was read.
func (c *Conn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.state == connClosed || c.state == connOver && c.err == nil:
			return 0, net.ErrClosed
		case c.reading.Expired():
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case len(c.stream.in) > 0:
			n := c.stream.read(b)
			if c.stream.ackNow {
				c.rouse()
			}
			return n, nil
		case c.stream.ended:
			return 0, io.EOF
		case c.state == connOver:
			return 0, c.err
		}
		c.changed.Wait()
	}
}

// Write waits until there is room for all of b. It fails with EPIPE once the other end has
// closed.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := 0
	for {
		switch {
		case c.state == connClosed || c.state == connOver && c.err == nil:
			return written, net.ErrClosed
		case c.writing.Expired():
			return written, os.ErrDeadlineExceeded
		case c.state == connOver:
			return written, c.err
		case c.stream.ended:
			return written, syscall.EPIPE
		}
		n := c.stream.write(b)
		written += n
		if b = b[n:]; n > 0 {
			c.rouse()
		}
		if len(b) == 0 {
			return written, nil
		}
		c.changed.Wait()
	}
}

// Close ends both directions. What was written is still sent, behind the caller's back. It
// may be called more than once.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.state {
	case connOpening, connOpen:
		c.state = connClosed
		c.stream.close()
		c.lingers = time.Now().Add(c.node.lingerFor())
		c.rouse()
	case connClosed, connOver:
	}
	c.err = nil
	c.reading.Stop()
	c.writing.Stop()
	c.changed.Broadcast()
	return nil
}

// Leave tells the other end that this instance is going away.
func (c *Conn) Leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = true
	c.stream.ackNow = true
	c.rouse()
}

// Leaving is closed when the instance at the other end says that it is going away.
func (c *Conn) Leaving() <-chan struct{} { return c.away }

// LocalAddr is this instance.
func (c *Conn) LocalAddr() net.Addr { return addr(c.node.cfg.Instance) }

// RemoteAddr is the other instance.
func (c *Conn) RemoteAddr() net.Addr { return addr(c.peer) }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline makes reads fail from t on; the zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.reading, t) }

// SetWriteDeadline makes writes fail from t on; the zero time means never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.writing, t) }

func (c *Conn) setDeadline(d *deadline.Deadline, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connClosed || c.state == connOver && c.err == nil {
		return net.ErrClosed
	}
	d.Set(&c.changed, t)
	return nil
}

// receive takes up what the other end says.
func (c *Conn) receive(g *segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connOver {
		return
	}
	if g.flags&flagReset != 0 {
		c.endLocked(ErrReset)
		return
	}
	now := time.Now()
	c.heard = now
	if c.state == connOpening {
		c.state = connOpen
		close(c.opened)
	}
	if g.flags&flagAway != 0 {
		select {
		case <-c.away:
		default:
			close(c.away)
		}
	}
	if g.flags&flagOpen != 0 {
		c.stream.ackNow = true // the answer was lost
		c.rouse()
		return
	}
	before := c.stream.acked
	c.stream.receive(g)
	if c.stream.acked != before {
		c.moved = now
	}
	if c.stream.ackDue && c.ackBy.IsZero() {
		c.ackBy = now.Add(ackWithin)
	}
	c.changed.Broadcast()
	c.rouse()
}

// again has the other end send what may have been missed.
func (c *Conn) again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stream.missed, c.stream.ackNow = true, true
	c.rouse()
}

// reason is why the connection is over.
func (c *Conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		return net.ErrClosed
	}
	return c.err
}

// endLocked ends the connection. A nil error is one of this end's own.
func (c *Conn) endLocked(err error) {
	if c.state == connOver {
		return
	}
	if c.state == connClosed {
		err = nil // it was over for whoever used it
	}
	c.state, c.err = connOver, err
	close(c.over)
	c.stream.out = nil
	c.reading.Stop()
	c.writing.Stop()
	c.changed.Broadcast()
	c.rouse()
}

func (c *Conn) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// send sends what there is to send until the connection is over.
func (c *Conn) send(ctx context.Context) {
	defer c.node.forget(c.id)
	var buf []byte
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var sent time.Time
	for {
		var at time.Time
		buf, at = c.compose(buf[:0], sent)
		if buf == nil {
			return
		}
		if len(buf) > 0 {
			sent = time.Now()
			if c.node.send(ctx, c.peer, buf) {
				continue
			}
			c.unsent()
			at = sent.Add(c.node.resendAfter())
		}
		timer.Reset(time.Until(at))
		select {
		case <-c.wake:
		case <-timer.C:
		case <-ctx.Done():
			c.mu.Lock()
			c.endLocked(net.ErrClosed)
			c.mu.Unlock()
			return
		}
	}
}

// compose appends the message to send now to b, which stays empty where there is none: at
// is when to look again. It returns nil once the connection is over.
func (c *Conn) compose(b []byte, sent time.Time) (message []byte, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	n := c.node
	switch {
	case c.state == connOver:
		return nil, at
	case c.state == connClosed && (c.stream.finished() || c.stream.ended && !c.stream.ackNow && !c.stream.ackDue || now.After(c.lingers)):
		c.endLocked(nil)
		return nil, at
	case now.Sub(later(c.heard, n.troubled())) > n.goneAfter():
		c.endLocked(fmt.Errorf("%w: %s", ErrGone, c.peer))
		return nil, at
	}
	if c.state == connOpening {
		at = sent.Add(n.resendAfter())
		if now.Before(at) {
			return b, at
		}
		g := segment{conn: c.id, from: n.cfg.Instance, flags: flagOpen, limit: window}
		return g.append(append(b, messageConn)), at
	}
	if c.stream.unacked() && now.Sub(later(c.moved, sent)) >= n.resendAfter() {
		c.stream.resend()
	}
	if !c.ackBy.IsZero() && !now.Before(c.ackBy) {
		c.stream.ackNow = true
	}
	keepalive := sent.Add(n.keepaliveEvery())
	g, ok := c.stream.next()
	if !ok && !now.Before(keepalive) {
		c.stream.sign(&g)
		ok = true
	}
	if !ok {
		at = keepalive
		if c.stream.unacked() {
			at = earlier(at, later(c.moved, sent).Add(n.resendAfter()))
		}
		if !c.ackBy.IsZero() {
			at = earlier(at, c.ackBy)
		}
		return b, at
	}
	c.ackBy = time.Time{}
	if c.leaving {
		g.flags |= flagAway
	}
	g.conn, g.from = c.id, n.cfg.Instance
	return g.append(append(b, messageConn)), at
}

// unsent has everything sent again that was in a message that did not arrive. Who cannot be
// reached from the beginning is not waited for.
func (c *Conn) unsent() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connOpening {
		c.endLocked(ErrUnreachable)
	}
	c.stream.resend()
	c.stream.ackNow = true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// addr is an instance.
type addr string

func (addr) Network() string  { return "redis" }
func (a addr) String() string { return string(a) }
