package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"avatarforge/llm"
	"avatarforge/llm/llmtest"
	"avatarforge/server"
)

const (
	storyPath   = "/api/ai/generate/story"
	detailsPath = "/api/ai/generate/character-details"

	// The specification's examples, as they are printed there.
	printedStory = `{
    "situation": "새벽 3시, 프로젝트 마감이 내일인데 팀원이 3시간째 잠만 자고 있다.",
    "opponent_name": "코딩 안 하고 자는 팀원",
    "character_persona": "밝고 명랑한 성격..."
  }`
	printedIdea = `{
    "name": "나루토",
    "category": "애니메이션",
    "source_work": "나루토",
    "description": "호카게를 꿈꾸는 열정적인 닌자",
    "worldview": "나루토 세계관"
  }`

	googleKey = "AIzaSyTestOnly_0123456789-abcdefghijklm"

	aPlot = `{"plot":"새벽 3시, 키보드 소리만 들린다. 당신은 잠든 팀원 앞에 선다."}`
)

// draftFields are the fields that the specification prints for a character's details.
var draftFields = []string{
	"name", "gender", "species", "age", "height", "job", "worldview", "personality", "appearance", "description",
	"likes", "dislikes", "speech_style", "thoughts", "features", "habits", "guidelines",
}

// details is a whole character as a model writes it, with a field put over it.
func details(field string, value any) string {
	object := object{}
	for _, f := range draftFields {
		object[f] = "나뭇잎 마을의 값"
	}
	object["likes"], object["dislikes"] = []string{"라면", "수행"}, []string{"야채"}
	if field != "" {
		object[field] = value
	}
	data, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// scripted is a model that writes the texts in turn, the last one again and again.
func scripted(texts ...string) func(llmtest.ChatRequest) llmtest.Reply {
	var mu sync.Mutex
	return func(llmtest.ChatRequest) llmtest.Reply {
		mu.Lock()
		defer mu.Unlock()
		text := texts[0]
		if len(texts) > 1 {
			texts = texts[1:]
		}
		return llmtest.Reply{Text: text}
	}
}

// google is a Gemini on a port, with a client for it as the server's author.
func google(t *testing.T, cfg llmtest.GeminiConfig) (*llmtest.Gemini, server.Author) {
	t.Helper()
	gemini := llmtest.NewGemini(cfg)
	listener := httptest.NewServer(gemini)
	t.Cleanup(listener.Close)
	return gemini, server.Author{Model: geminiAt(t, listener.URL), Provider: "gemini"}
}

func geminiAt(t *testing.T, url string) llm.Model {
	t.Helper()
	client, err := llm.NewGemini(llm.GeminiConfig{APIKey: googleKey, Endpoint: url, FirstTokenTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func writing(reply func(llmtest.ChatRequest) llmtest.Reply) llmtest.GeminiConfig {
	return llmtest.GeminiConfig{Reply: func(req llmtest.ChatRequest) llmtest.GeminiReply {
		return llmtest.GeminiReply{Reply: reply(req)}
	}}
}

// ollama is an Ollama as the author, behind a gate as the replies are.
func ollama(t *testing.T, reply func(llmtest.ChatRequest) llmtest.Reply) (*llmtest.Ollama, server.Author) {
	t.Helper()
	model := llmtest.NewOllama(llmtest.Config{Reply: reply})
	listener := httptest.NewServer(model)
	t.Cleanup(listener.Close)
	client, err := llm.NewOllama(llm.OllamaConfig{BaseURL: listener.URL, Model: llmtest.DefaultModel})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return model, server.Author{Model: llm.NewGate(client, 1), Provider: "ollama"}
}

type storyBody struct{ Plot, Provider string }

// story asks for a plot, which comes without an envelope.
func (c *caller) story(body, why string) storyBody {
	c.t.Helper()
	status, data := c.call("POST", storyPath, body)
	var out storyBody
	if err := json.Unmarshal(data, &out); err != nil || status != 200 {
		c.t.Fatalf("%s: answered %d: %s (%v)", why, status, data, err)
	}
	return out
}

type detailsBody struct {
	Success           bool
	Data              object
	Provider          string
	DraftID           string `json:"draft_id"`
	RegenerationsLeft int    `json:"regenerations_left"`
}

func (c *caller) details(body, why string) detailsBody {
	c.t.Helper()
	status, data := c.call("POST", detailsPath, body)
	var out detailsBody
	if err := json.Unmarshal(data, &out); err != nil || status != 200 || !out.Success {
		c.t.Fatalf("%s: answered %d: %s (%v)", why, status, data, err)
	}
	return out
}

func TestSpecificationsDraftRequests(t *testing.T) {
	reply := func(req llmtest.ChatRequest) llmtest.Reply {
		if strings.Contains(req.Messages[0].Content, "줄거리") {
			return llmtest.Reply{Text: "```json\n" + aPlot + "\n```"}
		}
		return llmtest.Reply{Text: details("extra", "없음")}
	}
	_, gemini := google(t, writing(reply))
	_, local := ollama(t, reply)
	for _, author := range []server.Author{gemini, local} {
		t.Run(author.Provider, func(t *testing.T) {
			anonymous, mina, _ := usersOf(t, server.Config{Author: author})
			status, data := anonymous.call("POST", storyPath, printedStory)
			if status != 200 || !strings.HasPrefix(string(data), `{"plot":`) {
				t.Errorf("the story comes without an envelope and needs no login: %d %s", status, data)
			}
			story := anonymous.story(printedStory, "as printed")
			if !strings.HasPrefix(story.Plot, "새벽 3시") || story.Provider != author.Provider {
				t.Errorf("story %+v", story)
			}

			anonymous.refused("POST", detailsPath, printedIdea, 401, "unauthenticated", "details need a login")
			got := mina.details(printedIdea, "as printed")
			if got.Provider != author.Provider || got.DraftID == "" || got.RegenerationsLeft != 3 {
				t.Errorf("beside the data: %+v", got)
			}
			if len(got.Data) != len(draftFields) {
				t.Errorf("%d fields, printed are %d: %v", len(got.Data), len(draftFields), got.Data)
			}
			for _, field := range draftFields {
				if _, list := got.Data[field].([]any); got.Data[field] == nil || list != strings.HasSuffix(field, "likes") {
					t.Errorf("%s is %v", field, got.Data[field])
				}
			}
			if got.Data["name"] != "나루토" {
				t.Errorf("the name is the user's: %v", got.Data["name"])
			}
			// The wizard goes on with it.
			created, err := json.Marshal(got.Data)
			if err != nil {
				t.Fatal(err)
			}
			want[object](mina, "POST", "/api/characters", string(created), "a draft can be created as it is")
		})
	}
}

func TestTheModelIsToldWhatIsAsked(t *testing.T) {
	gemini, author := google(t, writing(scripted(`{"plot":7}`, aPlot, details("", nil))))
	anonymous, mina, _ := usersOf(t, server.Config{Author: author})
	anonymous.story(printedStory, "right on the second try")
	mina.details(`{"name":"Ada","description":"A clockmaker who talks to her clocks.","category":null}`, "in English")

	records := gemini.Records()
	if len(records) != 4 {
		t.Fatalf("%d requests, want two for the story and two for the details, in Korean both times", len(records))
	}
	first, second, third := records[0].Chat, records[1].Chat, records[2].Chat
	if len(first.Messages) != 2 || !strings.Contains(first.Messages[0].Content, "모든 값은 한국어로 쓴다.") ||
		!strings.Contains(first.Messages[1].Content, "상대: 코딩 안 하고 자는 팀원") || !strings.Contains(string(first.Format), `"plot"`) {
		t.Errorf("first %+v", first)
	}
	if n := len(second.Messages); n != 4 || second.Messages[2].Content != `{"plot":7}` || !strings.Contains(second.Messages[3].Content, "plot must be a text") {
		t.Errorf("it is told what it wrote and what was wrong: %+v", second.Messages)
	}
	if !strings.Contains(third.Messages[0].Content, "the language of the request") || third.Messages[1].Content != "Name: Ada\nDescription: A clockmaker who talks to her clocks." {
		t.Errorf("third %+v", third.Messages)
	}
}

func TestWhatIsNoDraftTwiceFails(t *testing.T) {
	for why, reply := range map[string]llmtest.GeminiReply{
		"words":               {Reply: llmtest.Reply{Text: "미안하지만 할 수 없어요."}},
		"a field too few":     {Reply: llmtest.Reply{Text: strings.Replace(details("", nil), `"job":`, `"jop":`, 1)}},
		"a field of a number": {Reply: llmtest.Reply{Text: details("age", 16)}},
		"cut off":             {Reply: llmtest.Reply{Text: `{"name":"가`}, Finish: "MAX_TOKENS"},
		"cut off at once":     {Finish: "MAX_TOKENS"},
		"nothing":             {},
	} {
		t.Run(why, func(t *testing.T) {
			gemini, author := google(t, llmtest.GeminiConfig{Reply: func(llmtest.ChatRequest) llmtest.GeminiReply { return reply }})
			_, mina, _ := usersOf(t, server.Config{Author: author})
			p := mina.refused("POST", detailsPath, printedIdea, 502, "upstream_failed", why)
			if !strings.Contains(p.Detail, "gemini") || !strings.Contains(p.Detail, "twice") {
				t.Errorf("who has failed is told: %s", p.Detail)
			}
			if n := len(gemini.Records()); n != 2 {
				t.Errorf("it was asked %d times", n)
			}
		})
	}
}

func TestAuthorsFailures(t *testing.T) {
	failing := func(status int, message string) llmtest.GeminiConfig {
		return writing(func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Faults: []llmtest.Fault{{Kind: llmtest.FaultError, Status: status, Message: message}}}
		})
	}
	limited := llmtest.GeminiConfig{Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
		return llmtest.GeminiReply{RetryDelay: 34 * time.Second, Reply: llmtest.Reply{Faults: []llmtest.Fault{{Kind: llmtest.FaultError, Status: 429, Message: "quota"}}}}
	}}
	blocked := func(reply llmtest.GeminiReply) llmtest.GeminiConfig {
		return llmtest.GeminiConfig{Reply: func(llmtest.ChatRequest) llmtest.GeminiReply { return reply }}
	}
	for _, tt := range []struct {
		why    string
		server llmtest.GeminiConfig
		status int
		code   string
		detail string // in it
		after  string
	}{
		{"a wrong key", llmtest.GeminiConfig{Key: "another"}, 502, "upstream_failed", "GOOGLE_API_KEY", ""},
		{"a retired model", llmtest.GeminiConfig{Models: []string{"gemini-9"}}, 502, "upstream_failed", "GOOGLE_API_MODEL", ""},
		{"its limit", limited, 503, "upstream_unavailable", "rate limited", "34"},
		{"overloaded", failing(503, "The model is overloaded."), 503, "upstream_unavailable", "overloaded", "5"},
		{"a failure", failing(500, "internal"), 502, "upstream_failed", "internal", ""},
		{"a blocked request", blocked(llmtest.GeminiReply{Block: "PROHIBITED_CONTENT"}), 502, "upstream_failed", "PROHIBITED_CONTENT", ""},
		{"a blocked reply", blocked(llmtest.GeminiReply{Finish: "SAFETY", Reply: llmtest.Reply{Text: `{"name":"x`}}), 502, "upstream_failed", "SAFETY", ""},
		{"a broken connection", writing(func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Text: aPlot, Faults: []llmtest.Fault{{Kind: llmtest.FaultTear, After: 3}}}
		}), 502, "upstream_failed", "broke off", ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			_, author := google(t, tt.server)
			_, mina, _ := usersOf(t, server.Config{Author: author})
			for _, accept := range []string{"application/json", "text/event-stream"} {
				header := http.Header{"Content-Type": {"application/json"}, "Accept": {accept}}
				resp, data := mina.send("POST", detailsPath, header, strings.NewReader(printedIdea))
				if strings.Contains(string(data), googleKey) || strings.Contains(string(data), "127.0.0.1") {
					t.Fatalf("a key or an address is in the answer: %s", data)
				}
				var p problem
				if accept == "application/json" {
					p = mina.problem(resp, data, tt.status, tt.code, tt.why)
					if got := resp.Header.Get("Retry-After"); got != tt.after {
						t.Errorf("Retry-After %q, want %q", got, tt.after)
					}
				} else {
					events := eventsOf(t, string(data))
					last := events[len(events)-1]
					if err := json.Unmarshal([]byte(last.data), &p); err != nil || last.name != "error" || p.Status != tt.status || p.Code != tt.code || p.Instance != detailsPath {
						t.Errorf("the stream ends with %+v", last)
					}
				}
				if !strings.Contains(p.Detail, tt.detail) {
					t.Errorf("detail %q, want %q in it", p.Detail, tt.detail)
				}
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		anonymous, _, _ := usersOf(t, server.Config{Author: server.Author{Model: geminiAt(t, "http://"+listener.Addr().String()), Provider: "gemini"}})
		anonymous.refused("POST", storyPath, printedStory, 503, "upstream_unavailable", "nobody listens there")
	})
	t.Run("no time", func(t *testing.T) {
		gemini := llmtest.NewGemini(writing(func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Text: aPlot, Faults: []llmtest.Fault{{Kind: llmtest.FaultStall}}}
		}))
		listener := httptest.NewServer(gemini)
		defer listener.Close()
		client, err := llm.NewGemini(llm.GeminiConfig{APIKey: googleKey, Endpoint: listener.URL, FirstTokenTimeout: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		anonymous, _, _ := usersOf(t, server.Config{Author: server.Author{Model: client, Provider: "gemini"}})
		anonymous.refused("POST", storyPath, printedStory, 504, "upstream_timeout", "it never begins")
	})
	t.Run("none", func(t *testing.T) {
		anonymous, mina, _ := users(t)
		anonymous.refused("POST", storyPath, printedStory, 503, "not_configured", "there is no author")
		mina.refused("POST", detailsPath, printedIdea, 503, "not_configured", "there is no author")
	})
}

func TestBadDraftRequests(t *testing.T) {
	gemini, author := google(t, writing(scripted(aPlot)))
	anonymous, mina, _ := usersOf(t, server.Config{Author: author})
	long := func(n int) string { return strings.Repeat("가", n) }
	for _, tt := range []struct {
		path, body string
		status     int
		location   string
	}{
		{storyPath, `{}`, 422, "body"},
		{storyPath, `{"situation":"  \n"}`, 422, "body.situation"},
		{storyPath, `{"situation":null}`, 422, "body.situation"},
		{storyPath, `{"situation":7}`, 422, "body.situation"},
		{storyPath, `{"situation":"` + long(2001) + `"}`, 422, "body.situation"},
		{storyPath, `{"situation":"x","opponent_name":"` + long(201) + `"}`, 422, "body.opponent_name"},
		{storyPath, `{"situation":"x","character_persona":"` + long(8001) + `"}`, 422, "body.character_persona"},
		{storyPath, `{"situation":`, 400, ""},
		{detailsPath, `{}`, 422, "body"},
		{detailsPath, `{"name":" "}`, 422, "body.name"},
		{detailsPath, `{"name":["나루토"]}`, 422, "body.name"},
		{detailsPath, `{"name":"` + long(101) + `"}`, 422, "body.name"},
		{detailsPath, `{"name":"x","description":"` + long(2001) + `"}`, 422, "body.description"},
		{detailsPath, `{"name":"x","draft_id":"` + long(65) + `"}`, 422, "body.draft_id"},
	} {
		c := anonymous
		if tt.path == detailsPath {
			c = mina
		}
		code := "validation_failed"
		if tt.status == 400 {
			code = "invalid_request"
		}
		p := c.refused("POST", tt.path, tt.body, tt.status, code, tt.body[:min(len(tt.body), 60)])
		if tt.location != "" && (len(p.Errors) == 0 || p.Errors[0].Location != tt.location) {
			t.Errorf("%.60s: errors %+v, want %s", tt.body, p.Errors, tt.location)
		}
	}
	if n := len(gemini.Records()); n != 0 {
		t.Errorf("the model was asked %d times", n)
	}
	anonymous.story(`{"situation":"비가 온다","opponent_name":null,"character_persona":null,"later":1}`, "null is as left out, and what we do not know is ignored")
}

func TestACharacterIsMadeUpAnewThreeTimes(t *testing.T) {
	_, author := google(t, writing(scripted(details("", nil))))
	_, mina, juno := usersOf(t, server.Config{Author: author})
	for _, left := range []int{3, 2, 1, 0} {
		// As clients do that know nothing of draft_id, and with another spelling each time.
		body := strings.Replace(printedIdea, "나루토", "나루토"+strings.Repeat(" ", left)+strings.Repeat("!", left), 2)
		if got := mina.details(body, "one of four").RegenerationsLeft; got != left {
			t.Errorf("%d left, want %d", got, left)
		}
	}
	resp, data := mina.send("POST", detailsPath, http.Header{"Content-Type": {"application/json"}}, strings.NewReader(printedIdea))
	p := mina.problem(resp, data, 429, "rate_limited", "the fifth")
	if !strings.Contains(p.Detail, "3 times") || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %s", data, resp.Header)
	}
	mina.refused("POST", detailsPath, printedIdea, 429, "rate_limited", "being refused changes nothing")
	juno.details(printedIdea, "another's count is another's")
	mina.details(`{"name":"나루토","source_work":"다른 작품"}`, "it is another character")

	first := mina.details(`{"name":"사쿠라"}`, "a draft with an id")
	for left := 2; left >= 0; left-- {
		body := fmt.Sprintf(`{"name":"사쿠라 %d","draft_id":%q}`, left, first.DraftID)
		got := mina.details(body, "the name changes, the draft stays")
		if got.RegenerationsLeft != left || got.DraftID != first.DraftID {
			t.Errorf("%+v, want %d left", got, left)
		}
	}
	mina.refused("POST", detailsPath, fmt.Sprintf(`{"name":"하루노 사쿠라","draft_id":%q}`, first.DraftID), 429, "rate_limited", "whatever it is called")
	got := mina.details(`{"name":"하루노 사쿠라"}`, "it is another draft")
	if got.RegenerationsLeft != 3 {
		t.Errorf("%d left: a refused try has been counted for the name", got.RegenerationsLeft)
	}
}

// However the model fails, nothing of it counts, and nothing is left waiting for it.
func TestWhatFailsDoesNotCount(t *testing.T) {
	var mu sync.Mutex
	var fault *llmtest.Fault // guarded by mu
	gemini := llmtest.NewGemini(writing(func(llmtest.ChatRequest) llmtest.Reply {
		mu.Lock()
		defer mu.Unlock()
		reply := llmtest.Reply{Text: details("", nil)}
		if fault != nil {
			reply.Faults = []llmtest.Fault{*fault}
		}
		return reply
	}))
	listener := httptest.NewServer(gemini)
	t.Cleanup(listener.Close)
	client, err := llm.NewGemini(llm.GeminiConfig{APIKey: googleKey, Endpoint: listener.URL, FirstTokenTimeout: 2 * time.Second, IdleTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	_, mina, _ := usersOf(t, server.Config{Author: server.Author{Model: client, Provider: "gemini"}})
	for why, tt := range map[string]struct {
		fault  llmtest.Fault
		status int
		code   string
	}{
		"it refuses":              {llmtest.Fault{Kind: llmtest.FaultError, Message: "internal"}, 502, "upstream_failed"},
		"it never begins":         {llmtest.Fault{Kind: llmtest.FaultStall}, 504, "upstream_timeout"},
		"it stops in between":     {llmtest.Fault{Kind: llmtest.FaultStall, After: 5}, 504, "upstream_timeout"},
		"it breaks off":           {llmtest.Fault{Kind: llmtest.FaultDrop, After: 5}, 502, "upstream_failed"},
		"a line of it is torn":    {llmtest.Fault{Kind: llmtest.FaultTear, After: 5}, 502, "upstream_failed"},
		"it ends without its end": {llmtest.Fault{Kind: llmtest.FaultEnd, After: 5}, 502, "upstream_failed"},
	} {
		mu.Lock()
		fault = &tt.fault
		mu.Unlock()
		mina.refused("POST", detailsPath, printedIdea, tt.status, tt.code, why)
		asked := func(r llmtest.Record) bool { return !r.State.Ended() }
		for until := time.Now().Add(30 * time.Second); slices.ContainsFunc(gemini.Records(), asked); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("%s: the model is still asked", why)
			}
		}
	}
	mu.Lock()
	fault = nil
	mu.Unlock()
	if got := mina.details(printedIdea, "then it writes").RegenerationsLeft; got != 3 {
		t.Errorf("%d left, want 3", got)
	}
}

func TestManyAtOnceAreFour(t *testing.T) {
	_, author := google(t, writing(scripted(details("", nil))))
	_, mina, _ := usersOf(t, server.Config{Author: author})
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		statuses = map[int]int{}
	)
	for range 12 {
		wg.Go(func() {
			status, _ := mina.call("POST", detailsPath, printedIdea)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	wg.Wait()
	if statuses[200] != 4 || statuses[429] != 8 {
		t.Errorf("of twelve at once: %v", statuses)
	}
}

func TestDraftsCountAgainstTheRate(t *testing.T) {
	_, author := google(t, writing(scripted(aPlot)))
	anonymous, _, _ := usersOf(t, server.Config{Author: author, RateLimit: server.RateLimit{PerSecond: 0.001, Burst: 2}})
	anonymous.story(printedStory, "the first")
	anonymous.story(printedStory, "the second")
	anonymous.refused("POST", storyPath, printedStory, 429, "rate_limited", "the third")
}

// sent is one event of a stream.
type sent struct{ name, data string }

func eventsOf(t *testing.T, stream string) (events []sent) {
	t.Helper()
	for block := range strings.SplitSeq(stream, "\n\n") {
		if block == "" || strings.HasPrefix(block, ":") {
			continue
		}
		name, data, ok := strings.Cut(block, "\n")
		if !ok || !strings.HasPrefix(name, "event: ") || !strings.HasPrefix(data, "data: ") || strings.Contains(data, "\n") {
			t.Fatalf("no event: %q", block)
		}
		events = append(events, sent{strings.TrimPrefix(name, "event: "), strings.TrimPrefix(data, "data: ")})
	}
	if len(events) == 0 {
		t.Fatal("no events")
	}
	return events
}

func asEvents() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}}
}

type fieldEvent struct {
	Name  string
	Value any
	Done  bool
}

func TestFieldsAreStreamedWhileTheyAreWritten(t *testing.T) {
	reply := scripted(`{"name":"나루토","age":16}`, details("job", "나뭇잎 마을 닌자"))
	_, gemini := google(t, writing(reply))
	_, local := ollama(t, scripted(`{"name":"나루토","age":16}`, details("job", "나뭇잎 마을 닌자")))
	for _, author := range []server.Author{gemini, local} {
		t.Run(author.Provider, func(t *testing.T) {
			metrics := prometheus.NewRegistry()
			_, mina, _ := usersOf(t, server.Config{Author: author, Metrics: metrics})
			resp, data := mina.send("POST", detailsPath, asEvents(), strings.NewReader(printedIdea))
			if got := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || got != "text/event-stream; charset=utf-8" {
				t.Fatalf("%d %s: %s", resp.StatusCode, got, data)
			}
			events := eventsOf(t, string(data))
			restarts, grown := 0, 0
			fields := map[string]fieldEvent{}
			var order []string
			for _, e := range events[:len(events)-1] {
				switch e.name {
				case "restart":
					restarts++
					clear(fields)
					order = nil
				case "field":
					var f fieldEvent
					if err := json.Unmarshal([]byte(e.data), &f); err != nil {
						t.Fatal(err)
					}
					if before, known := fields[f.Name]; known && before.Done {
						t.Errorf("%s goes on after its end", f.Name)
					} else if known {
						grown++
						if text, is := f.Value.(string); is && !strings.HasPrefix(text, before.Value.(string)) {
							t.Errorf("%s was %q and is %q", f.Name, before.Value, text)
						}
					} else {
						order = append(order, f.Name)
					}
					fields[f.Name] = f
				default:
					t.Errorf("event %+v", e)
				}
			}
			if restarts != 1 || grown < 10 {
				t.Errorf("%d restarts, %d fields seen growing", restarts, grown)
			}
			last := events[len(events)-1]
			var whole detailsBody
			if err := json.Unmarshal([]byte(last.data), &whole); err != nil || last.name != "done" {
				t.Fatalf("the last event is %+v", last)
			}
			if !whole.Success || whole.Provider != author.Provider || whole.RegenerationsLeft != 3 || whole.DraftID == "" {
				t.Errorf("done: %+v", whole)
			}
			if order[0] != "name" || len(fields) != len(draftFields) {
				t.Errorf("fields %v", order)
			}
			for name, f := range fields {
				if !f.Done || fmt.Sprint(f.Value) != fmt.Sprint(whole.Data[name]) {
					t.Errorf("%s was told as %v, and is %v", name, f, whole.Data[name])
				}
			}
			if got := counted(t, metrics, "avatarforge_drafts_total", "character", "completed"); got != 1 {
				t.Errorf("%v drafts are counted", got)
			}
		})
	}
}

// counted is a counter's value, by its labels' values in any order.
func counted(t *testing.T, metrics *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetValue())
			}
			slices.Sort(got)
			slices.Sort(labels)
			if family.GetName() == name && slices.Equal(got, labels) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func TestWhatIsRefusedIsNoStream(t *testing.T) {
	_, author := google(t, writing(scripted(aPlot)))
	anonymous, mina, _ := usersOf(t, server.Config{Author: author})
	resp, data := anonymous.send("POST", detailsPath, asEvents(), strings.NewReader(printedIdea))
	anonymous.problem(resp, data, 401, "unauthenticated", "a stream needs a login, too")
	resp, data = mina.send("POST", detailsPath, asEvents(), strings.NewReader(`{"name":""}`))
	mina.problem(resp, data, 422, "validation_failed", "and a name")
}

func TestStreamsByAccept(t *testing.T) {
	_, author := google(t, writing(scripted(aPlot)))
	anonymous, _, _ := usersOf(t, server.Config{Author: author})
	for accept, events := range map[string]bool{
		"": false, "*/*": false, "application/json": false, "text/html, */*;q=0.8": false,
		"text/event-stream": true, "text/event-stream, application/json": true, "application/json;q=0.5, text/event-stream": true,
		"application/json, text/event-stream;q=0.5": false, "text/event-stream;q=0": false, "text/event-stream;q=x": false,
	} {
		header := http.Header{"Content-Type": {"application/json"}}
		if accept != "" {
			header.Set("Accept", accept)
		}
		resp, data := anonymous.send("POST", storyPath, header, strings.NewReader(printedStory))
		if got := strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream"); got != events || resp.StatusCode != 200 {
			t.Errorf("Accept %q: %d %s", accept, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
		if events {
			list := eventsOf(t, string(data))
			if last := list[len(list)-1]; last.name != "done" || !strings.HasPrefix(last.data, `{"plot":"새벽`) {
				t.Errorf("the last event is %+v", last)
			}
		}
	}
}

func TestAClientThatLeavesEndsTheWriting(t *testing.T) {
	model, author := ollama(t, func(llmtest.ChatRequest) llmtest.Reply {
		return llmtest.Reply{Text: aPlot, Faults: []llmtest.Fault{{Kind: llmtest.FaultStall, After: 8}}}
	})
	metrics := prometheus.NewRegistry()
	anonymous, _, _ := usersOf(t, server.Config{Author: author, Metrics: metrics})
	ctx, leave := context.WithTimeout(t.Context(), 30*time.Second)
	defer leave()
	req, err := http.NewRequestWithContext(ctx, "POST", anonymous.URL+storyPath, strings.NewReader(printedStory))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = asEvents()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	if !strings.Contains(lines.Text(), `"done":false`) {
		t.Fatalf("while it is being written the plot grows: %q, %v", lines.Text(), lines.Err())
	}
	leave()
	record, err := model.Await(t.Context(), func(r llmtest.Record) bool { return r.State.Ended() })
	if err != nil || record.State != llmtest.StateAborted {
		t.Errorf("the model goes on: %v, %v", record.State, err)
	}
}

func TestAClientThatDoesNotReadIsLeft(t *testing.T) {
	model, author := ollama(t, func(llmtest.ChatRequest) llmtest.Reply {
		// All that is told of it, growing, is some 20 MB.
		return llmtest.Reply{Text: `{"plot":"` + strings.Repeat("가나다라 ", 800), Faults: []llmtest.Fault{{Kind: llmtest.FaultStall, After: 1900}}}
	})
	metrics := prometheus.NewRegistry()
	anonymous, _, _ := usersOf(t, server.Config{Author: author, Metrics: metrics, WriteTimeout: 200 * time.Millisecond})
	conn, err := net.Dial("tcp", strings.TrimPrefix(anonymous.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", storyPath, len(printedStory), printedStory)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	record, err := model.Await(ctx, func(r llmtest.Record) bool { return r.State.Ended() })
	if err != nil || record.State != llmtest.StateAborted {
		t.Errorf("the model goes on for nobody: %v, %v", record.State, err)
	}
}

func TestDraftsAreDescribed(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	var doc struct {
		Paths map[string]struct {
			Post struct {
				Security    []map[string][]string
				RequestBody struct{ Content map[string]any }
				Responses   map[string]struct {
					Content map[string]struct{ Schema object }
				}
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ MaxLength int }
				Required   []string
			}
		}
	}
	getJSON(t, h.URL+"/api/openapi.json", &doc)
	for path, name := range map[string]string{storyPath: "StoryAnswer", detailsPath: "DetailsAnswer"} {
		post := doc.Paths[path].Post
		for kind, schema := range map[string]object{"application/json": {"$ref": "#/components/schemas/" + name}, "text/event-stream": {"type": "string"}} {
			if got := post.Responses["200"].Content[kind].Schema; fmt.Sprint(got) != fmt.Sprint(schema) {
				t.Errorf("%s answers %s with %v, want %v", path, kind, got, schema)
			}
		}
		for _, status := range []string{"422", "429", "502", "503", "504"} {
			if _, there := post.Responses[status]; !there {
				t.Errorf("%s may answer %s", path, status)
			}
		}
	}
	if s := doc.Paths[detailsPath].Post.Security; len(s) != 2 {
		t.Errorf("details need a login: %v", s)
	}
	schemas := doc.Components.Schemas
	if got := schemas["StoryIdea"]; got.Properties["situation"].MaxLength != 2000 || !slices.Equal(got.Required, []string{"situation"}) {
		t.Errorf("a story is asked for by %+v", got)
	}
	if got := schemas["StoryAnswer"].Required; !slices.Equal(slices.Sorted(slices.Values(got)), []string{"plot", "provider"}) {
		t.Errorf("a story is %v", got)
	}
	if got := schemas["DetailsAnswer"].Required; !slices.Contains(got, "provider") || !slices.Contains(got, "data") || !slices.Contains(got, "regenerations_left") {
		t.Errorf("details are %v", got)
	}
	if got := schemas["CharacterDraft"].Required; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(draftFields))) {
		t.Errorf("a draft's fields are %v", got)
	}
}
