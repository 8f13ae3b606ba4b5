package server

import (
	"context"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
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
	tagRealtime   tag = "realtime"
	tagChat       tag = "chat"
	tagFigures    tag = "figures"
	tagCharacters tag = "characters"
	tagMemory     tag = "memory"
	tagSpeech     tag = "speech"
	tagAuth       tag = "auth"
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

// apiRoutes serves the REST API, and its description.
func (s *Server) apiRoutes() { s.docsRoutes(s.declare()) }

// declare declares the operations of the REST API, and describes its other routes.
func (s *Server) declare() huma.API {
	setupHuma()
	api := humagin.New(s.engine, huma.Config{
		OpenAPI:       newDescription(),
		Formats:       huma.DefaultFormats,
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{s.completeProblem},
	})
	s.characterRoutes(api)
	s.portraitRoutes(api)
	s.draftRoutes(api)
	s.voiceRoutes(api)
	s.authRoutes(api)
	s.accountRoutes(api)
	s.modelRoutes(api)
	s.figureRoutes(api)
	s.systemRoutes(api)
	s.chatRoutes(api)
	s.sessionRoutes(api)
	s.memoryRoutes(api)
	s.completionRoutes(api)
	s.speechRoutes(api)
	s.describeRealtime(api)
	s.describePlain(api)
	return api
}

// completeProblem is the last to see a response before it is written.
func (s *Server) completeProblem(c huma.Context, _ string, v any) (any, error) {
	p, isProblem := v.(*problem)
	if !isProblem {
		return v, nil
	}
	p.setHeaders(c.SetHeader)
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
	op.BodyReadTimeout = -1 // paced bounds it
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, toProblem(err)
		}
		return out, nil
	})
}
