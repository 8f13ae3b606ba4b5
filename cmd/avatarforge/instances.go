package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"avatarforge/cluster"
	"avatarforge/server"
	"avatarforge/session"
	"avatarforge/slots"
)

// owners is a node as sessions see it.
type owners struct{ node *cluster.Node }

// Claim implements session.Owners.
func (o owners) Claim(ctx context.Context, id string, fresh bool, lost func()) (session.Claim, error) {
	c, err := o.node.Claim(ctx, id, fresh, lost)
	var held *cluster.HeldError
	switch {
	case err == nil:
		return c, nil
	case errors.As(err, &held):
		return nil, fmt.Errorf("%w: %s", session.ErrElsewhere, held.Instance)
	case errors.Is(err, cluster.ErrUnreachable):
		return nil, fmt.Errorf("%w: %w", session.ErrOwnerUnknown, err)
	}
	return nil, err
}

// peers is what instances have in common as the server sees it.
type peers struct {
	node  *cluster.Node
	slots *slots.Redis
}

// Owner implements server.Peers.
func (p peers) Owner(ctx context.Context, id string) (string, error) {
	holder, err := p.node.Holder(ctx, id)
	if holder == p.node.Instance() {
		holder = ""
	}
	return holder, err
}

// Dial implements server.Peers.
func (p peers) Dial(ctx context.Context, instance string) (server.PeerConn, error) {
	return p.node.Dial(ctx, instance)
}

// Tell implements server.Peers.
func (p peers) Tell(ctx context.Context, text string) error { return p.node.Tell(ctx, text) }

// Forget implements server.Peers.
func (p peers) Forget(ctx context.Context, key string, sessions []string) error {
	return errors.Join(p.node.Forget(ctx, sessions, []string{key}), p.slots.Unkeep(ctx, sessions))
}

// hear has what other instances tell taken up, until stop.
func (s *shared) hear(take func(ctx context.Context, text string)) (stop func()) {
	if s.node == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var hearing sync.WaitGroup
	hearing.Go(func() {
		for {
			select {
			case text := <-s.node.Notices():
				take(ctx, text)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		hearing.Wait()
	}
}

// owners is nil where this instance is alone.
func (s *shared) owners() session.Owners {
	if s.node == nil {
		return nil
	}
	return owners{s.node}
}

// peers is nil where this instance is alone.
func (s *shared) peers() server.Peers {
	if s.node == nil {
		return nil
	}
	return peers{s.node, s.redis}
}

// rates is nil where this instance is alone.
func (s *shared) rates() server.Rates {
	if s.node == nil {
		return nil
	}
	return s.node
}

// answerPeers answers what other instances pass on, until stop, which lets requests end
// while its context lasts. It may be called twice.
func (s *shared) answerPeers(handler http.Handler, log *slog.Logger) (stop func(context.Context)) {
	if s.node == nil {
		return func(context.Context) {}
	}
	srv := newHTTPServer(handler, nil, log)
	over := make(chan struct{})
	go func() { // waited for by stop
		defer close(over)
		if err := srv.Serve(s.node.Listener()); !errors.Is(err, http.ErrServerClosed) {
			log.Error("other instances can no longer pass anything on to this one", slog.Any("error", err))
		}
	}()
	return func(ctx context.Context) {
		if srv.Shutdown(ctx) != nil {
			_ = srv.Close() // what it closes is given up
		}
		<-over
	}
}
