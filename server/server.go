package server

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"

	"avatarforge/account"
	"avatarforge/auth"
	"avatarforge/avatar"
	"avatarforge/session"
	"avatarforge/speech"
	"avatarforge/store"
	"avatarforge/tts"
)

// Config is what a Server serves, and how. Registry, Characters, Voices and Speech are needed;
// the zero value of the rest works.
type Config struct {
	Registry   *session.Registry
	Characters *Cast
	Voices     *tts.Voices
	Speech     *speech.Studio
	Author     Author
	Figures    *avatar.Workshop // nil makes none
	Page       fs.FS            // the chat room; nil where it was not built

	Transcripts *Transcripts // nil keeps none
	Memories    *Memories    // nil remembers nothing
	Peers       Peers        // nil where this is the only instance

	Accounts *account.Accounts // nil gives and takes nobody's away

	AllowedOrigins []string       // beside the server's own host, as scheme://host[:port]
	TrustedProxies []netip.Prefix // whose X-Forwarded-For, -Proto and -Host count
	RateLimit      RateLimit      // on chat, speech and generation; zero means none
	Rates          Rates          // what all instances count RateLimit by; nil where this is the only one
	AuthRequired   bool           // refuse who has no valid token
	Tokens         *auth.Tokens   // nil knows nobody
	Login          *auth.Login    // nil: nobody can log in
	FrontendURL    string         // where people are sent after logging in or out, without a slash at its end; empty means this server

	BodyTimeout  time.Duration // for each 128 KiB of a request's body to come; zero means 10 s
	WriteTimeout time.Duration // for a frame to leave; zero means 15 s
	PingInterval time.Duration // zero means 30 s

	DefaultModel string                                  // the LLM's name
	Models       func(context.Context) ([]string, error) // what the LLM server has, the default first; nil knows the default alone
	Probes       map[Part]Probe                          // what is not in it is disabled

	Ready   func(context.Context) error // says why not; nil is always ready
	Metrics *prometheus.Registry        // nil serves none
	Tracer  trace.Tracer                // nil traces nothing
	Log     *slog.Logger                // nil discards
}

// Server answers HTTP. Its handlers may run at once.
type Server struct {
	// Immutable after New.
	cfg        Config
	engine     *gin.Engine
	log        *slog.Logger
	metrics    *metrics
	limiter    *limiter // nil where there is no limit
	started    time.Time
	parts      *cached[*partsHealth]
	modelNames *cached[[]string]
	site       site
	db         *store.Store // the Cast's: there is one for everything
	revoked    *auth.Revoked

	draining atomic.Bool
	conns    *connections
	relays   *relays // nil where this is the only instance
}

// New builds the routes.
func New(cfg Config) *Server {
	if cfg.BodyTimeout <= 0 {
		cfg.BodyTimeout = 10 * time.Second
	}
	if cfg.WriteTimeout <= 0 {
		cfg.WriteTimeout = 15 * time.Second
	}
	if cfg.PingInterval <= 0 {
		cfg.PingInterval = 30 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.AllowedOrigins = withFrontend(cfg.AllowedOrigins, cfg.FrontendURL)
	s := &Server{
		cfg: cfg, log: cfg.Log, engine: gin.New(), metrics: newMetrics(cfg.Metrics),
		limiter: newLimiter(cfg.RateLimit), conns: newConnections(), relays: newRelays(cfg.Peers),
		started: time.Now(), parts: newParts(cfg.Probes, cfg.Log),
		modelNames: newModelNames(cfg.Models, cfg.DefaultModel, cfg.Log),
		site:       newSite(cfg.Page, cfg.Log),
	}
	if cfg.Characters != nil { // whoever needs none of what is stored may leave it out
		s.db, s.revoked = cfg.Characters.store, auth.NewRevoked(cfg.Characters.store)
	}
	s.engine.HandleMethodNotAllowed = true
	s.engine.Use(s.edge()...)
	if cfg.Peers != nil {
		s.engine.Use(s.atOwner)
	}
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
	if s.cfg.Metrics != nil {
		r.GET("/metrics", gin.WrapH(promhttp.HandlerFor(s.cfg.Metrics, promhttp.HandlerOpts{})))
	}
	r.GET("/v1/realtime", s.realtime)
	s.apiRoutes()
	s.pageRoutes()
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Drain makes the server refuse new conversations, lets running responses finish while
// ctx lasts, and waits until every WebSocket has been closed; what is open when ctx ends is
// cut. It may be called twice.
func (s *Server) Drain(ctx context.Context) {
	s.draining.Store(true)
	s.relays.leave()
	s.cfg.Registry.Close(ctx)
	s.conns.close(ctx)
	s.relays.close(ctx)
}
