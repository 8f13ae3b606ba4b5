package server

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// crossOrigin decides what pages of other origins may do. Those allowed may do all that
// our own page may, with the browser's cookies. Others are told nothing by their browser,
// and may change nothing: some requests browsers send without asking us first, a form's
// for one, and with the cookie.
func (s *Server) crossOrigin(c *gin.Context) {
	r := c.Request
	origin := r.Header.Get("Origin")
	if origin == "" {
		if s.cookieChanges(r) {
			s.fail(c, errNoOrigin)
		}
		return
	}
	c.Writer.Header().Add("Vary", "Origin")
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	if !s.ownOrigin(r) {
		if preflight || s.mayChange(r) {
			s.fail(c, newProblem(http.StatusForbidden, codeForbidden,
				fmt.Sprintf("Pages from %s may not change anything here; add it to ALLOWED_ORIGINS.", origin)))
		}
		return
	}
	if !s.namedOrigin(r, origin) {
		return
	}
	c.Header("Access-Control-Allow-Origin", origin)
	c.Header("Access-Control-Allow-Credentials", "true")
	if !preflight {
		c.Header("Access-Control-Expose-Headers", "Content-Disposition, ETag, Location, Retry-After, X-Request-Id")
		return
	}
	c.Header("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
	if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
		c.Header("Access-Control-Allow-Headers", wanted) // whoever is allowed may send any
	}
	c.Header("Access-Control-Max-Age", "7200") // the longest that Chromium keeps it
	c.AbortWithStatus(http.StatusNoContent)
}

var errNoOrigin = newProblem(http.StatusForbidden, codeForbidden,
	"A request that changes something with the login's cookie needs an Origin, as browsers send it; a program sends the token as Authorization: Bearer.")

// cookieChanges says whether a request without an Origin would change something by its
// cookie's login. Browsers send an Origin with what may change something, or say at least
// whose page it was.
func (s *Server) cookieChanges(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	}
	if r.URL.Path == "/api/auth/logout" { // which needs no login, and takes nothing but one
		return false
	}
	if r.Header.Get("Authorization") != "" {
		return false
	}
	for _, cookie := range r.CookiesNamed(tokenCookie) {
		if _, err := s.claims(r.Context(), cookie.Value); err == nil {
			return true
		}
	}
	return false
}

// mayChange says whether a request can change something that its browser has sent of its
// own accord: with the cookie, or with nothing. A page that sets Authorization is asked
// about beforehand, and a program has no Origin.
func (s *Server) mayChange(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	_, err := r.Cookie(tokenCookie)
	return err == nil || r.Header.Get("Authorization") == ""
}

// ownOrigin says whether a request comes from a page of this server's own, as the browser
// sees it, or of an origin that is allowed. What has no Origin is no page.
func (s *Server) ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	// The browser's own word counts where a proxy has changed the Host; no page can set it.
	return origin == "" || r.Header.Get("Sec-Fetch-Site") == "same-origin" || s.namedOrigin(r, origin)
}

// namedOrigin says whether an origin is one of those allowed, or this server's host.
func (s *Server) namedOrigin(r *http.Request, origin string) bool {
	if slices.Contains(s.cfg.AllowedOrigins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	// Whoever can forge plain HTTP must not gain what HTTPS protects.
	if u.Scheme == "http" && s.secure(r) {
		return false
	}
	return sameHost(u, s.publicHost(r))
}

// withFrontend adds the origin of the pages that people see, if they are not ours.
func withFrontend(allowed []string, frontend string) []string {
	u, err := url.Parse(frontend)
	if err != nil || u.Host == "" {
		return allowed
	}
	return slices.Concat(allowed, []string{strings.ToLower(u.Scheme + "://" + u.Host)})
}

// sameHost compares hosts with their ports, a scheme's own port counting as none.
func sameHost(u *url.URL, host string) bool {
	port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if port == "" {
		return false
	}
	full := func(hostport string) string {
		if _, _, err := net.SplitHostPort(hostport); err != nil {
			return net.JoinHostPort(hostport, port)
		}
		return hostport
	}
	return strings.EqualFold(full(u.Host), full(host))
}
