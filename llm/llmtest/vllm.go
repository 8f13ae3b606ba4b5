package llmtest

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// VLLMConfig says how a vLLM behaves. The zero value is one with DefaultModel, no
// key, and DefaultReply at full speed.
type VLLMConfig struct {
	// Reply is what the models say; nil means DefaultReply. It is called on the
	// request's goroutine and may be called by several at once.
	Reply func(ChatRequest) Reply
	// Models are those that are served; empty means DefaultModel alone.
	Models []Model
	// Pace is that of replies which name none.
	Pace Pace

	// PathPrefix is what the server's paths begin with, "/llm" for instance.
	PathPrefix string
	// APIKey is asked for below /v1; empty means that none is.
	APIKey string
	// MaxSeqs is how many requests are worked on at once; zero means 256. The rest
	// wait without a limit and without a sign.
	MaxSeqs int
	// HideHealth answers /health with 404, as some proxies do.
	HideHealth bool
	// FlatErrors lays errors out as versions before 0.10 did.
	FlatErrors bool
	// Comments sends a comment line ahead of every event.
	Comments bool
	// ReasoningField is where thoughts go; zero means "reasoning". Older versions
	// used "reasoning_content".
	ReasoningField string

	// KeepRecords is how many requests are kept; zero means 256, negative none.
	KeepRecords int
}

// VLLM is a vLLM server. It is safe for use by several goroutines.
type VLLM struct {
	*journal
	cfg    VLLMConfig // immutable
	mux    *http.ServeMux
	seats  chan struct{} // a send takes a seat; waiters are served in order
	served atomic.Int64
}

// NewVLLM makes a server whose models are ready.
func NewVLLM(cfg VLLMConfig) *VLLM {
	if cfg.Reply == nil {
		cfg.Reply = DefaultReply
	}
	if cfg.MaxSeqs == 0 {
		cfg.MaxSeqs = 256
	}
	if cfg.ReasoningField == "" {
		cfg.ReasoningField = "reasoning"
	}
	cfg.Models = modelsOrDefault(cfg.Models)
	cfg.PathPrefix = strings.TrimSuffix(cfg.PathPrefix, "/")
	s := &VLLM{
		journal: newJournal(cfg.KeepRecords),
		cfg:     cfg,
		mux:     http.NewServeMux(),
		seats:   make(chan struct{}, cfg.MaxSeqs),
	}
	if !cfg.HideHealth {
		s.mux.HandleFunc("GET "+cfg.PathPrefix+"/health", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
		})
	}
	s.mux.HandleFunc("GET "+cfg.PathPrefix+"/version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"version": "0.24.0"})
	})
	s.mux.HandleFunc("GET "+cfg.PathPrefix+"/v1/models", s.authorized(s.models))
	s.mux.HandleFunc("POST "+cfg.PathPrefix+"/v1/chat/completions", s.authorized(s.chat))
	return s
}

// ServeHTTP answers as vLLM does.
func (s *VLLM) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// authorized asks for the key. The error is a string here, where others are objects.
func (s *VLLM) authorized(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.cfg.APIKey != "" && subtle.ConstantTimeCompare([]byte(got), []byte(s.cfg.APIKey)) == 0 {
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "Unauthorized"})
			return
		}
		next(w, r)
	}
}

func (s *VLLM) models(w http.ResponseWriter, _ *http.Request) {
	list := make([]map[string]any, 0, len(s.cfg.Models))
	for _, m := range s.cfg.Models {
		list = append(list, map[string]any{
			"id": m.Name, "object": "model", "created": time.Now().Unix(), "owned_by": "vllm", "root": m.Name,
			"parent": nil, "max_model_len": m.contextLength(),
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

// vllmRequest is the body of POST /v1/chat/completions.
type vllmRequest struct {
	Model         string    `json:"model"`
	Messages      []Message `json:"messages"`
	Stream        bool      `json:"stream"`
	StreamOptions *struct {
		IncludeUsage *bool `json:"include_usage"`
	} `json:"stream_options"`
	MaxTokens          *int     `json:"max_tokens"`
	Temperature        *float64 `json:"temperature"`
	ChatTemplateKwargs struct {
		EnableThinking *bool `json:"enable_thinking"`
	} `json:"chat_template_kwargs"`
	ResponseFormat *struct {
		Type       string `json:"type"`
		JSONSchema struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
}

func (s *VLLM) chat(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.fail(w, http.StatusBadRequest, "Bad Request", "", err.Error())
		return
	}
	entry := s.add(strings.TrimPrefix(r.URL.Path, s.cfg.PathPrefix), body)
	refuse := func(status int, kind, param, message string) {
		entry.state(StateFailed)
		s.fail(w, status, kind, param, message)
	}
	var req vllmRequest
	if err := json.Unmarshal(body, &req); err != nil {
		refuse(http.StatusBadRequest, "Bad Request", "", err.Error())
		return
	}
	var model *Model
	for i := range s.cfg.Models {
		if s.cfg.Models[i].Name == req.Model {
			model = &s.cfg.Models[i]
		}
	}
	if model == nil {
		refuse(http.StatusNotFound, "NotFoundError", "model", fmt.Sprintf("The model `%s` does not exist.", req.Model))
		return
	}
	if !req.Stream {
		refuse(http.StatusNotImplemented, "NotImplementedError", "stream", "this server only streams")
		return
	}
	window, prompt := model.contextLength(), promptTokens(nil, req.Messages)
	if prompt >= window {
		refuse(http.StatusBadRequest, "BadRequestError", "input_tokens", fmt.Sprintf(
			"This model's maximum context length is %d tokens. However, your request has %d input tokens.", window, prompt))
		return
	}
	limit := window - prompt
	if req.MaxTokens != nil {
		if *req.MaxTokens > limit {
			refuse(http.StatusBadRequest, "BadRequestError", "max_tokens", fmt.Sprintf(
				"'max_tokens' is too large: %d. This model's maximum context length is %d tokens and your request has %d input tokens.",
				*req.MaxTokens, window, prompt))
			return
		}
		limit = *req.MaxTokens
	}
	chat := ChatRequest{
		Model:        req.Model,
		Messages:     req.Messages,
		PromptTokens: prompt,
		NumCtx:       window,
		MaxTokens:    limit,
		Temperature:  req.Temperature,
		Think:        model.Stubborn,
	}
	if on := req.ChatTemplateKwargs.EnableThinking; model.Thinking && (on == nil || *on) {
		chat.Think = true
	}
	if f := req.ResponseFormat; f != nil {
		switch f.Type {
		case "json_schema":
			chat.Format = f.JSONSchema.Schema
		case "json_object":
			chat.Format = json.RawMessage(`"json"`)
		}
	}

	select {
	case s.seats <- struct{}{}:
		defer func() { <-s.seats }()
	case <-r.Context().Done():
		entry.state(StateAborted)
		return
	}
	chat.Number = int(s.served.Add(1))
	entry.update(func(rec *Record) { rec.Chat = chat })
	reply := s.cfg.Reply(chat)
	if !chat.Think {
		reply.Thinking = nil
	}
	if reply.Pace == (Pace{}) {
		reply.Pace = s.cfg.Pace
	}
	out := &vllmStream{
		server: s,
		wire:   newWire(w, reply.Wire),
		head:   appendVLLMHead(nil, chat.Number, req.Model),
		usage:  req.StreamOptions != nil && (req.StreamOptions.IncludeUsage == nil || *req.StreamOptions.IncludeUsage),
	}
	p := performance{entry: entry, reply: reply, limit: limit, sum: summary{promptTokens: prompt}}
	end := p.play(r.Context(), out)
	entry.state(end.state())
	if end == endBroken {
		panic(http.ErrAbortHandler) // net/http cuts the connection without a trailer
	}
}

// fail answers with an error body in the version's layout.
func (s *VLLM) fail(w http.ResponseWriter, status int, kind, param, message string) {
	writeJSON(w, status, s.errorBody(status, kind, param, message))
}

func (s *VLLM) errorBody(status int, kind, param, message string) map[string]any {
	body := map[string]any{"message": message, "type": kind, "param": nil, "code": status}
	if param != "" {
		body["param"] = param
	}
	if s.cfg.FlatErrors {
		body["object"] = "error"
		return body
	}
	return map[string]any{"error": body}
}
