package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"avatarforge/llm/llmtest"
	"avatarforge/tts/ttstest"
)

// health asks the program how it is.
func (p *program) health() map[string]string {
	p.t.Helper()
	resp, err := http.Get(p.address + "/api/health")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Success bool
		Data    map[string]string
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK || !answer.Success {
		p.t.Fatalf("GET /api/health: %d %v %+v", resp.StatusCode, err, answer)
	}
	return answer.Data
}

func TestHealthOfUpstreams(t *testing.T) {
	up := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	ollama := up(llmtest.NewOllama(llmtest.Config{Models: []llmtest.Model{{Name: "gemma3:latest"}}}))
	sounds := ttstest.New(ttstest.Config{})
	t.Cleanup(sounds.Close)
	sovits := up(sounds)
	gone := httptest.NewServer(nil)
	gone.Close()

	for _, tt := range []struct {
		name     string
		args     []string
		llm, tts string
	}{
		{"the demo", nil, "healthy", "healthy"},
		{
			"both there",
			[]string{"--llm-service", "ollama", "--ollama-base-url", ollama, "--llm-model", "gemma3", "--tts-service", "gpt-sovits", "--tts-base-url", sovits},
			"healthy", "healthy",
		},
		{
			"the model missing, one of two voices gone",
			[]string{"--llm-service", "ollama", "--ollama-base-url", ollama, "--llm-model", "qwen3", "--tts-service", "gpt-sovits", "--tts-base-url", sovits + "," + gone.URL},
			"degraded", "degraded",
		},
		{
			"both gone",
			[]string{"--llm-service", "vllm", "--vllm-base-url", gone.URL, "--tts-service", "gpt-sovits", "--tts-base-url", gone.URL},
			"unhealthy", "unhealthy",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := launch(t, t.TempDir(), tt.args...).health()
			if got["llm"] != tt.llm || got["tts"] != tt.tts {
				t.Errorf("llm %s, tts %s; want %s, %s", got["llm"], got["tts"], tt.llm, tt.tts)
			}
			if got["backend"] != "healthy" || got["database"] != "healthy" || got["gen3d"] != "disabled" || got["redis"] != "disabled" {
				t.Errorf("got %v", got)
			}
		})
	}
}
