package llm

import (
	"testing"
)

var ollamaLines = []string{
	`{"model":"m","created_at":"2026-11-24T09:00:00.123Z","message":{"role":"assistant","content":"안"},"done":false}`,
	`{"model":"m","created_at":"2026-11-24T09:00:00.123Z","message":{"role":"assistant","content":"a\n\"b\"\\ \u003cthink\u003e\u2028"},"done":false}`,
	`{"model":"m","created_at":"t","message":{"role":"assistant","content":"","thinking":"음"},"done":false}`,
	`{"message":{"content":"x","role":"assistant"},"done":false,"model":"m"}`,
	`{"model":"m","message":{"role":"assistant","content":"\ud83d\ude00"},"done":false}`,
	`{"model":"m","message":{"role":"assistant","content":"끝"},"done":true,"done_reason":"length","prompt_eval_count":12,"eval_count":3}`,
	`{"model":"m","message":{"role":"assistant","content":"a"},"message":{"content":"b"},"done":false}`,
	`{"Model":"m","MESSAGE":{"Content":"b"},"Done":true}`,
	`{"error":"{\"error\":{\"message\":\"x\"}}"}`,
	`{"message":{"role":"assistant","content":"a","tool_calls":[]},"done":false}`,
	`{"model":"m","message":{"role":"assistant","content":"` + "\xff" + `"},"done":false}`,
	`{ "model" : "m" , "message" : { "content" : "a" } }`,
	`{"model":"\x","done":false}`, `{"done":false}x`, `{}`, `{`, `null`, `5`, ``,
}

var vllmEvents = []string{
	`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1764000000,"model":"m","choices":[{"index":0,"delta":{"content":"안"},"logprobs":null,"finish_reason":null}]}`,
	`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a\u003c"},"logprobs":null,"finish_reason":null,"token_ids":null}],"usage":null}`,
	`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}`,
	`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"."},"logprobs":null,"finish_reason":"stop","stop_reason":null}]}`,
	`{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}`,
	`{"id":"c","choices":[{"index":0,"delta":{"reasoning_content":"음"},"finish_reason":null}]}`,
	`{"id":"c","choices":[{"index":0,"delta":{"content":null,"reasoning":"음"},"finish_reason":null}]}`,
	`{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"system_fingerprint":null}`,
	`{"error":{"message":"x","type":"InternalServerError","param":null,"code":500}}`,
	`{"object":"error","message":"x","type":"BadRequestError","param":null,"code":400}`,
	`{"error":"Unauthorized"}`, `{"created":01,"choices":[]}`, `{"created":-1}`, `{}`, `[DONE]`, ``,
}

func TestUsualLinesTakeTheFastPath(t *testing.T) {
	var s scanner
	for i, line := range ollamaLines[:4] {
		if _, ok := scanOllama(&s, []byte(line)); !ok {
			t.Errorf("Ollama, line %d: %s", i, line)
		}
	}
	for i, event := range vllmEvents[:2] {
		if _, ok := scanVLLM(&s, []byte(event)); !ok {
			t.Errorf("vLLM, event %d: %s", i, event)
		}
	}
}

// FuzzScanOllama: what the fast path accepts means the same to encoding/json.
func FuzzScanOllama(f *testing.F) {
	for _, line := range ollamaLines {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var s scanner
		fast, ok := scanOllama(&s, line)
		if !ok {
			return
		}
		slow, err := decodeOllama(line)
		if err != nil || fast != slow {
			t.Fatalf("%q\nfast %+v\nslow %+v, %v", line, fast, slow, err)
		}
	})
}

// FuzzScanVLLM: the same for vLLM.
func FuzzScanVLLM(f *testing.F) {
	for _, event := range vllmEvents {
		f.Add([]byte(event))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		var s scanner
		fast, ok := scanVLLM(&s, event)
		if !ok {
			return
		}
		slow, err := decodeVLLM(event)
		if err != nil || fast != slow {
			t.Fatalf("%q\nfast %+v\nslow %+v, %v", event, fast, slow, err)
		}
	})
}

// FuzzScanContent drives the fast path deeper than whole lines do: it fuzzes what is
// between the quotes.
func FuzzScanContent(f *testing.F) {
	for _, seed := range []string{"안녕", `\n`, `\u003c`, `\ud83d\ude00`, `\u12`, `\`, `a"`, "\x1f", "\xff", `\/\b\f\r\t\"\\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		var s scanner
		line := []byte(`{"model":"m","created_at":"t","message":{"role":"assistant","content":"` + content + `"},"done":false}`)
		if fast, ok := scanOllama(&s, line); ok {
			if slow, err := decodeOllama(line); err != nil || fast != slow {
				t.Fatalf("%q\nfast %+v\nslow %+v, %v", line, fast, slow, err)
			}
		}
		event := []byte(`{"id":"c","choices":[{"index":0,"delta":{"content":"` + content + `"},"logprobs":null,"finish_reason":null}]}`)
		if fast, ok := scanVLLM(&s, event); ok {
			if slow, err := decodeVLLM(event); err != nil || fast != slow {
				t.Fatalf("%q\nfast %+v\nslow %+v, %v", event, fast, slow, err)
			}
		}
	})
}
