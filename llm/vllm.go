package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

// VLLMConfig says where a vLLM is and how it is asked.
type VLLMConfig struct {
	// BaseURL is required, "http://localhost:8002" for instance. A path is kept, and
	// "/v1" is put behind it.
	BaseURL string
	// APIKey goes along as a bearer token; empty means none.
	APIKey string
	// Model answers requests that name none.
	Model string
	// FirstTokenTimeout bounds the wait for the first token, vLLM's own queue
	// included; zero means 60 s, negative no limit.
	FirstTokenTimeout time.Duration
	// IdleTimeout bounds the wait for each token after it; zero means 30 s, negative
	// no limit. The time that the reader takes does not count.
	IdleTimeout time.Duration
	// Transport makes the requests; nil means one of its own.
	Transport http.RoundTripper
}

// VLLM generates replies with a vLLM server, or another that speaks the same chat
// completions. It is safe for use by several goroutines.
type VLLM struct {
	up    *upstream
	model string
}

// NewVLLM checks the configuration. It makes no request.
func NewVLLM(cfg VLLMConfig) (*VLLM, error) {
	up, err := newUpstream(upstreamConfig{
		service:    "vllm",
		baseURL:    cfg.BaseURL,
		apiKey:     cfg.APIKey,
		transport:  cfg.Transport,
		firstToken: cfg.FirstTokenTimeout,
		idle:       cfg.IdleTimeout,
		explain:    explainVLLM,
	})
	if err != nil {
		return nil, err
	}
	return &VLLM{up: up, model: cfg.Model}, nil
}

// Close gives up idle connections. It may be called twice, and streams under way go on.
func (v *VLLM) Close() { v.up.close() }

// vllmChat is the body of POST /v1/chat/completions.
type vllmChat struct {
	Model          string              `json:"model"`
	Messages       []Message           `json:"messages"`
	Stream         bool                `json:"stream"`
	StreamOptions  vllmStreamOptions   `json:"stream_options"`
	MaxTokens      int                 `json:"max_tokens"`
	Temperature    *float64            `json:"temperature,omitempty"`
	ResponseFormat *vllmFormat         `json:"response_format,omitempty"`
	Template       vllmTemplateOptions `json:"chat_template_kwargs"`
}

type vllmStreamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// vllmTemplateOptions are what a chat template knows; those that do not know this
// one ignore it.
type vllmTemplateOptions struct {
	EnableThinking bool `json:"enable_thinking"`
}

type vllmFormat struct {
	Type       string     `json:"type"`
	JSONSchema vllmSchema `json:"json_schema"`
}

type vllmSchema struct {
	Name   string          `json:"name"`
	Schema json.RawMessage `json:"schema"`
	Strict bool            `json:"strict"`
}

func (v *VLLM) request(req Request) vllmChat {
	chat := vllmChat{
		Model:         orDefault(req.Model, v.model),
		Messages:      req.Messages,
		Stream:        true,
		StreamOptions: vllmStreamOptions{IncludeUsage: true},
		MaxTokens:     maxTokens(req),
		Temperature:   req.Temperature,
	}
	if req.Schema != nil {
		chat.ResponseFormat = &vllmFormat{
			Type:       "json_schema",
			JSONSchema: vllmSchema{Name: "reply", Schema: req.Schema, Strict: true},
		}
	}
	return chat
}

// Stream implements Model. Failures of the server are *Error.
func (v *VLLM) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	if len(req.Messages) == 0 {
		return failed(errors.New("vllm: a request without messages"))
	}
	chat := v.request(req)
	return v.up.stream(ctx, "v1/chat/completions", chat.Model, chat, func(r io.Reader, clock *watch) decoder {
		return &vllmDecoder{up: v.up, events: newEventReader(r), clock: clock}
	})
}

// explainVLLM says what to do about what vLLM refuses.
func explainVLLM(e *Error, model string) {
	switch {
	case e.Status == http.StatusNotFound && strings.Contains(e.Message, "does not exist"):
		e.Kind = KindModelNotFound
		e.Message = fmt.Sprintf("model %q is not served; start the server with it, or name one that it has", model)
	case e.Status == http.StatusNotFound:
		e.Message = "this is not vLLM's API; is the base URL right?"
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		e.Message = strings.TrimSuffix("the API key is missing or wrong: "+e.Message, ": ")
	case e.Kind == KindRefused && strings.Contains(e.Message, "max_tokens"):
		e.Kind = KindContextOverflow
	}
}

// vllmModel is an entry of /v1/models.
type vllmModel struct {
	ID          string `json:"id"`
	MaxModelLen int    `json:"max_model_len"`
}

func (v *VLLM) list(ctx context.Context) ([]vllmModel, error) {
	var answer struct {
		Data []vllmModel `json:"data"`
	}
	err := v.up.ask(ctx, "v1/models", "", nil, &answer)
	return answer.Data, err
}

// Probe returns nil if the server is there and its engine runs. Where a proxy hides
// /health, the list of models answers for it. The version is empty where the server
// does not tell.
func (v *VLLM) Probe(ctx context.Context) (version string, err error) {
	err = v.up.ask(ctx, "health", "", nil, nil)
	switch {
	case isStatus(err, http.StatusServiceUnavailable):
		return "", &Error{Kind: KindUpstreamFailed, Service: v.up.service, Status: http.StatusServiceUnavailable, Message: "its engine is dead"}
	case hidden(err):
		_, err = v.list(ctx)
	}
	if err != nil {
		return "", err
	}
	var answer struct {
		Version string `json:"version"`
	}
	_ = v.up.ask(ctx, "version", "", nil, &answer) // optional, and often hidden too
	return answer.Version, nil
}

// hidden says that an error is a proxy's no, not the server's.
func hidden(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status >= 300 && e.Status < 500
}

// Models lists the names of the served models, the configured one first.
func (v *VLLM) Models(ctx context.Context) ([]string, error) {
	list, err := v.list(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.ID
	}
	return preferred(names, func(name string) bool { return name == v.model }), nil
}

// WarmUp checks that the configured model is served, for vLLM has it loaded before
// it answers at all. A missing model is an *Error of KindModelNotFound.
func (v *VLLM) WarmUp(ctx context.Context) error {
	_, err := v.find(ctx, v.model)
	return err
}

// ContextLength returns the window of a model in tokens; zero means that the server
// does not tell. An empty model means the configured one.
func (v *VLLM) ContextLength(ctx context.Context, model string) (int, error) {
	found, err := v.find(ctx, orDefault(model, v.model))
	return found.MaxModelLen, err
}

func (v *VLLM) find(ctx context.Context, model string) (vllmModel, error) {
	list, err := v.list(ctx)
	if err != nil {
		return vllmModel{}, err
	}
	for _, m := range list {
		if m.ID == model {
			return m, nil
		}
	}
	e := &Error{Status: http.StatusNotFound, Service: v.up.service, Message: "does not exist"}
	explainVLLM(e, model)
	e.Status = 0 // nobody said 404
	return vllmModel{}, e
}
