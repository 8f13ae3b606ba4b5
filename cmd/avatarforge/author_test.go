package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"avatarforge/auth"
	"avatarforge/llm/llmtest"
	"avatarforge/store"
)

const (
	testSecret = "0123456789abcdef0123456789abcdef"
	testKey    = "AIzaSyTestOnly_0123456789-abcdefghijklm"
)

// post sends JSON as a logged-in user and returns the response's status and body.
func (p *program) post(path, body string) (int, string) {
	p.t.Helper()
	tokens, err := auth.NewTokens(testSecret, time.Hour)
	if err != nil {
		p.t.Fatal(err)
	}
	db, err := store.Open(p.t.Context(), store.Config{Dir: p.dataDir})
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	mina, err := db.UpsertUser(p.t.Context(), store.Profile{Provider: "test", Subject: "mina"})
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := tokens.Issue(mina.ID, time.Now())
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", p.address+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

func (p *program) provider(path, body string) string {
	p.t.Helper()
	status, data := p.post(path, body)
	var answer struct{ Provider string }
	if err := json.Unmarshal([]byte(data), &answer); err != nil || status != 200 {
		p.t.Fatalf("%d %s", status, data)
	}
	return answer.Provider
}

func TestANewcomerMakesCharactersUp(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(), "--jwt-secret", testSecret)
	if got := p.provider("/api/ai/generate/story", `{"situation":"새벽 3시, 팀원이 잠만 자고 있다."}`); got != "demo" {
		t.Errorf("the story is by %q", got)
	}
	if got := p.provider("/api/ai/generate/character-details", `{"name":"나루토","category":"애니메이션"}`); got != "demo" {
		t.Errorf("the character is by %q", got)
	}
}

func TestGeminiMakesCharactersUp(t *testing.T) {
	t.Parallel()
	gemini := llmtest.NewGemini(llmtest.GeminiConfig{Key: testKey, Models: []string{"gemini-test"}, PathPrefix: "/google", Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
		return llmtest.GeminiReply{Reply: llmtest.Reply{Text: `{"plot":"당신은 문 앞에 선다."}`}}
	}})
	server := httptest.NewServer(gemini)
	defer server.Close()
	p := launch(t, t.TempDir(), "--jwt-secret", testSecret, "--google-api-key", testKey, "--google-api-model", "gemini-test",
		"--google-safety-threshold", "BLOCK_ONLY_HIGH", "--google-api-endpoint", server.URL+"/google")
	if !strings.Contains(p.printed, "Drafts:  Gemini, model gemini-test") || strings.Contains(p.printed, testKey) {
		t.Errorf("it prints %s", p.printed)
	}
	if got := p.provider("/api/ai/generate/story", `{"situation":"문이 열린다."}`); got != "gemini" {
		t.Errorf("the story is by %q", got)
	}
	var generated []llmtest.Record
	for _, r := range gemini.Records() {
		if strings.Contains(r.Path, ":streamGenerateContent") {
			generated = append(generated, r)
		}
		if strings.Contains(r.Path, testKey) {
			t.Errorf("the key is in a URL: %s", r.Path)
		}
	}
	if len(generated) != 1 || !strings.Contains(string(generated[0].Body), `"threshold":3`) {
		t.Errorf("%d requests: %s", len(generated), generated[0].Body)
	}
	metrics, err := http.Get(p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer metrics.Body.Close()
	if body, _ := io.ReadAll(metrics.Body); !strings.Contains(string(body), `avatarforge_gemini_call_seconds_count{outcome="completed"} 1`) {
		t.Error("the metrics do not know of the call")
	}
}
