package server

import (
	"container/list"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"golang.org/x/time/rate"

	"avatarforge/session"
)

// RateLimit is how often a client may ask for what costs something. The zero value is no
// limit.
type RateLimit struct {
	PerSecond float64
	Burst     int // requests at once, 1 or more
}

// limited makes an operation count against its caller's rate limit: for whatever makes a
// model write, a voice speak or a picture turn. It may be put before or after owned.
func (s *Server) limited(op huma.Operation) huma.Operation {
	op.Middlewares = append(op.Middlewares, func(c huma.Context, next func(huma.Context)) {
		g := humagin.Unwrap(c)
		if err := s.withinRate(g.Request); err != nil {
			s.fail(g, err)
			return
		}
		next(c)
	})
	op.Errors = append(op.Errors, http.StatusTooManyRequests)
	return op
}

// withinRate counts a request; the error is the problem of one that is too many.
func (s *Server) withinRate(r *http.Request) error {
	if s.limiter == nil {
		return nil
	}
	wait := s.countRequest(r.Context(), s.clientKey(r))
	if wait <= 0 {
		return nil
	}
	p := newProblem(http.StatusTooManyRequests, codeRateLimited,
		fmt.Sprintf("Too many requests; this server takes %s from each client. Wait as long as Retry-After says.", s.limiter))
	p.retryAfter = wait
	return p
}

// Rates counts what clients ask for, for all instances together. Safe for use by several
// goroutines.
type Rates interface {
	// Take counts one request against a key's budget: burst of them at once, each of which
	// comes back after every. wait is how long it is until the next one may come, zero where
	// this one has counted. The error is that there is no telling at the moment.
	Take(ctx context.Context, key string, every time.Duration, burst int) (wait time.Duration, err error)
}

// countRequest counts a request of a client's, or says how long to wait before the next one,
// in whole seconds. It counts for all instances; where that cannot be done, for this one.
func (s *Server) countRequest(ctx context.Context, key string) (wait time.Duration) {
	if s.cfg.Rates != nil {
		if wait, err := s.cfg.Rates.Take(ctx, key, s.limiter.every(), s.limiter.limit.Burst); err == nil {
			return wholeSeconds(wait)
		}
	}
	return s.limiter.take(key, time.Now())
}

// wholeSeconds is a time as Retry-After says it: no sooner.
func wholeSeconds(d time.Duration) time.Duration {
	return time.Duration(math.Ceil(d.Seconds())) * time.Second
}

// clientKey names whose requests are counted together: a user's, wherever they are, or an
// address's. IPv6 gives every household a /64 at least.
func (s *Server) clientKey(r *http.Request) string {
	if owner, err := s.caller(r); err == nil && owner != session.Anonymous {
		return userKey(owner)
	}
	ip := s.clientIP(r)
	if ip.Is6() {
		return netip.PrefixFrom(ip, 64).Masked().String()
	}
	return ip.String()
}

// userKey names whose requests are counted together who are known.
func userKey(user string) string { return "user " + user }

// maxBuckets bounds what a limiter remembers: some 20 MB.
const maxBuckets = 1 << 16

// limiter is a token bucket for each client. It forgets those that are full again, and
// those that have not been asked for the longest where they become too many. Safe for use
// by several goroutines.
type limiter struct {
	limit  RateLimit     // Immutable.
	refill time.Duration // in which an empty bucket becomes full. Immutable.

	mu      sync.Mutex
	buckets map[string]*list.Element
	order   *list.List // of *bucket, the last one asked for in front
}

type bucket struct {
	key   string
	rate  *rate.Limiter
	asked time.Time
}

// newLimiter is nil for no limit.
func newLimiter(limit RateLimit) *limiter {
	if limit.PerSecond <= 0 {
		return nil
	}
	limit.Burst = max(1, limit.Burst)
	return &limiter{
		limit:   limit,
		refill:  time.Duration(float64(limit.Burst) / limit.PerSecond * float64(time.Second)),
		buckets: make(map[string]*list.Element),
		order:   list.New(),
	}
}

// take counts a request, or says how long to wait before the next one, in whole seconds.
func (l *limiter) take(key string, now time.Time) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetLocked(now)
	at, known := l.buckets[key]
	if !known {
		at = l.order.PushFront(&bucket{key: key, rate: rate.NewLimiter(rate.Limit(l.limit.PerSecond), l.limit.Burst)})
		l.buckets[key] = at
	}
	l.order.MoveToFront(at)
	b := at.Value.(*bucket)
	b.asked = now
	r := b.rate.ReserveN(now, 1)
	delay := r.DelayFrom(now)
	if delay == 0 {
		return 0
	}
	r.CancelAt(now)
	return wholeSeconds(delay)
}

// every is the time in which one more request comes.
func (l *limiter) every() time.Duration {
	return time.Duration(float64(time.Second) / l.limit.PerSecond)
}

// forgetLocked drops the buckets that are full again, and makes room for one more.
func (l *limiter) forgetLocked(now time.Time) {
	for last := l.order.Back(); last != nil; last = l.order.Back() {
		b := last.Value.(*bucket)
		if now.Sub(b.asked) < l.refill && l.order.Len() < maxBuckets {
			return
		}
		delete(l.buckets, b.key)
		l.order.Remove(last)
	}
}

// String is the limit in words.
func (l *limiter) String() string {
	per, count := "a second", l.limit.PerSecond
	switch {
	case count < 1.0/60:
		per, count = "an hour", count*3600
	case count < 1:
		per, count = "a minute", count*60
	}
	return fmt.Sprintf("%.3g requests %s, %d at once,", count, per, l.limit.Burst)
}
