package llmtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Config says how an Ollama behaves. The zero value is one with DefaultModel,
// loaded in no time, one parallel slot and DefaultReply at full speed.
type Config struct {
	// Reply is what the models say; nil means DefaultReply. It is called on the
	// request's goroutine and may be called by several at once.
	Reply func(ChatRequest) Reply
	// Models are those that are installed; empty means DefaultModel alone.
	Models []Model
	// Pace is that of replies which name none.
	Pace Pace

	// Parallel is how many requests a loaded model works on at once; zero means 1,
	// Ollama's default. The rest wait without a limit.
	Parallel int
	// MaxQueue bounds the requests that wait for a model to load; zero means 512.
	MaxQueue int
	// LoadDelay is how long a model takes to load.
	LoadDelay time.Duration
	// Vocabulary cuts text into the models' tokens, which joined are the text; nil means
	// SplitTokens. Replies are cut by it as well.
	Vocabulary func(text string) []string
	// DefaultNumCtx is the window of requests that name none; zero means 4096.
	DefaultNumCtx int
	// PromptCache makes prompt_eval_count leave out what the prompt before had too.
	PromptCache bool
	// SlowCancel keeps a slot busy until the prompt is processed, though its client
	// has left.
	SlowCancel bool

	// Version is what /api/version says; zero means "0.32.15".
	Version string
	// KeepRecords is how many requests are kept; zero means 256, negative none.
	KeepRecords int
}

// Ollama is an Ollama server. It is safe for use by several goroutines.
type Ollama struct {
	*journal
	cfg    Config // immutable
	mux    *http.ServeMux
	loader *loader
}

// NewOllama makes a server that has no model loaded yet.
func NewOllama(cfg Config) *Ollama {
	if cfg.Reply == nil {
		cfg.Reply = DefaultReply
	}
	if cfg.Parallel == 0 {
		cfg.Parallel = 1
	}
	if cfg.MaxQueue == 0 {
		cfg.MaxQueue = 512
	}
	if cfg.DefaultNumCtx == 0 {
		cfg.DefaultNumCtx = 4096
	}
	if cfg.Version == "" {
		cfg.Version = "0.32.15"
	}
	cfg.Models = modelsOrDefault(cfg.Models)
	s := &Ollama{
		journal: newJournal(cfg.KeepRecords),
		cfg:     cfg,
		mux:     http.NewServeMux(),
		loader:  newLoader(cfg.Parallel, cfg.MaxQueue, cfg.LoadDelay),
	}
	s.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Ollama is running")
	})
	s.mux.HandleFunc("GET /api/version", s.version)
	s.mux.HandleFunc("GET /api/tags", s.tags)
	s.mux.HandleFunc("GET /api/ps", s.ps)
	s.mux.HandleFunc("POST /api/show", s.show)
	s.mux.HandleFunc("POST /api/chat", s.chat)
	return s
}

// ServeHTTP answers as Ollama does.
func (s *Ollama) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// maxBody bounds what a request may hold.
const maxBody = 64 << 20

// ollamaRequest is the body of POST /api/chat.
type ollamaRequest struct {
	Model     string          `json:"model"`
	Messages  []Message       `json:"messages"`
	Stream    *bool           `json:"stream"`
	Format    json.RawMessage `json:"format"`
	Options   json.RawMessage `json:"options"`
	KeepAlive json.RawMessage `json:"keep_alive"`
	Think     json.RawMessage `json:"think"`
	Truncate  *bool           `json:"truncate"`
	Shift     *bool           `json:"shift"`
}

// ollamaOptions are the options that change what this server does. Ollama ignores
// those that it does not know.
type ollamaOptions struct {
	Temperature *float64 `json:"temperature"`
	NumPredict  *int     `json:"num_predict"`
	NumCtx      *int     `json:"num_ctx"`
}

// statusClientGone is what Ollama calls a request whose client left while it waited.
const statusClientGone = 499

func (s *Ollama) chat(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		ollamaError(w, http.StatusBadRequest, err.Error())
		return
	}
	entry := s.add(r.URL.Path, body)
	refuse := func(status int, message string) {
		entry.state(StateFailed)
		ollamaError(w, status, message)
	}

	var req ollamaRequest
	if len(bytes.TrimSpace(body)) == 0 {
		refuse(http.StatusBadRequest, "missing request body")
		return
	}
	if err := json.Unmarshal(body, &req); err != nil {
		refuse(http.StatusBadRequest, err.Error())
		return
	}
	if req.Model == "" {
		refuse(http.StatusBadRequest, "model is required")
		return
	}
	model, found := s.find(req.Model)
	if !found {
		refuse(http.StatusNotFound, fmt.Sprintf("model '%s' not found", req.Model))
		return
	}
	if model.Embedding {
		refuse(http.StatusBadRequest, fmt.Sprintf("%q does not support chat", req.Model))
		return
	}
	think, err := thinkOf(req.Think, model)
	if err != nil {
		refuse(http.StatusBadRequest, err.Error())
		return
	}
	var options ollamaOptions
	if len(req.Options) > 0 {
		if err := json.Unmarshal(req.Options, &options); err != nil {
			refuse(http.StatusInternalServerError, err.Error())
			return
		}
	}
	keepAlive, err := keepAliveOf(req.KeepAlive)
	if err != nil {
		refuse(http.StatusBadRequest, err.Error())
		return
	}
	numCtx := s.cfg.DefaultNumCtx
	if options.NumCtx != nil {
		numCtx = *options.NumCtx
	}
	numCtx = min(numCtx, model.contextLength())

	arrived := time.Now()
	if len(req.Messages) == 0 && keepAlive == 0 {
		s.loader.unload(model.Name)
		entry.state(StateDone)
		writeJSON(w, http.StatusOK, ollamaLoaded(req.Model, "unload"))
		return
	}
	run, err := s.loader.acquire(r.Context(), model.Name, numCtx, keepAlive)
	switch {
	case errors.Is(err, errQueueFull):
		refuse(http.StatusServiceUnavailable, err.Error())
		return
	case err != nil:
		entry.state(StateAborted)
		ollamaError(w, statusClientGone, "request cancelled")
		return
	}
	defer s.loader.release(run)
	loadTime := time.Since(arrived)
	if len(req.Messages) == 0 {
		entry.state(StateDone)
		writeJSON(w, http.StatusOK, ollamaLoaded(req.Model, "load"))
		return
	}

	prompt := fit(s.cfg.Vocabulary, req.Messages, numCtx)
	if req.Truncate != nil && !*req.Truncate && (prompt.dropped > 0 || prompt.cut) {
		refuse(http.StatusBadRequest, "the input length exceeds the context length")
		return
	}
	// From here on there is no 503 and no sign: a warm model's requests wait for as
	// long as it takes.
	if !run.enter(r.Context()) {
		entry.state(StateAborted)
		ollamaError(w, statusClientGone, "request cancelled")
		return
	}
	defer run.leave()

	chat := ChatRequest{
		Number:       s.loader.number(),
		Model:        req.Model,
		Messages:     prompt.messages,
		Dropped:      prompt.dropped,
		Cut:          prompt.cut,
		PromptTokens: prompt.tokens,
		NumCtx:       numCtx,
		MaxTokens:    maxTokensOf(options.NumPredict, numCtx),
		Temperature:  options.Temperature,
		Think:        think || model.Stubborn,
		Format:       formatOf(req.Format),
	}
	if chat.Format != nil {
		if _, err := Instance(chat.Format, ""); err != nil {
			refuse(http.StatusInternalServerError, err.Error())
			return
		}
	}
	entry.update(func(rec *Record) { rec.Chat = chat })
	reply := s.cfg.Reply(chat)
	if reply.Tokens == nil {
		reply.Tokens = vocabulary(s.cfg.Vocabulary).split(reply.Text)
	}
	if !chat.Think {
		reply.Thinking = nil
	}
	if reply.Pace == (Pace{}) {
		reply.Pace = s.cfg.Pace
	}
	limit := chat.MaxTokens
	if req.Shift != nil && !*req.Shift {
		limit = min(limit, max(numCtx-prompt.tokens, 0))
	}
	p := performance{
		entry:    entry,
		reply:    reply,
		limit:    limit,
		stubborn: s.cfg.SlowCancel,
		sum:      summary{promptTokens: prompt.tokens, load: loadTime},
	}
	if s.cfg.PromptCache {
		p.sum.promptTokens -= run.swapPrompt(s.cfg.Vocabulary, prompt.messages)
	}
	var out sink
	if req.Stream != nil && !*req.Stream {
		out = &ollamaWhole{w: w, model: req.Model}
	} else {
		out = &ollamaStream{wire: newWire(w, reply.Wire), model: req.Model}
	}
	end := p.play(r.Context(), out)
	entry.state(end.state())
	if end == endBroken {
		panic(http.ErrAbortHandler) // net/http cuts the connection without a trailer
	}
}

// find looks a model up as Ollama does: a name without a tag means ":latest".
func (s *Ollama) find(name string) (Model, bool) {
	for _, m := range s.cfg.Models {
		if tagged(m.Name) == tagged(name) {
			return m, true
		}
	}
	return Model{}, false
}

func tagged(name string) string {
	if strings.Contains(name, ":") {
		return name
	}
	return name + ":latest"
}

// thinkOf reads "think": absent, it is on for a model that can.
func thinkOf(raw json.RawMessage, m Model) (bool, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return m.Thinking, nil
	}
	var on bool
	if json.Unmarshal(raw, &on) != nil {
		var level string
		if json.Unmarshal(raw, &level) != nil {
			return false, fmt.Errorf("invalid think value: %s", raw)
		}
		switch level {
		case "low", "medium", "high", "max":
			on = true
		default:
			return false, fmt.Errorf("invalid think value: %q", level)
		}
	}
	if on && !m.Thinking && !m.Stubborn {
		return false, fmt.Errorf("%q does not support thinking", m.Name)
	}
	return on, nil
}

const defaultKeepAlive = 5 * time.Minute

// keepAliveOf reads "keep_alive": seconds as a number, or a Go duration; negative
// means for ever.
func keepAliveOf(raw json.RawMessage) (time.Duration, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return defaultKeepAlive, nil
	}
	var seconds float64
	if json.Unmarshal(raw, &seconds) == nil {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return 0, err
	}
	return time.ParseDuration(text)
}

// maxTokensOf reads "num_predict": without it, or with -1, Ollama stops a reply at
// ten times the window.
func maxTokensOf(numPredict *int, numCtx int) int {
	if numPredict == nil || *numPredict < 0 {
		return 10 * numCtx
	}
	return *numPredict
}

func formatOf(raw json.RawMessage) json.RawMessage {
	switch string(raw) {
	case "", "null", `""`:
		return nil
	}
	return raw
}

func (s *Ollama) version(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"version": s.cfg.Version})
}

// ollamaModel is an entry of /api/tags and /api/ps.
type ollamaModel struct {
	Name          string            `json:"name"`
	Model         string            `json:"model"`
	ModifiedAt    string            `json:"modified_at,omitempty"`
	Size          int64             `json:"size"`
	Digest        string            `json:"digest"`
	Details       map[string]string `json:"details"`
	ExpiresAt     string            `json:"expires_at,omitempty"`
	SizeVRAM      int64             `json:"size_vram,omitempty"`
	ContextLength int               `json:"context_length,omitempty"`
}

func (s *Ollama) listed(name string) ollamaModel {
	return ollamaModel{
		Name:    tagged(name),
		Model:   tagged(name),
		Size:    1 << 30,
		Digest:  fmt.Sprintf("%064x", len(name)),
		Details: map[string]string{"format": "gguf", "family": architecture},
	}
}

func (s *Ollama) tags(w http.ResponseWriter, _ *http.Request) {
	list := make([]ollamaModel, 0, len(s.cfg.Models))
	for _, m := range s.cfg.Models {
		entry := s.listed(m.Name)
		entry.ModifiedAt = "2026-08-21T09:00:00Z"
		list = append(list, entry)
	}
	writeJSON(w, http.StatusOK, map[string]any{"models": list})
}

func (s *Ollama) ps(w http.ResponseWriter, _ *http.Request) {
	list := []ollamaModel{}
	for _, r := range s.loader.loaded() {
		entry := s.listed(r.model)
		entry.SizeVRAM = entry.Size
		entry.ContextLength = r.numCtx
		entry.ExpiresAt = r.expires.Format(time.RFC3339Nano)
		list = append(list, entry)
	}
	writeJSON(w, http.StatusOK, map[string]any{"models": list})
}

// architecture names the fields of model_info.
const architecture = "gemma3"

func (s *Ollama) show(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Model string `json:"model"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&req); err != nil {
		ollamaError(w, http.StatusBadRequest, err.Error())
		return
	}
	m, found := s.find(req.Model)
	if !found {
		ollamaError(w, http.StatusNotFound, fmt.Sprintf("model '%s' not found", req.Model))
		return
	}
	capabilities := []string{"completion"}
	switch {
	case m.Embedding:
		capabilities = []string{"embedding"}
	case m.Thinking || m.Stubborn:
		capabilities = append(capabilities, "thinking")
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"modelfile":  "FROM " + m.Name,
		"parameters": "",
		"details":    map[string]string{"format": "gguf", "family": architecture},
		"model_info": map[string]any{
			"general.architecture":           architecture,
			architecture + ".context_length": m.contextLength(),
		},
		"capabilities": capabilities,
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // what this package answers with always has a JSON form
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

func ollamaError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]string{"error": message})
}

// ollamaLoaded is the answer to a request without messages: one object, no stream.
func ollamaLoaded(model, reason string) map[string]any {
	return map[string]any{
		"model":       model,
		"created_at":  time.Now().UTC().Format(time.RFC3339Nano),
		"message":     Message{Role: "assistant"},
		"done_reason": reason,
		"done":        true,
	}
}
