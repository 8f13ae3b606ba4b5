package faultnet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"avatarforge/internal/spareport"
)

const (
	// repeated is how much of an Endless answer is given again and again, in bytes.
	repeated = 1 << 10
	// parting is how long a client that has had its Answer may take to close.
	parting = 2 * time.Second
)

// Proxy is an address that stands for a server's.
type Proxy struct {
	// Immutable after Start.
	target string
	addr   string
	tls    *tls.Config  // nil: it passes on what comes
	free   func() error // gives the address back

	running sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu:
	listener net.Listener // nil while connections are refused
	fault    Fault
	epoch    int // of fault: what a connection has seen of an earlier one does not count
	conns    map[*conn]struct{}
	struck   int // connections that a fault has met
	closed   bool
}

// Start stands before the server at target, host:port, until the test ends. With a TLS configuration it
// speaks that to clients, and plain to the server.
func Start(tb testing.TB, target string, secure *tls.Config) *Proxy {
	tb.Helper()
	port, free, err := spareport.Hold() // else somebody may have it after a Refuse
	if err != nil {
		tb.Fatal(err)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		tb.Fatal(errors.Join(err, free()))
	}
	p := &Proxy{target: target, addr: addr, tls: secure, free: free, listener: listener, conns: map[*conn]struct{}{}}
	p.running.Go(func() { p.accept(listener) })
	tb.Cleanup(p.Close)
	return p
}

// Addr is where clients reach the proxy, host:port. It stays the same.
func (p *Proxy) Addr() string { return p.addr }

// Open is how many connections clients have to the proxy.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// Struck is how many connections the faults have met so far; those that were refused are not known.
func (p *Proxy) Struck() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.struck
}

// Break lets a fault happen to every connection from here on, open ones included.
func (p *Proxy) Break(tb testing.TB, f Fault) {
	tb.Helper()
	if err := p.set(f); err != nil {
		tb.Fatal(err)
	}
}

// Mend ends the fault. The connections that it has met are reset.
func (p *Proxy) Mend(tb testing.TB) {
	tb.Helper()
	if err := p.set(Fault{}); err != nil {
		tb.Fatal(err)
	}
}

func (p *Proxy) set(f Fault) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	p.epoch++
	for c := range p.conns {
		if f.Kind == Refuse || c.met {
			c.reset()
		}
	}
	switch {
	case f.Kind == Refuse && p.listener != nil:
		p.listener.Close()
		p.listener = nil
	case f.Kind != Refuse && p.listener == nil && !p.closed:
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", p.addr)
		if err != nil {
			return err
		}
		p.listener = listener
		p.running.Go(func() { p.accept(listener) })
	}
	return nil
}

// Close ends all connections. It may be called twice.
func (p *Proxy) Close() {
	p.mu.Lock()
	if !p.closed {
		_ = p.free() // a socket that did nothing
	}
	p.closed = true
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	for c := range p.conns {
		c.reset()
	}
	p.mu.Unlock()
	p.running.Wait()
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		c := &conn{proxy: p, client: client, raw: client.(*net.TCPConn), over: make(chan struct{})}
		if p.tls != nil {
			c.client = tls.Server(client, p.tls)
		}
		p.mu.Lock()
		if p.closed || p.listener != listener {
			p.mu.Unlock()
			c.reset()
			continue
		}
		p.conns[c] = struct{}{}
		p.running.Go(c.serve)
		p.mu.Unlock()
	}
}

// now is the fault that is to happen to a connection, and which one it is.
func (p *Proxy) now(c *conn) (Fault, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault.Kind != None && !c.met {
		c.met = true
		p.struck++
	}
	return p.fault, p.epoch
}

func (p *Proxy) leave(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// conn is a client's connection.
type conn struct {
	// Immutable after accept.
	proxy  *Proxy
	client net.Conn // in TLS where the proxy speaks that
	raw    *net.TCPConn
	over   chan struct{} // closed when the client can no longer be read

	met bool // whether a fault has; guarded by Proxy.mu
}

// reset ends the connection as a process that dies does.
func (c *conn) reset() {
	c.raw.SetLinger(0) //nolint:errcheck // it is over either way
	c.raw.Close()
}

// serve passes requests on until the connection is over.
func (c *conn) serve() {
	defer c.proxy.leave(c)
	defer c.reset()
	server, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", c.proxy.target)
	if err != nil {
		return
	}
	defer server.Close()
	var back sync.WaitGroup
	back.Go(func() { c.replies(server) })
	defer back.Wait()
	defer server.Close() // ends replies
	defer close(c.over)
	buf := make([]byte, 32<<10)
	answering := false
	for {
		n, err := c.client.Read(buf)
		if err != nil {
			if errors.Is(err, io.EOF) && !answering {
				server.(*net.TCPConn).CloseWrite()              //nolint:errcheck // the replies end it
				server.SetReadDeadline(time.Now().Add(parting)) //nolint:errcheck // the same
			}
			return
		}
		if answering {
			continue // thrown away
		}
		switch f, _ := c.proxy.now(c); f.Kind {
		case Reset, Refuse:
			c.reset() // before the server's end is passed on in good order
			return
		case Hang:
		case Answer, Endless:
			answering = true
			back.Go(func() { c.answer(f) })
		default:
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

// replies passes on what the server says.
func (c *conn) replies(server net.Conn) {
	buf := make([]byte, 32<<10)
	told, during := 0, 0 // bytes since the fault with that number
	for {
		n, err := server.Read(buf)
		if n > 0 && !c.reply(buf[:n], &told, &during) {
			c.reset()
			return
		}
		if err != nil {
			if c.client != net.Conn(c.raw) {
				c.client.Close()
			}
			c.raw.CloseWrite()                             //nolint:errcheck // the client ends it
			c.raw.SetReadDeadline(time.Now().Add(parting)) //nolint:errcheck // the same
			return
		}
	}
}

// reply passes on a piece of an answer, and says whether the connection lasts.
func (c *conn) reply(data []byte, told, during *int) bool {
	f, epoch := c.proxy.now(c)
	if epoch != *during {
		*told, *during = 0, epoch
	}
	switch f.Kind {
	case Hang, Answer, Endless:
		return true // swallowed
	case Reset, Refuse:
		return false
	case Cut:
		if left := f.After - *told; len(data) > left {
			_, _ = c.client.Write(data[:max(left, 0)])
			return false
		}
		*told += len(data)
	case Slow:
		return c.dribble(data, f, epoch)
	case None:
	}
	_, err := c.client.Write(data)
	return err == nil
}

// dribble passes on a piece of an answer slowly, for as long as it is to be slow.
func (c *conn) dribble(data []byte, f Fault, epoch int) bool {
	for len(data) > 0 {
		select {
		case <-time.After(f.Pause):
		case <-c.over:
			return false
		}
		n := min(max(f.After, 1), len(data))
		if _, at := c.proxy.now(c); at != epoch {
			n = len(data)
		}
		if _, err := c.client.Write(data[:n]); err != nil {
			return false
		}
		data = data[n:]
	}
	return true
}

// answer speaks in the server's place.
func (c *conn) answer(f Fault) {
	_, err := c.client.Write(f.Bytes)
	again := f.Bytes[max(0, len(f.Bytes)-repeated):]
	for f.Kind == Endless && err == nil {
		_, err = c.client.Write(again)
	}
	if err != nil {
		c.reset()
		return
	}
	if c.client != net.Conn(c.raw) {
		c.client.(*tls.Conn).CloseWrite() //nolint:errcheck // it is over either way
	}
	c.raw.CloseWrite()                             //nolint:errcheck // the same
	c.raw.SetReadDeadline(time.Now().Add(parting)) //nolint:errcheck // the same
}
