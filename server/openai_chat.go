package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/session"
)

// completionBody is what OpenAI's clients ask for. What is not listed is passed over.
type completionBody struct {
	_                   struct{}            `additionalProperties:"true"`
	Model               string              `json:"model" maxLength:"256" example:"character:hermione" doc:"One of GET /v1/models: a model, or character:ID."`
	Messages            []completionMessage `json:"messages" minItems:"1" maxItems:"2000"`
	Temperature         *float64            `json:"temperature,omitempty" minimum:"0" maximum:"2"`
	MaxTokens           *int                `json:"max_tokens,omitempty" minimum:"1" maximum:"8192"`
	MaxCompletionTokens *int                `json:"max_completion_tokens,omitempty" minimum:"1" maximum:"8192" doc:"OpenAI's newer name of max_tokens."`
	Stream              bool                `json:"stream,omitempty"`
	StreamOptions       *streamOptions      `json:"stream_options,omitempty"`
	N                   *int                `json:"n,omitempty" minimum:"1" maximum:"1" doc:"One answer is all there is."`
}

type streamOptions struct {
	_            struct{} `additionalProperties:"true"`
	IncludeUsage bool     `json:"include_usage,omitempty"`
}

// TransformSchema lets the options be null, which huma's tags cannot say of an object.
func (streamOptions) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	schema.Nullable = true
	return schema
}

type completionMessage struct {
	_       struct{}          `additionalProperties:"true"`
	Role    string            `json:"role" enum:"system,developer,user,assistant" example:"user"`
	Content completionContent `json:"content"`
}

// completionContent is a message's text: a string, or parts of which only text is taken.
type completionContent string

// Schema is both shapes.
func (completionContent) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Examples: []any{"안녕하세요!"}},
		{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject}},
	}, Nullable: true}
}

// errNoText says that a part is a picture or a sound.
var errNoText = errors.New("only parts of type text are taken")

// UnmarshalJSON joins the parts.
func (c *completionContent) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil { // null too
		*c = completionContent(text)
		return nil
	}
	var parts []struct{ Type, Text string }
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		if p.Type != "text" && p.Type != "refusal" {
			return errNoText
		}
		*c += completionContent(p.Text)
	}
	return nil
}

// completion is a whole answer.
type completion struct {
	ID      string             `json:"id" example:"chatcmpl-123"`
	Object  string             `json:"object" example:"chat.completion"` // "chat.completion"
	Created int64              `json:"created" example:"1769364590"`
	Model   string             `json:"model" example:"character:hermione"`
	Choices []completionChoice `json:"choices"`
	Usage   *completionUsage   `json:"usage"`
}

type completionChoice struct {
	Index        int              `json:"index" example:"0"`
	Message      completionAnswer `json:"message"`
	FinishReason string           `json:"finish_reason" example:"stop"`
	Logprobs     *struct{}        `json:"logprobs"` // always null
}

type completionAnswer struct {
	Role    string  `json:"role" example:"assistant"`
	Content string  `json:"content" example:"안녕! 만나서 반가워~"`
	Refusal *string `json:"refusal"` // always null
}

func (s *Server) completionRoutes(api huma.API) {
	op := operation("createChatCompletion", http.MethodPost, "/v1/chat/completions", tagOpenAI, "Answer a conversation, as OpenAI does")
	op.Description = "For programs that know OpenAI's API: a character is asked like a model. Nothing is kept; the messages are the context, of which the latest that fit the model's window count. A slot is held meanwhile."
	op.Responses = map[string]*huma.Response{
		"200": {
			Description: "The answer, whole or in chunks.",
			Content: map[string]*huma.MediaType{
				"application/json":  {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[completion](), true, "Completion")},
				"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		},
	}
	handle(api, s.limited(s.owned(op)), s.completion)
}

func (s *Server) completion(ctx context.Context, in *struct{ Body completionBody }) (*huma.StreamResponse, error) {
	body := &in.Body
	o := session.Opening{Owner: ownerOf(ctx), Model: body.Model, Fleeting: true}
	maxTokens := body.MaxTokens
	if body.MaxCompletionTokens != nil {
		maxTokens = body.MaxCompletionTokens
	}
	q := session.Question{Response: textOnly(body.Temperature, maxTokens)}
	for i, m := range body.Messages {
		role := realtime.Role(m.Role)
		if m.Role == "developer" {
			role = realtime.RoleSystem
		}
		if strings.TrimSpace(string(m.Content)) == "" {
			if i == len(body.Messages)-1 {
				return nil, badBody("messages["+strconv.Itoa(i)+"].content", "The last message says something.", string(m.Content))
			}
			continue
		}
		q.Messages = append(q.Messages, session.Message{Role: role, Text: string(m.Content)})
	}
	e, err := s.ask(ctx, o, q)
	if errors.Is(err, persona.ErrUnknown) {
		return nil, unknownModel(body.Model)
	}
	if err != nil {
		return nil, err
	}
	text, done, err := e.next(ctx)
	if err != nil {
		e.leave()
		return nil, modelProblem(err, body.Model)
	}
	if body.Stream {
		return s.streamCompletion(e, body, text, done), nil
	}
	defer e.leave()
	var content strings.Builder
	for done == nil {
		content.WriteString(text)
		if text, done, err = e.next(ctx); err != nil {
			return nil, err
		}
	}
	return jsonResponse(completion{
		ID: "chatcmpl-" + e.answer.Response, Object: "chat.completion", Created: time.Now().Unix(), Model: body.Model,
		Choices: []completionChoice{{
			Message:      completionAnswer{Role: string(realtime.RoleAssistant), Content: content.String()},
			FinishReason: finishReason(done),
		}},
		Usage: totalUsage(usageOf(done)),
	})
}

// modelProblem says an unknown model in OpenAI's words.
func modelProblem(err error, model string) error {
	var p *problem
	if errors.As(err, &p) && len(p.Errors) > 0 && p.Errors[0].Location == "body.model" {
		return unknownModel(model)
	}
	return err
}

func (s *Server) streamCompletion(e *exchange, body *completionBody, text string, done *realtime.Response) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer e.leave()
		w := newChunkWriter(c, e.answer.Response, body.Model)
		w.begin(nil)
		var err error
		for done == nil && err == nil {
			w.text(text)
			text, done, err = e.next(c.Context())
		}
		if err != nil {
			w.fail(s.complete(c.Context(), toProblem(err), "/v1/chat/completions"))
			return
		}
		w.finish(finishReason(done))
		if body.StreamOptions != nil && body.StreamOptions.IncludeUsage {
			w.usage(usageOf(done), nil)
		}
		w.done()
	}}
}
