package realtime

// ServerEvent is one of the events that the server sends. The types of this file are
// all there are.
type ServerEvent interface {
	// Type is the event's name on the wire.
	Type() string
	serverEvent()
}

// Place says which part of which response an event belongs to. There is one item in a
// response and one part in an item, so both indices are always zero on the wire.
type Place struct {
	ResponseID   string `json:"response_id"`
	ItemID       string `json:"item_id"`
	OutputIndex  int    `json:"output_index"`
	ContentIndex int    `json:"content_index"`
}

// The server's events. Those that carry a Response or an Item carry it as it stands at
// that moment.
type (
	// SessionCreated is a session's first event once it has its slot.
	SessionCreated struct {
		Session Session `json:"session"`
	}
	// SessionUpdated answers session.update with the whole session.
	SessionUpdated struct {
		Session Session `json:"session"`
	}

	// ItemAdded says that an item has joined the conversation after PreviousItemID,
	// nil for the first.
	ItemAdded struct {
		PreviousItemID *string `json:"previous_item_id"`
		Item           Item    `json:"item"`
	}
	// ItemDone says that an item is whole.
	ItemDone struct {
		PreviousItemID *string `json:"previous_item_id"`
		Item           Item    `json:"item"`
	}
	// ItemRetrieved answers conversation.item.retrieve.
	ItemRetrieved struct {
		Item Item `json:"item"`
	}
	// ItemDeleted answers conversation.item.delete.
	ItemDeleted struct {
		ItemID string `json:"item_id"`
	}
	// ItemTruncated answers conversation.item.truncate.
	ItemTruncated struct {
		ItemID       string `json:"item_id"`
		ContentIndex int    `json:"content_index"`
		AudioEndMS   int    `json:"audio_end_ms"`
	}

	// ResponseCreated begins a response.
	ResponseCreated struct {
		Response Response `json:"response"`
	}
	// OutputItemAdded announces the response's item.
	OutputItemAdded struct {
		ResponseID  string `json:"response_id"`
		OutputIndex int    `json:"output_index"`
		Item        Item   `json:"item"`
	}
	// ContentPartAdded announces the item's part.
	ContentPartAdded struct {
		Place
		Part Part `json:"part"`
	}
	// TextDelta is a token of a response of text.
	TextDelta struct {
		Place
		Delta string `json:"delta"`
	}
	// TextDone is the whole text.
	TextDone struct {
		Place
		Text string `json:"text"`
	}
	// TranscriptDelta is a token of a response of speech.
	TranscriptDelta struct {
		Place
		Delta string `json:"delta"`
	}
	// TranscriptDone is the whole transcript.
	TranscriptDone struct {
		Place
		Transcript string `json:"transcript"`
	}
	// AudioDelta is a piece of speech, at most MaxFrameMS, of one segment.
	AudioDelta struct {
		Place
		Delta       []byte           `json:"delta"` // PCM; base64 on the wire
		Avatarforge SegmentExtension `json:"avatarforge"`
	}
	// AudioDone says that all of a response's speech has been sent.
	AudioDone struct {
		Place
	}
	// ContentPartDone is the item's whole part.
	ContentPartDone struct {
		Place
		Part Part `json:"part"`
	}
	// OutputItemDone is the response's whole item.
	OutputItemDone struct {
		ResponseID  string `json:"response_id"`
		OutputIndex int    `json:"output_index"`
		Item        Item   `json:"item"`
	}
	// ResponseDone ends a response: there is exactly one for each ResponseCreated, and
	// no frame of the response follows it.
	ResponseDone struct {
		Response Response `json:"response"`
	}

	// ErrorEvent reports what went wrong; it never ends the connection.
	ErrorEvent struct {
		Err Error
	}

	// Sentence announces a segment before its first audio. The Texts of a response,
	// joined, are its whole text.
	Sentence struct {
		Segment    uint32  `json:"segment"`
		ResponseID *string `json:"response_id"` // nil when spoken by avatarforge.speak
		ItemID     string  `json:"item_id"`
		Index      int     `json:"index"` // of the sentence in its item, from 0
		Text       string  `json:"text"`
		Spoken     string  `json:"spoken"`
		SampleRate int     `json:"sample_rate"`
	}
	// SentenceDone says that the last audio of a segment has been sent, or why there
	// is none.
	// DurationMS is nil where Error is not.
	SentenceDone struct {
		Segment    uint32         `json:"segment"`
		DurationMS *int64         `json:"duration_ms,omitempty"`
		Error      *SentenceError `json:"error,omitempty"`
	}
	// Queue says where in the waiting line the client is, from 1, and how many wait.
	Queue struct {
		Position int `json:"position"`
		Waiting  int `json:"waiting"`
	}
	// Context says how full the context window is. SummarizedTurns are those that a
	// summary stands for; DroppedTurns those that the model was told nothing of, since
	// there was no room for them and no summary yet. All are in the transcript.
	Context struct {
		UsedTokens      int `json:"used_tokens"`
		LimitTokens     int `json:"limit_tokens"`
		Turns           int `json:"turns"`
		SummarizedTurns int `json:"summarized_turns"`
		DroppedTurns    int `json:"dropped_turns"`
	}
)

// SegmentExtension says which segment a piece of speech belongs to.
type SegmentExtension struct {
	Segment uint32 `json:"segment"`
}

// SentenceError says why a sentence was not spoken, or not to its end.
type SentenceError struct {
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`
}

// The names on the wire.
const (
	typeSessionCreated   = "session.created"
	typeSessionUpdated   = "session.updated"
	typeItemAdded        = "conversation.item.added"
	typeItemDone         = "conversation.item.done"
	typeItemRetrieved    = "conversation.item.retrieved"
	typeItemDeleted      = "conversation.item.deleted"
	typeItemTruncated    = "conversation.item.truncated"
	typeResponseCreated  = "response.created"
	typeOutputItemAdded  = "response.output_item.added"
	typeContentPartAdded = "response.content_part.added"
	typeTextDelta        = "response.output_text.delta"
	typeTextDone         = "response.output_text.done"
	typeTranscriptDelta  = "response.output_audio_transcript.delta"
	typeTranscriptDone   = "response.output_audio_transcript.done"
	typeAudioDelta       = "response.output_audio.delta"
	typeAudioDone        = "response.output_audio.done"
	typeContentPartDone  = "response.content_part.done"
	typeOutputItemDone   = "response.output_item.done"
	typeResponseDone     = "response.done"
	typeError            = "error"
	typeSentence         = "avatarforge.sentence"
	typeSentenceDone     = "avatarforge.sentence.done"
	typeQueue            = "avatarforge.queue"
	typeContext          = "avatarforge.context"
)

func (SessionCreated) Type() string   { return typeSessionCreated }
func (SessionUpdated) Type() string   { return typeSessionUpdated }
func (ItemAdded) Type() string        { return typeItemAdded }
func (ItemDone) Type() string         { return typeItemDone }
func (ItemRetrieved) Type() string    { return typeItemRetrieved }
func (ItemDeleted) Type() string      { return typeItemDeleted }
func (ItemTruncated) Type() string    { return typeItemTruncated }
func (ResponseCreated) Type() string  { return typeResponseCreated }
func (OutputItemAdded) Type() string  { return typeOutputItemAdded }
func (ContentPartAdded) Type() string { return typeContentPartAdded }
func (TextDelta) Type() string        { return typeTextDelta }
func (TextDone) Type() string         { return typeTextDone }
func (TranscriptDelta) Type() string  { return typeTranscriptDelta }
func (TranscriptDone) Type() string   { return typeTranscriptDone }
func (AudioDelta) Type() string       { return typeAudioDelta }
func (AudioDone) Type() string        { return typeAudioDone }
func (ContentPartDone) Type() string  { return typeContentPartDone }
func (OutputItemDone) Type() string   { return typeOutputItemDone }
func (ResponseDone) Type() string     { return typeResponseDone }
func (ErrorEvent) Type() string       { return typeError }
func (Sentence) Type() string         { return typeSentence }
func (SentenceDone) Type() string     { return typeSentenceDone }
func (Queue) Type() string            { return typeQueue }
func (Context) Type() string          { return typeContext }

func (SessionCreated) serverEvent()   {}
func (SessionUpdated) serverEvent()   {}
func (ItemAdded) serverEvent()        {}
func (ItemDone) serverEvent()         {}
func (ItemRetrieved) serverEvent()    {}
func (ItemDeleted) serverEvent()      {}
func (ItemTruncated) serverEvent()    {}
func (ResponseCreated) serverEvent()  {}
func (OutputItemAdded) serverEvent()  {}
func (ContentPartAdded) serverEvent() {}
func (TextDelta) serverEvent()        {}
func (TextDone) serverEvent()         {}
func (TranscriptDelta) serverEvent()  {}
func (TranscriptDone) serverEvent()   {}
func (AudioDelta) serverEvent()       {}
func (AudioDone) serverEvent()        {}
func (ContentPartDone) serverEvent()  {}
func (OutputItemDone) serverEvent()   {}
func (ResponseDone) serverEvent()     {}
func (ErrorEvent) serverEvent()       {}
func (Sentence) serverEvent()         {}
func (SentenceDone) serverEvent()     {}
func (Queue) serverEvent()            {}
func (Context) serverEvent()          {}
