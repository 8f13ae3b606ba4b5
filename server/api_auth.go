package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"avatarforge/auth"
	"avatarforge/store"
)

const (
	loginPath    = "/api/auth/google/login"
	callbackPath = "/api/auth/google/callback"
	// afterLogin is where a browser goes on, at the frontend, with or without an error.
	afterLogin = "/auth/callback"
	// loginCookie holds a login under way, for the callback alone.
	loginCookie = "login"
)

// loginProvider is the name of the login at /api/auth/google, whoever stands behind it.
const loginProvider = "google"

// me is who is logged in. The API wraps it in nothing.
type me struct {
	ID       string `json:"id" example:"7b1f9f0e-3c1c-4d0b-9f5e-0e8a4c2d6b1a" doc:"Never changes."`
	Email    string `json:"email" example:"user@example.com"`
	Username string `json:"username" example:"사용자 이름"`
	Picture  string `json:"picture" example:"https://example.com/me.jpg" doc:"An address; empty for none."`
	Provider string `json:"provider" example:"google" doc:"By which login: google is that at /api/auth/google."`
}

type (
	whoAmI struct {
		CacheControl string `header:"Cache-Control"`
		Body         me
	}
	redirect struct {
		Status   int
		Location string `header:"Location"`
	}
	// browser is a request whose headers and cookies its operation needs.
	browser struct{ gin *gin.Context }
	// finishedLogin is what a provider sends a browser back with.
	finishedLogin struct {
		browser
		Code  string `query:"code" doc:"To be exchanged for an ID token."`
		State string `query:"state" doc:"Of the login that the browser has begun."`
		Error string `query:"error" doc:"Why there is no code."`
	}
)

// Resolve is how huma hands over what its inputs do not have.
func (b *browser) Resolve(c huma.Context) []error {
	b.gin = humagin.Unwrap(c)
	return nil
}

func (s *Server) authRoutes(api huma.API) {
	login := operation("login", http.MethodGet, loginPath, tagAuth, "Log in with Google, or whom OIDC_ISSUER_URL names",
		"For a browser to go to. It comes back to `"+callbackPath+"`.")
	login.DefaultStatus = http.StatusFound
	login.Errors = []int{http.StatusServiceUnavailable}
	handle(api, login, s.beginLogin)

	callback := operation("loginCallback", http.MethodGet, callbackPath, tagAuth, "Where the provider sends a browser back to",
		"Sets the cookie `"+tokenCookie+"` and sends the browser to `"+afterLogin+"` of FRONTEND_URL; "+
			"where the login has failed, without the cookie and with the query `error`: `access_denied`, `login_expired`, "+
			"`login_failed`, `provider_error` or `provider_unavailable`. Who does not ask for HTML gets a problem instead.")
	callback.DefaultStatus = http.StatusFound
	callback.Errors = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusBadGateway, http.StatusServiceUnavailable}
	handle(api, callback, s.finishLogin)

	handle(api, s.personal(operation("me", http.MethodGet, "/api/auth/me", tagAuth, "Who is logged in",
		"In no envelope.")), s.whoAmI)

	logout := operation("logout", http.MethodPost, "/api/auth/logout", tagAuth, "Log out",
		"Ends the login that the request comes with, and the WebSockets that were opened with it (1008), clears the cookie and sends the browser to `/` of FRONTEND_URL. "+
			"A script of another server's page could not follow; it gets 204.")
	logout.DefaultStatus = http.StatusSeeOther
	logout.Errors = []int{http.StatusForbidden, http.StatusServiceUnavailable}
	handle(api, logout, s.logout)

	// Without a frontend of its own the page is at /, whatever a login has come to.
	s.engine.GET(afterLogin, func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.Redirect(http.StatusFound, (&url.URL{Path: "/", RawQuery: c.Request.URL.RawQuery}).String())
	})
	after := operation("afterLogin", http.MethodGet, afterLogin, tagAuth, "Where a browser goes on after a login, unless there is a FRONTEND_URL",
		"Sends it to `/`, with the `error` that it came with.")
	after.Responses = map[string]*huma.Response{"302": {Description: http.StatusText(http.StatusFound)}}
	describe(api, after)
}

// frontend is an address of the pages that people see. Without FRONTEND_URL it names no
// host, so that nobody can make it another's.
func (s *Server) frontend(path string) string { return s.cfg.FrontendURL + path }

// errNoLogin says that nobody can log in here, and who can change that.
var errNoLogin = newProblem(http.StatusServiceUnavailable, codeNotConfigured,
	"Nobody can log in here yet: the operator has to set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, see docs/accounts.md.")

func (s *Server) beginLogin(ctx context.Context, in *browser) (*redirect, error) {
	if s.cfg.Login == nil {
		return nil, errNoLogin
	}
	in.gin.Header("Cache-Control", "no-store")
	address, kept, err := s.cfg.Login.Begin(ctx, s.publicURL(in.gin.Request)+callbackPath)
	if err != nil {
		return s.loginFailed(in.gin, err)
	}
	s.setCookie(in.gin, loginCookie, callbackPath, kept, auth.LoginTTL)
	return &redirect{http.StatusFound, address}, nil
}

func (s *Server) finishLogin(ctx context.Context, in *finishedLogin) (*redirect, error) {
	if s.cfg.Login == nil {
		return nil, errNoLogin
	}
	in.gin.Header("Cache-Control", "no-store")
	kept, err := in.gin.Cookie(loginCookie)
	if err != nil {
		kept = "" // none was begun in this browser
	}
	s.setCookie(in.gin, loginCookie, callbackPath, "", 0)
	person, err := s.cfg.Login.Finish(ctx, kept, in.gin.Request.URL.Query())
	if err != nil {
		return s.loginFailed(in.gin, err)
	}
	user, err := s.db.UpsertUser(ctx, profile(person))
	if err != nil {
		return nil, err
	}
	token, err := s.cfg.Tokens.Issue(user.ID, time.Now())
	if err != nil {
		return nil, err
	}
	s.setCookie(in.gin, tokenCookie, "/", token, s.cfg.Tokens.TTL())
	return &redirect{http.StatusFound, s.frontend(afterLogin)}, nil
}

// profile is how a person is stored. Another issuer's subjects are other people than
// Google's of the same name.
func profile(p auth.Person) store.Profile {
	provider := loginProvider
	if p.Issuer != auth.Google {
		provider = p.Issuer
	}
	return store.Profile{Provider: provider, Subject: p.Subject, Email: p.Email, Name: p.Name, Picture: p.Picture}
}

// loginFailed sends a browser to the frontend, which can say why, and tells others.
func (s *Server) loginFailed(c *gin.Context, err error) (*redirect, error) {
	var failed *auth.LoginError
	if !errors.As(err, &failed) {
		return nil, err
	}
	p := loginProblem(failed)
	s.log.Warn("nobody was logged in", slog.String("request_id", requestID(c.Request.Context())), slog.Any("error", err))
	if !asksForPage(c) {
		return nil, p
	}
	return &redirect{http.StatusFound, s.frontend(afterLogin) + "?" + url.Values{"error": {string(failed.Reason)}}.Encode()}, nil
}

// loginProblem says why nobody has been logged in. What the provider has said is for the
// log: anybody can put words into its mouth.
func loginProblem(err *auth.LoginError) *problem {
	switch err.Reason {
	case auth.ReasonDenied:
		return newProblem(http.StatusForbidden, codeForbidden, "The login was refused; log in again, and agree this time.")
	case auth.ReasonStale:
		return newProblem(http.StatusBadRequest, codeInvalidRequest,
			"This login was begun in another browser, too long ago, or has been finished already; begin again at "+loginPath+".")
	case auth.ReasonUnavailable:
		p := newProblem(http.StatusServiceUnavailable, codeUnavailable, "The login provider cannot be reached at the moment; try again.")
		p.retryAfter = slotRetry
		return p
	case auth.ReasonProvider:
		return newProblem(http.StatusBadGateway, codeUpstreamFailed, "The login provider refuses to work with this server; its log says why.")
	case auth.ReasonFailed:
	}
	return newProblem(http.StatusUnauthorized, codeUnauthenticated, "The login provider's answer does not prove who you are; begin again at "+loginPath+".")
}

func (s *Server) whoAmI(ctx context.Context, _ *struct{}) (*whoAmI, error) {
	user, err := s.db.User(ctx, ownerOf(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUnauthenticated // deleted since
	}
	if err != nil {
		return nil, err
	}
	return &whoAmI{"no-store", me{
		ID: user.ID, Email: user.Email, Username: user.Name, Picture: user.Picture, Provider: loginProvider,
	}}, nil
}

// logout ends every login that the request comes with.
func (s *Server) logout(ctx context.Context, in *browser) (*redirect, error) {
	r := in.gin.Request
	if s.cfg.Tokens != nil {
		for token := range credentials(r) {
			claims, err := s.cfg.Tokens.Verify(token)
			if err != nil {
				continue // it is no login any more
			}
			if err := s.revoked.Add(ctx, claims); err != nil {
				return nil, err
			}
			s.conns.logout(claims.ID)
			s.tell(ctx, notice{Logout: claims.ID})
		}
	}
	s.setCookie(in.gin, tokenCookie, "/", "", 0)
	in.gin.Header("Cache-Control", "no-store")
	// A script follows redirects by itself, and fails where the other server does not
	// expect it.
	if s.cfg.FrontendURL != "" && r.Header.Get("Sec-Fetch-Dest") == "empty" {
		return &redirect{Status: http.StatusNoContent}, nil
	}
	return &redirect{http.StatusSeeOther, s.frontend("/")}, nil
}

// setCookie sets a cookie that scripts cannot read and other sites' requests do not
// carry, except when a person follows a link here. An age of zero clears it.
func (s *Server) setCookie(c *gin.Context, name, path, value string, age time.Duration) {
	cookie := http.Cookie{ //nolint:gosec // Secure where the browser speaks HTTPS
		Name: name, Path: path, Value: value, MaxAge: int(age / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(c.Request),
	}
	if age == 0 {
		cookie.MaxAge = -1
	}
	http.SetCookie(c.Writer, &cookie)
}

// publicURL is where the client has found us, without a slash at the end.
func (s *Server) publicURL(r *http.Request) string {
	scheme := "http"
	if s.secure(r) {
		scheme = "https"
	}
	return scheme + "://" + s.publicHost(r)
}

// asksForPage says whether a request is a browser's, for something to look at.
func asksForPage(c *gin.Context) bool { return strings.Contains(c.GetHeader("Accept"), "text/html") }
