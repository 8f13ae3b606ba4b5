package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"avatarforge/internal/logtest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/tts/ttstest"
)

// receiver is an OpenTelemetry collector that takes traces by OTLP over HTTP.
type receiver struct {
	*httptest.Server

	mu    sync.Mutex
	spans []*spans.Span
	raw   bytes.Buffer // all that came
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		data, err := io.ReadAll(req.Body)
		var export collector.ExportTraceServiceRequest
		if err != nil || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(data, &export) != nil {
			http.Error(w, "not OTLP", http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(data)
		for _, resource := range export.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

// named are the spans of that name below a parent, anybody's where it is nil.
func (r *receiver) named(name string, below *spans.Span) (found []*spans.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		if s.Name == name && (below == nil || bytes.Equal(s.ParentSpanId, below.SpanId) && bytes.Equal(s.TraceId, below.TraceId)) {
			found = append(found, s)
		}
	}
	return found
}

func events(s *spans.Span) (names []string) {
	for _, e := range s.Events {
		names = append(names, e.Name)
	}
	return names
}

// overheard passes requests on and remembers their traceparent headers, by path.
type overheard struct {
	http.Handler
	mu      sync.Mutex
	parents map[string][]string
}

func (o *overheard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	if o.parents == nil {
		o.parents = map[string][]string{}
	}
	o.parents[r.URL.Path] = append(o.parents[r.URL.Path], r.Header.Get("Traceparent"))
	o.mu.Unlock()
	o.Handler.ServeHTTP(w, r)
}

// told is whether a request to a path was part of a trace.
func (o *overheard) told(path string, trace []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.ContainsFunc(o.parents[path], func(p string) bool { return strings.HasPrefix(p, fmt.Sprintf("00-%x-", trace)) })
}

// mark is in all that people and the model say in these tests.
const mark = "XQ7MARKER7QX"

// overhear is a program with upstreams of the test's own, all of whose replies have the mark in them.
func overhear(t *testing.T, log io.Writer, args ...string) (p *program, model, voice *overheard) {
	t.Helper()
	model = &overheard{Handler: llmtest.NewOllama(llmtest.Config{Reply: func(req llmtest.ChatRequest) llmtest.Reply {
		switch {
		case strings.Contains(string(req.Format), `"plot"`):
			return llmtest.Reply{Text: `{"plot":"` + mark + `의 밤이다."}`}
		case strings.Contains(req.Last("user"), "refuse"):
			return llmtest.Reply{Text: "네", Faults: []llmtest.Fault{{Kind: llmtest.FaultError, Status: 400, Message: "cannot answer: " + req.Last("user")}}}
		}
		return llmtest.Reply{Text: mark + "라고 했지? 그래, 알겠어. 오늘은 좋은 날이야."}
	}})}
	voice = &overheard{Handler: ttstest.New(ttstest.Config{})}
	brain, mouth := httptest.NewServer(model), httptest.NewServer(voice)
	t.Cleanup(brain.Close)
	t.Cleanup(mouth.Close)
	// The level that operators run with.
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	p = launchLogged(t, logger, t.TempDir(), append([]string{
		"--llm-service", "ollama", "--ollama-base-url", brain.URL, "--llm-model", llmtest.DefaultModel,
		"--tts-service", "gpt-sovits", "--tts-base-url", mouth.URL, "--jwt-secret", testSecret,
	}, args...)...)
	return p, model, voice
}

// tell sends an event and waits for the end of the response that follows.
func (p *program) tell(ws *websocket.Conn, events ...string) realtime.Response {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	for _, e := range events {
		if err := ws.Write(ctx, websocket.MessageText, []byte(e)); err != nil {
			p.t.Fatal(err)
		}
	}
	for {
		_, data, err := ws.Read(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		_, e, err := realtime.DecodeServer(data)
		if err != nil {
			p.t.Fatal(err)
		}
		if done, ok := e.(realtime.ResponseDone); ok {
			return done.Response
		}
	}
}

func saying(text string) string {
	return fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}}`, text)
}

// What people say, and what characters answer, is in no log at the level that operators run with, in no metric and in no
// trace, whichever way it was said.
func TestWhatPeopleSayIsNowhere(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	traces := newReceiver(t)
	p, _, _ := overhear(t, &log, "--otel-exporter-otlp-endpoint", traces.URL)

	ws := p.dial(nil)
	p.tell(ws, fmt.Sprintf(`{"type":"session.update","session":{"instructions":"%s is your name."}}`, mark), saying(mark+" 안녕!"), `{"type":"response.create"}`)
	p.tell(ws, saying(mark+" refuse"), `{"type":"response.create"}`) // the model server fails, and repeats what was said
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(`{"type":"`+mark+`","event_id":"`+mark+`"}`)); err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{
		"/api/chat":                    `{"messages":[{"role":"user","content":"MARK"}],"persona":"MARK","tts_mode":"realtime"}`,
		"/api/tts":                     `{"text":"MARK라고 말해."}`,
		"/api/ai/generate/story":       `{"situation":"MARK","opponent_name":"MARK","character_persona":"MARK"}`,
		"/api/characters":              `{"name":"MARK","voice_id":"MARK"}`, // refused
		"/api/facts":                   `{"text":"MARK를 좋아한다."}`,
		"/v1/chat/completions":         `{"model":"character:hermione","messages":[{"role":"user","content":"MARK"}]}`,
		"/v1/audio/speech":             `{"model":"tts-1","input":"MARK라고 말해.","voice":"alloy"}`,
		"/api/characters?name=" + mark: `{"name":"MARK"}`,
	} {
		if status, answer := p.post(path, strings.ReplaceAll(body, "MARK", mark)); status >= 500 || status == 404 {
			t.Errorf("%s answered %d %s", path, status, answer)
		}
	}
	ws.Close(websocket.StatusNormalClosure, "")

	resp, err := http.Get(p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	metrics, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	p.end()
	traces.mu.Lock()
	exported := traces.raw.String()
	traces.mu.Unlock()
	for where, text := range map[string]string{"the log": log.String(), "the metrics": string(metrics), "the traces": exported} {
		if i := strings.Index(text, mark); i >= 0 {
			t.Errorf("%s has what was said: …%.400s", where, text[max(0, i-300):])
		}
		if len(text) < 1000 {
			t.Errorf("%s has hardly anything in it: %q", where, text)
		}
		if strings.Contains(text, testSecret) {
			t.Errorf("%s has the secret", where)
		}
	}
	if !strings.Contains(log.String(), "response ended") {
		t.Error("the log does not tell of the responses, so this test sees nothing")
	}
}

// One turn is one trace, from the event to the audio, and the servers behind are told of it.
func TestTraces(t *testing.T) {
	t.Parallel()
	traces := newReceiver(t)
	p, model, voice := overhear(t, io.Discard, "--otel-exporter-otlp-endpoint", traces.URL)
	ws := p.dial(nil)
	done := p.tell(ws, saying("안녕!"), `{"type":"response.create"}`)
	if status, answer := p.post("/api/chat", `{"messages":[{"role":"user","content":"안녕?"}],"tts_enabled":false}`); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	ws.Close(websocket.StatusNormalClosure, "")
	p.end() // sends what is left

	one := func(name string, below *spans.Span) *spans.Span {
		t.Helper()
		list := traces.named(name, below)
		if len(list) == 0 {
			t.Fatalf("there is no span %q below %v", name, below.GetName())
		}
		return list[0]
	}
	handshake := one("GET /v1/realtime", nil)
	one("slot", handshake)
	var turn *spans.Span
	for _, s := range traces.named("turn", nil) {
		if len(s.ParentSpanId) == 0 {
			turn = s
		}
	}
	if turn == nil {
		t.Fatal("a turn that an event began is no trace of its own")
	}
	if !slices.Contains(events(turn), "first audio") {
		t.Errorf("the turn's events: %q", events(turn))
	}
	attributes := map[string]string{}
	for _, a := range turn.Attributes {
		attributes[a.Key] = a.Value.GetStringValue()
	}
	if attributes["response"] != done.ID || attributes["status"] != "completed" || attributes["session"] == "" {
		t.Errorf("the turn says %v", attributes)
	}
	one("prompt", turn)
	reply := one("llm", turn)
	if !slices.Contains(events(reply), "first token") {
		t.Errorf("the model's events: %q", events(reply))
	}
	one("llm queue", reply)
	one("POST /api/chat", reply)
	if !model.told("/api/chat", turn.TraceId) {
		t.Errorf("the model server was told %q", model.parents)
	}
	sentences := traces.named("sentence", turn)
	if len(sentences) != 3 {
		t.Errorf("%d sentences, want 3", len(sentences))
	}
	for _, s := range sentences {
		one("queue", s)
		if made := one("synthesis", s); !slices.Contains(events(made), "first audio") || made.StartTimeUnixNano < s.StartTimeUnixNano || made.EndTimeUnixNano > s.EndTimeUnixNano {
			t.Errorf("a synthesis: %v", made)
		}
		one("POST /tts", s)
	}
	if !voice.told("/tts", turn.TraceId) {
		t.Errorf("the synthesis server was told %q", voice.parents)
	}
	// A turn that a request began is part of the request's.
	asked := slices.ContainsFunc(traces.named("POST /api/chat", nil), func(s *spans.Span) bool {
		return s.Kind == spans.Span_SPAN_KIND_SERVER && len(traces.named("turn", s)) == 1
	})
	if !asked {
		t.Error("the turn of a request is not part of its trace")
	}
}

// Nobody is told anything where traces are off.
func TestNoTraces(t *testing.T) {
	t.Parallel()
	p, model, voice := overhear(t, io.Discard)
	p.tell(p.dial(nil), saying("안녕!"), `{"type":"response.create"}`)
	for _, o := range []*overheard{model, voice} {
		o.mu.Lock()
		for path, parents := range o.parents {
			for _, parent := range parents {
				if parent != "" {
					t.Errorf("%s was told %q", path, parent)
				}
			}
		}
		o.mu.Unlock()
	}
}
