package llmtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"avatarforge/llm/llmtest"
)

// events lists the data of a stream's events.
func events(body string) (all []string) {
	for _, event := range strings.Split(body, "\n\n") {
		if data, ok := strings.CutPrefix(event, "data: "); ok {
			all = append(all, data)
		}
	}
	return all
}

func (c *client) completion(fields ...string) answer {
	return c.do("POST", "/v1/chat/completions", hello(append([]string{`"stream":true`}, fields...)...))
}

func TestVLLMStream(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewVLLM(llmtest.VLLMConfig{Reply: reply(llmtest.Reply{
			Tokens: []string{"안", " <3"},
			Pace:   llmtest.Pace{FirstToken: 2 * time.Second, TokensPerSecond: 10},
		})}))
		a := c.completion(`"stream_options":{"include_usage":true}`)
		want(t, "the content's type", a.kind, "text/event-stream; charset=utf-8")
		want(t, "the role chunk is no early sign", a.headers, 2*time.Second)
		all := events(a.body)
		want(t, "role, two tokens, finish, usage, [DONE]", len(all), 6)
		wantIn(t, "the role comes first", all[0], `"delta":{"role":"assistant","content":""}`)
		wantIn(t, "HTML is not escaped", all[2], `"delta":{"content":" <3"},"logprobs":null,"finish_reason":null`)
		wantIn(t, "the finish chunk", all[3], `"delta":{"content":""},"logprobs":null,"finish_reason":"stop"`)
		wantIn(t, "the usage chunk has no choice", all[4], `"choices":[],"usage":{"prompt_tokens":6,"total_tokens":8,"completion_tokens":2}`)
		want(t, "the end", all[5], "[DONE]")
		for _, event := range all[:5] {
			if !json.Valid([]byte(event)) {
				t.Errorf("an event is JSON: %s", event)
			}
		}
		want(t, "nobody asked for the usage", len(events(c.completion().body)), 5)
	})
}

func TestVLLMLayouts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewVLLM(llmtest.VLLMConfig{
			Comments: true, ReasoningField: "reasoning_content",
			Models: []llmtest.Model{{Name: "gemma-3-27b-it", Thinking: true}},
			Reply: reply(llmtest.Reply{
				Thinking: []string{"음"}, Tokens: []string{"네", "."},
				Wire: llmtest.Wire{FinalContent: true},
			}),
		}))
		a := c.completion()
		wantIn(t, "comments come between the events", a.body, "\n\n: keep-alive\n\ndata: ")
		all := events(a.body)
		wantIn(t, "thoughts have their own field", all[1], `"delta":{"reasoning_content":"음"}`)
		wantIn(t, "the finish chunk carries the last token", all[3], `"delta":{"content":"."},"logprobs":null,"finish_reason":"stop"`)
		if strings.Contains(c.completion(`"chat_template_kwargs":{"enable_thinking":false}`).body, "음") {
			t.Error("thinking can be switched off")
		}
	})
}

func TestVLLMRefusals(t *testing.T) {
	for _, flat := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			c := connect(t, llmtest.NewVLLM(llmtest.VLLMConfig{
				FlatErrors: flat,
				Models:     []llmtest.Model{{Name: "gemma-3-27b-it", ContextLength: 30}},
			}))
			head := `{"error":{`
			if flat {
				head = `{"code":`
			}
			long := strings.Repeat("안녕 ", 20)
			for body, wanted := range map[string]struct {
				status int
				text   string
			}{
				`{`:                           {400, `"type":"Bad Request"`},
				`{"model":"x","stream":true}`: {404, "The model `x` does not exist."},
				fmt.Sprintf(`{"model":"gemma-3-27b-it","stream":true,"messages":[{"role":"user","content":%q}]}`, long): {400, "maximum context length is 30 tokens. However, your request has 45"},
				hello(`"stream":true`, `"max_tokens":25`): {400, "'max_tokens' is too large: 25."},
			} {
				a := c.do("POST", "/v1/chat/completions", body)
				want(t, "status of "+body, a.status, wanted.status)
				wantIn(t, "text of "+body, a.body, wanted.text)
				want(t, "layout", strings.HasPrefix(a.body, head), true)
			}
			want(t, "a reply that fits exactly", c.completion(`"max_tokens":24`).status, 200)
		})
	}
}

func TestVLLMKeyAndPaths(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewVLLM(llmtest.VLLMConfig{APIKey: "k", PathPrefix: "/llm/", Models: []llmtest.Model{{Name: "m", ContextLength: 512}}}))
		a := c.do("GET", "/llm/v1/models", "")
		want(t, "a key is asked for", a.status, 401)
		want(t, "the error is a string", a.body, "{\"error\":\"Unauthorized\"}\n")
		want(t, "not for /health", c.do("GET", "/llm/health", "").status, 200)
		want(t, "without the prefix there is nothing", c.do("GET", "/health", "").status, 404)

		hidden := connect(t, llmtest.NewVLLM(llmtest.VLLMConfig{HideHealth: true, Models: []llmtest.Model{{Name: "m", ContextLength: 512}}}))
		want(t, "a proxy hides it", hidden.do("GET", "/health", "").status, 404)
		wantIn(t, "the length is in the list", hidden.do("GET", "/v1/models", "").body, `"max_model_len":512`)
	})
}

func TestVLLMFaultsOnTheWire(t *testing.T) {
	for name, c := range map[string]struct {
		fault  llmtest.Fault
		status int
		tail   string
		broken bool
	}{
		"an error first":      {llmtest.Fault{Kind: llmtest.FaultError, Message: "dead"}, 500, `"type":"Internal Server Error"}}` + "\n", false},
		"an error in between": {llmtest.Fault{Kind: llmtest.FaultError, After: 1, Message: "dead"}, 200, "\"type\":\"InternalServerError\"}}\n\ndata: [DONE]\n\n", false},
		"a killed worker":     {llmtest.Fault{Kind: llmtest.FaultEnd, After: 1}, 200, "\"finish_reason\":null}]}\n\n", false},
		"a break in an event": {llmtest.Fault{Kind: llmtest.FaultTear, After: 1}, 200, `"model":"gemma-3-27b-it"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				server := llmtest.NewVLLM(llmtest.VLLMConfig{Reply: reply(llmtest.Reply{Tokens: []string{"하나", "둘"}, Faults: []llmtest.Fault{c.fault}})})
				a := connect(t, server).completion()
				want(t, "status", a.status, c.status)
				want(t, "the connection breaks", a.err != nil, c.broken)
				if !strings.HasSuffix(a.body, c.tail) {
					t.Errorf("the body ends with %q: got %q", c.tail, a.body)
				}
				want(t, "the record says so", server.Records()[0].State, llmtest.StateFailed)
			})
		})
	}
}

func TestVLLMSeats(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := connect(t, llmtest.NewVLLM(llmtest.VLLMConfig{MaxSeqs: 2, Reply: reply(llmtest.Reply{Text: "네", Pace: llmtest.Pace{FirstToken: time.Second}})}))
		answers := make(chan answer, 3)
		for range 3 {
			go func() { answers <- c.completion() }()
		}
		for _, wanted := range []time.Duration{time.Second, time.Second, 2 * time.Second} {
			want(t, "two at once, the third waits without a sign", (<-answers).headers, wanted)
		}
	})
}
