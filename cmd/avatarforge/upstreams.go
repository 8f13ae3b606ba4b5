package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"avatarforge/demo"
	"avatarforge/llm"
	"avatarforge/realtime"
	"avatarforge/server"
	"avatarforge/tts"
)

// probeTimeout is how long a server has to answer before the built-in demo takes its
// place: long enough for one across the house, short enough not to be taken for a hang.
const probeTimeout = 2 * time.Second

// upstreams are the servers that write and speak, found or started.
type upstreams struct {
	llm    llmServer
	model  *llm.Gate // in front of llm, with a llm.Breaker between
	voices []*tts.SoVITS
	speech *tts.Scheduler // in front of voices
	tokens *llm.Counter
	demo   *demo.Demo // nil where both servers are real

	author server.Author
	gemini *llm.Gemini // nil without a key

	llmDemo, ttsDemo bool
	llmName, ttsName string // as the operator knows them
	llmModel         string // the one that replies, as the server calls it
	llmNotice        string // what is wrong with it; empty for nothing
	authorName       string // empty: it is the LLM

	warming sync.WaitGroup
	cool    context.CancelFunc // ends the warm-up
	closers []func() error
}

// llmServer is an LLM client of either kind, as the start needs it.
type llmServer interface {
	llm.Model
	WarmUp(ctx context.Context) error
	Probe(ctx context.Context) (version string, err error)
	Models(ctx context.Context) ([]string, error)
	ContextLength(ctx context.Context, model string) (int, error)
	Close()
}

// connect finds the servers that the configuration names, or starts the demo in their
// place where it says auto. The real ones are shared with the other instances.
func connect(ctx context.Context, cfg *Config, common *shared, metrics prometheus.Registerer, log *slog.Logger) (*upstreams, error) {
	tokens, err := llm.NewCounter()
	if err != nil {
		return nil, fmt.Errorf("build the token counter: %w", err)
	}
	u := &upstreams{tokens: tokens, llmModel: cfg.LLM.Model}

	if u.llm, err = u.findLLM(ctx, &cfg.LLM, log); err != nil {
		return nil, err
	}
	if u.voices, err = u.findTTS(ctx, &cfg.TTS, log); err != nil {
		return nil, err
	}
	if u.llmDemo || u.ttsDemo {
		// It answers until it is closed, also while the server is draining.
		u.demo, err = demo.Start(context.WithoutCancel(ctx), demo.Config{LLM: u.llmDemo, TTS: u.ttsDemo, Models: []string{cfg.LLM.Model}, Log: log})
		if err != nil {
			return nil, fmt.Errorf("start the built-in demo: %w", err)
		}
		u.closers = append(u.closers, u.demo.Close)
		if u.llmDemo {
			if u.llm, err = newOllama(&cfg.LLM, u.demo.LLMURL(), log); err != nil {
				return nil, err
			}
		}
		if u.ttsDemo {
			voice, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: u.demo.TTSURL(), Timeout: cfg.TTS.Timeout, Log: log})
			if err != nil {
				return nil, err
			}
			u.voices = []*tts.SoVITS{voice}
		}
	}
	u.closers = append(u.closers, func() error { u.llm.Close(); return nil })
	u.model = llm.NewGate(llm.NewBreaker(u.llm), cfg.LLM.Concurrency)
	if err := u.findAuthor(cfg, metrics, log); err != nil {
		return nil, err
	}
	synthesizers := make([]tts.Synthesizer, len(u.voices))
	for i, v := range u.voices {
		synthesizers[i] = v
	}
	speech := tts.SchedulerConfig{Concurrency: cfg.TTS.Concurrency, Log: log}
	if !u.ttsDemo {
		speech.Lease = common.lease(cfg.TTS.BaseURLs, cfg.TTS.Concurrency)
	}
	u.speech = tts.NewScheduler(speech, synthesizers...)
	u.warmUp(log)
	return u, nil
}

// findLLM makes the client of the server that is to write; nil where that is the demo.
func (u *upstreams) findLLM(ctx context.Context, cfg *LLMConfig, log *slog.Logger) (llmServer, error) {
	switch cfg.Service {
	case llmDemo:
		u.llmDemo = true
		return nil, nil //nolint:nilnil // the demo's address is not known yet
	case llmVLLM:
		u.llmName = "vLLM at " + maskURL(cfg.VLLMBaseURL)
		return llm.NewVLLM(llm.VLLMConfig{
			BaseURL: cfg.VLLMBaseURL, Model: cfg.Model,
			FirstTokenTimeout: cfg.FirstTokenTimeout, IdleTimeout: cfg.IdleTimeout,
		})
	case llmOllama, llmAuto:
	}
	u.llmName = "Ollama at " + maskURL(cfg.OllamaBaseURL)
	server, err := newOllama(cfg, cfg.OllamaBaseURL, log)
	if err != nil {
		return nil, err
	}
	probe, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if _, err := server.Probe(probe); err != nil {
		if cfg.Service == llmOllama {
			return server, nil // it is waited for
		}
		log.Warn("no Ollama answers: the built-in demo model replies", slog.String("ollama_base_url", maskURL(cfg.OllamaBaseURL)), slog.Any("error", err))
		server.Close()
		u.llmDemo = true
		return nil, nil //nolint:nilnil // as above
	}
	return u.withModel(probe, cfg, server, log)
}

func newOllama(cfg *LLMConfig, url string, log *slog.Logger) (*llm.Ollama, error) {
	return llm.NewOllama(ollamaConfig(cfg, url, log))
}

func ollamaConfig(cfg *LLMConfig, url string, log *slog.Logger) llm.OllamaConfig {
	return llm.OllamaConfig{
		BaseURL: url, Model: cfg.Model, NumCtx: cfg.NumCtx,
		FirstTokenTimeout: cfg.FirstTokenTimeout, IdleTimeout: cfg.IdleTimeout, Log: log,
	}
}

// findTTS makes the clients of the servers that are to speak; none where that is the
// demo. auto takes the demo only where none of them answers.
func (u *upstreams) findTTS(ctx context.Context, cfg *TTSConfig, log *slog.Logger) ([]*tts.SoVITS, error) {
	if cfg.Service == ttsDemo {
		u.ttsDemo = true
		return nil, nil
	}
	var servers []*tts.SoVITS
	answered := make([]bool, len(cfg.BaseURLs))
	var probes sync.WaitGroup
	probe, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	for i, url := range cfg.BaseURLs {
		server, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: url, APIPath: cfg.APIPath, Timeout: cfg.Timeout, Log: log})
		if err != nil {
			return nil, fmt.Errorf("TTS_BASE_URL %s: %w", url, err)
		}
		servers = append(servers, server)
		if cfg.Service == ttsAuto {
			probes.Go(func() { answered[i] = server.Probe(probe) == nil })
		}
	}
	probes.Wait()
	u.ttsName = "GPT-SoVITS at " + maskURLs(cfg.BaseURLs, ", ")
	if cfg.Service != ttsAuto {
		return servers, nil
	}
	for _, ok := range answered {
		if ok {
			return servers, nil
		}
	}
	log.Warn("no GPT-SoVITS answers: the built-in demo voice speaks", slog.String("tts_base_url", maskURLs(cfg.BaseURLs, ",")))
	u.ttsDemo = true
	return nil, nil
}

// warmUp loads the model before the first listener needs it.
func (u *upstreams) warmUp(log *slog.Logger) {
	ctx, cool := context.WithCancel(context.Background())
	u.cool = cool
	u.warming.Go(func() {
		if err := u.llm.WarmUp(ctx); err != nil && !errors.Is(err, context.Canceled) {
			log.Warn("the model could not be warmed up; replies will fail until this is mended", slog.Any("error", err))
		}
	})
	if u.gemini != nil {
		u.warming.Go(func() {
			if err := u.gemini.WarmUp(ctx); err != nil && !errors.Is(err, context.Canceled) {
				log.Warn("Gemini does not answer; characters cannot be made up until this is mended", slog.Any("error", err))
			}
		})
	}
}

// demoNotice is what clients are told about stand-ins; nil where there are none.
func (u *upstreams) demoNotice() *realtime.Demo {
	if !u.llmDemo && !u.ttsDemo {
		return nil
	}
	return &realtime.Demo{LLM: u.llmDemo, TTS: u.ttsDemo}
}

// notices are what the operator is told at start.
func (u *upstreams) notices() []string {
	model, voice := "Replies: "+u.llmName+u.llmNotice, "Speech:  "+u.ttsName
	if u.llmDemo {
		model = "Replies: THE BUILT-IN DEMO MODEL. Start Ollama, or set OLLAMA_BASE_URL, and start again."
	}
	if u.ttsDemo {
		voice = "Speech:  THE BUILT-IN DEMO VOICE. Start GPT-SoVITS, or set TTS_BASE_URL, and start again."
	}
	lines := []string{model, voice}
	if u.authorName != "" {
		lines = append(lines, "Drafts:  "+u.authorName)
	}
	return lines
}

// register shows the queues in front of the servers as metrics.
func (u *upstreams) register(reg prometheus.Registerer) {
	gauge := func(name, help string, value func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("avatarforge_llm_running", "Generations under way.", func() float64 { return float64(u.model.Stats().Running) })
	gauge("avatarforge_llm_waiting", "Generations that wait for LLM_CONCURRENCY.", func() float64 { return float64(u.model.Stats().Waiting) })
	gauge("avatarforge_tts_running", "Syntheses under way.", func() float64 { return float64(u.speech.Stats().InFlight) })
	gauge("avatarforge_tts_waiting", "Sentences that wait for a synthesis server.", func() float64 { return float64(u.speech.Stats().Waiting) })
}

// close gives everything up. No session may use it any more.
func (u *upstreams) close() {
	u.cool()
	u.warming.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	u.speech.Close(ctx)
	for _, c := range u.closers {
		c() //nolint:errcheck // it is being given up
	}
}
