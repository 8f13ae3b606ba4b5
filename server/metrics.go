package server

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	connections prometheus.Gauge
	framesOut   *prometheus.CounterVec // by frameKind
	bytesOut    prometheus.Counter
	eventsIn    *prometheus.CounterVec // by eventFate
	closes      *prometheus.CounterVec // by close code
	drafts      *prometheus.CounterVec // by draftKind and draftOutcome
}

type frameKind string

const (
	frameText   frameKind = "text"
	frameBinary frameKind = "binary"
)

type eventFate string

const (
	eventTaken   eventFate = "taken"
	eventRefused eventFate = "refused" // malformed
	eventLimited eventFate = "limited" // over the rate limit
)

type draftKind string

const (
	draftCharacter draftKind = "character"
	draftStory     draftKind = "story"
)

type draftOutcome string

const (
	draftCompleted draftOutcome = "completed"
	draftFailed    draftOutcome = "failed"
	draftCancelled draftOutcome = "cancelled" // the client left
)

func newMetrics(reg *prometheus.Registry) *metrics {
	f := promauto.With(prometheus.Registerer(nil))
	if reg != nil {
		f = promauto.With(reg)
	}
	return &metrics{
		connections: f.NewGauge(prometheus.GaugeOpts{
			Name: "avatarforge_websocket_connections", Help: "Open WebSockets.",
		}),
		framesOut: f.NewCounterVec(prometheus.CounterOpts{
			Name: "avatarforge_websocket_frames_sent_total", Help: "Frames sent, by kind.",
		}, []string{"kind"}),
		bytesOut: f.NewCounter(prometheus.CounterOpts{
			Name: "avatarforge_websocket_sent_bytes_total", Help: "Payload bytes sent.",
		}),
		eventsIn: f.NewCounterVec(prometheus.CounterOpts{
			Name: "avatarforge_websocket_events_received_total", Help: "Client events, by what became of them.",
		}, []string{"fate"}),
		closes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "avatarforge_websocket_closes_total", Help: "Closed WebSockets, by close code; 0 where the connection was lost.",
		}, []string{"code"}),
		drafts: f.NewCounterVec(prometheus.CounterOpts{
			Name: "avatarforge_drafts_total", Help: "Characters and plots that a model was to make up, by what and by how it ended.",
		}, []string{"what", "outcome"}),
	}
}
