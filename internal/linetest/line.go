// Package linetest is the whole line in the process, for tests: simulated LLM and
// synthesis servers that speak their originals' HTTP, the real clients, the scheduler
// and the sessions. Inside a testing/synctest bubble minutes of conversation take no
// time.
package linetest

import (
	"cmp"
	"context"
	"testing"
	"time"

	"avatarforge/configs"
	"avatarforge/internal/memnet"
	"avatarforge/llm"
	"avatarforge/llm/llmtest"
	"avatarforge/persona"
	"avatarforge/session"
	"avatarforge/slots"
	"avatarforge/tts"
	"avatarforge/tts/ttstest"
)

// Config says how the line behaves. The zero value answers at full speed.
type Config struct {
	LLM     llmtest.Config
	TTS     []ttstest.Config // a pool; nil is one server
	Session session.Config
	Slots   slots.Config

	LLMIdleTimeout time.Duration // zero means 30 s

	Characters session.Characters // nil knows the presets
	Owners     *Owners            // nil: it is the only line
	Archive    *Archive           // nil is a new one
	Kept       session.Archive    // where the conversations are kept instead; nil for Archive
	Memories   *Memories          // nil is a new one
	Remembered Remembered         // where memories are kept instead; nil for Memories

	Concurrency int // of the LLM's gate; zero means 16
}

// Remembered keeps summaries and facts.
type Remembered interface {
	session.Summaries
	session.Facts
}

// Line is a running line. Its fields may be used until the test ends.
type Line struct {
	LLM        *llmtest.Ollama
	TTS        []*ttstest.Server
	Registry   *session.Registry
	Slots      *slots.Local
	Speech     *tts.Scheduler
	Voices     *tts.Voices
	Characters *persona.Presets
	Archive    *Archive
	Memories   *Memories
	Gate       *llm.Gate
}

// Start starts a line that stops when the test ends.
func Start(t testing.TB, cfg Config) *Line {
	t.Helper()
	l := &Line{LLM: llmtest.NewOllama(cfg.LLM), Slots: slots.NewLocal(cfg.Slots), Archive: cfg.Archive}
	if l.Archive == nil {
		l.Archive = NewArchive()
	}
	if cfg.Kept == nil {
		cfg.Kept = l.Archive
	}
	if l.Memories = cfg.Memories; l.Memories == nil {
		l.Memories = NewMemories()
	}
	if cfg.Remembered == nil {
		cfg.Remembered = l.Memories
	}

	brain := memnet.Serve(l.LLM)
	model, err := llm.NewOllama(llm.OllamaConfig{
		BaseURL: memnet.URL, Model: llmtest.DefaultModel, NumCtx: cfg.Session.ContextSize,
		IdleTimeout: cfg.LLMIdleTimeout, Transport: brain.Client().Transport,
	})
	must(t, err)

	if cfg.TTS == nil {
		cfg.TTS = []ttstest.Config{{}}
	}
	var synthesizers []tts.Synthesizer
	var mouths []*memnet.Server
	for _, c := range cfg.TTS {
		server := ttstest.New(c)
		mouth := memnet.Serve(server)
		client, err := tts.NewSoVITS(tts.SoVITSConfig{BaseURL: memnet.URL, HTTPClient: mouth.Client()})
		must(t, err)
		l.TTS, mouths, synthesizers = append(l.TTS, server), append(mouths, mouth), append(synthesizers, client)
	}
	l.Speech = tts.NewScheduler(tts.SchedulerConfig{}, synthesizers...)

	l.Voices, err = tts.NewVoices(configs.Files(), "voices.json", nil)
	must(t, err)
	l.Characters, err = persona.NewPresets(configs.Characters(), nil)
	must(t, err)
	tokens, err := llm.NewCounter()
	must(t, err)
	if cfg.Characters == nil {
		cfg.Characters = l.Characters
	}

	if cfg.Session.Model == "" {
		cfg.Session.Model = llmtest.DefaultModel
	}
	l.Gate = llm.NewGate(llm.NewBreaker(model), cmp.Or(cfg.Concurrency, 16))
	var owners session.Owners
	if cfg.Owners != nil {
		owners = cfg.Owners
	}
	l.Registry = session.NewRegistry(cfg.Session, session.Upstreams{
		LLM: l.Gate, Speech: l.Speech, Voices: l.Voices, Characters: cfg.Characters, Tokens: tokens,
		Owners: owners, Archive: cfg.Kept, Summaries: cfg.Remembered, Facts: cfg.Remembered, Windows: llm.NewWindows(model),
	}, l.Slots)

	t.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		l.Registry.Close(gone)
		if err := l.Speech.Close(context.Background()); err != nil {
			t.Errorf("close the scheduler: %v", err)
		}
		model.Close()
		brain.Close()
		for i := range mouths {
			l.TTS[i].Close()
			mouths[i].Close()
		}
	})
	return l
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
