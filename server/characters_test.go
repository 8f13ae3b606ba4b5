package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"avatarforge/auth"
	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/server"
	"avatarforge/store"
)

// custom is the specification's example of POST /api/characters, as it is printed there.
const custom = `{
    "name": "나만의 캐릭터",
    "description": "캐릭터 설명",
    "gender": "여성",
    "species": "인간",
    "age": "20세",
    "height": "160cm",
    "job": "학생",
    "personality": "밝고 명랑한 성격, 활발함, 친근함, 긍정적, 에너지 넘침",
    "appearance": "검은 머리, 큰 눈, 밝은 표정",
    "likes": ["음악", "춤", "친구들과의 시간"],
    "dislikes": ["외로움", "부정적인 생각"],
    "speech_style": "반말을 사용하며 친근하고 밝은 말투",
    "thoughts": "'오늘도 즐거운 하루가 될 거야!', '모두 행복했으면 좋겠어.'",
    "features": "항상 웃는 얼굴, 에너지가 넘침",
    "habits": "'와!', '대박!' 같은 감탄사를 자주 사용",
    "guidelines": "- 항상 밝고 긍정적인 답변을 제공하세요.\n- 친근하고 편안한 말투를 사용하세요.",
    "voice_id": "default",
    "category": "커스텀",
    "tags": ["태그1", "태그2"],
    "image_url": "/images/characters/custom.jpg"
}`

// printed are the fields that the specification prints for a character, in the examples
// of GET /api/characters/presets.
var printed = []string{
	"id", "name", "description", "gender", "species", "age", "height", "job", "personality", "appearance",
	"likes", "dislikes", "speech_style", "thoughts", "features", "habits", "guidelines", "voice_id",
	"category", "tags", "sample_dialogue", "image_url", "is_preset",
}

// caller is a client of the REST API, with a token or without.
type caller struct {
	*house
	t     *testing.T
	token string
}

// call sends a request and returns the response's status and body.
func (c *caller) call(method, path, body string) (int, []byte) {
	c.t.Helper()
	header := http.Header{}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	resp, data := c.send(method, path, header, strings.NewReader(body))
	return resp.StatusCode, data
}

func (c *caller) send(method, path string, header http.Header, body io.Reader) (*http.Response, []byte) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.URL+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header = header
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, data
}

// want calls and reads the data of a success into T.
func want[T any](c *caller, method, path, body, why string) T {
	c.t.Helper()
	status, data := c.call(method, path, body)
	var envelope struct {
		Success bool
		Data    T
	}
	if err := json.Unmarshal(data, &envelope); err != nil || status != 200 || !envelope.Success {
		c.t.Fatalf("%s: %s %s answered %d: %s (%v)", why, method, path, status, data, err)
	}
	return envelope.Data
}

// refused calls and checks the problem that must come back, which it returns.
func (c *caller) refused(method, path, body string, status int, code, why string) problem {
	c.t.Helper()
	header := http.Header{}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	resp, data := c.send(method, path, header, strings.NewReader(body))
	return c.problem(resp, data, status, code, why)
}

func (c *caller) problem(resp *http.Response, data []byte, status int, code, why string) problem {
	c.t.Helper()
	var p problem
	if err := json.Unmarshal(data, &p); err != nil {
		c.t.Fatalf("%s: %d, not JSON: %s", why, resp.StatusCode, data)
	}
	if resp.StatusCode != status || p.Status != status || p.Code != code {
		c.t.Errorf("%s: answered %d: %s, want %d %s", why, resp.StatusCode, data, status, code)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		c.t.Errorf("%s: Content-Type %q", why, got)
	}
	if p.Success || p.Type == "" || p.Title == "" || p.Detail == "" || p.Instance != resp.Request.URL.Path {
		c.t.Errorf("%s: the problem is not whole: %s", why, data)
	}
	return p
}

type problem struct {
	Type, Title, Detail, Instance, Code string
	Status                              int
	Success                             bool
	Errors                              []struct {
		Location, Message string
		Value             any
	}
}

type (
	object         map[string]any
	charactersPage struct {
		Characters []object
		NextCursor string `json:"next_cursor"`
	}
)

// users are a house and the callers that come to it: nobody known, and two people.
func users(t *testing.T) (anonymous, mina, juno *caller) { return usersOf(t, server.Config{}) }

// usersOf is users of a house that is set up so.
func usersOf(t *testing.T, cfg server.Config) (anonymous, mina, juno *caller) {
	t.Helper()
	return usersOn(t, saying("네."), cfg)
}

// usersOn is usersOf with a line of one's own.
func usersOn(t *testing.T, line linetest.Config, cfg server.Config) (anonymous, mina, juno *caller) {
	t.Helper()
	tokens, err := auth.NewTokens(strings.Repeat("s", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Tokens = tokens
	h := build(t, line, cfg)
	login := func(name string) *caller {
		u, err := h.db.UpsertUser(t.Context(), store.Profile{Provider: "test", Subject: name, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		token, err := tokens.Issue(u.ID, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return &caller{h, t, token}
	}
	return &caller{h, t, ""}, login("mina"), login("juno")
}

func TestSpecificationsCharacterRequests(t *testing.T) {
	c, _, _ := users(t)
	made := want[object](c, "POST", "/api/characters", custom, "the specification's example")
	path := fmt.Sprint("/api/characters/", made["id"])
	for _, tt := range []struct {
		name, method, path, body string
		preset                   bool
		list                     bool
	}{
		{name: "GET /api/characters/presets", method: "GET", path: "/api/characters/presets", preset: true, list: true},
		{name: "GET /api/characters", method: "GET", path: "/api/characters", list: true},
		{name: "POST /api/characters", method: "POST", path: "/api/characters", body: custom},
		{name: "GET /api/characters/{character_id}", method: "GET", path: path},
		{name: "GET /api/characters/hermione", method: "GET", path: "/api/characters/hermione", preset: true},
		{name: "PUT /api/characters/{character_id}", method: "PUT", path: path, body: custom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &caller{c.house, t, ""}
			var list []object
			if tt.list {
				list = want[charactersPage](c, tt.method, tt.path, tt.body, "as printed").Characters
			} else {
				list = []object{want[object](c, tt.method, tt.path, tt.body, "as printed")}
			}
			if len(list) == 0 {
				t.Fatal("no character came back")
			}
			for _, got := range list {
				for _, field := range printed {
					if _, there := got[field]; !there {
						t.Errorf("%v has no %s", got["name"], field)
					}
				}
				if got["is_preset"] != tt.preset {
					t.Errorf("%v: is_preset is %v", got["name"], got["is_preset"])
				}
			}
			if tt.preset || tt.list {
				return
			}
			var sent object
			if err := json.Unmarshal([]byte(custom), &sent); err != nil {
				t.Fatal(err)
			}
			for field, value := range sent {
				if fmt.Sprint(list[0][field]) != fmt.Sprint(value) {
					t.Errorf("%s came back as %v, was sent as %v", field, list[0][field], value)
				}
			}
		})
	}
	gone := want[object](c, "DELETE", path, "", "DELETE /api/characters/{character_id}")
	if gone["id"] != made["id"] {
		t.Errorf("deleted %v", gone)
	}
	c.refused("GET", path, "", 404, "not_found", "a deleted character is gone")
}

func TestCharactersBelongToTheirMakers(t *testing.T) {
	anonymous, mina, juno := users(t)
	made := want[object](mina, "POST", "/api/characters", custom, "create")
	path := fmt.Sprint("/api/characters/", made["id"])

	want[object](juno, "GET", path, "", "every character may be looked at")
	want[object](anonymous, "GET", path, "", "by everyone")
	for _, c := range []*caller{juno, anonymous} {
		c.refused("PUT", path, `{"name":"빼앗긴 캐릭터"}`, 403, "forbidden", "another's character is not to be changed")
		c.refused("DELETE", path, "", 403, "forbidden", "nor to be deleted")
	}
	if n := len(want[charactersPage](juno, "GET", "/api/characters", "", "list").Characters); n != 0 {
		t.Errorf("juno's list has %d characters of others", n)
	}
	open := want[object](anonymous, "POST", "/api/characters", custom, "create without a login")
	juno.refused("DELETE", fmt.Sprint("/api/characters/", open["id"]), "", 403, "forbidden", "who is logged in is not anonymous")

	changed := want[object](mina, "PUT", path, `{"name":"새 이름","likes":null,"is_preset":true,"id":"other","later":1}`, "its maker changes it")
	if changed["name"] != "새 이름" || changed["job"] != "학생" || len(changed["likes"].([]any)) != 3 {
		t.Errorf("only the name was to change: %v", changed)
	}
	if changed["id"] != made["id"] || changed["is_preset"] != false {
		t.Errorf("id and is_preset are not the client's to set: %v", changed)
	}
	want[object](mina, "DELETE", path, "", "its maker deletes it")

	for _, c := range []*caller{anonymous, mina} {
		c.refused("PUT", "/api/characters/hermione", custom, 403, "forbidden", "presets stay as they are")
		c.refused("DELETE", "/api/characters/hermione", "", 403, "forbidden", "and where they are")
	}
	for _, method := range []string{"GET", "DELETE"} {
		anonymous.refused(method, "/api/characters/nobody", "", 404, "not_found", "there is no such character")
	}
	anonymous.refused("PUT", "/api/characters/nobody", custom, 404, "not_found", "there is no such character")
}

func TestCharactersOfAForgottenUser(t *testing.T) {
	_, mina, _ := users(t)
	me := want[object](mina, "POST", "/api/characters", custom, "create")
	stored, err := mina.db.Character(t.Context(), me["id"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if err := mina.db.DeleteUser(t.Context(), stored.Owner); err != nil {
		t.Fatal(err)
	}
	mina.refused("POST", "/api/characters", custom, 401, "unauthenticated", "the token outlives its user")
}

func TestAPageOfAnotherOriginChangesNothing(t *testing.T) {
	_, mina, _ := users(t)
	token := mina.token
	mina.token = ""
	post := func(origin string) (*http.Response, []byte) {
		header := http.Header{"Content-Type": {"application/json"}, "Cookie": {"access_token=" + token}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		return mina.send("POST", "/api/characters", header, strings.NewReader(custom))
	}
	resp, data := post("https://evil.example")
	mina.problem(resp, data, 403, "forbidden", "the cookie came along by itself")
	resp, data = post("")
	mina.problem(resp, data, 403, "forbidden", "the cookie counts for pages only")
	if resp, data := post(mina.URL); resp.StatusCode != 200 {
		t.Errorf("from our own: %d %s", resp.StatusCode, data)
	}
	mina.token = token
	if n := len(want[charactersPage](mina, "GET", "/api/characters", "", "list").Characters); n != 1 {
		t.Errorf("mina has %d characters, want the one of her own page", n)
	}
}

func TestCharacterPages(t *testing.T) {
	c, _, _ := users(t)
	for i := range 5 {
		want[object](c, "POST", "/api/characters", fmt.Sprintf(`{"name":"캐릭터 %d"}`, i), "create")
	}
	for path, total := range map[string]int{"/api/characters": 5, "/api/characters/presets": 9} {
		seen := map[any]bool{}
		cursor, pages := "", 0
		for {
			p := want[charactersPage](c, "GET", path+"?limit=2&cursor="+cursor, "", "a page")
			pages++
			for _, ch := range p.Characters {
				seen[ch["id"]] = true
			}
			if cursor = p.NextCursor; cursor == "" {
				break
			}
		}
		if len(seen) != total || pages != (total+1)/2 {
			t.Errorf("%s: %d characters on %d pages", path, len(seen), pages)
		}
		for _, query := range []string{"limit=0", "limit=201", "limit=two", "cursor=%25%25", "cursor=eAB4"} {
			p := c.refused("GET", path+"?"+query, "", 422, "validation_failed", query)
			if len(p.Errors) != 1 || p.Errors[0].Location != "query."+strings.SplitN(query, "=", 2)[0] {
				t.Errorf("%s %s: errors %+v", path, query, p.Errors)
			}
		}
	}
}

func TestBadCharacterRequests(t *testing.T) {
	c, _, _ := users(t)
	for _, tt := range []struct {
		name, body string
		status     int
		code       string
		location   string // of the first error
	}{
		{"half of the JSON", `{"name": "나`, 400, "invalid_request", ""},
		{"no body", ``, 400, "invalid_request", ""},
		{"a list", `[]`, 422, "validation_failed", "body"},
		{"no name", `{"description":"이름이 없다"}`, 422, "validation_failed", "body.name"},
		{"a blank name", `{"name":"  "}`, 422, "validation_failed", "body.name"},
		{"a name that is a number", `{"name":7}`, 422, "validation_failed", "body.name"},
		{"a name that is too long", `{"name":"` + strings.Repeat("가", 101) + `"}`, 422, "validation_failed", "body.name"},
		{"a like that is a number", `{"name":"가","likes":["책",1]}`, 422, "validation_failed", "body.likes[1]"},
		{"a like that is too long", `{"name":"가","likes":["` + strings.Repeat("책", 201) + `"]}`, 422, "validation_failed", "body.likes[0]"},
		{"an unknown voice", `{"name":"가","voice_id":"nobody"}`, 422, "validation_failed", "body.voice_id"},
		{"a script as an image", `{"name":"가","image_url":"javascript:alert(1)"}`, 422, "validation_failed", "body.image_url"},
		{"a figure over http", `{"name":"가","model_url":"http://example.com/a.glb"}`, 422, "validation_failed", "body.model_url"},
		{"too much", `{"name":"가","description":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &caller{c.house, t, ""}
			p := c.refused("POST", "/api/characters", tt.body, tt.status, tt.code, tt.name)
			if tt.location == "" {
				if len(p.Errors) != 0 {
					t.Errorf("errors %+v of a body that cannot be read", p.Errors)
				}
				return
			}
			if len(p.Errors) == 0 || p.Errors[0].Location != tt.location || p.Errors[0].Message == "" {
				t.Errorf("errors %+v, want one at %s", p.Errors, tt.location)
			}
		})
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		resp, data := c.send("POST", "/api/characters", http.Header{"Content-Type": {kind}}, strings.NewReader(custom))
		c.problem(resp, data, 400, "invalid_request", kind)
	}
	if n := len(want[charactersPage](c, "GET", "/api/characters", "", "list").Characters); n != 0 {
		t.Errorf("%d characters came of bad requests", n)
	}
	full := `{"name":"가","later":"` + strings.Repeat("x", 1<<20-50) + `"}`
	want[object](c, "POST", "/api/characters", full, "fields that we do not know are ignored, up to the limit")
}

func TestTalkWithOnesOwnCharacter(t *testing.T) {
	heard := make(chan string, 4)
	h := build(t, linetestReply(func(r llmtest.ChatRequest) string {
		heard <- r.Messages[0].Content
		return "대박! 반가워."
	}), server.Config{})
	c := &caller{h, t, ""}
	made := want[object](c, "POST", "/api/characters", custom, "create")
	id := made["id"].(string)

	ws := h.dial(t, "character="+id)
	created := until[realtime.SessionCreated](ws, "a session begins")
	if created.Session.Avatarforge.CharacterID != id || created.Session.Audio.Output.Voice != "default" {
		t.Errorf("session %+v", created.Session)
	}
	ws.say("안녕?")
	until[realtime.ResponseDone](ws, "it answers")
	if prompt := <-heard; !strings.Contains(prompt, "나만의 캐릭터") || !strings.Contains(prompt, "'와!', '대박!'") {
		t.Errorf("the model was told:\n%s", prompt)
	}

	other := want[object](c, "POST", "/api/characters", `{"name":"두 번째 캐릭터","personality":"조용함"}`, "create")
	ws.send(`{"type":"session.update","session":{"avatarforge":{"character_id":%q}}}`, other["id"])
	until[realtime.SessionUpdated](ws, "the other character takes over")
	ws.say("누구니?")
	until[realtime.ResponseDone](ws, "it answers")
	if prompt := <-heard; !strings.Contains(prompt, "두 번째 캐릭터") || strings.Contains(prompt, "나만의 캐릭터") {
		t.Errorf("the model was told:\n%s", prompt)
	}

	want[object](c, "DELETE", fmt.Sprint("/api/characters/", other["id"]), "", "delete it while it is talked with")
	ws.say("아직 있니?")
	until[realtime.ResponseDone](ws, "it answers")
	if prompt := <-heard; !strings.Contains(prompt, "두 번째 캐릭터") {
		t.Errorf("a conversation keeps its character, the model was told:\n%s", prompt)
	}
	ws.send(`{"type":"session.update","session":{"avatarforge":{"character_id":%q}}}`, other["id"])
	if e := until[realtime.ErrorEvent](ws, "it cannot be chosen again"); e.Err.Code != realtime.CodeUnknownCharacter {
		t.Errorf("error %+v", e.Err)
	}
}

func TestStorageIsGone(t *testing.T) {
	c, _, _ := users(t)
	if err := c.db.Close(); err != nil {
		t.Fatal(err)
	}
	resp, data := c.send("POST", "/api/characters", http.Header{"Content-Type": {"application/json"}}, strings.NewReader(custom))
	c.problem(resp, data, 503, "upstream_unavailable", "nothing can be stored")
	if resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if bytes.Contains(data, []byte("sql")) {
		t.Errorf("the problem shows what is behind: %s", data)
	}
	want[object](c, "GET", "/api/characters/hermione", "", "presets need no storage")
}
