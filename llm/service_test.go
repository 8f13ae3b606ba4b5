package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/internal/memnet"
	"avatarforge/llm/llmtest"
)

// answering returns both clients, each on a server that answers everything with h.
func answering(t *testing.T, h http.HandlerFunc) map[string]Model {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o, err := NewOllama(OllamaConfig{BaseURL: server.URL, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	v, err := NewVLLM(VLLMConfig{BaseURL: server.URL, Model: "m", APIKey: "s3cret-key"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	o.up.retryDelay, v.up.retryDelay = time.Microsecond, time.Microsecond
	return map[string]Model{"ollama": o, "vllm": v}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		service string // empty: both
		status  int
		body    string
		kind    Kind
		message string
	}{
		"Ollama without the model": {
			"ollama", 404, `{"error":"model 'm' not found"}`,
			KindModelNotFound, `model "m" is not installed; on the server run: ollama pull m`,
		},
		"vLLM without the model": {
			"vllm", 404, `{"error":{"message":"The model ` + "`m`" + ` does not exist.","type":"NotFoundError","param":"model","code":404}}`,
			KindModelNotFound, `model "m" is not served`,
		},
		"an old vLLM without the model": {
			"vllm", 404, `{"object":"error","message":"The model ` + "`m`" + ` does not exist.","type":"NotFoundError","param":null,"code":404}`,
			KindModelNotFound, `model "m" is not served`,
		},
		"no such path": {"", 404, "404 page not found", KindRefused, "is the base URL right?"},
		"a bad request": {
			"ollama", 400, `{"error":"\"m\" does not support thinking"}`,
			KindRefused, `does not support thinking`,
		},
		"Ollama with truncate off, or a model that cannot shift": {
			"ollama", 400, `{"error":"the input length exceeds the context length"}`,
			KindContextOverflow, "exceeds the context length",
		},
		"llama-server through Ollama": {
			"ollama", 400, `{"error":"{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size\",\"type\":\"exceed_context_size_error\"}}"}`,
			KindContextOverflow, "the request exceeds the available context size",
		},
		"vLLM with too long a prompt": {
			"vllm", 400, `{"error":{"message":"This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens.","type":"BadRequestError","param":null,"code":400}}`,
			KindContextOverflow, "4096",
		},
		"vLLM with no room for the reply": {
			"vllm", 400, `{"object":"error","message":"max_tokens must be at most 12","type":"BadRequestError","param":null,"code":400}`,
			KindContextOverflow, "at most 12",
		},
		"vLLM without a key":         {"vllm", 401, `{"error":"Unauthorized"}`, KindRefused, "the API key is missing or wrong: Unauthorized"},
		"Ollama behind a proxy":      {"ollama", 403, ``, KindRefused, "Host header"},
		"too many requests":          {"", 429, `{"error":"slow down"}`, KindBusy, "slow down"},
		"a full queue":               {"ollama", 503, `{"error":"server busy, please try again.  maximum pending requests exceeded"}`, KindBusy, "server busy"},
		"a dead engine":              {"vllm", 500, `{"error":{"message":"EngineCore died","type":"InternalServerError","param":null,"code":500}}`, KindUpstreamFailed, "EngineCore died"},
		"a bad gateway":              {"", 502, `<html>nginx at 10.0.0.7:8000</html>`, KindUpstreamFailed, ""},
		"a redirect is not followed": {"", 307, ``, KindRefused, ""},
		"a cancelled load":           {"ollama", 499, `{"error":"request cancelled"}`, KindUpstreamFailed, "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			models := answering(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			for service, model := range models {
				if c.service != "" && c.service != service {
					continue
				}
				got := listen(model.Stream(t.Context(), say("hello")))
				e := wantKind(t, service+" tells the kind", got.err, c.kind)
				want(t, "the service is named", e.Service, service)
				want(t, "the status is kept", e.Status, c.status)
				if !strings.Contains(e.Error(), c.message) {
					t.Errorf("%s says why: got %q, want %q in it", service, e, c.message)
				}
				if strings.Contains(e.Error(), "127.0.0.1") || strings.Contains(e.Error(), "10.0.0.7") || strings.Contains(e.Error(), "s3cret") {
					t.Errorf("the error shows an address or a key: %q", e)
				}
			}
		})
	}
}

func TestWhatIsNoReplyIsAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		kind Kind
		text string
	}{
		"a web page":                            {"<!doctype html>\n<html>\n<body>\n\n", KindTruncated, ""},
		"a web page in the place of a line":     {"\n<html>\n\ndata: <html>\n\nmore\n\n", KindUpstreamFailed, ""},
		"an empty answer":                       {"", KindTruncated, ""},
		"[DONE] alone":                          {"data: [DONE]\n\n", KindTruncated, ""},
		"an error, then [DONE]":                 {"data: {\"error\":{\"message\":\"dead\",\"code\":500}}\n\ndata: [DONE]\n\n", KindUpstreamFailed, ""},
		"an error in the old layout":            {"data: {\"object\":\"error\",\"message\":\"dead\",\"code\":500}\n\ndata: [DONE]\n\n", KindUpstreamFailed, ""},
		"an aborted reply":                      {"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"abort\"}]}\n\ndata: [DONE]\n\n", KindUpstreamFailed, "a"},
		"[DONE] without a finish reason":        {"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\ndata: [DONE]\n\n", KindTruncated, "a"},
		"an Ollama error with a JSON in it":     {"{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"error\":\"{\\\"error\\\":{\\\"message\\\":\\\"dead\\\"}}\"}\n", KindUpstreamFailed, "a"},
		"an Ollama line that is cut off":        {"{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"mess", KindTruncated, "a"},
		"an Ollama line of the wrong types":     {"{\"message\":{\"content\":5},\"done\":false}\n{\"done\":true}\n", KindUpstreamFailed, ""},
		"an Ollama reply without its last line": {"{\"message\":{\"content\":\"a\"},\"done\":false}\n", KindTruncated, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			service := "vllm"
			if strings.Contains(name, "Ollama") || strings.Contains(name, "in the place") {
				service = "ollama"
			}
			models := answering(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, c.body) })
			got := listen(models[service].Stream(t.Context(), say("hello")))
			wantKind(t, "it is no success", got.err, c.kind)
			want(t, "what was a reply is kept", got.text, c.text)
		})
	}
}

func TestFinishReasonWithoutDoneIsAWholeReply(t *testing.T) {
	models := answering(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"length\"}]}\n\n")
	})
	got := listen(models["vllm"].Stream(t.Context(), say("hello")))
	want(t, "nothing of the text can be missing", got.err, nil)
	want(t, "the reason is kept", got.last.Finish, FinishLength)
}

func TestHugeLineIsRefused(t *testing.T) {
	models := answering(t, func(w http.ResponseWriter, r *http.Request) {
		chunk := []byte(strings.Repeat("x", 1<<20))
		for range 9 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	for service, model := range models {
		got := listen(model.Stream(t.Context(), say("hello")))
		e := wantKind(t, service+" does not read without end", got.err, KindUpstreamFailed)
		want(t, "the reason is told", e.Message, "a line is over 8 MiB")
	}
}

func TestBusyIsTriedOnceMore(t *testing.T) {
	for refusals, wanted := range map[int]Kind{1: "", 2: KindBusy} {
		for _, service := range []string{"ollama", "vllm"} {
			tries := 0
			models := answering(t, func(w http.ResponseWriter, r *http.Request) {
				if tries++; tries <= refusals {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				_, _ = io.WriteString(w, map[bool]string{
					true:  `{"message":{"content":"네"},"done":true}`,
					false: "data: {\"choices\":[{\"delta\":{\"content\":\"네\"},\"finish_reason\":\"stop\"}]}\n\n",
				}[r.URL.Path == "/api/chat"])
			})
			got := listen(models[service].Stream(t.Context(), say("hello")))
			want(t, fmt.Sprintf("%s, busy %d times", service, refusals), KindOf(got.err), wanted)
			want(t, "there are two tries, and no more", tries, 2)
		}
	}
}

func TestOnlyWhatCannotHaveBegunIsTriedAgain(t *testing.T) {
	for _, status := range []int{400, 404, 429, 500, 502} {
		tries := 0
		models := answering(t, func(w http.ResponseWriter, r *http.Request) {
			tries++
			w.WriteHeader(status)
		})
		_ = listen(models["ollama"].Stream(t.Context(), say("hello")))
		want(t, fmt.Sprintf("status %d is final", status), tries, 1)
	}
}

func TestUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := memnet.Listen()
		_ = listener.Close()
		dials := 0
		transport := &http.Transport{DialContext: listener.DialContext}
		counted := roundTripper(func(r *http.Request) (*http.Response, error) {
			dials++
			return transport.RoundTrip(r)
		})
		o, err := NewOllama(OllamaConfig{BaseURL: "http://gpu-box.example:11434", Model: "m", Transport: counted})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		got := listen(o.Stream(t.Context(), say("hello")))
		e := wantKind(t, "nobody listens there", got.err, KindUnreachable)
		want(t, "the reason is told, the address is not", e.Error(), "ollama: unreachable: connection refused")
		if !errors.Is(got.err, syscall.ECONNREFUSED) {
			t.Error("the cause is there for the log")
		}
		want(t, "a refused connection is tried once more", dials, 2)
		if waited := time.Since(begun); waited < o.up.retryDelay/2 || waited > 2*o.up.retryDelay {
			t.Errorf("the second try waits a moment: got %v", waited)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		dials = 0
		got = listen(o.Stream(ctx, say("hello")))
		wantKind(t, "the real reason is told, not that there was no time to try again", got.err, KindUnreachable)
		want(t, "there is no second try where there is no time for it", dials, 1)

		cancelled, stop := context.WithCancelCause(t.Context())
		interrupted := errors.New("the listener spoke")
		time.AfterFunc(time.Millisecond, func() { stop(interrupted) })
		got = listen(o.Stream(cancelled, say("hello")))
		if !errors.Is(got.err, interrupted) {
			t.Errorf("a cancel ends the moment between the tries: got %v", got.err)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestControlRequestsHaveABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memnet.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		defer server.Close()
		o, err := NewOllama(OllamaConfig{BaseURL: memnet.URL, Transport: server.Client().Transport})
		if err != nil {
			t.Fatal(err)
		}
		_, err = o.Probe(t.Context())
		e := wantKind(t, "a server that does not answer a probe is not there", err, KindUnreachable)
		want(t, "the bound is told", e.Message, "no answer within 10s")
	})
}

func TestFinishedReplyWaitsOnlyAMomentForItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan struct{})
		server := memnet.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"message":{"content":"네"},"done":true}`+"\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(left)
		}))
		defer server.Close()
		o, err := NewOllama(OllamaConfig{BaseURL: memnet.URL, Transport: server.Client().Transport})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		got := listen(o.Stream(t.Context(), say("hello")))
		want(t, "a reply that is whole is a success", got.err, nil)
		want(t, "whatever the server does afterwards", got.text, "네")
		want(t, "it may take so long to end its body", time.Since(begun), drainTime)
		<-left // and then its connection goes
	})
}

func TestLeavingTheLoopClosesARealConnection(t *testing.T) {
	server := llmtest.NewOllama(llmtest.Config{Reply: script(llmtest.Reply{
		Tokens: tokens, Faults: []llmtest.Fault{{Kind: llmtest.FaultStall, After: 3}},
	})})
	real := httptest.NewServer(server)
	defer real.Close()
	o, err := NewOllama(OllamaConfig{BaseURL: real.URL, Model: llmtest.DefaultModel})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	n := 0
	for range o.Stream(t.Context(), say("hello")) {
		if n++; n == 3 {
			break
		}
	}
	record, err := server.Await(t.Context(), func(r llmtest.Record) bool { return r.State.Ended() })
	want(t, "the server sees it", err, nil)
	want(t, "as a client that has left", record.State, llmtest.StateAborted)
	want(t, "the next request works", listen(o.Stream(t.Context(), say("next"))).err, nil)
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := NewOllama(OllamaConfig{BaseURL: "http://h", NumCtx: -1}); err == nil {
		t.Error("a negative window: got no error")
	}
	for _, url := range []string{"", "localhost:11434", "ftp://h", "http://", "http://u:s3cret@h:x/", "http://[::1"} {
		_, err := NewOllama(OllamaConfig{BaseURL: url})
		_, err2 := NewVLLM(VLLMConfig{BaseURL: url})
		if err == nil || err2 == nil {
			t.Errorf("base URL %q: got no error", url)
			continue
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestRequestWithoutMessagesIsAnError(t *testing.T) {
	onEach(t, llmtest.DefaultReply, func(t *testing.T, r *rig) {
		got := listen(r.model.Stream(t.Context(), Request{}))
		if got.err == nil {
			t.Error("Ollama would take it for a warm-up and vLLM for a mistake: got no error")
		}
		want(t, "it is not sent", len(r.server.Records()), 0)
	})
}

// ollamaOn makes a client of an llmtest server; its log goes to the writer.
func ollamaOn(t *testing.T, server *llmtest.Ollama, cfg OllamaConfig) *Ollama {
	net := memnet.Serve(server)
	t.Cleanup(net.Close)
	cfg.BaseURL, cfg.Transport = memnet.URL, net.Client().Transport
	o, err := NewOllama(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOllamaWarmUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := llmtest.NewOllama(llmtest.Config{
			Models:    []llmtest.Model{{Name: "small", ContextLength: 2048}, {Name: "gemma3:27b"}},
			LoadDelay: 3 * time.Minute,
		})
		var log strings.Builder
		o := ollamaOn(t, server, OllamaConfig{Model: "gemma3:27b", Log: slog.New(slog.NewTextHandler(&log, nil))})
		begun := time.Now()
		if err := o.WarmUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		want(t, "loading may take longer than a first token", time.Since(begun), 3*time.Minute)
		want(t, "a window as asked for is nothing to warn of", log.String(), "")
		begun = time.Now()
		got := listen(o.Stream(t.Context(), say("hello")))
		want(t, "the request gets its reply", got.err, nil)
		want(t, "a request after it loads nothing: it asks for the same window", time.Since(begun), 0)
		length, err := o.ContextLength(t.Context(), "")
		want(t, "the window is the one allocated", length, DefaultNumCtx)
		want(t, "it can be asked", err, nil)

		o.model = "small:latest"
		if err := o.WarmUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "tokens=2048 asked=8192") {
			t.Errorf("a smaller window is warned of, with both figures: got %q", log.String())
		}
		length, _ = o.ContextLength(t.Context(), "small")
		want(t, "the window is the smaller one", length, 2048)

		o.model = "missing"
		err = o.WarmUp(t.Context())
		e := wantKind(t, "a missing model is told by its kind", err, KindModelNotFound)
		if !strings.Contains(e.Error(), "ollama pull missing") {
			t.Errorf("the error says what to do: got %q", e)
		}
	})
}

func TestOllamaContextLengthBeforeLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := llmtest.NewOllama(llmtest.Config{Models: []llmtest.Model{{Name: "small", ContextLength: 2048}, {Name: "big"}}})
		o := ollamaOn(t, server, OllamaConfig{Model: "big", NumCtx: 16_384})
		for model, wanted := range map[string]int{"": 16_384, "small": 2048} {
			length, err := o.ContextLength(t.Context(), model)
			want(t, "no error", err, nil)
			want(t, fmt.Sprintf("the window of %q is what it allows of what is asked for", model), length, wanted)
		}
		_, err := o.ContextLength(t.Context(), "missing")
		wantKind(t, "a missing model has none", err, KindModelNotFound)
	})
}

func TestKeepAlive(t *testing.T) {
	for given, wanted := range map[time.Duration]string{0: "-1", -1: "-1", 90 * time.Minute: `"1h30m0s"`} {
		o, err := NewOllama(OllamaConfig{BaseURL: "http://h", KeepAlive: given})
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(o.request(say("hello")))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), `"keep_alive":`+wanted) {
			t.Errorf("%v is sent as %s: got %s", given, wanted, body)
		}
	}
}

func TestModelsListsTheConfiguredOneFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		models := []llmtest.Model{{Name: "a"}, {Name: "b:7b"}, {Name: "c"}, {Name: "d"}}
		o := ollamaOn(t, llmtest.NewOllama(llmtest.Config{Models: models}), OllamaConfig{Model: "c"})
		names, err := o.Models(t.Context())
		want(t, "no error", err, nil)
		want(t, "Ollama's names have their tag", strings.Join(names, " "), "c:latest a:latest b:7b d:latest")
		version, err := o.Probe(t.Context())
		want(t, "no error", err, nil)
		want(t, "the version is told", version, "0.32.15")

		r := vllmRig(t, llmtest.VLLMConfig{Models: models})
		v := r.model.(*VLLM)
		v.model = "c"
		names, err = v.Models(t.Context())
		want(t, "no error", err, nil)
		want(t, "vLLM's names are as given", strings.Join(names, " "), "c a b:7b d")
	})
}

func TestVLLMBehindAProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := vllmRig(t, llmtest.VLLMConfig{
			PathPrefix: "/llm/a", APIKey: "s3cret", HideHealth: true, Comments: true,
			Models: []llmtest.Model{{Name: llmtest.DefaultModel, ContextLength: 600}},
		})
		v := r.model.(*VLLM)
		version, err := v.Probe(t.Context())
		want(t, "the list of models answers for a hidden /health", err, nil)
		want(t, "the version is told", version, "0.24.0")
		want(t, "the model is there", v.WarmUp(t.Context()), nil)
		length, err := v.ContextLength(t.Context(), "")
		want(t, "the model's length is the window", length, 600)
		want(t, "no error", err, nil)
		_, err = v.ContextLength(t.Context(), "missing")
		wantKind(t, "a missing model has none", err, KindModelNotFound)
		got := listen(v.Stream(t.Context(), say("hello")))
		want(t, "key, path and comments are no hindrance", got.err, nil)
		got = listen(v.Stream(t.Context(), say(strings.Repeat("안녕 ", 400))))
		wantKind(t, "too long a prompt is refused", got.err, KindContextOverflow)

		v.up.apiKey = "wrong-key"
		_, err = v.Probe(t.Context())
		e := wantKind(t, "a wrong key is told", err, KindRefused)
		want(t, "and not shown", e.Error(), "vllm: request refused (status 401): the API key is missing or wrong: Unauthorized")
	})
}

func TestVLLMProbeOfADeadEngine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	v, err := NewVLLM(VLLMConfig{BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	_, err = v.Probe(t.Context())
	wantKind(t, "503 from /health is final, whatever else answers", err, KindUpstreamFailed)
}

func TestSilentCutShowsInTheUsage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := ollamaOn(t, llmtest.NewOllama(llmtest.Config{}), OllamaConfig{Model: llmtest.DefaultModel, NumCtx: 100})
		req := say("hello")
		req.Messages = slices.Insert(req.Messages, 1, Message{Role: RoleUser, Content: strings.Repeat("안녕 ", 200)})
		got := listen(o.Stream(t.Context(), req))
		want(t, "Ollama says nothing of the turns that it dropped", got.err, nil)
		if got.last.Usage.InputTokens == 0 || got.last.Usage.InputTokens > 100 {
			t.Errorf("its count of the prompt is the one sign: got %d", got.last.Usage.InputTokens)
		}
	})
}
