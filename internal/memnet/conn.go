package memnet

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"avatarforge/internal/deadline"
)

// pipeBytes is how far a writer runs ahead of its reader: about what a loopback
// socket grants before it blocks.
const pipeBytes = 64 << 10

// Addr is the address of either end of a Conn, and of a Listener.
type Addr struct{}

// Network returns "memnet".
func (Addr) Network() string { return "memnet" }

// String returns "memnet".
func (Addr) String() string { return "memnet" }

// Conn is one end of a connection. It implements net.Conn.
type Conn struct {
	in, out *pipe

	mu    sync.Mutex
	reset bool // set by SetLinger(0)
}

var _ net.Conn = (*Conn)(nil)

// Pipe returns the two ends of a new connection.
func Pipe() (*Conn, *Conn) {
	a, b := newPipe(), newPipe()
	return &Conn{in: a, out: b}, &Conn{in: b, out: a}
}

// Read waits for the first byte and takes what there is. It returns io.EOF after the
// peer has closed and everything was read, ECONNRESET after a reset.
func (c *Conn) Read(b []byte) (int, error) { return c.in.read(b) }

// Write waits until all of b is on its way. It fails with EPIPE once the peer has
// closed, like TCP's second write to such a peer.
func (c *Conn) Write(b []byte) (int, error) { return c.out.write(b) }

// Close ends both directions. It may be called more than once.
func (c *Conn) Close() error {
	c.mu.Lock()
	reset := c.reset
	c.mu.Unlock()
	c.in.closeReader()
	c.out.closeWriter(reset)
	return nil
}

// SetLinger with 0 makes Close a reset: the peer loses what it has not read yet. Any
// other value restores the orderly ending.
func (c *Conn) SetLinger(sec int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reset = sec == 0
	return nil
}

// LocalAddr returns Addr.
func (c *Conn) LocalAddr() net.Addr { return Addr{} }

// RemoteAddr returns Addr.
func (c *Conn) RemoteAddr() net.Addr { return Addr{} }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return firstError(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline makes reads fail from t on; the zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.in.setDeadline(&c.in.reader, t) }

// SetWriteDeadline makes writes fail from t on; the zero time means never.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.out.setDeadline(&c.out.writer, t) }

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// pipe carries the bytes of one direction.
type pipe struct {
	mu             sync.Mutex
	changed        sync.Cond
	data           bytes.Buffer
	reset          bool
	reader, writer end
}

// end is what one side has said about its half of a pipe. Guarded by pipe.mu.
type end struct {
	closed   bool
	deadline deadline.Deadline
}

func newPipe() *pipe {
	p := &pipe{}
	p.changed.L = &p.mu
	return p
}

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.reader.closed:
			return 0, net.ErrClosed
		case p.reader.deadline.Expired():
			return 0, os.ErrDeadlineExceeded
		case p.reset:
			return 0, syscall.ECONNRESET
		case len(b) == 0:
			return 0, nil
		case p.data.Len() > 0:
			n, err := p.data.Read(b)
			p.changed.Broadcast()
			return n, err
		case p.writer.closed:
			return 0, io.EOF
		}
		p.changed.Wait()
	}
}

func (p *pipe) write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	written := 0
	for {
		switch {
		case p.writer.closed:
			return written, net.ErrClosed
		case p.writer.deadline.Expired():
			return written, os.ErrDeadlineExceeded
		case p.reader.closed:
			return written, syscall.EPIPE
		case len(b) == 0:
			return written, nil
		}
		if room := pipeBytes - p.data.Len(); room > 0 {
			n, _ := p.data.Write(b[:min(room, len(b))])
			written += n
			b = b[n:]
			p.changed.Broadcast()
			continue
		}
		p.changed.Wait()
	}
}

func (p *pipe) closeReader() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reader.closed = true
	p.reader.deadline.Stop()
	p.data = bytes.Buffer{}
	p.changed.Broadcast()
}

func (p *pipe) closeWriter(reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.writer.closed {
		return
	}
	p.writer.closed = true
	p.writer.deadline.Stop()
	p.reset = reset
	p.changed.Broadcast()
}

func (p *pipe) setDeadline(e *end, t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.closed {
		return net.ErrClosed
	}
	e.deadline.Set(&p.changed, t)
	return nil
}
