package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"avatarforge/llm"
)

// withModel looks whether the Ollama has the model that is to reply. The default's name
// is the specification's and not one that Ollama's library knows, so that hardly any
// server has it: while nobody has chosen a model, the first that is installed and can
// hold a conversation takes its place. What somebody has chosen is waited for.
func (u *upstreams) withModel(ctx context.Context, cfg *LLMConfig, server *llm.Ollama, log *slog.Logger) (*llm.Ollama, error) {
	installed, err := server.Models(ctx)
	if err != nil || slices.Contains(installed, cfg.Model) || slices.Contains(installed, cfg.Model+":latest") {
		return server, nil //nolint:nilerr // it answers, and will say more when it is asked for a reply
	}
	able := conversing(ctx, server, installed)
	choice := "There is none that could reply instead."
	if len(able) > 0 {
		choice = "LLM_MODEL can be one of " + strings.Join(able, ", ") + "."
	}
	switch {
	case cfg.ModelChosen:
		u.llmNotice = fmt.Sprintf(", WITHOUT ITS MODEL. Run `ollama pull %s` there. %s", cfg.Model, choice)
		log.Warn("the model is not installed: replies will fail", slog.String("llm_model", cfg.Model), slog.Any("installed", able), slog.String("do", "ollama pull "+cfg.Model))
		return server, nil
	case len(able) == 0:
		u.llmNotice = ", WHICH HAS NO MODEL. Run `ollama pull gemma3:12b` there, or what else fits into its memory, and start again."
		log.Warn("no model is installed: replies will fail", slog.String("llm_model", cfg.Model), slog.String("do", "ollama pull gemma3:12b"))
		return server, nil
	}
	u.llmModel = able[0]
	u.llmNotice = fmt.Sprintf(", MODEL %s, since it does not have %s. %s", able[0], cfg.Model, choice)
	log.Warn("the default model is not installed: another replies in its place", slog.String("llm_model", cfg.Model), slog.String("replies", able[0]), slog.Any("installed", able))
	server.Close()
	other := ollamaConfig(cfg, cfg.OllamaBaseURL, log)
	other.Model, other.StandsFor = able[0], cfg.Model
	return llm.NewOllama(other)
}

// conversing are those of the models that can hold a conversation, as far as the server
// says so in time.
func conversing(ctx context.Context, server *llm.Ollama, models []string) []string {
	var able []string
	for _, name := range models {
		if ok, err := server.Converses(ctx, name); ok || err != nil {
			able = append(able, name)
		}
	}
	return able
}
