package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"avatarforge/session"
)

// Health says how one of the server's parts is.
type Health string

// How a part can be.
const (
	Healthy   Health = "healthy"
	Degraded  Health = "degraded" // it works in part
	Unhealthy Health = "unhealthy"
	Disabled  Health = "disabled" // nothing of its kind is configured
)

// Part is something that the server leans on.
type Part string

// The parts that GET /api/health tells of.
const (
	PartLLM      Part = "llm"
	PartTTS      Part = "tts"
	PartGen3D    Part = "gen3d"
	PartStyle    Part = "style"
	PartDatabase Part = "database"
	PartRedis    Part = "redis"
	PartBlobs    Part = "blobs"
)

// ErrDegraded is in the chain of a Probe's error where the part works all the same, but
// not as well as it should.
var ErrDegraded = errors.New("degraded")

// Probe looks how a part is: no error means healthy, one that wraps ErrDegraded
// degraded, any other unhealthy. It ends when ctx does; several may run at once, but
// each only once at a time.
type Probe func(ctx context.Context) error

const (
	// probeTimeout is what a part has to answer: monitors themselves give up after a few seconds.
	probeTimeout = 2 * time.Second
	healthAge    = time.Second
)

// health is the answer of GET /api/health. The specification ends at the timestamp.
type health struct {
	Backend   Health    `json:"backend" enum:"healthy,degraded" doc:"This server; degraded while it shuts down."`
	LLM       Health    `json:"llm" enum:"healthy,degraded,unhealthy,disabled" doc:"Ollama or vLLM."`
	TTS       Health    `json:"tts" enum:"healthy,degraded,unhealthy,disabled" doc:"GPT-SoVITS; degraded where some of several servers fail."`
	Gen3D     Health    `json:"gen3d" enum:"healthy,degraded,unhealthy,disabled" doc:"The server that turns pictures into 3D models." example:"disabled"`
	Style     Health    `json:"style" enum:"healthy,degraded,unhealthy,disabled" doc:"The server that restyles pictures." example:"disabled"`
	Timestamp time.Time `json:"timestamp" doc:"When the parts were looked at." example:"2026-01-23T15:00:00Z"`
	Database  Health    `json:"database" enum:"healthy,degraded,unhealthy,disabled"`
	Redis     Health    `json:"redis" enum:"healthy,degraded,unhealthy,disabled" example:"disabled"`
	Blobs     Health    `json:"blobs" enum:"healthy,degraded,unhealthy,disabled" doc:"Where sound and models are kept, if that is not a folder." example:"disabled"`
}

func (s *Server) systemRoutes(api huma.API) {
	op := operation("getHealth", http.MethodGet, "/api/health", tagSystem, "How the server and what it leans on are",
		"All parts are asked at once, each for two seconds at most, and the answer is kept for a second. "+
			"The status is 200 whatever they say; /readyz is for balancers.")
	handle(api, op, s.health)
	head := op // which monitors ask for
	head.OperationID, head.Method, head.Hidden = "headHealth", http.MethodHead, true
	handle(api, head, s.health)

	both := []string{http.MethodGet, http.MethodHead}
	s.engine.Match(both, "/livez", func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	s.engine.Match(both, "/readyz", s.ready)
}

func (s *Server) health(ctx context.Context, _ *struct{}) (*answer[health], error) {
	parts, err := s.parts.get(ctx)
	if err != nil {
		return nil, err
	}
	h := health{
		Backend: Healthy, Timestamp: parts.at,
		LLM: parts.of(PartLLM), TTS: parts.of(PartTTS), Gen3D: parts.of(PartGen3D), Style: parts.of(PartStyle),
		Database: parts.of(PartDatabase), Redis: parts.of(PartRedis), Blobs: parts.of(PartBlobs),
	}
	if s.draining.Load() {
		h.Backend = Degraded
	}
	return ok(h), nil
}

// partsHealth is how the parts were at a moment.
type partsHealth struct {
	at     time.Time // in whole seconds, UTC
	health map[Part]Health
}

func (p *partsHealth) of(part Part) Health {
	if h, configured := p.health[part]; configured {
		return h
	}
	return Disabled
}

// newParts looks at the parts by their probes. A change is logged, with its reason.
func newParts(probes map[Part]Probe, log *slog.Logger) *cached[*partsHealth] {
	last := map[Part]Health{}
	return newCached(healthAge, probeTimeout, func(ctx context.Context) *partsHealth {
		p := &partsHealth{at: time.Now().UTC().Truncate(time.Second), health: map[Part]Health{}}
		var mu sync.Mutex // guards p.health and last
		var all sync.WaitGroup
		for part, probe := range probes {
			all.Go(func() {
				err := probe(ctx)
				h := healthOf(err)
				mu.Lock()
				defer mu.Unlock()
				p.health[part] = h
				if before, known := last[part]; before != h && (known || h != Healthy) {
					log.Warn("health has changed", slog.String("part", string(part)), slog.String("health", string(h)), slog.Any("error", err))
				}
				last[part] = h
			})
		}
		all.Wait()
		return p
	})
}

func healthOf(err error) Health {
	switch {
	case err == nil:
		return Healthy
	case errors.Is(err, ErrDegraded):
		return Degraded
	default:
		return Unhealthy
	}
}

// ready says whether the server takes new conversations. An upstream that is down does
// not count: what works without it goes on, and every instance behind a balancer would
// be without it alike.
func (s *Server) ready(c *gin.Context) {
	if s.draining.Load() {
		s.fail(c, session.ErrClosing)
		return
	}
	if s.cfg.Ready != nil {
		ctx, cancel := context.WithTimeout(c.Request.Context(), probeTimeout)
		defer cancel()
		if err := s.cfg.Ready(ctx); err != nil {
			p := newProblem(http.StatusServiceUnavailable, codeUnavailable, "The server cannot reach its database; its log says why.")
			p.retryAfter, p.cause = slotRetry, err
			s.fail(c, p)
			return
		}
	}
	c.String(http.StatusOK, "ready")
}
