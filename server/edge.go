package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// edge is what every request passes before its route: a number to be found by, a line in
// the log, headers for browsers, and who may ask from where. The routes that are not
// there pass it as well.
func (s *Server) edge() []gin.HandlerFunc {
	return []gin.HandlerFunc{
		brokenOff,
		numbered,
		s.logged,
		s.traced,
		gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, v any) { s.fail(c, fmt.Errorf("panic: %v", v)) }),
		guarded,
		s.paced,
		s.crossOrigin,
	}
}

// brokenOff breaks the connection of a response that was given up by panicking with
// http.ErrAbortHandler. The recovery would end it as if it were whole.
func brokenOff(c *gin.Context) {
	c.Next()
	if err := c.Errors.Last(); err != nil && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
}

// requestIDHeader carries a request's id: a proxy's, or else one of ours.
const requestIDHeader = "X-Request-Id"

type requestIDKey struct{}

// requestID is the id of the request that a context belongs to, and empty for none. It is
// in the answer, in the log and in problems, so that they can be brought together.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// numbered gives a request its id.
func numbered(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if !saneID(id) {
		id = uuid.NewString()
	}
	c.Header(requestIDHeader, id)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestIDKey{}, id))
}

// maxRequestID is how long an id may be that is taken from a client, in bytes.
const maxRequestID = 128

// saneID says whether a client's id can be shown in logs and headers as it is.
func saneID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		b := id[i]
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && !strings.ContainsRune("-_.:+/=", rune(b)) {
			return false
		}
	}
	return true
}

// logged writes a line for each request, when it has been answered. The query is left
// out: it can hold tokens, and words that somebody has said. What orchestrators and
// browsers ask for without anybody's doing is for those who debug.
func (s *Server) logged(c *gin.Context) {
	begin := time.Now()
	c.Next()
	level := slog.LevelInfo
	if quiet(c) {
		level = slog.LevelDebug
	}
	ctx := c.Request.Context()
	if !s.log.Enabled(ctx, level) {
		return
	}
	s.log.LogAttrs(ctx, level, "request",
		slog.String("request_id", requestID(ctx)),
		slog.String("method", c.Request.Method),
		slog.String("path", c.Request.URL.Path),
		slog.Int("status", c.Writer.Status()),
		slog.Int("bytes", max(0, c.Writer.Size())),
		slog.Float64("ms", float64(time.Since(begin).Microseconds())/1000),
		slog.String("client", s.clientIP(c.Request).String()),
	)
}

// quiet says whether nobody wants to read of a request that went well: probes, and the
// files of the page.
func quiet(c *gin.Context) bool {
	if c.Writer.Status() >= http.StatusInternalServerError {
		return false
	}
	switch path := c.Request.URL.Path; path {
	case "/livez", "/readyz", "/metrics", "/api/health", "/favicon.svg", "/favicon.ico":
		return true
	default:
		return strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/images/")
	}
}

// Content security policies. What is no page may load nothing, should a browser ever
// take it for one. The routes of pages set their own.
const (
	dataPolicy = "default-src 'none'; frame-ancestors 'none'"

	// pagePolicy is for the chat room, which loads from this server only. Sound and
	// pictures that it has made itself are blobs, and so are the workers that libraries
	// start.
	pagePolicy = "default-src 'self'; img-src 'self' data: blob: https:; media-src 'self' blob:; worker-src 'self' blob:; " +
		"connect-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

// policyHeader is a Content-Security-Policy's name.
const policyHeader = "Content-Security-Policy"

// guarded sets the headers that keep browsers from guessing, telling and framing.
func guarded(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Referrer-Policy", "same-origin")
	c.Header(policyHeader, dataPolicy)
}
