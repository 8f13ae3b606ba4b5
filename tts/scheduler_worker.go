package tts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// bytesPerSample is that of 16-bit mono.
const bytesPerSample = 2

// maxSentence is the longest audio that can be one sentence: GPT-SoVITS stops a sentence
// at 54 s, which the slowest pace doubles.
const maxSentence = 2 * time.Minute

var (
	errNoAudio = errors.New("the synthesis ended without audio")
	errEndless = fmt.Errorf("the synthesis made more than %v of audio", maxSentence) // or than maxEncoded
)

// settler is a Synthesizer whose server goes on working after its connection was given
// up: GPT-SoVITS stops at its next chunk border.
type settler interface {
	// SettleTime is asked after an iteration that ended early, by an abort or an error,
	// and says how long the server must be left alone from then on; zero if it needn't.
	SettleTime() time.Duration
}

// work is the goroutine of one of a server's workers.
func (s *Scheduler) work(ctx context.Context, sv *server) {
	defer s.leave()
	for t := range sv.next {
		if t.speech == nil {
			s.askLease(ctx, sv)
			continue
		}
		if t.release == nil {
			t.release = func() {}
		}
		s.speak(ctx, sv, t)
	}
}

// askLease waits for a server that other processes use too. Which sentence it is for is
// decided when it is there.
func (s *Scheduler) askLease(ctx context.Context, sv *server) {
	release, err := s.cfg.Lease(ctx, sv.index, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unclaimLocked(sv)
		s.dispatchLocked(time.Now())
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unclaimLocked(sv)
	sv.asking = false
	if err == nil {
		sv.lease = release
	}
	if s.closed {
		sv.unlease()
	}
	s.freeLocked(sv, time.Now())
}

// unclaimLocked opens the sentence that a server is asked for to the others.
func (s *Scheduler) unclaimLocked(sv *server) {
	s.queue.setClaimed(sv.claim, false)
	sv.claim = 0
}

// speak sees one sentence through on a server, up to the server being free again.
func (s *Scheduler) speak(ctx context.Context, sv *server, t task) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	sp := t.speech
	if req, ok := s.begin(sv, sp, cancel); ok {
		if span := sp.job.Span; span != nil { // the job's Deadline alone changes
			run = trace.ContextWithSpan(run, span)
		}
		err := synthesize(run, sv.synth, req, sp)
		if err == nil {
			t.release()
			s.finish(sv, sp, nil)
			return // finish has freed the worker
		}
		s.finish(sv, sp, err)
		settle(ctx, sv.synth)
	}
	t.release()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freeLocked(sv, time.Now())
}

// begin is the last moment to cancel a sentence without the server hearing of it.
func (s *Scheduler) begin(sv *server, sp *Speech, cancel context.CancelFunc) (req Request, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sp.phase != speechRunning {
		return Request{}, false
	}
	now := time.Now()
	sp.begin(now)
	sp.cancel = cancel
	sv.inFlight++
	if !sp.retried {
		s.stats.QueueWait.observe(now.Sub(sp.eligible))
	}
	req = sp.job.Request
	if sp.retried && req.Seed >= 0 {
		req.Seed = (req.Seed + 1) & math.MaxInt32 // the old one might fail again
	}
	return req, true
}

// pieceBytes is the most that a piece of the job's sound has.
func pieceBytes(job *Job) int {
	if job.Request.Encoding != PCM {
		return readBytes
	}
	return bytesPerSample * int(PieceTime.Milliseconds()) * job.Rate / 1000
}

// synthesize speaks one sentence and delivers the audio as it is made.
func synthesize(ctx context.Context, synth Synthesizer, req Request, sp *Speech) error {
	rate := sp.rate
	limit := int(maxSentence.Seconds()) * rate * bytesPerSample
	if req.Encoding != PCM {
		limit = maxEncoded
	}
	made := 0
	deliver := func(pcm []byte) error {
		if len(pcm) == 0 {
			return nil
		}
		if made += len(pcm); made > limit {
			return errEndless
		}
		if !sp.deliver(pcm) {
			return ErrCancelled
		}
		return nil
	}

	var resample *Resampler // nil while the rates are the same
	var resampled []byte
	first := true
	for chunk, err := range synth.Synthesize(ctx, req) {
		if err != nil {
			return err
		}
		if first && chunk.Rate != rate && req.Encoding == PCM {
			if resample, err = NewResampler(chunk.Rate, rate); err != nil {
				return finalError{err}
			}
		}
		first = false
		pcm := chunk.PCM
		if resample != nil {
			resampled = resample.Append(resampled[:0], pcm)
			pcm = resampled
		}
		if err := deliver(pcm); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if resample != nil {
		if err := deliver(resample.Flush(resampled[:0])); err != nil {
			return err
		}
	}
	if made == 0 {
		return errNoAudio
	}
	return nil
}

// finish settles what comes of a synthesis: the speech's end, or a second try, and what
// the server is thought of.
func (s *Scheduler) finish(sv *server, sp *Speech, err error) {
	now := time.Now()
	times := sp.Times()

	s.mu.Lock()
	defer s.mu.Unlock()
	sp.cancel = nil
	sv.inFlight--
	sv.busy += now.Sub(times.Started)
	if !times.FirstAudio.IsZero() {
		s.stats.FirstAudio.observe(times.FirstAudio.Sub(times.Started))
	}
	switch {
	case err == nil:
		sv.completed++
		sv.failures, sv.restUntil = 0, time.Time{}
		s.pace.learn(leastSpeech(sp.job.Request.Text), now.Sub(times.Started))
		s.queue.reprice(s.pace.cost)
		s.endLocked(sp, nil)
		// In one step with the end: whoever submits on hearing of it finds the server free.
		s.freeLocked(sv, now)
	case sp.phase != speechRunning: // cancelled: the error says no more
	default:
		s.failedLocked(sv, sp, err, now)
	}
}

// freeLocked makes a worker available for the next sentence.
func (s *Scheduler) freeLocked(sv *server, now time.Time) {
	sv.free++
	s.dispatchLocked(now)
}

// failedLocked deals with a synthesis that failed by itself.
func (s *Scheduler) failedLocked(sv *server, sp *Speech, err error, now time.Time) {
	sv.failed++
	again := temporary(err)
	if again {
		s.lastErr = err
		s.blameLocked(sv, sp, err, now)
	}
	if !again || sp.retried || sp.hasAudio() {
		s.endLocked(sp, fmt.Errorf("synthesising a sentence: %w", err))
		return
	}
	s.stats.Retried++
	s.log.Warn("synthesis failed before any audio, trying once more", slog.Int("server", sv.index),
		slog.String("owner", sp.job.Owner), slog.Any("error", err))
	sp.retried, sp.avoid = true, sv.index
	delete(s.running, sp)
	s.enqueueLocked(sp)
	s.dispatchLocked(now)
}

// blameLocked counts a failure against the server, and rests it when it is not the first.
func (s *Scheduler) blameLocked(sv *server, sp *Speech, err error, now time.Time) {
	voice := keyOf(sp.job.Request.Voice)
	switch {
	case sv.failures == 0:
		sv.failVoice, sv.restScope = voice, restVoice
	case sv.lastFail == sp.id:
		return // its second try: still one sentence
	case sv.failVoice != voice:
		sv.restScope = restAll
	}
	sv.failures++
	sv.lastFail = sp.id
	if sv.failures < restAfter {
		return
	}
	rest := longestRest
	if n := sv.failures - restAfter; n < 5 {
		rest = min(rest, firstRest<<n)
	}
	sv.restUntil = now.Add(rest)
	s.log.Warn("synthesis server rested", slog.Int("server", sv.index), slog.Int("failures", sv.failures),
		slog.Duration("rest", rest), slog.Bool("all_voices", sv.restScope == restAll), slog.Any("error", err))
}

// finalError is a failure that is not the server's and that trying again won't mend.
type finalError struct{ error }

func (e finalError) Temporary() bool { return false }
func (e finalError) Unwrap() error   { return e.error }

// temporary reports whether the same request may succeed another time. An error that
// has no opinion is taken for temporary: a try in vain costs less than a lost sentence.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return !errors.As(err, &t) || t.Temporary()
}

// settle waits until a server whose synthesis ended early has really stopped.
func settle(ctx context.Context, synth Synthesizer) {
	v, ok := synth.(settler)
	if !ok {
		return
	}
	d := v.SettleTime()
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
