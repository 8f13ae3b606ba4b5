package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrUnreachable says that an instance, or Redis, cannot be reached at the moment.
var ErrUnreachable = errors.New("cluster: the instance cannot be reached")

// conns are the connections of this instance to others.
type conns struct {
	accepted chan *Conn // those that others have asked for
	resets   chan reset // what is to be told of connections that nobody knows

	mu sync.Mutex
	// Guarded by mu:
	known     map[connID]*Conn
	listening bool
	closed    bool
	trouble   time.Time // when Redis could not be reached last
}

// reset is an answer to a segment of a connection that is not known.
type reset struct {
	to   string
	conn connID
}

// backlog is how many connections may wait to be accepted.
const backlog = 64

func newConns() conns {
	return conns{accepted: make(chan *Conn, backlog), resets: make(chan reset, backlog), known: make(map[connID]*Conn)}
}

// Dial connects to another instance, where Listener has the connection. Errors are
// ErrUnreachable, ErrReset where that instance does not listen, and ctx's.
func (n *Node) Dial(ctx context.Context, instance string) (*Conn, error) {
	var id connID
	_, _ = rand.Read(id[:]) // it never fails
	c := newConn(n, id, instance, connOpening)
	if !n.conns.start(c) {
		return nil, fmt.Errorf("dial instance %s: %w", instance, net.ErrClosed)
	}
	select {
	case <-c.opened:
		return c, nil
	case <-c.over:
		return nil, fmt.Errorf("dial instance %s: %w", instance, c.reason())
	case <-ctx.Done():
		_ = c.Close() // it never fails
		return nil, fmt.Errorf("dial instance %s: %w", instance, context.Cause(ctx))
	}
}

// Listener accepts the connections that other instances dial. Where it is not asked for,
// they are refused.
func (n *Node) Listener() net.Listener {
	n.conns.mu.Lock()
	defer n.conns.mu.Unlock()
	n.conns.listening = true
	return &listener{node: n, closed: make(chan struct{})}
}

type listener struct {
	node   *Node
	once   sync.Once
	closed chan struct{}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.node.conns.accepted:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-l.node.over:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.once.Do(func() {
		l.node.conns.mu.Lock()
		l.node.conns.listening = false
		l.node.conns.mu.Unlock()
		close(l.closed)
	})
	return nil
}

// Addr is this instance.
func (l *listener) Addr() net.Addr { return addr(l.node.cfg.Instance) }

// start has a connection send; false where none may any more.
func (cs *conns) start(c *Conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closed {
		return false
	}
	cs.known[c.id] = c
	c.node.spawn(c.send)
	return true
}

func (n *Node) forget(id connID) {
	n.conns.mu.Lock()
	defer n.conns.mu.Unlock()
	delete(n.conns.known, id)
}

// receive takes in a message of a connection. It does not block.
func (n *Node) receive(message string) {
	g, err := parseSegment([]byte(message))
	if err != nil {
		n.log.Warn("an instance sends what this one does not know; are they of different versions?")
		return
	}
	if c := n.conns.find(&g, n); c != nil {
		c.receive(&g)
		return
	}
	if g.flags&flagReset == 0 {
		select {
		case n.conns.resets <- reset{g.from, g.conn}:
		default: // it will ask again
		}
	}
}

// find is the connection that a segment belongs to, a new one where it asks for one; nil
// where there is none.
func (cs *conns) find(g *segment, n *Node) *Conn {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if c, ok := cs.known[g.conn]; ok || g.flags&flagOpen == 0 || !cs.listening || cs.closed {
		return c
	}
	c := newConn(n, g.conn, g.from, connOpen)
	select {
	case cs.accepted <- c:
	default:
		return nil
	}
	cs.known[g.conn] = c
	n.spawn(c.send)
	return c
}

// refuse answers for connections that nobody knows, until ctx ends.
func (n *Node) refuse(ctx context.Context) {
	for {
		select {
		case r := <-n.conns.resets:
			g := segment{conn: r.conn, from: n.cfg.Instance, flags: flagReset}
			n.send(ctx, r.to, g.append([]byte{messageConn}))
		case <-ctx.Done():
			return
		}
	}
}

// close ends all connections, and takes no more.
func (cs *conns) close() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.closed = true
}

// missed has everything sent again, to this instance, that it may have missed while it was
// not connected.
func (n *Node) missed() {
	n.conns.mu.Lock()
	defer n.conns.mu.Unlock()
	n.conns.trouble = time.Now()
	for _, c := range n.conns.known {
		c.again()
	}
}

// troubled is when Redis could not be reached last.
func (n *Node) troubled() time.Time {
	n.conns.mu.Lock()
	defer n.conns.mu.Unlock()
	return n.conns.trouble
}

// send sends a message to an instance. It is false where that is not known to have got it.
func (n *Node) send(ctx context.Context, instance string, message []byte) bool {
	timed, cancel := context.WithTimeout(ctx, n.cfg.Lease/3)
	defer cancel()
	heard, err := n.client.Publish(timed, n.inboxes+instance, message).Result()
	if err != nil && !errors.Is(err, redis.ErrClosed) {
		n.conns.mu.Lock()
		n.conns.trouble = time.Now()
		n.conns.mu.Unlock()
	}
	return err == nil && heard > 0
}
