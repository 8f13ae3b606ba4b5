package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/uuid"

	"avatarforge/llm"
	"avatarforge/realtime"
	"avatarforge/slots"
	"avatarforge/tts"
)

// Errors of Open, beside persona.ErrUnknown, slots.ErrFull and slots.ErrLineFull.
var (
	ErrUnknownSession = errors.New("there is no such session")
	ErrClosing        = errors.New("the server is shutting down")
)

// Anonymous owns what belongs to nobody who is logged in.
const Anonymous = "anonymous"

// Slots admits sessions to this server, or to all that share it. The holder is a
// session's id; the user is empty for whoever is not logged in.
type Slots interface {
	TryAcquire(ctx context.Context, holder, user string) (*slots.Slot, error)
	Wait(ctx context.Context, holder, user string) (*slots.Ticket, error)
}

// Registry knows the sessions that live on this server, and restores others from the
// archive. Safe for use by several goroutines.
type Registry struct {
	// Immutable after NewRegistry.
	cfg   Config
	up    Upstreams
	slots Slots
	hurry chan struct{} // closed when the server cannot wait any longer

	scribe *scribe

	mu sync.Mutex
	// Guarded by mu:
	live      map[string]*Session
	restoring map[string]chan struct{} // closed when that is over
	closing   bool
	hurried   sync.Once
}

// NewRegistry makes an empty registry.
func NewRegistry(cfg Config, up Upstreams, admission Slots) *Registry {
	cfg.setDefaults()
	if up.Calibration == nil {
		up.Calibration = llm.NewCalibration()
	}
	r := &Registry{
		cfg: cfg, up: up, slots: admission, hurry: make(chan struct{}),
		live: make(map[string]*Session), restoring: make(map[string]chan struct{}),
	}
	r.scribe = newScribe(r)
	return r
}

// Opening is what a client asks for when it connects.
type Opening struct {
	Owner     string // whose session it is; empty means Anonymous
	Session   string // to resume; empty begins a new one
	Create    bool   // with Session: begin one with that id where there is none
	Last      uint64 // with Session, the number of the last frame that the client has seen
	Model     string // an LLM's name, or character:ID; empty means the default
	Character string // a character's id; empty means the plain assistant
	Queue     bool   // wait for a slot in the session rather than be refused
	// Fleeting keeps nothing of the conversation and counts no turns. Without a character
	// the model is told nothing but the messages.
	Fleeting bool
}

// Open begins a session, or finds the one to resume and restores it where it has ended.
// The caller attaches or asks next. Errors are ErrUnknownSession, ErrClosing, those of
// Owners, of package slots, of Upstreams.Characters and of the archive.
func (r *Registry) Open(ctx context.Context, o Opening) (*Session, error) {
	if o.Owner == "" {
		o.Owner = Anonymous
	}
	if o.Session != "" {
		return r.resume(ctx, &o)
	}
	b, err := r.begin(ctx, uuid.NewString(), &o)
	if err != nil {
		return nil, err
	}
	if !o.Fleeting { // which nobody can come back to
		if b.tenure, err = r.claim(ctx, b.id, true); err != nil {
			return nil, err
		}
	}
	return r.start(ctx, b, o.Queue)
}

// resume finds a session, or restores it.
func (r *Registry) resume(ctx context.Context, o *Opening) (*Session, error) {
	for {
		s, restoring, err := r.find(o)
		if s != nil || err != nil {
			return s, err
		}
		if restoring == nil {
			break // it is ours to restore
		}
		select {
		case <-restoring:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	defer r.restored(o.Session)
	t, err := r.claim(ctx, o.Session, false)
	if err != nil {
		return nil, err
	}
	b, err := r.load(ctx, o, t.left())
	if errors.Is(err, errNeverSeen) && o.Create {
		b, err = r.begin(ctx, o.Session, o)
	}
	if err != nil {
		t.yield(t.left(), r.cfg.ResumeGrace, r.cfg.Log)
		return nil, err
	}
	b.tenure = t
	return r.start(ctx, b, o.Queue)
}

// errNeverSeen says that nobody has a session of that id.
var errNeverSeen = fmt.Errorf("%w", ErrUnknownSession)

// load reads a conversation from the archive; left is what another instance has left of it.
func (r *Registry) load(ctx context.Context, o *Opening, left []byte) (*beginning, error) {
	if r.up.Archive == nil {
		return nil, errNeverSeen
	}
	rec, err := r.up.Archive.Load(ctx, o.Session)
	switch {
	case errors.Is(err, ErrUnknownSession):
		return nil, errNeverSeen
	case err != nil:
		return nil, err
	case rec.Owner != o.Owner:
		return nil, ErrUnknownSession
	}
	if r.up.Owners != nil {
		if rec, err = r.up.Archive.Take(ctx, o.Session); err != nil {
			return nil, err
		}
	}
	return r.restore(ctx, rec, o.Last, inherit(left))
}

// find is the live session, or tells when somebody else's restoring of it is over. With
// neither, the caller restores it and calls restored.
func (r *Registry) find(o *Opening) (s *Session, restoring <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s, ok := r.live[o.Session]; ok {
		if s.owner != o.Owner {
			return nil, nil, ErrUnknownSession
		}
		return s, nil, nil
	}
	if r.closing {
		return nil, nil, ErrClosing
	}
	if over, ok := r.restoring[o.Session]; ok {
		return nil, over, nil
	}
	r.restoring[o.Session] = make(chan struct{})
	return nil, nil, nil
}

func (r *Registry) restored(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.restoring[id])
	delete(r.restoring, id)
}

// start runs a conversation once it has its slot, or its place in the line. Asking for
// that may take as long as the network does.
func (r *Registry) start(ctx context.Context, b *beginning, queue bool) (*Session, error) {
	user := b.owner
	if user == Anonymous {
		user = ""
	}
	var (
		a   admission
		err error
	)
	span := r.traceWait(ctx, b.id)
	if queue {
		a.ticket, err = r.slots.Wait(ctx, b.id, user)
	} else {
		a.slot, err = r.slots.TryAcquire(ctx, b.id, user)
	}
	if err != nil {
		endWait(span, err)
		b.tenure.yield(b.tenure.left(), r.cfg.ResumeGrace, r.cfg.Log)
		return nil, err
	}
	a.span = span
	s := r.enter(b, a)
	if s == nil {
		endWait(a.span, ErrClosing)
		if a.ticket != nil {
			a.ticket.Leave()
		} else {
			a.slot.Release()
		}
		b.tenure.yield(b.tenure.left(), r.cfg.ResumeGrace, r.cfg.Log)
		return nil, ErrClosing
	}
	b.tenure.begun(s)
	return s, nil
}

// enter starts a session; nil where none may begin any more.
func (r *Registry) enter(b *beginning, a admission) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return nil
	}
	r.scribe.goOn(b.id, b.recalled.summary.Text)
	s := start(&r.cfg, &r.up, b, a, house{ended: r.ended, hurry: r.hurry, scribe: r.scribe})
	r.live[b.id] = s
	return s
}

// ended is called by a session's loop as the last thing it does.
func (r *Registry) ended(s *Session) {
	if t, ok := s.farewell(); ok {
		r.scribe.owe(context.Background(), t.session, farewellHold) // until it is drawn
		r.scribe.begin(t)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, s.id)
}

// Forget gives up what is still to be noted of a conversation that is over: it has been
// deleted.
func (r *Registry) Forget(id string) { r.scribe.drop(id) }

// EndAll ends the owner's sessions, and gives up what is still to be noted of those that are over: the owner is gone.
// It returns when they have ended, or ctx has.
func (r *Registry) EndAll(ctx context.Context, owner string, e Ending) {
	r.mu.Lock()
	var theirs []*Session
	for _, s := range r.live {
		if s.owner == owner {
			theirs = append(theirs, s)
		}
	}
	r.mu.Unlock()
	for _, s := range theirs {
		_ = s.post(ctx, end{e}) // one that has ended needs no telling
	}
	for _, s := range theirs {
		select {
		case <-s.done:
		case <-ctx.Done():
		}
	}
	r.scribe.dropAll(owner)
}

// hand gives a command to the session of that id, if it lives. Once over is closed, it
// will not be run any more.
func (r *Registry) hand(ctx context.Context, id string, c command) (over <-chan struct{}, err error) {
	r.mu.Lock()
	s := r.live[id]
	r.mu.Unlock()
	if s == nil {
		return nil, ErrUnknownSession
	}
	return s.over, s.post(ctx, c)
}

// Find is the live session with that id.
func (r *Registry) Find(owner, id string) (*Session, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.live[id]
	return s, ok && s.owner == owner
}

// begin is a conversation that is yet to begin.
func (r *Registry) begin(ctx context.Context, id string, o *Opening) (*beginning, error) {
	model, character := r.cfg.named(o.Model)
	if o.Character != "" {
		character = o.Character
	}
	voice := r.up.Voices.Default()
	part, err := r.up.part(ctx, &r.cfg, o.Owner, character)
	if err != nil {
		return nil, err
	}
	if part.character != nil {
		if v, ok := r.up.Voices.Get(part.character.VoiceID); ok {
			voice = v
		}
	}
	r.up.askWindow(ctx, model)
	b := &beginning{
		id: id, owner: o.Owner, next: 1, archive: r.up.Archive,
		object: r.newObject(id, model, character, voice), part: part,
	}
	if o.Fleeting {
		b.fleeting, b.part.facts, b.part.known = true, nil, nil
		b.archive, b.object.Avatarforge.MaxTurns = nil, 0
		b.bare = character == ""
	}
	return b, nil
}

func (r *Registry) newObject(id, model, character string, voice tts.Voice) realtime.Session {
	return realtime.Session{
		ID: id, Object: "realtime.session", Type: "realtime",
		Model:            model,
		OutputModalities: []realtime.Modality{realtime.ModalityAudio},
		Audio: realtime.SessionAudio{Output: realtime.AudioOutput{
			Format: realtime.AudioFormat{Type: realtime.AudioPCM, Rate: 24000},
			Voice:  voice.ID,
			Speed:  1,
		}},
		Tools: []struct{}{},
		Avatarforge: realtime.SessionExtension{
			CharacterID: character,
			Temperature: 0.7,
			TTS: realtime.TTS{
				Enabled: true, Mode: realtime.SpeechRealtime, StreamingMode: 2, TextLang: languageAuto,
			},
			Transport: realtime.TransportJSON,
			MaxTurns:  max(r.cfg.MaxTurns, 0),
			Demo:      r.cfg.Demo,
		},
	}
}

// ParseModel reads what a client may give as a model: an LLM's name, or character:ID for
// clients that can only name a model. The names of OpenAI's own models, which stock
// clients insist on giving, mean the default, as an empty name does.
func ParseModel(name string) (model, character string) {
	if id, ok := strings.CutPrefix(name, "character:"); ok {
		return "", id
	}
	if strings.HasPrefix(name, "gpt-") && !strings.HasPrefix(name, "gpt-oss") {
		return "", ""
	}
	return name, ""
}

// named is ParseModel with the configured model for the default.
func (c *Config) named(name string) (model, character string) {
	if model, character = ParseModel(name); model == "" {
		model = c.Model
	}
	return model, character
}

// Live is how many sessions there are, those in the line included.
func (r *Registry) Live() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.live)
}

// Close refuses new sessions, lets running responses finish while ctx lasts, and ends
// all sessions. Their listeners are told to reconnect. It may be called more than once.
func (r *Registry) Close(ctx context.Context) {
	r.mu.Lock()
	r.closing = true
	live := make([]*Session, 0, len(r.live))
	for _, s := range r.live {
		live = append(live, s)
	}
	r.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range live {
		wg.Go(func() {
			s.Drain(ctx, Ending{realtime.CloseGoingAway, "the server is going away"})
		})
	}
	drained := make(chan struct{})
	go func() { // waited for below
		wg.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-ctx.Done():
	}
	r.hurried.Do(func() { close(r.hurry) })
	<-drained
	r.scribe.close()
}
