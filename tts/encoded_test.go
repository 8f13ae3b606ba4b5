package tts_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

// encoded is a file that libsndfile or ffmpeg has made, with the settings of GPT-SoVITS: a
// tone of 440 Hz, a second at 32,000 Hz or half of one at 48,000 Hz, or a second of
// silence at 16,000 Hz.
func encoded(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("ttstest", "recorded", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestMeasure(t *testing.T) {
	second, half := encoded(t, "tone.ogg"), encoded(t, "tone48.ogg")
	aac := encoded(t, "tone.aac")
	for _, tt := range []struct {
		name  string
		e     tts.Encoding
		sound []byte
		want  time.Duration
		rate  int
	}{
		{"Vorbis", tts.Ogg, second, time.Second, 32000},
		{"Vorbis at another rate", tts.Ogg, half, time.Second / 2, 48000},
		{"one behind the other", tts.Ogg, bytes.Join([][]byte{second, half, second}, nil), 2500 * time.Millisecond, 32000},
		{"Opus", tts.Ogg, encoded(t, "opus.ogg"), time.Second / 2, 48000},
		{"AAC: 33 frames, one of them the encoder's", tts.AAC, aac, 33 * 1024 * time.Second / 32000, 32000},
		{"AAC twice", tts.AAC, append(bytes.Clone(aac), aac...), 2 * 33 * 1024 * time.Second / 32000, 32000},
		{"AAC silence", tts.AAC, encoded(t, "silence.aac"), 17 * 1024 * time.Second / 16000, 16000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, rate, err := tts.Measure(tt.e, tt.sound)
			if err != nil || d != tt.want || rate != tt.rate {
				t.Errorf("%v at %d, %v; want %v at %d", d, rate, err, tt.want, tt.rate)
			}
			// Cut off anywhere it is not whole, except between two that are.
			for _, cut := range []int{0, 1, 10, 100, len(tt.sound) / 2, len(tt.sound) - 1} {
				if d, _, err := tts.Measure(tt.e, tt.sound[:cut]); err == nil && d >= tt.want || err != nil && !errors.Is(err, tts.ErrNotEncoded) {
					t.Errorf("its first %d bytes last %v, %v", cut, d, err)
				}
			}
		})
	}
	for _, tt := range []struct {
		e     tts.Encoding
		sound string
	}{
		{tts.Ogg, ""}, {tts.AAC, ""}, {tts.Ogg, "RIFF....WAVE"}, {tts.AAC, "RIFF....WAVE"}, {tts.Ogg, string(aac)}, {tts.AAC, string(second)},
		{tts.PCM, "\x00\x00"},
	} {
		if d, _, err := tts.Measure(tt.e, []byte(tt.sound)); !errors.Is(err, tts.ErrNotEncoded) {
			t.Errorf("%q as %q lasts %v, %v", tt.sound[:min(8, len(tt.sound))], tt.e, d, err)
		}
	}
}

// hello is a text of about the second that ttstest.Recorded has for all.
const hello = "안녕하세요."

func TestEncodedSynthesis(t *testing.T) {
	recorded := ttstest.Config{Encode: ttstest.Recorded}
	faulty := func(f ttstest.Fault) ttstest.Config {
		return ttstest.Config{Encode: ttstest.Recorded, Faults: []ttstest.Rule{{Text: hello, Fault: f}}}
	}
	for _, tt := range []struct {
		name string
		cfg  ttstest.Config
		text string
		want tts.ErrorKind // of both; empty: it goes well
	}{
		{"a sentence", recorded, hello, ""},
		{"a server that cannot encode", ttstest.Config{}, hello, tts.ErrorRefused},
		{"a reference that is not there", ttstest.Config{Encode: ttstest.Recorded, References: map[string]time.Duration{}}, hello, tts.ErrorRefused},
		{"silence in place of an error", faulty(ttstest.Fault{Kind: ttstest.FaultException}), hello, tts.ErrorSilent},
		{"no bytes", faulty(ttstest.Fault{Kind: ttstest.FaultEmpty}), hello, tts.ErrorSilent},
		{"a proxy's page", faulty(ttstest.Fault{Kind: ttstest.FaultStatus, Status: 502}), hello, tts.ErrorUnreachable},
		{"much too short for its text", recorded, strings.Repeat("가나다라마바사아자차카타파하 ", 8), tts.ErrorImplausible},
		{"a server that knows no formats", ttstest.Config{Encode: func(_ context.Context, _ string, pcm []int16, _ int) ([]byte, error) {
			return make([]byte, len(pcm)), nil
		}}, hello, tts.ErrorMalformed},
	} {
		for _, e := range []tts.Encoding{tts.Ogg, tts.AAC} {
			t.Run(tt.name+" as "+string(e), func(t *testing.T) {
				inBubble(t, tt.cfg, func(t *testing.T, b bench) {
					req := request(tt.text, 3)
					req.Encoding, req.Pause = e, 300*time.Millisecond
					sound, err := gather(t.Context(), b.client, req)
					if kindOf(err) != tt.want {
						t.Fatalf("%v, want %q", err, tt.want)
					}
					if tt.want == "" {
						name := map[tts.Encoding]string{tts.Ogg: "tone.ogg", tts.AAC: "tone.aac"}[e]
						if !bytes.Equal(sound, encoded(t, name)) {
							t.Errorf("%d bytes, want the server's", len(sound))
						}
						p := b.server.Records()[0].Params
						if p.MediaType != string(e) || p.StreamingMode != 0 || p.FragmentInterval != 0.3 {
							t.Errorf("asked for %q in mode %d with a pause of %v s", p.MediaType, p.StreamingMode, p.FragmentInterval)
						}
					} else if len(sound) > 0 {
						t.Errorf("%d bytes of speech that failed", len(sound))
					}
					if tt.cfg.References == nil {
						b.stillWorks()
					}
				})
			})
		}
	}
}

func gather(ctx context.Context, c tts.Synthesizer, req tts.Request) (sound []byte, _ error) {
	for chunk, err := range c.Synthesize(ctx, req) {
		if err != nil {
			return sound, err
		}
		sound = append(sound, chunk.PCM...)
	}
	return sound, nil
}

// A synthesis of mode 0 that is given up goes on to its end at the server, which is left
// alone for as long.
func TestEncodedSynthesisGivenUp(t *testing.T) {
	inBubble(t, ttstest.Config{Encode: ttstest.Recorded, RealTimeFactor: 0.5}, func(t *testing.T, b bench) {
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, leave)
		req := request(hello, 3)
		req.Encoding = tts.AAC
		if _, err := gather(ctx, b.client, req); !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		if b.client.SettleTime() <= 0 {
			t.Error("the server could be asked again at once")
		}
		b.stillWorks()
	})
}

// The scheduler passes encoded speech on as it is, whatever rate the job has.
func TestSchedulerEncoded(t *testing.T) {
	inPool(t, func(t *testing.T, s *tts.Scheduler, _ []*ttstest.Server) {
		req := request(hello, 0)
		req.Encoding = tts.Ogg
		sp := s.Submit(tts.Job{Request: req})
		var sound []byte
		for {
			<-sp.Ready()
			piece, done, err := sp.Take()
			sound = piece.Append(sound, piece.Len())
			if err != nil {
				t.Fatal(err)
			}
			if done {
				break
			}
		}
		if !bytes.Equal(sound, encoded(t, "tone.ogg")) {
			t.Errorf("%d bytes, want the server's", len(sound))
		}
	}, ttstest.Config{Encode: ttstest.Recorded})
}

// Whatever a server sends: no panic, and no negative or endless time.
func FuzzMeasure(f *testing.F) {
	for _, name := range []string{"tone.ogg", "opus.ogg", "silence.ogg"} {
		f.Add(true, encoded(f, name))
	}
	f.Add(false, encoded(f, "silence.aac"))
	f.Fuzz(func(t *testing.T, ogg bool, sound []byte) {
		e := tts.AAC
		if ogg {
			e = tts.Ogg
		}
		d, rate, err := tts.Measure(e, sound)
		if err == nil && (d < 0 || rate <= 0) {
			t.Errorf("%v at %d", d, rate)
		}
	})
}
