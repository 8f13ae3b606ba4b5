package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"

	"avatarforge/auth"
	"avatarforge/session"
)

const realtimeSubprotocol = "realtime"

// realtime is GET /v1/realtime: everything that can be refused is refused before the
// upgrade, as an ordinary response.
func (s *Server) realtime(c *gin.Context) {
	opening, login, err := s.handshake(c.Request)
	if err != nil {
		s.fail(c, err)
		return
	}
	sess, att, err := s.attach(c.Request.Context(), opening)
	if err != nil {
		s.fail(c, err)
		return
	}
	h := &smallHijacker{ResponseWriter: c.Writer, writeTimeout: s.cfg.WriteTimeout}
	ws, err := websocket.Accept(h, c.Request, &websocket.AcceptOptions{
		Subprotocols:       []string{realtimeSubprotocol},
		InsecureSkipVerify: true, // ownOrigin has looked
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		// Accept has answered. Whoever began a session that it cannot reach may resume it.
		sess.Detach(att, session.Ending{Reason: "the upgrade failed"})
		s.log.Debug("upgrade failed", slog.Any("error", err))
		return
	}
	c.Abort()
	if !s.conns.serve(newConn(s, ws, h.conn, sess, att, login)) {
		sess.Detach(att, session.Ending{Reason: "the server is going away"})
		ws.Close(websocket.StatusGoingAway, "the server is going away")
	}
}

// handshake reads what a client asks for.
func (s *Server) handshake(r *http.Request) (session.Opening, auth.Claims, error) {
	var (
		o     session.Opening
		login auth.Claims
	)
	if !validUpgrade(r) {
		return o, login, newProblem(http.StatusBadRequest, codeInvalidRequest, "This address speaks WebSocket; connect with a WebSocket client.")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return o, login, badQuery("query", "It cannot be read.", r.URL.RawQuery)
	}
	o.Model, o.Character, o.Session = query.Get("model"), query.Get("character"), query.Get("session")
	switch queue := query.Get("queue"); queue {
	case "", "0":
	case "1":
		o.Queue = true
	default:
		return o, login, badQuery("queue", "It can be 0 or 1.", queue)
	}
	if v := query.Get("last_event"); v != "" {
		if o.Last, err = strconv.ParseUint(v, 10, 63); err != nil {
			return o, login, badQuery("last_event", "It is the number of the last event seen, 0 or more.", v)
		}
		if o.Session == "" && o.Last > 0 {
			return o, login, badQuery("last_event", "It goes with session.", v)
		}
	}
	if !s.ownOrigin(r) {
		return o, login, newProblem(http.StatusForbidden, codeForbidden,
			fmt.Sprintf("Pages from %s may not connect; add it to ALLOWED_ORIGINS.", r.Header.Get("Origin")))
	}
	login, err = s.login(r)
	o.Owner = login.User
	return o, login, err
}

// validUpgrade says whether the upgrade would succeed (RFC 6455, section 4.2.1): it is
// looked at before the request takes a slot, or a session from its listener.
func validUpgrade(r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
	return headerHas(r.Header, "Upgrade", "websocket") && headerHas(r.Header, "Connection", "Upgrade") &&
		r.Header.Get("Sec-WebSocket-Version") == "13" && err == nil && len(key) == 16 && r.ProtoAtLeast(1, 1)
}

func badQuery(name, message, value string) *problem {
	p := newProblem(http.StatusBadRequest, codeInvalidRequest, "The query parameter "+name+" is wrong: "+message)
	p.Errors = []fieldProblem{{Location: "query." + name, Message: message, Value: value}}
	return p
}

// attach opens the session and becomes its listener. A session that ends in between is
// opened again: it is restored then.
func (s *Server) attach(ctx context.Context, o session.Opening) (*session.Session, *session.Attachment, error) {
	for range 3 {
		sess, err := s.cfg.Registry.Open(ctx, o)
		if err != nil {
			return nil, nil, err
		}
		att, err := sess.Attach(ctx, o.Last)
		if !errors.Is(err, session.ErrEnded) {
			return sess, att, err
		}
		<-sess.Done()
		o.Session = sess.ID()
	}
	return nil, nil, session.ErrEnded
}

func headerHas(h http.Header, name, token string) bool {
	for _, list := range h.Values(name) {
		for v := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(v), token) {
				return true
			}
		}
	}
	return false
}
