package session_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"avatarforge/configs"
	"avatarforge/internal/linetest"
	"avatarforge/llm"
	"avatarforge/llm/llmtest"
	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/slots"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

// stamps are moments, in order. Safe for use by several goroutines.
type stamps struct {
	mu   sync.Mutex
	list []time.Time
}

func (s *stamps) add(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, t)
}

func (s *stamps) take() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.list
	s.list = nil
	return list
}

// stampedWriter notes when a line with content leaves, before it does.
type stampedWriter struct {
	http.ResponseWriter
	leaves  *stamps
	content func(line []byte) bool
}

func (w stampedWriter) Write(b []byte) (int, error) {
	if w.content(b) {
		w.leaves.add(time.Now())
	}
	return w.ResponseWriter.Write(b)
}

func (w stampedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// loopback is a line over real sockets, with the moments at which something leaves the
// model or comes to the synthesiser.
type loopback struct {
	registry *session.Registry
	leaves   stamps // lines of the model
	asks     stamps // requests for speech
}

// startLoopback has the model say reply at its pace. Of its lines, those with such content
// are noted.
func startLoopback(b *testing.B, reply llmtest.Reply, content func(line []byte) bool) *loopback {
	b.Helper()
	l := &loopback{}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	ollama := llmtest.NewOllama(llmtest.Config{Reply: func(llmtest.ChatRequest) llmtest.Reply { return reply }})
	brain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ollama.ServeHTTP(stampedWriter{w, &l.leaves, content}, r)
	}))
	sovits := ttstest.New(ttstest.Config{FirstChunkDelay: 100 * time.Millisecond})
	mouth := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.asks.add(time.Now())
		sovits.ServeHTTP(w, r)
	}))
	model, err := llm.NewOllama(llm.OllamaConfig{BaseURL: brain.URL, Model: llmtest.DefaultModel})
	must(err)
	synthesizer, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: mouth.URL})
	must(err)
	scheduler := tts.NewScheduler(tts.SchedulerConfig{}, synthesizer)
	voices, err := tts.NewVoices(configs.Files(), "voices.json", nil)
	must(err)
	characters, err := persona.NewPresets(configs.Characters(), nil)
	must(err)
	tokens, err := llm.NewCounter()
	must(err)
	l.registry = session.NewRegistry(session.Config{Model: llmtest.DefaultModel}, session.Upstreams{
		LLM: model, Speech: scheduler, Voices: voices, Characters: characters, Tokens: tokens,
		Archive: linetest.NewArchive(),
	}, slots.NewLocal(slots.Config{}))
	b.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		l.registry.Close(gone)
		must(scheduler.Close(context.Background()))
		model.Close()
		synthesizer.Close()
		sovits.Close()
		brain.Close()
		mouth.Close()
	})
	return l
}

func (l *loopback) open(b *testing.B) *talk {
	b.Helper()
	s, err := l.registry.Open(context.Background(), session.Opening{})
	if err != nil {
		b.Fatal(err)
	}
	k := &talk{t: b, sess: s, unkept: true}
	k.attach(0)
	return k
}

// report gives the median and the 99th percentile of what lies between two lists of
// moments.
func report(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	at := func(part float64) float64 {
		return float64(took[int(part*float64(len(took)-1))].Nanoseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "µs-p50")
	b.ReportMetric(at(0.99), "µs-p99")
	b.ReportMetric(0, "ns/op") // the model's pace, which says nothing
}

func between(b *testing.B, from, to []time.Time) []time.Duration {
	b.Helper()
	if len(from) != len(to) || len(from) == 0 {
		b.Fatalf("%d left and %d came", len(from), len(to))
	}
	list := make([]time.Duration, len(from))
	for i := range from {
		list[i] = to[i].Sub(from[i])
	}
	return list
}

// From the token that ends a sentence leaving a model of 25 tokens a second to the
// request for its speech reaching the synthesiser, over TCP.
func BenchmarkSentenceToSynthesis(b *testing.B) {
	// Four sentences: more would be held back by the look-ahead of eight seconds.
	reply := llmtest.Reply{
		Text: "오늘은 비가 와요! 우산을 꼭 챙기세요. 저는 집에 있을게요! 이따가 전화해 주세요.",
		Pace: llmtest.Pace{TokensPerSecond: 25},
	}
	l := startLoopback(b, reply, func(line []byte) bool {
		return bytes.Contains(line, []byte(`"content":".`)) || bytes.Contains(line, []byte(`"content":"!`))
	})
	var took []time.Duration
	for b.Loop() {
		// A listener of its own for each: one that still has the last reply to hear would be
		// held back as well.
		k := l.open(b)
		k.say("날씨 어때?")
		done := until[realtime.ResponseDone](k, "the response ends").Response
		if done.Status != realtime.StatusCompleted || done.Avatarforge.SpeechErrors != 0 {
			b.Fatalf("status %s", done.Status)
		}
		took = append(took, between(b, l.leaves.take(), l.asks.take())...)
		k.sess.End(session.Ending{Code: realtime.CloseNormal})
	}
	report(b, took)
}

// From a token leaving the model to its frame being handed to the connection, over TCP.
func BenchmarkTokenThrough(b *testing.B) {
	reply := llmtest.Reply{Text: strings.Repeat("가나다 ", 100), Pace: llmtest.Pace{TokensPerSecond: 500}}
	l := startLoopback(b, reply, func(line []byte) bool {
		return bytes.Contains(line, []byte(`"content":"`)) && !bytes.Contains(line, []byte(`"content":""`))
	})
	k := l.open(b)
	k.set(realtime.SessionPatch{OutputModalities: []realtime.Modality{realtime.ModalityText}})
	var took []time.Duration
	for b.Loop() {
		k.say("불러 봐.")
		until[realtime.ResponseDone](k, "the response ends")
		var came []time.Time
		for _, f := range k.frames {
			if _, ok := f.event.(realtime.TextDelta); ok {
				came = append(came, f.at)
			}
		}
		took = append(took, between(b, l.leaves.take(), came)...)
		k.frames = nil
	}
	report(b, took)
}
