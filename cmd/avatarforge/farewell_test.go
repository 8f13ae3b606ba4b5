package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/llm/llmtest"
)

// What a character learns of a conversation that ends just before the server does, or with it,
// it learns when the server is there again.
func TestFactsOutliveTheServer(t *testing.T) {
	model := httptest.NewServer(llmtest.NewOllama(llmtest.Config{Reply: func(req llmtest.ChatRequest) llmtest.Reply {
		said := req.Last("user")
		switch {
		case !strings.Contains(string(req.Format), `"facts"`):
			return llmtest.Reply{Text: "그래, 알겠어."}
		case strings.Contains(said, "귤"):
			return llmtest.Reply{Text: `{"facts":[{"kind":"like","fact":"사용자는 귤을 좋아한다.","replaces":0}]}`}
		case strings.Contains(said, "시험"):
			return llmtest.Reply{Text: `{"facts":[{"kind":"event","fact":"사용자는 내일 시험을 본다.","replaces":0}]}`}
		}
		return llmtest.Reply{Text: `{"facts":[]}`}
	}}))
	t.Cleanup(model.Close)
	dir := t.TempDir()
	start := func() *program {
		return launch(t, dir, "--llm-service", "ollama", "--ollama-base-url", model.URL, "--llm-model", llmtest.DefaultModel, "--drain-timeout", "5s")
	}
	p := start()
	over, open := p.dial(nil), p.dial(nil)
	p.tell(over, saying("난 귤이 좋아."), `{"type":"response.create"}`)
	p.tell(open, saying("내일 시험이야."), `{"type":"response.create"}`)
	over.Close(websocket.StatusNormalClosure, "") // its session ends, and waits for whoever comes back
	p.end()

	p = start()
	var facts struct {
		Data struct{ Facts []struct{ Text string } }
	}
	for until := time.Now().Add(time.Minute); len(facts.Data.Facts) < 2; time.Sleep(50 * time.Millisecond) {
		if status := p.ask("GET", "/api/facts?character_id=hermione", "", &facts); status != 200 {
			t.Fatalf("the facts: %d", status)
		}
		if time.Now().After(until) {
			t.Fatalf("of two conversations that the server's end has cut off it knows %+v", facts.Data.Facts)
		}
	}
	p.end()

	// It is made up for once.
	p = start()
	time.Sleep(500 * time.Millisecond)
	if status := p.ask("GET", "/api/facts?character_id=hermione", "", &facts); status != 200 || len(facts.Data.Facts) != 2 {
		t.Errorf("%d, %+v: want the same two facts", status, facts.Data.Facts)
	}
}
