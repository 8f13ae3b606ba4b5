package llm

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// geminiOutcome is how a call ended: one of these, or the Kind of its error.
type geminiOutcome string

const (
	geminiCompleted geminiOutcome = "completed"
	geminiCutOff    geminiOutcome = "cut off"
	geminiCancelled geminiOutcome = "cancelled"
)

func newGeminiMetric(reg prometheus.Registerer) *prometheus.HistogramVec {
	return promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
		Name: "avatarforge_gemini_call_seconds", Help: "How long calls of Gemini take to their end, by outcome.",
		Buckets: []float64{.25, .5, 1, 2, 4, 8, 15, 30, 60, 120},
	}, []string{"outcome"})
}

// geminiCall measures one call. Owned by the stream's goroutine.
type geminiCall struct {
	gemini *Gemini
	model  string
	began  time.Time
	wrote  bool          // there has been text
	first  time.Duration // to the first text
	last   Delta
}

func (g *Gemini) begin(model string) *geminiCall {
	return &geminiCall{gemini: g, model: model, began: time.Now()}
}

// note takes down a piece, and says whether the reply has come to its end with nothing
// in it.
func (c *geminiCall) note(d Delta) (empty bool) {
	if d.Text != "" && !c.wrote {
		c.wrote, c.first = true, time.Since(c.began)
	}
	c.last = d
	return d.Finish == FinishStop && !c.wrote
}

// end takes down how the call ended; it is called once.
func (c *geminiCall) end(ctx context.Context, err error) {
	outcome := geminiCompleted
	switch {
	case KindOf(err) != "":
		outcome = geminiOutcome(KindOf(err))
	case err != nil:
		outcome = geminiCancelled
	case c.last.Finish == FinishLength:
		outcome = geminiCutOff
	}
	took := time.Since(c.began)
	c.gemini.took.WithLabelValues(string(outcome)).Observe(took.Seconds())
	c.gemini.log.DebugContext(ctx, "gemini was called",
		slog.String("model", c.model), slog.String("outcome", string(outcome)),
		slog.Duration("took", took), slog.Duration("first_text", c.first),
		slog.Int("input_tokens", c.last.Usage.InputTokens), slog.Int("output_tokens", c.last.Usage.OutputTokens))
}
