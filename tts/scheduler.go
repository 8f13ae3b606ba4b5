package tts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Errors that a Speech can end with, beside those of the Synthesizer.
var (
	// ErrCancelled says that Speech.Cancel was called.
	ErrCancelled = errors.New("tts: speech cancelled")
	// ErrSchedulerClosed says that the scheduler takes no more jobs, or was closed
	// before the speech was complete.
	ErrSchedulerClosed = errors.New("tts: scheduler closed")
	// ErrNoServer says that every synthesis server has failed repeatedly and none
	// will be tried again soon enough. It comes wrapped with the last failure.
	ErrNoServer = errors.New("tts: no synthesis server works")
)

// How failing servers are treated.
const (
	// restAfter is the number of sentences that fail in a row, none succeeding, after
	// which a server is rested. One failing twice may be the sentence's fault; and while
	// all that failed had one voice, which may have no reference on that server, the
	// server is rested from that voice only.
	restAfter = 2
	// firstRest is the first rest; each further failure doubles it up to longestRest.
	firstRest   = time.Second
	longestRest = 30 * time.Second
	// hopeless is how late a sentence may be, at the least, because all servers rest,
	// before it fails instead of waiting.
	hopeless = 2 * time.Second
)

// SchedulerConfig tunes a Scheduler. The zero value works.
type SchedulerConfig struct {
	// LookAhead is how long before its deadline a sentence may be spoken; zero means
	// 8 s, negative unlimited.
	LookAhead time.Duration
	// Concurrency is the number of syntheses at once per server; zero means 1, which
	// is all that GPT-SoVITS bears.
	Concurrency int
	// Lease waits until no other process uses the server with that index, and keeps it
	// for this one until release is called, which must not block. Where it cannot be had
	// at once, waiting is called, and the sentence that asked for it may go elsewhere. The
	// error is that of ctx. Nil means that this process has its servers for itself.
	Lease func(ctx context.Context, server int, waiting func()) (release func(), err error)
	// Log receives what the scheduler deals with itself: retries and rests. Nil means
	// nowhere.
	Log *slog.Logger
}

// Job is one sentence to be spoken.
type Job struct {
	Request Request
	// Rate is in samples per second: what the listener wants. Encoded speech has a rate of
	// its own.
	Rate int
	// Deadline is when the listener's audio runs out. For the first sentence of a
	// reply it is the time of submission, or zero: the listener is in silence already.
	Deadline time.Time
	// Continues says that the sentence belongs to a reply that has begun. It is let before
	// replies that have not, also where its listener has run out of audio already.
	Continues bool
	// Owner is the session, for fairness and logs. Sentences of one owner begin in
	// the order of submission. Empty: a sentence that stands alone.
	Owner string
	// Eager is for a sentence that is wanted as soon as nobody else needs the server,
	// however far ahead of its Deadline: it becomes part of a file. From urgency before
	// the Deadline it is like any other.
	Eager bool
	// Span is what the request to the synthesis server becomes part of, if it is recorded; nil is none.
	Span trace.Span
}

// Scheduler decides whose sentence is spoken next, on which synthesis server, and keeps
// each server to its number of syntheses at once. Its methods, and those of its
// Speeches, may be called from any goroutine and don't block, except Drain and Close.
type Scheduler struct {
	// Immutable after NewScheduler.
	cfg     SchedulerConfig
	log     *slog.Logger
	stopped chan struct{}      // closed by the last of the scheduler's goroutines
	drained chan struct{}      // closed when draining and nothing is left
	abort   context.CancelFunc // ends all syntheses and the clock
	alarm   *time.Timer        // when the next sentence becomes eligible, or a rest ends

	// mu guards everything below, what Speech says it does, and the servers' fields. It
	// is never held over I/O or a blocking send, and is locked before Speech.mu.
	mu         sync.Mutex
	queue      *queue
	servers    []*server
	states     []serverState      // scratch of dispatchLocked
	waiting    map[uint64]*Speech // by id: those in queue
	running    map[*Speech]struct{}
	lastID     uint64
	goroutines int // of the scheduler's own
	draining   bool
	closed     bool
	pace       synthesisPace
	lastErr    error          // the last failure of any server
	stats      SchedulerStats // its gauges and Servers are filled in by Stats
}

// server is one synthesis server and its workers.
type server struct {
	index int
	synth Synthesizer
	next  chan task // as long as there are workers: a send to a free one never blocks

	// Guarded by Scheduler.mu.
	free      int    // workers that have nothing to do
	asking    bool   // a worker waits for a lease
	claim     uint64 // the sentence on whose account it does; zero once that is open to others
	lease     func() // releases a lease that is there for the next sentence; nil without one
	loaded    bool
	voice     voiceKey
	lastUsed  time.Time
	failures  int // sentences that failed in a row
	lastFail  uint64
	failVoice voiceKey // of all of them, unless restScope is restAll
	restScope rest
	restUntil time.Time
	inFlight  int
	completed uint64
	failed    uint64
	busy      time.Duration
}

// task is what a worker is given: a sentence to speak, with what releases the server
// afterwards; or none, to wait for a lease.
type task struct {
	speech  *Speech
	release func()
}

// NewScheduler starts a scheduler over a pool of servers, which must be closed.
func NewScheduler(cfg SchedulerConfig, servers ...Synthesizer) *Scheduler {
	if cfg.LookAhead == 0 {
		cfg.LookAhead = defaultLookAhead
	}
	cfg.Concurrency = max(cfg.Concurrency, 1)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, abort := context.WithCancel(context.Background())
	s := &Scheduler{
		cfg:        cfg,
		log:        cfg.Log,
		stopped:    make(chan struct{}),
		drained:    make(chan struct{}),
		abort:      abort,
		alarm:      time.NewTimer(time.Hour),
		queue:      newQueue(cfg.LookAhead),
		waiting:    map[uint64]*Speech{},
		running:    map[*Speech]struct{}{},
		goroutines: 1 + cfg.Concurrency*len(servers),
		pace:       startPace,
	}
	s.alarm.Stop()
	for i, synth := range servers {
		s.servers = append(s.servers, &server{
			index: i,
			synth: synth,
			next:  make(chan task, cfg.Concurrency),
			free:  cfg.Concurrency,
		})
	}
	// Close waits for these, by stopped.
	go s.keepTime(ctx)
	for _, sv := range s.servers {
		for range cfg.Concurrency {
			go s.work(ctx, sv)
		}
	}
	return s
}

// Submit puts a sentence in the queue. It never blocks and never fails: a job that can't
// be spoken ends as a Speech with an error.
func (s *Scheduler) Submit(job Job) *Speech {
	now := time.Now()
	if job.Deadline.IsZero() {
		job.Deadline = now
	}
	sp := &Speech{scheduler: s, job: job, rate: job.Rate, pieceBytes: pieceBytes(&job), ready: make(chan struct{}, 1), avoid: noServer}
	sp.times.Submitted = now

	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Submitted++
	s.lastID++
	sp.id = s.lastID
	if s.draining {
		s.endLocked(sp, ErrSchedulerClosed)
		return sp
	}
	s.enqueueLocked(sp)
	s.dispatchLocked(now)
	return sp
}

// enqueueLocked puts a sentence in its owner's line, also one that is tried again.
func (s *Scheduler) enqueueLocked(sp *Speech) {
	sp.phase = speechWaiting
	s.waiting[sp.id] = sp
	length := leastSpeech(sp.job.Request.Text)
	s.queue.push(queued{
		id:        sp.id,
		owner:     sp.job.Owner,
		voice:     keyOf(sp.job.Request.Voice),
		submitted: sp.times.Submitted,
		deadline:  sp.job.Deadline,
		length:    length,
		cost:      s.pace.cost(length),
		avoid:     sp.avoid,
		continues: sp.job.Continues,
		eager:     sp.job.Eager,
	})
}

// dispatchLocked hands sentences to free workers while there are both, and sets the
// alarm for what can't begin yet. It must follow every change of either.
func (s *Scheduler) dispatchLocked(now time.Time) {
	if s.closed {
		return
	}
	s.failHopelessLocked(now)
	for {
		best, i := s.queue.choose(now, s.statesLocked(now))
		if best == nil {
			break
		}
		sv := s.servers[i]
		sv.free--
		if s.cfg.Lease != nil && sv.lease == nil {
			best.claimed = true
			sv.asking, sv.claim = true, best.id
			sv.next <- task{}
			continue
		}
		q := s.queue.begin(best, now)
		sp := s.waiting[q.id]
		delete(s.waiting, q.id)
		s.running[sp] = struct{}{}
		sp.phase = speechRunning
		sp.eligible = q.eligible
		sv.loaded, sv.voice, sv.lastUsed = true, q.voice, now
		sv.next <- task{sp, sv.lease}
		sv.lease = nil
	}
	for _, sv := range s.servers {
		sv.unlease() // nobody needs it any more
	}
	s.setAlarmLocked(now)
}

// unlease gives up a lease that has not been used.
func (sv *server) unlease() {
	if sv.lease != nil {
		sv.lease()
		sv.lease = nil
	}
}

// setAlarmLocked sees to dispatchLocked being called when time alone lets a sentence
// begin.
func (s *Scheduler) setAlarmLocked(now time.Time) {
	if s.queue.len() == 0 {
		s.alarm.Stop()
		return
	}
	at, ok := s.queue.nextAt(now)
	for _, sv := range s.servers {
		if sv.restUntil.After(now) && (!ok || sv.restUntil.Before(at)) {
			at, ok = sv.restUntil, true
		}
	}
	if !ok {
		s.alarm.Stop()
		return
	}
	s.alarm.Reset(at.Sub(now))
}

// keepTime answers the alarm.
func (s *Scheduler) keepTime(ctx context.Context) {
	defer s.leave()
	for {
		select {
		case <-s.alarm.C:
			s.mu.Lock()
			s.dispatchLocked(time.Now())
			s.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

func (s *Scheduler) statesLocked(now time.Time) []serverState {
	s.states = s.states[:0]
	for _, sv := range s.servers {
		v := serverState{idle: sv.free > 0 && !sv.asking, loaded: sv.loaded, voice: sv.voice, lastUsed: sv.lastUsed}
		if sv.restUntil.After(now) {
			v.rest, v.restVoice = sv.restScope, sv.failVoice
		}
		s.states = append(s.states, v)
	}
	return s.states
}

// failHopelessLocked ends what would only pile up: the sentences that no server takes,
// because it rests, until they are later than hopeless.
func (s *Scheduler) failHopelessLocked(now time.Time) {
	states := s.statesLocked(now)
	if slices.ContainsFunc(states, func(v serverState) bool { return v.rest == restNone }) {
		return
	}
	ids := s.queue.wantedBefore(func(voice voiceKey) time.Time {
		again := now.Add(2 * longestWait) // with no server at all there is nothing to hope for
		for i, sv := range s.servers {
			if states[i].takes(voice) {
				return time.Time{}
			}
			again = earlier(again, sv.restUntil)
		}
		return again.Add(-hopeless)
	})
	if len(ids) == 0 {
		return
	}
	err := ErrNoServer
	if s.lastErr != nil {
		err = fmt.Errorf("%w: %w", ErrNoServer, s.lastErr)
	}
	for _, id := range ids {
		s.endLocked(s.waiting[id], err)
	}
}

// endLocked ends a sentence in whichever phase it is; one that has ended stays as it is.
func (s *Scheduler) endLocked(sp *Speech, err error) {
	switch sp.phase {
	case speechEnded:
		return
	case speechWaiting:
		s.queue.remove(sp.id)
		delete(s.waiting, sp.id)
	case speechRunning:
		delete(s.running, sp)
	}
	sp.phase = speechEnded
	switch {
	case err == nil:
		s.stats.Completed++
	case errors.Is(err, ErrCancelled), errors.Is(err, ErrSchedulerClosed):
		s.stats.Cancelled++
	default:
		s.stats.Failed++
	}
	sp.end(err)
	s.drainedLocked()
}

// Drain refuses new jobs from here on and waits until those accepted have ended, or ctx
// has.
func (s *Scheduler) Drain(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	s.drainedLocked()
	s.mu.Unlock()
	select {
	case <-s.drained:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("draining the synthesis scheduler: %w", context.Cause(ctx))
	}
}

// drainedLocked tells Drain when nothing is left.
func (s *Scheduler) drainedLocked() {
	if !s.draining || len(s.waiting)+len(s.running) > 0 {
		return
	}
	select {
	case <-s.drained:
	default:
		close(s.drained)
	}
}

// Close ends every speech with ErrSchedulerClosed, aborts what runs and waits for the
// scheduler's goroutines, which takes as long as the Synthesizers take to notice, or
// until ctx ends.
func (s *Scheduler) Close(ctx context.Context) error {
	s.mu.Lock()
	if !s.closed {
		s.closed, s.draining = true, true
		for _, sp := range s.waiting {
			s.endLocked(sp, ErrSchedulerClosed)
		}
		for sp := range s.running {
			s.endLocked(sp, ErrSchedulerClosed)
		}
		for _, sv := range s.servers {
			close(sv.next)
		}
		s.alarm.Stop()
		s.drainedLocked()
	}
	s.mu.Unlock()
	s.abort()
	select {
	case <-s.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("closing the synthesis scheduler: %w", context.Cause(ctx))
	}
}

// leave is how each of the scheduler's goroutines ends.
func (s *Scheduler) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goroutines--
	if s.goroutines == 0 {
		close(s.stopped)
	}
}
