package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"avatarforge/server"
	"avatarforge/tts"
)

// probes look how the servers that write and speak are.
func (u *upstreams) probes() map[server.Part]server.Probe {
	return map[server.Part]server.Probe{
		server.PartLLM: u.probeLLM,
		server.PartTTS: u.probeTTS,
	}
}

// probeLLM asks the LLM server whether it is there and has the model: without it every
// reply fails that names no other.
func (u *upstreams) probeLLM(ctx context.Context) error {
	if _, err := u.llm.Probe(ctx); err != nil {
		return err
	}
	names, err := u.llm.Models(ctx)
	if err != nil {
		return err
	}
	// The configured model comes first; Ollama lists one without a tag as the latest.
	if len(names) == 0 || names[0] != u.llmModel && names[0] != u.llmModel+":latest" {
		return fmt.Errorf("%w: it does not have the model %q", server.ErrDegraded, u.llmModel)
	}
	return nil
}

// probeTTS asks all synthesis servers at once. One that answers, but that the scheduler
// lets rest since it failed again and again, is as one that does not.
func (u *upstreams) probeTTS(ctx context.Context) error {
	failures := make([]error, len(u.voices))
	var all sync.WaitGroup
	for i, v := range u.voices {
		all.Go(func() {
			if err := v.Probe(ctx); !ofASentence(err) {
				failures[i] = err
			}
		})
	}
	all.Wait()
	failed := 0
	for i, s := range u.speech.Stats().Servers {
		if failures[i] == nil && !s.RestUntil.IsZero() {
			failures[i] = fmt.Errorf("it has failed %d sentences in a row", s.FailuresInARow)
		}
		if failures[i] != nil {
			failed++
		}
	}
	err := errors.Join(failures...)
	if failed > 0 && failed < len(failures) {
		return fmt.Errorf("%w: %w", server.ErrDegraded, err)
	}
	return err
}

// ofASentence says whether a failure may be due to what was to be spoken: a server that is
// busy answers no probe and tells of its last synthesis instead. Servers with which that
// goes wrong again and again are let rest.
func ofASentence(err error) bool {
	var failure *tts.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Kind {
	case tts.ErrorSilent, tts.ErrorImplausible, tts.ErrorTruncated:
		return true
	default:
		return false
	}
}
