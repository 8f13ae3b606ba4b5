package tts_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"avatarforge/internal/memnet"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

var voice = tts.Voice{
	ID: "default", Language: "ko", RefAudioPath: "refs/a.wav", PromptText: "네, 안녕하세요.", PromptLang: "ko",
}

// greeting has ten syllables: 1.95 s of tones.
const greeting = "안녕하세요, 반갑습니다."

func request(text string, mode int) tts.Request {
	return tts.Request{Text: text, TextLang: "ko", Voice: voice, StreamingMode: mode, Seed: -1}
}

// bench is a client and the server it talks to, in a bubble.
type bench struct {
	t      *testing.T
	server *ttstest.Server
	client *tts.SoVITS
}

func inBubble(t *testing.T, cfg ttstest.Config, f func(t *testing.T, b bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := ttstest.New(cfg)
		net := memnet.Serve(server)
		// The bubble fails the test if a goroutine or a connection outlives these.
		defer net.Close()
		defer server.Close()
		client, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: memnet.URL, HTTPClient: net.Client()})
		if err != nil {
			t.Fatal(err)
		}
		f(t, bench{t, server, client})
	})
}

// speech is what came out of a synthesis.
type speech struct {
	rate   int
	pcm    []int16
	chunks int
	err    error
}

func (s speech) length() time.Duration {
	if s.rate == 0 {
		return 0
	}
	return time.Duration(len(s.pcm)) * time.Second / time.Duration(s.rate)
}

func (s speech) pitches() []int { return ttstest.Pitches(s.pcm, s.rate) }

func speak(ctx context.Context, t *testing.T, c tts.Synthesizer, req tts.Request) speech {
	t.Helper()
	var s speech
	for chunk, err := range c.Synthesize(ctx, req) {
		if err != nil {
			s.err = err
			break
		}
		if len(chunk.PCM) == 0 || len(chunk.PCM)%2 != 0 {
			t.Errorf("a chunk of %d bytes: want whole samples", len(chunk.PCM))
		}
		if s.rate != 0 && s.rate != chunk.Rate {
			t.Errorf("the rate changes from %d to %d", s.rate, chunk.Rate)
		}
		s.rate = chunk.Rate
		s.chunks++
		for p := chunk.PCM; len(p) > 0; p = p[2:] {
			s.pcm = append(s.pcm, int16(binary.LittleEndian.Uint16(p)))
		}
	}
	return s
}

// stillWorks checks that a failed request has left nothing behind.
func (b bench) stillWorks() {
	b.t.Helper()
	time.Sleep(b.client.SettleTime()) // of the bubble's clock, as the scheduler does
	synctest.Wait()                   // the server's part of a disconnect takes no time of it
	s := speak(b.t.Context(), b.t, b.client, request("다음 문장이에요.", 3))
	if s.err != nil || !slices.Equal(s.pitches(), ttstest.PitchesOf("다음 문장이에요.")) {
		b.t.Errorf("the next request: %v, heard %v", s.err, s.pitches())
	}
	if n := b.server.Overlaps(); n != 0 {
		b.t.Errorf("%d requests overlapped on the server, want none", n)
	}
}

func kindOf(err error) tts.ErrorKind {
	var e *tts.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

func TestSoVITSSpeaksInEveryMode(t *testing.T) {
	for _, version := range []ttstest.Version{ttstest.V2, ttstest.V2ProPlus, ttstest.V3, ttstest.V4} {
		for mode := range 4 {
			t.Run(fmt.Sprintf("%s mode %d", version, mode), func(t *testing.T) {
				inBubble(t, ttstest.Config{Version: version, RealTimeFactor: 0.3}, func(t *testing.T, b bench) {
					s := speak(t.Context(), t, b.client, request(greeting, mode))
					if s.err != nil {
						t.Fatal(s.err)
					}
					want, err := ttstest.Tone(t.Context(), ttstest.Speech{Text: greeting, RefAudioPath: voice.RefAudioPath, Rate: version.Rate()})
					if err != nil {
						t.Fatal(err)
					}
					if s.rate != version.Rate() || len(s.pcm) < len(want) || !slices.Equal(s.pcm[:len(want)], want) {
						t.Errorf("%d samples at %d Hz: not what the server made, %d at %d", len(s.pcm), s.rate, len(want), version.Rate())
					}
					if pause := s.length() - time.Duration(len(want))*time.Second/time.Duration(version.Rate()); pause > 20*time.Millisecond {
						t.Errorf("a pause of %v behind the sentence: pauses are the scheduler's", pause)
					}
					if streams := mode >= 2 && version.Rate() == 32000; streams {
						rec := b.server.Records()[0]
						if early := rec.End.Sub(rec.FirstSound); early < 200*time.Millisecond {
							t.Errorf("first sound %v before the end: it was not streamed", early)
						}
					}
				})
			})
		}
	}
}

func TestSoVITSSendsWhatTheServerNeeds(t *testing.T) {
	inBubble(t, ttstest.Config{}, func(t *testing.T, b bench) {
		req := tts.Request{Text: greeting, TextLang: "KO", StreamingMode: 2, Seed: 7, Speed: 1.2, Voice: tts.Voice{
			RefAudioPath: "refs/a.wav", PromptLang: "KO", SpeedFactor: 1.1, AuxRefAudioPaths: []string{"refs/b.wav"},
		}}
		if s := speak(t.Context(), t, b.client, req); s.err != nil {
			// Upper case and null would both have failed here.
			t.Fatal(s.err)
		}
		p := b.server.Records()[0].Params
		p.SpeedFactor = float64(int(p.SpeedFactor*100+0.5)) / 100
		want := ttstest.Params{
			Text: greeting, TextLang: "ko", RefAudioPath: "refs/a.wav", AuxRefAudioPaths: []string{"refs/b.wav"}, PromptLang: "ko",
			TopK: 15, TopP: 1, Temperature: 1, TextSplitMethod: "cut0", BatchSize: 1, BatchThreshold: 0.75, SplitBucket: true,
			SpeedFactor: 1.32, FragmentInterval: 0.01, Seed: 7, MediaType: "wav", StreamingMode: 2, ParallelInfer: true,
			RepetitionPenalty: 1.35, SampleSteps: 32, OverlapLength: 2, MinChunkLength: 16,
		}
		if fmt.Sprint(p) != fmt.Sprint(want) {
			t.Errorf("parameters\n got %+v\nwant %+v", p, want)
		}

		// Left-out languages are the voice's.
		if s := speak(t.Context(), t, b.client, tts.Request{Text: "네, 네.", Voice: tts.Voice{Language: "Ko", RefAudioPath: "r"}}); s.err != nil {
			t.Errorf("languages from the voice: %v", s.err)
		}
	})
}

// The property: the sound does not depend on the borders of the pieces.
func TestSoVITSPieceBordersChangeNothing(t *testing.T) {
	want, err := ttstest.Tone(t.Context(), ttstest.Speech{Text: greeting, RefAudioPath: voice.RefAudioPath, Rate: 32000})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		piece := rapid.IntRange(1, 6000).Draw(rt, "bytes a piece")
		if piece < 64 {
			piece += 61 // 130 KB in pieces of a byte take too long; those are the decoder's test
		}
		mode := rapid.IntRange(1, 3).Draw(rt, "mode")
		server := ttstest.New(ttstest.Config{PieceBytes: piece})
		defer server.Close()
		net := memnet.Serve(server)
		defer net.Close()
		c, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: memnet.URL, HTTPClient: net.Client()})
		if err != nil {
			rt.Fatal(err)
		}
		s := speak(t.Context(), t, c, request(greeting, mode))
		if s.err != nil || len(s.pcm) < len(want) || !slices.Equal(s.pcm[:len(want)], want) {
			rt.Fatalf("%v, %d samples: not what was sent", s.err, len(s.pcm))
		}
	})
}

func TestSoVITSFaults(t *testing.T) {
	const after = 700 * time.Millisecond
	const some = -1
	for _, tc := range []struct {
		name      string
		fault     ttstest.Fault
		mode      int
		kind      tts.ErrorKind
		heard     time.Duration // of good sound before the error
		temporary bool
		because   error
	}{
		{"exception at once", ttstest.Fault{Kind: ttstest.FaultException}, 3, tts.ErrorSilent, 0, true, io.ErrUnexpectedEOF},
		{"exception in the middle: the second of silence is not speech", ttstest.Fault{Kind: ttstest.FaultException, After: after}, 3, tts.ErrorTruncated, after, true, io.ErrUnexpectedEOF},
		{"exception, mode 0", ttstest.Fault{Kind: ttstest.FaultException}, 0, tts.ErrorSilent, 0, true, nil},
		{"200 and a second of silence, mode 1", ttstest.Fault{Kind: ttstest.FaultSilence}, 1, tts.ErrorSilent, 0, true, nil},
		{"200 and a second of silence, mode 0", ttstest.Fault{Kind: ttstest.FaultSilence}, 0, tts.ErrorSilent, 0, true, nil},
		{"200 and no byte", ttstest.Fault{Kind: ttstest.FaultEmpty}, 2, tts.ErrorSilent, 0, true, nil},
		{"200 and no byte, mode 0", ttstest.Fault{Kind: ttstest.FaultEmpty}, 0, tts.ErrorSilent, 0, true, nil},
		{"killed after the headers", ttstest.Fault{Kind: ttstest.FaultDrop}, 3, tts.ErrorTruncated, 0, true, io.ErrUnexpectedEOF},
		{"killed inside a sample", ttstest.Fault{Kind: ttstest.FaultDrop, After: after}, 2, tts.ErrorTruncated, after, true, io.ErrUnexpectedEOF},
		{"killed in mode 0", ttstest.Fault{Kind: ttstest.FaultDrop}, 0, tts.ErrorUnreachable, 0, true, nil},
		{"reset instead of an answer", ttstest.Fault{Kind: ttstest.FaultReset}, 3, tts.ErrorUnreachable, 0, true, nil},
		{"proxy without a server", ttstest.Fault{Kind: ttstest.FaultStatus, Status: 502}, 3, tts.ErrorUnreachable, 0, true, nil},
		{"proxy that holds back", ttstest.Fault{Kind: ttstest.FaultStatus, Status: 429}, 3, tts.ErrorUnreachable, 0, true, nil},
		{"something else with status 200", ttstest.Fault{Kind: ttstest.FaultStatus, Status: 200}, 3, tts.ErrorMalformed, 0, false, tts.ErrNotWAV},
		{"something else with status 404", ttstest.Fault{Kind: ttstest.FaultStatus, Status: 404}, 3, tts.ErrorRefused, 0, false, nil},
		// 2.5 s and 0.4 s a syllable.
		{"the model repeats itself", ttstest.Fault{Kind: ttstest.FaultRunaway}, 3, tts.ErrorImplausible, 6500 * time.Millisecond, true, nil},
		{"the model repeats itself, mode 0", ttstest.Fault{Kind: ttstest.FaultRunaway}, 0, tts.ErrorImplausible, 6500 * time.Millisecond, true, nil},
		{"the model swallows the sentence", ttstest.Fault{Kind: ttstest.FaultLoss}, 1, tts.ErrorImplausible, some, true, nil},
		{"it stalls before the first sound", ttstest.Fault{Kind: ttstest.FaultStall}, 3, tts.ErrorTimeout, 0, true, nil},
		{"it stalls in the middle", ttstest.Fault{Kind: ttstest.FaultStall, After: after}, 3, tts.ErrorTimeout, after, true, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := ttstest.Config{RealTimeFactor: 0.2, Faults: []ttstest.Rule{{Request: 1, Fault: tc.fault}}}
			inBubble(t, cfg, func(t *testing.T, b bench) {
				s := speak(t.Context(), t, b.client, request(greeting, tc.mode))
				if kindOf(s.err) != tc.kind {
					t.Fatalf("error %v (%T), want %s", s.err, s.err, tc.kind)
				}
				if tc.because != nil && !errors.Is(s.err, tc.because) {
					t.Errorf("the cause is %v, want %v", errors.Unwrap(s.err), tc.because)
				}
				var e *tts.Error
				if errors.As(s.err, &e) && e.Temporary() != tc.temporary {
					t.Errorf("temporary: %v", e.Temporary())
				}
				if strings.Contains(s.err.Error(), "memnet") {
					t.Errorf("the text %q names the server", s.err)
				}
				// A gap at the end of a syllable is silence too, which waits for sound.
				if slack := tc.heard - s.length(); tc.heard != some && (slack < 0 || slack > 41*time.Millisecond) {
					t.Errorf("%v of sound came before the error, want %v", s.length(), tc.heard)
				}
				b.stillWorks()
			})
		})
	}
}

func TestSoVITSRefusals(t *testing.T) {
	cfg := ttstest.Config{References: map[string]time.Duration{voice.RefAudioPath: 5 * time.Second}}
	for _, tc := range []struct {
		name  string
		alter func(*tts.Request)
		mode  int
		kind  tts.ErrorKind
		asked int // requests that reach the server
	}{
		{"a language it does not know", func(r *tts.Request) { r.TextLang = "xx" }, 3, tts.ErrorRefused, 1},
		{"no such reference, mode 0", func(r *tts.Request) { r.Voice.RefAudioPath = "b" }, 0, tts.ErrorRefused, 1},
		{"no such reference, streaming", func(r *tts.Request) { r.Voice.RefAudioPath = "b" }, 3, tts.ErrorTruncated, 1},
		{"a mode it does not know", func(r *tts.Request) { r.StreamingMode = 7 }, 7, tts.ErrorRefused, 1},
		{"nothing to say", func(r *tts.Request) { r.Text = "?! … 😀" }, 3, tts.ErrorRefused, 0},
		{"no text", func(r *tts.Request) { r.Text = "" }, 3, tts.ErrorRefused, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, cfg, func(t *testing.T, b bench) {
				req := request(greeting, tc.mode)
				tc.alter(&req)
				s := speak(t.Context(), t, b.client, req)
				if kindOf(s.err) != tc.kind || len(s.pcm) != 0 {
					t.Errorf("%v after %d samples, want %s", s.err, len(s.pcm), tc.kind)
				}
				if n := len(b.server.Records()); n != tc.asked {
					t.Errorf("%d requests, want %d", n, tc.asked)
				}
				b.stillWorks()
			})
		})
	}
}

func TestSoVITSTimeouts(t *testing.T) {
	const timeout = 30 * time.Second // the default
	t.Run("to the first sample", func(t *testing.T) {
		inBubble(t, ttstest.Config{FirstChunkDelay: timeout + time.Second}, func(t *testing.T, b bench) {
			start := time.Now()
			s := speak(t.Context(), t, b.client, request(greeting, 3))
			if kindOf(s.err) != tts.ErrorTimeout || time.Since(start) != timeout {
				t.Errorf("%v after %v, want a timeout after %v: the early headers must not count", s.err, time.Since(start), timeout)
			}
		})
	})
	t.Run("just in time", func(t *testing.T) {
		inBubble(t, ttstest.Config{FirstChunkDelay: timeout - time.Second}, func(t *testing.T, b bench) {
			if s := speak(t.Context(), t, b.client, request(greeting, 3)); s.err != nil {
				t.Errorf("%v", s.err)
			}
		})
	})
	t.Run("a slow caller is not the server's fault", func(t *testing.T) {
		inBubble(t, ttstest.Config{}, func(t *testing.T, b bench) {
			n := 0
			for chunk, err := range b.client.Synthesize(t.Context(), request(greeting, 3)) {
				if err != nil {
					t.Fatalf("after %d samples: %v", n, err)
				}
				n += len(chunk.PCM) / 2
				time.Sleep(time.Minute)
			}
			if n < 32000*19/10 {
				t.Errorf("%d samples, want all 1.95 s", n)
			}
		})
	})
}

func TestSoVITSCancel(t *testing.T) {
	reason := errors.New("the listener speaks")
	for _, tc := range []struct {
		name string
		mode int
		at   time.Duration // after the request; the first chunk is there at 0.38 s
	}{
		{"before the first sound", 3, 100 * time.Millisecond},
		{"in the middle", 3, 700 * time.Millisecond},
		{"mode 1", 1, 300 * time.Millisecond},
		{"mode 0", 0, 300 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, ttstest.Config{RealTimeFactor: 0.5, FirstChunkDelay: 100 * time.Millisecond}, func(t *testing.T, b bench) {
				// Once in peace, so that the server's pace is known.
				if s := speak(t.Context(), t, b.client, request(greeting, tc.mode)); s.err != nil {
					t.Fatal(s.err)
				}
				if d := b.client.SettleTime(); d != 0 {
					t.Errorf("settles for %v after a normal end, want 0", d)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				start := time.Now()
				time.AfterFunc(tc.at, func() { cancel(reason) })
				s := speak(ctx, t, b.client, request(greeting, tc.mode))
				if !errors.Is(s.err, reason) {
					t.Errorf("error %v, want the reason for cancelling", s.err)
				}
				if took := time.Since(start); took != tc.at {
					t.Errorf("the caller had to wait until %v, want %v", took, tc.at)
				}
				settle := b.client.SettleTime()
				// Half as long again as the sentence takes is the most that is allowed for.
				if settle <= 0 || settle > 1620*time.Millisecond-tc.at {
					t.Errorf("settles for %v", settle)
				}
				left := time.Now()
				b.stillWorks() // none overlapped
				if rec := b.server.Records()[1]; !rec.Aborted || rec.End.Sub(left) > settle {
					t.Errorf("aborted %v; the server was busy for %v, the estimate was %v", rec.Aborted, rec.End.Sub(left), settle)
				}
			})
		})
	}
}

func TestSoVITSLeavingTheLoop(t *testing.T) {
	inBubble(t, ttstest.Config{RealTimeFactor: 0.5}, func(t *testing.T, b bench) {
		for _, err := range b.client.Synthesize(t.Context(), request(greeting, 3)) {
			if err != nil {
				t.Fatal(err)
			}
			if !b.client.Busy() {
				t.Error("not busy in the middle of a synthesis")
			}
			break
		}
		if b.client.Busy() {
			t.Error("busy after the loop was left")
		}
		b.stillWorks()
		if !b.server.Records()[0].Aborted {
			t.Error("the server was not told: the connection is still there")
		}
	})
}

func TestSoVITSSurvivesAPanickingCaller(t *testing.T) {
	inBubble(t, ttstest.Config{}, func(t *testing.T, b bench) {
		func() {
			defer func() { _ = recover() }()
			for _, err := range b.client.Synthesize(t.Context(), request(greeting, 3)) {
				panic(fmt.Sprint("in the loop, with ", err))
			}
		}()
		if b.client.Busy() {
			t.Error("busy for ever after the caller's panic")
		}
		b.stillWorks()
	})
}

func TestSoVITSFallsBackOnOlderReleases(t *testing.T) {
	inBubble(t, ttstest.Config{Release: ttstest.Release20250606}, func(t *testing.T, b bench) {
		for i, mode := range []int{3, 2, 3, 0, 1} {
			if s := speak(t.Context(), t, b.client, request(greeting, mode)); s.err != nil || !slices.Equal(s.pitches(), ttstest.PitchesOf(greeting)) {
				t.Fatalf("request %d in mode %d: %v", i, mode, s.err)
			}
		}
		var statuses, modes []int
		for _, r := range b.server.Records() {
			statuses, modes = append(statuses, r.Status), append(modes, r.Params.StreamingMode)
		}
		if !slices.Equal(statuses, []int{422, 200, 200, 200, 200, 200}) || !slices.Equal(modes[1:], []int{1, 1, 1, 0, 1}) {
			t.Errorf("statuses %v, modes %v: want one refusal, and true from then on", statuses, modes)
		}
	})
}

func TestSoVITSLoadsAVoicesWeightsOnce(t *testing.T) {
	inBubble(t, ttstest.Config{Weights: []string{"a.ckpt", "a.pth", "b.pth"}, WeightsDelay: 40 * time.Second}, func(t *testing.T, b bench) {
		a, other, plain, bad := request(greeting, 3), request(greeting, 3), request(greeting, 3), request(greeting, 3)
		a.Voice.GPTWeights, a.Voice.SoVITSWeights = "a.ckpt", "a.pth"
		other.Voice.SoVITSWeights = "b.pth"
		bad.Voice.SoVITSWeights = "none.pth"
		for i, req := range []tts.Request{plain, a, a, plain, other, a} {
			if s := speak(t.Context(), t, b.client, req); s.err != nil {
				t.Fatalf("request %d: %v", i, s.err)
			}
		}
		ref := "/set_refer_audio?refer_audio_path=refs%2Fa.wav"
		want := []string{
			"/set_gpt_weights?weights_path=a.ckpt", "/set_sovits_weights?weights_path=a.pth", ref,
			"/set_sovits_weights?weights_path=b.pth", ref,
			"/set_sovits_weights?weights_path=a.pth", ref,
		}
		if got := b.server.Calls(); !slices.Equal(got, want) {
			t.Errorf("calls\n got %q\nwant %q", got, want)
		}
		for i, r := range b.server.Records() {
			if r.StaleReference {
				t.Errorf("request %d spoke with a reference made by other weights", i)
			}
		}
		if s := speak(t.Context(), t, b.client, bad); kindOf(s.err) != tts.ErrorRefused {
			t.Errorf("weights that are not there: %v", s.err)
		}
		if s := speak(t.Context(), t, b.client, a); s.err != nil {
			t.Errorf("after weights that are not there: %v", s.err)
		}
	})
}

func TestSoVITSRestartMakesWeightsUnknown(t *testing.T) {
	inBubble(t, ttstest.Config{RestartDelay: time.Minute}, func(t *testing.T, b bench) {
		req := request(greeting, 3)
		req.Voice.GPTWeights = "a.ckpt"
		if s := speak(t.Context(), t, b.client, req); s.err != nil {
			t.Fatal(s.err)
		}
		restart(t, b)
		if s := speak(t.Context(), t, b.client, req); kindOf(s.err) != tts.ErrorUnreachable {
			t.Fatalf("while it restarts: %v", s.err)
		}
		if err := b.client.Probe(t.Context()); kindOf(err) != tts.ErrorUnreachable {
			t.Errorf("probe while it restarts: %v", err)
		}
		time.Sleep(time.Minute) // of the bubble's
		if s := speak(t.Context(), t, b.client, req); s.err != nil {
			t.Fatal(s.err)
		}
		loads := 0
		for _, call := range b.server.Calls() {
			if strings.HasPrefix(call, "/set_gpt_weights") {
				loads++
			}
		}
		if loads != 2 {
			t.Errorf("weights loaded %d times, want again after the restart", loads)
		}
	})
}

func restart(t *testing.T, b bench) {
	t.Helper()
	net := memnet.Serve(b.server)
	defer net.Close()
	if resp, err := net.Client().Get(memnet.URL + "/control?command=restart"); err == nil {
		_ = resp.Body.Close()
		t.Fatal("restart was answered")
	}
}

func TestSoVITSProbe(t *testing.T) {
	inBubble(t, ttstest.Config{RealTimeFactor: 2}, func(t *testing.T, b bench) {
		if err := b.client.Probe(t.Context()); err != nil {
			t.Errorf("idle: %v", err)
		}
		if got := b.server.Calls(); !slices.Equal(got, []string{"/openapi.json"}) {
			t.Errorf("calls %q", got)
		}
		if !b.client.LastSuccess().IsZero() {
			t.Error("a success before the first synthesis")
		}

		// Mode 0 hangs every endpoint: the probe must not be sent at all.
		done := make(chan speech)
		go func() { done <- speak(t.Context(), t, b.client, request(greeting, 0)) }()
		synctest.Wait()
		start := time.Now()
		if err := b.client.Probe(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("busy: %v after %v, want an answer at once", err, time.Since(start))
		}
		if s := <-done; s.err != nil || b.client.LastSuccess() != time.Now() {
			t.Errorf("synthesis: %v, last success %v", s.err, b.client.LastSuccess())
		}

		// Given up in mode 0: the server is busy for a while, and known to be well.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if s := speak(ctx, t, b.client, request(greeting, 0)); !errors.Is(s.err, context.DeadlineExceeded) {
			t.Fatal(s.err)
		}
		if err := b.client.Probe(t.Context()); err != nil {
			t.Errorf("settling: %v", err)
		}
	})

	// A foreign server hangs: five seconds, not for ever.
	synctest.Test(t, func(t *testing.T) {
		net := memnet.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer net.Close()
		c, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: memnet.URL, HTTPClient: net.Client()})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := c.Probe(t.Context()); kindOf(err) != tts.ErrorTimeout || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// The server sends 40 KB to a transfer chunk. What of it has arrived goes out, however
// long the rest takes.
func TestSoVITSDoesNotWaitForABuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		defer func() { _ = l.Close() }()
		heard := make(chan struct{})
		served := make(chan struct{})
		go func() {
			defer close(served)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
				return
			}
			body := tts.AppendWAVHeader(nil, 32000, -1)
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2c\r\n%s\r\na000\r\n", body)
			_, _ = conn.Write(slices.Repeat([]byte{1}, 3000))
			<-heard // the other 38 KB never come
		}()
		transport := &http.Transport{DialContext: l.DialContext}
		defer transport.CloseIdleConnections()
		c, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: memnet.URL, HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for chunk, err := range c.Synthesize(t.Context(), request(greeting, 3)) {
			if err != nil || time.Since(start) != 0 {
				t.Fatalf("%v after %v, want sound at once", err, time.Since(start))
			}
			if len(chunk.PCM) == 0 {
				t.Error("no sound")
			}
			break
		}
		close(heard)
		<-served
	})
}

// Over real sockets, with the transport that the product uses.
func TestSoVITSOverTCP(t *testing.T) {
	defer goleak.VerifyNone(t)
	server := ttstest.New(ttstest.Config{Faults: []ttstest.Rule{{Request: 2, Fault: ttstest.Fault{Kind: ttstest.FaultDrop, After: time.Second}}}})
	defer server.Close()
	web := httptest.NewUnstartedServer(server)
	var connections atomic.Int32
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	web.Start()
	defer web.Close()
	var log strings.Builder
	c, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: web.URL, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	if s := speak(t.Context(), t, c, request(greeting, 3)); s.err != nil || !slices.Equal(s.pitches(), ttstest.PitchesOf(greeting)) {
		t.Errorf("first: %v", s.err)
	}
	if err := c.Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for two requests, want one: dialling costs the first sound time", n)
	}
	s := speak(t.Context(), t, c, request(greeting, 3))
	if kindOf(s.err) != tts.ErrorTruncated {
		t.Errorf("second: %v, want it to break off", s.err)
	}
	host := web.Listener.Addr().String()
	if strings.Contains(s.err.Error(), host) {
		t.Errorf("the text %q names the server", s.err)
	}
	var e *tts.Error
	if !errors.As(s.err, &e) || e.Server != host || !strings.Contains(e.LogValue().String(), host) {
		t.Error("the operator is not told which server it was")
	}
	for _, err := range c.Synthesize(t.Context(), request(greeting, 3)) {
		if err != nil {
			t.Errorf("third: %v", err)
		}
		break
	}
	if err := c.Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}

	web.CloseClientConnections()
	dead, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: "http://" + closedPort(t)})
	if err != nil {
		t.Fatal(err)
	}
	if s := speak(t.Context(), t, dead, request(greeting, 3)); kindOf(s.err) != tts.ErrorUnreachable {
		t.Errorf("nobody there: %v", s.err)
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestNewSoVITSRefusesOtherURLs(t *testing.T) {
	for _, u := range []string{"", "localhost:9880", "ftp://x", "http://", "http://a b"} {
		if _, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: u}); err == nil {
			t.Errorf("%q was taken for a base URL", u)
		}
	}
}
