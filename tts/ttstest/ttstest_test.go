package ttstest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/memnet"
	"avatarforge/tts/ttstest"
)

// serve runs f against a server inside a bubble.
func serve(t *testing.T, cfg ttstest.Config, f func(t *testing.T, s *ttstest.Server, c client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := ttstest.New(cfg)
		net := memnet.Serve(s)
		f(t, s, client{t, net.Client()})
		s.Close()
		net.Close()
	})
}

type client struct {
	t    *testing.T
	http *http.Client
}

const sentence = `"text":"안녕하세요, 반갑습니다.","text_lang":"ko","ref_audio_path":"a.wav","prompt_lang":"ko","prompt_text":"네."`

// post sends {fields} to /tts.
func (c client) post(ctx context.Context, fields string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, memnet.URL+"/tts", strings.NewReader("{"+fields+"}"))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return c.http.Do(req)
}

// speak posts and reads everything.
func (c client) speak(fields string) (status int, body []byte, err error) {
	resp, err := c.post(c.t.Context(), fields)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

func (c client) get(path string) (int, string, error) {
	resp, err := c.http.Get(memnet.URL + path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// samples splits a body into the header's rate and the samples.
func samples(t *testing.T, body []byte) (int, []int16) {
	t.Helper()
	if len(body) < 44 || string(body[:4]) != "RIFF" {
		t.Fatalf("no WAV: %d bytes", len(body))
	}
	rate := int(binary.LittleEndian.Uint32(body[24:]))
	var pcm []int16
	for b := body[44:]; len(b) >= 2; b = b[2:] {
		pcm = append(pcm, int16(binary.LittleEndian.Uint16(b)))
	}
	return rate, pcm
}

func allZero(pcm []int16) bool {
	return !slices.ContainsFunc(pcm, func(v int16) bool { return v != 0 })
}

func TestEveryModeSaysTheWholeText(t *testing.T) {
	for _, version := range []ttstest.Version{ttstest.V2Pro, ttstest.V3, ttstest.V4} {
		for mode := range 4 {
			serve(t, ttstest.Config{Version: version}, func(t *testing.T, s *ttstest.Server, c client) {
				status, body, err := c.speak(sentence + `,"streaming_mode":` + string(rune('0'+mode)))
				if status != 200 || err != nil {
					t.Fatalf("%s mode %d: status %d, %v", version, mode, status, err)
				}
				rate, pcm := samples(t, body)
				if rate != version.Rate() {
					t.Errorf("%s mode %d: %d Hz, want the model's %d", version, mode, rate, version.Rate())
				}
				if got, want := ttstest.Pitches(pcm, rate), ttstest.PitchesOf("안녕하세요, 반갑습니다."); !slices.Equal(got, want) {
					t.Errorf("%s mode %d: heard %v, want %v", version, mode, got, want)
				}
				dataSize := binary.LittleEndian.Uint32(body[40:])
				riffSize := binary.LittleEndian.Uint32(body[4:])
				switch {
				case mode == 0 && int(dataSize) != 2*len(pcm):
					t.Errorf("mode 0: data size %d of %d: a whole file says the truth", dataSize, 2*len(pcm))
				case mode > 0 && (dataSize != 0 || riffSize != 36):
					t.Errorf("mode %d: sizes %d and %d, want a streaming header's 0 and 36", mode, dataSize, riffSize)
				}
			})
		}
	}
}

func TestHeadersLeaveBeforeWork(t *testing.T) {
	cfg := ttstest.Config{FirstChunkDelay: time.Second, NewReferenceDelay: 2 * time.Second, RealTimeFactor: 0.5}
	serve(t, cfg, func(t *testing.T, s *ttstest.Server, c client) {
		start := time.Now()
		resp, err := c.post(t.Context(), sentence+`,"streaming_mode":3`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if took := time.Since(start); took != 0 {
			t.Errorf("the status came after %v: it must say nothing about the work", took)
		}
		head := make([]byte, 45)
		if _, err := io.ReadFull(resp.Body, head); err != nil {
			t.Fatal(err)
		}
		// The reference, the delay, and half of the first chunk's 0.56 s and up to 320 samples.
		if took := time.Since(start); took < 3280*time.Millisecond || took > 3290*time.Millisecond {
			t.Errorf("the first sound came after %v, want 3.28 s", took)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		rec := s.Records()[0]
		if !rec.NewReference || rec.End.IsZero() || rec.Sent < 2*time.Second {
			t.Errorf("record %+v: want a new reference, an end, and 11 syllables' time", rec)
		}

		// The same reference again is in the cache.
		start = time.Now()
		if _, _, err := c.speak(sentence + `,"streaming_mode":3`); err != nil {
			t.Fatal(err)
		}
		if s.Records()[1].NewReference || s.Records()[1].FirstSound.Sub(start) > 1300*time.Millisecond {
			t.Errorf("second request: first sound after %v, want no work for the reference", s.Records()[1].FirstSound.Sub(start))
		}
	})
}

// pieces records what is written between flushes.
type pieces struct {
	*httptest.ResponseRecorder
	sizes []int
	flat  int
}

func (p *pieces) Flush() {
	p.sizes = append(p.sizes, p.Body.Len()-p.flat)
	p.flat = p.Body.Len()
}

func TestPiecesSplitSamples(t *testing.T) {
	s := ttstest.New(ttstest.Config{})
	defer s.Close()
	r := httptest.NewRequest(http.MethodPost, "/tts", strings.NewReader("{"+sentence+`,"streaming_mode":3}`))
	r.Header.Set("Content-Type", "application/json")
	w := &pieces{ResponseRecorder: httptest.NewRecorder()}
	s.ServeHTTP(w, r)
	if len(w.sizes) < 3 || w.sizes[0] != 0 || w.sizes[1] != 44 {
		t.Fatalf("pieces of %v bytes; want the status alone, then the header alone", w.sizes)
	}
	odd := 0
	for _, n := range w.sizes[2:] {
		odd += n % 2
	}
	if odd == 0 {
		t.Errorf("pieces of %v bytes: no border falls inside a sample", w.sizes)
	}
}

func TestChecksInOrderBeforeAnyWork(t *testing.T) {
	for _, tc := range []struct{ fields, want string }{
		{``, `ref_audio_path is required`},
		{`"ref_audio_path":"a"`, `text is required`},
		{`"ref_audio_path":"a","text":""`, `text is required`},
		{`"ref_audio_path":"a","text":"x"`, `text_lang is required`},
		{`"ref_audio_path":"a","text":"x","text_lang":"xx"`, `text_lang: xx is not supported in version v2ProPlus`},
		{`"ref_audio_path":"a","text":"x","text_lang":"ko"`, `prompt_lang is required`},
		{`"ref_audio_path":"a","text":"x","text_lang":"ko","prompt_lang":"q"`, `prompt_lang: q is not supported in version v2ProPlus`},
		{sentence + `,"media_type":"mp3"`, `media_type: mp3 is not supported`},
		{sentence + `,"text_split_method":"cut9"`, `text_split_method:cut9 is not supported`},
		{sentence + `,"streaming_mode":4`, `the value of streaming_mode must be 0, 1, 2, 3(int) or true/false(bool)`},
	} {
		serve(t, ttstest.Config{}, func(t *testing.T, s *ttstest.Server, c client) {
			status, body, err := c.speak(tc.fields)
			if status != 400 || err != nil || string(body) != `{"message":"`+tc.want+`"}` {
				t.Errorf("{%s}: %d %s %v; want 400 with %q", tc.fields, status, body, err, tc.want)
			}
		})
	}
	serve(t, ttstest.Config{Version: ttstest.V1}, func(t *testing.T, s *ttstest.Server, c client) {
		if status, body, _ := c.speak(sentence); status != 400 || !strings.Contains(string(body), "version v1") {
			t.Errorf("Korean on version 1: %d %s, want 400: it has none", status, body)
		}
	})
}

func TestValidation(t *testing.T) {
	for _, tc := range []struct{ fields, want string }{
		{`"text":null`, `{"detail":[{"type":"string_type","loc":["body","text"],"msg":"Input should be a valid string","input":null}]}`},
		{`"top_k":"x"`, `{"detail":[{"type":"int_parsing","loc":["body","top_k"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]}`},
		{`"top_k":1.5`, `{"detail":[{"type":"int_from_float","loc":["body","top_k"],"msg":"Input should be a valid integer, got a number with a fractional part","input":1.5}]}`},
		{`"speed_factor":[]`, `{"detail":[{"type":"float_type","loc":["body","speed_factor"],"msg":"Input should be a valid number","input":[]}]}`},
		{`"streaming_mode":"x"`, `{"detail":[{"type":"bool_parsing","loc":["body","streaming_mode","bool"],"msg":"Input should be a valid boolean, unable to interpret input","input":"x"},{"type":"int_parsing","loc":["body","streaming_mode","int"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]}`},
		{`"aux_ref_audio_paths":"x"`, `{"detail":[{"type":"list_type","loc":["body","aux_ref_audio_paths"],"msg":"Input should be a valid list","input":"x"}]}`},
	} {
		serve(t, ttstest.Config{}, func(t *testing.T, s *ttstest.Server, c client) {
			status, body, err := c.speak(tc.fields)
			if status != 422 || err != nil || string(body) != tc.want {
				t.Errorf("{%s}: %d %v\n got %s\nwant %s", tc.fields, status, err, body, tc.want)
			}
		})
	}
	serve(t, ttstest.Config{Release: ttstest.Release20250606}, func(t *testing.T, s *ttstest.Server, c client) {
		for mode, want := range map[string]int{"0": 200, "1": 200, "true": 200, "2": 422, "3": 422} {
			if status, body, _ := c.speak(sentence + `,"streaming_mode":` + mode); status != want {
				t.Errorf("streaming_mode %s on the release of 2025-06: %d %.200s, want %d", mode, status, body, want)
			}
		}
	})
}

func TestLanguageTraps(t *testing.T) {
	upper := strings.ReplaceAll(sentence, `"text_lang":"ko"`, `"text_lang":"KO"`)
	serve(t, ttstest.Config{}, func(t *testing.T, s *ttstest.Server, c client) {
		if status, body, err := c.speak(upper + `,"streaming_mode":0`); status != 400 || !strings.Contains(string(body), "tts failed") {
			t.Errorf("POST in upper case: %d %s %v; want the late 400", status, body, err)
		}
		if status, body, err := c.speak(upper + `,"streaming_mode":3`); status != 200 || len(body) > 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("POST in upper case, streaming: %d, %d bytes, %v; want 200 and a broken connection", status, len(body), err)
		}
		q := url.Values{"text": {"안녕하세요"}, "text_lang": {"KO"}, "ref_audio_path": {"a"}, "prompt_lang": {"KO"}}
		if status, _, err := c.get("/tts?" + q.Encode()); status != 200 || err != nil {
			t.Errorf("GET in upper case: %d %v; want 200, it lower-cases", status, err)
		}
		q.Del("prompt_lang")
		if status, body, _ := c.get("/tts?" + q.Encode()); status != 500 || body != "Internal Server Error" {
			t.Errorf("GET without prompt_lang: %d %s; want the plain 500", status, body)
		}
	})
}

func TestLateFailures(t *testing.T) {
	cfg := ttstest.Config{References: map[string]time.Duration{"a.wav": 5 * time.Second, "short": 2 * time.Second, "long": 11 * time.Second}}
	with := func(from, to string) string { return strings.Replace(sentence, from, to, 1) }
	for _, tc := range []struct{ name, fields string }{
		{"no such reference", with(`"a.wav"`, `"b.wav"`)},
		{"reference under 3 s", with(`"a.wav"`, `"short"`)},
		{"reference over 10 s", with(`"a.wav"`, `"long"`)},
		{"only punctuation", with(`안녕하세요, 반갑습니다.`, `...!?`)},
	} {
		serve(t, cfg, func(t *testing.T, s *ttstest.Server, c client) {
			if status, body, _ := c.speak(tc.fields); status != 400 || !strings.Contains(string(body), `"message":"tts failed"`) {
				t.Errorf("%s, mode 0: %d %s; want 400 tts failed", tc.name, status, body)
			}
			status, body, err := c.speak(tc.fields + `,"streaming_mode":1`)
			if status != 200 || len(body) != 0 || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s, mode 1: %d, %d bytes, %v; want 200, nothing, and a broken connection", tc.name, status, len(body), err)
			}
		})
	}
	serve(t, ttstest.Config{Version: ttstest.V4}, func(t *testing.T, s *ttstest.Server, c client) {
		if status, body, _ := c.speak(with(`,"prompt_text":"네."`, ``)); status != 400 || !strings.Contains(string(body), "prompt_text cannot be empty") {
			t.Errorf("version 4 without prompt: %d %s", status, body)
		}
	})
}

func TestNothingToSay(t *testing.T) {
	serve(t, ttstest.Config{}, func(t *testing.T, s *ttstest.Server, c client) {
		for _, text := range []string{" ", `\n\n`, "😀"} {
			fields := strings.Replace(sentence, "안녕하세요, 반갑습니다.", text, 1)
			_, body, err := c.speak(fields)
			if rate, pcm := samples(t, body); err != nil || rate != 16000 || len(pcm) != 16000 || !allZero(pcm) {
				t.Errorf("%q, mode 0: want a second of silence at 16000 Hz", text)
			}
			if status, body, err := c.speak(fields + `,"streaming_mode":2`); status != 200 || len(body) != 0 || err != nil {
				t.Errorf("%q, mode 2: %d, %d bytes, %v; want 200, no byte, a normal end", text, status, len(body), err)
			}
		}
	})
}

func TestModeZeroStopsEverything(t *testing.T) {
	serve(t, ttstest.Config{FirstChunkDelay: 10 * time.Second}, func(t *testing.T, s *ttstest.Server, c client) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.post(ctx, sentence); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("mode 0 answered early: %v", err)
		}
		// The client has left. The work goes on all the same, and the probe hangs.
		if status, body, err := c.get("/openapi.json"); status != 200 || err != nil || !strings.Contains(body, "FastAPI") {
			t.Fatalf("probe: %d %v", status, err)
		}
		if waited := time.Since(start); waited != 10*time.Second {
			t.Errorf("the probe was answered after %v, want 10 s: at the end of the work", waited)
		}
	})
}

func TestTwoStreamsSpoilEachOther(t *testing.T) {
	for _, tc := range []struct {
		name        string
		first       string
		second      string
		wantBroken  bool
		wantOverlap int
	}{
		{"the same decoder: voices mix", "3", "3", false, 1},
		{"different decoders: both fail", "3", "1", true, 1},
	} {
		serve(t, ttstest.Config{RealTimeFactor: 0.5}, func(t *testing.T, s *ttstest.Server, c client) {
			resp, err := c.post(t.Context(), sentence+`,"streaming_mode":`+tc.first)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			if _, err := io.ReadFull(resp.Body, make([]byte, 44)); err != nil {
				t.Fatal(err)
			}
			other := strings.NewReplacer("안녕하세요", "그렇지만요", "a.wav", "b.wav").Replace(sentence)
			_, secondBody, secondErr := c.speak(other + `,"streaming_mode":` + tc.second)
			rest, firstErr := io.ReadAll(resp.Body)

			if s.Overlaps() != tc.wantOverlap || !s.Records()[0].Overlapped || !s.Records()[1].Overlapped {
				t.Errorf("%s: %d overlaps counted, want %d, and both requests marked", tc.name, s.Overlaps(), tc.wantOverlap)
			}
			if broken := errors.Is(firstErr, io.ErrUnexpectedEOF) && errors.Is(secondErr, io.ErrUnexpectedEOF); broken != tc.wantBroken {
				t.Errorf("%s: %v and %v", tc.name, firstErr, secondErr)
			}
			if !tc.wantBroken {
				_, pcm := samples(t, secondBody)
				if slices.Equal(ttstest.Pitches(pcm, 32000), ttstest.PitchesOf("그렇지만요, 반갑습니다.")) && len(rest) > 0 {
					want, _ := ttstest.Tone(t.Context(), ttstest.Speech{Text: "그렇지만요, 반갑습니다.", RefAudioPath: "b.wav", Rate: 32000})
					if slices.Equal(pcm[:len(want)], want) {
						t.Errorf("%s: the second came out clean", tc.name)
					}
				}
			}
		})
	}
}

func TestDisconnectIsNoticedAtTheNextChunk(t *testing.T) {
	serve(t, ttstest.Config{RealTimeFactor: 1}, func(t *testing.T, s *ttstest.Server, c client) {
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := c.post(ctx, sentence+`,"streaming_mode":3,"text_split_method":"cut0"`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 45)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // all of the first chunk is on its way, and the second in the making
		left := time.Now()
		cancel()
		_ = resp.Body.Close()
		synctest.Wait()
		if !s.Records()[0].End.IsZero() {
			t.Error("the pipeline was free at once; the real one finishes its chunk")
		}
		time.Sleep(time.Minute) // of the bubble's: the server is done with the request by then
		rec := s.Records()[0]
		if !rec.Aborted || rec.ChunksAfterDisconnect != 1 {
			t.Errorf("record %+v: want one chunk after the disconnect", rec)
		}
		if busy := rec.End.Sub(left); busy < 600*time.Millisecond || busy > 660*time.Millisecond {
			t.Errorf("busy for %v after the disconnect, want a chunk's 0.64 s", busy)
		}
	})
}

func TestBatchesLoseTextInTokenModes(t *testing.T) {
	fields := strings.Replace(sentence, "안녕하세요, 반갑습니다.", "안녕하세요. 반갑습니다. 또 만나요.", 1) + `,"batch_size":3`
	for mode, lost := range map[string]int{"0": 0, "1": 0, "2": 2, "3": 2} {
		serve(t, ttstest.Config{}, func(t *testing.T, s *ttstest.Server, c client) {
			if _, _, err := c.speak(fields + `,"streaming_mode":` + mode); err != nil {
				t.Fatal(err)
			}
			if rec := s.Records()[0]; len(rec.Lost) != lost || len(rec.Segments) != 3 {
				t.Errorf("mode %s: segments %q, lost %q; want %d of 3 lost", mode, rec.Segments, rec.Lost, lost)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	const after = 500 * time.Millisecond
	for _, tc := range []struct {
		name  string
		fault ttstest.Fault
		mode  string
		check func(t *testing.T, status int, body []byte, err error)
	}{
		{"exception, mode 0", ttstest.Fault{Kind: ttstest.FaultException}, "0", func(t *testing.T, status int, body []byte, err error) {
			if rate, pcm := samples(t, body); status != 200 || err != nil || rate != 16000 || len(pcm) != 16000 || !allZero(pcm) {
				t.Error("want 200 with a second of silence at 16000 Hz")
			}
		}},
		{"exception at once", ttstest.Fault{Kind: ttstest.FaultException}, "3", func(t *testing.T, status int, body []byte, err error) {
			if rate, pcm := samples(t, body); rate != 16000 || len(pcm) != 16000 || !allZero(pcm) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d Hz, %d samples, %v; want the silence under its own header, then a broken connection", rate, len(pcm), err)
			}
		}},
		{"exception in the middle", ttstest.Fault{Kind: ttstest.FaultException, After: after}, "3", func(t *testing.T, status int, body []byte, err error) {
			rate, pcm := samples(t, body)
			if rate != 32000 || len(pcm) != 16000+16000 || allZero(pcm[:16000]) || !allZero(pcm[16000:]) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d Hz, %d samples, %v; want half a second of sound, 16000 zeros, a broken connection", rate, len(pcm), err)
			}
		}},
		{"drop", ttstest.Fault{Kind: ttstest.FaultDrop, After: after}, "2", func(t *testing.T, status int, body []byte, err error) {
			if len(body) != 44+32000+1 || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes, %v; want half a second and half a sample", len(body), err)
			}
		}},
		{"silence", ttstest.Fault{Kind: ttstest.FaultSilence}, "1", func(t *testing.T, status int, body []byte, err error) {
			if rate, pcm := samples(t, body); rate != 16000 || len(pcm) != 16000 || !allZero(pcm) || err != nil {
				t.Error("want a second of silence and a normal end")
			}
		}},
		{"empty", ttstest.Fault{Kind: ttstest.FaultEmpty}, "1", func(t *testing.T, status int, body []byte, err error) {
			if status != 200 || len(body) != 0 || err != nil {
				t.Error("want 200 and nothing")
			}
		}},
		{"run-away", ttstest.Fault{Kind: ttstest.FaultRunaway}, "3", func(t *testing.T, status int, body []byte, err error) {
			// 60 s, and the fragment interval of 0.3 s.
			if _, pcm := samples(t, body); len(pcm) != 603*3200 {
				t.Errorf("%d samples, want the limit of 60 s", len(pcm))
			}
		}},
		{"loss", ttstest.Fault{Kind: ttstest.FaultLoss}, "1", func(t *testing.T, status int, body []byte, err error) {
			if _, pcm := samples(t, body); len(ttstest.Pitches(pcm, 32000)) > 2 || err != nil {
				t.Error("want two of ten syllables at most, and a normal end")
			}
		}},
		{"status", ttstest.Fault{Kind: ttstest.FaultStatus, Status: 502}, "1", func(t *testing.T, status int, body []byte, err error) {
			if status != 502 || !bytes.Contains(body, []byte("<!doctype")) {
				t.Errorf("%d", status)
			}
		}},
		{"reset", ttstest.Fault{Kind: ttstest.FaultReset}, "1", func(t *testing.T, status int, body []byte, err error) {
			if err == nil {
				t.Errorf("answered with %d", status)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := ttstest.Config{Faults: []ttstest.Rule{{Text: "안녕", Request: 1, Fault: tc.fault}}}
			serve(t, cfg, func(t *testing.T, s *ttstest.Server, c client) {
				status, body, err := c.speak(sentence + `,"text_split_method":"cut0","streaming_mode":` + tc.mode)
				tc.check(t, status, body, err)
				if got := s.Records()[0].Fault; got != tc.fault.Kind {
					t.Errorf("recorded fault %d, want %d", got, tc.fault.Kind)
				}
				if _, body, err := c.speak(sentence); err != nil || len(body) < 44 {
					t.Errorf("the next request fails too: %v", err)
				}
			})
		})
	}
}

func TestStall(t *testing.T) {
	cfg := ttstest.Config{Faults: []ttstest.Rule{{Fault: ttstest.Fault{Kind: ttstest.FaultStall, After: time.Second, For: time.Hour}}}}
	serve(t, cfg, func(t *testing.T, s *ttstest.Server, c client) {
		start := time.Now()
		_, body, err := c.speak(sentence + `,"streaming_mode":3`)
		if waited := time.Since(start); waited != time.Hour || err != nil {
			t.Errorf("took %v, %v; want an hour", waited, err)
		}
		rate, pcm := samples(t, body)
		if got, want := ttstest.Pitches(pcm, rate), ttstest.PitchesOf("안녕하세요, 반갑습니다."); !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v: a stall loses nothing", got, want)
		}
	})
}

func TestWeightsAndReference(t *testing.T) {
	serve(t, ttstest.Config{Weights: []string{"g.ckpt", "s.pth"}, WeightsDelay: 3 * time.Second}, func(t *testing.T, s *ttstest.Server, c client) {
		if status, body, _ := c.get("/set_gpt_weights"); status != 400 || body != `{"message":"gpt weight path is required"}` {
			t.Errorf("no path: %d %s", status, body)
		}
		if status, body, _ := c.get("/set_sovits_weights?weights_path=x"); status != 400 || !strings.Contains(body, "change sovits weight failed") {
			t.Errorf("no such file: %d %s", status, body)
		}
		if _, _, err := c.speak(sentence); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if status, body, _ := c.get("/set_sovits_weights?weights_path=s.pth"); status != 200 || body != `{"message":"success"}` || time.Since(start) != 3*time.Second {
			t.Errorf("%d %s after %v", status, body, time.Since(start))
		}
		if _, _, err := c.speak(sentence); err != nil {
			t.Fatal(err)
		}
		if status, _, _ := c.get("/set_refer_audio?refer_audio_path=a.wav"); status != 200 {
			t.Errorf("set_refer_audio: %d", status)
		}
		if _, _, err := c.speak(sentence); err != nil {
			t.Fatal(err)
		}
		if r := s.Records(); r[0].StaleReference || !r[1].StaleReference || r[2].StaleReference || r[1].SoVITSWeights != "s.pth" {
			t.Error("want the reference stale after the switch and until it is announced again")
		}
	})
}

func TestRestart(t *testing.T) {
	serve(t, ttstest.Config{RealTimeFactor: 1, RestartDelay: 5 * time.Second}, func(t *testing.T, s *ttstest.Server, c client) {
		resp, err := c.post(t.Context(), sentence+`,"streaming_mode":3`)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if _, _, err := c.get("/control?command=restart"); err == nil {
			t.Error("restart was answered; the process is replaced before it can")
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil {
			t.Error("a stream outlived the process")
		}
		if _, _, err := c.get("/openapi.json"); err == nil {
			t.Error("answered while the models load")
		}
		time.Sleep(5 * time.Second) // of the bubble's: the restart's length
		if status, _, err := c.get("/openapi.json"); status != 200 || err != nil {
			t.Errorf("after the restart: %d %v", status, err)
		}
	})
}

func TestToneTellsTextsApart(t *testing.T) {
	for _, tc := range []struct {
		text      string
		syllables int
	}{
		{"안녕하세요, 반갑습니다.", 10},
		{"こんにちは。", 5},
		{"Hello there, my friend!", 6}, // a silent e counts,
		{"3시 30분", 5},
		{"?!…", 0},
	} {
		if n := len(ttstest.PitchesOf(tc.text)); n != tc.syllables {
			t.Errorf("%q has %d syllables, want %d", tc.text, n, tc.syllables)
		}
		for _, rate := range []int{16000, 24000, 48000} {
			for _, speed := range []float64{0.7, 1, 2} {
				pcm, err := ttstest.Tone(t.Context(), ttstest.Speech{Text: tc.text, Rate: rate, SpeedFactor: speed, RefAudioPath: "v"})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := ttstest.Pitches(pcm, rate), ttstest.PitchesOf(tc.text); !slices.Equal(got, want) {
					t.Errorf("%q at %d Hz, speed %v: heard %v, want %v", tc.text, rate, speed, got, want)
				}
			}
		}
	}
}
