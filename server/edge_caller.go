package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"avatarforge/auth"
	"avatarforge/session"
)

const (
	// tokenCookie holds a browser's token.
	tokenCookie = "access_token"
	// keySubprotocol is how a browser's WebSocket, which can set no header, gives a token.
	keySubprotocol = "openai-insecure-api-key."
)

// errUnauthenticated says that a token is needed and none that counts was given.
var errUnauthenticated = newProblem(http.StatusUnauthorized, codeUnauthenticated,
	"Log in first, at /api/auth/google/login: this is answered only to people whom the server knows.")

type ownerKey struct{}

// owned makes an operation know who asks, see ownerOf.
func (s *Server) owned(op huma.Operation) huma.Operation {
	// Either credential, or none.
	op.Security = []map[string][]string{{}, {"bearer": {}}, {"cookie": {}}}
	if s.cfg.AuthRequired {
		op.Security = op.Security[1:]
	}
	return s.knowing(op, s.caller)
}

// personal makes an operation one that needs a login, whether or not the others do.
func (s *Server) personal(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{"bearer": {}}, {"cookie": {}}}
	op.Errors = append(op.Errors, http.StatusUnauthorized)
	return s.knowing(op, func(r *http.Request) (string, error) {
		owner, err := s.caller(r)
		if err == nil && owner == session.Anonymous {
			return "", errUnauthenticated
		}
		return owner, err
	})
}

func (s *Server) knowing(op huma.Operation, who func(*http.Request) (string, error)) huma.Operation {
	op.Middlewares = append(op.Middlewares, func(c huma.Context, next func(huma.Context)) {
		g := humagin.Unwrap(c)
		owner, err := who(g.Request)
		if err != nil {
			s.fail(g, err)
			return
		}
		next(huma.WithValue(c, ownerKey{}, owner))
	})
	return op
}

// ownerOf is who asks, in an operation that is owned or personal.
func ownerOf(ctx context.Context) string {
	if owner, ok := ctx.Value(ownerKey{}).(string); ok {
		return owner
	}
	return session.Anonymous
}

// caller is who sends a request, see login.
func (s *Server) caller(r *http.Request) (string, error) {
	login, err := s.login(r)
	return login.User, err
}

// login is what the first of a request's credentials that is good says. What is no good is
// as nothing, unless a login is needed: Anonymous, without an id.
func (s *Server) login(r *http.Request) (auth.Claims, error) {
	if a := relayedFor(r); a != nil {
		return a.Login, nil
	}
	for token := range credentials(r) {
		claims, err := s.claims(r.Context(), token)
		if err == nil || !errors.Is(err, auth.ErrInvalid) {
			return claims, err
		}
	}
	if s.cfg.AuthRequired {
		return auth.Claims{}, errUnauthenticated
	}
	return auth.Claims{User: session.Anonymous}, nil
}

// claims is what a token says. The error is auth.ErrInvalid where it is no good, or says
// why that cannot be found out.
func (s *Server) claims(ctx context.Context, token string) (auth.Claims, error) {
	if s.cfg.Tokens == nil {
		return auth.Claims{}, auth.ErrInvalid
	}
	claims, err := s.cfg.Tokens.Verify(token)
	if err != nil {
		return auth.Claims{}, err
	}
	return claims, s.valid(ctx, claims)
}

// valid says whether a login still counts. The error is as for claims.
func (s *Server) valid(ctx context.Context, login auth.Claims) error {
	if !time.Now().Before(login.Expires) {
		return fmt.Errorf("%w: it has expired", auth.ErrInvalid)
	}
	switch revoked, err := s.revoked.Has(ctx, login); {
	case err != nil:
		return err
	case revoked:
		return fmt.Errorf("%w: it has been revoked", auth.ErrInvalid)
	}
	return nil
}

// credentials are the tokens that a request offers, from wherever they may be.
func credentials(r *http.Request) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, header := range r.Header.Values("Authorization") {
			scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
			if strings.EqualFold(scheme, "Bearer") && !yield(strings.TrimSpace(token)) {
				return
			}
		}
		for _, list := range r.Header.Values("Sec-WebSocket-Protocol") {
			for offered := range strings.SplitSeq(list, ",") {
				if token, ok := strings.CutPrefix(strings.TrimSpace(offered), keySubprotocol); ok && !yield(token) {
					return
				}
			}
		}
		for _, cookie := range r.CookiesNamed(tokenCookie) {
			if !yield(cookie.Value) {
				return
			}
		}
	}
}
