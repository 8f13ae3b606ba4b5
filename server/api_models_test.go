package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/persona"
	"avatarforge/server"
	"avatarforge/store"
)

// having is an LLM server that has those models.
func having(names ...string) func(context.Context) ([]string, error) {
	return func(context.Context) ([]string, error) { return names, nil }
}

type chatModel struct{ ID, Name string }

func chatModels(t *testing.T, s *server.Server) []chatModel {
	t.Helper()
	w := ask(t.Context(), s, "/api/chat/models")
	var got struct {
		Success bool
		Data    struct{ Models []chatModel }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !got.Success {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return got.Data.Models
}

func TestChatModels(t *testing.T) {
	for _, tt := range []struct {
		name     string
		standard string
		have     []string
		want     []chatModel
	}{
		{
			"as the specification prints it", "gemma-3-27b-it", []string{"gemma-3-27b-it", "dolphin-2.9-8b"},
			[]chatModel{{"gemma-3-27b-it", "Gemma 3 27B IT (Default)"}, {"dolphin-2.9-8b", "Dolphin 2.9 8B"}},
		},
		{
			"Ollama's tags", "gemma3", []string{"gemma3:latest", "gemma3:12b"},
			[]chatModel{{"gemma3", "Gemma3 (Default)"}, {"gemma3:12b", "Gemma3 12B"}},
		},
		{
			"vLLM's paths", "unsloth/gemma-3-27b-it-bnb-4bit", []string{"unsloth/gemma-3-27b-it-bnb-4bit"},
			[]chatModel{{"unsloth/gemma-3-27b-it-bnb-4bit", "Gemma 3 27B IT Bnb 4bit (Default)"}},
		},
		{
			"two of one title", "a/x", []string{"a/x", "b/x", "-"},
			[]chatModel{{"a/x", "a/x (Default)"}, {"b/x", "b/x"}, {"-", "-"}},
		},
		{
			"the default is not there", "gone", []string{"llama3.2:3b"},
			[]chatModel{{"llama3.2:3b", "Llama3.2 3B"}},
		},
		{"none is there", "gemma3", nil, []chatModel{{"gemma3", "Gemma3 (Default)"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := server.New(server.Config{DefaultModel: tt.standard, Models: having(tt.have...)})
			if got := chatModels(t, s); !slices.Equal(got, tt.want) {
				t.Errorf("got %v\nwant %v", got, tt.want)
			}
		})
	}
}

func TestChatModelsWithoutAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		var up atomic.Bool
		s := server.New(server.Config{DefaultModel: "gemma3", Models: func(ctx context.Context) ([]string, error) {
			asked.Add(1)
			if up.Load() {
				return []string{"gemma3", "qwen3"}, nil
			}
			<-ctx.Done()
			return nil, errors.New("no answer")
		}})
		begun := time.Now()
		if got := chatModels(t, s); len(got) != 1 || got[0].ID != "gemma3" {
			t.Errorf("while the server cannot say: %v, want the configured model", got)
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("a server that hangs held the list for %v", took)
		}
		up.Store(true)
		if got := chatModels(t, s); len(got) != 1 || asked.Load() != 1 {
			t.Errorf("asked %d times, got %v: the list is kept for 5 s", asked.Load(), got)
		}
		time.Sleep(5 * time.Second)
		if got := chatModels(t, s); len(got) != 2 {
			t.Errorf("once it is back: %v", got)
		}
	})
}

type openAIModel struct {
	ID      string
	Object  string
	Created int64
	OwnedBy string `json:"owned_by"`
	Name    string
}

func TestOpenAIModels(t *testing.T) {
	_, mina, juno := usersOf(t, server.Config{
		DefaultModel: "unsloth/gemma-3-27b", Models: having("unsloth/gemma-3-27b", "qwen3:8b"),
	})
	made := want[object](mina, "POST", "/api/characters", custom, "one's own")
	id := "character:" + made["id"].(string)

	list := func(c *caller) map[string]openAIModel {
		t.Helper()
		status, body := c.call("GET", "/v1/models", "")
		var got struct {
			Object string
			Data   []openAIModel
		}
		if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK || got.Object != "list" {
			t.Fatalf("%d %s", status, body)
		}
		byID := map[string]openAIModel{}
		for _, m := range got.Data {
			if m.Object != "model" || m.Created < 1_700_000_000 || m.OwnedBy == "" || m.Name == "" {
				t.Errorf("a model is %+v", m)
			}
			byID[m.ID] = m
		}
		if len(byID) != len(got.Data) {
			t.Error("some are listed twice")
		}
		return byID
	}
	hers := list(mina)
	for name, owner := range map[string]string{"unsloth/gemma-3-27b": "llm", "qwen3:8b": "llm", "character:hermione": "preset", id: "user"} {
		if m, there := hers[name]; !there || m.OwnedBy != owner {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if _, there := list(juno)[id]; there {
		t.Error("somebody else's character is listed")
	}

	for name, m := range hers {
		// SDKs escape a name's slash; people do not.
		for _, path := range []string{"/v1/models/" + name, "/v1/models/" + url.PathEscape(name)} {
			status, body := mina.call("GET", path, "")
			var got openAIModel
			if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK || got != m {
				t.Errorf("GET %s: %d %s, want %+v", path, status, body, m)
			}
		}
	}
	for _, name := range []string{"gpt-9", "character:nobody", "character:", ""} {
		status, body := mina.call("GET", "/v1/models/"+name, "")
		var got struct{ Error map[string]any }
		if err := json.Unmarshal(body, &got); err != nil || status != http.StatusNotFound || got.Error["code"] != "model_not_found" || got.Error["param"] != "model" {
			t.Errorf("%q: %d %s", name, status, body)
		}
	}
}

// What huma refuses reaches OpenAI's clients in their shape too, with a login needed.
func TestOpenAIModelsNeedALogin(t *testing.T) {
	h := build(t, saying("네."), server.Config{AuthRequired: true})
	for _, path := range []string{"/v1/models", "/v1/models/gpt-9"} {
		resp, body := (&caller{h, t, ""}).send("GET", path, http.Header{}, nil)
		var got struct{ Error map[string]any }
		if err := json.Unmarshal(body, &got); err != nil || resp.StatusCode != http.StatusUnauthorized || got.Error["code"] != "invalid_api_key" {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

// A list that is longer than a page of the store's is whole.
func TestOpenAIModelsOfSomebodyProlific(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	var making sync.WaitGroup
	for i := range 205 {
		making.Go(func() {
			if _, err := h.db.CreateCharacter(t.Context(), store.Anonymous, persona.Character{Name: fmt.Sprint("하나 더 ", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	making.Wait()
	_, body := (&caller{h, t, ""}).call("GET", "/v1/models", "")
	if n := strings.Count(string(body), `"owned_by":"user"`); n != 205 {
		t.Errorf("%d of 205 are listed", n)
	}
}
