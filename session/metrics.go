package session

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics are the figures of all sessions.
type Metrics struct {
	sessions      prometheus.Gauge
	responses     *prometheus.CounterVec // by realtime.Status
	errors        *prometheus.CounterVec // by realtime.ErrorCode
	summaries     *prometheus.CounterVec // by what has become of them
	firstToken    prometheus.Histogram
	firstSentence prometheus.Histogram
	firstAudio    prometheus.Histogram
}

// The outcomes of summaries.
const (
	summaryMade    = "made"
	summaryFound   = "found"
	summaryYielded = "yielded"
	summaryFailed  = "failed"
)

// latencyBuckets span a warm GPU's first token to a cold model's load, in seconds.
var latencyBuckets = []float64{0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60}

// NewMetrics registers the figures; a nil registerer keeps them to themselves.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := promauto.With(reg)
	latency := func(name, help string) prometheus.Histogram {
		return f.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: latencyBuckets})
	}
	return &Metrics{
		sessions: f.NewGauge(prometheus.GaugeOpts{
			Name: "avatarforge_sessions", Help: "Sessions that hold a slot.",
		}),
		responses: f.NewCounterVec(prometheus.CounterOpts{
			Name: "avatarforge_responses_total", Help: "Responses that have ended, by status.",
		}, []string{"status"}),
		errors: f.NewCounterVec(prometheus.CounterOpts{
			Name: "avatarforge_errors_total", Help: "Error events sent to listeners, by code.",
		}, []string{"code"}),
		summaries: f.NewCounterVec(prometheus.CounterOpts{
			Name: "avatarforge_summaries_total", Help: "Summaries: made, found made already, broken off for a reply, failed.",
		}, []string{"outcome"}),
		firstToken:    latency("avatarforge_first_token_seconds", "From response.create to the first token."),
		firstSentence: latency("avatarforge_first_sentence_seconds", "From response.create to the end of the first sentence."),
		firstAudio:    latency("avatarforge_first_audio_seconds", "From response.create to the first audio."),
	}
}
