package llmtest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"avatarforge/internal/memnet"
	"avatarforge/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client speaks raw HTTP to a server, so that what is tested is what is on the wire.
type client struct {
	t    *testing.T
	http *http.Client
}

func connect(t *testing.T, h http.Handler) *client {
	server := memnet.Serve(h)
	t.Cleanup(server.Close)
	return &client{t: t, http: server.Client()}
}

func (c *client) request(ctx context.Context, method, path, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, memnet.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	return c.http.Do(req)
}

// answer is one request's whole answer.
type answer struct {
	status  int
	kind    string // of the content
	body    string
	headers time.Duration // until they came
	err     error         // of reading the body
}

func (c *client) do(method, path, body string) answer {
	c.t.Helper()
	begun := time.Now()
	resp, err := c.request(c.t.Context(), method, path, body)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, kind: resp.Header.Get("Content-Type"), headers: time.Since(begun)}
	text, err := io.ReadAll(resp.Body)
	a.body, a.err = string(text), err
	return a
}

func (c *client) chat(body string) answer { return c.do("POST", "/api/chat", body) }

// hello is a request; the fields given are added.
func hello(fields ...string) string {
	return `{"model":"gemma-3-27b-it","messages":[{"role":"user","content":"안녕"}]` + strings.Join(append([]string{""}, fields...), ",") + `}`
}

// line is a line of /api/chat.
type line struct {
	Model   string `json:"model"`
	Message *struct {
		Role     string  `json:"role"`
		Content  *string `json:"content"`
		Thinking string  `json:"thinking"`
	} `json:"message"`
	Done       bool   `json:"done"`
	DoneReason string `json:"done_reason"`
	Prompt     int    `json:"prompt_eval_count"`
	Eval       int    `json:"eval_count"`
	Load       int64  `json:"load_duration"`
	Error      string `json:"error"`
}

func lines(t *testing.T, body string) (all []line, text string) {
	t.Helper()
	scanner := bufio.NewScanner(strings.NewReader(body))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			t.Fatalf("every line is a JSON object: %v in %q", err, scanner.Text())
		}
		if l.Message != nil {
			text += *l.Message.Content
		}
		all = append(all, l)
	}
	return all, text
}

func want[T comparable](t *testing.T, why string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s:\n got %v\nwant %v", why, got, wanted)
	}
}

func wantIn(t *testing.T, why, got, part string) {
	t.Helper()
	if !strings.Contains(got, part) {
		t.Errorf("%s:\n got %s\nwant %s in it", why, got, part)
	}
}

// bubble runs a test on simulated time.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func reply(r llmtest.Reply) func(llmtest.ChatRequest) llmtest.Reply {
	return func(llmtest.ChatRequest) llmtest.Reply { return r }
}

func TestOllamaStream(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{Reply: reply(llmtest.Reply{
			Tokens: []string{"안", "녕", " <3\n"},
			Pace:   llmtest.Pace{FirstToken: 2 * time.Second, TokensPerSecond: 10},
		})}))
		begun := time.Now()
		a := c.chat(hello())
		want(t, "status", a.status, 200)
		want(t, "the content's type", a.kind, "application/x-ndjson")
		want(t, "the headers wait for the first token", a.headers, 2*time.Second)
		want(t, "the tokens keep their pace", time.Since(begun), 2200*time.Millisecond)
		all, text := lines(t, a.body)
		want(t, "a line a token, and one for the end", len(all), 4)
		want(t, "the text", text, "안녕 <3\n")
		wantIn(t, "signs of HTML are escaped, as Go does", a.body, ` \u003c3\n`)
		end := all[3]
		want(t, "only the last line is done", !all[2].Done && end.Done, true)
		want(t, "why it ended", end.DoneReason, "stop")
		want(t, "tokens are counted", end.Eval, 3)
		want(t, "the prompt is counted, with the template's tokens", end.Prompt, 1+1+4)
		wantIn(t, "durations are in nanoseconds", a.body, `"prompt_eval_duration":2000000000`)
		if strings.Contains(a.body, "load_duration") {
			t.Error("a metric of zero is left out")
		}
	})
}

func TestOllamaQueuesWithoutASign(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := llmtest.NewOllama(llmtest.Config{
			MaxQueue: 2, // counts for loading alone
			Reply:    reply(llmtest.Reply{Text: "네", Pace: llmtest.Pace{FirstToken: time.Second}}),
		})
		c := connect(t, server)
		want(t, "the model is loaded", c.chat(`{"model":"gemma-3-27b-it","messages":[]}`).status, 200)
		const n = 8
		answers := make(chan answer, n)
		for range n {
			go func() { answers <- c.chat(hello()) }()
		}
		for i := range n {
			a := <-answers
			want(t, "a warm server never says 503", a.status, 200)
			want(t, "one slot: each waits for those before it, its headers too", a.headers, time.Duration(i+1)*time.Second)
		}
	})
}

func TestOllamaIsBusyOnlyWhileItLoads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{MaxQueue: 2, LoadDelay: time.Minute, Parallel: 4}))
		answers := make(chan answer, 3)
		for range 3 {
			go func() { answers <- c.chat(hello()) }()
			synctest.Wait()
		}
		refused := <-answers
		want(t, "the third finds the queue full", refused.status, 503)
		want(t, "at once", refused.headers, 0)
		wantIn(t, "in Ollama's words, with two spaces", refused.body, `"server busy, please try again.  maximum pending requests exceeded"`)
		for range 2 {
			a := <-answers
			want(t, "the others wait for the model", a.headers, time.Minute)
			want(t, "and get their reply", a.status, 200)
		}
	})
}

func TestOllamaReloadsForAnotherWindow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{
			LoadDelay: 10 * time.Second,
			Models:    []llmtest.Model{{Name: "gemma-3-27b-it", ContextLength: 16_384}},
		}))
		for i, step := range []struct {
			options string
			takes   time.Duration
			window  int
		}{
			{`"options":{"num_ctx":8192}`, 10 * time.Second, 8192},
			{`"options":{"num_ctx":8192,"temperature":1}`, 0, 8192},
			{`"think":false`, 10 * time.Second, 4096}, // the server's default
			{`"options":{"num_ctx":1000000}`, 10 * time.Second, 16_384},
		} {
			a := c.chat(hello(step.options))
			want(t, fmt.Sprintf("step %d: another window is another load", i), a.headers, step.takes)
			ps := c.do("GET", "/api/ps", "")
			wantIn(t, fmt.Sprintf("step %d: /api/ps tells what is allocated", i), ps.body, fmt.Sprintf(`"context_length":%d`, step.window))
		}
	})
}

func TestOllamaReloadWaitsForTheRunningReply(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{
			LoadDelay: time.Second,
			Reply:     reply(llmtest.Reply{Text: "네", Pace: llmtest.Pace{FirstToken: 10 * time.Second}}),
		}))
		first := make(chan answer)
		go func() { first <- c.chat(hello()) }()
		time.Sleep(2 * time.Second)
		begun := time.Now()
		c.chat(hello(`"options":{"num_ctx":2048}`))
		want(t, "9 s for the other's reply, 1 s to load, 10 s for its own", time.Since(begun), 20*time.Second)
		want(t, "the other one is not harmed", (<-first).status, 200)
	})
}

func TestOllamaKeepAlive(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{LoadDelay: time.Second}))
		for _, step := range []struct {
			keepAlive string
			idle      time.Duration
			loads     bool
		}{
			{`"keep_alive":"1m"`, 59 * time.Second, false},
			{`"keep_alive":60`, time.Minute, true},
			{`"keep_alive":0`, 0, true},
			{`"keep_alive":-1`, 1000 * time.Hour, false},
			{`"think":false`, 5 * time.Minute, true}, // Ollama's default
		} {
			c.chat(hello(step.keepAlive))
			time.Sleep(step.idle)
			loaded := strings.Contains(c.do("GET", "/api/ps", "").body, "gemma")
			want(t, step.keepAlive+": /api/ps has it", loaded, !step.loads)
			want(t, step.keepAlive+": the next request loads", c.chat(hello(step.keepAlive)).headers > 0, step.loads)
		}
		c.chat(hello(`"keep_alive":-1`))
		wantIn(t, "no messages and keep_alive 0 unload", c.chat(`{"model":"gemma-3-27b-it","keep_alive":0}`).body, `"done_reason":"unload"`)
		want(t, "it is gone", strings.Contains(c.do("GET", "/api/ps", "").body, "gemma"), false)
		a := c.chat(`{"model":"gemma-3-27b-it","messages":[]}`)
		wantIn(t, "no messages load", a.body, `"done_reason":"load"`)
		want(t, "that takes its time", a.headers, time.Second)
		want(t, "it is one object and no stream", a.kind, "application/json; charset=utf-8")
	})
}

func TestOllamaLoadingGoesOnWithoutItsClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{LoadDelay: 10 * time.Second}))
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		if _, err := c.request(ctx, "POST", "/api/chat", hello()); err == nil {
			t.Fatal("the first client leaves before its answer")
		}
		want(t, "the next one waits for what is left", c.chat(hello()).headers, 4*time.Second)
	})
}

func TestOllamaCutsInSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := llmtest.NewOllama(llmtest.Config{})
		c := connect(t, server)
		long := strings.Repeat("안녕 ", 20) // 41 tokens and 4 around them
		messages := fmt.Sprintf(`"messages":[{"role":"system","content":"S"},{"role":"user","content":%[1]q},{"role":"assistant","content":%[1]q},{"role":"user","content":"마지막"}]`, long)
		ask := func(window int, more string) (answer, llmtest.ChatRequest) {
			a := c.chat(fmt.Sprintf(`{"model":"gemma-3-27b-it",%s,"options":{"num_ctx":%d}%s}`, messages, window, more))
			records := server.Records()
			return a, records[len(records)-1].Chat
		}

		_, whole := ask(4096, "")
		want(t, "what fits is left alone", len(whole.Messages), 4)
		window := whole.PromptTokens - 1
		a, chat := ask(window, "")
		want(t, "what does not fit is no error", a.status, 200)
		want(t, "the oldest turn goes", chat.Dropped, 1)
		want(t, "the system message stays", chat.Messages[0].Content, "S")
		want(t, "the last message stays", chat.Last("user"), "마지막")
		all, _ := lines(t, a.body)
		end := all[len(all)-1]
		want(t, "prompt_eval_count is the one sign", end.Prompt, chat.PromptTokens)
		if end.Prompt >= window {
			t.Errorf("it tells the smaller prompt: got %d", end.Prompt)
		}

		a, _ = ask(window, `,"truncate":false`)
		want(t, "truncate false makes it an error", a.status, 400)
		wantIn(t, "with these words", a.body, "the input length exceeds the context length")

		messages = fmt.Sprintf(`"messages":[{"role":"system","content":"당신은 고양이다"},{"role":"user","content":%q}]`, strings.Repeat(long, 20)+"끝")
		a, chat = ask(100, "")
		want(t, "a last message that is too long alone is no error either", a.status, 200)
		want(t, "it is cut in the middle", chat.Cut, true)
		want(t, "to half of the window and the first tokens", chat.PromptTokens, 4+96/2)
		want(t, "the tail survives", strings.HasSuffix(chat.Last("user"), "끝"), true)
		want(t, "the system prompt does not", strings.Contains(fmt.Sprint(chat.Messages), "당신은 고양이다"), false)
	})
}

func TestOllamaPromptCacheMakesTheCountSmall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{PromptCache: true, Reply: reply(llmtest.Reply{Text: "네"})}))
		prompt := func(body string) int {
			all, _ := lines(t, c.chat(body).body)
			return all[len(all)-1].Prompt
		}
		want(t, "a new prompt is counted", prompt(hello()), 6)
		want(t, "one seen before is not", prompt(hello()), 0)
		longer := `{"model":"gemma-3-27b-it","messages":[{"role":"user","content":"안녕"},{"role":"assistant","content":"네"},{"role":"user","content":"네"}]}`
		want(t, "of a longer one only what is new", prompt(longer), 10)
	})
}

func TestOllamaThinksUnlessToldNotTo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{
			Models: []llmtest.Model{{Name: "gemma-3-27b-it"}, {Name: "qwen3", Thinking: true}, {Name: "gpt-oss", Stubborn: true}},
			Reply:  reply(llmtest.Reply{Thinking: []string{"음", "…"}, Text: "네"}),
		}))
		for _, step := range []struct {
			model, think string
			status       int
			thoughts     int
		}{
			{"qwen3", `"stream":true`, 200, 2},
			{"qwen3", `"think":false`, 200, 0},
			{"qwen3", `"think":"high"`, 200, 2},
			{"qwen3", `"think":"very"`, 400, 0},
			{"gpt-oss", `"think":false`, 200, 2},
			{"gemma-3-27b-it", `"stream":true`, 200, 0},
			{"gemma-3-27b-it", `"think":true`, 400, 0},
		} {
			a := c.chat(fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"x"}],%s}`, step.model, step.think))
			want(t, step.model+" "+step.think+" gives the status", a.status, step.status)
			if a.status != 200 {
				continue
			}
			all, text := lines(t, a.body)
			thoughts := 0
			for i, l := range all {
				if l.Message.Thinking != "" {
					want(t, "thoughts come first, their content is empty", i == thoughts && *l.Message.Content == "", true)
					thoughts++
				}
			}
			want(t, step.model+" "+step.think+" thinks", thoughts, step.thoughts)
			want(t, "the reply is the same", text, "네")
		}
	})
}

func TestOllamaRefusals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := llmtest.NewOllama(llmtest.Config{})
		c := connect(t, server)
		for body, wanted := range map[string]struct {
			status int
			text   string
		}{
			"":                                   {400, `{"error":"missing request body"}`},
			"{":                                  {400, `unexpected end of JSON`},
			`{"messages":[]}`:                    {400, `{"error":"model is required"}`},
			`{"model":"x","messages":[]}`:        {404, `{"error":"model 'x' not found"}`},
			hello(`"options":{"num_ctx":"big"}`): {500, `num_ctx`},
			hello(`"format":"xml"`):              {500, `invalid format`},
			hello(`"keep_alive":"soon"`):         {400, `soon`},
		} {
			a := c.chat(body)
			want(t, "status of "+body, a.status, wanted.status)
			wantIn(t, "text of "+body, a.body, wanted.text)
		}
		for _, record := range server.Records() {
			want(t, "a refused request has failed", record.State, llmtest.StateFailed)
		}
		want(t, "no such path", c.do("GET", "/v1/models", "").status, 404)
	})
}

func TestOllamaFaultsOnTheWire(t *testing.T) {
	tokens := []string{"하나", "둘", "셋"}
	for name, c := range map[string]struct {
		fault  llmtest.Fault
		status int
		text   string
		tail   string // the end of the body
		broken bool
	}{
		"an error first":       {llmtest.Fault{Kind: llmtest.FaultError, Message: "dead"}, 500, "", "{\"error\":\"dead\"}\n", false},
		"an error with status": {llmtest.Fault{Kind: llmtest.FaultError, Status: 503, Message: "busy"}, 503, "", "{\"error\":\"busy\"}\n", false},
		"an error in between":  {llmtest.Fault{Kind: llmtest.FaultError, After: 2, Message: `{"error":{"message":"dead"}}`}, 200, "하나둘", `{"error":"{\"error\":{\"message\":\"dead\"}}"}` + "\n", false},
		"an early end":         {llmtest.Fault{Kind: llmtest.FaultEnd, After: 1}, 200, "하나", "\"done\":false}\n", false},
		"an end after all":     {llmtest.Fault{Kind: llmtest.FaultEnd, After: 3}, 200, "하나둘셋", "\"done\":false}\n", false},
		"a break":              {llmtest.Fault{Kind: llmtest.FaultDrop, After: 1}, 200, "하나", "\"done\":false}\n", true},
		"a break in a line":    {llmtest.Fault{Kind: llmtest.FaultTear, After: 1}, 200, "하나", `"content":`, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				server := llmtest.NewOllama(llmtest.Config{Reply: reply(llmtest.Reply{Tokens: tokens, Faults: []llmtest.Fault{c.fault}})})
				a := connect(t, server).chat(hello())
				want(t, "status", a.status, c.status)
				want(t, "the connection breaks", a.err != nil, c.broken)
				want(t, "the body ends so", strings.HasSuffix(a.body, c.tail), true)
				if whole, _, ok := strings.Cut(a.body, `{"error"`); ok || !c.broken {
					_, text := lines(t, whole)
					want(t, "what comes before", text, c.text)
				}
				if strings.Contains(a.body, `"done":true`) {
					t.Error("a broken reply has no end")
				}
				want(t, "the record says so", server.Records()[0].State, llmtest.StateFailed)
			})
		})
	}
}

func TestWireLayouts(t *testing.T) {
	tokens := []string{"하나", "둘", "셋", "넷", "다섯"}
	for name, c := range map[string]struct {
		wire  llmtest.Wire
		reads int
	}{
		"one write a token":        {llmtest.Wire{}, 6},
		"two tokens a write":       {llmtest.Wire{Batch: 2}, 3},
		"two writes a line":        {llmtest.Wire{Split: true}, 12},
		"the last with the end":    {llmtest.Wire{FinalContent: true}, 5},
		"all of it in three parts": {llmtest.Wire{Batch: 2, Split: true, FinalContent: true}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			w := &countingWriter{}
			server := llmtest.NewOllama(llmtest.Config{Reply: reply(llmtest.Reply{Tokens: tokens, Wire: c.wire})})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/api/chat", strings.NewReader(hello()))
			if err != nil {
				t.Fatal(err)
			}
			server.ServeHTTP(w, req)
			want(t, "so many writes", w.flushes, c.reads)
			all, text := lines(t, w.String())
			want(t, "the same text", text, strings.Join(tokens, ""))
			want(t, "the same end", all[len(all)-1].Done, true)
		})
	}
}

// countingWriter is a ResponseWriter that counts its flushes.
type countingWriter struct {
	bytes.Buffer
	header  http.Header
	flushes int
}

func (w *countingWriter) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}
func (w *countingWriter) WriteHeader(int) {}
func (w *countingWriter) Flush()          { w.flushes++ }

func TestLeavingIsSeen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for slow, busy := range map[bool]time.Duration{false: 0, true: 7 * time.Second} {
			server := llmtest.NewOllama(llmtest.Config{
				SlowCancel: slow,
				Reply:      reply(llmtest.Reply{Text: "네", Pace: llmtest.Pace{FirstToken: 10 * time.Second}}),
			})
			c := connect(t, server)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			if _, err := c.request(ctx, "POST", "/api/chat", hello()); err == nil {
				t.Fatal("the client leaves while the prompt is processed")
			}
			left := time.Now()
			record, err := server.Await(t.Context(), func(r llmtest.Record) bool { return r.State.Ended() })
			if err != nil {
				t.Fatal(err)
			}
			want(t, "it is aborted", record.State, llmtest.StateAborted)
			want(t, "nothing was generated", record.Tokens, 0)
			want(t, "the slot is busy for as long as a slow server takes to notice", record.Ended.Sub(left), busy)
			want(t, "then it is free", c.chat(hello()).headers, 10*time.Second)
		}
	})
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := llmtest.NewOllama(llmtest.Config{}).Await(ctx, func(llmtest.Record) bool { return true }); err == nil {
		t.Error("nothing was ever asked: got a record")
	}
}

func TestRecordsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for keep, wanted := range map[int]int{3: 3, -1: 0} {
			server := llmtest.NewOllama(llmtest.Config{KeepRecords: keep})
			c := connect(t, server)
			for range 5 {
				c.chat(hello())
			}
			records := server.Records()
			want(t, "the latest are kept", len(records), wanted)
			if wanted > 0 {
				want(t, "oldest first", records[0].Chat.Number, 3)
				want(t, "with what was sent", string(records[0].Body), hello())
			}
		}
	})
}

func TestOllamaOtherEndpoints(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{Models: []llmtest.Model{{Name: "a", ContextLength: 2048}, {Name: "b:7b", Thinking: true}, {Name: "e", Embedding: true}}}))
		want(t, "the root", c.do("GET", "/", "").body, "Ollama is running")
		want(t, "HEAD is taken too", c.do("HEAD", "/api/version", "").status, 200)
		want(t, "the version", c.do("GET", "/api/version", "").body, "{\"version\":\"0.32.15\"}\n")
		tags := c.do("GET", "/api/tags", "").body
		wantIn(t, "a name without a tag gets one", tags, `"name":"a:latest"`)
		wantIn(t, "a tag is kept", tags, `"name":"b:7b"`)
		wantIn(t, "the trained length", c.do("POST", "/api/show", `{"model":"a:latest"}`).body, `"gemma3.context_length":2048`)
		wantIn(t, "what it can", c.do("POST", "/api/show", `{"model":"b:7b"}`).body, `"thinking"`)
		wantIn(t, "what it cannot", c.do("POST", "/api/show", `{"model":"e"}`).body, `"capabilities":["embedding"]`)
		wantIn(t, "and does not", c.chat(`{"model":"e","messages":[{"role":"user","content":"안녕"}]}`).body, `\"e\" does not support chat`)
		want(t, "an unknown model", c.do("POST", "/api/show", `{"model":"b"}`).status, 404)
		want(t, "nothing is loaded yet", c.do("GET", "/api/ps", "").body, "{\"models\":[]}\n")
		whole := c.chat(`{"model":"a","stream":false,"messages":[{"role":"user","content":"안녕"}]}`)
		all, text := lines(t, whole.body)
		want(t, "without streaming there is one object", len(all), 1)
		want(t, "with all of the reply", text, "a, 1 messages: 안녕")
		want(t, "and its end", all[0].Done, true)
	})
}

func TestOllamaBoundsTheReply(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewOllama(llmtest.Config{Reply: reply(llmtest.Reply{Tokens: strings.Split(strings.Repeat("a ", 40_960), " ")})}))
		for fields, wanted := range map[string]int{
			`"options":{"num_predict":7}`:                             7,
			`"options":{"num_ctx":100}`:                               1000, // ten windows
			`"options":{"num_predict":-1,"num_ctx":100}`:              1000,
			`"shift":false,"options":{"num_ctx":100}`:                 100 - 6,
			`"shift":false,"options":{"num_ctx":100,"num_predict":5}`: 5,
		} {
			all, _ := lines(t, c.chat(hello(fields)).body)
			end := all[len(all)-1]
			want(t, fields+" bounds the reply", end.Eval, wanted)
			want(t, "and says so", end.DoneReason, "length")
		}
	})
}
