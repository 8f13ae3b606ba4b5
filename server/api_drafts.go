package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"avatarforge/llm"
	"avatarforge/persona"
)

// Author is who makes up characters and plots.
type Author struct {
	Model    llm.Model // nil: nobody, such requests answer not_configured
	Provider string    // its name in answers: "gemini", "ollama", "vllm" or "demo"
}

// The bounds of what is asked, in characters. Together with what is written it fits a
// window of 8,192 tokens.
const (
	maxIdea        = 2000
	maxIdeaPersona = persona.MaxPersona // of which a model is told as much as of the others
)

type (
	storyRequest struct {
		Accept string `header:"Accept" hidden:"true"`
		Body   storyIdea
	}
	storyIdea struct {
		_                struct{} `additionalProperties:"true"`
		Situation        string   `json:"situation" example:"새벽 3시, 프로젝트 마감이 내일인데 팀원이 3시간째 잠만 자고 있다." doc:"What the scene begins with. The plot is written in its language."`
		OpponentName     string   `json:"opponent_name,omitempty" nullable:"true" example:"코딩 안 하고 자는 팀원" doc:"Whom the listener faces."`
		CharacterPersona string   `json:"character_persona,omitempty" nullable:"true" example:"밝고 명랑한 성격..." doc:"Who the opponent is."`
	}
	// storyAnswer has no envelope: so the specification prints it.
	storyAnswer struct {
		persona.StoryDraft
		Provider string `json:"provider" example:"gemini" doc:"Who has written it: gemini, ollama, vllm or demo."`
	}

	detailsRequest struct {
		Accept string `header:"Accept" hidden:"true"`
		Body   characterIdea
	}
	characterIdea struct {
		_           struct{} `additionalProperties:"true"`
		Name        string   `json:"name" example:"나루토" doc:"It is the draft's name, too."`
		Category    string   `json:"category,omitempty" nullable:"true" example:"애니메이션"`
		SourceWork  string   `json:"source_work,omitempty" nullable:"true" example:"나루토"`
		Description string   `json:"description,omitempty" nullable:"true" example:"호카게를 꿈꾸는 열정적인 닌자" doc:"What is known of it. The draft is written in the language of category, description and worldview."`
		Worldview   string   `json:"worldview,omitempty" nullable:"true" example:"나루토 세계관"`
		DraftID     string   `json:"draft_id,omitempty" nullable:"true" doc:"The draft_id of the answer before, where the same character is made up anew."`
	}
	detailsAnswer struct {
		Success           bool                   `json:"success" doc:"Whether the request succeeded; true here."`
		Data              persona.CharacterDraft `json:"data"`
		Provider          string                 `json:"provider" example:"gemini" doc:"Who has written it: gemini, ollama, vllm or demo."`
		DraftID           string                 `json:"draft_id" example:"68d63e42-173f-4628-96ec-18b88337c229" doc:"Names the draft; send it along to have it made up anew."`
		RegenerationsLeft int                    `json:"regenerations_left" example:"3" doc:"How often the draft can still be made up anew."`
	}
)

// TransformSchema adds the limits.
func (storyIdea) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return limitIdea(schema, map[string]int{"opponent_name": persona.MaxLine, "character_persona": maxIdeaPersona})
}

// TransformSchema adds the limits.
func (characterIdea) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return limitIdea(schema, map[string]int{
		"name": persona.MaxName, "category": persona.MaxLine, "source_work": persona.MaxLine, "draft_id": persona.MaxID,
	})
}

func limitIdea(schema *huma.Schema, others map[string]int) *huma.Schema {
	for name, property := range schema.Properties {
		limit, known := others[name]
		if !known {
			limit = maxIdea
		}
		property.MaxLength = &limit
	}
	return schema
}

func (s *Server) draftRoutes(api huma.API) {
	story := draftOperation(api, "generateStory", "/api/ai/generate/story",
		"Make up a dramatic plot for a scene", reflect.TypeFor[storyAnswer]())
	handle(api, s.limited(s.owned(story)), s.draftStory)

	details := draftOperation(api, "generateCharacterDetails", "/api/ai/generate/character-details",
		"Make up a character's details", reflect.TypeFor[detailsAnswer]())
	details.Description += fmt.Sprintf(" A character can be made up anew %d times within a day.", regenerations)
	handle(api, s.limited(s.personal(details)), s.draftCharacter)
}

// draftOperation describes an operation that answers as JSON or as a stream.
func draftOperation(api huma.API, id, path, summary string, answer reflect.Type) huma.Operation {
	op := operation(id, http.MethodPost, path, tagCharacters, summary)
	op.Description = "With `Accept: text/event-stream` the fields are told while they are written: `field` events with `name`, `value` and `done`, " +
		"`restart` where the draft begins anew, and last `done` with the whole answer or `error` with a problem."
	op.Responses = map[string]*huma.Response{"200": {Description: "The draft", Content: map[string]*huma.MediaType{
		"application/json":  {Schema: api.OpenAPI().Components.Schemas.Schema(answer, true, id)},
		"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
	}}}
	op.Errors = []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	return op
}

func (s *Server) draftStory(ctx context.Context, in *storyRequest) (*huma.StreamResponse, error) {
	if strings.TrimSpace(in.Body.Situation) == "" {
		return nil, badBody("situation", "It is required: what the scene begins with.", "")
	}
	idea := persona.StoryIdea{
		Situation: in.Body.Situation, OpponentName: in.Body.OpponentName, CharacterPersona: in.Body.CharacterPersona,
	}
	return s.draft(ctx, in.Accept, drafting{
		what: draftStory, owner: ownerOf(ctx), brief: idea.Brief(),
		answer: func(draft json.RawMessage) (any, error) {
			out := storyAnswer{Provider: s.cfg.Author.Provider}
			err := json.Unmarshal(draft, &out.StoryDraft)
			return out, err
		},
	})
}

func (s *Server) draftCharacter(ctx context.Context, in *detailsRequest) (*huma.StreamResponse, error) {
	if strings.TrimSpace(in.Body.Name) == "" {
		return nil, badBody("name", "It is required: the character's name.", "")
	}
	if s.cfg.Author.Model == nil {
		return nil, errNoAuthor // before it counts
	}
	count := draftCount{store: s.cfg.Characters.store, owner: ownerOf(ctx), id: in.Body.DraftID, name: in.Body.Name, work: in.Body.SourceWork}
	left, err := count.take(ctx)
	if err != nil {
		return nil, err
	}
	idea := persona.CharacterIdea{
		Name: in.Body.Name, Category: in.Body.Category, SourceWork: in.Body.SourceWork,
		Description: in.Body.Description, Worldview: in.Body.Worldview,
	}
	return s.draft(ctx, in.Accept, drafting{
		what: draftCharacter, owner: count.owner, brief: idea.Brief(), giveBack: count.giveBack,
		answer: func(draft json.RawMessage) (any, error) {
			out := detailsAnswer{Success: true, Provider: s.cfg.Author.Provider, DraftID: count.id, RegenerationsLeft: left}
			err := json.Unmarshal(draft, &out.Data)
			return out, err
		},
	})
}

var errNoAuthor = newProblem(http.StatusServiceUnavailable, codeNotConfigured, "This server has no model that could write this.")

// drafting is one draft that is asked for.
type drafting struct {
	what  draftKind
	owner string
	brief persona.Brief
	// answer is what the client gets for a draft.
	answer func(draft json.RawMessage) (any, error)
	// giveBack undoes the counting of a draft that failed; nil where none is counted.
	giveBack func(context.Context)
}

// draft answers with a draft, whole or as it is written.
func (s *Server) draft(ctx context.Context, accept string, d drafting) (*huma.StreamResponse, error) {
	if s.cfg.Author.Model == nil {
		return nil, errNoAuthor
	}
	if prefersEvents(accept) {
		return &huma.StreamResponse{Body: func(c huma.Context) { s.streamDraft(c, d) }}, nil
	}
	for step, err := range s.written(ctx, d) {
		switch {
		case err != nil:
			return nil, err
		case step.answer != nil:
			return &huma.StreamResponse{Body: func(c huma.Context) { s.writeJSON(c, step.answer) }}, nil
		}
	}
	return nil, errors.New("a draft came to no end")
}

// draftStep is one of the things that a client may be told of a draft under way.
type draftStep struct {
	persona.DraftEvent
	answer any // the whole of it, last
}

// written lets the author write. It ends with the answer or with an error that is fit for
// toProblem, and counts how.
func (s *Server) written(ctx context.Context, d drafting) iter.Seq2[draftStep, error] {
	return func(yield func(draftStep, error) bool) {
		outcome := draftCancelled
		defer func() { s.metrics.drafts.WithLabelValues(string(d.what), string(outcome)).Inc() }()
		for event, err := range d.brief.Draft(ctx, s.author(d.owner)) {
			step := draftStep{DraftEvent: event}
			if event.Draft != nil {
				step.answer, err = d.answer(event.Draft)
			}
			if err != nil {
				if ctx.Err() == nil {
					outcome = draftFailed
					if d.giveBack != nil {
						d.giveBack(ctx)
					}
				}
				yield(draftStep{}, s.draftProblem(err))
				return
			}
			if step.answer != nil {
				outcome = draftCompleted
			}
			if !yield(step, nil) {
				return
			}
		}
	}
}

// author is the writer of an owner's drafts.
func (s *Server) author(owner string) persona.Writer {
	return func(ctx context.Context, a persona.Assignment) iter.Seq2[string, error] {
		req := llm.Request{Owner: owner, Schema: a.Schema, MaxTokens: a.MaxTokens}
		req.Messages = []llm.Message{{Role: llm.RoleSystem, Content: a.System}}
		for i, turn := range a.Turns {
			role := llm.RoleUser
			if i%2 == 1 {
				role = llm.RoleAssistant
			}
			req.Messages = append(req.Messages, llm.Message{Role: role, Content: turn})
		}
		return func(yield func(string, error) bool) {
			for delta, err := range s.cfg.Author.Model.Stream(ctx, req) {
				switch {
				case llm.KindOf(err) == llm.KindEmpty:
					err = &persona.DraftError{Reason: "is empty"}
				case delta.Finish == llm.FinishLength:
					err = &persona.DraftError{Reason: "is too long and was cut off"}
				}
				if !yield(delta.Text, err) || err != nil {
					return
				}
			}
		}
	}
}

// draftProblem says who has failed where the error does not.
func (s *Server) draftProblem(err error) error {
	var bad *persona.DraftError
	if !errors.As(err, &bad) {
		return err
	}
	p := newProblem(http.StatusBadGateway, codeUpstreamFailed,
		fmt.Sprintf("The model (%s) was asked twice, and still %v. Try again, or say it in other words.", s.cfg.Author.Provider, bad))
	p.cause = err
	return p
}

// writeJSON is a response's body as JSON.
func (s *Server) writeJSON(c huma.Context, v any) {
	c.SetHeader("Content-Type", "application/json")
	e := json.NewEncoder(c.BodyWriter())
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // most likely the client is gone
		s.log.Debug("a draft could not be sent", slog.Any("error", err))
	}
}
