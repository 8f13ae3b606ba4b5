package server

import (
	"context"
	"sync"
)

// connections are the WebSockets that are open. Safe for use by several goroutines.
type connections struct {
	mu sync.Mutex
	// Guarded by mu:
	open   map[*conn]struct{}
	closed bool          // whether no more are taken
	empty  chan struct{} // closed once closed and the last is gone
}

func newConnections() *connections {
	return &connections{open: make(map[*conn]struct{}), empty: make(chan struct{})}
}

// serve runs a connection in a goroutine of its own, or says that none are taken any more.
func (cs *connections) serve(c *conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closed {
		return false
	}
	cs.open[c] = struct{}{}
	go func() { // waited for by close
		defer cs.gone(c)
		c.serve()
	}()
	return true
}

func (cs *connections) gone(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, c)
	if cs.closed && len(cs.open) == 0 {
		close(cs.empty)
	}
}

// logout ends the connections that were opened with a login, by its id.
func (cs *connections) logout(id string) {
	cs.mu.Lock()
	var theirs []*conn
	for c := range cs.open {
		if c.login.ID == id {
			theirs = append(theirs, c)
		}
	}
	cs.mu.Unlock()
	for _, c := range theirs {
		c.session.Detach(c.att, loggedOut)
	}
}

// close takes no more connections and waits until those that are open have ended. Those
// that have not when ctx ends are cut.
func (cs *connections) close(ctx context.Context) {
	cs.mu.Lock()
	if !cs.closed {
		cs.closed = true
		if len(cs.open) == 0 {
			close(cs.empty)
		}
	}
	cs.mu.Unlock()
	select {
	case <-cs.empty:
		return
	case <-ctx.Done():
	}
	cs.mu.Lock()
	for c := range cs.open {
		c.net.Close()
	}
	cs.mu.Unlock()
	<-cs.empty
}
