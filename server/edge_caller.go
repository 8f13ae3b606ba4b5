package server

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"

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

// caller is who sends a request: whoever the first of its credentials that is good names.
// What is no good is as nothing, unless a login is needed.
func (s *Server) caller(r *http.Request) (string, error) {
	for token := range credentials(r) {
		user, err := s.holder(r.Context(), token)
		if err == nil || !errors.Is(err, auth.ErrInvalid) {
			return user, err
		}
	}
	if s.cfg.AuthRequired {
		return "", errUnauthenticated
	}
	return session.Anonymous, nil
}

// holder is whose token it is. The error is auth.ErrInvalid where it is no good, or says
// why that cannot be found out.
func (s *Server) holder(ctx context.Context, token string) (string, error) {
	if s.cfg.Tokens == nil {
		return "", auth.ErrInvalid
	}
	claims, err := s.cfg.Tokens.Verify(token)
	if err != nil {
		return "", err
	}
	switch revoked, err := s.revoked.Has(ctx, claims); {
	case err != nil:
		return "", err
	case revoked:
		return "", auth.ErrInvalid
	}
	return claims.User, nil
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
