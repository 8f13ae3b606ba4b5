package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/realtime"
	"avatarforge/session"
	"avatarforge/speech"
)

// chatBody is POST /api/chat's. What it does not know is passed over, as it always was.
type chatBody struct {
	_            struct{}      `additionalProperties:"true"`
	Messages     []chatMessage `json:"messages" minItems:"1" maxItems:"1000" doc:"The conversation, oldest first, ending with the user's message. With session_id, what the server does not hold yet is added."`
	Persona      string        `json:"persona,omitempty" nullable:"true" maxLength:"20000" example:"밝고 명랑한 10대 소녀 캐릭터. 반말을 사용하며 귀엽게 말함." doc:"Who answers, in prose; it comes before the character's own fields."`
	CharacterID  string        `json:"character_id,omitempty" nullable:"true" maxLength:"64" example:"hermione" doc:"Who answers; also gives the voice."`
	Scenario     *chatScenario `json:"scenario,omitempty"`
	SessionID    string        `json:"session_id,omitempty" nullable:"true" maxLength:"64" pattern:"^[A-Za-z0-9_.:-]*$" doc:"The conversation to go on with, or to begin under this id. Made where it is left out."`
	Temperature  *float64      `json:"temperature,omitempty" minimum:"0" maximum:"2" example:"0.7"`
	MaxTokens    *int          `json:"max_tokens,omitempty" minimum:"1" maximum:"8192" example:"512"`
	Model        string        `json:"model,omitempty" nullable:"true" maxLength:"256" example:"gemma-3-27b-it" doc:"One of GET /api/chat/models; the first of them where it is left out."`
	Stream       bool          `json:"stream,omitempty" doc:"Answer as text/event-stream, in chunks of OpenAI's chat.completion.chunk."`
	TTSEnabled   *bool         `json:"tts_enabled,omitempty" doc:"Whether the answer is spoken; true where it is left out."`
	TTSMode      speechMode    `json:"tts_mode,omitempty" enum:"realtime,delayed,on_click" doc:"realtime: audio_url is ready with the answer. delayed: the answer comes at once, its audio_url later. on_click: audio_url is null; POST /api/tts speaks."`
	TTSDelayMS   int           `json:"tts_delay_ms,omitempty" minimum:"0" maximum:"600000" doc:"In mode delayed: for how long nothing is synthesised, in milliseconds."`
	TTSStreaming int           `json:"tts_streaming_mode,omitempty" minimum:"0" maximum:"3" doc:"GPT-SoVITS's streaming_mode."`
}

type speechMode string

type chatMessage struct {
	_       struct{} `additionalProperties:"true"`
	Role    string   `json:"role" enum:"user,assistant,system" example:"user"`
	Content string   `json:"content" maxLength:"8000" example:"안녕하세요!"`
}

type chatScenario struct {
	_          struct{} `additionalProperties:"true"`
	Opponent   string   `json:"opponent,omitempty" nullable:"true" maxLength:"8000" example:"헤르미온느 그레인저" doc:"Whom the user meets."`
	Situation  string   `json:"situation,omitempty" nullable:"true" maxLength:"8000" example:"호그와트 도서관에서 만남"`
	Background string   `json:"background,omitempty" nullable:"true" maxLength:"8000" example:"마법 세계 배경"`
}

// TransformSchema lets a scenario be null, which huma's tags cannot say of an object.
func (chatScenario) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Nullable = true
	return schema
}

// chatAnswer is what POST /api/chat answers with.
type chatAnswer struct {
	Content           string    `json:"content" example:"안녕! 만나서 반가워~"`
	Usage             chatUsage `json:"usage"`
	SessionID         string    `json:"session_id" example:"0f8fad5b-d9cb-469f-a165-70867728950e" doc:"Send it with the next request."`
	AudioURL          *string   `json:"audio_url" example:"/mnt/user_assets/anonymous/audio/abc123.wav" doc:"Where the spoken answer is, or will be; null where there is none."`
	ContextSummarized bool      `json:"context_summarized" example:"false" doc:"Whether older turns were summarised for this request."`
	TTSError          string    `json:"tts_error,omitempty" doc:"Why there is no audio; the text stands."`
}

// chatUsage is what the LLM server counted, in tokens.
type chatUsage struct {
	PromptTokens     int `json:"prompt_tokens" example:"45"`
	CompletionTokens int `json:"completion_tokens" example:"12"`
}

func (s *Server) chatRoutes(api huma.API) {
	op := operation("chat", http.MethodPost, "/api/chat", tagChat, "Say something and have it answered")
	op.Description = "One turn of a conversation, over the same engine as the WebSocket: persona, context window, slots and transcript are the same. " +
		"A slot is held for the request's length. While another request or a WebSocket has the conversation answered, it is refused with 409."
	op.Responses = map[string]*huma.Response{
		"200": {
			Description: "The answer; with stream the same in chunks, and a last one with audio_url, then [DONE].",
			Content: map[string]*huma.MediaType{
				"application/json":  {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[envelope[chatAnswer]](), true, "ChatAnswer")},
				"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		},
	}
	handle(api, s.limited(s.owned(op)), s.chat)
}

func (s *Server) chat(ctx context.Context, in *struct{ Body chatBody }) (*huma.StreamResponse, error) {
	body := &in.Body
	q, err := body.question()
	if err != nil {
		return nil, err
	}
	e, err := s.ask(ctx, session.Opening{
		Owner: ownerOf(ctx), Session: body.SessionID, Create: true, Model: body.Model, Character: body.CharacterID,
	}, q)
	if err != nil {
		return nil, err
	}
	if body.Stream {
		return s.streamChat(ctx, e, body)
	}
	defer e.leave()
	var content strings.Builder
	for {
		text, done, err := e.next(ctx)
		if err != nil {
			return nil, err
		}
		content.WriteString(text)
		if done != nil {
			return jsonResponse(ok(s.chatAnswer(ctx, e, content.String(), done, body)).Body)
		}
	}
}

// question is what a request asks of the session.
func (b *chatBody) question() (q session.Question, err error) {
	last := len(b.Messages) - 1
	if m := b.Messages[last]; m.Role != string(realtime.RoleUser) || strings.TrimSpace(m.Content) == "" {
		return q, badBody(fmt.Sprintf("messages[%d]", last), "The last message is the user's, and says something.", m.Content)
	}
	for _, m := range b.Messages {
		if strings.TrimSpace(m.Content) != "" {
			q.Messages = append(q.Messages, session.Message{Role: realtime.Role(m.Role), Text: m.Content})
		}
	}
	q.Update = &realtime.SessionPatch{}
	if b.Persona != "" {
		q.Update.Persona = &b.Persona
	}
	if b.CharacterID != "" {
		q.Update.CharacterID = &b.CharacterID
	}
	if b.Model != "" {
		q.Update.Model = &b.Model
	}
	if sc := b.Scenario; sc != nil {
		q.Update.Scenario = &realtime.ScenarioPatch{Opponent: &sc.Opponent, Situation: &sc.Situation, Background: &sc.Background}
	}
	q.Response = textOnly(b.Temperature, b.MaxTokens)
	return q, nil
}

// textOnly asks for an answer in text: what HTTP speaks, it speaks as a file.
func textOnly(temperature *float64, maxTokens *int) realtime.ResponseOverrides {
	o := realtime.ResponseOverrides{
		OutputModalities: []realtime.Modality{realtime.ModalityText}, Temperature: temperature,
	}
	if maxTokens != nil {
		most := realtime.MaxTokens(*maxTokens)
		o.MaxOutputTokens = &most
	}
	return o
}

// chatAnswer makes the answer of a response that is done, and has it spoken as the
// request wants it.
func (s *Server) chatAnswer(ctx context.Context, e *exchange, content string, done *realtime.Response, body *chatBody) chatAnswer {
	a := chatAnswer{Content: content, SessionID: e.sess.ID(), Usage: usageOf(done)}
	if done.Avatarforge != nil {
		a.ContextSummarized = done.Avatarforge.ContextSummarized
	}
	if body.TTSEnabled != nil && !*body.TTSEnabled || body.TTSMode == speechOnClick || s.cfg.Speech == nil {
		return a
	}
	req := speech.Request{Text: content, Voice: e.answer.Voice, StreamingMode: body.TTSStreaming}
	var url string
	var err error
	if body.TTSMode == speechDelayed {
		url, err = s.cfg.Speech.Promise(ctx, ownerOf(ctx), req, time.Duration(body.TTSDelayMS)*time.Millisecond)
	} else {
		var made speech.Recording
		made, err = s.cfg.Speech.Record(ctx, ownerOf(ctx), req)
		url = made.URL()
	}
	switch {
	case err == nil:
		a.AudioURL = &url
	case errors.Is(err, speech.ErrNothingToSay):
	default:
		a.TTSError = toProblem(speechError(err, speech.WAV)).Detail
		s.log.Warn("an answer was not spoken", slog.String("session", e.sess.ID()), slog.Any("error", err))
	}
	return a
}

// The speech modes that chat tells apart; the third, realtime, is the default.
const (
	speechDelayed speechMode = "delayed"
	speechOnClick speechMode = "on_click"
)

func usageOf(r *realtime.Response) chatUsage {
	if r.Usage == nil {
		return chatUsage{}
	}
	return chatUsage{PromptTokens: r.Usage.InputTokens, CompletionTokens: r.Usage.OutputTokens}
}

// chatExtension is what a streamed chat says beyond OpenAI's chunks.
type chatExtension struct {
	SessionID string `json:"session_id"`
	// The rest comes with the last chunk.
	AudioURL          *string `json:"audio_url,omitempty"`
	ContextSummarized *bool   `json:"context_summarized,omitempty"`
	TTSError          string  `json:"tts_error,omitempty"`
}

// streamChat answers in chunks. The first piece of the answer is waited for, so that a
// model that fails at once is an ordinary error.
func (s *Server) streamChat(ctx context.Context, e *exchange, body *chatBody) (*huma.StreamResponse, error) {
	text, done, err := e.next(ctx)
	if err != nil {
		e.leave()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer e.leave()
		w := newChunkWriter(c, e.answer.Response, e.answer.Model)
		extension := chatExtension{SessionID: e.sess.ID()}
		w.begin(&extension)
		var content strings.Builder
		for done == nil && err == nil {
			content.WriteString(text)
			w.text(text)
			text, done, err = e.next(c.Context())
		}
		if err != nil {
			w.fail(s.complete(c.Context(), toProblem(err), "/api/chat"))
			return
		}
		w.finish(finishReason(done))
		// The text is whole; its sound takes longer.
		a := s.chatAnswer(c.Context(), e, content.String(), done, body)
		extension.AudioURL, extension.ContextSummarized, extension.TTSError = a.AudioURL, &a.ContextSummarized, a.TTSError
		w.usage(a.Usage, &extension)
		w.done()
	}}, nil
}

// jsonResponse is a response that could also have been a stream.
func jsonResponse(v any) (*huma.StreamResponse, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		_, _ = c.BodyWriter().Write(data) // the client may be gone
	}}, nil
}
