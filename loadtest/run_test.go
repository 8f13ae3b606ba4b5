package loadtest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"avatarforge/configs"
	"avatarforge/internal/linetest"
	"avatarforge/internal/memnet"
	"avatarforge/llm/llmtest"
	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/server"
	"avatarforge/session"
	"avatarforge/slots"
	"avatarforge/store"
	"avatarforge/tts/ttstest"
)

// build starts a real server over real sockets, in front of simulated upstreams.
func build(t *testing.T, line linetest.Config) string {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	db, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(t.TempDir(), "db")})
	if err != nil {
		t.Fatal(err)
	}
	presets, err := persona.NewPresets(configs.Characters(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cast := server.NewCast(presets, db)
	transcripts := server.NewTranscripts(db)
	line.Characters, line.Kept = cast, transcripts
	// Closed behind the line, which cleans up later than whatever is registered after it.
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	l := linetest.Start(t, line)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	srv := server.New(server.Config{Registry: l.Registry, Characters: cast, Voices: l.Voices, Transcripts: transcripts, Metrics: metrics})
	h := httptest.NewServer(srv)
	t.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		srv.Drain(gone)
		h.Close()
	})
	return h.URL
}

const twoSentences = "안녕하세요, 반가워요! 오늘은 무슨 이야기를 할까요?"

// Listeners of all kinds against the real thing: every answer is whole, however its
// listener behaves.
func TestListenersAndServer(t *testing.T) {
	line := linetest.Config{
		LLM: llmtest.Config{
			Parallel: 64, Pace: llmtest.Pace{TokensPerSecond: 200},
			Reply: func(llmtest.ChatRequest) llmtest.Reply { return llmtest.Reply{Text: twoSentences} },
		},
		TTS:     []ttstest.Config{{}, {}},
		Session: session.Config{},
	}
	for _, tt := range []struct {
		name  string
		cfg   Config
		check func(*testing.T, *Figures)
	}{
		{"patient", Config{}, func(t *testing.T, f *Figures) {
			if f.Turns.Whole != f.Turns.Asked || f.Waits[FirstAudio].Count != int64(f.Turns.Asked) {
				t.Errorf("%+v, %d first sounds", f.Turns, f.Waits[FirstAudio].Count)
			}
			if want := 2 * f.Turns.Asked; f.Stutters.Sentences != want {
				t.Errorf("%d sentences were spoken, want %d", f.Stutters.Sentences, want)
			}
			if f.Server == nil || !f.Server.Local {
				t.Errorf("the server's own figures are %+v", f.Server)
			}
		}},
		{"interrupting", Config{Interrupt: 1}, func(t *testing.T, f *Figures) {
			// Whether an interruption comes before the answer's end is a matter of chance.
			if f.Turns.Whole+f.Turns.Interrupted != f.Turns.Asked || f.Waits[Silence].Count != int64(f.Turns.Interrupted) {
				t.Errorf("%+v, %d silences", f.Turns, f.Waits[Silence].Count)
			}
		}},
		{"cut off", Config{HangUp: 1}, func(t *testing.T, f *Figures) {
			if f.Turns.Whole != f.Turns.Asked || f.Waits[Resumption].Count < int64(f.Turns.Resumed) {
				t.Errorf("%+v, %d resumptions", f.Turns, f.Waits[Resumption].Count)
			}
		}},
		{"slow, in JSON", Config{Slow: 1, JSON: true}, wantWhole},
		{"text", Config{TextOnly: true}, wantWhole},
		{"REST", Config{REST: 1}, wantWhole},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := tt.cfg
			cfg.URL, cfg.Listeners, cfg.Turns, cfg.Duration, cfg.Think, cfg.Seed = build(t, line), 4, 2, time.Minute, -1, 1
			f, err := Run(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			// A disk that others keep busy is no fault of an answer's.
			delete(f.Faults, "event_"+Fault(realtime.CodeNotSaved))
			if f.Turns.Asked != 8 || f.Turns.Broken != 0 || len(f.Faults) != 0 {
				t.Errorf("%+v, faults %v; want eight questions and nothing wrong", f.Turns, f.Faults)
			}
			tt.check(t, f)
		})
	}
}

func wantWhole(t *testing.T, f *Figures) {
	if f.Turns.Whole != f.Turns.Asked {
		t.Errorf("%+v, want all whole", f.Turns)
	}
}

// A server without room for all refuses some, and they come when others have gone.
func TestRefused(t *testing.T) {
	url := build(t, linetest.Config{Slots: slots.Config{Limit: 1}})
	f, err := Run(t.Context(), Config{URL: url, Listeners: 2, Turns: 1, Think: -1, TextOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if f.Turns.Whole != 2 || f.Faults[FaultRefused] == 0 {
		t.Errorf("%+v, faults %v; want both served, one after being refused", f.Turns, f.Faults)
	}
}

// stalling answers POST /api/chat at once, but for one time between two moments in which it
// answers nobody.
type stalling struct {
	from, to time.Time
	mu       sync.Mutex
	asked    int
}

func (s *stalling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/chat" {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	if now := time.Now(); now.After(s.from) && now.Before(s.to) {
		time.Sleep(s.to.Sub(now))
	}
	fmt.Fprint(w, `data: {"choices":[{"delta":{"content":"네."}}]}`+"\n\n"+`data: {"choices":[{"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
}

// A server that stalls for ten seconds keeps a listener from asking ten times. With fixed
// moments all ten have waited, and the figures say so; a listener who asks only after
// having been answered would have waited once.
func TestStallIsNotOmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stalling{from: time.Now().Add(4500 * time.Millisecond)}
		s.to = s.from.Add(10 * time.Second)
		h := memnet.Serve(s)
		defer h.Close()
		dial := h.Client().Transport.(*http.Transport).DialContext
		f, err := Run(t.Context(), Config{
			URL: memnet.URL, REST: 1, Every: time.Second, Duration: 29500 * time.Millisecond, Dial: dial,
		})
		if err != nil {
			t.Fatal(err)
		}
		w := f.Waits[FirstToken]
		if f.Turns.Whole != 30 || f.Turns.Asked != s.asked || w.Count != 30 {
			t.Errorf("%+v, %d waits; want a question each second", f.Turns, w.Count)
		}
		// The questions of seconds 5 to 14 were answered at 14.5 s: after 9.5, 8.5, … 0.5 s.
		if w.Max < 9400 || w.Max > 9600 || w.P50 > 10 || w.P90 < 6000 || w.Mean < 1500 {
			t.Errorf("waits of %+v: the stall is missing from them", w)
		}
	})
}

// What is still waited for when the run's time is over counts with the time waited so far.
func TestUnfinishedCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stalling{from: time.Now().Add(-time.Second), to: time.Now().Add(time.Hour)}
		h := memnet.Serve(s)
		defer h.Close()
		f, err := Run(t.Context(), Config{
			URL: memnet.URL, REST: 1, Every: time.Second, Duration: 5 * time.Second, Grace: 15 * time.Second, Dial: h.Client().Transport.(*http.Transport).DialContext,
		})
		if err != nil {
			t.Fatal(err)
		}
		if w := f.Waits[FirstToken]; w.Count != 1 || w.Max < 19900 || f.Turns.Broken != 1 || f.Faults[FaultUnfinished] != 1 {
			t.Errorf("waits %+v, turns %+v, faults %v; want one of 20 s, unfinished", w, f.Turns, f.Faults)
		}
		time.Sleep(time.Hour) // its handler ends
	})
}

func TestReadScript(t *testing.T) {
	s, err := ReadScript(strings.NewReader("\n# nobody says this\n  안녕!  \nHello there\n"))
	if err != nil || len(s) != 2 || s[0] != "안녕!" || s[1] != "Hello there" {
		t.Errorf("%q, %v", s, err)
	}
	for _, bad := range []string{"", "# only this\n", "\xff\n", strings.Repeat("가", 9000)} {
		if s, err := ReadScript(strings.NewReader(bad)); err == nil {
			t.Errorf("%.20q was read as %q", bad, s)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	_, err := Run(t.Context(), Config{URL: "localhost:8000", Interrupt: 2, Every: -1})
	if err == nil {
		t.Fatal("it ran")
	}
	for _, word := range []string{"localhost:8000", "interrupt", "negative"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not speak of %s", err, word)
		}
	}
	for url, want := range map[string]bool{
		"http://localhost:8000": true, "http://127.0.0.5": true, "https://[::1]:1": true,
		"http://192.168.1.5": false, "https://example.com": false, "http://localhost.example.com": false,
	} {
		if Local(url) != want {
			t.Errorf("Local(%q) = %v", url, !want)
		}
	}
}
