package loadtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Usage is what the server's process used, by its own /metrics.
type Usage struct {
	Local      bool    `json:"local"` // on this machine, so that the listeners took from the same processors
	CPUSeconds float64 `json:"cpu_seconds"`
	// Cores is how many were busy on average while all listeners were there: from the end
	// of the ramp to the end of Config.Duration.
	Cores float64 `json:"cores"`
	// PerSessionMinute is what a listener cost then, in milliseconds of a processor a minute.
	PerSessionMinute float64 `json:"cpu_ms_per_session_minute"`
	MemoryBefore     float64 `json:"memory_before_bytes"`
	MemoryPeak       float64 `json:"memory_peak_bytes"`
	// MemoryPerListener is what each was worth at the peak.
	MemoryPerListener float64       `json:"memory_per_listener_bytes"`
	GoroutinesPeak    float64       `json:"goroutines_peak"`
	SpeechWaitingPeak float64       `json:"speech_waiting_peak"` // sentences that waited for a synthesis server
	Samples           []UsageSample `json:"samples"`
}

// UsageSample is the process at one moment.
type UsageSample struct {
	Second        float64 `json:"second"`
	Cores         float64 `json:"cores"` // since the sample before
	Memory        float64 `json:"memory_bytes"`
	Goroutines    float64 `json:"goroutines"`
	SpeechWaiting float64 `json:"speech_waiting"`

	cpu float64 // seconds, since the process began
}

// watch reads the server's /metrics once a second. Owned by run until that has returned.
type watch struct {
	url     string
	client  *http.Client
	start   time.Time
	samples []UsageSample
}

func newWatch(url string, client *http.Client, start time.Time) *watch {
	return &watch{url: strings.TrimRight(url, "/") + "/metrics", client: client, start: start}
}

// run samples until ctx ends, and once more then.
func (w *watch) run(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for w.sample() == nil {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			_ = w.sample() // what there is stands without it
			return
		}
	}
}

func (w *watch) sample() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return err
	}
	answer, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", w.url, answer.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return fmt.Errorf("read %s: %w", w.url, err)
	}
	value := func(name string) float64 {
		f := families[name]
		if f == nil || len(f.Metric) == 0 {
			return 0
		}
		return f.Metric[0].GetGauge().GetValue() + f.Metric[0].GetCounter().GetValue()
	}
	s := UsageSample{
		Second: time.Since(w.start).Seconds(), cpu: value("process_cpu_seconds_total"),
		Memory: value("process_resident_memory_bytes"), Goroutines: value("go_goroutines"),
		SpeechWaiting: value("avatarforge_tts_waiting"),
	}
	if s.cpu == 0 && s.Memory == 0 {
		return fmt.Errorf("%s says nothing of the process", w.url)
	}
	if n := len(w.samples); n > 0 {
		before := w.samples[n-1]
		s.Cores = (s.cpu - before.cpu) / (s.Second - before.Second)
	}
	w.samples = append(w.samples, s)
	return nil
}

// usage sums the samples up; nil where there are too few.
func (w *watch) usage(cfg *Config, timeline []Moment) *Usage {
	if len(w.samples) < 2 {
		return nil
	}
	first, last := w.samples[0], w.samples[len(w.samples)-1]
	u := &Usage{Local: Local(cfg.URL), CPUSeconds: last.cpu - first.cpu, MemoryBefore: first.Memory, Samples: w.samples}
	connected := 0
	for _, s := range w.samples {
		u.MemoryPeak = max(u.MemoryPeak, s.Memory)
		u.GoroutinesPeak = max(u.GoroutinesPeak, s.Goroutines)
		u.SpeechWaitingPeak = max(u.SpeechWaitingPeak, s.SpeechWaiting)
	}
	for _, m := range timeline {
		connected = max(connected, m.Connected)
	}
	if connected > 0 {
		u.MemoryPerListener = (u.MemoryPeak - u.MemoryBefore) / float64(connected)
	}

	from, to := steady(w.samples, cfg.Ramp.Seconds(), cfg.Duration.Seconds())
	seconds := to.Second - from.Second
	u.Cores = (to.cpu - from.cpu) / seconds
	minutes := 0.0
	for _, m := range timeline {
		if at := float64(m.Second); at >= from.Second && at < to.Second {
			minutes += float64(m.Connected) / 60
		}
	}
	if minutes > 0 {
		u.PerSessionMinute = (to.cpu - from.cpu) * 1000 / minutes
	}
	return u
}

// steady are the first and the last sample between two moments, in seconds, or of all
// where there are no two between them.
func steady(samples []UsageSample, after, before float64) (from, to UsageSample) {
	from, to = samples[0], samples[len(samples)-1]
	i, j := 0, len(samples)-1
	for i < len(samples) && samples[i].Second < after {
		i++
	}
	for j >= 0 && samples[j].Second > before {
		j--
	}
	if i < j {
		from, to = samples[i], samples[j]
	}
	return from, to
}
