package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
	t.Parallel()
	up := func(h http.Handler) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	ollama := up(llmtest.NewOllama(llmtest.Config{Models: []llmtest.Model{{Name: "gemma3:latest"}}}))
	sounds := ttstest.New(ttstest.Config{})
	t.Cleanup(sounds.Close)
	sovits := up(sounds)
	const gone = "http://127.0.0.1:1" // a port that no other test can get

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
			[]string{"--llm-service", "ollama", "--ollama-base-url", ollama, "--llm-model", "qwen3", "--tts-service", "gpt-sovits", "--tts-base-url", sovits + "," + gone},
			"degraded", "degraded",
		},
		{
			"both gone",
			[]string{"--llm-service", "vllm", "--vllm-base-url", gone, "--tts-service", "gpt-sovits", "--tts-base-url", gone},
			"unhealthy", "unhealthy",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
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

// A synthesis server at work answers nothing else. It is well all the same, also after a
// sentence that could not be spoken.
func TestHealthOfABusyVoice(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan struct{}, 8), make(chan struct{})
	sounds := ttstest.New(ttstest.Config{
		Faults: []ttstest.Rule{{Text: "침묵", Fault: ttstest.Fault{Kind: ttstest.FaultSilence}}},
		Voice: func(ctx context.Context, s ttstest.Speech) ([]int16, error) {
			if strings.Contains(s.Text, "침묵") {
				return ttstest.Tone(ctx, s)
			}
			begun <- struct{}{}
			select {
			case <-goOn:
			case <-ctx.Done():
			}
			return ttstest.Tone(ctx, s)
		},
	})
	defer sounds.Close()
	far := httptest.NewServer(sounds)
	defer far.Close()
	p := launch(t, t.TempDir(), "--tts-service", "gpt-sovits", "--tts-base-url", far.URL)
	speak := func(text string) int {
		resp, err := http.Post(p.address+"/api/tts", "application/json", strings.NewReader(`{"text":"`+text+`"}`))
		if err != nil {
			t.Error(err)
			return 0
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := speak("침묵은 금이라고 합니다."); status != http.StatusBadGateway {
		t.Fatalf("a sentence that comes back silent: %d", status)
	}
	var speaking sync.WaitGroup
	speaking.Go(func() {
		if status := speak("안녕하세요, 반갑습니다."); status != http.StatusOK {
			t.Errorf("the next sentence: %d", status)
		}
	})
	<-begun
	if got := p.health(); got["tts"] != "healthy" {
		t.Errorf("at work: tts is %s", got["tts"])
	}
	close(goOn)
	speaking.Wait()
}
