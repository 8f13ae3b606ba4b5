package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
)

// relays are the connections to other instances on which requests are passed on. Safe for
// use by several goroutines.
type relays struct {
	// Immutable after newRelays.
	peers     Peers
	transport *http.Transport

	mu sync.Mutex
	// Guarded by mu:
	open    map[*relayConn]struct{}
	leaving bool
	empty   chan struct{} // closed once leaving and the last is gone
}

// newRelays is nil where there are no other instances.
func newRelays(peers Peers) *relays {
	if peers == nil {
		return nil
	}
	rs := &relays{peers: peers, open: make(map[*relayConn]struct{}), empty: make(chan struct{})}
	rs.transport = &http.Transport{
		DialContext: rs.dial,
		// A connection costs one message each way, and an idle one a message now and then.
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
	return rs
}

// relayConn is a connection to another instance for one request.
type relayConn struct {
	PeerConn
	relays *relays
	once   sync.Once
}

func (c *relayConn) Close() error {
	c.once.Do(func() { c.relays.gone(c) })
	return c.PeerConn.Close()
}

// dial connects to the instance that a request's URL names. All that can go wrong is
// errNotRelayed.
func (rs *relays) dial(ctx context.Context, _, address string) (net.Conn, error) {
	instance, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := rs.peers.Dial(ctx, instance)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotRelayed, err)
	}
	c := &relayConn{PeerConn: conn, relays: rs}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.open[c] = struct{}{}
	if rs.leaving {
		c.Leave()
	}
	return c, nil
}

func (rs *relays) gone(c *relayConn) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.open, c)
	if rs.leaving && len(rs.open) == 0 {
		rs.closeEmptyLocked()
	}
}

func (rs *relays) closeEmptyLocked() {
	select {
	case <-rs.empty:
	default:
		close(rs.empty)
	}
}

// leave has the other instances close the WebSockets that come through this one, as it is
// going away. Their sessions go on.
func (rs *relays) leave() {
	if rs == nil {
		return
	}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.leaving = true
	for c := range rs.open {
		c.Leave()
	}
	if len(rs.open) == 0 {
		rs.closeEmptyLocked()
	}
}

// close waits until all are closed, and cuts those that are open when ctx ends.
func (rs *relays) close(ctx context.Context) {
	if rs == nil {
		return
	}
	rs.leave()
	select {
	case <-rs.empty:
		return
	case <-ctx.Done():
	}
	rs.mu.Lock()
	open := make([]*relayConn, 0, len(rs.open))
	for c := range rs.open {
		open = append(open, c)
	}
	rs.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // it is given up
	}
}
