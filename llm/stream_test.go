package llm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/memnet"
	"avatarforge/llm/llmtest"
)

var tokens = []string{"오늘", "은", " 날", "씨가", " 좋", "네요", "."}

const sentence = "오늘은 날씨가 좋네요."

// onEach runs a test against every service, inside a bubble of simulated time.
func onEach(t *testing.T, reply func(llmtest.ChatRequest) llmtest.Reply, test func(t *testing.T, r *rig)) {
	onLocal(t, reply, test)
	t.Run("gemini", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			test(t, geminiReplying(t, reply))
		})
	})
}

// onLocal leaves Gemini out.
func onLocal(t *testing.T, reply func(llmtest.ChatRequest) llmtest.Reply, test func(t *testing.T, r *rig)) {
	for name, make := range localRigs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test(t, make(t, reply))
			})
		})
	}
}

// script answers "hello" with the reply given and everything else with the default.
func script(reply llmtest.Reply) func(llmtest.ChatRequest) llmtest.Reply {
	return func(req llmtest.ChatRequest) llmtest.Reply {
		if req.Last("user") == "hello" {
			return reply
		}
		return llmtest.DefaultReply(req)
	}
}

func TestReplyArrivesTokenByTokenAtItsPace(t *testing.T) {
	reply := llmtest.Reply{Tokens: tokens, Pace: llmtest.Pace{FirstToken: time.Second, TokensPerSecond: 10}}
	onEach(t, script(reply), func(t *testing.T, r *rig) {
		begun := time.Now()
		var pieces []string
		var times []time.Duration
		var last Delta
		for delta, err := range r.model.Stream(t.Context(), say("hello")) {
			if err != nil {
				t.Fatal(err)
			}
			if delta.Text != "" {
				pieces = append(pieces, delta.Text)
				times = append(times, time.Since(begun))
			}
			last = delta
		}
		want(t, "a token is passed on as it is", strings.Join(pieces, "|"), strings.Join(tokens, "|"))
		for i, at := range times {
			want(t, "a token is passed on when it comes, not with the next", at, time.Second+time.Duration(i)*100*time.Millisecond)
		}
		want(t, "the reply says why it ended", last.Finish, FinishStop)
		want(t, "the server's count of the reply is passed on", last.Usage.OutputTokens, len(tokens))
		if last.Usage.InputTokens == 0 {
			t.Error("the server's count of the prompt is passed on: got 0")
		}
		r.awaitState("hello", llmtest.StateDone)
	})
}

func TestReplyIsWholeHoweverItIsCutOnTheWire(t *testing.T) {
	long := strings.Repeat("긴 ", 40_000) // a line of over 64 KiB, bufio.Scanner's limit
	for name, reply := range map[string]llmtest.Reply{
		"several tokens in a read":     {Tokens: tokens, Wire: llmtest.Wire{Batch: 3}},
		"a line over several reads":    {Tokens: tokens, Wire: llmtest.Wire{Split: true}},
		"both":                         {Tokens: tokens, Wire: llmtest.Wire{Batch: 2, Split: true}},
		"content on the last line":     {Tokens: tokens, Wire: llmtest.Wire{FinalContent: true}},
		"a line over 64 KiB":           {Tokens: append([]string{long}, tokens...)},
		"signs that JSON escapes":      {Tokens: []string{"\"<b>\"\\", "\n\t& ", "\u2028", "😀", "\x07"}},
		"a reply without any token":    {Tokens: []string{}},
		"inline thoughts are left out": {Tokens: []string{"<th", "ink>", "음", "</thi", "nk>", "\n\n", "네", "."}},
	} {
		wanted, on := strings.Join(reply.Tokens, ""), onEach
		if strings.HasPrefix(name, "inline") {
			wanted = "네."
		}
		if strings.HasPrefix(name, "inline") || len(reply.Tokens) == 0 {
			on = onLocal
		}
		t.Run(name, func(t *testing.T) {
			on(t, script(reply), func(t *testing.T, r *rig) {
				got := listen(r.model.Stream(t.Context(), say("hello")))
				if got.err != nil {
					t.Fatal(got.err)
				}
				want(t, "every character arrives once", got.text, wanted)
				want(t, "the end is told", got.last.Finish, FinishStop)
			})
		})
	}
}

func TestReplyBoundedByMaxTokensSaysLength(t *testing.T) {
	onLocal(t, script(llmtest.Reply{Tokens: tokens}), func(t *testing.T, r *rig) {
		req := say("hello")
		req.MaxTokens = 3
		got := listen(r.model.Stream(t.Context(), req))
		want(t, "MaxTokens is sent", got.text, "오늘은 날")
		want(t, "a bounded reply is told from a whole one", got.last.Finish, FinishLength)
	})
}

func TestEverythingThatMustBeSentIsSent(t *testing.T) {
	temperature := 0.7
	req := say("hello")
	req.Temperature = &temperature
	req.Schema = []byte(`{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}`)
	onLocal(t, llmtest.DefaultReply, func(t *testing.T, r *rig) {
		got := listen(r.model.Stream(t.Context(), req))
		want(t, "the schema binds the reply", got.text, `{"name":"hello"}`)
		record := r.awaitState("hello", llmtest.StateDone)
		want(t, "a reply is always bounded", record.Chat.MaxTokens, 512)
		if record.Chat.Temperature == nil || *record.Chat.Temperature != temperature {
			t.Errorf("the temperature is sent: got %v", record.Chat.Temperature)
		}
		want(t, "thinking is switched off, for it is on where nothing is said", record.Chat.Think, false)
		wanted := map[bool][]string{
			true:  {`"num_ctx":8192`, `"num_predict":512`, `"think":false`, `"keep_alive":-1`, `"stream":true`},
			false: {`"include_usage":true`, `"max_tokens":512`, `"enable_thinking":false`, `"type":"json_schema"`},
		}[record.Path == "/api/chat"]
		for _, part := range wanted {
			if !strings.Contains(string(record.Body), part) {
				t.Errorf("the request has %s:\n%s", part, record.Body)
			}
		}
	})
}

func TestFaults(t *testing.T) {
	const fast = 25 // tokens per second
	cases := []struct {
		name    string
		fault   llmtest.Fault
		kind    Kind
		status  int
		message string // part of the error's text
		text    string // what had been delivered
		state   llmtest.State
		tokens  int
	}{
		{
			name:  "an error before the first token",
			fault: llmtest.Fault{Kind: llmtest.FaultError, Message: "model runner has unexpectedly stopped"},
			kind:  KindUpstreamFailed, status: 500, message: "unexpectedly stopped", state: llmtest.StateFailed,
		},
		{
			name:  "an error in mid-stream",
			fault: llmtest.Fault{Kind: llmtest.FaultError, After: 3, Message: "CUDA error: out of memory"},
			kind:  KindUpstreamFailed, message: "out of memory", text: "오늘은 날", state: llmtest.StateFailed, tokens: 3,
		},
		{
			name:  "an error in mid-stream about the window",
			fault: llmtest.Fault{Kind: llmtest.FaultError, After: 1, Message: `{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}`},
			kind:  KindContextOverflow, message: "exceeds the available context size", text: "오늘", state: llmtest.StateFailed, tokens: 1,
		},
		{
			name:  "an error after the last token",
			fault: llmtest.Fault{Kind: llmtest.FaultError, After: 7, Message: "too late"},
			kind:  KindUpstreamFailed, message: "too late", text: sentence, state: llmtest.StateFailed, tokens: 7,
		},
		{
			name:  "a stream that just ends",
			fault: llmtest.Fault{Kind: llmtest.FaultEnd, After: 2},
			kind:  KindTruncated, text: "오늘은", state: llmtest.StateFailed, tokens: 2,
		},
		{
			name:  "a stream that just ends after its last token",
			fault: llmtest.Fault{Kind: llmtest.FaultEnd, After: 7},
			kind:  KindTruncated, text: sentence, state: llmtest.StateFailed, tokens: 7,
		},
		{
			name:  "a stream that ends before it begins",
			fault: llmtest.Fault{Kind: llmtest.FaultEnd},
			kind:  KindTruncated, state: llmtest.StateFailed,
		},
		{
			name:  "a connection that breaks between two tokens",
			fault: llmtest.Fault{Kind: llmtest.FaultDrop, After: 2},
			kind:  KindTruncated, text: "오늘은", state: llmtest.StateFailed, tokens: 2,
		},
		{
			name:  "a connection that breaks inside a line",
			fault: llmtest.Fault{Kind: llmtest.FaultTear, After: 2},
			kind:  KindTruncated, text: "오늘은", state: llmtest.StateFailed, tokens: 2,
		},
		{
			name:  "a connection that breaks instead of an answer",
			fault: llmtest.Fault{Kind: llmtest.FaultDrop},
			kind:  KindUpstreamFailed, message: "closed the connection", state: llmtest.StateFailed,
		},
		{
			name:  "a server that stalls",
			fault: llmtest.Fault{Kind: llmtest.FaultStall, After: 4},
			kind:  KindIdleTimeout, message: "5s", text: "오늘은 날씨가", state: llmtest.StateAborted, tokens: 4,
		},
		{
			name:  "a server that never begins",
			fault: llmtest.Fault{Kind: llmtest.FaultStall},
			kind:  KindFirstTokenTimeout, message: "10s", state: llmtest.StateAborted,
		},
		{
			name:  "a server that stalls after the last token",
			fault: llmtest.Fault{Kind: llmtest.FaultStall, After: 7},
			kind:  KindIdleTimeout, text: sentence, state: llmtest.StateAborted, tokens: 7,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			reply := llmtest.Reply{
				Tokens: tokens,
				Pace:   llmtest.Pace{FirstToken: time.Second, TokensPerSecond: fast},
				Faults: []llmtest.Fault{c.fault},
			}
			onEach(t, script(reply), func(t *testing.T, r *rig) {
				got := listen(r.model.Stream(t.Context(), say("hello")))
				e := wantKind(t, "the fault is told by its kind", got.err, c.kind)
				want(t, "what came before the fault was delivered", got.text, c.text)
				want(t, "a broken reply has no finish", got.last.Finish, "")
				want(t, "the status is that of a refusal", e.Status, c.status)
				if !strings.Contains(e.Error(), c.message) {
					t.Errorf("the error says why: got %q, want %q in it", e, c.message)
				}
				if strings.ContainsAny(e.Error(), "{}") {
					t.Errorf("JSON is unwrapped: got %q", e)
				}
				record := r.awaitState("hello", c.state)
				want(t, "the server saw it end after so many tokens", record.Tokens, c.tokens)

				again := listen(r.model.Stream(t.Context(), say("next")))
				want(t, "the next request is not harmed", again.err, nil)
				want(t, "the next request gets its own reply", again.text, "gemma-3-27b-it, 2 messages: next")
			})
		})
	}
}

func TestStallShorterThanTheTimeoutIsWaitedFor(t *testing.T) {
	reply := llmtest.Reply{Tokens: tokens, Faults: []llmtest.Fault{
		{Kind: llmtest.FaultStall, Stall: testFirstToken - time.Millisecond},
		{Kind: llmtest.FaultStall, After: 2, Stall: testIdle - time.Millisecond},
		{Kind: llmtest.FaultStall, After: 4, Stall: testIdle - time.Millisecond},
	}}
	onEach(t, script(reply), func(t *testing.T, r *rig) {
		got := listen(r.model.Stream(t.Context(), say("hello")))
		want(t, "each token has the whole idle time, the first one its own", got.err, nil)
		want(t, "the reply is whole", got.text, sentence)
	})
}

func TestThoughtsAreNoReplyButASignOfLife(t *testing.T) {
	thoughts := slices.Repeat([]string{"음…", "\n"}, 5)
	pace := llmtest.Pace{FirstToken: testFirstToken - time.Second, TokensPerSecond: 0.5}
	inline := append(append([]string{"<think>"}, thoughts...), "</think>")
	inline = append(inline, tokens...)
	models := []llmtest.Model{{Name: llmtest.DefaultModel, Stubborn: true}}
	replying := func(tokens []string) func(llmtest.ChatRequest) llmtest.Reply {
		return func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Thinking: thoughts, Tokens: tokens, Pace: pace}
		}
	}
	for name, make := range map[string]func(*testing.T) *rig{
		"message.thinking": func(t *testing.T) *rig {
			return ollamaRig(t, llmtest.Config{Models: models, Reply: replying(tokens)})
		},
		"inline": func(t *testing.T) *rig {
			return ollamaRig(t, llmtest.Config{Reply: replying(inline)})
		},
		"delta.reasoning": func(t *testing.T) *rig {
			return vllmRig(t, llmtest.VLLMConfig{Models: models, Reply: replying(tokens)})
		},
		"delta.reasoning_content": func(t *testing.T) *rig {
			return vllmRig(t, llmtest.VLLMConfig{Models: models, Reply: replying(tokens), ReasoningField: "reasoning_content"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				got := listen(make(t).model.Stream(t.Context(), say("hello")))
				want(t, "a model that thinks at one token in 2 s has not stalled", got.err, nil)
				want(t, "its thoughts are not its reply", got.text, sentence)
				if thought := time.Since(begun); thought < 2*testFirstToken {
					t.Errorf("it did think: got %v", thought)
				}
			})
		})
	}
}

func TestSlowReaderIsNotTheServersFault(t *testing.T) {
	reply := llmtest.Reply{Tokens: tokens, Pace: llmtest.Pace{TokensPerSecond: 10}}
	onEach(t, script(reply), func(t *testing.T, r *rig) {
		var text string
		for delta, err := range r.model.Stream(t.Context(), say("hello")) {
			if err != nil {
				t.Fatalf("a listener who holds the reply back for %v a token: %v", 3*testIdle, err)
			}
			text += delta.Text
			time.Sleep(3 * testIdle)
		}
		want(t, "nothing is lost while the reader is slow", text, sentence)
	})
}

func TestLeavingTheLoopEndsTheRequestUpstream(t *testing.T) {
	reply := llmtest.Reply{Tokens: tokens, Pace: llmtest.Pace{TokensPerSecond: 10}}
	onEach(t, script(reply), func(t *testing.T, r *rig) {
		n := 0
		for range r.model.Stream(t.Context(), say("hello")) {
			if n++; n == 3 {
				break
			}
		}
		left := time.Now()
		record := r.awaitState("hello", llmtest.StateAborted)
		want(t, "the server sees at once that its client has left", record.Ended.Sub(left), 0)
		want(t, "it generates no more", record.Tokens, 3)
		again := listen(r.model.Stream(t.Context(), say("next")))
		want(t, "its slot is free for the next request", again.err, nil)
	})
}

func TestCancelEndsTheRequestUpstreamAndSaysWhy(t *testing.T) {
	interrupted := errors.New("the listener spoke")
	reply := llmtest.Reply{Tokens: tokens, Pace: llmtest.Pace{FirstToken: time.Second, TokensPerSecond: 10}}
	for name, after := range map[string]time.Duration{
		"before the first token": 500 * time.Millisecond,
		"in the middle":          1250 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, script(reply), func(t *testing.T, r *rig) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(after, func() { cancel(interrupted) })
				begun := time.Now()
				got := listen(r.model.Stream(ctx, say("hello")))
				if !errors.Is(got.err, interrupted) {
					t.Errorf("the caller's reason comes back: got %v", got.err)
				}
				var e *Error
				want(t, "a cancel is no failure of the server", errors.As(got.err, &e), false)
				want(t, "it takes no time", time.Since(begun), after)
				record := r.awaitState("hello", llmtest.StateAborted)
				want(t, "the server sees it at once", record.Ended.Sub(begun), after)
			})
		})
	}
}

func TestWaitingBehindAnotherEndsWithTheCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := ollamaRig(t, llmtest.Config{Reply: script(llmtest.Reply{
			Tokens: tokens, Faults: []llmtest.Fault{{Kind: llmtest.FaultStall, After: 1, Stall: 4 * time.Second}},
		})})
		first := make(chan heard)
		go func() { first <- listen(r.model.Stream(t.Context(), say("hello"))) }()
		r.awaitState("hello", llmtest.StateGenerating)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := listen(r.model.Stream(ctx, say("next")))
		if !errors.Is(got.err, context.DeadlineExceeded) {
			t.Errorf("Ollama has one slot and gives no sign to those who wait: got %v", got.err)
		}
		want(t, "the first reply is not harmed", (<-first).text, sentence)
		want(t, "the one who waited has left the line", listen(r.model.Stream(t.Context(), say("later"))).err, nil)
	})
}

func TestFinishedStreamLeavesItsConnectionForTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t}
		transport := r.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"message":{"content":"네"},"done":true}`+"\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(drainTime / 2) // then the body's end, in a write of its own
		}))
		o, err := NewOllama(OllamaConfig{BaseURL: memnet.URL, Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			// Stopping at the finish is how most readers write it.
			for delta, err := range o.Stream(t.Context(), say("hello")) {
				if err != nil {
					t.Fatal(err)
				}
				if delta.Finish != "" {
					break
				}
			}
		}
		want(t, "five replies need one connection", r.dials(), 1)
	})
}
