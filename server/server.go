package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"avatarforge/auth"
	"avatarforge/session"
	"avatarforge/tts"
)

// Config is what a Server serves, and how. Registry, Characters and Voices are needed;
// the zero value of the rest works.
type Config struct {
	Registry   *session.Registry
	Characters *Cast
	Voices     *tts.Voices
	Page       fs.FS // the chat room; nil where it was not built

	AllowedOrigins []string       // beside the server's own host, as scheme://host[:port]
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and -Proto count
	AuthRequired   bool           // refuse who has no valid token
	Tokens         *auth.Tokens   // nil knows nobody

	WriteTimeout time.Duration // for a frame to leave; zero means 15 s
	PingInterval time.Duration // zero means 30 s

	Ready   func(context.Context) error // says why not; nil is always ready
	Metrics *prometheus.Registry        // nil serves none
	Log     *slog.Logger                // nil discards
}

// Server answers HTTP. Its handlers may run at once.
type Server struct {
	cfg     Config // Immutable after New.
	engine  *gin.Engine
	log     *slog.Logger
	metrics *metrics

	draining atomic.Bool
	conns    sync.WaitGroup // the goroutines of WebSockets
}

// New builds the routes.
func New(cfg Config) *Server {
	if cfg.WriteTimeout <= 0 {
		cfg.WriteTimeout = 15 * time.Second
	}
	if cfg.PingInterval <= 0 {
		cfg.PingInterval = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, log: cfg.Log, engine: gin.New(), metrics: newMetrics(cfg.Metrics)}
	s.engine.HandleMethodNotAllowed = true
	s.engine.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, v any) {
		s.fail(c, fmt.Errorf("panic: %v", v))
	}))
	s.engine.NoRoute(func(c *gin.Context) {
		s.fail(c, newProblem(http.StatusNotFound, codeNotFound, "There is nothing at this address."))
	})
	s.engine.NoMethod(func(c *gin.Context) {
		s.fail(c, newProblem(http.StatusMethodNotAllowed, codeNotAllowed, "This address does not take "+c.Request.Method+"."))
	})
	s.routes()
	return s
}

func (s *Server) routes() {
	r := s.engine
	r.GET("/livez", func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	r.GET("/readyz", s.ready)
	if s.cfg.Metrics != nil {
		r.GET("/metrics", gin.WrapH(promhttp.HandlerFor(s.cfg.Metrics, promhttp.HandlerOpts{})))
	}
	r.GET("/v1/realtime", s.realtime)
	s.apiRoutes()
	s.pageRoutes()
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// ready says whether the server takes new conversations.
func (s *Server) ready(c *gin.Context) {
	if s.draining.Load() {
		s.fail(c, session.ErrClosing)
		return
	}
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(c.Request.Context()); err != nil {
			c.String(http.StatusServiceUnavailable, "not ready: %v", err)
			return
		}
	}
	c.String(http.StatusOK, "ready")
}

// Drain makes the server refuse new conversations, lets running responses finish while
// ctx lasts, and waits until every WebSocket has been closed. It may be called twice.
func (s *Server) Drain(ctx context.Context) {
	s.draining.Store(true)
	s.cfg.Registry.Close(ctx)
	s.conns.Wait()
}

// trusted says whether the request came through a proxy whose headers count.
func (s *Server) trusted(r *http.Request) bool {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := addr.Addr().Unmap()
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// ownOrigin says whether a browser's Origin is this server's own host, as the browser
// sees it, or one of those allowed.
func (s *Server) ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true // not a browser
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	host := r.Host
	if s.trusted(r) {
		if h := r.Header.Get("X-Forwarded-Host"); h != "" {
			host = h
		}
	}
	if sameHost(u, host) {
		return true
	}
	for _, allowed := range s.cfg.AllowedOrigins {
		if allowed == "*" || origin == allowed {
			return true
		}
	}
	return false
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
	return full(u.Host) == full(host)
}

// errUnauthenticated says that a token is needed and none that counts was given.
var errUnauthenticated = newProblem(http.StatusUnauthorized, codeUnauthenticated, "Log in first: this server answers only to people it knows.")

// owner is who asks. A token that does not count is as none, unless one is needed.
func (s *Server) owner(token string) (string, error) {
	if s.cfg.Tokens != nil && token != "" {
		user, err := s.cfg.Tokens.Verify(token)
		if err == nil {
			return user, nil
		}
		if !errors.Is(err, auth.ErrInvalid) {
			return "", err
		}
	}
	if s.cfg.AuthRequired {
		return "", errUnauthenticated
	}
	return session.Anonymous, nil
}
