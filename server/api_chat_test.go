package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/server"
	"avatarforge/tts/ttstest"
)

// asked is the specification's example of POST /api/chat but for its last message, which
// is an assistant's there: what is asked ends with the user's.
const asked = `{
    "messages": [
      { "role": "user", "content": "안녕하세요!" },
      { "role": "assistant", "content": "안녕! 만나서 반가워~" },
      { "role": "user", "content": "오늘 뭐 했어?" }
    ],
    "persona": "밝고 명랑한 10대 소녀 캐릭터. 반말을 사용하며 귀엽게 말함.",
    "character_id": "hermione",
    "scenario": {
      "opponent": "헤르미온느 그레인저",
      "situation": "호그와트 도서관에서 만남",
      "background": "마법 세계 배경"
    },
    "session_id": "0b5e0c1e-7b0e-4b6c-9a58-0d7a1c2f9e55",
    "temperature": 0.7,
    "max_tokens": 512,
    "model": "gemma-3-27b-it",
    "tts_enabled": false,
    "tts_mode": "realtime",
    "tts_delay_ms": 0,
    "tts_streaming_mode": 0
  }`

type chatData struct {
	Content string
	Usage   struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	}
	SessionID         string  `json:"session_id"`
	AudioURL          *string `json:"audio_url"`
	ContextSummarized *bool   `json:"context_summarized"`
	TTSError          string  `json:"tts_error"`
}

// chatting is a house whose model always answers the same.
func chatting(t *testing.T, line linetest.Config) *caller {
	return &caller{build(t, line, server.Config{}), t, ""}
}

// say asks in a session and returns the answer; empty begins one.
func (c *caller) say(id, text string) chatData {
	c.t.Helper()
	return want[chatData](c, "POST", "/api/chat", fmt.Sprintf(
		`{"session_id": %q, "tts_enabled": false, "messages": [{"role": "user", "content": %q}]}`, id, text), "it answers")
}

// prompt is what the model was told by the i-th request, from the end where i is negative.
func (c *caller) prompt(i int) []llmtest.Message {
	c.t.Helper()
	records := c.line.LLM.Records()
	if i < 0 {
		i += len(records)
	}
	if i < 0 || i >= len(records) {
		c.t.Fatalf("there were %d requests", len(records))
	}
	return records[i].Chat.Messages
}

func TestChat(t *testing.T) {
	c := chatting(t, saying("도서관에서 책을 읽었어!"))
	got := want[chatData](c, "POST", "/api/chat", asked, "the specification's example")
	if got.Content != "도서관에서 책을 읽었어!" || got.SessionID != "0b5e0c1e-7b0e-4b6c-9a58-0d7a1c2f9e55" || got.AudioURL != nil {
		t.Errorf("answered %+v", got)
	}
	if got.Usage.PromptTokens == 0 || got.Usage.CompletionTokens == 0 || got.ContextSummarized == nil {
		t.Errorf("answered %+v, without what the model counted", got)
	}
	told := c.prompt(0)
	if len(told) != 4 || told[1].Content != "안녕하세요!" || told[3].Content != "오늘 뭐 했어?" {
		t.Errorf("the model was told %+v", told)
	}
	for _, part := range []string{"밝고 명랑한 10대 소녀", "헤르미온느", "호그와트 도서관", "마법 세계 배경"} {
		if !strings.Contains(told[0].Content, part) {
			t.Errorf("the model was not told %q", part)
		}
	}
}

func TestChatGoesOnWithTheServersHistory(t *testing.T) {
	c := chatting(t, saying("응!"))
	id := c.say("", "나는 지수야.").SessionID
	c.say(id, "내 이름이 뭐야?")
	if told := c.prompt(-1); len(told) != 4 || told[1].Content != "나는 지수야." {
		t.Errorf("the model was told %+v; the server's history counts", told)
	}
	// A client that sends all it knows doubles nothing.
	want[chatData](c, "POST", "/api/chat", fmt.Sprintf(`{"session_id": %q, "tts_enabled": false, "messages": [
		{"role": "user", "content": "나는 지수야."}, {"role": "assistant", "content": "응!"},
		{"role": "user", "content": "내 이름이 뭐야?"}, {"role": "assistant", "content": " 응!\n"},
		{"role": "user", "content": "응!"}]}`, id), "the whole history")
	if told := c.prompt(-1); len(told) != 6 || told[5].Content != "응!" {
		t.Errorf("the model was told %+v", told)
	}
	// Nor does one that asks again.
	want[chatData](c, "POST", "/api/chat", fmt.Sprintf(`{"session_id": %q, "tts_enabled": false, "messages": [
		{"role": "user", "content": "나는 지수야."}, {"role": "assistant", "content": "응!"},
		{"role": "user", "content": "내 이름이 뭐야?"}, {"role": "assistant", "content": "응!"},
		{"role": "user", "content": "응!"}]}`, id), "another answer")
	if told := c.prompt(-1); len(told) != 6 || told[5].Content != "응!" {
		t.Errorf("the model was told %+v, for another answer", told)
	}
	page := want[struct {
		Messages []struct {
			ID, Role, Content, Status string
			CreatedAt                 time.Time `json:"created_at"`
		}
		NextCursor string `json:"next_cursor"`
	}](c, "GET", "/api/sessions/"+id+"/messages?limit=4", "", "the transcript")
	var said []string
	for _, m := range page.Messages {
		said = append(said, m.Role+": "+m.Content)
		if m.Status != "completed" || m.ID == "" || time.Since(m.CreatedAt) > time.Hour {
			t.Errorf("message %+v", m)
		}
	}
	if got, want := strings.Join(said, "|"), "user: 나는 지수야.|assistant: 응!|user: 내 이름이 뭐야?|assistant: 응!"; got != want || page.NextCursor == "" {
		t.Errorf("the transcript is %q, then %q", got, page.NextCursor)
	}
}

// The same session over REST and WebSocket has one history.
func TestChatAndWebSocketShareAHistory(t *testing.T) {
	c := chatting(t, saying("응!"))
	ws := c.dial(t, "")
	id := until[realtime.SessionCreated](ws, "it begins").Session.ID
	ws.say("여기는 소켓.")
	until[realtime.ResponseDone](ws, "it answers")
	c.say(id, "여기는 REST.")
	if added := until[realtime.ItemAdded](ws, "the listener is told of it").Item; added.Text() == "" {
		t.Errorf("told of %+v", added)
	}
	until[realtime.ResponseDone](ws, "and of the answer")
	ws.say("다시 소켓.")
	until[realtime.ResponseDone](ws, "the listener goes on")
	var said []string
	for _, m := range c.prompt(-1)[1:] {
		said = append(said, m.Content)
	}
	if got := strings.Join(said, "|"); got != "여기는 소켓.|응!|여기는 REST.|응!|다시 소켓." {
		t.Errorf("the model was told %q", got)
	}
}

func TestChatSpeaks(t *testing.T) {
	line := saying("안녕! 오늘은 도서관에 있었어.")
	c := chatting(t, line)
	ask := func(rest string) chatData {
		return want[chatData](c, "POST", "/api/chat", `{"messages": [{"role": "user", "content": "안녕?"}]`+rest+`}`, "it answers")
	}
	t.Run("realtime", func(t *testing.T) {
		got := ask(``)
		if got.AudioURL == nil || !strings.HasPrefix(*got.AudioURL, "/mnt/user_assets/anonymous/audio/") || !strings.HasSuffix(*got.AudioURL, ".wav") {
			t.Fatalf("answered %+v; it speaks unless told otherwise", got)
		}
		if resp, data := c.get(*got.AudioURL); resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "audio/wav" || len(data) < 32000 {
			t.Errorf("its audio is %d, %d bytes", resp.StatusCode, len(data))
		}
	})
	t.Run("delayed", func(t *testing.T) {
		got := ask(`, "tts_mode": "delayed", "tts_delay_ms": 700`)
		if got.AudioURL == nil {
			t.Fatalf("answered %+v; the address is known at once", got)
		}
		resp, _ := c.get(*got.AudioURL)
		if resp.StatusCode != 202 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("before it is there: %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
		}
		for resp.StatusCode == 202 {
			time.Sleep(20 * time.Millisecond)
			resp, _ = c.get(*got.AudioURL)
		}
		if resp.StatusCode != 200 {
			t.Errorf("then %d", resp.StatusCode)
		}
	})
	t.Run("on click", func(t *testing.T) {
		if got := ask(`, "tts_mode": "on_click"`); got.AudioURL != nil || got.TTSError != "" {
			t.Errorf("answered %+v", got)
		}
	})
	t.Run("streamed", func(t *testing.T) {
		var end chunk
		for data := range c.stream(`{"stream": true, "messages": [{"role": "user", "content": "안녕?"}]}`) {
			if data != "[DONE]" {
				end = chunk{}
				if err := json.Unmarshal([]byte(data), &end); err != nil {
					t.Fatal(err)
				}
			}
		}
		if end.Avatarforge == nil || end.Avatarforge.AudioURL == nil {
			t.Errorf("it ends with %+v, without audio", end)
		}
	})
}

// Failing synthesis never costs the text.
func TestChatWhenSpeechFails(t *testing.T) {
	line := saying("안녕!")
	line.TTS = []ttstest.Config{{Faults: []ttstest.Rule{{Fault: ttstest.Fault{Kind: ttstest.FaultException}}}}}
	c := chatting(t, line)
	got := want[chatData](c, "POST", "/api/chat", `{"messages": [{"role": "user", "content": "안녕?"}]}`, "it answers all the same")
	if got.Content != "안녕!" || got.AudioURL != nil || got.TTSError == "" {
		t.Errorf("answered %+v", got)
	}
}

func TestChatRefusals(t *testing.T) {
	c := chatting(t, saying("응!"))
	user := `"messages": [{"role": "user", "content": "안녕?"}]`
	for _, r := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"not JSON", `{"messages":`, 400, "invalid_request"},
		{"no messages", `{}`, 422, "validation_failed"},
		{"empty messages", `{"messages": []}`, 422, "validation_failed"},
		{"the assistant's message last", `{"messages": [{"role": "assistant", "content": "안녕"}]}`, 422, "validation_failed"},
		{"an empty message last", `{"messages": [{"role": "user", "content": " "}]}`, 422, "validation_failed"},
		{"unknown role", `{"messages": [{"role": "tool", "content": "x"}]}`, 422, "validation_failed"},
		{"too hot", `{` + user + `, "temperature": 2.1}`, 422, "validation_failed"},
		{"no tokens", `{` + user + `, "max_tokens": 0}`, 422, "validation_failed"},
		{"too many tokens", `{` + user + `, "max_tokens": 8193}`, 422, "validation_failed"},
		{"unknown mode", `{` + user + `, "tts_mode": "later"}`, 422, "validation_failed"},
		{"unknown streaming mode", `{` + user + `, "tts_streaming_mode": 4}`, 422, "validation_failed"},
		{"unknown model", `{` + user + `, "model": "nobody:7b"}`, 422, "validation_failed"},
		{"unknown character", `{` + user + `, "character_id": "nobody"}`, 404, "not_found"},
		{"a path for an id", `{` + user + `, "session_id": "../../etc"}`, 422, "validation_failed"},
	} {
		t.Run(r.name, func(t *testing.T) {
			c := &caller{c.house, t, ""}
			c.refused("POST", "/api/chat", r.body, r.status, r.code, r.name)
		})
	}
	for c.line.Registry.Live() > 0 { // they end behind the answer
		time.Sleep(time.Millisecond)
	}
	// What old clients send beside, or as null, is passed over.
	want[chatData](c, "POST", "/api/chat", `{`+user+`, "persona": null, "scenario": null, "session_id": null,
		"character_id": null, "model": null, "temperature": null, "max_tokens": null, "tts_enabled": false, "user": "x", "voice": 3}`, "nulls and strangers")
}

func TestChatWhenTheModelFails(t *testing.T) {
	for _, f := range []struct {
		name   string
		line   linetest.Config
		status int
		code   string
	}{
		{"it breaks in the middle", linetest.Config{LLM: llmtest.Config{Reply: func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Text: "하나 둘 셋", Faults: []llmtest.Fault{{Kind: llmtest.FaultEnd, After: 2}}}
		}}}, 502, "upstream_failed"},
		{"it says nothing for too long", linetest.Config{LLMIdleTimeout: 50 * time.Millisecond, LLM: llmtest.Config{Reply: func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Text: "하나 둘 셋", Faults: []llmtest.Fault{{Kind: llmtest.FaultStall, After: 2}}}
		}}}, 504, "upstream_timeout"},
	} {
		t.Run(f.name, func(t *testing.T) {
			c := chatting(t, f.line)
			c.refused("POST", "/api/chat", `{"messages": [{"role": "user", "content": "안녕?"}]}`, f.status, f.code, "a model that fails is named")
		})
	}
}

func TestChatHoldsASlot(t *testing.T) {
	line := linetestReply(func(llmtest.ChatRequest) string { return "천천히 말하는 중이야" })
	line.Slots.Limit = 1
	line.LLM.Pace = llmtest.Pace{TokensPerSecond: 5}
	c := chatting(t, line)
	events := c.stream(`{"stream": true, "tts_enabled": false, "messages": [{"role": "user", "content": "안녕?"}]}`)
	<-events // it is being answered
	p := c.refused("POST", "/api/chat", `{"messages": [{"role": "user", "content": "나는?"}]}`, 503, "slot_limit", "there is one slot, and it is held")
	if p.Detail == "" {
		t.Error("no detail")
	}
	for range events {
	}
	c.say("", "이제는?")
}

// stream sends a request and yields its events' data.
func (c *caller) stream(body string) <-chan string {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/api/chat", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || !strings.HasPrefix(kind, "text/event-stream") {
		data, _ := io.ReadAll(resp.Body)
		c.t.Fatalf("answered %d, %s: %s", resp.StatusCode, kind, data)
	}
	events := make(chan string)
	go func() {
		defer close(events)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				select {
				case events <- data:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return events
}

type chunk struct {
	ID, Object, Model string
	Created           int64
	Choices           []struct {
		Index int
		Delta struct {
			Role    string
			Content *string
		}
		FinishReason *string `json:"finish_reason"`
	}
	Usage       map[string]int
	Avatarforge *struct {
		SessionID string  `json:"session_id"`
		AudioURL  *string `json:"audio_url"`
	}
	Error map[string]any
}

func TestChatStream(t *testing.T) {
	c := chatting(t, saying("하나, 둘, 셋."))
	var text strings.Builder
	var chunks []chunk
	var last string
	for data := range c.stream(`{"stream": true, "tts_enabled": false, "model": "gemma-3-27b-it", "messages": [{"role": "user", "content": "세어 봐."}]}`) {
		if last = data; data == "[DONE]" {
			continue
		}
		var x chunk
		if err := json.Unmarshal([]byte(data), &x); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if x.Object != "chat.completion.chunk" || x.ID == "" || x.Created == 0 {
			t.Errorf("chunk %s", data)
		}
		chunks = append(chunks, x)
		if len(x.Choices) > 0 && x.Choices[0].Delta.Content != nil {
			text.WriteString(*x.Choices[0].Delta.Content)
		}
	}
	if text.String() != "하나, 둘, 셋." || last != "[DONE]" {
		t.Errorf("streamed %q, ending with %q", text.String(), last)
	}
	first, end := chunks[0], chunks[len(chunks)-1]
	if first.Choices[0].Delta.Role != "assistant" || first.Avatarforge == nil || first.Avatarforge.SessionID == "" {
		t.Errorf("it begins with %+v", first)
	}
	if f := chunks[len(chunks)-2].Choices[0].FinishReason; f == nil || *f != "stop" {
		t.Error("the answer's end is not told")
	}
	if len(end.Choices) != 0 || end.Usage["total_tokens"] == 0 || end.Usage["prompt_tokens"]+end.Usage["completion_tokens"] != end.Usage["total_tokens"] {
		t.Errorf("it ends with %+v", end)
	}
}

func TestChatStreamThatFails(t *testing.T) {
	line := linetest.Config{LLM: llmtest.Config{Reply: func(r llmtest.ChatRequest) llmtest.Reply {
		if r.Number == 1 {
			return llmtest.Reply{Text: "하나 둘 셋 넷", Faults: []llmtest.Fault{{Kind: llmtest.FaultEnd, After: 3}}}
		}
		return llmtest.Reply{Faults: []llmtest.Fault{{Kind: llmtest.FaultEnd}}}
	}}}
	c := chatting(t, line)
	var got []string
	for data := range c.stream(`{"stream": true, "messages": [{"role": "user", "content": "세어 봐."}]}`) {
		got = append(got, data)
	}
	if n := len(got); n < 3 || got[n-1] != "[DONE]" || !strings.Contains(got[n-2], `"error":{"message":`) {
		t.Errorf("streamed %q", got)
	}
	c.refused("POST", "/api/chat", `{"stream": true, "messages": [{"role": "user", "content": "세어 봐."}]}`,
		502, "upstream_failed", "what fails at once is an ordinary error")
}

func TestSessionsOverREST(t *testing.T) {
	c := chatting(t, saying("응!"))
	one := c.say("", "하나.").SessionID
	two := want[chatData](c, "POST", "/api/chat",
		`{"character_id": "hermione", "tts_enabled": false, "messages": [{"role": "user", "content": "둘."}]}`, "with a character").SessionID
	type shown struct {
		ID          string
		CharacterID string `json:"character_id"`
		Turn        int
		Live        bool
		CreatedAt   time.Time `json:"created_at"`
	}
	list := want[struct{ Sessions []shown }](c, "GET", "/api/sessions", "", "the list").Sessions
	if len(list) != 2 || list[0].ID != two || list[1].ID != one || list[0].CharacterID != "hermione" || list[1].Turn != 1 {
		t.Errorf("the list is %+v", list)
	}
	if got := want[shown](c, "GET", "/api/sessions/"+two, "", "one"); got.ID != two || got.CreatedAt.IsZero() {
		t.Errorf("it is %+v", got)
	}
	ws := c.dial(t, "session="+one)
	until[realtime.SessionCreated](ws, "it is restored and told")
	if got := want[shown](c, "GET", "/api/sessions/"+one, "", "live"); !got.Live {
		t.Error("it is live")
	}
	want[struct{ ID string }](c, "DELETE", "/api/sessions/"+one, "", "deleted while somebody listens")
	if code := ws.closed(); code != 1000 {
		t.Errorf("the listener was closed with %d", code)
	}
	c.refused("GET", "/api/sessions/"+one, "", 404, "not_found", "it is gone")
	c.refused("GET", "/api/sessions/"+one+"/messages", "", 404, "not_found", "with all that was said")
	c.refused("DELETE", "/api/sessions/"+one, "", 404, "not_found", "once is enough")
	c.refused("GET", "/api/sessions/"+two+"/messages?limit=201", "", 422, "validation_failed", "a page has its limit")
}

func TestForeignSessions(t *testing.T) {
	stranger, mine, theirs := users(t)
	id := mine.say("", "비밀이야.").SessionID
	for _, other := range []*caller{theirs, stranger} {
		other.refused("GET", "/api/sessions/"+id, "", 404, "not_found", "another's conversation is as none")
		other.refused("GET", "/api/sessions/"+id+"/messages", "", 404, "not_found", "so is what was said in it")
		other.refused("DELETE", "/api/sessions/"+id, "", 404, "not_found", "and it stays")
		other.refused("POST", "/api/chat", fmt.Sprintf(`{"session_id": %q, "messages": [{"role": "user", "content": "뭐래?"}]}`, id),
			404, "not_found", "nobody goes on with it, or begins one under its id")
	}
	mine.say(id, "나야.")
}

func TestChatCompletions(t *testing.T) {
	c := chatting(t, saying("안녕하세요, 헤르미온느예요."))
	type completion struct {
		ID, Object, Model string
		Created           int64
		Choices           []struct {
			Message      struct{ Role, Content string }
			FinishReason string `json:"finish_reason"`
		}
		Usage map[string]int
	}
	ask := func(body string) completion {
		t.Helper()
		status, data := c.call("POST", "/v1/chat/completions", body)
		var got completion
		if err := json.Unmarshal(data, &got); err != nil || status != 200 {
			t.Fatalf("answered %d: %s", status, data)
		}
		return got
	}
	got := ask(`{"model": "character:hermione", "messages": [{"role": "user", "content": [{"type": "text", "text": "안녕?"}]}], "max_completion_tokens": 100, "temperature": 1}`)
	if got.Object != "chat.completion" || got.Choices[0].Message.Content != "안녕하세요, 헤르미온느예요." || got.Choices[0].FinishReason != "stop" || got.Usage["total_tokens"] == 0 {
		t.Errorf("answered %+v", got)
	}
	if told := c.prompt(-1); len(told) != 2 || !strings.Contains(told[0].Content, "헤르미온느") {
		t.Errorf("the model was told %+v", told)
	}
	ask(`{"model": "gemma-3-27b-it", "messages": [{"role": "developer", "content": "Answer in English."}, {"role": "user", "content": "Hi"}]}`)
	if told := c.prompt(-1); len(told) != 2 || told[0].Role != "system" || told[0].Content != "Answer in English." {
		t.Errorf("the model was told %+v; a plain model hears the client's words alone", told)
	}
	if n := len(want[struct{ Sessions []any }](c, "GET", "/api/sessions", "", "nothing is kept").Sessions); n != 0 {
		t.Errorf("%d conversations are kept", n)
	}
	for _, r := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"model": "character:nobody", "messages": [{"role": "user", "content": "안녕?"}]}`, 404, "model_not_found"},
		{`{"model": "nobody:7b", "messages": [{"role": "user", "content": "안녕?"}]}`, 404, "model_not_found"},
		{`{"model": "gemma-3-27b-it", "messages": []}`, 422, "validation_failed"},
		{`{"model": "gemma-3-27b-it", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}`, 422, ""},
	} {
		status, data := c.call("POST", "/v1/chat/completions", r.body)
		var got struct {
			Error struct {
				Message, Type string
				Code          *string
			}
		}
		if err := json.Unmarshal(data, &got); err != nil || got.Error.Message == "" || got.Error.Type == "" || status/100 != 4 {
			t.Errorf("%s: answered %d: %s", r.body, status, data)
		} else if r.code != "" && (status != r.status || got.Error.Code == nil || *got.Error.Code != r.code) {
			t.Errorf("%s: answered %d: %s", r.body, status, data)
		}
	}
}
