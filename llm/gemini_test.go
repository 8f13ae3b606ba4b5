package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"avatarforge/internal/memnet"
	"avatarforge/llm/llmtest"
)

// google is a Gemini on a real port with a client for it, and all that the client logs.
type google struct {
	t       *testing.T
	server  *llmtest.Gemini
	client  *Gemini
	metrics *prometheus.Registry
	logged  bytes.Buffer
}

// startGoogle starts one; change may turn the client's configuration.
func startGoogle(t *testing.T, cfg llmtest.GeminiConfig, change func(*GeminiConfig)) *google {
	t.Helper()
	server := llmtest.NewGemini(cfg)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	g := googleAt(t, listener.URL+cfg.PathPrefix, change)
	g.server = server
	return g
}

func googleAt(t *testing.T, url string, change func(*GeminiConfig)) *google {
	t.Helper()
	g := &google{t: t, metrics: prometheus.NewRegistry()}
	config := GeminiConfig{
		APIKey: geminiKey, Endpoint: url, Metrics: g.metrics,
		Log: slog.New(slog.NewTextHandler(&g.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&config)
	}
	var err error
	if g.client, err = NewGemini(config); err != nil {
		t.Fatal(err)
	}
	g.client.up.retryDelay = time.Microsecond
	t.Cleanup(func() {
		g.client.Close()
		if strings.Contains(g.logged.String(), geminiKey) {
			t.Errorf("the key is in the log:\n%s", &g.logged)
		}
	})
	return g
}

// ask asks and makes sure that no error shows the key, neither by itself nor by what is
// behind it.
func (g *google) ask(req Request) heard {
	g.t.Helper()
	got := listen(g.client.Stream(g.t.Context(), req))
	g.keeps(got.err)
	return got
}

func (g *google) keeps(err error) {
	g.t.Helper()
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if text := fmt.Sprintf("%v %+v %#v", cause, cause, cause); strings.Contains(text, geminiKey) && !strings.Contains(text, "&http.Request") {
			g.t.Errorf("the key is in an error: %s", text)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "http://")) {
		g.t.Errorf("an address is in an error: %v", err)
	}
}

// calls is how many calls ended like that, or in any way at all.
func (g *google) calls(outcome string) int {
	g.t.Helper()
	families, err := g.metrics.Gather()
	if err != nil {
		g.t.Fatal(err)
	}
	n := 0
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if label := m.GetLabel()[0].GetValue(); label == outcome || outcome == "" {
				n += int(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return n
}

const asked = `{"type":"object","properties":{
	"name":{"type":"string","description":"A name."},
	"likes":{"type":"array","items":{"type":"string"},"minItems":1},
	"mood":{"type":"string","enum":["gay","sad"]},
	"age":{"type":"integer"},"height":{"type":"number"},"alive":{"type":"boolean"}},
	"required":["name","likes","mood"],"additionalProperties":false}`

func TestGeminiIsAskedAsItsAPIWantsIt(t *testing.T) {
	for safety, threshold := range map[Safety]int{"": 4, SafetyNone: 4, SafetyOnlyHigh: 3, SafetyMediumAndAbove: 2, SafetyLowAndAbove: 1} {
		t.Run(string(safety), func(t *testing.T) {
			g := startGoogle(t, llmtest.GeminiConfig{Key: geminiKey, PathPrefix: "/behind/proxy"}, func(c *GeminiConfig) { c.Safety = safety })
			temperature := 0.5
			got := g.ask(Request{
				Messages: []Message{
					{RoleSystem, "You write characters."}, {RoleSystem, "In English."},
					{RoleUser, "A witch."}, {RoleAssistant, "{"}, {RoleUser, "That is no JSON."},
				},
				Temperature: &temperature, MaxTokens: 1000, Schema: []byte(asked),
			})
			if got.err != nil {
				t.Fatal(got.err)
			}
			if !json.Valid([]byte(got.text)) || !strings.Contains(got.text, `"mood":"gay"`) {
				t.Errorf("the schema has not reached the model: %s", got.text)
			}
			record := g.server.Records()[0]
			want(t, "the model is in the path, and the key is not", record.Path,
				"/v1beta/models/gemini-3.5-flash:streamGenerateContent?%24alt=json%3Benum-encoding%3Dint")
			want(t, "the roles are Gemini's", fmt.Sprint(record.Chat.Messages),
				"[{system You write characters.In English.} {user A witch.} {assistant {} {user That is no JSON.}]")
			want(t, "thoughts have room of their own", record.Chat.MaxTokens, 1000+geminiThinking)
			want(t, "the temperature is sent", *record.Chat.Temperature, 0.5)
			var body struct {
				SafetySettings   []struct{ Category, Threshold int }
				GenerationConfig struct {
					ResponseMIMEType string `json:"responseMimeType"`
					ResponseSchema   struct {
						Properties map[string]struct {
							Type                int
							Description, Format string
						}
					}
				}
			}
			if err := json.Unmarshal(record.Body, &body); err != nil {
				t.Fatal(err)
			}
			want(t, "it is JSON mode", body.GenerationConfig.ResponseMIMEType, "application/json")
			want(t, "what a field is for is told", body.GenerationConfig.ResponseSchema.Properties["name"].Description, "A name.")
			want(t, "every kind of harm has the threshold", fmt.Sprint(body.SafetySettings),
				fmt.Sprintf("[{7 %d} {8 %[1]d} {9 %[1]d} {10 %[1]d}]", threshold))
		})
	}
}

func TestGeminiRefusals(t *testing.T) {
	failing := func(status int, message string, delay time.Duration) llmtest.GeminiConfig {
		return llmtest.GeminiConfig{Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
			return llmtest.GeminiReply{
				Reply:      llmtest.Reply{Faults: []llmtest.Fault{{Kind: llmtest.FaultError, Status: status, Message: message}}},
				RetryDelay: delay,
			}
		}}
	}
	for name, c := range map[string]struct {
		server  llmtest.GeminiConfig
		model   string
		kind    Kind
		status  int
		message string
		after   time.Duration
		tries   int
	}{
		"a key that is wrong": {
			llmtest.GeminiConfig{Key: "another"}, "", KindKeyRefused, 400, "set GOOGLE_API_KEY", 0, 1,
		},
		"a key without the right": {
			failing(403, "Your API key was reported as leaked: "+geminiKey, 0), "", KindKeyRefused, 403, "reported as leaked: [redacted]", 0, 1,
		},
		"a key that is not known": {failing(401, "", 0), "", KindKeyRefused, 401, "set GOOGLE_API_KEY", 0, 1},
		"a model that is gone": {
			llmtest.GeminiConfig{}, "gemini-1.5-flash", KindModelNotFound, 404, `there is no model "gemini-1.5-flash", or no more; set GOOGLE_API_MODEL`, 0, 1,
		},
		"too many requests": {
			failing(429, "You exceeded your current quota.", 34*time.Second), "", KindRateLimited, 429, "You exceeded your current quota.", 34 * time.Second, 1,
		},
		"too many requests, for some part of a second": {
			failing(429, "Resource has been exhausted", 340*time.Millisecond), "", KindRateLimited, 429, "", 340 * time.Millisecond, 1,
		},
		"overloaded":         {failing(503, "The model is overloaded. Please try again later.", 0), "", KindBusy, 503, "overloaded", 0, 2},
		"a failure":          {failing(500, "An internal error has occurred.", 0), "", KindUpstreamFailed, 500, "internal error", 0, 1},
		"a time-out of its":  {failing(504, "Deadline expired before operation could complete.", 0), "", KindUpstreamFailed, 504, "Deadline expired", 0, 1},
		"a country":          {failing(400, "User location is not supported for the API use.", 0), "", KindRefused, 400, "location is not supported", 0, 1},
		"too long a request": {failing(400, "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).", 0), "", KindContextOverflow, 400, "token count", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := startGoogle(t, c.server, func(config *GeminiConfig) { config.Model = c.model })
			e := wantKind(t, name, g.ask(say("hello")).err, c.kind)
			want(t, "the service is named", e.Service, "gemini")
			want(t, "the status is kept", e.Status, c.status)
			want(t, "the delay that was asked for is kept", e.RetryAfter, c.after)
			if !strings.Contains(e.Error(), c.message) {
				t.Errorf("it says why: got %q, want %q in it", e, c.message)
			}
			want(t, "it is tried again only where nothing can have begun", len(g.server.Records()), c.tries)
			want(t, "the call is measured", g.calls(string(c.kind)), 1)
		})
	}
}

func TestGeminiAnswersThatAreNone(t *testing.T) {
	status := func(code int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		kind    Kind
		message string
		after   time.Duration
	}{
		"another API's 404":              {status(404, "", "404 page not found"), KindRefused, "is GOOGLE_API_ENDPOINT right?", 0},
		"a proxy's 429":                  {status(429, "Retry-After: 7", "slow down"), KindRateLimited, "", 7 * time.Second},
		"a proxy's 502":                  {status(502, "", "<html>nginx at 10.0.0.7:80</html>"), KindUpstreamFailed, "", 0},
		"a redirect":                     {status(302, "Location: http://127.0.0.1:1/", ""), KindRefused, "", 0},
		"a web page":                     {status(200, "", "<!doctype html>"), KindUpstreamFailed, "not a part of a reply", 0},
		"a reply that is no list":        {status(200, "", `{"candidates":[]}`), KindUpstreamFailed, "not a part of a reply", 0},
		"a list of other things":         {status(200, "", `[7]`), KindUpstreamFailed, "not a part of a reply", 0},
		"a list of other types":          {status(200, "", `[{"candidates":{}}]`), KindUpstreamFailed, "not a part of a reply", 0},
		"nothing":                        {status(200, "", ""), KindTruncated, "", 0},
		"an empty list":                  {status(200, "", "[]"), KindTruncated, "", 0},
		"a list with nothing in it":      {status(200, "", "[{}]"), KindTruncated, "", 0},
		"half of a list":                 {status(200, "", `[{"candidates":[{"content":`), KindTruncated, "", 0},
		"a list that does not end":       {status(200, "", `[{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`), KindTruncated, "", 0},
		"what follows is no JSON":        {status(200, "", `[{} , <html>`), KindUpstreamFailed, "not a part of a reply", 0},
		"an error in the place of one":   {status(200, "", `[{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}]`), KindBusy, "overloaded", 0},
		"an error of another form":       {status(200, "", `[{"error":"dead"}]`), KindUpstreamFailed, "dead", 0},
		"a limit in the place of one":    {status(200, "", `[{"error":{"code":429,"message":"quota","details":[{"retryDelay":"2s"}]}}]`), KindRateLimited, "quota", 2 * time.Second},
		"more than 8 MiB":                {status(200, "", "["+strings.Repeat(" ", 9<<20)+"]"), KindUpstreamFailed, "over 8 MiB", 0},
		"a function call, nothing else":  {status(200, "", `[{"candidates":[{"content":{"parts":[{"functionCall":{"name":"x"}}]},"finishReason":"STOP"}]}]`), KindEmpty, "", 0},
		"a thought, nothing else":        {status(200, "", `[{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]},"finishReason":1}]}]`), KindEmpty, "", 0},
		"the end without a candidate":    {status(200, "", `[{"usageMetadata":{"promptTokenCount":3}}]`), KindTruncated, "", 0},
		"a reason that is not specified": {status(200, "", `[{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"FINISH_REASON_UNSPECIFIED"}]}]`), KindTruncated, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.answer)
			defer server.Close()
			g := googleAt(t, server.URL, nil)
			e := wantKind(t, name, g.ask(say("hello")).err, c.kind)
			want(t, "the delay that was asked for is kept", e.RetryAfter, c.after)
			if !strings.Contains(e.Error(), c.message) {
				t.Errorf("it says why: got %q, want %q in it", e, c.message)
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		server := httptest.NewServer(nil)
		server.Close()
		g := googleAt(t, server.URL, nil)
		e := wantKind(t, "nobody listens", g.ask(say("hello")).err, KindUnreachable)
		want(t, "it says so", e.Message, "connection refused")
	})
}

func TestGeminiBlocks(t *testing.T) {
	for _, names := range []bool{false, true} {
		for reason, kind := range map[string]Kind{
			"SAFETY": KindBlocked, "RECITATION": KindBlocked, "LANGUAGE": KindBlocked, "BLOCKLIST": KindBlocked, "PROHIBITED_CONTENT": KindBlocked,
			"SPII": KindBlocked, "IMAGE_SAFETY": KindBlocked, "NEWER_THAN_THE_SDK": KindBlocked,
			"OTHER": KindUpstreamFailed, "MALFORMED_FUNCTION_CALL": KindUpstreamFailed,
		} {
			t.Run(fmt.Sprint(reason, names), func(t *testing.T) {
				g := startGoogle(t, llmtest.GeminiConfig{Names: names, Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
					return llmtest.GeminiReply{Reply: llmtest.Reply{Tokens: tokens}, Finish: reason}
				}}, nil)
				got := g.ask(say("hello"))
				e := wantKind(t, "a reply that is ended is no whole reply", got.err, kind)
				want(t, "what was written until then has been delivered", got.text, sentence)
				if known := reason != "NEWER_THAN_THE_SDK" || names; known && !strings.Contains(e.Error(), reason) {
					t.Errorf("the reason is told: %v", e)
				}
				want(t, "the call is measured", g.calls(string(kind)), 1)
			})
		}
		for _, reason := range []string{"SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "NEWER_THAN_THE_SDK"} {
			t.Run(fmt.Sprint("prompt ", reason, names), func(t *testing.T) {
				g := startGoogle(t, llmtest.GeminiConfig{Names: names, Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
					return llmtest.GeminiReply{Block: reason}
				}}, nil)
				e := wantKind(t, "a request that is not taken", g.ask(say("hello")).err, KindBlocked)
				if !strings.Contains(e.Error(), "it does not take this request") {
					t.Errorf("it was the request's fault: %v", e)
				}
			})
		}
	}
}

func TestGeminiThoughtsAndBounds(t *testing.T) {
	thoughts := []string{"The user", " says hello", " to me."}
	for name, c := range map[string]struct {
		thoughts int // tokens of them
		text     string
		finish   FinishReason
		kind     Kind
		outcome  string
		tokens   []string
	}{
		"thoughts are no reply":                     {3, sentence, FinishStop, "", "completed", tokens},
		"thoughts that leave no room for text":      {geminiThinking + 5, "", FinishLength, "", "cut off", tokens},
		"thoughts that leave room for some":         {geminiThinking + 3, "오늘은", FinishLength, "", "cut off", tokens},
		"thoughts, and then nothing":                {3, "", "", KindEmpty, string(KindEmpty), []string{}},
		"no thoughts, and then nothing":             {0, "", "", KindEmpty, string(KindEmpty), []string{}},
		"a reply of one piece":                      {0, "네.", FinishStop, "", "completed", []string{"네."}},
		"a reply whose last piece comes in the end": {0, sentence, FinishStop, "", "completed", tokens},
	} {
		t.Run(name, func(t *testing.T) {
			g := startGoogle(t, llmtest.GeminiConfig{Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
				reply := llmtest.Reply{Tokens: c.tokens, Wire: llmtest.Wire{Batch: 64, FinalContent: strings.HasSuffix(name, "in the end")}}
				for i := range c.thoughts {
					reply.Thinking = append(reply.Thinking, thoughts[i%len(thoughts)])
				}
				return llmtest.GeminiReply{Reply: reply}
			}}, nil)
			req := say("hello")
			req.MaxTokens = 5
			if c.finish == FinishStop {
				req.MaxTokens = 100
			}
			got := g.ask(req)
			want(t, "only text is text", got.text, c.text)
			want(t, "how it ended is told", got.last.Finish, c.finish)
			want(t, "and whether it failed", KindOf(got.err), c.kind)
			if c.finish == FinishStop {
				want(t, "tokens are counted without thoughts", got.last.Usage.OutputTokens, len(c.tokens))
			}
			want(t, "the call is measured", g.calls(c.outcome), 1)
			if logged := g.logged.String(); !strings.Contains(logged, "first_text=") || strings.Contains(logged, "네") || strings.Contains(logged, "hello") {
				t.Errorf("the log has the times, and not what was said:\n%s", logged)
			}
			want(t, "once", g.calls(""), 1)
		})
	}
}

func TestGeminiThinkingIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := geminiRig(t, llmtest.GeminiConfig{Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
			return llmtest.GeminiReply{Reply: llmtest.Reply{
				Thinking: []string{"a", "b", "c", "d", "e", "f"}, Tokens: tokens,
				Pace: llmtest.Pace{FirstToken: testFirstToken - time.Second, TokensPerSecond: 0.25},
			}}
		}})
		got := listen(r.model.Stream(t.Context(), say("hello")))
		want(t, "a model that thinks at one token in 4 s has not stalled", got.err, nil)
		want(t, "its thoughts are not its reply", got.text, sentence)
	})
}

func TestGeminiConnectionIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := geminiReplying(t, llmtest.DefaultReply)
		for range 5 {
			for delta, err := range r.model.Stream(t.Context(), say("hello")) {
				if err != nil {
					t.Fatal(err)
				}
				if delta.Finish != "" {
					break
				}
			}
		}
		want(t, "five replies need one connection, and there is no other", r.dials(), 1)
	})
}

func TestGeminiThatDoesNotHangUpIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t}
		client, err := NewGemini(GeminiConfig{APIKey: geminiKey, Endpoint: memnet.URL, Transport: r.serve(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.WriteString(w, `[{"candidates":[{"content":{"parts":[{"text":"네"}]},"finishReason":"STOP"}]}]`)
			_ = http.NewResponseController(w).Flush()
			<-req.Context().Done()
		}))})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		got := listen(client.Stream(t.Context(), say("hello")))
		want(t, "the reply is whole", got.text, "네")
		want(t, "and was not waited for longer than for a connection's sake", time.Since(begun), drainTime)
	})
}

// A byte now and then is no token, and no sign of life.
func TestGeminiThatTricklesIsLeft(t *testing.T) {
	const element = `{"candidates":[{"content":{"parts":[{"text":"네"}]}}]}`
	for name, tt := range map[string]struct {
		begins string
		kind   Kind
		after  time.Duration
	}{
		"from the beginning": {"[", KindFirstTokenTimeout, testFirstToken},
		"after a token":      {"[" + element + ",", KindIdleTimeout, testIdle},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &rig{t: t}
				left := make(chan struct{})
				client, err := NewGemini(GeminiConfig{
					APIKey: geminiKey, Endpoint: memnet.URL, FirstTokenTimeout: testFirstToken, IdleTimeout: testIdle,
					Transport: r.serve(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
						defer close(left)
						_, _ = io.WriteString(w, tt.begins)
						for i := 0; req.Context().Err() == nil; i++ {
							_ = http.NewResponseController(w).Flush()
							select {
							case <-time.After(time.Second):
							case <-req.Context().Done():
							}
							_, _ = io.WriteString(w, element[i:i+1])
						}
					})),
				})
				if err != nil {
					t.Fatal(err)
				}
				begun := time.Now()
				got := listen(client.Stream(t.Context(), say("hello")))
				want(t, "it has given up", KindOf(got.err), tt.kind)
				want(t, "when the time for a token was over", time.Since(begun), tt.after)
				<-left // the request has ended
			})
		})
	}
}

func TestGeminiWarmUp(t *testing.T) {
	for name, c := range map[string]struct {
		server llmtest.GeminiConfig
		kind   Kind
	}{
		"all is well":          {llmtest.GeminiConfig{Key: geminiKey}, ""},
		"a key that is wrong":  {llmtest.GeminiConfig{Key: "another"}, KindKeyRefused},
		"a model that is gone": {llmtest.GeminiConfig{Models: []string{"gemini-9-flash"}}, KindModelNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			g := startGoogle(t, c.server, nil)
			err := g.client.WarmUp(t.Context())
			g.keeps(err)
			want(t, "the start says what is wrong", KindOf(err), c.kind)
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &rig{t: t}
			client, err := NewGemini(GeminiConfig{APIKey: geminiKey, Endpoint: memnet.URL, Transport: r.serve(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
				<-req.Context().Done()
			}))})
			if err != nil {
				t.Fatal(err)
			}
			wantKind(t, "it does not wait for ever", client.WarmUp(t.Context()), KindUnreachable)
		})
	})
}

func TestGeminiConfig(t *testing.T) {
	for name, c := range map[string]GeminiConfig{
		"no key":                 {},
		"a key with a line":      {APIKey: "AIza\nSy"},
		"a key that is no ASCII": {APIKey: "AIza열쇠"},
		"an unknown threshold":   {APIKey: geminiKey, Safety: "BLOCK_SOME"},
		"no address":             {APIKey: geminiKey, Endpoint: "generativelanguage.googleapis.com"},
	} {
		if _, err := NewGemini(c); err == nil || strings.Contains(err.Error(), geminiKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g, err := NewGemini(GeminiConfig{APIKey: geminiKey})
	if err != nil {
		t.Fatal(err)
	}
	for name, req := range map[string]Request{
		"nothing is said":           {},
		"only we have spoken":       {Messages: []Message{{RoleSystem, "x"}, {RoleUser, "x"}, {RoleAssistant, "y"}}},
		"a schema that is no JSON":  {Messages: say("x").Messages, Schema: []byte("json")},
		"a schema of another type":  {Messages: say("x").Messages, Schema: []byte(`{"type":"null"}`)},
		"one in a list":             {Messages: say("x").Messages, Schema: []byte(`{"type":"array","items":{}}`)},
		"one of an object's fields": {Messages: say("x").Messages, Schema: []byte(`{"type":"object","properties":{"a":{"type":"any"}}}`)},
	} {
		if got := listen(g.Stream(t.Context(), req)); got.err == nil || KindOf(got.err) != "" {
			t.Errorf("%s: %v; it is the caller's mistake", name, got.err)
		}
	}
}

// The SDK's stream reader and ours must make the same of whatever a server sends, and
// nothing of it may bring the process down.
func FuzzGeminiStream(f *testing.F) {
	for _, seed := range []string{
		`[{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":1}],"usageMetadata":{"promptTokenCount":1}}]`,
		`[{"candidates":[{"content":{"parts":[{"text":"a","thought":true},{"thoughtSignature":"x"},{"text":""}]},"finishReason":"STOP"}]}]`,
		`[{"promptFeedback":{"blockReason":7}}]`, `[{"error":{"code":429}}]`, `[{}, {}]`, `[`, `[{"candidates":[null]}]`, `[null]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		client, err := NewGemini(GeminiConfig{APIKey: geminiKey, Endpoint: "http://gemini", Transport: answer(body)})
		if err != nil {
			t.Fatal(err)
		}
		got := listen(client.Stream(t.Context(), say("hello")))
		// Property: a reply is whole, or its failure has a kind.
		if (got.err == nil) != (got.last.Finish != "") || got.err != nil && KindOf(got.err) == "" {
			t.Fatalf("%q: finish %q, error %v", body, got.last.Finish, got.err)
		}
	})
}

// answer answers every request with itself.
type answer string

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(a))), Request: r}, nil
}
