package tts

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The properties: what passes is the input without its last silence, which is held
// back; and nothing that was not silence is ever held.
func TestSilenceGate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var g silenceGate
		var in, out []byte
		heard := false
		for range rapid.IntRange(0, 12).Draw(rt, "pieces") {
			n := rapid.IntRange(1, 9000).Draw(rt, "samples")
			piece := make([]byte, 2*n)
			if rapid.Bool().Draw(rt, "sound") {
				heard = true
				at := rapid.IntRange(0, n-1).Draw(rt, "at")
				piece[2*at+rapid.IntRange(0, 1).Draw(rt, "byte")] = 1
			}
			in = append(in, piece...)
			out = append(out, g.pass(piece)...)
			if g.passed != len(out)/2 || g.passed+g.held != len(in)/2 {
				rt.Fatalf("passed %d, held %d; want %d, %d", g.passed, g.held, len(out)/2, (len(in)-len(out))/2)
			}
			if heard && g.held > errorSamples {
				rt.Fatalf("%d samples of silence held back, want %d at most", g.held, errorSamples)
			}
			if !bytes.Equal(out, in[:len(out)]) {
				rt.Fatal("what passes is not what came")
			}
			if rest := in[len(out):]; bytes.ContainsAny(rest, "\x01") {
				rt.Fatal("sound is held back")
			}
		}
		if !bytes.Equal(g.flush(append([]byte(nil), out...)[len(out):]), in[len(out):]) {
			rt.Fatal("flush does not give the rest")
		}
	})
}

func TestDurationLimits(t *testing.T) {
	for _, tc := range []struct {
		text        string
		speed       float64
		speech      time.Duration // what it takes to say it, by ear
		least, most bool          // are tested against: half of it, three times it
	}{
		{"안녕하세요, 반갑습니다. 오늘은 날씨가 좋네요.", 1, 3500 * time.Millisecond, true, true},
		{"안녕하세요, 반갑습니다. 오늘은 날씨가 좋네요.", 2, 1750 * time.Millisecond, true, false},
		{"こんにちは、元気ですか。", 1, 2 * time.Second, false, true},
		{"你好，很高兴认识你。", 1, 2 * time.Second, false, true},
		{"Well, I am not so sure about that, to be honest.", 1, 3 * time.Second, false, true},
		{"2026년 11월 24일", 1, 3500 * time.Millisecond, false, true},
		{"네.", 1, 300 * time.Millisecond, false, true},
	} {
		l := durationLimitsOf(tc.text, tc.speed)
		if tc.speech < l.least || tc.speech > l.most {
			t.Errorf("%q: a normal %v is outside %v to %v", tc.text, tc.speech, l.least, l.most)
		}
		if tc.least && l.least < tc.speech/6 {
			t.Errorf("%q: as little as %v would pass for %v of speech", tc.text, l.least, tc.speech)
		}
		if tc.most && l.most > 6*tc.speech+longestPauses {
			t.Errorf("%q: as much as %v would pass for %v of speech", tc.text, l.most, tc.speech)
		}
	}
	for _, text := range []string{"", " \n", "?!", "😀…"} {
		if l := durationLimitsOf(text, 1); l.most != 0 {
			t.Errorf("%q has something to say: %v", text, l)
		}
	}
}

// oneAnswer answers every request with the same body, without a network.
type oneAnswer struct {
	body bytes.Reader
	data []byte
}

func (a *oneAnswer) RoundTrip(*http.Request) (*http.Response, error) {
	a.body.Reset(a.data)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(&a.body)}, nil
}

// The properties: whatever a server sends, what comes out is whole samples, no more of
// them than the text can take, and either a good end or an *Error.
func FuzzSoVITSBody(f *testing.F) {
	header := AppendWAVHeader(nil, 32000, 0)
	f.Add([]byte{})
	f.Add(header)
	f.Add(append(header, bytes.Repeat([]byte{1, 2, 0}, 20000)...))
	f.Add(append(AppendWAVHeader(nil, 16000, 32000), make([]byte, 32000)...))
	f.Add([]byte("<!doctype html>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := NewSoVITS(SoVITSConfig{BaseURL: "http://x", HTTPClient: &http.Client{Transport: &oneAnswer{data: body}}})
		if err != nil {
			t.Fatal(err)
		}
		req := Request{Text: "안녕하세요.", Voice: Voice{RefAudioPath: "r"}}
		most := durationLimitsOf(req.Text, 1).most
		samples, rate := 0, 0
		for chunk, err := range c.Synthesize(t.Context(), req) {
			if err != nil {
				if failure := (*Error)(nil); !errors.As(err, &failure) || failure.Kind == "" {
					t.Fatalf("an error of type %T: %v", err, err)
				}
				return
			}
			if len(chunk.PCM) == 0 || len(chunk.PCM)%2 != 0 || chunk.Rate <= 0 {
				t.Fatalf("a chunk of %d bytes at %d Hz", len(chunk.PCM), chunk.Rate)
			}
			samples, rate = samples+len(chunk.PCM)/2, chunk.Rate
			if samples > samplesIn(most, rate) {
				t.Fatalf("%d samples at %d Hz, over %v", samples, rate, most)
			}
		}
		if samples == 0 {
			t.Fatal("a good end without any sound")
		}
	})
}

// From the body's bytes to the caller's chunks: ten seconds of sound.
func BenchmarkSoVITSChunks(b *testing.B) {
	text := "오늘은 날씨가 정말 좋으니까 같이 공원에 가서 산책도 하고 맛있는 것도 먹고 오면 어떨까요?"
	pcm := make([]byte, 10*32000*2)
	for i := range pcm {
		pcm[i] = byte(i*31 + 1)
	}
	a := &oneAnswer{data: append(AppendWAVHeader(nil, 32000, 0), pcm...)}
	c, err := NewSoVITS(SoVITSConfig{BaseURL: "http://x", HTTPClient: &http.Client{Transport: a}})
	if err != nil {
		b.Fatal(err)
	}
	chunks := 0
	b.SetBytes(int64(len(pcm)))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range c.Synthesize(b.Context(), Request{Text: text, TextLang: "ko", StreamingMode: 3, Voice: Voice{RefAudioPath: "r"}}) {
			if err != nil {
				b.Fatal(err)
			}
			chunks++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(chunks), "ns/chunk")
}

func TestSoVITSDoesNotAllocatePerChunk(t *testing.T) {
	count := func(seconds int) float64 {
		pcm := bytes.Repeat([]byte{1, 2}, seconds*32000)
		a := &oneAnswer{data: append(AppendWAVHeader(nil, 32000, 0), pcm...)}
		c, err := NewSoVITS(SoVITSConfig{BaseURL: "http://x", HTTPClient: &http.Client{Transport: a}})
		if err != nil {
			t.Fatal(err)
		}
		req := Request{Text: "오늘은 날씨가 정말 좋으니까 같이 공원에 가요.", Voice: Voice{RefAudioPath: "r"}}
		return testing.AllocsPerRun(50, func() {
			for _, err := range c.Synthesize(t.Context(), req) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	// 24 chunks more. The race detector has sync.Pool forget its buffers at times, which
	// makes a difference of one or two.
	if short, long := count(2), count(8); long > short+5 {
		t.Errorf("2 s of sound take %v allocations, 8 s take %v: want no more", short, long)
	}
}
