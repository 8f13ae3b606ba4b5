package tts_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/memnet"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

// watched is a client that checks how it is used.
type watched struct {
	*tts.SoVITS

	mu      sync.Mutex
	busy    bool
	settled time.Time // no request may come before
	aborted int
	wrong   []string
}

func (w *watched) Synthesize(ctx context.Context, req tts.Request) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		w.mu.Lock()
		if w.busy {
			w.wrong = append(w.wrong, "asked for two syntheses at once")
		}
		if early := time.Until(w.settled); early > 0 {
			w.wrong = append(w.wrong, fmt.Sprintf("asked %v before it had settled", early))
		}
		w.busy = true
		w.mu.Unlock()

		w.SoVITS.Synthesize(ctx, req)(yield)

		w.mu.Lock()
		defer w.mu.Unlock()
		w.busy = false
		w.settled = time.Now().Add(w.SettleTime())
		if w.SettleTime() > 0 {
			w.aborted++
		}
	}
}

// inPool runs a scheduler over GPT-SoVITS servers, in a bubble, and checks that it keeps
// each to one synthesis.
func inPool(t *testing.T, f func(*testing.T, *tts.Scheduler, []*ttstest.Server), servers ...ttstest.Config) (aborted int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var pool []*ttstest.Server
		var clients []*watched
		var synths []tts.Synthesizer
		for _, cfg := range servers {
			server := ttstest.New(cfg)
			net := memnet.Serve(server)
			defer net.Close()
			defer server.Close()
			client, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: memnet.URL, HTTPClient: net.Client()})
			if err != nil {
				t.Fatal(err)
			}
			w := &watched{SoVITS: client}
			pool, clients, synths = append(pool, server), append(clients, w), append(synths, w)
		}
		s := tts.NewScheduler(tts.SchedulerConfig{}, synths...)
		f(t, s, pool)
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for i, w := range clients {
			for _, what := range w.wrong {
				t.Errorf("server %d was %s", i, what)
			}
			aborted += w.aborted
			// How long an aborted synthesis goes on can only be estimated.
			t.Logf("server %d: %d requests, %d aborted, %d met what was left of an aborted one",
				i, len(pool[i].Records()), w.aborted, pool[i].Overlaps())
		}
	})
	return aborted
}

const listenerRate = 24000 // the models in these tests make 32000

// listen takes a speech to its end.
func listen(sp *tts.Speech) (pcm []int16, err error) {
	for {
		<-sp.Ready()
		b, done, err := sp.Take()
		for ; len(b) > 0; b = b[2:] {
			pcm = append(pcm, int16(binary.LittleEndian.Uint16(b)))
		}
		if done {
			return pcm, err
		}
	}
}

// Sessions that talk, interrupt and talk again, on two servers: every
// sentence that was not interrupted is heard whole, at the listener's rate, and requests
// don't meet on a server.
func TestSchedulerKeepsServersToOne(t *testing.T) {
	cfg := ttstest.Config{RealTimeFactor: 0.2, FirstChunkDelay: 50 * time.Millisecond}
	aborted := inPool(t, func(t *testing.T, s *tts.Scheduler, pool []*ttstest.Server) {
		// How long an aborted synthesis goes on is judged by those before it: let there be
		// some, in every mode on either server.
		for mode := 1; mode <= 3; mode++ {
			var both []*tts.Speech
			for range pool {
				both = append(both, s.Submit(tts.Job{Request: request(greeting, mode), Rate: listenerRate}))
			}
			for _, sp := range both {
				if _, err := listen(sp); err != nil {
					t.Fatal(err)
				}
			}
		}
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(7, uint64(i)))
				v := voice
				v.RefAudioPath = fmt.Sprintf("refs/%d.wav", i%3)
				for range 20 {
					text := []string{greeting, "오늘은 날씨가 참 좋네요.", "그래요?"}[r.IntN(3)]
					sp := s.Submit(tts.Job{
						Request: tts.Request{Text: text, TextLang: "ko", Voice: v, StreamingMode: 1 + r.IntN(3), Seed: -1},
						Rate:    listenerRate, Owner: fmt.Sprint(i),
					})
					if r.IntN(2) == 0 {
						time.Sleep(time.Duration(r.IntN(600)) * time.Millisecond)
						sp.Cancel()
						continue
					}
					pcm, err := listen(sp)
					if err != nil {
						t.Errorf("%q: %v", text, err)
					}
					// A model that was spoilt by an overlap would say something else.
					if got := ttstest.Pitches(pcm, listenerRate); !slices.Equal(got, ttstest.PitchesOf(text)) {
						t.Errorf("%q: heard %v, want %v", text, got, ttstest.PitchesOf(text))
					}
				}
			})
		}
		wg.Wait()
		if st := s.Stats(); st.Cancelled == 0 || st.Failed > 0 {
			t.Errorf("%d cancelled, %d failed", st.Cancelled, st.Failed)
		}
	}, cfg, cfg)
	if aborted == 0 {
		t.Error("no synthesis was aborted: the test saw no interruption")
	}
}

// What goes wrong before the first sound is mended on the other server, unheard; what goes
// wrong after it is not.
func TestSchedulerMendsFaults(t *testing.T) {
	for _, kind := range []ttstest.FaultKind{
		ttstest.FaultException, ttstest.FaultDrop, ttstest.FaultSilence, ttstest.FaultEmpty, ttstest.FaultStall, ttstest.FaultReset,
	} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			bad := ttstest.Config{Faults: []ttstest.Rule{{Request: 1, Fault: ttstest.Fault{Kind: kind}}}}
			inPool(t, func(t *testing.T, s *tts.Scheduler, pool []*ttstest.Server) {
				pcm, err := listen(s.Submit(tts.Job{Request: request(greeting, 3), Rate: listenerRate}))
				if err != nil || !slices.Equal(ttstest.Pitches(pcm, listenerRate), ttstest.PitchesOf(greeting)) {
					t.Errorf("%v, heard %v; want the sentence", err, ttstest.Pitches(pcm, listenerRate))
				}
				if a, b := len(pool[0].Records()), len(pool[1].Records()); a != 1 || b != 1 {
					t.Errorf("the servers were asked %d times and %d, want once each", a, b)
				}
			}, bad, ttstest.Config{})
		})
	}
	t.Run("after sound", func(t *testing.T) {
		bad := ttstest.Config{Faults: []ttstest.Rule{{Fault: ttstest.Fault{Kind: ttstest.FaultDrop, After: time.Second}}}}
		inPool(t, func(t *testing.T, s *tts.Scheduler, pool []*ttstest.Server) {
			pcm, err := listen(s.Submit(tts.Job{Request: request(greeting, 3), Rate: listenerRate}))
			var failure *tts.Error
			if !errors.As(err, &failure) || len(pcm) == 0 {
				t.Errorf("%d samples, %v; want what there was, and an error", len(pcm), err)
			}
			if n := len(pool[1].Records()); n != 0 {
				t.Errorf("a sentence that was half heard was said again, %d times", n)
			}
		}, bad, ttstest.Config{})
	})
	t.Run("refused", func(t *testing.T) {
		inPool(t, func(t *testing.T, s *tts.Scheduler, pool []*ttstest.Server) {
			req := request(greeting, 3)
			req.TextLang = "tlh"
			if _, err := listen(s.Submit(tts.Job{Request: req, Rate: listenerRate})); kindOf(err) != tts.ErrorRefused {
				t.Errorf("%v, want it refused", err)
			}
			if n := len(pool[1].Records()); n != 0 {
				t.Errorf("a refused request was repeated, %d times", n)
			}
		}, ttstest.Config{}, ttstest.Config{})
	})
}
