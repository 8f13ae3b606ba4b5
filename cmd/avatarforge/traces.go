package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"avatarforge/internal/tracing"
)

const (
	// tracesPath is what OTLP over HTTP adds to OTEL_EXPORTER_OTLP_ENDPOINT, see
	// https://opentelemetry.io/docs/specs/otel/protocol/exporter/.
	tracesPath = "/v1/traces"
	// lastTraces is how long the last spans may take to leave.
	lastTraces = 5 * time.Second
	// tracesComplain is how often a collector that takes nothing is complained about, at the most.
	tracesComplain = time.Minute
)

// startTracing makes what makes spans; nil where the endpoint is empty. stop sends what is left.
func startTracing(ctx context.Context, endpoint string, log *slog.Logger) (tracer trace.Tracer, stop func(), err error) {
	if endpoint == "" {
		return nil, func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+tracesPath))
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w; OTEL_EXPORTER_OTLP_ENDPOINT names an OpenTelemetry collector, http://host:4318", err)
	}
	otel.SetErrorHandler(&complaints{log: log})
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "avatarforge"), attribute.String("service.version", version()),
		)),
	)
	return provider.Tracer(tracing.Scope), func() {
		ctx, cancel := context.WithTimeout(context.Background(), lastTraces)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("the last traces were not sent", slog.Any("error", err))
		}
	}, nil
}

// complaints logs that traces cannot be sent, now and then.
type complaints struct {
	log *slog.Logger

	mu   sync.Mutex
	last time.Time
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.last) < tracesComplain {
		return
	}
	c.last = time.Now()
	c.log.Warn("traces cannot be sent; see OTEL_EXPORTER_OTLP_ENDPOINT", slog.Any("error", err))
}
