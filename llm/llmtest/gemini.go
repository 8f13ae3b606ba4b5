package llmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// DefaultGeminiModel is the one model of a Gemini that was given none.
const DefaultGeminiModel = "gemini-3.5-flash"

// GeminiConfig says how a Gemini behaves. The zero value is one with
// DefaultGeminiModel that takes every key and answers DefaultReply at full speed.
type GeminiConfig struct {
	// Reply is what the models say; nil means DefaultReply. It is called on the
	// request's goroutine and may be called by several at once.
	Reply func(ChatRequest) GeminiReply
	// Models are the names of those that are there; empty means DefaultGeminiModel.
	Models []string
	// Key is the one that is good; empty means that any is, but one there must be.
	Key string
	// Pace is that of replies which name none.
	Pace Pace
	// PathPrefix is what the server's paths begin with, "/gemini" for instance.
	PathPrefix string
	// Names writes reasons by their names even to a client that asks for numbers.
	Names bool

	// KeepRecords is how many requests are kept; zero means 256, negative none.
	KeepRecords int
}

// GeminiReply is a Reply with what only Gemini does. Its thoughts go ahead as parts
// marked as such, whatever the request says.
type GeminiReply struct {
	Reply
	// Finish is why the reply ends, "SAFETY" for instance; empty means STOP, or
	// MAX_TOKENS where the client's bound is reached.
	Finish string
	// Block refuses the prompt for that reason, with status 200 and no candidate.
	Block string
	// RetryDelay goes along with a FaultError's message.
	RetryDelay time.Duration
	// Raw is sent in place of all of it, as it is.
	Raw string
}

// Gemini is Google's Generative Language API, as far as it streams. It is safe for use
// by several goroutines.
type Gemini struct {
	*journal
	cfg    GeminiConfig // immutable
	mux    *http.ServeMux
	served atomic.Int64
}

// NewGemini makes a server whose models are ready.
func NewGemini(cfg GeminiConfig) *Gemini {
	if cfg.Reply == nil {
		cfg.Reply = func(req ChatRequest) GeminiReply { return GeminiReply{Reply: DefaultReply(req)} }
	}
	if cfg.Models == nil {
		cfg.Models = []string{DefaultGeminiModel}
	}
	cfg.PathPrefix = strings.TrimSuffix(cfg.PathPrefix, "/")
	s := &Gemini{journal: newJournal(cfg.KeepRecords), cfg: cfg, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET "+cfg.PathPrefix+"/v1beta/models/{model}", s.model)
	s.mux.HandleFunc("POST "+cfg.PathPrefix+"/v1beta/models/{call}", s.call)
	return s
}

// ServeHTTP answers as Google does.
func (s *Gemini) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// geminiError is an error of Google's: google.rpc.Status in JSON.
type geminiError struct {
	Code    int              `json:"code"`
	Message string           `json:"message"`
	Status  string           `json:"status"`
	Details []map[string]any `json:"details,omitempty"`
}

// Google's words for the statuses of HTTP.
var geminiStatuses = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
	429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

func geminiFailure(code int, message string, details ...map[string]any) *geminiError {
	return &geminiError{code, message, geminiStatuses[code], details}
}

// authorize says what is wrong with the request's key.
func (s *Gemini) authorize(r *http.Request) *geminiError {
	key := r.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = r.URL.Query().Get("key")
	}
	switch {
	case key == "":
		return geminiFailure(http.StatusForbidden, "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.")
	case s.cfg.Key != "" && key != s.cfg.Key:
		return geminiFailure(http.StatusBadRequest, "API key not valid. Please pass a valid API key.", map[string]any{
			"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
			"metadata": map[string]string{"service": "generativelanguage.googleapis.com"},
		})
	}
	return nil
}

func (s *Gemini) find(model, method string) *geminiError {
	if slices.Contains(s.cfg.Models, model) {
		return nil
	}
	return geminiFailure(http.StatusNotFound, fmt.Sprintf(
		"models/%s is not found for API version v1beta, or is not supported for %s. Call ListModels to see the list of available models and their supported methods.", model, method))
}

func (s *Gemini) model(w http.ResponseWriter, r *http.Request) {
	entry := s.add(r.URL.RequestURI(), nil)
	name := r.PathValue("model")
	failure := s.authorize(r)
	if failure == nil {
		failure = s.find(name, "getModel")
	}
	if failure != nil {
		entry.state(StateFailed)
		writeJSON(w, failure.Code, map[string]any{"error": failure})
		return
	}
	entry.state(StateDone)
	writeJSON(w, http.StatusOK, map[string]any{
		"name": "models/" + name, "version": "001", "displayName": name, "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
		"supportedGenerationMethods": []string{"generateContent", "countTokens"},
	})
}

// geminiRequest is the body of a generation.
type geminiRequest struct {
	SystemInstruction geminiContent   `json:"systemInstruction"`
	Contents          []geminiContent `json:"contents"`
	SafetySettings    []struct {
		Category  json.Number `json:"category"`
		Threshold json.Number `json:"threshold"`
	} `json:"safetySettings"`
	GenerationConfig struct {
		Temperature      *float64      `json:"temperature"`
		MaxOutputTokens  *int          `json:"maxOutputTokens"`
		ResponseMIMEType string        `json:"responseMimeType"`
		ResponseSchema   *geminiSchema `json:"responseSchema"`
	} `json:"generationConfig"`
}

type geminiContent struct {
	Role  string `json:"role"`
	Parts []struct {
		Text string `json:"text"`
	} `json:"parts"`
}

func (c geminiContent) text() string {
	var b strings.Builder
	for _, p := range c.Parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// geminiSchema is Google's own kind of schema, whose types are numbers here.
type geminiSchema struct {
	Type       int                      `json:"type"`
	Format     string                   `json:"format"`
	Enum       []string                 `json:"enum"`
	Items      *geminiSchema            `json:"items"`
	Properties map[string]*geminiSchema `json:"properties"`
	Required   []string                 `json:"required"`
}

var geminiTypes = []string{"", "string", "number", "integer", "boolean", "array", "object"}

// check says what Google finds wrong with a schema. At is where it stands.
func (g *geminiSchema) check(at string) string {
	switch {
	case g.Type <= 0 || g.Type >= len(geminiTypes):
		return at + ".type: must be specified"
	case geminiTypes[g.Type] == "object" && len(g.Properties) == 0:
		return at + ".properties: should be non-empty for OBJECT type"
	case geminiTypes[g.Type] == "array" && g.Items == nil:
		return at + ".items: missing field."
	case g.Enum != nil && geminiTypes[g.Type] != "string":
		return at + ".enum: only allowed for STRING type"
	}
	for _, name := range g.Required {
		if g.Properties[name] == nil {
			return fmt.Sprintf("%s.required[%s]: property is not defined", at, name)
		}
	}
	if g.Items != nil {
		if wrong := g.Items.check(at + ".items"); wrong != "" {
			return wrong
		}
	}
	for _, name := range slices.Sorted(maps.Keys(g.Properties)) {
		if wrong := g.Properties[name].check(fmt.Sprintf("%s.properties[%s]", at, name)); wrong != "" {
			return wrong
		}
	}
	return ""
}

// json is the schema as the other services have it.
func (g *geminiSchema) json() map[string]any {
	out := map[string]any{"type": geminiTypes[g.Type]}
	if g.Enum != nil {
		out["enum"] = g.Enum
	}
	if g.Items != nil {
		out["items"] = g.Items.json()
	}
	if g.Properties != nil {
		properties := map[string]any{}
		for name, p := range g.Properties {
			properties[name] = p.json()
		}
		out["properties"], out["required"] = properties, g.Required
	}
	return out
}

// check says what Google finds wrong with a request.
func (r *geminiRequest) check() string {
	if len(r.Contents) == 0 {
		return "* GenerateContentRequest.contents: contents is not specified"
	}
	for i, c := range r.Contents {
		if c.Role != "user" && c.Role != "model" {
			return "Please use a valid role: user, model."
		}
		if len(c.Parts) == 0 {
			return fmt.Sprintf("* GenerateContentRequest.contents[%d].parts: contents.parts must not be empty.", i)
		}
	}
	seen := map[json.Number]bool{}
	for i, s := range r.SafetySettings {
		category, err := s.Category.Int64()
		if err != nil || category < 7 || category > 10 {
			return fmt.Sprintf("* GenerateContentRequest.safety_settings[%d]: element predicate failed: $.category in (...)", i)
		}
		if seen[s.Category] {
			return fmt.Sprintf("* GenerateContentRequest.safety_settings: duplicate category %d", category)
		}
		seen[s.Category] = true
	}
	if schema := r.GenerationConfig.ResponseSchema; schema != nil {
		if r.GenerationConfig.ResponseMIMEType != "application/json" {
			return "* GenerateContentRequest.generation_config.response_schema: only allowed for JSON response"
		}
		if wrong := schema.check("response_schema"); wrong != "" {
			return "* GenerateContentRequest.generation_config." + wrong
		}
	}
	return ""
}

// call is POST …/models/{model}:streamGenerateContent.
func (s *Gemini) call(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeJSON(w, http.StatusBadRequest, []any{map[string]any{"error": geminiFailure(http.StatusBadRequest, err.Error())}})
		return
	}
	// With the query: the key can travel in it.
	entry := s.add(strings.TrimPrefix(r.URL.RequestURI(), s.cfg.PathPrefix), body)
	refuse := func(failure *geminiError) {
		entry.state(StateFailed)
		// What streams answers in a list, errors included.
		writeJSON(w, failure.Code, []any{map[string]any{"error": failure}})
	}
	model, method, _ := strings.Cut(r.PathValue("call"), ":")
	if method != "streamGenerateContent" {
		entry.state(StateFailed)
		http.NotFound(w, r)
		return
	}
	if failure := s.authorize(r); failure != nil {
		refuse(failure)
		return
	}
	if failure := s.find(model, "generateContent"); failure != nil {
		refuse(failure)
		return
	}
	var req geminiRequest
	if err := json.Unmarshal(body, &req); err != nil {
		refuse(geminiFailure(http.StatusBadRequest, "Invalid JSON payload received. "+err.Error()))
		return
	}
	if wrong := req.check(); wrong != "" {
		refuse(geminiFailure(http.StatusBadRequest, wrong))
		return
	}
	chat := req.chat(model)
	chat.Number = int(s.served.Add(1))
	entry.update(func(rec *Record) { rec.Chat = chat })
	reply := s.cfg.Reply(chat)
	if reply.Pace == (Pace{}) {
		reply.Pace = s.cfg.Pace
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	out := &geminiStream{
		wire: newWire(w, reply.Wire), reply: reply, promptTokens: chat.PromptTokens,
		numbers: !s.cfg.Names && strings.Contains(r.URL.Query().Get("$alt"), "enum-encoding=int"),
	}
	if reply.Raw != "" {
		out.wire.buf = append(out.wire.buf, reply.Raw...)
		_ = out.flush()
		entry.state(StateDone)
		return
	}
	p := performance{entry: entry, reply: reply.Reply, limit: chat.MaxTokens, sum: summary{promptTokens: chat.PromptTokens}}
	if reply.Block != "" {
		p.reply.Tokens, p.reply.Text, p.reply.Thinking = []string{}, "", nil
	}
	end := p.play(r.Context(), out)
	entry.state(end.state())
	if end == endBroken {
		panic(http.ErrAbortHandler) // net/http cuts the connection without a trailer
	}
}

// chat is the request as the model sees it.
func (r *geminiRequest) chat(model string) ChatRequest {
	chat := ChatRequest{Model: model, NumCtx: 1_048_576, MaxTokens: -1, Temperature: r.GenerationConfig.Temperature, Think: true}
	if text := r.SystemInstruction.text(); text != "" {
		chat.Messages = append(chat.Messages, Message{Role: "system", Content: text})
	}
	for _, c := range r.Contents {
		role := c.Role
		if role == "model" {
			role = "assistant"
		}
		chat.Messages = append(chat.Messages, Message{Role: role, Content: c.text()})
	}
	chat.PromptTokens = promptTokens(nil, chat.Messages)
	if n := r.GenerationConfig.MaxOutputTokens; n != nil {
		chat.MaxTokens = *n
	}
	if schema := r.GenerationConfig.ResponseSchema; schema != nil {
		format, err := json.Marshal(schema.json())
		if err != nil {
			panic(err) // maps of strings always have a JSON form
		}
		chat.Format = format
	}
	return chat
}
