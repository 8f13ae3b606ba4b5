package session

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"avatarforge/realtime"
	"avatarforge/slots"
	"avatarforge/tts"
)

// Errors of Open, beside persona.ErrUnknown and those of package slots.
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

// Registry knows all sessions of this server: those that live, and for a while those
// that have ended. Safe for use by several goroutines.
type Registry struct {
	// Immutable after NewRegistry.
	cfg   Config
	up    Upstreams
	slots Slots
	ttl   time.Duration

	mu sync.Mutex
	// Guarded by mu:
	live    map[string]*Session
	ended   map[string]endedSession
	swept   time.Time // when ended was last looked through
	closing bool
}

type endedSession struct {
	state *State
	until time.Time
}

// NewRegistry makes an empty registry. ttl is how long an ended session can be resumed;
// zero means 24 h.
func NewRegistry(cfg Config, up Upstreams, admission Slots, ttl time.Duration) *Registry {
	cfg.setDefaults()
	if ttl <= 0 {
		ttl = 24 * time.Hour
	}
	return &Registry{
		cfg: cfg, up: up, slots: admission, ttl: ttl,
		live: make(map[string]*Session), ended: make(map[string]endedSession),
	}
}

// Opening is what a client asks for when it connects.
type Opening struct {
	Owner     string // whose session it is; empty means Anonymous
	Session   string // to resume; empty begins a new one
	Model     string // an LLM's name, or character:ID; empty means the default
	Character string // a character's id; empty means the plain assistant
	Queue     bool   // wait for a slot in the session rather than be refused
}

// Open begins a session, or finds the one to resume and restores it where it has ended.
// The caller attaches next. Errors are ErrUnknownSession, ErrClosing, those of package
// slots and of Upstreams.Characters.
func (r *Registry) Open(ctx context.Context, o Opening) (*Session, error) {
	if o.Owner == "" {
		o.Owner = Anonymous
	}
	var st *State
	if o.Session == "" {
		var err error
		if st, err = r.newState(ctx, &o); err != nil {
			return nil, err
		}
	}
	for {
		s, from, err := r.find(&o, st)
		if s != nil || err != nil {
			return s, err
		}
		slot, ticket, err := r.admit(ctx, from, o.Queue)
		if err != nil {
			if s := r.liveSession(&o); s != nil {
				return s, nil // another connection has restored it meanwhile, and has the slot
			}
			return nil, err
		}
		if s, err = r.start(from, slot, ticket); s != nil || err != nil {
			return s, err
		}
	}
}

// find returns the live session that is asked for, or else the state to begin or restore
// one with.
func (r *Registry) find(o *Opening, st *State) (*Session, *State, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return nil, nil, ErrClosing
	}
	r.sweepLocked(time.Now())
	if st != nil {
		return nil, st, nil
	}
	if s := r.liveLocked(o); s != nil {
		return s, nil, nil
	}
	if e, ok := r.ended[o.Session]; ok && e.state.Owner == o.Owner {
		return nil, e.state, nil
	}
	return nil, nil, ErrUnknownSession
}

// admit asks for a slot, or for a place in the line. It may take as long as the network
// does, so it is not called under a lock.
func (r *Registry) admit(ctx context.Context, st *State, queue bool) (*slots.Slot, *slots.Ticket, error) {
	user := st.Owner
	if user == Anonymous {
		user = ""
	}
	if queue {
		ticket, err := r.slots.Wait(ctx, st.ID, user)
		return nil, ticket, err
	}
	slot, err := r.slots.TryAcquire(ctx, st.ID, user)
	return slot, nil, err
}

func (r *Registry) liveSession(o *Opening) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.liveLocked(o)
}

// liveLocked returns the live session that is asked for, nil where there is none.
func (r *Registry) liveLocked(o *Opening) *Session {
	if s, ok := r.live[o.Session]; ok && s.owner == o.Owner {
		return s
	}
	return nil
}

// start runs an admitted session. It gives the slot back and returns neither session nor
// error where another connection has restored the same session meanwhile.
func (r *Registry) start(st *State, slot *slots.Slot, ticket *slots.Ticket) (*Session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.ended[st.ID]; r.closing || st.created && (!ok || e.state != st) {
		if slot != nil {
			slot.Release()
		} else {
			ticket.Leave()
		}
		if r.closing {
			return nil, ErrClosing
		}
		return nil, nil //nolint:nilnil // look again
	}
	delete(r.ended, st.ID)
	s := start(&r.cfg, &r.up, st, slot, ticket, r.sessionEnded)
	r.live[st.ID] = s
	return s, nil
}

// sessionEnded is called by a session's loop as the last thing it does.
func (r *Registry) sessionEnded(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.live, s.id)
	if s.created {
		r.ended[s.id] = endedSession{s.saved, time.Now().Add(r.ttl)}
	}
}

// sweepLocked forgets, now and then, the ended sessions whose time is over.
func (r *Registry) sweepLocked(now time.Time) {
	if now.Sub(r.swept) < time.Minute {
		return
	}
	r.swept = now
	for id, e := range r.ended {
		if now.After(e.until) {
			delete(r.ended, id)
		}
	}
}

// newState is a conversation that is yet to begin.
func (r *Registry) newState(ctx context.Context, o *Opening) (*State, error) {
	model, character := ParseModel(o.Model)
	if model == "" {
		model = r.cfg.Model
	}
	if o.Character != "" {
		character = o.Character
	}
	voice := r.up.Voices.Default()
	part, err := r.up.part(ctx, character)
	if err != nil {
		return nil, err
	}
	if part.character != nil {
		if v, ok := r.up.Voices.Get(part.character.VoiceID); ok {
			voice = v
		}
	}
	id := uuid.NewString()
	return &State{
		ID: id, Owner: o.Owner, next: 1,
		object: r.newObject(id, model, character, voice), part: part,
	}, nil
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
	wg.Wait()
}
