package floor_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"avatarforge/configs"
	"avatarforge/internal/linetest"
	"avatarforge/llm"
	"avatarforge/llm/llmtest"
	"avatarforge/loadtest/floor"
	"avatarforge/persona"
	"avatarforge/server"
	"avatarforge/session"
	"avatarforge/slots"
	"avatarforge/store"
	"avatarforge/tts"
)

// voices is how many synthesis servers there are.
const voices = 16

func upstreams(t testing.TB) *floor.Upstreams {
	t.Helper()
	u, err := floor.StartUpstreams(voices)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return u
}

func relay(t testing.TB, u *floor.Upstreams) string {
	h := httptest.NewServer(floor.NewRelay(u.LLM, llmtest.DefaultModel, u.TTS))
	t.Cleanup(h.Close)
	return h.URL
}

// ours is the server in this process, over real sockets.
func ours(t testing.TB, u *floor.Upstreams) string {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(context.Background(), store.Config{Dir: t.TempDir()})
	must(err)
	t.Cleanup(func() { must(db.Close()) })
	model, err := llm.NewOllama(llm.OllamaConfig{BaseURL: u.LLM, Model: llmtest.DefaultModel})
	must(err)
	var synthesizers []tts.Synthesizer
	for _, url := range u.TTS {
		s, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: url})
		must(err)
		t.Cleanup(s.Close)
		synthesizers = append(synthesizers, s)
	}
	scheduler := tts.NewScheduler(tts.SchedulerConfig{}, synthesizers...)
	t.Cleanup(func() { must(scheduler.Close(context.Background())) })
	list, err := tts.NewVoices(configs.Files(), "voices.json", nil)
	must(err)
	presets, err := persona.NewPresets(configs.Characters(), nil)
	must(err)
	tokens, err := llm.NewCounter()
	must(err)
	cast := server.NewCast(presets, db)
	registry := session.NewRegistry(session.Config{Model: llmtest.DefaultModel}, session.Upstreams{
		LLM: llm.NewGate(model, 4096), Speech: scheduler, Voices: list, Characters: cast, Tokens: tokens, Archive: linetest.NewArchive(),
	}, slots.NewLocal(slots.Config{Limit: -1}))
	srv := server.New(server.Config{Registry: registry, Characters: cast, Voices: list})
	h := httptest.NewServer(srv)
	t.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		srv.Drain(gone)
		h.Close()
		model.Close()
	})
	return h.URL
}

// All that is measured is there, from the relay and from the server alike.
func TestMeasure(t *testing.T) {
	for name, start := range map[string]func(testing.TB, *floor.Upstreams) string{"relay": relay, "server": ours} {
		t.Run(name, func(t *testing.T) {
			u := upstreams(t)
			m, err := u.Measure(t.Context(), start(t, u), floor.Plan{Texts: 2, Speakers: 3, SpeakOver: time.Second, Interrupts: 2})
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Token) != 80 || len(m.Hush) != 2 || len(m.Sentence) != 3 || len(m.Sound) != 3 || len(m.Interrupt) != 2 || len(m.Abort) != 2 || m.After != 0 {
				t.Errorf("%d tokens, %d sentences, %d sounds, %d interruptions, %d aborts, %d frames after the end",
					len(m.Token), len(m.Sentence), len(m.Sound), len(m.Interrupt), len(m.Abort), m.After)
			}
			for name, l := range map[string]floor.Latencies{"token": m.Token, "sentence": m.Sentence, "sound": m.Sound, "interrupt": m.Interrupt, "hush": m.Hush, "abort": m.Abort} {
				if l.At(0) < 0 || l.At(1) > 30*time.Second {
					t.Errorf("%s: %v to %v", name, l.At(0), l.At(1))
				}
			}
		})
	}
}

// What the server adds on the way of a token, a sentence, a sound and an interruption, next
// to what a featureless relay adds in the same run.
func BenchmarkLine(b *testing.B) {
	for _, side := range []struct {
		name  string
		start func(testing.TB, *floor.Upstreams) string
	}{{"relay", relay}, {"server", ours}} {
		b.Run(side.name, func(b *testing.B) {
			u := upstreams(b)
			url := side.start(b, u)
			var all floor.Measured
			for b.Loop() {
				m, err := u.Measure(context.Background(), url, floor.Plan{Texts: 100, Speakers: 100, SpeakOver: 5 * time.Second, Interrupts: voices})
				if err != nil {
					b.Fatal(err)
				}
				all.Token = append(all.Token, m.Token...)
				all.Sentence = append(all.Sentence, m.Sentence...)
				all.Sound = append(all.Sound, m.Sound...)
				all.Interrupt = append(all.Interrupt, m.Interrupt...)
			}
			b.ReportMetric(0, "ns/op") // the pace of the upstreams, which says nothing
			for _, l := range []struct {
				name string
				of   floor.Latencies
			}{{"token", all.Token}, {"sentence", all.Sentence}, {"sound", all.Sound}, {"interrupt", all.Interrupt}} {
				b.ReportMetric(float64(l.of.At(0.5).Nanoseconds())/1e3, l.name+"-µs-p50")
				b.ReportMetric(float64(l.of.At(0.99).Nanoseconds())/1e3, l.name+"-µs-p99")
			}
		})
	}
}
