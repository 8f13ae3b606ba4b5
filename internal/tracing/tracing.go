// Package tracing is what the packages that a turn passes through have in common about its traces. Whether there are
// any is known by the span that a context carries: where none is recorded, nothing here does anything or
// allocates, so nobody has to be told.
package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Scope names the spans' maker.
const Scope = "avatarforge"

// Start begins a span below the one that ctx carries; none where that is not recorded. The caller ends it.
func Start(ctx context.Context, name string) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, parent // whose end means nothing
	}
	return parent.TracerProvider().Tracer(Scope).Start(ctx, name)
}

// Transport makes a span of each request whose context carries one that is recorded, and passes it on to the server
// as a traceparent header (https://www.w3.org/TR/trace-context/). Other requests go straight to base.
func Transport(base http.RoundTripper) http.RoundTripper {
	return &transport{base, otelhttp.NewTransport(base,
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return r.Method + " " + r.URL.Path }),
	)}
}

type transport struct {
	base   http.RoundTripper
	traced http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !trace.SpanFromContext(r.Context()).IsRecording() {
		return t.base.RoundTrip(r)
	}
	return t.traced.RoundTrip(r)
}

// CloseIdleConnections is what http.Client looks for.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
