package server

import (
	"context"
	"encoding/json"
	"log/slog"
)

// notice is what an instance tells all others of what concerns live sessions, wherever they
// are. One of its fields is set.
type notice struct {
	Facts  *factsNotice `json:"facts,omitempty"`
	Logout string       `json:"logout,omitempty"` // the id of a login that is over
	Gone   string       `json:"gone,omitempty"`   // a user whose account has been deleted
}

// factsNotice says that a character knows other facts of somebody than before.
type factsNotice struct {
	Owner     string `json:"owner"`
	Character string `json:"character"`
}

// tell tells all other instances. One that does not hear of it finds out later.
func (s *Server) tell(ctx context.Context, n notice) {
	if s.cfg.Peers == nil {
		return
	}
	text, err := json.Marshal(n)
	if err == nil {
		err = s.cfg.Peers.Tell(ctx, string(text))
	}
	if err != nil {
		s.log.Warn("the other instances could not be told of a change", slog.Any("error", err))
	}
}

// Hear takes up what another instance has told.
func (s *Server) Hear(ctx context.Context, text string) {
	var n notice
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		s.log.Warn("another instance tells what this one does not know; are they of different versions?", slog.Any("error", err))
		return
	}
	switch {
	case n.Facts != nil:
		s.cfg.Registry.FactsChanged(ctx, n.Facts.Owner, n.Facts.Character)
	case n.Logout != "":
		s.conns.logout(n.Logout)
	case n.Gone != "":
		s.userGone(ctx, n.Gone)
	}
}

// factsChanged has live sessions, here and elsewhere, know what a character knows by now.
func (s *Server) factsChanged(ctx context.Context, owner, character string) {
	s.cfg.Registry.FactsChanged(ctx, owner, character)
	s.tell(ctx, notice{Facts: &factsNotice{owner, character}})
}
