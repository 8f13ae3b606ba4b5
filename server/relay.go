package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"avatarforge/auth"
)

// Peers are the other instances, any of which may have a session. Safe for use by several
// goroutines.
type Peers interface {
	// Owner is the instance, other than this one, that has a session; empty where none is
	// known to.
	Owner(ctx context.Context, session string) (instance string, err error)
	// Dial connects to the one whose Relayed handler serves there.
	Dial(ctx context.Context, instance string) (PeerConn, error)
	// Tell tells all of them what Hear takes up. Who cannot be reached is not told.
	Tell(ctx context.Context, text string) error
	// Forget deletes what is kept among the instances of a user who is gone and of these
	// sessions of theirs; key is what their requests are counted by. The error is that it
	// cannot be done at the moment: all of it ends by itself.
	Forget(ctx context.Context, key string, sessions []string) error
}

// PeerConn is a connection to another instance.
type PeerConn interface {
	net.Conn
	// Leave tells the other end that this instance is going away.
	Leave()
	// Leaving is closed when the other end says so.
	Leaving() <-chan struct{}
}

const (
	// relayPatience is how long a request waits for the instance that has its session, which
	// may have died just now: longer than its claim lasts.
	relayPatience = 12 * time.Second
	// relayRetry is how often it asks.
	relayRetry = 100 * time.Millisecond
	// dialTimeout is how long an instance may take to answer.
	dialTimeout = 3 * time.Second
)

// Headers between instances. From anybody else they mean nothing.
const (
	relayHeader    = "Avatarforge-Relay"    // the request's arrival
	drainingHeader = "Avatarforge-Draining" // set where the instance that answers is going away
)

// arrival is what the instance that a client came to knows of a request, for the one that
// answers it.
type arrival struct {
	Client netip.Addr  `json:"client"`
	HTTPS  bool        `json:"https"`
	Login  auth.Claims `json:"login"`
}

type arrivalKey struct{}

// relayedFor is the arrival of a request that another instance has passed on; nil where the
// client has come here.
func relayedFor(r *http.Request) *arrival {
	e, _ := r.Context().Value(arrivalKey{}).(*arrival)
	return e
}

// Relayed answers what other instances pass on. It believes what they say of the client, so
// nobody else may reach it.
func (s *Server) Relayed() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e arrival
		if err := json.Unmarshal([]byte(r.Header.Get(relayHeader)), &e); err != nil {
			http.Error(w, "it was not passed on as this version does", http.StatusBadGateway)
			return
		}
		r.Header.Del(relayHeader)
		s.engine.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), arrivalKey{}, &e)))
	})
}

// atOwner has a request that names a session answered by the instance that has it, if that
// is another one.
func (s *Server) atOwner(c *gin.Context) {
	if relayedFor(c.Request) != nil {
		if s.draining.Load() {
			c.Header(drainingHeader, "1")
		}
		return // it is not passed on twice
	}
	id := sessionNamed(c)
	if id == "" {
		return
	}
	login, err := s.login(c.Request)
	if err != nil {
		return // its route says so
	}
	if _, here := s.cfg.Registry.Find(login.User, id); here {
		return
	}
	e := arrival{Client: s.clientIP(c.Request), HTTPS: s.secure(c.Request), Login: login}
	ctx := c.Request.Context()
	for until := time.Now().Add(relayPatience); ; {
		owner, err := s.cfg.Peers.Owner(ctx, id)
		if err != nil || owner == "" {
			return // it is opened here, or refused
		}
		err = s.relay(c, owner, &e)
		if err == nil {
			c.Abort()
			return
		}
		if !errors.Is(err, errNotRelayed) || time.Now().After(until) || ctx.Err() != nil {
			s.log.Warn("the instance that has a session cannot be reached", slog.String("session", id), slog.String("instance", owner), slog.Any("error", err))
			s.fail(c, errOwnerAway)
			return
		}
		select {
		case <-time.After(relayRetry):
		case <-ctx.Done():
		}
	}
}

// errNotRelayed says that the other instance has not taken the request up.
var errNotRelayed = errors.New("the instance does not take it")

var errOwnerAway = &problem{
	Status: http.StatusServiceUnavailable, Code: codeUnavailable, retryAfter: slotRetry,
	Detail: "The server that has this conversation cannot be reached at the moment; try again in a few seconds.",
}

// sessionNamed is the session that a request is about; empty for none, and for what its
// route will refuse.
func sessionNamed(c *gin.Context) string {
	switch c.FullPath() {
	case "/v1/realtime":
		return c.Query("session")
	case "/api/chat":
		return sessionInBody(c)
	}
	id := c.Param("session_id")
	if id == "" || !keepBody(c) {
		return ""
	}
	return id
}

// sessionInBody looks into a request's body, which stays to be read.
func sessionInBody(c *gin.Context) string {
	if !keepBody(c) || c.Request.GetBody == nil {
		return ""
	}
	body, err := c.Request.GetBody()
	if err != nil {
		return ""
	}
	var named struct {
		SessionID string `json:"session_id"`
	}
	if json.NewDecoder(body).Decode(&named) != nil {
		return "" // its route finds that out for itself
	}
	return named.SessionID
}

// keepBody reads a request's body, so that it can be passed on more than once, and still be
// read here: rewind begins it anew. It is false where the body is too long or does not come.
func keepBody(c *gin.Context) bool {
	r := c.Request
	if r.ContentLength == 0 {
		return true
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes+2))
	if err != nil || len(data) > maxBodyBytes+1 {
		rest := r.Body
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(data), rest), rest}
		return false
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	rewind(r)
	return true
}

// rewind begins a body anew that was kept.
func rewind(r *http.Request) {
	if r.GetBody != nil {
		r.Body, _ = r.GetBody() // which never fails, see keepBody
	}
}

// relay passes a request on to another instance, and its answer, or its WebSocket, back. The
// error says that nothing has been answered; it is errNotRelayed where it may be tried
// again.
func (s *Server) relay(c *gin.Context, instance string, e *arrival) (failed error) {
	head, err := json.Marshal(e)
	if err != nil {
		return err
	}
	defer rewind(c.Request)
	proxy := httputil.ReverseProxy{
		Transport: s.relays.transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: instance})
			p.Out.URL.RawQuery = p.In.URL.RawQuery // as it is: the same program reads it
			p.Out.Host = s.publicHost(p.In)
			p.Out.Header.Set(relayHeader, string(head))
			p.Out.Header.Set(requestIDHeader, requestID(p.In.Context()))
		},
		ModifyResponse: func(resp *http.Response) error {
			if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get(drainingHeader) != "" {
				return fmt.Errorf("%w: it is going away", errNotRelayed)
			}
			resp.Header.Del(drainingHeader)
			for name := range resp.Header {
				c.Writer.Header().Del(name) // the other has set it as well
			}
			return nil
		},
		ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
		ErrorLog:     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(c.Writer, c.Request)
	return failed
}
