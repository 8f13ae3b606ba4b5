package session

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"avatarforge/realtime"
)

// turnTrace are the spans of a turn: the turn itself, the prompt, the model's stream. Those of its sentences are with
// the segments. It is nil where nobody traces, and all of its methods bear that. No span is made for a token or a
// frame, and none says what anybody has said.
type turnTrace struct {
	tracer trace.Tracer
	turn   trace.Span
	llm    trace.Span
}

// traceTurn begins the spans of a response whose prompt was begun at a time and is there. parent is the span of the
// request that asked for it; nil where that was an event.
func (s *Session) traceTurn(r *response, parent trace.Span, began time.Time) *turnTrace {
	tracer := s.cfg.Tracer
	if tracer == nil {
		return nil
	}
	t := &turnTrace{tracer: tracer}
	ctx := context.Background()
	if parent != nil {
		ctx = trace.ContextWithSpan(ctx, parent)
	}
	ctx, t.turn = tracer.Start(ctx, "turn", trace.WithTimestamp(began), trace.WithAttributes(
		attribute.String("session", s.id), attribute.String("response", r.id), attribute.String("model", r.told.request.Model),
		attribute.Int("turn", s.object.Avatarforge.Turn), attribute.Bool("aloud", r.aloud),
	))
	_, prompt := tracer.Start(ctx, "prompt", trace.WithTimestamp(began))
	prompt.End(trace.WithTimestamp(r.started))
	_, t.llm = tracer.Start(ctx, "llm", trace.WithTimestamp(r.started))
	return t
}

// generating is a context for the model's stream.
func (t *turnTrace) generating() context.Context {
	if t == nil {
		return context.Background()
	}
	return trace.ContextWithSpan(context.Background(), t.llm)
}

// firstToken notes that the model has begun to write.
func (t *turnTrace) firstToken(now time.Time) {
	if t != nil {
		t.llm.AddEvent("first token", trace.WithTimestamp(now))
	}
}

// firstAudio notes that the listener hears something.
func (t *turnTrace) firstAudio(now time.Time) {
	if t != nil {
		t.turn.AddEvent("first audio", trace.WithTimestamp(now))
	}
}

// generated notes that the model is done, or is no longer listened to. Only the first call counts.
func (t *turnTrace) generated(o outcome) {
	if t != nil {
		fail(t.llm, o)
		t.llm.End()
	}
}

// end ends what is left.
func (t *turnTrace) end(r *response, now time.Time) {
	if t == nil {
		return
	}
	t.generated(r.outcome)
	t.turn.SetAttributes(attribute.String("status", string(r.outcome.status)),
		attribute.Int("sentences", r.index), attribute.Int("speech_errors", r.speechErrors))
	if r.usage != nil {
		t.turn.SetAttributes(attribute.Int("input_tokens", r.usage.InputTokens), attribute.Int("output_tokens", r.usage.OutputTokens))
	}
	fail(t.turn, r.outcome)
	t.turn.End(trace.WithTimestamp(now))
}

// fail says why something failed, by the code that the listener is told; the words could be an upstream's.
func fail(span trace.Span, o outcome) {
	if o.status != realtime.StatusFailed {
		return
	}
	code := ""
	if o.details != nil && o.details.Error != nil {
		code = string(o.details.Error.Code)
	}
	span.SetStatus(codes.Error, code)
}

// traceSentence begins the span of a segment, which the synthesis is to be part of.
func (seg *segment) traceSentence(now time.Time) {
	r := seg.response
	if r == nil || r.trace == nil {
		return
	}
	_, seg.span = r.trace.tracer.Start(trace.ContextWithSpan(context.Background(), r.trace.turn), "sentence",
		trace.WithTimestamp(now), trace.WithAttributes(attribute.Int64("segment", int64(seg.id)), attribute.Int("bytes", len(seg.spoken))))
}

// endTrace ends the segment's span, with what its speech says of itself: how long it waited for a synthesis server, and
// how long that took.
func (seg *segment) endTrace(err error) {
	if seg.span == nil {
		return
	}
	times := seg.speech.Times()
	tracer, ctx := seg.response.trace.tracer, trace.ContextWithSpan(context.Background(), seg.span)
	part := func(name string, from, to time.Time) {
		_, span := tracer.Start(ctx, name, trace.WithTimestamp(from))
		if name == synthesisSpan && !times.FirstAudio.IsZero() {
			span.AddEvent("first audio", trace.WithTimestamp(times.FirstAudio))
		}
		if to.IsZero() {
			to = time.Now()
		}
		span.End(trace.WithTimestamp(to))
	}
	if times.Started.IsZero() {
		part(queueSpan, times.Submitted, times.Ended)
	} else {
		part(queueSpan, times.Submitted, times.Started)
		part(synthesisSpan, times.Started, times.Ended)
	}
	if err != nil {
		seg.span.SetStatus(codes.Error, string(realtime.CodeSpeechFailed))
	}
	seg.span.End()
	seg.span = nil
}

const (
	queueSpan     = "queue"
	synthesisSpan = "synthesis"
)

// traceWait begins the span of the wait for a conversation slot; nil where nobody traces.
func (r *Registry) traceWait(ctx context.Context, id string) trace.Span {
	if r.cfg.Tracer == nil {
		return nil
	}
	_, span := r.cfg.Tracer.Start(ctx, "slot", trace.WithAttributes(attribute.String("session", id)))
	return span
}

// endWait ends it.
func endWait(span trace.Span, err error) {
	if span == nil {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, "no slot")
	}
	span.End()
}
