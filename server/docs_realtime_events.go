package server

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/realtime"
)

// What the protocol's types write as JSON where they write it themselves.
type (
	realtimeItem struct {
		ID      string                `json:"id" example:"item_2"`
		Object  string                `json:"object" enum:"realtime.item"`
		Type    string                `json:"type" enum:"message"`
		Status  string                `json:"status" enum:"in_progress,completed,incomplete"`
		Role    string                `json:"role" enum:"user,assistant,system"`
		Content []realtimeItemContent `json:"content"`
	}
	realtimeItemContent struct {
		Type       string `json:"type" enum:"input_text,output_text,output_audio"`
		Text       string `json:"text,omitempty" doc:"Of input_text and output_text." example:"안녕!"`
		Transcript string `json:"transcript,omitempty" doc:"Of output_audio."`
	}
	realtimePart struct {
		Type       string `json:"type" enum:"text,audio"`
		Text       string `json:"text,omitempty" doc:"Of text."`
		Transcript string `json:"transcript,omitempty" doc:"Of audio."`
	}
	realtimeErrorEvent struct {
		Error       realtimeErrorBody     `json:"error"`
		Avatarforge *realtimeErrorSegment `json:"avatarforge,omitempty"`
	}
	realtimeErrorBody struct {
		Type    string  `json:"type" enum:"invalid_request_error,rate_limit_error,server_error"`
		Code    string  `json:"code" doc:"A stable word." example:"invalid_value"`
		Message string  `json:"message" doc:"A sentence that a person can act on."`
		Param   *string `json:"param" doc:"The path of the offending field."`
		EventID *string `json:"event_id" doc:"The client event's own."`
	}
	realtimeErrorSegment struct {
		Segment uint32 `json:"segment" doc:"The sentence that could not be spoken."`
	}
	realtimeMaxTokens struct{}
)

// Schema is a number or "inf".
func (realtimeMaxTokens) Schema(huma.Registry) *huma.Schema {
	least, most := 1.0, 8192.0
	return &huma.Schema{
		Description: "How long an answer may become, in tokens.",
		OneOf: []*huma.Schema{
			{Type: huma.TypeInteger, Minimum: &least, Maximum: &most},
			{Type: huma.TypeString, Enum: []any{"inf"}},
		},
		Examples: []any{"inf"},
	}
}

// The events that clients send, as realtime.DecodeClient takes them.
type (
	clientName struct {
		EventID string `json:"event_id,omitempty"` // described in describeEvents
	}
	realtimeSessionUpdate struct {
		clientName
		Session realtimeSessionPatch `json:"session"`
	}
	realtimeItemCreate struct {
		clientName
		PreviousItemID string          `json:"previous_item_id,omitempty" doc:"The item to put it after; root puts it first. At the end where it is left out."`
		Item           realtimeNewItem `json:"item"`
	}
	realtimeItemRetrieve struct {
		clientName
		ItemID string `json:"item_id"`
	}
	realtimeItemDelete struct {
		clientName
		ItemID string `json:"item_id"`
	}
	realtimeItemTruncate struct {
		clientName
		ItemID       string `json:"item_id"`
		ContentIndex int    `json:"content_index" minimum:"0"`
		AudioEndMS   int    `json:"audio_end_ms" minimum:"0" doc:"How much of the item's sound was heard, in milliseconds."`
	}
	realtimeResponseCreate struct {
		clientName
		Response *realtimeResponseOverrides `json:"response,omitempty"`
	}
	realtimeResponseCancel struct {
		clientName
		ResponseID string `json:"response_id,omitempty" doc:"The running response where it is left out."`
	}
	realtimePlayback struct {
		clientName
		Segment    uint32 `json:"segment" doc:"That is playing, or played last."`
		PlayedMS   int    `json:"played_ms" minimum:"0" doc:"Of that segment, in milliseconds."`
		BufferedMS int    `json:"buffered_ms" minimum:"0" doc:"That the player still holds, of all segments, in milliseconds."`
	}
	realtimeSpeak struct {
		clientName
		ItemID string `json:"item_id"`
	}
)

// What is in them.
type (
	realtimeSessionPatch struct {
		Type             string                  `json:"type,omitempty" enum:"realtime"`
		Model            string                  `json:"model,omitempty"`
		Instructions     string                  `json:"instructions,omitempty" maxLength:"32000"`
		OutputModalities []string                `json:"output_modalities,omitempty" enum:"text,audio" minItems:"1" doc:"Speech comes with its text."`
		Audio            *realtimeAudioPatch     `json:"audio,omitempty"`
		MaxOutputTokens  *realtimeMaxTokens      `json:"max_output_tokens,omitempty"`
		Tools            []struct{}              `json:"tools,omitempty" maxItems:"0" doc:"Characters call none."`
		Avatarforge      *realtimeExtensionPatch `json:"avatarforge,omitempty"`
	}
	realtimeAudioPatch struct {
		Output *realtimeOutputPatch `json:"output,omitempty"`
	}
	realtimeOutputPatch struct {
		Format *realtimeFormatPatch `json:"format,omitempty"`
		Voice  string               `json:"voice,omitempty" doc:"One of GET /api/tts/voices."`
		Speed  float64              `json:"speed,omitempty" minimum:"0.25" maximum:"4"`
	}
	realtimeFormatPatch struct {
		Type string `json:"type,omitempty" enum:"audio/pcm"`
		Rate int    `json:"rate,omitempty" enum:"16000,24000,32000,48000" doc:"Samples a second."`
	}
	realtimeExtensionPatch struct {
		CharacterID string                 `json:"character_id,omitempty"`
		Persona     string                 `json:"persona,omitempty" maxLength:"32000"`
		Scenario    *realtimeScenarioPatch `json:"scenario,omitempty"`
		Temperature *float64               `json:"temperature,omitempty" minimum:"0" maximum:"2"`
		TTS         *realtimeTTSPatch      `json:"tts,omitempty"`
		Transport   string                 `json:"transport,omitempty" enum:"json,binary"`
		MaxTurns    *int                   `json:"max_turns,omitempty" minimum:"0" doc:"A client may lower it, not raise it."`
	}
	realtimeScenarioPatch struct {
		Opponent   string `json:"opponent,omitempty" maxLength:"8000"`
		Situation  string `json:"situation,omitempty" maxLength:"8000"`
		Background string `json:"background,omitempty" maxLength:"8000"`
	}
	realtimeTTSPatch struct {
		Enabled       *bool  `json:"enabled,omitempty"`
		Mode          string `json:"mode,omitempty" enum:"realtime,delayed,on_click"`
		DelayMS       *int   `json:"delay_ms,omitempty" minimum:"0" maximum:"60000"`
		StreamingMode *int   `json:"streaming_mode,omitempty" minimum:"0" maximum:"3" doc:"GPT-SoVITS's."`
		TextLang      string `json:"text_lang,omitempty" doc:"A language's code, or auto."`
	}
	realtimeNewItem struct {
		ID      string               `json:"id,omitempty" maxLength:"512" doc:"The server makes one where it is left out."`
		Type    string               `json:"type,omitempty" enum:"message"`
		Role    string               `json:"role" enum:"user,assistant,system"`
		Content []realtimeNewContent `json:"content" minItems:"1" doc:"8,000 characters in all."`
	}
	realtimeNewContent struct {
		Type       string `json:"type" enum:"input_text,output_text,text,output_audio"`
		Text       string `json:"text,omitempty" doc:"Needed but for output_audio."`
		Transcript string `json:"transcript,omitempty" doc:"Of output_audio."`
	}
	realtimeResponseOverrides struct {
		Instructions     string             `json:"instructions,omitempty" maxLength:"32000"`
		OutputModalities []string           `json:"output_modalities,omitempty" enum:"text,audio" minItems:"1"`
		MaxOutputTokens  *realtimeMaxTokens `json:"max_output_tokens,omitempty"`
		Temperature      *float64           `json:"temperature,omitempty" minimum:"0" maximum:"2"`
		Metadata         map[string]string  `json:"metadata,omitempty" maxProperties:"16"`
	}
)

// clientEvent is an event that clients send.
type clientEvent struct {
	name, about string
	example     any
}

// clientEvents are all that a client may send.
func clientEvents() []clientEvent {
	half, three, two, yes, none := 0.5, 3, 2, true, 0
	return []clientEvent{
		{"session.update", "Changes the given fields only; answered `session.updated` with the whole session.", realtimeSessionUpdate{
			clientName: clientName{"ev_1"},
			Session: realtimeSessionPatch{
				Type: "realtime", Model: "gemma-3-27b-it", Instructions: "짧게 대답하세요.", OutputModalities: []string{"audio"},
				Audio: &realtimeAudioPatch{&realtimeOutputPatch{
					Format: &realtimeFormatPatch{Type: realtime.AudioPCM, Rate: 24000}, Voice: "default", Speed: 1,
				}},
				MaxOutputTokens: &realtimeMaxTokens{},
				Avatarforge: &realtimeExtensionPatch{
					CharacterID: "hermione", Persona: "밝고 명랑한 성격.", Temperature: &half, Transport: "binary", MaxTurns: &three,
					Scenario: &realtimeScenarioPatch{Opponent: "헤르미온느 그레인저", Situation: "호그와트 도서관에서 만남", Background: "마법 세계 배경"},
					TTS:      &realtimeTTSPatch{Enabled: &yes, Mode: "realtime", DelayMS: &none, StreamingMode: &two, TextLang: "auto"},
				},
			},
		}},
		{"conversation.item.create", "Adds a message.", realtimeItemCreate{
			clientName: clientName{"ev_2"}, PreviousItemID: "item_1",
			Item: realtimeNewItem{
				ID: "item_mine", Type: "message", Role: "user",
				Content: []realtimeNewContent{{Type: "input_text", Text: "안녕하세요!"}},
			},
		}},
		{"conversation.item.retrieve", "Asks for an item.", realtimeItemRetrieve{clientName{"ev_3"}, "item_2"}},
		{"conversation.item.delete", "Takes an item out of the conversation.", realtimeItemDelete{clientName{"ev_4"}, "item_2"}},
		{
			"conversation.item.truncate", "Says that the listener heard only so much: the item keeps the words spoken up to there.",
			realtimeItemTruncate{clientName{"ev_5"}, "item_2", 0, 1200},
		},
		{"response.create", "Starts a response; what is given overrides the session for this one.", realtimeResponseCreate{
			clientName: clientName{"ev_6"},
			Response: &realtimeResponseOverrides{
				Instructions: "한 문장으로.", OutputModalities: []string{"audio"}, MaxOutputTokens: &realtimeMaxTokens{}, Temperature: &half,
				Metadata: map[string]string{"topic": "greeting"},
			},
		}},
		{"response.cancel", "Stops the running response.", realtimeResponseCancel{clientName{"ev_7"}, "resp_1"}},
		{"avatarforge.playback", "Says what the listener's player holds: whose sentence is made next depends on it.", realtimePlayback{clientName{"ev_8"}, 7, 400, 2600}},
		{"avatarforge.speak", "Asks for an item's speech now.", realtimeSpeak{clientName{"ev_9"}, "item_2"}},
	}
}

// MarshalJSON writes no bound.
func (realtimeMaxTokens) MarshalJSON() ([]byte, error) { return []byte(`"inf"`), nil }

// serverEvent is an event that the server sends.
type serverEvent struct {
	about   string
	example realtime.ServerEvent
}

// serverEvents are all that the server sends, in the order in which a response has them.
func serverEvents() []serverEvent {
	first, second := "item_1", "resp_1"
	place := realtime.Place{ResponseID: "resp_1", ItemID: "item_2"}
	asked := realtime.Item{
		ID: "item_1", Status: realtime.StatusCompleted, Role: realtime.RoleUser,
		Content: []realtime.Content{{Type: realtime.ContentInputText, Text: "안녕하세요!"}},
	}
	begun := realtime.Item{ID: "item_2", Status: realtime.StatusInProgress, Role: realtime.RoleAssistant}
	said := realtime.Item{
		ID: "item_2", Status: realtime.StatusCompleted, Role: realtime.RoleAssistant,
		Content: []realtime.Content{{Type: realtime.ContentOutputAudio, Text: "안녕! 만나서 반가워."}},
	}
	session := realtime.Session{
		ID: "0f8fad5b-d9cb-469f-a165-70867728950e", Object: "realtime.session", Type: "realtime", Model: "gemma-3-27b-it",
		OutputModalities: []realtime.Modality{realtime.ModalityAudio}, Tools: []struct{}{},
		Audio: realtime.SessionAudio{Output: realtime.AudioOutput{
			Format: realtime.AudioFormat{Type: realtime.AudioPCM, Rate: 24000}, Voice: "default", Speed: 1,
		}},
		Avatarforge: realtime.SessionExtension{
			CharacterID: "hermione", Temperature: 0.7, Transport: realtime.TransportJSON, MaxTurns: 30,
			TTS: realtime.TTS{Enabled: true, Mode: realtime.SpeechRealtime, StreamingMode: 2, TextLang: "auto"},
		},
	}
	running := realtime.Response{
		Object: "realtime.response", ID: "resp_1", ConversationID: "conv_0f8fad5b", Status: realtime.StatusInProgress, Output: []realtime.Item{},
		OutputModalities: []realtime.Modality{realtime.ModalityAudio},
		Audio: &realtime.ResponseAudio{Output: realtime.ResponseAudioOutput{
			Format: realtime.AudioFormat{Type: realtime.AudioPCM, Rate: 24000}, Voice: "default",
		}},
	}
	token, sentence, sound := int64(180), int64(420), int64(690)
	done := running
	done.Status, done.Output = realtime.StatusCompleted, []realtime.Item{said}
	done.Usage = &realtime.Usage{TotalTokens: 57, InputTokens: 45, OutputTokens: 12}
	done.Avatarforge = &realtime.ResponseExtension{Timings: realtime.Timings{
		FirstTokenMS: &token, FirstSentenceMS: &sentence, FirstAudioMS: &sound, TotalMS: 2100,
	}}
	length := int64(1730)
	return []serverEvent{
		{"The session's first event, once it has its slot.", realtime.SessionCreated{Session: session}},
		{"Answers `session.update` with the whole session.", realtime.SessionUpdated{Session: session}},
		{"An item has joined the conversation.", realtime.ItemAdded{Item: asked}},
		{"A response begins.", realtime.ResponseCreated{Response: running}},
		{"The response's item begins.", realtime.OutputItemAdded{ResponseID: "resp_1", Item: begun}},
		{"The item's part begins.", realtime.ContentPartAdded{Place: place, Part: realtime.Part{Audio: true}}},
		{"A token of a response of text.", realtime.TextDelta{Place: place, Delta: "안녕"}},
		{"A token of a response of speech.", realtime.TranscriptDelta{Place: place, Delta: "안녕"}},
		{"A sentence is about to be heard.", realtime.Sentence{
			Segment: 7, ResponseID: &second, ItemID: "item_2", Text: "안녕! 만나서 반가워.", Spoken: "안녕! 만나서 반가워.", SampleRate: 24000,
		}},
		{"A piece of speech, base64.", realtime.AudioDelta{Place: place, Delta: []byte{1, 0, 2, 0}, Avatarforge: realtime.SegmentExtension{Segment: 7}}},
		{"A sentence's last sound has been sent, or there is none.", realtime.SentenceDone{Segment: 7, DurationMS: &length}},
		{"All of the response's speech has been sent.", realtime.AudioDone{Place: place}},
		{"The whole text.", realtime.TextDone{Place: place, Text: "안녕! 만나서 반가워."}},
		{"The whole transcript.", realtime.TranscriptDone{Place: place, Transcript: "안녕! 만나서 반가워."}},
		{"The item's whole part.", realtime.ContentPartDone{Place: place, Part: realtime.Part{Audio: true, Text: "안녕! 만나서 반가워."}}},
		{"The response's whole item.", realtime.OutputItemDone{ResponseID: "resp_1", Item: said}},
		{"An item is whole.", realtime.ItemDone{PreviousItemID: &first, Item: said}},
		{"A response ends: exactly one for each `response.created`.", realtime.ResponseDone{Response: done}},
		{"How full the context window is.", realtime.Context{UsedTokens: 812, LimitTokens: 8192, Turns: 3}},
		{"Answers `conversation.item.retrieve`.", realtime.ItemRetrieved{Item: asked}},
		{"Answers `conversation.item.delete`.", realtime.ItemDeleted{ItemID: "item_1"}},
		{"Answers `conversation.item.truncate`.", realtime.ItemTruncated{ItemID: "item_2", AudioEndMS: 1200}},
		{"Where in the waiting line the client is.", realtime.Queue{Position: 2, Waiting: 5}},
		{"Something went wrong; the connection stays.", realtime.ErrorEvent{Err: realtime.Error{
			Type: realtime.InvalidRequestError, Code: realtime.CodeInvalidValue, Message: "It can be 0 to 2.",
			Param: "session.avatarforge.temperature", EventID: "ev_1",
		}}},
	}
}

// frame is an event as the wire has it.
func frame(e realtime.ServerEvent) json.RawMessage { return realtime.AppendEvent(nil, 42, e) }
