package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"avatarforge/demo/reply"
	"avatarforge/demo/voice"
	"avatarforge/llm"
	"avatarforge/llm/llmtest"
	"avatarforge/tts/ttstest"
)

// Model is the name of the demo's model, as GET /api/tags lists it.
const Model = "avatarforge-demo"

const (
	// The model's manner: quick, but at the pace of a real one, so that text is seen
	// to stream and speech to begin before the text has ended.
	firstToken      = 250 * time.Millisecond
	tokensPerSecond = 25
	// schemaTokensPerSecond is for JSON, which nobody reads along: a character takes some
	// seconds.
	schemaTokensPerSecond = 150
	// firstChunk is what a good GPU needs to the first sound.
	firstChunk = 80 * time.Millisecond

	// longestPlain is the longest sentence that a plain voice says.
	longestPlain = 30 * time.Second

	// parallel is how many replies are generated at once. They are nearly free.
	parallel = 32

	readHeaderTimeout = 5 * time.Second
)

// Config says what to run.
type Config struct {
	LLM bool // the model
	TTS bool // the voice

	// Models are further names under which the model answers: a request for the model
	// that is configured must not fail because of its name.
	Models []string
	// ToneOnly leaves espeak-ng alone, so that the sound is the same on every machine.
	ToneOnly bool
	// Unpaced answers as fast as it can, for tests and load runs.
	Unpaced bool
	// Speeds, if not nil, are how fast model and voice are, in place of a good GPU's.
	Speeds *Speeds
	// Plain has the model give the same few replies in turn and the voice a plain tone: both
	// cost next to nothing, so that thousands can be served at Speeds.
	Plain bool
	// Voices is how many synthesis servers there are; zero means one.
	Voices int
	// Log takes what an operator should know; nil means none.
	Log *slog.Logger
}

// Speeds are a model's and a synthesis server's. What is zero takes no time.
type Speeds struct {
	FirstToken      time.Duration
	TokensPerSecond float64
	Parallel        int           // replies generated at once; zero means 32
	FirstChunk      time.Duration // work before the first sound of a sentence
	RealTimeFactor  float64       // seconds of work for a second of sound
}

// speeds are those that are configured.
func (c *Config) speeds() Speeds {
	s := Speeds{FirstToken: firstToken, TokensPerSecond: tokensPerSecond, FirstChunk: firstChunk}
	switch {
	case c.Speeds != nil:
		s = *c.Speeds
	case c.Unpaced:
		s = Speeds{}
	}
	if s.Parallel == 0 {
		s.Parallel = parallel
	}
	return s
}

// Demo is a running demo. Its fields are immutable after Start, the servers' state
// is their own.
type Demo struct {
	servers []*server
	llmURL  string
	ttsURLs []string
	voice   *voice.Speaker
	sounds  []*ttstest.Server

	stop   func() bool // stops watching the context
	ending sync.Once
	err    error // of the ending
}

// server is an HTTP server and the goroutines that work for it.
type server struct {
	http *http.Server
	done chan struct{} // closed when Serve has returned

	mu      sync.Mutex
	closing bool           // no request begins any more
	working sync.WaitGroup // requests under way; Add only under mu and before closing
}

// Start listens on free ports of 127.0.0.1 and returns when requests are answered.
// It ends when ctx does.
func Start(ctx context.Context, cfg Config) (*Demo, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	d := &Demo{}
	if cfg.LLM {
		url, err := d.serve(ctx, model(cfg))
		if err != nil {
			return nil, fmt.Errorf("start the demo model: %w", err)
		}
		d.llmURL = url
		cfg.Log.Info("demo model is up", slog.String("url", d.llmURL))
	}
	if cfg.TTS {
		d.voice = voice.New(voice.Config{ToneOnly: cfg.ToneOnly, Log: cfg.Log})
		for range max(cfg.Voices, 1) {
			sounds := speech(cfg, d.voice)
			d.sounds = append(d.sounds, sounds)
			url, err := d.serve(ctx, sounds)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("start the demo voice: %w", err), d.Close())
			}
			d.ttsURLs = append(d.ttsURLs, url)
		}
		cfg.Log.Info("demo voice is up", slog.Any("urls", d.ttsURLs), slog.String("speaks_with", d.voice.Name()))
	}
	d.stop = context.AfterFunc(ctx, func() { _ = d.end() }) // Close waits for it in end
	return d, nil
}

// serve starts a server for a handler and returns its URL.
func (d *Demo) serve(ctx context.Context, handler http.Handler) (url string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s := &server{done: make(chan struct{})}
	s.http = &http.Server{
		Handler:           s.counted(handler),
		ReadHeaderTimeout: readHeaderTimeout,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	go func() { // Close waits for done
		defer close(s.done)
		_ = s.http.Serve(listener) // ErrServerClosed; a listener on loopback has no other end
	}()
	d.servers = append(d.servers, s)
	return "http://" + listener.Addr().String(), nil
}

// LLMURL is the base URL of the Ollama, "" if Config.LLM was false.
func (d *Demo) LLMURL() string { return d.llmURL }

// TTSURL is the base URL of the GPT-SoVITS, the first of them, "" if Config.TTS was false.
func (d *Demo) TTSURL() string {
	if len(d.ttsURLs) == 0 {
		return ""
	}
	return d.ttsURLs[0]
}

// TTSURLs are those of all, see Config.Voices.
func (d *Demo) TTSURLs() []string { return slices.Clone(d.ttsURLs) }

// SpeaksWith says what makes the sound at present, "espeak-ng" or "tone"; "" without
// a voice.
func (d *Demo) SpeaksWith() string {
	if d.voice == nil {
		return ""
	}
	return d.voice.Name()
}

// Close cuts all connections, ends the servers and returns once nothing of them runs
// any more. It may be called more than once, and returns the same each time.
func (d *Demo) Close() error {
	if d.stop != nil {
		d.stop()
	}
	return d.end()
}

// end is Close without the watch on the context, which calls it too.
func (d *Demo) end() error {
	d.ending.Do(func() {
		for _, s := range d.sounds {
			s.Close() // what is being synthesised ends
		}
		for _, s := range d.servers {
			d.err = errors.Join(d.err, s.close())
		}
	})
	return d.err
}

// counted lets close wait for requests.
func (s *server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.closing {
			s.mu.Unlock()
			panic(http.ErrAbortHandler) // the connection is being cut anyway
		}
		s.working.Add(1)
		s.mu.Unlock()
		defer s.working.Done()
		next.ServeHTTP(w, r)
	})
}

// close cuts the connections, which cancels what runs on them, and waits.
func (s *server) close() error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	err := s.http.Close()
	<-s.done
	s.working.Wait()
	return err
}

// model is an Ollama whose replies are made by rule.
func model(cfg Config) http.Handler {
	models := []llmtest.Model{{Name: Model}}
	for _, name := range cfg.Models {
		if name != "" && name != Model {
			models = append(models, llmtest.Model{Name: name})
		}
	}
	speeds := cfg.speeds()
	pace := llmtest.Pace{FirstToken: speeds.FirstToken, TokensPerSecond: speeds.TokensPerSecond}
	var plain [][]string
	if cfg.Plain {
		plain = plainReplies()
	}
	return llmtest.NewOllama(llmtest.Config{
		Reply: func(req llmtest.ChatRequest) llmtest.Reply {
			if plain != nil && req.Format == nil {
				return llmtest.Reply{Tokens: plain[req.Number%len(plain)]}
			}
			r := answer(req)
			if req.Format != nil && pace.TokensPerSecond > 0 {
				r.Pace = llmtest.Pace{FirstToken: pace.FirstToken, TokensPerSecond: max(schemaTokensPerSecond, pace.TokensPerSecond)}
			}
			return r
		},
		Models:        models,
		Pace:          pace,
		Parallel:      speeds.Parallel,
		DefaultNumCtx: llm.DefaultNumCtx,
		KeepRecords:   -1, // what people say is nobody's business
	})
}

// answer makes a reply out of a request as the server has cut it to its window. The
// seed is the request's number, so that two conversations differ; a temperature of
// zero asks for the same reply each time.
func answer(req llmtest.ChatRequest) llmtest.Reply {
	messages := make([]llm.Message, len(req.Messages))
	for i, m := range req.Messages {
		messages[i] = llm.Message{Role: llm.Role(m.Role), Content: m.Content}
	}
	seed := uint64(req.Number)
	if req.Temperature != nil && *req.Temperature == 0 {
		seed = 0
	}
	text, err := reply.Generate(reply.Request{Messages: messages, Schema: req.Format, Seed: seed, Now: time.Now()})
	if err != nil {
		return llmtest.Reply{Faults: []llmtest.Fault{{Kind: llmtest.FaultError, Message: err.Error()}}}
	}
	return llmtest.Reply{Text: text}
}

// speech is a GPT-SoVITS that speaks with the voice.
func speech(cfg Config, speaker *voice.Speaker) *ttstest.Server {
	speeds := cfg.speeds()
	if cfg.Plain {
		return ttstest.New(ttstest.Config{
			FirstChunkDelay: speeds.FirstChunk, RealTimeFactor: speeds.RealTimeFactor,
			PieceBytes: -1, KeepRecords: 1, Voice: plainVoice(longestPlain),
		})
	}
	return ttstest.New(ttstest.Config{
		FirstChunkDelay: speeds.FirstChunk,
		RealTimeFactor:  speeds.RealTimeFactor,
		PieceBytes:      -1,
		KeepRecords:     1,
		Encode:          encoder(),
		Voice: func(ctx context.Context, s ttstest.Speech) ([]int16, error) {
			return speaker.Say(ctx, voice.Utterance{
				Text: s.Text, Lang: s.Lang, Voice: s.RefAudioPath, Speed: s.SpeedFactor, Rate: s.Rate,
			})
		},
	})
}
