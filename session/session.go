package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"avatarforge/llm"
	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/slots"
	"avatarforge/tts"
)

// Config is what all sessions have in common. The zero value works.
type Config struct {
	Model       string        // the LLM's name where a client names none
	ContextSize int           // of the model's window, in tokens; zero means 8192
	MaxTurns    int           // of a conversation; zero or less means no limit
	ResumeGrace time.Duration // zero means 60 s, negative none
	ReplayBytes int           // of frames kept for a client that comes back; zero means 4 MiB
	HoldBytes   int           // of frames that wait for a slow listener; zero means 256 KiB

	// ContextTrigger is the part of the window from which on older turns are summarised;
	// zero means 0.8.
	ContextTrigger float64
	// KeepTurns is how many of the last turns stay word for word, where they fit; zero
	// means 16.
	KeepTurns int
	// Remember is of whom facts are kept.
	Remember Remembering
	// Tracer makes the spans of turns; nil makes none.
	Tracer trace.Tracer

	Demo    *realtime.Demo
	Log     *slog.Logger // nil discards
	Metrics *Metrics     // nil measures nothing
}

func (c *Config) setDefaults() {
	if c.ContextSize <= 0 {
		c.ContextSize = 8192
	}
	if c.ContextTrigger <= 0 {
		c.ContextTrigger = 0.8
	}
	if c.KeepTurns <= 0 {
		c.KeepTurns = 16
	}
	if c.ResumeGrace == 0 {
		c.ResumeGrace = time.Minute
	}
	if c.ReplayBytes <= 0 {
		c.ReplayBytes = 4 << 20
	}
	if c.HoldBytes <= 0 {
		c.HoldBytes = 256 << 10
	}
	c.HoldBytes = min(c.HoldBytes, c.ReplayBytes)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
}

// Upstreams is what sessions speak through. Shared by all sessions, safe for use by
// several goroutines.
type Upstreams struct {
	LLM        llm.Model
	Speech     *tts.Scheduler
	Voices     *tts.Voices
	Characters Characters
	Tokens     *llm.Counter
	// Calibration is how the models count; nil knows nothing yet.
	Calibration *llm.Calibration
	// Windows is how big their windows are where that is less than Config.ContextSize; nil
	// takes them to be as big as that.
	Windows *llm.Windows
	// Owners says which instance has a session; nil where there is only this one.
	Owners Owners
	// Archive keeps the conversations; nil forgets each with its end.
	Archive Archive
	// Summaries keeps what stands for their older turns; nil forgets that as well.
	Summaries Summaries
	// Facts keeps what characters know of their listeners; nil remembers nobody.
	Facts Facts
	// Farewells remembers of which conversations facts are still to be drawn; nil forgets that
	// when the server stops.
	Farewells Farewells
}

// Characters knows whom a session can play. It may take as long as a database does, so
// no session's loop asks it: whoever opens or updates the session waits.
type Characters interface {
	// Character is the one with that id, or persona.ErrUnknown. It must not change.
	Character(ctx context.Context, id string) (*persona.Character, error)
}

// window is a model's, in tokens, as far as it is known.
func (u *Upstreams) window(cfg *Config, model string) int {
	if u.Windows != nil {
		if n := u.Windows.Known(model); n > 0 {
			return min(n, cfg.ContextSize)
		}
	}
	return cfg.ContextSize
}

// askWindow makes a model's window known. It takes two seconds at the most.
func (u *Upstreams) askWindow(ctx context.Context, model string) {
	if u.Windows != nil {
		u.Windows.Window(ctx, model)
	}
}

// window is that of the session's model, in tokens.
func (s *Session) window() int { return s.up.window(s.cfg, s.object.Model) }

// ErrEnded says that a session is over.
var ErrEnded = errors.New("the session has ended")

// state is how far a session has come, see the package's documentation.
type state int

const (
	stateWaiting state = iota // in the line for a slot
	stateLive
	stateEnded
)

// Session is one conversation.
type Session struct {
	// Immutable after start.
	id       string
	owner    string
	fleeting bool // nothing of it is kept, and nothing of its listener
	bare     bool // the model is told nothing but the messages
	cfg      *Config
	up       *Upstreams
	log      *slog.Logger
	outbox   *outbox
	journal  *journal
	house    house
	tenure   *tenure // nil where no other instance can have it

	// Written by any goroutine; never closed.
	commands chan command
	// Closed when the loop takes no more commands, and when it has ended.
	over, done chan struct{}

	// generators are the goroutines that read the model's stream.
	generators sync.WaitGroup

	// Owned by loop.
	state     state
	admission admission
	object    realtime.Session
	part      part // whom it plays
	items     items
	memory    memory
	response  *response  // nil while none runs
	segments  []*segment // whose speech is yet to be sent, in order
	segment   uint32     // the last segment's number
	playhead  playhead
	audience  audience
	timer     *time.Timer
	timerAt   time.Time // what timer is set to; zero when it is stopped
	told      bool      // whether session.created has been sent, now or before a restoration
	torn      bool      // whether frames may have been sent of which nothing is known
	retell    bool      // whether the listener is to be told the conversation once live
	leaving   *Ending   // to end with, once nothing runs; nil while the session is to go on
	ending    Ending    // why the loop ends
}

// admission is a session's slot, or its place in the line for one.
type admission struct {
	slot   *slots.Slot    // nil while waiting
	ticket *slots.Ticket  // nil once the slot is there
	place  realtime.Queue // as it was told last
	span   trace.Span     // of the wait; nil where nobody traces
}

// audience is who follows a session.
type audience struct {
	listener *Attachment   // nil while nobody is attached
	askers   []*Attachment // of those who follow the answer of their Ask
	// until is when a session without a listener ends; zero while there is one. While
	// somebody asks it goes on.
	until time.Time
	// returns says that until is the grace of a listener who may come back.
	returns bool
}

// house is what a session needs of whoever keeps it.
type house struct {
	ended  func(*Session)  // called by the loop as the last thing it does, just before done is closed
	hurry  <-chan struct{} // closed when the server cannot wait any longer
	scribe *scribe
}

// firstListener is how long a new session waits for whoever opened it to attach, where
// the grace time is shorter.
const firstListener = 10 * time.Second

// start runs a session's loop. a has either a slot or a ticket.
func start(cfg *Config, up *Upstreams, b *beginning, a admission, h house) *Session {
	s := &Session{
		id:        b.id,
		owner:     b.owner,
		fleeting:  b.fleeting,
		cfg:       cfg,
		up:        up,
		log:       cfg.Log.With(slog.String("session", b.id)),
		outbox:    newOutbox(cfg.ReplayBytes, cfg.HoldBytes, b.next),
		house:     h,
		tenure:    b.tenure,
		bare:      b.bare,
		commands:  make(chan command, 16),
		over:      make(chan struct{}),
		done:      make(chan struct{}),
		state:     stateWaiting,
		admission: a,
		object:    b.object,
		part:      b.part,
		items:     items{list: b.items},
		memory:    memory{recalled: b.recalled, told: b.summarised},
		segment:   b.segment,
		told:      b.told,
		torn:      b.torn,
		timer:     time.NewTimer(time.Hour),
	}
	s.outbox.refill(b.frames)
	s.journal = newJournal(b.archive, Changes{Session: s.id, Epoch: b.epoch}, !b.told, s.outbox, s.log, s.notSaved)
	s.timer.Stop()
	// Until its first listener comes, a session is one whose listener is gone.
	s.audience.until = time.Now().Add(max(cfg.ResumeGrace, firstListener))
	go s.loop()
	return s
}

// ID names the session to its client.
func (s *Session) ID() string { return s.id }

// Owner is whose session it is.
func (s *Session) Owner() string { return s.owner }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// Do hands a client's event to the session. What comes of it, errors included, goes to
// the listener; the error here is ctx's or ErrEnded.
func (s *Session) Do(ctx context.Context, e realtime.ClientEvent) error {
	c := doEvent{event: e}
	if u, ok := e.(realtime.SessionUpdate); ok {
		c.part, c.err = s.wantedPart(ctx, &u.Session)
	}
	return s.post(ctx, c)
}

// Report sends an error event to the listener: for what went wrong before there was an
// event to Do.
func (s *Session) Report(ctx context.Context, e *realtime.Error) error {
	return s.post(ctx, reportError{e})
}

// Attach makes the caller the session's listener, from the frame after last. A listener
// that was attached before ends with realtime.CloseTakenOver.
func (s *Session) Attach(ctx context.Context, last uint64) (*Attachment, error) {
	c := attach{last: last, reply: make(chan *Attachment, 1)}
	if err := s.post(ctx, c); err != nil {
		return nil, err
	}
	select {
	case a := <-c.reply:
		return a, nil
	case <-s.over:
		return nil, ErrEnded
	}
}

// Detach says that whoever reads a is gone. For a listener the session waits, for the
// grace time. It may be called more than once.
func (s *Session) Detach(a *Attachment, e Ending) {
	s.outbox.detach(a, e)
	_ = s.post(context.Background(), detached{a})
}

// End ends the session, its response with it, and waits until it is over. What it holds
// can be resumed from the Registry. It may be called more than once.
func (s *Session) End(e Ending) {
	_ = s.post(context.Background(), end{e})
	<-s.done
}

// Drain lets a running response, and what is being spoken, finish and then ends the session,
// or ends it when ctx does.
func (s *Session) Drain(ctx context.Context, e Ending) {
	_ = s.post(ctx, drain{e})
	select {
	case <-s.done:
	case <-ctx.Done():
		s.End(e)
	}
}

func (s *Session) post(ctx context.Context, c command) error {
	select {
	case s.commands <- c:
		return nil
	case <-s.over:
		return ErrEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// loop owns the session: nothing else changes it.
func (s *Session) loop() {
	defer close(s.done)
	s.admit()
	for s.state != stateEnded {
		deltas, audio := s.streams()
		s.setTimer()
		select {
		case c := <-s.commands:
			c.run(s)
		case g, ok := <-deltas:
			s.takeDelta(g, ok)
		case <-audio:
			s.sendSpeech()
		case <-s.outbox.drained:
			s.sendSpeech()
		case <-s.lineMoved():
			s.admit()
		case <-s.timer.C:
			s.timerAt = time.Time{}
			s.onTime(time.Now())
		}
	}
	close(s.over)
	s.finish()
	s.house.ended(s)
}

// streams are the channels of the model's tokens and of the speech that is due. Both
// are nil, so that they block, while the listener is behind.
func (s *Session) streams() (deltas <-chan generated, audio <-chan struct{}) {
	if s.response == nil && len(s.segments) == 0 || s.outbox.full() {
		return nil, nil
	}
	if s.response != nil {
		deltas = s.response.deltas
	}
	return deltas, s.speechReady()
}

// lineMoved has a value when the session's place in the line has changed.
func (s *Session) lineMoved() <-chan struct{} {
	if s.admission.ticket == nil {
		return nil
	}
	return s.admission.ticket.Changed()
}

// admit makes the session live if its slot is there, else tells its place in the line.
func (s *Session) admit() {
	if a := &s.admission; a.ticket != nil {
		if a.slot = a.ticket.Slot(); a.slot == nil {
			position, waiting := a.ticket.Position()
			if place := (realtime.Queue{Position: position, Waiting: waiting}); place != a.place {
				a.place = place
				s.emit(place)
			}
			return
		}
		a.ticket = nil
		// Whoever has waited is told that the waiting is over.
		s.retell = s.retell || a.place != realtime.Queue{}
	}
	s.state = stateLive
	endWait(s.admission.span, nil)
	s.cfg.Metrics.sessions.Inc()
	switch {
	case !s.told:
		s.told = true
		s.emit(realtime.SessionCreated{Session: s.object})
	case s.retell:
		s.tell()
	}
	s.keepRecord(atOnce)
}

// keepRecord saves the session as it has become.
func (s *Session) keepRecord(u urgency) {
	if s.journal.archive != nil {
		s.journal.saveRecord(s.record(false), u)
	}
}

// notSaved tells the listener that the conversation is not being saved.
func (s *Session) notSaved() {
	_ = s.Report(context.Background(), &realtime.Error{
		Type: realtime.ServerError, Code: realtime.CodeNotSaved,
		Message: "The conversation cannot be saved at the moment. It goes on, and is saved once the server's storage works again.",
	})
}

// tell sends the whole conversation, to a client that has missed some of its frames.
func (s *Session) tell() {
	s.retell = false
	object := s.object
	object.Avatarforge.Resumed = &realtime.Resumed{Complete: false}
	s.emit(realtime.SessionCreated{Session: object})
	for i, it := range s.items.list {
		var previous *string
		if i > 0 {
			previous = &s.items.list[i-1].ID
		}
		s.emit(realtime.ItemAdded{PreviousItemID: previous, Item: s.snapshot(it)})
	}
	// The audio that follows belongs to a sentence that the client must know.
	if len(s.segments) > 0 && s.segments[0].started {
		s.emit(s.segments[0].event())
	}
}

// setTimer sets the one timer to the earliest of what the session waits for.
func (s *Session) setTimer() {
	at := s.leaveTime()
	for _, t := range [...]time.Time{s.pauseEnd(), s.speechDue()} {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if at.Equal(s.timerAt) {
		return
	}
	s.timerAt = at
	if at.IsZero() {
		s.timer.Stop()
		return
	}
	s.timer.Reset(time.Until(at))
}

// leaveTime is when the session ends because nobody follows it; zero while somebody does.
func (s *Session) leaveTime() time.Time {
	if len(s.audience.askers) > 0 {
		return time.Time{}
	}
	return s.audience.until
}

func (s *Session) onTime(now time.Time) {
	if end := s.leaveTime(); !end.IsZero() && !now.Before(end) {
		s.stop(Ending{realtime.CloseNormal, "the listener did not come back"})
		return
	}
	if end := s.pauseEnd(); !end.IsZero() && !now.Before(end) {
		s.endPause()
	}
	s.sendSpeech()
}

// stop makes the loop end. The first reason counts.
func (s *Session) stop(e Ending) {
	if s.state != stateEnded {
		s.ending, s.state = e, stateEnded
	}
}

// finish closes what the session holds, once the loop is over.
func (s *Session) finish() {
	a := &s.admission
	if a.ticket != nil {
		endWait(a.span, ErrEnded)
		a.ticket.Leave()
	}
	if s.response != nil {
		s.breakOff(outcome{
			status: realtime.StatusIncomplete,
			details: &realtime.StatusDetails{
				Type:  realtime.StatusIncomplete,
				Error: &realtime.StatusError{Type: realtime.ServerError, Code: realtime.CodeInterrupted, Message: "The session ended in the middle of the response."},
			},
		})
	}
	s.dropSpeech(nil)
	s.timer.Stop()
	s.generators.Wait()
	handsOver := s.handsOver()
	if a.slot != nil {
		if !handsOver {
			a.slot.Release()
		}
		s.cfg.Metrics.sessions.Dec()
	}
	if s.journal.archive != nil && s.told {
		s.journal.saveRecord(s.record(true), atOnce)
	}
	if handsOver {
		// The listener comes back as soon as it is told to go: all is ready for it then.
		s.journal.close(s.house.hurry)
		s.handOver()
		s.outbox.close(s.ending)
	} else {
		s.outbox.close(s.ending)
		s.journal.close(s.house.hurry)
		s.tenure.yield(nil, 0, s.log)
	}
	s.log.Info("session ended", slog.Int("code", int(s.ending.Code)), slog.String("reason", s.ending.Reason),
		slog.Int("turns", s.object.Avatarforge.Turn))
}

// emit publishes an event that is not on the hot path.
func (s *Session) emit(e realtime.ServerEvent) {
	s.outbox.publish(false, 512, func(dst []byte, n uint64) []byte { return realtime.AppendEvent(dst, n, e) })
}

// fail publishes an error about a client's event.
func (s *Session) fail(id string, e *realtime.Error) {
	e.EventID = id
	s.cfg.Metrics.errors.WithLabelValues(string(e.Code)).Inc()
	s.emit(realtime.ErrorEvent{Err: *e})
}
