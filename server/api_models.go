package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"avatarforge/persona"
	"avatarforge/store"
)

const (
	modelsTimeout = 2 * time.Second
	modelsAge     = 5 * time.Second

	// characterModel begins the name of a character where a model is asked for.
	characterModel = "character:"
	// maxListedCharacters bounds how many of one's own characters are listed as models.
	maxListedCharacters = 1000
)

// chatModel is a model as GET /api/chat/models lists it.
type chatModel struct {
	ID   string `json:"id" example:"gemma-3-27b-it" doc:"The model's name at the LLM server."`
	Name string `json:"name" example:"Gemma 3 27B IT (Default)" doc:"The same, to be read by people."`
}

type chatModels struct {
	Models []chatModel `json:"models" doc:"The default first."`
}

// openAIModel is a model as OpenAI lists one.
type openAIModel struct {
	ID      string `json:"id" example:"character:hermione" doc:"What to send as model: the name of a model of the LLM server, or character:ID."`
	Object  string `json:"object" enum:"model"`
	Created int64  `json:"created" example:"1769364590" doc:"Seconds since 1970: when the character was made, or this server started."`
	OwnedBy string `json:"owned_by" enum:"llm,preset,user" doc:"llm for a model of the LLM server; else whose the character is."`
	Name    string `json:"name" example:"헤르미온느 그레인저" doc:"To be read by people. OpenAI does not have it."`
}

// openAIModels is the list as OpenAI answers it.
type openAIModels struct {
	Object string        `json:"object" enum:"list"`
	Data   []openAIModel `json:"data"`
}

type openAIModelList struct {
	Body openAIModels
}

func (s *Server) modelRoutes(api huma.API) {
	handle(api, operation("listChatModels", http.MethodGet, "/api/chat/models", tagChat, "The models that can write replies",
		"What the LLM server has, the default first; while it cannot be reached, the default alone."), s.chatModels)
	handle(api, s.owned(operation("listModels", http.MethodGet, "/v1/models", tagOpenAI, "Models and characters, for OpenAI's clients",
		"The LLM server's models, then every character as `character:ID`: the presets and the caller's own.")), s.openAIModels)
	// Model names have slashes in them, which is more than huma's paths take.
	s.engine.GET("/v1/models/*model", s.openAIModel)
}

// models are the names of the models that there are, the default first.
func (s *Server) models(ctx context.Context) ([]string, error) { return s.modelNames.get(ctx) }

// newModelNames asks the LLM server by list. While it cannot say, the default stands in.
func newModelNames(list func(context.Context) ([]string, error), standard string, log *slog.Logger) *cached[[]string] {
	return newCached(modelsAge, modelsTimeout, func(ctx context.Context) []string {
		var names []string
		if list != nil {
			var err error
			if names, err = list(ctx); err != nil {
				log.Debug("the LLM server does not list its models", slog.Any("error", err))
			}
		}
		if len(names) == 0 && standard != "" {
			return []string{standard}
		}
		// The default goes by the name that it is configured under, and asked for by.
		shown := slices.Clone(names)
		for i, name := range shown {
			if sameModel(name, standard) {
				shown[i] = standard
			}
		}
		return shown
	})
}

func (s *Server) chatModels(ctx context.Context, _ *struct{}) (*answer[chatModels], error) {
	names, err := s.models(ctx)
	if err != nil {
		return nil, err
	}
	list := chatModels{Models: make([]chatModel, len(names))}
	for i, name := range names {
		shown := modelTitle(name)
		// Two models of one title would not be told apart.
		if slices.ContainsFunc(names, func(other string) bool { return other != name && modelTitle(other) == shown }) {
			shown = name
		}
		if name == s.cfg.DefaultModel {
			shown += " (Default)"
		}
		list.Models[i] = chatModel{ID: name, Name: shown}
	}
	return ok(list), nil
}

// sameModel says whether the LLM server's name is what the configuration calls so:
// Ollama lists a model that was named without a tag as the latest.
func sameModel(listed, configured string) bool {
	return listed == configured || listed == configured+":latest"
}

// modelTitle is a model's name for people: "Gemma 3 27B IT" for gemma-3-27b-it.
func modelTitle(name string) string {
	name = strings.TrimSuffix(name, ":latest")
	if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
		name = name[slash+1:]
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == ':' || r == ' ' })
	for i, w := range words {
		words[i] = titleWord(w)
	}
	if len(words) == 0 {
		return name
	}
	return strings.Join(words, " ")
}

// titleWord capitalises a word; sizes such as 27b, and it for instruction-tuned, whole.
func titleWord(w string) string {
	if w == "it" || unicode.IsDigit(rune(w[0])) && strings.TrimLeft(w, "0123456789.") == "b" {
		return strings.ToUpper(w)
	}
	first, size := utf8.DecodeRuneInString(w)
	return string(unicode.ToUpper(first)) + w[size:]
}

func (s *Server) openAIModels(ctx context.Context, _ *struct{}) (*openAIModelList, error) {
	names, err := s.models(ctx)
	if err != nil {
		return nil, err
	}
	list := openAIModels{Object: "list", Data: []openAIModel{}}
	for _, name := range names {
		list.Data = append(list.Data, s.llmModel(name))
	}
	for _, c := range s.cfg.Characters.presets.List() {
		list.Data = append(list.Data, s.presetModel(c))
	}
	for cursor := ""; len(list.Data) < maxListedCharacters; {
		own, next, err := s.cfg.Characters.store.Characters(ctx, ownerOf(ctx), cursor, 200)
		if err != nil {
			return nil, err
		}
		for i := range own {
			list.Data = append(list.Data, characterAsModel(&own[i].Character, own[i].Created, "user"))
		}
		if next == "" {
			break
		}
		cursor = next
	}
	return &openAIModelList{list}, nil
}

func (s *Server) llmModel(name string) openAIModel {
	return openAIModel{ID: name, Object: "model", Created: s.started.Unix(), OwnedBy: "llm", Name: modelTitle(name)}
}

func (s *Server) presetModel(c *persona.Character) openAIModel {
	return characterAsModel(c, s.started, "preset")
}

func characterAsModel(c *persona.Character, made time.Time, owner string) openAIModel {
	return openAIModel{ID: characterModel + c.ID, Object: "model", Created: made.Unix(), OwnedBy: owner, Name: c.Name}
}

// openAIModel is GET /v1/models/{model}. Like everywhere, a character is told of to
// whoever knows its id.
func (s *Server) openAIModel(c *gin.Context) {
	ctx, name := c.Request.Context(), strings.TrimPrefix(c.Param("model"), "/")
	if _, err := s.caller(c.Request); err != nil {
		s.fail(c, err)
		return
	}
	m, err := s.findModel(ctx, name)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, m)
}

func (s *Server) findModel(ctx context.Context, name string) (openAIModel, error) {
	if id, is := strings.CutPrefix(name, characterModel); is {
		return s.findCharacterModel(ctx, name, id)
	}
	names, err := s.models(ctx)
	if err != nil {
		return openAIModel{}, err
	}
	if name != "" && slices.ContainsFunc(names, func(listed string) bool { return sameModel(listed, name) || sameModel(name, listed) }) {
		return s.llmModel(name), nil
	}
	return openAIModel{}, unknownModel(name)
}

func (s *Server) findCharacterModel(ctx context.Context, name, id string) (openAIModel, error) {
	if preset, is := s.cfg.Characters.presets.Get(id); is {
		return s.presetModel(preset), nil
	}
	made, err := s.cfg.Characters.store.Character(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return openAIModel{}, unknownModel(name)
	}
	if err != nil {
		return openAIModel{}, err
	}
	return characterAsModel(&made.Character, made.Created, "user"), nil
}
