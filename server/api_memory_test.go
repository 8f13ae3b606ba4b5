package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/server"
	"avatarforge/session"
)

type (
	summaryData struct {
		SessionID       string `json:"session_id"`
		Summary         string
		SummarizedTurns int `json:"summarized_turns"`
		Tokens          int
		Edited          bool
		UpdatedAt       *time.Time `json:"updated_at"`
	}
	factData struct {
		ID, Kind, Text string
		CharacterID    string `json:"character_id"`
		SessionID      string `json:"session_id"`
	}
	factsData struct {
		Facts      []factData
		NextCursor string `json:"next_cursor"`
	}
)

// noting is a line with a small window, whose model writes notes of a fixed text.
func noting() linetest.Config {
	return linetest.Config{
		Session: session.Config{ContextSize: 2048},
		LLM: llmtest.Config{Reply: func(req llmtest.ChatRequest) llmtest.Reply {
			if strings.Contains(req.Last("user"), "<conversation>") {
				return llmtest.Reply{Text: `{"summary": "두 사람은 빵 이야기를 했다.", "facts": [{"kind": "like", "fact": "사용자는 식빵을 좋아한다.", "replaces": 0}]}`}
			}
			return llmtest.Reply{Text: "그랬군요!"}
		}},
	}
}

// eventually calls until what comes back is as wanted: what happens behind the answers'
// back takes its time.
func eventually[T any](c *caller, path, why string, wanted func(T) bool) T {
	c.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if got := want[T](c, "GET", path, "", why); wanted(got) {
			return got
		}
	}
	c.t.Fatalf("%s: it does not come to that", why)
	panic("unreachable")
}

func TestSummaryOverREST(t *testing.T) {
	_, mina, juno := usersOn(t, noting(), server.Config{})
	const path = "/api/sessions/bread/summary"
	var got summaryData
	summarized := 0
	for turn := 0; summarized == 0; turn++ {
		if turn == 60 {
			t.Fatal("no answer says that its context was summarised")
		}
		answer := mina.say("bread", fmt.Sprintf("%d번째로 하는 이야기예요. ", turn)+strings.Repeat("갓 구운 식빵 냄새가 아주 좋았어요. ", 6))
		if *answer.ContextSummarized {
			summarized++
		}
		got = want[summaryData](mina, "GET", path, "", "a conversation has a summary, if an empty one")
	}
	if got.Summary != "두 사람은 빵 이야기를 했다." || got.SummarizedTurns == 0 || got.Edited || got.UpdatedAt == nil || got.Tokens == 0 || got.SessionID != "bread" {
		t.Errorf("%+v", got)
	}
	system := mina.prompt(-1)[0].Content
	if records := mina.line.LLM.Records(); strings.Contains(records[len(records)-1].Chat.Last("user"), "<conversation>") {
		system = mina.prompt(-2)[0].Content
	}
	if !strings.Contains(system, "<summary>\n두 사람은 빵 이야기를 했다.\n</summary>") {
		t.Errorf("the model is told:\n%s", system)
	}

	edited := want[summaryData](mina, "PUT", path, `{"summary": " 미나가 빵집을 열었다. "}`, "it can be written anew")
	if edited.Summary != "미나가 빵집을 열었다." || !edited.Edited || edited.SummarizedTurns < got.SummarizedTurns {
		t.Errorf("%+v", edited)
	}
	if again := want[summaryData](mina, "GET", path, "", "and is kept"); again.Summary != edited.Summary || !again.Edited {
		t.Errorf("%+v", again)
	}
	if answer := mina.say("bread", "그래서요?"); *answer.ContextSummarized {
		t.Error("a summary that somebody has edited is none that was made for this request")
	}

	juno.refused("GET", path, "", 404, "not_found", "another's summary is as none")
	juno.refused("PUT", path, `{"summary": "x"}`, 404, "not_found", "nor can it be changed")
	mina.refused("GET", "/api/sessions/nothing/summary", "", 404, "not_found", "a conversation that there is not")
	mina.refused("PUT", path, `{"summary": "`+strings.Repeat("길다 ", 2500)+`"}`, 422, "validation_failed", "one that fills the window")
	mina.refused("PUT", path, `{}`, 422, "validation_failed", "one that is not given")
}

func TestFactsOverREST(t *testing.T) {
	line := noting()
	line.Session.ContextSize = 8192 // room for facts even while nothing is known of the model
	anonymous, mina, juno := usersOn(t, line, server.Config{})
	if got := want[factsData](mina, "GET", "/api/facts", "", "at first"); got.Facts == nil || len(got.Facts) != 0 {
		t.Errorf("nothing is known, and that is a list: %+v", got)
	}
	name := want[factData](mina, "POST", "/api/facts", `{"character_id": "hermione", "kind": "name", "text": " 사용자의 이름은\n미나이다. "}`, "a fact is written down")
	if name.Text != "사용자의 이름은 미나이다." || name.Kind != "name" || name.CharacterID != "hermione" || name.SessionID != "" {
		t.Errorf("%+v", name)
	}
	other := want[factData](mina, "POST", "/api/facts", `{"text": "사용자는 서울에 산다."}`, "for the plain assistant")
	if other.CharacterID != "" || other.Kind != "about" {
		t.Errorf("%+v", other)
	}
	texts := func(path string) (list []string) {
		for cursor := ""; ; {
			p := want[factsData](mina, "GET", path+"&limit=1&cursor="+cursor, "", "pages")
			for _, f := range p.Facts {
				list = append(list, f.Text)
			}
			if cursor = p.NextCursor; cursor == "" {
				return list
			}
		}
	}
	if got := texts("/api/facts?"); !slices.Equal(got, []string{other.Text, name.Text}) {
		t.Errorf("all, the latest first: %q", got)
	}
	if got := texts("/api/facts?character_id=hermione"); !slices.Equal(got, []string{name.Text}) {
		t.Errorf("what one character knows: %q", got)
	}

	ask := `{"tts_enabled": false, "character_id": "hermione", "messages": [{"role": "user", "content": "안녕?"}]}`
	want[chatData](mina, "POST", "/api/chat", ask, "the character is asked")
	if system := mina.prompt(-1)[0].Content; !strings.Contains(system, "<memory>\n- 사용자의 이름은 미나이다.\n</memory>") {
		t.Errorf("it knows who asks:\n%s", system)
	}
	want[chatData](juno, "POST", "/api/chat", ask, "and by somebody else")
	if system := juno.prompt(-1)[0].Content; strings.Contains(system, "미나") {
		t.Errorf("to whom it tells nothing of that:\n%s", system)
	}

	changed := want[factData](mina, "PATCH", "/api/facts/"+name.ID, `{"text": "사용자의 이름은 민아이다."}`, "a fact is corrected")
	if changed.Text != "사용자의 이름은 민아이다." || changed.Kind != "name" || changed.ID != name.ID {
		t.Errorf("%+v", changed)
	}
	juno.refused("PATCH", "/api/facts/"+name.ID, `{"text": "x"}`, 404, "not_found", "by its owner alone")
	juno.refused("DELETE", "/api/facts/"+name.ID, "", 404, "not_found", "who alone can have it forgotten")
	want[object](mina, "DELETE", "/api/facts/"+other.ID, "", "it is forgotten")
	mina.refused("DELETE", "/api/facts/"+other.ID, "", 404, "not_found", "once")

	mina.refused("POST", "/api/facts", `{"character_id": "nobody", "text": "x"}`, 404, "not_found", "a character that there is not")
	mina.refused("POST", "/api/facts", `{"text": "  "}`, 422, "validation_failed", "no words")
	mina.refused("POST", "/api/facts", `{"text": "x", "kind": "secret"}`, 422, "validation_failed", "a kind that there is not")
	mina.refused("GET", "/api/facts?cursor=x", "", 422, "validation_failed", "a cursor of one's own")
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/api/facts", ""}, {"POST", "/api/facts", `{"text": "x"}`}, {"DELETE", "/api/facts", ""},
		{"PATCH", "/api/facts/" + name.ID, `{"text": "x"}`}, {"DELETE", "/api/facts/" + name.ID, ""},
	} {
		anonymous.refused(r.method, r.path, r.body, 401, "unauthenticated", "strangers would see what others said")
	}

	for i := range session.MaxFacts + 3 {
		want[factData](mina, "POST", "/api/facts", fmt.Sprintf(`{"character_id": "sherlock", "text": "%d번째 사실이다."}`, i), "as many as one likes")
	}
	if got := texts("/api/facts?character_id=sherlock"); len(got) != session.MaxFacts || got[0] != "52번째 사실이다." {
		t.Errorf("%d facts, of which the latest is %q", len(got), got[0])
	}
	if got := want[struct{ Deleted int }](mina, "DELETE", "/api/facts?character_id=sherlock", "", "a character forgets"); got.Deleted != session.MaxFacts {
		t.Errorf("%+v", got)
	}
	if got := want[struct{ Deleted int }](mina, "DELETE", "/api/facts", "", "all do"); got.Deleted != 1 || len(texts("/api/facts?")) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestFactsAreLearnedFromChats(t *testing.T) {
	line := noting()
	line.Session.Remember = session.RememberAll
	c := &caller{build(t, line, server.Config{}), t, ""}
	for turn := 0; ; turn++ {
		if turn == 60 {
			t.Fatal("nothing is learned")
		}
		c.say("bread", strings.Repeat("갓 구운 식빵 냄새가 아주 좋았어요. ", 6))
		if want[summaryData](c, "GET", "/api/sessions/bread/summary", "", "a summary is made").SummarizedTurns > 0 {
			break
		}
	}
	got := eventually(c, "/api/facts", "at home everybody is remembered", func(p factsData) bool { return len(p.Facts) > 0 })
	if f := got.Facts[0]; f.Text != "사용자는 식빵을 좋아한다." || f.Kind != "like" || f.SessionID != "bread" {
		t.Errorf("%+v", f)
	}
}

func TestNobodyIsRememberedWhereNobodyIsToBe(t *testing.T) {
	line := noting()
	line.Session.Remember = session.RememberNobody
	anonymous, mina, _ := usersOn(t, line, server.Config{})
	mina.refused("POST", "/api/facts", `{"text": "x"}`, 503, "not_configured", "nothing is learned")
	anonymous.refused("GET", "/api/facts", "", 503, "not_configured", "nor known")
	if got := want[factsData](mina, "GET", "/api/facts", "", "what was known before can be seen, and deleted"); len(got.Facts) != 0 {
		t.Errorf("%+v", got)
	}
}

// A conversation that is deleted teaches nobody anything.
func TestDeletedConversationIsNotLearnedFrom(t *testing.T) {
	_, mina, _ := usersOn(t, noting(), server.Config{})
	mina.say("bread", "나는 식빵을 좋아해요.")
	want[object](mina, "DELETE", "/api/sessions/bread", "", "it is deleted")
	if stats := mina.line.Gate.Stats(); stats.Deferred != 0 {
		t.Errorf("notes are still to be written of it: %+v", stats)
	}
	for _, r := range mina.line.LLM.Records() {
		if strings.Contains(string(r.Body), "conversation>") || json.Valid([]byte(r.Chat.Last("user"))) {
			t.Error("notes are written of it")
		}
	}
}
