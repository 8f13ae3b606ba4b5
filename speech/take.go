package speech

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"avatarforge/store"
	"avatarforge/tts"
)

// take is one synthesis of a script under way, for everybody who asks for it meanwhile.
type take struct {
	// Immutable after join.
	script *script
	spool  *spool
	abort  context.CancelCauseFunc
	over   chan struct{} // closed when all files are made

	live atomic.Bool // somebody listens while it is made

	// Guarded by Studio.mu.
	waiting int // who would miss it
	wants   []*want
	made    bool // the sound is there, or never will be

	// Owned by its goroutine.
	duration time.Duration
	copied   bool // the sound is from a recording
}

// want is a file to be made of a take.
type want struct {
	owner  string
	fileID string // of a promise; else empty
	told   bool   // somebody is told what comes of it. Guarded by Studio.mu.
	done   chan struct{}

	// To be read after done.
	rec Recording
	err error
}

// join takes part in the take of a script, which begins if none is under way, and asks for
// a file of it; live is for who listens meanwhile. Whoever joins has to leave.
func (s *Studio) join(sc *script, file want, live bool) (*take, *want, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	t := s.takes[sc.key]
	if t == nil {
		t = &take{script: sc, spool: newSpool(s.cfg.Dir, 1), over: make(chan struct{})}
		var ctx context.Context
		ctx, t.abort = context.WithCancelCause(s.ctx)
		s.takes[sc.key] = t
		s.work.Go(func() { s.run(ctx, t) })
	}
	if live {
		t.live.Store(true)
	}
	t.waiting++
	t.spool.use()
	return t, t.want(file, s.caches()), nil
}

// want notes that a file is wanted. All requests of an owner share one, but for promises,
// which have their own. One that is made already serves those who come late only where
// recordings do so at all.
func (t *take) want(file want, cached bool) *want {
	for _, w := range t.wants {
		if w.owner == file.owner && w.fileID == "" && file.fileID == "" && (cached || !w.made()) {
			w.told = w.told || file.told
			return w
		}
	}
	file.done = make(chan struct{})
	t.wants = append(t.wants, &file)
	return &file
}

// made says whether it has been said what became of the file.
func (w *want) made() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// leave is join's end. A take that everybody has left before its sound was there is given
// up, and whoever asks after that begins another.
func (s *Studio) leave(t *take) {
	s.mu.Lock()
	t.waiting--
	abandoned := t.waiting == 0 && !t.made
	if abandoned {
		s.forgetLocked(t)
	}
	s.mu.Unlock()
	if abandoned {
		t.abort(errAbandoned)
	}
	t.spool.release()
}

func (s *Studio) forgetLocked(t *take) {
	if s.takes[t.script.key] == t {
		delete(s.takes, t.script.key)
	}
}

// run is the goroutine of a take: it makes the sound, and then the files that are wanted.
func (s *Studio) run(ctx context.Context, t *take) {
	defer close(t.over)
	defer t.abort(nil)
	defer t.spool.release()
	err := s.fill(ctx, t)
	// In this order: who has heard the end and leaves must not take the file with them.
	s.mu.Lock()
	t.made = true
	s.mu.Unlock()
	t.spool.end(err)
	for w := s.nextWant(t); w != nil; w = s.nextWant(t) {
		if err == nil {
			w.rec, w.err = s.file(ctx, t, w)
		} else {
			w.err = err
		}
		close(w.done)
		if err == nil && w.err != nil && !s.told(w) {
			s.log.Error("speech was passed on and not kept", slog.Any("error", w.err))
		}
	}
}

func (s *Studio) told(w *want) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return w.told
}

// nextWant is the next file to be made. Without one the take is over: only then a request
// for the same finds the file instead.
func (s *Studio) nextWant(t *take) *want {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(t.wants) == 0 {
		s.forgetLocked(t)
		return nil
	}
	w := t.wants[0]
	// Others may still come to share it while it is made.
	if w.made() {
		t.wants = t.wants[1:]
		if len(t.wants) == 0 {
			s.forgetLocked(t)
			return nil
		}
		w = t.wants[0]
	}
	return w
}

// fill makes the sound of a take: from anybody's recording of the same, or anew.
func (s *Studio) fill(ctx context.Context, t *take) error {
	if s.caches() {
		switch err := s.copyInto(ctx, t); {
		case err == nil:
			t.copied = true
			return nil
		case t.spool.begun():
			return err
		case !errors.Is(err, store.ErrNotFound):
			// Whether it can be kept is seen later; it can be heard in any case.
			s.log.Warn("the speech cache could not be read", slog.Any("error", err))
		}
	}
	if err := s.speak(ctx, t); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return nil
}

// copyInto takes the sound of a recording of the same script, whoever owns it.
func (s *Studio) copyInto(ctx context.Context, t *take) error {
	a, err := s.cfg.Store.AudioOfAnyone(ctx, t.script.key)
	if err != nil {
		return err
	}
	blob, err := s.cfg.Blobs.Open(ctx, a.Blob)
	if err != nil {
		return err
	}
	defer blob.Close()
	header := int64(len(t.script.header(0)))
	if blob.Size != a.Size || blob.Size < header {
		return fmt.Errorf("copy speech: %w: the file has %d bytes, not %d", store.ErrNotFound, blob.Size, a.Size)
	}
	if _, err := blob.Seek(header, io.SeekStart); err != nil {
		return fmt.Errorf("copy speech: %w", err)
	}
	if _, err := io.Copy(t.spool, blob); err != nil {
		return fmt.Errorf("copy speech: %w", err)
	}
	t.duration = a.Duration
	return nil
}

const (
	// window is how many of a take's lines are with the scheduler at once: enough for a
	// pool of servers to have work, few enough to be given up quickly.
	window = 4
	// filePatience is for how long nobody misses a file: only then its sentences press,
	// at the pace at which they would be listened to.
	filePatience = 30 * time.Second
)

// speak has a take's lines synthesised, in order, and joins them.
func (s *Studio) speak(ctx context.Context, t *take) error {
	r := reading{studio: s, take: t, owner: "take-" + rand.Text(), begun: time.Now()}
	defer r.cancel()
	for _, l := range t.script.lines {
		r.submit()
		n, err := r.next(ctx)
		if err != nil {
			return err
		}
		silence, err := r.pause(l.Pause)
		if err != nil {
			return err
		}
		t.duration += n + silence
	}
	return nil
}

// reading is the synthesis of a take's lines.
type reading struct {
	studio *Studio
	take   *take
	owner  string        // as the scheduler knows it
	begun  time.Time     // or, once there is sound, since when there is
	heard  bool          // there is sound
	asked  int           // lines that were submitted
	ahead  []*tts.Speech // of these, those that are not taken yet
	spoken time.Duration // what the lines submitted take to listen to, as is known or guessed
}

// submit sees to the scheduler having the next lines.
func (r *reading) submit() {
	sc := r.take.script
	for r.asked < len(sc.lines) && len(r.ahead) < window {
		l := sc.lines[r.asked]
		job := tts.Job{Request: sc.request(l), Rate: sc.rate, Owner: r.owner, Eager: true}
		if r.asked > 0 {
			// The first is as urgent as a reply's: somebody waits for it.
			job.Deadline = r.begun.Add(r.spoken)
			if !r.take.live.Load() {
				job.Deadline = job.Deadline.Add(filePatience)
			}
		}
		r.ahead = append(r.ahead, r.studio.cfg.Scheduler.Submit(job))
		r.spoken += tts.EstimateDuration(l.Text) + l.Pause
		r.asked++
	}
}

// next takes the sound of the next line and returns how long it is.
func (r *reading) next(ctx context.Context) (time.Duration, error) {
	speech := r.ahead[0]
	sound := measured{script: r.take.script}
	for {
		select {
		case <-speech.Ready():
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
		pieces, done, err := speech.Take()
		for piece := range pieces.All() {
			if !r.heard {
				r.heard, r.begun = true, time.Now()
			}
			sound.add(piece)
			if _, err := r.take.spool.Write(piece); err != nil {
				return 0, err
			}
		}
		if err != nil {
			return 0, err
		}
		if done {
			r.ahead = r.ahead[1:]
			return sound.duration()
		}
	}
}

// measured is a line's sound, of which only its length matters.
type measured struct {
	script  *script
	bytes   int64  // of PCM
	encoded []byte // or the sound itself, which has its length in it
}

func (m *measured) add(piece []byte) {
	if m.script.format.encoding() == tts.PCM {
		m.bytes += int64(len(piece))
	} else {
		m.encoded = append(m.encoded, piece...)
	}
}

func (m *measured) duration() (time.Duration, error) {
	if m.script.format.encoding() == tts.PCM {
		return pcmDuration(m.bytes, m.script.rate), nil
	}
	d, _, err := tts.Measure(m.script.format.encoding(), m.encoded)
	return d, err
}

// pause adds silence. What is encoded has brought its own.
func (r *reading) pause(d time.Duration) (time.Duration, error) {
	sc := r.take.script
	if sc.format.encoding() != tts.PCM || d == 0 {
		return 0, nil
	}
	silence := make([]byte, 2*int(d.Seconds()*float64(sc.rate)))
	_, err := r.take.spool.Write(silence)
	return pcmDuration(int64(len(silence)), sc.rate), err
}

// cancel gives up what was submitted and not taken.
func (r *reading) cancel() {
	for _, speech := range r.ahead {
		speech.Cancel()
	}
}

// pcmDuration is how long bytes of 16-bit mono sound last.
func pcmDuration(bytes int64, rate int) time.Duration {
	return time.Duration(bytes/2) * time.Second / time.Duration(rate)
}
