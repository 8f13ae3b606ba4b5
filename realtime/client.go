package realtime

// ClientEvent is one of the events that a client sends. The types of this file are all
// there are.
type ClientEvent interface {
	// ID is the event_id that the client gave; empty where it gave none. Errors about
	// the event name it.
	ID() string
	clientEvent()
}

// EventID is the client's own name for its event.
type EventID string

// ID is the name itself.
func (id EventID) ID() string { return string(id) }

// The client's events. A nil pointer is a field that the client did not give.
type (
	// SessionUpdate changes the given fields only.
	SessionUpdate struct {
		EventID
		Session SessionPatch
	}
	// ItemCreate adds a message after PreviousItemID: empty appends, "root" puts it
	// first.
	ItemCreate struct {
		EventID
		PreviousItemID string
		Item           Item // without an ID where the client leaves it to the server
	}
	// ItemRetrieve asks for an item as the server holds it.
	ItemRetrieve struct {
		EventID
		ItemID string
	}
	// ItemDelete takes an item out of the conversation.
	ItemDelete struct {
		EventID
		ItemID string
	}
	// ItemTruncate says that the listener heard only so much.
	ItemTruncate struct {
		EventID
		ItemID       string
		ContentIndex int
		AudioEndMS   int
	}
	// ResponseCreate starts a response.
	ResponseCreate struct {
		EventID
		Response ResponseOverrides
	}
	// ResponseCancel stops the running response, or ResponseID where it is given.
	ResponseCancel struct {
		EventID
		ResponseID string
	}
	// Playback says what the listener's player holds.
	Playback struct {
		EventID
		Segment    uint32 // that it is playing, or played last
		PlayedMS   int    // of that segment
		BufferedMS int    // that it still holds, of all segments
	}
	// Speak asks for an item's speech now.
	Speak struct {
		EventID
		ItemID string
	}
	// Unsupported is an event of Realtime that has no meaning here yet: voice input.
	Unsupported struct {
		EventID
		Type string
	}
)

func (SessionUpdate) clientEvent()  {}
func (ItemCreate) clientEvent()     {}
func (ItemRetrieve) clientEvent()   {}
func (ItemDelete) clientEvent()     {}
func (ItemTruncate) clientEvent()   {}
func (ResponseCreate) clientEvent() {}
func (ResponseCancel) clientEvent() {}
func (Playback) clientEvent()       {}
func (Speak) clientEvent()          {}
func (Unsupported) clientEvent()    {}

// SessionPatch is what a session.update gives; nil fields stay as they are.
type SessionPatch struct {
	Model            *string
	Instructions     *string
	OutputModalities []Modality
	Rate             *int // samples per second
	Voice            *string
	Speed            *float64
	MaxOutputTokens  *MaxTokens

	CharacterID *string
	Persona     *string
	Scenario    *ScenarioPatch
	Temperature *float64
	TTS         *TTSPatch
	Transport   *Transport
	MaxTurns    *int
}

// ScenarioPatch changes the given fields of a Scenario.
type ScenarioPatch struct {
	Opponent   *string
	Situation  *string
	Background *string
}

// TTSPatch changes the given fields of a TTS.
type TTSPatch struct {
	Enabled       *bool
	Mode          *SpeechMode
	DelayMS       *int
	StreamingMode *int
	TextLang      *string
}

// ResponseOverrides are for one response only; nil fields are as in the session.
type ResponseOverrides struct {
	Instructions     *string
	OutputModalities []Modality
	MaxOutputTokens  *MaxTokens
	Temperature      *float64
	Metadata         map[string]string
}

// Apply changes a session by what the patch gives.
func (p *SessionPatch) Apply(s *Session) {
	set(&s.Model, p.Model)
	set(&s.Instructions, p.Instructions)
	if p.OutputModalities != nil {
		s.OutputModalities = p.OutputModalities
	}
	set(&s.Audio.Output.Format.Rate, p.Rate)
	set(&s.Audio.Output.Voice, p.Voice)
	set(&s.Audio.Output.Speed, p.Speed)
	set(&s.MaxOutputTokens, p.MaxOutputTokens)

	ext := &s.Avatarforge
	set(&ext.CharacterID, p.CharacterID)
	set(&ext.Persona, p.Persona)
	if p.Scenario != nil {
		set(&ext.Scenario.Opponent, p.Scenario.Opponent)
		set(&ext.Scenario.Situation, p.Scenario.Situation)
		set(&ext.Scenario.Background, p.Scenario.Background)
	}
	set(&ext.Temperature, p.Temperature)
	if p.TTS != nil {
		set(&ext.TTS.Enabled, p.TTS.Enabled)
		set(&ext.TTS.Mode, p.TTS.Mode)
		set(&ext.TTS.DelayMS, p.TTS.DelayMS)
		set(&ext.TTS.StreamingMode, p.TTS.StreamingMode)
		set(&ext.TTS.TextLang, p.TTS.TextLang)
	}
	set(&ext.Transport, p.Transport)
	set(&ext.MaxTurns, p.MaxTurns)
}

func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}
