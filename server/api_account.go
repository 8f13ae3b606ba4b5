package server

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/store"
)

const (
	zipType = "application/zip"
	// exportBuffer is how much of an export is written at once.
	exportBuffer = 64 << 10
	// goodbye is how long the end of somebody's conversations is waited for: they end, but the last that is
	// written of one may wait for the database.
	goodbye = 5 * time.Second
)

// accountGone is how conversations end whose owner has deleted their account.
var accountGone = session.Ending{Code: realtime.ClosePolicyViolation, Reason: "the account was deleted"}

type (
	erasedAccount struct {
		ID           string `json:"id" example:"7b1f9f0e-3c1c-4d0b-9f5e-0e8a4c2d6b1a" doc:"Of the user that is gone."`
		FilesPending bool   `json:"files_pending" doc:"Whether some files could not be deleted yet; the server goes on until they are."`
	}
	erasedAnswer struct {
		CacheControl string `header:"Cache-Control"`
		Body         envelope[erasedAccount]
	}
)

func (s *Server) accountRoutes(api huma.API) {
	if s.cfg.Accounts == nil {
		return
	}
	export := operation("exportMe", http.MethodGet, "/api/me/export", tagAuth, "All that is kept of the caller, as a ZIP file",
		"`account.json`, `characters.json`, `facts.json`, `audio.json`, `figures.json`, `sessions/ID.json` for each conversation, with its "+
			"messages and summaries; the files themselves in `audio/`, `pictures/`, `models/` and `portraits/`. It is written while it is sent: "+
			"one that breaks off is no whole ZIP file.")
	export.Responses = map[string]*huma.Response{
		"200": {Description: "The ZIP file", Content: map[string]*huma.MediaType{
			zipType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		}},
	}
	handle(api, s.limited(s.personal(export)), s.exportMe)

	erase := operation("eraseMe", http.MethodDelete, "/api/me", tagAuth, "Delete the caller's account and all that is theirs",
		"Characters, conversations, facts, summaries, speech, pictures and models; conversations under way end (1008), every login "+
			"of theirs is over, and the cookie is cleared. It cannot be undone. Whoever logs in again afterwards is a new user.",
		"Once it is answered the database has nothing of them; files that could not be deleted at once are deleted later.")
	erase.Errors = []int{http.StatusForbidden, http.StatusServiceUnavailable}
	handle(api, s.personal(erase), s.eraseMe)
}

func (s *Server) exportMe(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	owner := ownerOf(ctx)
	return &huma.StreamResponse{Body: func(c huma.Context) {
		g := humagin.Unwrap(c)
		header := g.Writer.Header()
		header.Set("Content-Type", zipType)
		header.Set("Content-Disposition", `attachment; filename="avatarforge-export.zip"`)
		header.Set("Cache-Control", "no-store")
		header.Set("X-Accel-Buffering", "no")
		patient := s.patient(g.Writer)
		defer patient.end()
		out := bufio.NewWriterSize(patient, exportBuffer)
		err := s.cfg.Accounts.Export(g.Request.Context(), out, owner)
		if err == nil {
			err = out.Flush()
		}
		if err == nil {
			return
		}
		if context.Cause(g.Request.Context()) == nil {
			s.log.Warn("an export broke off", slog.String("user", owner), slog.Any("error", err))
		}
		panic(http.ErrAbortHandler) // or the client would take it for whole
	}}, nil
}

// meGone is a request to delete who sends it.
type meGone struct{ browser }

// userGone ends what a user has under way whose account has been deleted.
func (s *Server) userGone(ctx context.Context, user string) {
	s.revoked.UserGone(user)
	end, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	s.cfg.Registry.EndAll(end, user, accountGone)
}

// forgetUser deletes what is kept among the instances of a user whose conversations have ended.
func (s *Server) forgetUser(ctx context.Context, user string, sessions []string) {
	if s.cfg.Peers == nil {
		return
	}
	if err := s.cfg.Peers.Forget(ctx, userKey(user), sessions); err != nil {
		s.log.Warn("what instances have left for one another of somebody who is gone ends by itself, and not at once", slog.Any("error", err))
	}
}

func (s *Server) eraseMe(ctx context.Context, in *meGone) (*erasedAnswer, error) {
	owner := ownerOf(ctx)
	var sessions []string // for forgetUser, which cannot read them when they are gone
	if s.cfg.Peers != nil {
		var err error
		if sessions, err = s.db.SessionIDs(ctx, owner); err != nil {
			return nil, err
		}
	}
	whole, err := s.cfg.Accounts.Erase(ctx, owner)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnauthenticated // deleted a moment ago
	}
	// Also where it is not certain: what is under way would only be in the way of who goes on with it.
	s.tell(ctx, notice{Gone: owner})
	s.userGone(context.WithoutCancel(ctx), owner)
	s.forgetUser(context.WithoutCancel(ctx), owner, sessions)
	if err != nil {
		return nil, err
	}
	s.log.Info("an account was deleted", slog.String("request_id", requestID(ctx)), slog.String("user", owner), slog.Bool("files_pending", !whole))
	s.setCookie(in.gin, tokenCookie, "/", "", 0)
	return &erasedAnswer{"no-store", envelope[erasedAccount]{Success: true, Data: erasedAccount{owner, !whole}}}, nil
}
