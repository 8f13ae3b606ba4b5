package memnet

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// Listener takes the connections that Dial makes. It implements net.Listener.
type Listener struct {
	conns  chan *Conn
	closed chan struct{}
	once   sync.Once
}

var _ net.Listener = (*Listener)(nil)

// Listen returns a listener of its own network.
func Listen() *Listener {
	return &Listener{conns: make(chan *Conn), closed: make(chan struct{})}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and refuses further connections. It may be called more than once.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns Addr.
func (l *Listener) Addr() net.Addr { return Addr{} }

// DialContext connects to the listener, whatever the address; its signature is that
// of http.Transport's field. It fails with ECONNREFUSED after Close.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "memnet", Addr: Addr{}, Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: "memnet", Addr: Addr{}, Err: context.Cause(ctx)}
	}
}

// URL is where the handler of a Server is found.
const URL = "http://memnet"

// Server is an HTTP server on a network of its own. Close it before the bubble ends.
type Server struct {
	listener  *Listener
	http      *http.Server
	transport *http.Transport
	served    chan struct{}
}

// Serve starts serving h.
func Serve(h http.Handler) *Server {
	l := Listen()
	s := &Server{
		listener:  l,
		http:      &http.Server{Handler: h, ReadHeaderTimeout: time.Minute},
		transport: &http.Transport{DialContext: l.DialContext, DisableCompression: true},
		served:    make(chan struct{}),
	}
	go func() { // ends with Close, which waits for it
		defer close(s.served)
		_ = s.http.Serve(l) // always http.ErrServerClosed
	}()
	return s
}

// Client returns a client whose every request goes to the handler; URL is the base
// address to give it. All callers share its connections.
func (s *Server) Client() *http.Client { return &http.Client{Transport: s.transport} }

// Close closes the listener and all connections, and waits until no more are taken.
// Handlers still running see their request's context end.
func (s *Server) Close() {
	_ = s.http.Close()
	<-s.served
	s.transport.CloseIdleConnections()
}
