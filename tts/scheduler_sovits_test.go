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
	// settles is when each synthesis may be followed by the next.
	settles []time.Time
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
		w.settles = append(w.settles, w.settled)
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
			if n := pool[i].Overlaps(); n != 0 {
				t.Errorf("server %d: %d of %d requests met another at work, %d were aborted", i, n, len(pool[i].Records()), w.aborted)
			}
		}
	})
	return aborted
}

const listenerRate = 24000 // the models in these tests make 32000

// listen takes a speech to its end.
func listen(sp *tts.Speech) (pcm []int16, err error) {
	for {
		<-sp.Ready()
		pieces, done, err := sp.Take()
		for b := pieces.Append(nil, pieces.Len()); len(b) > 0; b = b[2:] {
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

// knocks is a voice that costs the test little: a knock and a pause for each character.
func knocks(_ context.Context, s ttstest.Speech) ([]int16, error) {
	var pcm []int16
	for range s.Text {
		pcm = append(pcm, make([]int16, s.Rate*7/50)...)
		pcm[len(pcm)-s.Rate/20] = 8000
	}
	return pcm, nil
}

// A server is never at two syntheses, whenever the one before was given up, once it has
// been seen at work: cancelled again and again, on servers fast and slow.
func TestCancelsNeverOverlap(t *testing.T) {
	for _, tc := range []struct {
		name        string
		factor      float64
		first       time.Duration
		newVoice    time.Duration
		version     ttstest.Version
		release     ttstest.Release
		least, most int // of the modes
	}{
		{name: "fast", factor: 0.1, first: 60 * time.Millisecond, least: 2, most: 3},
		{name: "usual", factor: 0.3, first: 100 * time.Millisecond, least: 2, most: 3},
		{name: "slow", factor: 0.9, first: 500 * time.Millisecond, least: 2, most: 3},
		{name: "voices", factor: 0.3, first: 100 * time.Millisecond, newVoice: 300 * time.Millisecond, least: 3, most: 3},
		{name: "voices, whole sentences", factor: 0.3, first: 100 * time.Millisecond, newVoice: 300 * time.Millisecond, least: 0, most: 1},
		{name: "whole sentences", factor: 0.3, first: 100 * time.Millisecond, least: 0, most: 1},
		{name: "every mode", factor: 0.3, first: 100 * time.Millisecond, least: 0, most: 3},
		{name: "v4", factor: 0.3, first: 100 * time.Millisecond, version: ttstest.V4, least: 2, most: 3},
		{name: "old release", factor: 0.3, first: 100 * time.Millisecond, release: ttstest.Release20250606, least: 2, most: 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := ttstest.Config{
				RealTimeFactor: tc.factor, FirstChunkDelay: tc.first, NewReferenceDelay: tc.newVoice,
				Version: tc.version, Release: tc.release, PieceBytes: -1, Voice: knocks,
			}
			var idle, busy time.Duration
			cancelled := 0
			inBubble(t, cfg, func(t *testing.T, b bench) {
				r := rand.New(rand.NewPCG(11, 7))
				w := &watched{SoVITS: b.client}
				s := tts.NewScheduler(tts.SchedulerConfig{}, w)
				for i := range 160 {
					v := voice
					if tc.newVoice > 0 {
						v.RefAudioPath = fmt.Sprintf("refs/%d.wav", r.IntN(2))
					}
					text := []string{greeting, "오늘은 날씨가 참 좋네요.", "그래요?", "비가 오면 창가에 앉아 따뜻한 차를 마시며 오래된 책을 읽는 것을 가장 좋아해요."}[r.IntN(4)]
					mode := tc.least + r.IntN(tc.most-tc.least+1)
					sp := s.Submit(tts.Job{
						Request: tts.Request{Text: text, TextLang: "ko", Voice: v, StreamingMode: mode, Seed: -1}, Rate: 32000,
					})
					if i < 6 { // what the server is judged by
						if _, err := listen(sp); err != nil {
							t.Fatal(err)
						}
						continue
					}
					time.Sleep(time.Duration(r.Int64N(int64(tc.first + time.Duration(tc.factor*float64(4*time.Second))))))
					sp.Cancel()
				}
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if n := b.server.Overlaps(); n != 0 {
					t.Errorf("%d of %d requests met another at work", n, len(b.server.Records()))
				}
				records := b.server.Records()
				if tc.release != ttstest.ReleaseCurrent {
					records = records[1:] // the refused one
				}
				for i, rec := range records[:len(records)-1] {
					if !rec.Aborted {
						continue
					}
					cancelled++
					idle += w.settles[i].Sub(rec.End)
					busy += rec.End.Sub(rec.Start)
				}
			})
			if cancelled < 30 {
				t.Fatalf("%d were cancelled at work: the test saw too few", cancelled)
			}
			each := idle / time.Duration(cancelled)
			t.Logf("after each of %d cancels the server was idle for %v more, having worked %v", cancelled, each, busy/time.Duration(cancelled))
		})
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
