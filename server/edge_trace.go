package server

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced makes a span of each request that somebody would want to read of. It says the route, never the path or the
// query: those name people and things. That of a WebSocket ends with its handshake; its turns have spans of
// their own. A traceparent counts where a trusted proxy passes it on: anybody else could join other people's traces.
func (s *Server) traced(c *gin.Context) {
	if s.cfg.Tracer == nil || quiet(c) {
		return
	}
	ctx := c.Request.Context()
	if s.trusted(c.Request) {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(c.Request.Header))
	}
	route := c.FullPath()
	if route == "" {
		route = "unknown"
	}
	ctx, span := s.cfg.Tracer.Start(ctx, c.Request.Method+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", c.Request.Method), attribute.String("http.route", route),
		attribute.String("request_id", requestID(ctx)),
	))
	defer span.End()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
	span.SetAttributes(attribute.Int("http.response.status_code", c.Writer.Status()))
	if c.Writer.Status() >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}
