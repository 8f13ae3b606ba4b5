package server

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

const (
	// docsPolicy lets a page load from this server only.
	docsPolicy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"

	// redocPolicy is for Redoc, which searches in a worker that it makes itself, begins
	// its style sheets as an empty element and fills them by script (the first hash is
	// that of nothing), and carries the style of its scroll bar (the second).
	redocPolicy = "default-src 'self'; " +
		"style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='; " +
		"img-src 'self' data:; worker-src blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)

// docsPages are the pages that describe the API: where each is, its file and its policy.
var docsPages = []struct{ path, file, policy string }{
	{"/docs", docsFolder + "swagger.html", docsPolicy},
	{"/redoc", docsFolder + "redoc.html", redocPolicy},
	{"/docs/realtime", docsFolder + "realtime.html", docsPolicy},
}

var errNotBuilt = newProblem(http.StatusServiceUnavailable, codeNotConfigured,
	"This page was not built into the program; `make run` and `make build` build it. /api/openapi.json is there all the same.")

// docsRoutes serves the description of everything that has been declared.
func (s *Server) docsRoutes(api huma.API) {
	both := []string{http.MethodGet, http.MethodHead}
	for _, page := range docsPages {
		s.engine.Match(both, page.path, func(c *gin.Context) {
			if !s.site.has(page.file) {
				s.fail(c, errNotBuilt)
				return
			}
			s.site.serve(c, page.file, page.policy)
		})
	}
	text, err := document(api.OpenAPI()) // once: the operations do not change
	s.engine.Match(both, "/api/openapi.json", func(c *gin.Context) {
		if err != nil {
			s.fail(c, fmt.Errorf("describe the API: %w", err))
			return
		}
		c.Header("Cache-Control", "no-cache")
		c.Data(http.StatusOK, "application/json; charset=utf-8", text)
	})
}

// describePlain describes the routes that huma does not serve.
func (s *Server) describePlain(api huma.API) {
	d := api.OpenAPI()
	plain := func(id, path, summary, about, contentType, example string, errors ...int) {
		op := operation(id, http.MethodGet, path, tagSystem, summary, about)
		op.Responses = map[string]*huma.Response{"200": {
			Description: http.StatusText(http.StatusOK),
			Content:     map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: huma.TypeString}, Example: example}},
		}}
		op.Errors = errors
		describe(api, op)
	}
	plain("getRoot", "/", "The chat room, or a word that the server runs",
		"A browser, which asks for `text/html`, gets the chat room; everybody else gets a line of text.",
		"text/plain", running)
	plain("getLiveness", "/livez", "Whether the process lives", "For orchestrators: while it does not answer, start it anew.", "text/plain", "ok")
	plain("getReadiness", "/readyz", "Whether the server takes new conversations",
		"For balancers: not while it shuts down, and not without its database. An upstream that is down does not count.",
		"text/plain", "ready", http.StatusServiceUnavailable)
	if s.cfg.Metrics != nil {
		plain("getMetrics", "/metrics", "Figures for Prometheus", "In its text format.", "text/plain",
			"# HELP avatarforge_websocket_connections Open WebSockets.\n# TYPE avatarforge_websocket_connections gauge\navatarforge_websocket_connections 3\n")
	}
	const html = "<!doctype html>…"
	plain("getDocs", "/docs", "This API, to be tried out", "Swagger UI.", "text/html", html, http.StatusServiceUnavailable)
	plain("getRedoc", "/redoc", "This API, to be read", "Redoc.", "text/html", html, http.StatusServiceUnavailable)
	plain("getRealtimeDocs", "/docs/realtime", "The protocol of the WebSocket, to be read",
		"With an example, and everything that goes beyond OpenAI's.", "text/html", html, http.StatusServiceUnavailable)

	document := operation("getOpenAPI", http.MethodGet, "/api/openapi.json", tagSystem, "This document", "OpenAPI 3.0.3, to generate clients from.")
	document.Responses = map[string]*huma.Response{"200": {
		Description: http.StatusText(http.StatusOK),
		Content: map[string]*huma.MediaType{"application/json": {
			Schema:  &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true},
			Example: map[string]any{"openapi": "3.0.3"},
		}},
	}}
	document.Errors = []int{http.StatusInternalServerError}
	describe(api, document)

	model := s.owned(operation("getModel", http.MethodGet, "/v1/models/{model}", tagOpenAI, "A model or a character, for OpenAI's clients",
		"Names with a slash are taken as they are, and escaped."))
	model.Parameters = []*huma.Param{{
		Name: "model", In: "path", Required: true, Description: "A model's name, or `character:ID`.",
		Schema: &huma.Schema{Type: huma.TypeString}, Example: "character:hermione",
	}}
	model.Responses = map[string]*huma.Response{"200": {
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schemaOf[openAIModel](d)}},
	}}
	model.Errors = []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusInternalServerError, http.StatusServiceUnavailable}
	describe(api, model)
}
