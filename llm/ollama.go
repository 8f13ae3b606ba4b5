package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DefaultNumCtx is the context window, in tokens, that Ollama is asked for unless
// the configuration names another.
const DefaultNumCtx = 8192

// OllamaConfig says where an Ollama is and how it is asked.
type OllamaConfig struct {
	// BaseURL is required, "http://localhost:11434" for instance. A path is kept.
	BaseURL string
	// Model answers requests that name none.
	Model string
	// StandsFor is a model that is not installed, and in whose place Model answers those
	// that name it; empty for none.
	StandsFor string
	// NumCtx is the context window in tokens; zero means DefaultNumCtx. It goes with
	// every request and never changes, for another value makes Ollama load the model
	// again, and without one it takes 4,096 on small machines.
	NumCtx int
	// KeepAlive is how long the model stays in memory after a request; zero and
	// below mean for ever.
	KeepAlive time.Duration
	// FirstTokenTimeout bounds the wait for the first token, the loading of the model
	// and Ollama's own queue included; zero means 60 s, negative no limit.
	FirstTokenTimeout time.Duration
	// IdleTimeout bounds the wait for each token after it; zero means 30 s, negative
	// no limit. The time that the reader takes does not count.
	IdleTimeout time.Duration
	// Transport makes the requests; nil means one of its own.
	Transport http.RoundTripper
	// Log gets warnings about the model's state; nil means none.
	Log *slog.Logger
}

// Ollama generates replies with an Ollama server, over its native API: the
// OpenAI-compatible one cannot set the context window and loses errors in
// mid-stream. It is safe for use by several goroutines.
type Ollama struct {
	up        *upstream
	model     string
	standsFor string
	numCtx    int
	keepAlive any // as it goes into the request
	log       *slog.Logger
}

// NewOllama checks the configuration. It makes no request.
func NewOllama(cfg OllamaConfig) (*Ollama, error) {
	if cfg.NumCtx < 0 {
		return nil, fmt.Errorf("ollama: a context window of %d tokens", cfg.NumCtx)
	}
	up, err := newUpstream(upstreamConfig{
		service:    "ollama",
		baseURL:    cfg.BaseURL,
		transport:  cfg.Transport,
		firstToken: cfg.FirstTokenTimeout,
		idle:       cfg.IdleTimeout,
		explain:    explainOllama,
	})
	if err != nil {
		return nil, err
	}
	o := &Ollama{up: up, model: cfg.Model, standsFor: cfg.StandsFor, numCtx: orDefault(cfg.NumCtx, DefaultNumCtx), keepAlive: -1, log: cfg.Log}
	if cfg.KeepAlive > 0 {
		o.keepAlive = cfg.KeepAlive.String()
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Close gives up idle connections. It may be called twice, and streams under way go on.
func (o *Ollama) Close() { o.up.close() }

// ollamaChat is the body of POST /api/chat. None of its fields but Format is left out
// when empty: Ollama's own defaults are what must not apply.
type ollamaChat struct {
	Model     string          `json:"model"`
	Messages  []Message       `json:"messages"`
	Stream    bool            `json:"stream"`
	Think     bool            `json:"think"`
	Format    json.RawMessage `json:"format,omitempty"`
	KeepAlive any             `json:"keep_alive"`
	Options   ollamaOptions   `json:"options"`
}

type ollamaOptions struct {
	NumCtx      int      `json:"num_ctx"`
	NumPredict  int      `json:"num_predict"`
	Temperature *float64 `json:"temperature,omitempty"`
}

func (o *Ollama) request(req Request) ollamaChat {
	model := req.Model
	if model == o.standsFor {
		model = ""
	}
	return ollamaChat{
		Model:     orDefault(model, o.model),
		Messages:  req.Messages,
		Stream:    true,
		Format:    req.Schema,
		KeepAlive: o.keepAlive,
		Options: ollamaOptions{
			NumCtx:      o.numCtx,
			NumPredict:  maxTokens(req),
			Temperature: req.Temperature,
		},
	}
}

// Stream implements Model. Failures of the server are *Error.
func (o *Ollama) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	if len(req.Messages) == 0 { // Ollama would load the model and say "done"
		return failed(errors.New("ollama: a request without messages"))
	}
	chat := o.request(req)
	return o.up.stream(ctx, "api/chat", chat.Model, chat, func(r io.Reader, clock *watch) decoder {
		return &ollamaDecoder{up: o.up, lines: newLineReader(r), clock: clock}
	})
}

// failed is a stream that begins with its error.
func failed(err error) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) { yield(Delta{}, err) }
}

// explainOllama says what to do about what Ollama refuses.
func explainOllama(e *Error, model string) {
	switch {
	case e.Status == http.StatusNotFound && strings.Contains(e.Message, "not found"):
		e.Kind = KindModelNotFound
		e.Message = fmt.Sprintf("model %q is not installed; on the server run: ollama pull %s", model, model)
	case e.Status == http.StatusNotFound:
		e.Message = "this is not Ollama's API; is the base URL right?"
	case e.Status == http.StatusForbidden && e.Message == "":
		e.Message = "Ollama accepts no foreign Host header while it is bound to loopback"
	}
}

// Probe returns the server's version.
func (o *Ollama) Probe(ctx context.Context) (version string, err error) {
	var answer struct {
		Version string `json:"version"`
	}
	err = o.up.ask(ctx, "api/version", "", nil, &answer)
	return answer.Version, err
}

// Models lists the names of the installed models, the configured one first.
func (o *Ollama) Models(ctx context.Context) ([]string, error) {
	var answer struct {
		Models []struct {
			Name string `json:"name"`
		} `json:"models"`
	}
	if err := o.up.ask(ctx, "api/tags", "", nil, &answer); err != nil {
		return nil, err
	}
	names := make([]string, len(answer.Models))
	for i, m := range answer.Models {
		names[i] = m.Name
	}
	return preferred(names, func(name string) bool { return tagged(name) == tagged(o.model) }), nil
}

// Converses says whether an installed model can hold a conversation: one for embeddings
// cannot. Servers that do not say so (before 0.6.4) have none that cannot.
func (o *Ollama) Converses(ctx context.Context, model string) (bool, error) {
	var answer struct {
		Capabilities []string `json:"capabilities"`
	}
	asked := struct {
		Model string `json:"model"`
	}{model}
	if err := o.up.ask(ctx, "api/show", model, asked, &answer); err != nil {
		return false, err
	}
	return answer.Capabilities == nil || slices.Contains(answer.Capabilities, "completion"), nil
}

// preferred moves the names that are first to the front.
func preferred(names []string, first func(string) bool) []string {
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case first(a) == first(b):
			return 0
		case first(a):
			return -1
		default:
			return 1
		}
	})
	return names
}

// tagged is a model's full name: Ollama takes one without a tag for ":latest".
func tagged(name string) string {
	if strings.Contains(name, ":") {
		return name
	}
	return name + ":latest"
}

// WarmUp has the configured model loaded with the window that requests will ask for,
// which takes seconds to minutes the first time; only ctx bounds it. It warns in the
// log when the server allocated a smaller window. A missing model is an *Error of
// KindModelNotFound that says how to install it.
func (o *Ollama) WarmUp(ctx context.Context) error {
	chat := o.request(Request{Messages: []Message{}, MaxTokens: 1})
	chat.Stream = false
	if err := o.up.exchange(ctx, "api/chat", chat.Model, chat, nil); err != nil {
		return err
	}
	allocated, err := o.allocated(ctx, chat.Model)
	if err != nil {
		return err
	}
	if allocated > 0 && allocated < o.numCtx {
		o.log.WarnContext(ctx, "the model's context window is smaller than asked for; older turns would be cut in silence",
			slog.String("model", chat.Model), slog.Int("tokens", allocated), slog.Int("asked", o.numCtx))
	}
	return nil
}

// allocated returns the window of the model as it is in memory; zero means that it is
// not, or that the server is too old to tell.
func (o *Ollama) allocated(ctx context.Context, model string) (int, error) {
	var answer struct {
		Models []struct {
			Name          string `json:"name"`
			ContextLength int    `json:"context_length"`
		} `json:"models"`
	}
	if err := o.up.ask(ctx, "api/ps", model, nil, &answer); err != nil {
		return 0, err
	}
	for _, m := range answer.Models {
		if tagged(m.Name) == tagged(model) {
			return m.ContextLength, nil
		}
	}
	return 0, nil
}

// ContextLength returns the window, in tokens, that a request for the model gets: the
// configured one, or what the server allocated (after WarmUp) or the model allows if
// that is less. An empty model means the configured one.
func (o *Ollama) ContextLength(ctx context.Context, model string) (int, error) {
	model = orDefault(model, o.model)
	length, err := o.allocated(ctx, model)
	if err != nil {
		return 0, err
	}
	if length == 0 {
		if length, err = o.trained(ctx, model); err != nil {
			return 0, err
		}
	}
	if length == 0 {
		return o.numCtx, nil
	}
	return min(length, o.numCtx), nil
}

// trained returns the window that the model was trained for; zero means unknown.
func (o *Ollama) trained(ctx context.Context, model string) (int, error) {
	var answer struct {
		ModelInfo map[string]json.RawMessage `json:"model_info"`
	}
	asked := struct {
		Model string `json:"model"`
	}{model}
	if err := o.up.ask(ctx, "api/show", model, asked, &answer); err != nil {
		return 0, err
	}
	var architecture string
	var length int
	_ = json.Unmarshal(answer.ModelInfo["general.architecture"], &architecture)
	_ = json.Unmarshal(answer.ModelInfo[architecture+".context_length"], &length)
	return length, nil
}
