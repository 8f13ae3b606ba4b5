package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

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
	Demo        *realtime.Demo
	Log         *slog.Logger // nil discards
	Metrics     *Metrics     // nil measures nothing
}

func (c *Config) setDefaults() {
	if c.ContextSize <= 0 {
		c.ContextSize = 8192
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
}

// Characters knows whom a session can play. It may take as long as a database does, so
// no session's loop asks it: whoever opens or updates the session waits.
type Characters interface {
	// Character is the one with that id, or persona.ErrUnknown. It must not change.
	Character(ctx context.Context, id string) (*persona.Character, error)
}

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
	id     string
	owner  string
	cfg    *Config
	up     *Upstreams
	log    *slog.Logger
	outbox *outbox
	ended  func(*Session)

	// Written by any goroutine; never closed.
	commands chan command
	// Closed when the loop has ended; saved may be read after that.
	done  chan struct{}
	saved *State

	// generators are the goroutines that read the model's stream.
	generators sync.WaitGroup

	// Owned by loop.
	state    state
	slot     *slots.Slot   // nil while waiting
	ticket   *slots.Ticket // nil once the slot is there
	object   realtime.Session
	part     part // whom it plays
	items    items
	response *response  // nil while none runs
	segments []*segment // whose speech is yet to be sent, in order
	segment  uint32     // the last segment's number
	playhead playhead
	listener *Attachment // nil while nobody is attached
	timer    *time.Timer
	timerAt  time.Time // what timer is set to; zero when it is stopped
	graceEnd time.Time // when a session without a listener ends; zero while there is one
	place    realtime.Queue
	created  bool   // whether session.created has been sent, now or before a restoration
	retell   bool   // whether the listener is to be told the conversation once live
	ending   Ending // why the loop ends
}

// State is what outlives a session's actor: all that is needed to go on with the
// conversation later.
type State struct {
	ID      string
	Owner   string
	object  realtime.Session
	part    part
	items   []*item
	next    uint64 // number of the next frame
	segment uint32
	created bool // whether session.created has been sent
}

// firstListener is how long a new session waits for whoever opened it to attach, where
// the grace time is shorter.
const firstListener = 10 * time.Second

// start runs a session's loop. Exactly one of slot and ticket is given. The loop calls
// ended as the last thing it does, just before done is closed.
func start(cfg *Config, up *Upstreams, st *State, slot *slots.Slot, ticket *slots.Ticket, ended func(*Session)) *Session {
	s := &Session{
		id:       st.ID,
		owner:    st.Owner,
		cfg:      cfg,
		up:       up,
		log:      cfg.Log.With(slog.String("session", st.ID)),
		outbox:   newOutbox(cfg.ReplayBytes, cfg.HoldBytes, st.next),
		ended:    ended,
		commands: make(chan command, 16),
		done:     make(chan struct{}),
		state:    stateWaiting,
		slot:     slot,
		ticket:   ticket,
		object:   st.object,
		part:     st.part,
		items:    items{list: st.items},
		segment:  st.segment,
		created:  st.created,
		timer:    time.NewTimer(time.Hour),
	}
	s.timer.Stop()
	// Until its first listener comes, a session is one whose listener is gone.
	s.graceEnd = time.Now().Add(max(cfg.ResumeGrace, firstListener))
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
		c.part, c.err = s.up.part(ctx, namedCharacter(&u.Session))
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
	case <-s.done:
		return nil, ErrEnded
	}
}

// Detach says that a's connection is gone. The session waits for another one for the
// grace time.
func (s *Session) Detach(a *Attachment, e Ending) {
	if s.outbox.detach(a, e) {
		_ = s.post(context.Background(), detached{a})
	}
}

// End ends the session, its response with it, and waits until it is over. What it holds
// can be resumed from the Registry. It may be called more than once.
func (s *Session) End(e Ending) {
	_ = s.post(context.Background(), end{e})
	<-s.done
}

// Drain lets a running response finish and then ends the session, or ends it when ctx
// does.
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
	case <-s.done:
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
	s.finish()
	s.ended(s)
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
	if s.ticket == nil {
		return nil
	}
	return s.ticket.Changed()
}

// admit makes the session live if its slot is there, else tells its place in the line.
func (s *Session) admit() {
	if s.ticket != nil {
		if s.slot = s.ticket.Slot(); s.slot == nil {
			position, waiting := s.ticket.Position()
			if place := (realtime.Queue{Position: position, Waiting: waiting}); place != s.place {
				s.place = place
				s.emit(place)
			}
			return
		}
		s.ticket = nil
		// Whoever has waited is told that the waiting is over.
		s.retell = s.retell || s.place != realtime.Queue{}
	}
	s.state = stateLive
	s.cfg.Metrics.sessions.Inc()
	switch {
	case !s.created:
		s.created = true
		s.emit(realtime.SessionCreated{Session: s.object})
	case s.retell:
		s.tell()
	}
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
		s.emit(realtime.ItemAdded{PreviousItemID: previous, Item: it.snapshot()})
	}
}

// setTimer sets the one timer to the earliest of what the session waits for.
func (s *Session) setTimer() {
	at := s.graceEnd
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

func (s *Session) onTime(now time.Time) {
	if !s.graceEnd.IsZero() && !now.Before(s.graceEnd) {
		s.stop(Ending{realtime.CloseNormal, "the listener did not come back"})
		return
	}
	if end := s.pauseEnd(); !end.IsZero() && !now.Before(end) {
		s.endPause()
	}
	s.sendSpeech()
}

// stop makes the loop end.
func (s *Session) stop(e Ending) {
	s.ending, s.state = e, stateEnded
}

// finish closes what the session holds, once the loop is over.
func (s *Session) finish() {
	if s.ticket != nil {
		s.ticket.Leave()
	}
	if s.response != nil {
		s.breakOff(outcome{
			status:  realtime.StatusIncomplete,
			details: &realtime.StatusDetails{Type: realtime.StatusIncomplete, Reason: realtime.ReasonInterrupted},
		})
	}
	s.dropSpeech(nil)
	s.timer.Stop()
	s.outbox.close(s.ending)
	s.generators.Wait()
	if s.slot != nil {
		s.slot.Release()
		s.cfg.Metrics.sessions.Dec()
	}
	s.saved = &State{
		ID: s.id, Owner: s.owner,
		object: s.object, part: s.part, items: s.items.list,
		next: s.outbox.nextNumber(), segment: s.segment, created: s.created,
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
