package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"avatarforge/llm/llmtest"
)

// Which model replies where Ollama does not have the one that is configured.
func TestModelIsNotInstalled(t *testing.T) {
	t.Parallel()
	embeds := llmtest.Model{Name: "nomic-embed-text", Embedding: true}
	for name, tt := range map[string]struct {
		models  []llmtest.Model
		args    []string
		replies string   // empty: nobody
		said    []string // at start
	}{
		"the default is there": {[]llmtest.Model{{Name: "other"}, {Name: "gemma-3-27b-it"}}, nil, "gemma-3-27b-it", nil},
		"another is":           {[]llmtest.Model{embeds, {Name: "gemma3:12b"}, {Name: "qwen3:8b"}}, nil, "gemma3:12b", []string{"MODEL gemma3:12b", "gemma-3-27b-it", "qwen3:8b"}},
		"one was chosen": {
			[]llmtest.Model{{Name: "gemma3:12b"}}, []string{"--llm-model", "qwen3:8b"}, "",
			[]string{"WITHOUT ITS MODEL", "`ollama pull qwen3:8b`", "one of gemma3:12b"},
		},
		"the default was chosen": {
			[]llmtest.Model{{Name: "gemma3:12b"}}, []string{"--llm-model", "gemma-3-27b-it"}, "", []string{"WITHOUT ITS MODEL"},
		},
		"none can converse": {[]llmtest.Model{embeds}, nil, "", []string{"HAS NO MODEL", "`ollama pull "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ollama := llmtest.NewOllama(llmtest.Config{Models: tt.models, KeepRecords: 100})
			server := httptest.NewServer(ollama)
			defer server.Close()
			p := launch(t, t.TempDir(), append([]string{"--llm-service", "auto", "--ollama-base-url", server.URL}, tt.args...)...)
			defer p.end()
			for _, word := range tt.said {
				if !strings.Contains(p.printed, word) {
					t.Errorf("the operator is not told %q: %s", word, p.printed)
				}
			}
			if len(tt.said) == 0 && strings.Contains(p.printed, "MODEL") {
				t.Errorf("all is well, and the operator is told %s", p.printed)
			}
			// As the specification's example asks, and as who leaves the model to us.
			for _, body := range []string{
				`{"messages":[{"role":"user","content":"안녕하세요!"}],"model":"gemma-3-27b-it","tts_enabled":false}`,
				`{"messages":[{"role":"user","content":"안녕하세요!"}],"tts_enabled":false}`,
			} {
				resp, err := http.Post(p.address+"/api/chat", "application/json", strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				data, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if ok := resp.StatusCode == 200; err != nil || ok != (tt.replies != "") {
					t.Errorf("%s was answered %d: %s, %v", body, resp.StatusCode, data, err)
				}
			}
			if tt.replies == "" {
				return
			}
			resp, err := http.Get(p.address + "/api/chat/models")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var list struct {
				Data struct{ Models []struct{ ID, Name string } }
			}
			if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || len(list.Data.Models) == 0 {
				t.Fatal(err)
			}
			if first := list.Data.Models[0]; first.ID != tt.replies || !strings.HasSuffix(first.Name, "(Default)") {
				t.Errorf("the default is %+v, want %s", first, tt.replies)
			}
		})
	}
}
