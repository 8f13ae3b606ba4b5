package realtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Limits of the protocol.
const (
	MaxFrameBytes   = 256 << 10 // of a client's text frame
	MaxMessageRunes = 8000      // of a message's text, in characters
	MaxItems        = 10_000    // of a session
	MaxFrameMS      = 200       // of an audio frame, in milliseconds
)

// Modality is a form of output.
type Modality string

// The forms of output. Audio implies its transcript.
const (
	ModalityText  Modality = "text"
	ModalityAudio Modality = "audio"
)

// SpeechMode says when a sentence is spoken.
type SpeechMode string

// The speech modes.
const (
	SpeechRealtime SpeechMode = "realtime" // as soon as it can be
	SpeechDelayed  SpeechMode = "delayed"  // no earlier than DelayMS after its text
	SpeechOnClick  SpeechMode = "on_click" // not before avatarforge.speak
)

// Transport says how audio travels.
type Transport string

// The transports of audio.
const (
	TransportJSON   Transport = "json"   // base64 in response.output_audio.delta
	TransportBinary Transport = "binary" // binary frames, see AppendAudioFrame
)

// MaxTokens bounds a response, in tokens; zero or less means no bound of its own and
// is written "inf".
type MaxTokens int

// MarshalJSON writes a number or "inf".
func (m MaxTokens) MarshalJSON() ([]byte, error) {
	if m <= 0 {
		return []byte(`"inf"`), nil
	}
	return strconv.AppendInt(nil, int64(m), 10), nil
}

// UnmarshalJSON reads a number or "inf".
func (m *MaxTokens) UnmarshalJSON(data []byte) error {
	if string(data) == `"inf"` {
		*m = 0
		return nil
	}
	var n int
	if err := json.Unmarshal(data, &n); err != nil {
		return fmt.Errorf("a number of tokens or \"inf\": %w", err)
	}
	if n < 1 {
		return errors.New("a number of tokens is 1 at least")
	}
	*m = MaxTokens(n)
	return nil
}

// Session is the session object of session.created and session.updated.
type Session struct {
	ID               string           `json:"id"`
	Object           string           `json:"object"` // "realtime.session"
	Type             string           `json:"type"`   // "realtime"
	Model            string           `json:"model"`
	Instructions     string           `json:"instructions"`
	OutputModalities []Modality       `json:"output_modalities"`
	Audio            SessionAudio     `json:"audio"`
	MaxOutputTokens  MaxTokens        `json:"max_output_tokens"`
	Tools            []struct{}       `json:"tools"` // always empty: tools are not supported
	Avatarforge      SessionExtension `json:"avatarforge"`
}

// SessionAudio is the audio part of a session; there is no input yet.
type SessionAudio struct {
	Output AudioOutput `json:"output"`
}

// AudioOutput says what the speech sounds like.
type AudioOutput struct {
	Format AudioFormat `json:"format"`
	Voice  string      `json:"voice"`
	Speed  float64     `json:"speed"` // 0.25 to 4; 1 is the voice's own pace
}

// AudioFormat is 16-bit little-endian mono PCM.
type AudioFormat struct {
	Type string `json:"type"` // "audio/pcm"
	Rate int    `json:"rate"` // samples per second
}

// AudioPCM is the only type of AudioFormat.
const AudioPCM = "audio/pcm"

// Rates are the sample rates that a listener may ask for, in samples per second.
var Rates = [...]int{16000, 24000, 32000, 48000}

// SessionExtension is what Realtime has no word for.
type SessionExtension struct {
	CharacterID string    `json:"character_id"`
	Persona     string    `json:"persona"`
	Scenario    Scenario  `json:"scenario"`
	Temperature float64   `json:"temperature"` // 0 to 2
	TTS         TTS       `json:"tts"`
	Transport   Transport `json:"transport"`
	MaxTurns    int       `json:"max_turns"` // 0: no limit
	Turn        int       `json:"turn"`      // turns taken so far
	Resumed     *Resumed  `json:"resumed"`   // null but where something was missed
	Demo        *Demo     `json:"demo,omitempty"`
}

// Scenario is where a conversation takes place.
type Scenario struct {
	Opponent   string `json:"opponent"`
	Situation  string `json:"situation"`
	Background string `json:"background"`
}

// TTS says whether and how a session speaks.
type TTS struct {
	Enabled       bool       `json:"enabled"`
	Mode          SpeechMode `json:"mode"`
	DelayMS       int        `json:"delay_ms"`
	StreamingMode int        `json:"streaming_mode"` // GPT-SoVITS's, 0 to 3
	TextLang      string     `json:"text_lang"`
}

// Resumed is set on the session.created that a resuming client gets where the replay
// log no longer reaches back to what it has seen.
type Resumed struct {
	Complete bool `json:"complete"`
}

// Demo says which of the upstreams are built-in stand-ins.
type Demo struct {
	LLM bool `json:"llm"`
	TTS bool `json:"tts"`
}

// Role says who a message is from.
type Role string

// The roles of a message.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleSystem    Role = "system"
)

// Status is how far an item or a response has come.
type Status string

// The states of items and responses. Items know the first three only.
const (
	StatusInProgress Status = "in_progress"
	StatusCompleted  Status = "completed"
	StatusIncomplete Status = "incomplete"
	StatusCancelled  Status = "cancelled"
	StatusFailed     Status = "failed"
)

// ContentType is the type of a part of an item.
type ContentType string

// The types of content. ContentText is the old name that clients may still send; it
// is stored as the one that fits the role.
const (
	ContentInputText   ContentType = "input_text"
	ContentOutputText  ContentType = "output_text"
	ContentOutputAudio ContentType = "output_audio"
	ContentText        ContentType = "text"
)

// Item is one message of the conversation.
type Item struct {
	ID      string
	Status  Status
	Role    Role
	Content []Content
}

// Content is a part of an item: Text is its text or, for ContentOutputAudio, its
// transcript.
type Content struct {
	Type ContentType
	Text string
}

// Text is the item's whole text.
func (it Item) Text() string {
	if len(it.Content) == 1 {
		return it.Content[0].Text
	}
	var b strings.Builder
	for _, c := range it.Content {
		b.WriteString(c.Text)
	}
	return b.String()
}

type wireItem struct {
	ID      string    `json:"id"`
	Object  string    `json:"object"`
	Type    string    `json:"type"`
	Status  Status    `json:"status"`
	Role    Role      `json:"role"`
	Content []Content `json:"content"`
}

// MarshalJSON writes a realtime.item of type message.
func (it Item) MarshalJSON() ([]byte, error) {
	content := it.Content
	if content == nil {
		content = []Content{}
	}
	return marshal(wireItem{it.ID, "realtime.item", "message", it.Status, it.Role, content})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (it *Item) UnmarshalJSON(data []byte) error {
	var w wireItem
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*it = Item{ID: w.ID, Status: w.Status, Role: w.Role, Content: w.Content}
	return nil
}

type wireContent struct {
	Type       ContentType `json:"type"`
	Text       *string     `json:"text,omitempty"`
	Transcript *string     `json:"transcript,omitempty"`
}

// MarshalJSON writes the text under the key that belongs to the type.
func (c Content) MarshalJSON() ([]byte, error) {
	if c.Type == ContentOutputAudio {
		return marshal(wireContent{Type: c.Type, Transcript: &c.Text})
	}
	return marshal(wireContent{Type: c.Type, Text: &c.Text})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Content) UnmarshalJSON(data []byte) error {
	var w wireContent
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	c.Type, c.Text = w.Type, ""
	for _, s := range []*string{w.Text, w.Transcript} {
		if s != nil {
			c.Text += *s
		}
	}
	return nil
}

// Part is a content part as response events show it.
type Part struct {
	Audio bool   // whether it is speech with a transcript
	Text  string // text or transcript
}

type wirePart struct {
	Type       Modality `json:"type"`
	Text       *string  `json:"text,omitempty"`
	Transcript *string  `json:"transcript,omitempty"`
}

// MarshalJSON writes {"type":"audio","transcript":…} or {"type":"text","text":…}.
func (p Part) MarshalJSON() ([]byte, error) {
	if p.Audio {
		return marshal(wirePart{Type: ModalityAudio, Transcript: &p.Text})
	}
	return marshal(wirePart{Type: ModalityText, Text: &p.Text})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Part) UnmarshalJSON(data []byte) error {
	var w wirePart
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*p = Part{Audio: w.Type == ModalityAudio}
	for _, s := range []*string{w.Text, w.Transcript} {
		if s != nil {
			p.Text += *s
		}
	}
	return nil
}

// Response is the response object of response.created and response.done.
type Response struct {
	Object           string             `json:"object"` // "realtime.response"
	ID               string             `json:"id"`
	ConversationID   string             `json:"conversation_id"`
	Status           Status             `json:"status"`
	StatusDetails    *StatusDetails     `json:"status_details"`
	Output           []Item             `json:"output"`
	OutputModalities []Modality         `json:"output_modalities"`
	MaxOutputTokens  MaxTokens          `json:"max_output_tokens"`
	Audio            *ResponseAudio     `json:"audio,omitempty"`
	Usage            *Usage             `json:"usage"`
	Metadata         map[string]string  `json:"metadata"`
	Avatarforge      *ResponseExtension `json:"avatarforge,omitempty"`
}

// ResponseAudio is the audio part of a response object.
type ResponseAudio struct {
	Output ResponseAudioOutput `json:"output"`
}

// ResponseAudioOutput says what a response sounds like.
type ResponseAudioOutput struct {
	Format AudioFormat `json:"format"`
	Voice  string      `json:"voice"`
}

// StatusDetails says why a response ended as it did.
type StatusDetails struct {
	Type   Status       `json:"type"`
	Reason StatusReason `json:"reason,omitempty"`
	Error  *StatusError `json:"error,omitempty"`
}

// StatusReason is a reason for a response that is cancelled or incomplete.
type StatusReason string

// The reasons that Realtime knows. Whatever else ends a response has an error.
const (
	ReasonClientCancelled StatusReason = "client_cancelled"
	ReasonMaxOutputTokens StatusReason = "max_output_tokens"
	ReasonContentFilter   StatusReason = "content_filter"
)

// StatusError is the error of a response that failed, or is incomplete because of one.
type StatusError struct {
	Type    ErrorType `json:"type"`
	Code    ErrorCode `json:"code"`
	Message string    `json:"message,omitempty"`
}

// Usage is what the LLM server counted, in tokens.
type Usage struct {
	TotalTokens  int `json:"total_tokens"`
	InputTokens  int `json:"input_tokens"`
	OutputTokens int `json:"output_tokens"`
}

// ResponseExtension is what response.done says beyond Realtime.
type ResponseExtension struct {
	ContextSummarized bool    `json:"context_summarized"`
	Timings           Timings `json:"timings"`
	SpeechErrors      int     `json:"speech_errors"`
}

// Timings are milliseconds since response.create was taken up; nil where the moment
// never came.
type Timings struct {
	FirstTokenMS    *int64 `json:"first_token_ms"`
	FirstSentenceMS *int64 `json:"first_sentence_ms"`
	FirstAudioMS    *int64 `json:"first_audio_ms"`
	TotalMS         int64  `json:"total_ms"`
}
