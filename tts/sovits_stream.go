package tts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"
)

// synthesis is one request under way. Owned by the goroutine that iterates over it.
type synthesis struct {
	c   *SoVITS
	req Request

	wav    WAVDecoder
	gate   silenceGate
	limits durationLimits

	// phase is when the server began with what it is at: the request, then each chunk.
	phase time.Time
	heard bool // a sample has arrived
	gaps  int  // waits for a further chunk
	// newVoice is set when the server has another reference encoded.
	newVoice bool
	// gaveUp is set when the synthesis ends with the server possibly at work on it.
	gaveUp bool
}

// run makes the request and emits its sound until emit returns false.
func (s *synthesis) run(ctx context.Context, emit func(Chunk) bool) error {
	c := s.c
	s.limits = durationLimitsOf(s.req.Text, speed(s.req))
	if s.limits.most == 0 {
		return c.error(ErrorRefused, 0, errors.New("the text has nothing to say"))
	}
	if err := c.load(ctx, s.req.Voice); err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The timer runs while the server is waited for, and stands while the caller has
	// the chunk.
	timer := time.AfterFunc(c.timeout, func() { cancel(errTimeout) })
	defer timer.Stop()

	s.phase = time.Now()
	resp, err := c.post(ctx, s.req)
	if err != nil {
		s.gaveUp = ctx.Err() != nil
		return err
	}
	// Cancelled first: closing alone would wait for a writer on its way.
	defer func() {
		cancel(nil)
		_ = resp.Body.Close()
	}()

	if s.req.Encoding != PCM {
		return s.encoded(ctx, resp.Body, timer, emit)
	}
	buffers := c.buffers.Get().(*soundBuffers)
	defer c.buffers.Put(buffers)
	size := firstReadBytes
	for {
		n, readErr := resp.Body.Read(buffers.in[:size])
		if n > 0 {
			at := time.Now()
			chunk, err := s.accept(buffers, buffers.in[:n])
			s.arrived(at)
			if len(chunk.PCM) > 0 {
				size = readBytes
				timer.Stop()
				s.gaveUp = readErr == nil // also if the caller's loop panics
				if !emit(chunk) {
					return errLeft
				}
				s.gaveUp = false
				timer.Reset(c.timeout)
			}
			if err != nil {
				s.gaveUp = readErr == nil
				return err
			}
		}
		switch {
		case readErr == nil:
		case errors.Is(readErr, io.EOF):
			timer.Stop()
			return s.finish(emit, buffers)
		case ctx.Err() != nil:
			s.gaveUp = true
			return c.transportError(ctx, readErr, ErrorTruncated)
		default:
			return s.brokenOff(readErr)
		}
	}
}

// maxEncoded is more than a sentence can take: GPT-SoVITS's AAC has 24 KB a second.
const maxEncoded = 8 << 20

// encoded takes in a whole sentence before it passes it on: what is wrong with it is seen
// only then.
func (s *synthesis) encoded(ctx context.Context, body io.Reader, timer *time.Timer, emit func(Chunk) bool) error {
	c := s.c
	var sound bytes.Buffer
	for {
		n, err := io.CopyN(&sound, body, readBytes)
		if n > 0 {
			s.heardWhole()
			timer.Reset(c.timeout)
		}
		switch {
		case err == nil && sound.Len() <= maxEncoded:
			continue
		case err == nil:
			s.gaveUp = true
			return c.error(ErrorImplausible, 0, fmt.Errorf("more than %d bytes", maxEncoded))
		case errors.Is(err, io.EOF):
		case ctx.Err() != nil:
			s.gaveUp = true
			return c.transportError(ctx, err, ErrorTruncated)
		default:
			return c.error(ErrorTruncated, 0, err)
		}
		break
	}
	timer.Stop()
	if sound.Len() == 0 {
		return c.error(ErrorSilent, 0, errors.New("no bytes"))
	}
	length, rate, err := Measure(s.req.Encoding, sound.Bytes())
	switch words := length - s.req.Pause; {
	case err != nil:
		return c.error(ErrorMalformed, 0, err)
	case rate == errorRate:
		return c.error(ErrorSilent, 0, fmt.Errorf("%v of sound at %d Hz", length, rate))
	case words < s.limits.least || words > s.limits.most:
		return c.error(ErrorImplausible, 0, fmt.Errorf("%v for %d characters; want %v to %v",
			words, utf8.RuneCountInString(s.req.Text), s.limits.least, s.limits.most))
	}
	if !emit(Chunk{Rate: rate, PCM: sound.Bytes()}) {
		return errLeft
	}
	return nil
}

// heardWhole takes note of when speech came that comes as a whole.
func (s *synthesis) heardWhole() {
	if s.heard {
		return
	}
	s.heard = true
	waited := time.Since(s.phase)
	s.observe(func(p *pace) { p.sawFirst(s, waited) })
}

// arrived takes note of when sound came, which is how fast the server is. It is called
// after accept, since a first piece may be the header alone or have sound behind it.
func (s *synthesis) arrived(at time.Time) {
	waited := at.Sub(s.phase)
	switch {
	case s.gate.passed+s.gate.held == 0:
		return
	case !s.heard:
		s.heard = true
		s.observe(func(p *pace) { p.sawFirst(s, waited) })
	case waited >= minGap:
		s.observe(func(p *pace) { p.sawNext(s, waited) })
	}
	s.phase = at
}

func (s *synthesis) observe(f func(*pace)) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	f(&s.c.pace)
}

// accept turns a piece of the body into a chunk to be passed on, which may be empty.
// An error comes with the sound in front of it.
func (s *synthesis) accept(b *soundBuffers, piece []byte) (Chunk, error) {
	out, err := s.wav.Append(b.out[:0], piece)
	b.out = out
	if err != nil {
		return Chunk{}, s.c.error(ErrorMalformed, 0, err)
	}
	if len(out) == 0 {
		return Chunk{}, nil
	}
	out = s.gate.pass(out)
	b.out = out[:0:cap(out)]
	rate := s.wav.Rate()
	// What is held back counts as well: silence without end is no speech either.
	if most := samplesIn(s.limits.most, rate); s.gate.passed+s.gate.held > most {
		err = s.implausible(s.gate.passed + s.gate.held)
		out = out[:max(0, len(out)-2*max(0, s.gate.passed-most))]
	}
	return Chunk{Rate: rate, PCM: out}, err
}

func (s *synthesis) implausible(samples int) error {
	return s.c.error(ErrorImplausible, 0, fmt.Errorf("%d samples at %d Hz for %d characters; want %v to %v",
		samples, s.wav.Rate(), utf8.RuneCountInString(s.req.Text), s.limits.least, s.limits.most))
}

// finish ends a stream that ended by itself.
func (s *synthesis) finish(emit func(Chunk) bool, b *soundBuffers) error {
	rate := s.wav.Rate()
	if err := s.wav.Finish(); err != nil && s.gate.passed > 0 {
		return s.brokenOff(err)
	}
	if s.gate.passed == 0 {
		return s.c.error(ErrorSilent, 0, fmt.Errorf("%d zero samples at %d Hz", s.gate.held, rate))
	}
	if b.out = s.gate.flush(b.out[:0]); len(b.out) > 0 && !emit(Chunk{Rate: rate, PCM: b.out}) {
		return errLeft
	}
	s.observe(func(p *pace) { p.sawEnd(s) })
	if s.gate.passed < samplesIn(s.limits.least, rate) {
		return s.implausible(s.gate.passed)
	}
	return nil
}

// brokenOff ends a stream that ended before its time. The silence at its end, if any,
// is the server's mark of an exception and is not passed on.
func (s *synthesis) brokenOff(err error) error {
	if s.gate.passed == 0 && s.gate.held > 0 && s.wav.Rate() == errorRate {
		return s.c.error(ErrorSilent, 0, err)
	}
	return s.c.error(ErrorTruncated, 0, err)
}

const (
	// errorRate is the rate of the second of silence that stands for an error, and
	// errorSamples its length, whatever the rate it is played at.
	errorRate    = 16000
	errorSamples = 16000
)

// silenceGate holds back silence until sound follows: zeros at the end of a broken
// stream are the server's mark of an exception. Sound is never late for it, since a
// model's pauses are not exactly zero; of a longer silence between sounds only a mark's
// length is held.
type silenceGate struct {
	passed int // samples
	held   int // zero samples that wait
}

// pass returns what of the next samples may go on, behind the silence that was held.
// The result lies in pcm's memory or in its place.
func (g *silenceGate) pass(pcm []byte) []byte {
	end := len(pcm)
	for end > 0 && pcm[end-1] == 0 && pcm[end-2] == 0 {
		end -= 2
	}
	before := g.held
	if end > 0 {
		g.held = (len(pcm) - end) / 2
		pcm = insertSilence(pcm[:end], before)
		g.passed += len(pcm) / 2
		return pcm
	}
	g.held += len(pcm) / 2
	if g.passed == 0 {
		return nil
	}
	excess := max(0, g.held-errorSamples)
	g.held -= excess
	g.passed += excess
	return pcm[:2*excess]
}

// flush appends the silence held back to dst: the stream has ended well.
func (g *silenceGate) flush(dst []byte) []byte {
	dst = insertSilence(dst, g.held)
	g.passed += g.held
	g.held = 0
	return dst
}

// insertSilence puts n zero samples in front of pcm.
func insertSilence(pcm []byte, n int) []byte {
	if n == 0 {
		return pcm
	}
	size := len(pcm)
	pcm = slices.Grow(pcm, 2*n)[:size+2*n]
	copy(pcm[2*n:], pcm[:size])
	clear(pcm[:2*n])
	return pcm
}
