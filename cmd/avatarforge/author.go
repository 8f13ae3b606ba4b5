package main

import (
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"avatarforge/llm"
	"avatarforge/server"
)

// Who makes characters up, in answers.
const (
	providerGemini = "gemini"
	providerOllama = "ollama"
	providerVLLM   = "vllm"
	providerDemo   = "demo"
)

// findAuthor makes Gemini the author where there is a key for it, else the model that
// replies, behind the same gate as its replies.
func (u *upstreams) findAuthor(cfg *Config, metrics prometheus.Registerer, log *slog.Logger) (err error) {
	u.author = server.Author{Model: u.model, Provider: providerOllama}
	switch {
	case u.llmDemo:
		u.author.Provider = providerDemo
	case cfg.LLM.Service == llmVLLM:
		u.author.Provider = providerVLLM
	}
	if cfg.Gemini.APIKey == "" {
		return nil
	}
	u.gemini, err = llm.NewGemini(llm.GeminiConfig{
		APIKey: string(cfg.Gemini.APIKey), Model: cfg.Gemini.Model, Endpoint: cfg.Gemini.Endpoint,
		Safety: llm.Safety(cfg.Gemini.SafetyThreshold), Metrics: metrics, Log: log,
	})
	if err != nil {
		return fmt.Errorf("%w; see GOOGLE_API_KEY, GOOGLE_API_ENDPOINT", err)
	}
	u.closers = append(u.closers, func() error { u.gemini.Close(); return nil })
	u.author = server.Author{Model: u.gemini, Provider: providerGemini}
	u.authorName = "Gemini, model " + cfg.Gemini.Model
	return nil
}
