package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// apiVersion is that of the specification which the operations follow.
const apiVersion = "1.8"

// maxBodyBytes is what a request's body may have where its operation says nothing else.
const maxBodyBytes = 1 << 20

// setupHuma makes huma speak as we do. It keeps these as variables of its package, so
// they are set once for the process, to what all servers have in common.
var setupHuma = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return requestProblem(status, message, errs)
	}
})

// tag groups operations in the documents.
type tag string

const (
	tagChat       tag = "chat"
	tagCharacters tag = "characters"
	tagSpeech     tag = "speech"
	tagOpenAI     tag = "openai"
	tagSystem     tag = "system"
)

// envelope is how the API wraps what it answers.
type envelope[T any] struct {
	Success bool `json:"success" doc:"Whether the request succeeded; true here."`
	Data    T    `json:"data"`
}

// answer is a response of the API's.
type answer[T any] struct {
	Body envelope[T]
}

func ok[T any](data T) *answer[T] { return &answer[T]{envelope[T]{Success: true, Data: data}} }

// page is which part of a list is asked for.
type page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many entries to return at most."`
	Cursor string `query:"cursor" maxLength:"1024" doc:"Where to go on: next_cursor of the page before. Empty for the first page."`
}

// apiRoutes declares the operations of the REST API and serves their description.
func (s *Server) apiRoutes() {
	setupHuma()
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Avatar Forge",
				Version:     apiVersion,
				Description: "A self-hosted server for talking with characters.",
			},
			Tags: []*huma.Tag{
				{Name: string(tagChat), Description: "Talking."},
				{Name: string(tagCharacters), Description: "Who can be talked with."},
				{Name: string(tagSpeech), Description: "Voices and speech."},
				{Name: string(tagOpenAI), Description: "For programs that speak OpenAI's protocol: a character is a model."},
				{Name: string(tagSystem), Description: "How the server is, and what it can do."},
			},
			Components: &huma.Components{
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
					"cookie": {Type: "apiKey", In: "cookie", Name: tokenCookie},
				},
			},
		},
		Formats:       huma.DefaultFormats,
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{s.completeProblem},
	}
	api := humagin.New(s.engine, config)
	s.characterRoutes(api)
	s.voiceRoutes(api)
	s.modelRoutes(api)
	s.systemRoutes(api)
	s.chatRoutes(api)
	s.sessionRoutes(api)
	s.completionRoutes(api)
	s.speechRoutes(api)

	// Written once: the operations do not change.
	document, err := document30(api.OpenAPI())
	s.engine.GET("/api/openapi.json", func(c *gin.Context) {
		if err != nil {
			s.fail(c, fmt.Errorf("describe the API: %w", err))
			return
		}
		c.Data(http.StatusOK, "application/json; charset=utf-8", document)
	})
}

// document30 writes the description as OpenAPI 3.0.3.
func document30(described *huma.OpenAPI) ([]byte, error) {
	data, err := described.Downgrade()
	if err != nil {
		return nil, err
	}
	var document any
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, err
	}
	downgradeContent(document)
	return json.Marshal(document)
}

// downgradeContent takes out what huma leaves of JSON Schema 2020-12, which 3.0 does not
// know: it says the same by a schema's format.
func downgradeContent(v any) {
	switch v := v.(type) {
	case map[string]any:
		if encoding, is := v["contentEncoding"].(string); is && encoding == "base64" {
			v["format"] = "byte"
		}
		for _, key := range []string{"contentMediaType", "contentEncoding"} {
			if _, is := v[key].(string); is {
				delete(v, key)
			}
		}
		for _, member := range v {
			downgradeContent(member)
		}
	case []any:
		for _, entry := range v {
			downgradeContent(entry)
		}
	}
}

// completeProblem is the last to see a response before it is written.
func (s *Server) completeProblem(c huma.Context, _ string, v any) (any, error) {
	p, isProblem := v.(*problem)
	if !isProblem {
		return v, nil
	}
	if p.retryAfter > 0 {
		c.SetHeader("Retry-After", p.retryAfterSeconds())
	}
	url := c.URL()
	p = s.complete(c.Context(), p, url.Path)
	if speaksOpenAI(url.Path) {
		c.SetHeader("Content-Type", "application/json; charset=utf-8")
		return toOpenAI(p), nil
	}
	return p, nil
}

// operation is what all operations of the API have in common. The description, in
// Markdown, says what the summary does not.
func operation(id, method, path string, in tag, summary string, description ...string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{string(in)}, Summary: summary,
		Description: strings.Join(description, "\n\n"),
		// huma refuses a body that fills its limit.
		MaxBodyBytes: maxBodyBytes + 1,
	}
}

// handle registers an operation. Whatever error the handler returns becomes a problem.
func handle[I, O any](api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, toProblem(err)
		}
		return out, nil
	})
}
