package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/generative-ai-go/genai"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/api/option/internaloption"
	grpcpool "google.golang.org/api/transport/grpc"
	"google.golang.org/grpc"
)

// This file alone knows Google's SDK. Its support has ended, and it knows less than the
// models of today answer; what it cannot read is made readable below it, see
// geminiTransport.

const (
	// DefaultGeminiModel answers where the configuration names no model.
	DefaultGeminiModel = "gemini-3.5-flash"
	// DefaultGeminiEndpoint is Google's.
	DefaultGeminiEndpoint = "https://generativelanguage.googleapis.com"

	// geminiThinking is room for thoughts, in tokens: these models think before they
	// write, what they think counts towards the bound, and the SDK cannot tell them not
	// to.
	geminiThinking = 8192
	// defaultGeminiFirst is longer than a thought usually takes.
	defaultGeminiFirst = 45 * time.Second
)

// Safety says from which likelihood of harm on Gemini blocks. The values are those of
// GOOGLE_SAFETY_THRESHOLD.
type Safety string

// What Gemini can be told to block.
const (
	SafetyNone           Safety = "BLOCK_NONE"
	SafetyOnlyHigh       Safety = "BLOCK_ONLY_HIGH"
	SafetyMediumAndAbove Safety = "BLOCK_MEDIUM_AND_ABOVE"
	SafetyLowAndAbove    Safety = "BLOCK_LOW_AND_ABOVE"
)

var geminiThresholds = map[Safety]genai.HarmBlockThreshold{
	SafetyNone:           genai.HarmBlockNone,
	SafetyOnlyHigh:       genai.HarmBlockOnlyHigh,
	SafetyMediumAndAbove: genai.HarmBlockMediumAndAbove,
	SafetyLowAndAbove:    genai.HarmBlockLowAndAbove,
}

// geminiHarms are the kinds of harm that today's models know.
var geminiHarms = []genai.HarmCategory{
	genai.HarmCategoryHarassment, genai.HarmCategoryHateSpeech,
	genai.HarmCategorySexuallyExplicit, genai.HarmCategoryDangerousContent,
}

// GeminiConfig says with which key Gemini is asked, and for what.
type GeminiConfig struct {
	// APIKey is required. It goes along in a header, and into no log and no error.
	APIKey string
	// Model answers requests that name none; empty means DefaultGeminiModel.
	Model string
	// Endpoint is where Gemini is; empty means Google's. A path is kept.
	Endpoint string
	// Safety is what is blocked; empty means nothing, as far as it can be chosen.
	Safety Safety
	// FirstTokenTimeout bounds the wait for the first token, thinking included; zero
	// means 45 s, negative no limit.
	FirstTokenTimeout time.Duration
	// IdleTimeout bounds the wait for each token after it; zero means 30 s, negative
	// no limit. The time that the reader takes does not count.
	IdleTimeout time.Duration
	// Transport makes the requests; nil means one of its own.
	Transport http.RoundTripper
	// Metrics gets how long calls take, by outcome; nil means none.
	Metrics prometheus.Registerer
	// Log gets the same at debug level; nil means none.
	Log *slog.Logger
}

// Gemini generates replies with Google's Gemini. It is safe for use by several
// goroutines.
type Gemini struct {
	up     *upstream
	client *genai.Client
	model  string
	safety []*genai.SafetySetting // shared by all requests, never changed
	log    *slog.Logger
	took   *prometheus.HistogramVec // by geminiOutcome
}

// NewGemini checks the configuration. It makes no request.
func NewGemini(cfg GeminiConfig) (*Gemini, error) {
	if cfg.APIKey == "" || strings.ContainsFunc(cfg.APIKey, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("gemini: the API key must be one word of ASCII, as Google gives it out")
	}
	threshold, known := geminiThresholds[orDefault(cfg.Safety, SafetyNone)]
	if !known {
		return nil, fmt.Errorf("gemini: no safety threshold is called %q", cfg.Safety)
	}
	up, err := newUpstream(upstreamConfig{
		service:    "gemini",
		baseURL:    orDefault(cfg.Endpoint, DefaultGeminiEndpoint),
		apiKey:     cfg.APIKey,
		transport:  cfg.Transport,
		firstToken: orDefault(cfg.FirstTokenTimeout, defaultGeminiFirst),
		idle:       cfg.IdleTimeout,
		explain:    func(*Error, string) {}, // explainGemini needs more
	})
	if err != nil {
		return nil, err
	}
	up.client.Transport = &geminiTransport{up: up, base: up.client.Transport}
	g := &Gemini{up: up, model: orDefault(cfg.Model, DefaultGeminiModel), log: cfg.Log, took: newGeminiMetric(cfg.Metrics)}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	for _, harm := range geminiHarms {
		g.safety = append(g.safety, &genai.SafetySetting{Category: harm, Threshold: threshold})
	}
	g.client, err = genai.NewClient(context.Background(), // none of this reaches out
		option.WithHTTPClient(up.client),
		option.WithEndpoint(strings.TrimSuffix(up.base.String(), "/")),
		// With an HTTP client the SDK forgets the key, see geminiTransport; it asks for
		// one all the same.
		option.WithAPIKey(cfg.APIKey),
		// Else a client for caches, which we do not use, would dial by gRPC for as long as
		// we live. That the two options do not go together is what is not checked.
		grpcpool.WithConnPool(noConnections{}), internaloption.SkipDialSettingsValidation(),
	)
	if err != nil {
		return nil, fmt.Errorf("gemini: set up the SDK: %w", err)
	}
	return g, nil
}

// noConnections is a pool of gRPC connections that has none.
type noConnections struct{}

var errNoConnections = errors.New("gemini is asked by HTTP only")

func (noConnections) Conn() *grpc.ClientConn { return nil }
func (noConnections) Num() int               { return 0 }
func (noConnections) Close() error           { return nil }
func (noConnections) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return errNoConnections
}
func (noConnections) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errNoConnections
}

// Close gives up idle connections. It may be called twice, and streams under way go on.
func (g *Gemini) Close() { g.up.close() }

// WarmUp asks whether the key is good and has the configured model. If not, the *Error
// says which variable to set.
func (g *Gemini) WarmUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, controlTimeout, errNoAnswer)
	defer cancel()
	if _, err := g.client.GenerativeModel(g.model).Info(ctx); err != nil {
		return g.broken(ctx, err)
	}
	return nil
}

// geminiChat is a request in the SDK's words.
type geminiChat struct {
	model   *genai.GenerativeModel
	history []*genai.Content
	last    genai.Part
}

func (g *Gemini) chat(req Request) (*geminiChat, error) {
	c := &geminiChat{model: g.client.GenerativeModel(orDefault(req.Model, g.model))}
	c.model.SafetySettings = g.safety
	c.model.SetMaxOutputTokens(int32(maxTokens(req) + geminiThinking))
	if req.Temperature != nil {
		c.model.SetTemperature(float32(*req.Temperature))
	}
	if req.Schema != nil {
		schema, err := geminiSchema(req.Schema)
		if err != nil {
			return nil, err
		}
		c.model.ResponseMIMEType, c.model.ResponseSchema = "application/json", schema
	}
	var system []genai.Part
	for _, m := range req.Messages {
		switch m.Role {
		case RoleSystem:
			system = append(system, genai.Text(m.Content))
		case RoleUser:
			c.history = append(c.history, genai.NewUserContent(genai.Text(m.Content)))
		case RoleAssistant:
			c.history = append(c.history, &genai.Content{Role: "model", Parts: []genai.Part{genai.Text(m.Content)}})
		}
	}
	if system != nil {
		c.model.SystemInstruction = &genai.Content{Parts: system}
	}
	if n := len(c.history); n > 0 && c.history[n-1].Role == "user" {
		c.history, c.last = c.history[:n-1], c.history[n-1].Parts[0]
		return c, nil
	}
	return nil, errors.New("gemini: the last message must be the user's")
}

// send begins a generation. It may be called again.
func (c *geminiChat) send(ctx context.Context) *genai.GenerateContentResponseIterator {
	session := c.model.StartChat()
	session.History = append(session.History, c.history...)
	return session.SendMessageStream(ctx, c.last)
}

// Stream implements Model. Failures of the server are *Error. What is blocked is
// KindBlocked, whether it was asked or written; a whole reply without a word in it is
// KindEmpty.
func (g *Gemini) Stream(ctx context.Context, req Request) iter.Seq2[Delta, error] {
	chat, err := g.chat(req)
	if err != nil {
		return failed(err)
	}
	return func(yield func(Delta, error) bool) {
		call := g.begin(orDefault(req.Model, g.model))
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil) // also ends the request upstream
		clock := newWatch(cancel, g.up.firstToken, g.up.idle)
		defer clock.pause()

		stream := chat.send(ctx)
		piece, err := stream.Next()
		if err != nil && unbegun(err) && g.up.breathe(ctx, err) == nil {
			stream = chat.send(ctx)
			piece, err = stream.Next()
		}
		for {
			clock.pause()
			if err != nil {
				err = unquoted(g.broken(ctx, err), saidIn(req))
				call.end(ctx, err)
				yield(Delta{}, err)
				return
			}
			delta := geminiDelta(piece)
			if call.note(delta) {
				err := &Error{Kind: KindEmpty, Service: g.up.service, Message: "its reply ended without a word"}
				call.end(ctx, err)
				yield(Delta{}, err)
				return
			}
			goOn := delta == (Delta{}) || yield(delta, nil)
			if delta.Finish != "" {
				call.end(ctx, nil)
				timer := time.AfterFunc(drainTime, func() { cancel(nil) })
				_, _ = stream.Next() // to its end, so that the connection can be used again
				timer.Stop()
				return
			}
			if !goOn {
				call.end(ctx, context.Canceled)
				return
			}
			clock.resume()
			piece, err = stream.Next()
		}
	}
}

// geminiDelta is what a piece of the stream adds. There may be nothing in it.
func geminiDelta(piece *genai.GenerateContentResponse) Delta {
	var d Delta
	if usage := piece.UsageMetadata; usage != nil {
		d.Usage = Usage{InputTokens: int(usage.PromptTokenCount), OutputTokens: int(usage.CandidatesTokenCount)}
	}
	if len(piece.Candidates) > 0 {
		candidate := piece.Candidates[0]
		if candidate.Content != nil {
			for _, part := range candidate.Content.Parts {
				if text, ok := part.(genai.Text); ok {
					d.Text += string(text)
				}
			}
		}
		switch candidate.FinishReason { //nolint:exhaustive // the others do not come through geminiBody
		case genai.FinishReasonStop:
			d.Finish = FinishStop
		case genai.FinishReasonMaxTokens:
			d.Finish = FinishLength
		}
	}
	if d.Text == "" && d.Finish == "" {
		return Delta{}
	}
	return d
}

// broken makes an error of what the SDK returned.
func (g *Gemini) broken(ctx context.Context, err error) error {
	if errors.Is(err, iterator.Done) {
		err = g.up.truncated()
	}
	kind := KindTruncated
	if request := (*url.Error)(nil); errors.As(err, &request) {
		kind = KindUnreachable
	}
	return g.up.broken(ctx, err, kind)
}

// jsonSchema is what Gemini understands of a JSON schema. What else there is in one has to
// be said in words, and checked afterwards.
type jsonSchema struct {
	Type        string                 `json:"type"`
	Description string                 `json:"description"`
	Enum        []string               `json:"enum"`
	Items       *jsonSchema            `json:"items"`
	Properties  map[string]*jsonSchema `json:"properties"`
	Required    []string               `json:"required"`
}

var geminiTypes = map[string]genai.Type{
	"string": genai.TypeString, "number": genai.TypeNumber, "integer": genai.TypeInteger,
	"boolean": genai.TypeBoolean, "array": genai.TypeArray, "object": genai.TypeObject,
}

func geminiSchema(raw json.RawMessage) (*genai.Schema, error) {
	var s jsonSchema
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("gemini: read the schema: %w", err)
	}
	return s.gemini()
}

func (s *jsonSchema) gemini() (*genai.Schema, error) {
	kind, known := geminiTypes[s.Type]
	if !known {
		return nil, fmt.Errorf("gemini: the schema has a type %q", s.Type)
	}
	out := &genai.Schema{Type: kind, Description: s.Description, Enum: s.Enum, Required: s.Required}
	if s.Enum != nil {
		out.Format = "enum"
	}
	var err error
	if s.Items != nil {
		if out.Items, err = s.Items.gemini(); err != nil {
			return nil, err
		}
	}
	for name, property := range s.Properties {
		if out.Properties == nil {
			out.Properties = make(map[string]*genai.Schema, len(s.Properties))
		}
		if out.Properties[name], err = property.gemini(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
