package voice

import (
	"context"
	"log/slog"
	"os/exec"
	"sync/atomic"
)

// Utterance is what is to be said, and how.
type Utterance struct {
	Text string
	// Lang is a GPT-SoVITS language code: ko, all_ja, auto …
	Lang string
	// Voice says who speaks: the path of a reference recording, which is not read.
	Voice string
	// Speed multiplies the voice's own pace; zero means 1.
	Speed float64
	// Rate is in samples per second: 16000, 22050, 24000, 32000, 44100 or 48000.
	Rate int
}

const (
	// longestText bounds an utterance, in characters; a longer one is cut. A sentence
	// that has been split for speech is far below.
	longestText = 600

	slowest, fastest = 0.5, 2.0
)

// pace is the speed within its bounds.
func (u Utterance) pace() float64 {
	if u.Speed == 0 {
		return 1
	}
	return min(max(u.Speed, slowest), fastest)
}

// bounded cuts the text to what is spoken at most.
func (u Utterance) bounded() Utterance {
	n := 0
	for i := range u.Text {
		if n++; n > longestText {
			u.Text = u.Text[:i]
			break
		}
	}
	return u
}

// Config says what to speak with. The zero value looks for espeak-ng on the PATH.
type Config struct {
	// Program is the path of espeak-ng; empty means that of the PATH.
	Program string
	// ToneOnly leaves the program alone.
	ToneOnly bool
	// Log takes the program's failures; nil means none.
	Log *slog.Logger
}

// failuresInRow is after how many failures one after the other the program is given
// up for good.
const failuresInRow = 3

// Speaker says utterances.
type Speaker struct {
	program *espeak // nil: the tone voice alone. Immutable after New.
	log     *slog.Logger
	// failures of the program in a row, written by any goroutine.
	failures atomic.Int32
}

// New makes a Speaker. It never fails: without a program there is the tone voice.
func New(cfg Config) *Speaker {
	s := &Speaker{log: cfg.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if cfg.ToneOnly {
		return s
	}
	path := cfg.Program
	if path == "" {
		found, err := exec.LookPath("espeak-ng")
		if err != nil {
			return s
		}
		path = found
	}
	s.program = newEspeak(path)
	return s
}

// Name says what the Speaker speaks with at present: "espeak-ng" or "tone".
func (s *Speaker) Name() string {
	if s.usesProgram() {
		return "espeak-ng"
	}
	return "tone"
}

func (s *Speaker) usesProgram() bool {
	return s.program != nil && s.failures.Load() < failuresInRow
}

// Say returns the sound of an utterance, at most -3 dBFS loud. A text with nothing
// to pronounce gives no sound and no error; the only error is the context's.
func (s *Speaker) Say(ctx context.Context, u Utterance) ([]int16, error) {
	u = u.bounded()
	if !pronounceable(u.Text) {
		return nil, ctx.Err()
	}
	if s.usesProgram() && s.program.reads(u) {
		sound, err := s.program.say(ctx, u)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			if n := s.failures.Add(1); n <= failuresInRow {
				s.log.Warn("speech program failed", slog.Any("error", err), slog.Bool("given_up", n == failuresInRow))
			}
		case audible(sound):
			s.failures.Store(0)
			return sound, nil
		default:
			// A language it does not know is passed over in silence.
			s.failures.Store(0)
		}
	}
	return Tone(u), ctx.Err()
}

// audible reports whether there is more than silence in a sound.
func audible(sound []int16) bool {
	for _, v := range sound {
		if v > 500 || v < -500 {
			return true
		}
	}
	return false
}

// loudest is -3 dBFS.
const loudest = 23197

// limit scales a sound so that it is no louder than that.
func limit(sound []int16) {
	peak := 0
	for _, v := range sound {
		peak = max(peak, int(v), -int(v))
	}
	if peak <= loudest {
		return
	}
	for i, v := range sound {
		sound[i] = int16(int(v) * loudest / peak)
	}
}
