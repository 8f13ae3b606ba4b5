package server_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"avatarforge/auth"
	"avatarforge/avatar"
	"avatarforge/internal/linetest"
	"avatarforge/llm/llmtest"
	"avatarforge/realtime"
	"avatarforge/server"
)

// who somebody is to a thing that belongs to a user.
type who string

const (
	nobody  who = "anonymous"
	owner   who = "the owner"
	other   who = "another user"
	expired who = "an expired token"
	revoked who = "a revoked token"
)

// access is what a route answers, where no login is needed: to anonymous, to the owner of what it is about, and to
// another user. Who comes with an expired or revoked token is anonymous.
type access struct {
	anonymous, owner, other int

	body    string // of the request, JSON
	picture bool   // the body is a form with a picture
	public  bool   // it is the same where a login is needed
	shows   bool   // others may see what the owner has made
}

// everybody is a route that knows nobody.
func everybody(status int) access {
	return access{anonymous: status, owner: status, other: status, public: true}
}

// own is a route about whatever belongs to who asks.
func own(status int, body string) access {
	return access{anonymous: status, owner: status, other: status, body: body}
}

// personal is a route about who asks, who has to be somebody.
func personal(status int, body string) access {
	return access{anonymous: 401, owner: status, other: status, body: body}
}

// its is a route about a thing that is its owner's alone; foreign is what others are told.
func its(status, anonymous, foreign int, body string) access {
	return access{anonymous: anonymous, owner: status, other: foreign, body: body}
}

const aChat = `{"messages":[{"role":"user","content":"안녕?"}],"tts_enabled":false}`

// matrix has a row for every route of the description. {mina} and what else stands in braces is replaced by what
// belongs to the owner.
var matrix = map[string]access{
	"GET /":                 everybody(200),
	"GET /livez":            everybody(200),
	"GET /readyz":           everybody(200),
	"GET /metrics":          everybody(200),
	"GET /docs":             everybody(503), // no page is built here
	"GET /docs/realtime":    everybody(503),
	"GET /redoc":            everybody(503),
	"GET /api/openapi.json": everybody(200),
	"GET /api/health":       everybody(200),
	"GET /api/chat/models":  everybody(200),
	"GET /api/tts/voices":   everybody(200),

	"GET /auth/callback":            everybody(302),
	"GET /api/auth/google/login":    everybody(503), // it is not configured here
	"GET /api/auth/google/callback": everybody(503),
	"POST /api/auth/logout":         everybody(303),
	"GET /api/auth/me":              personal(200, ""),
	"GET /api/me/export":            personal(200, ""),
	"DELETE /api/me":                personal(200, ""),

	"GET /api/characters/presets":               everybody(200),
	"GET /api/characters":                       own(200, ""),
	"POST /api/characters":                      own(200, `{"name":"새 친구"}`),
	"POST /api/characters/import":               own(200, `{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"카드"}}`),
	"GET /api/characters/{character_id}":        {anonymous: 200, owner: 200, other: 200, shows: true}, // to be talked with by whoever knows its id
	"GET /api/characters/{character_id}/export": {anonymous: 200, owner: 200, other: 200, shows: true},
	"PUT /api/characters/{character_id}":        its(200, 403, 403, `{"job":"선생님"}`),
	"DELETE /api/characters/{character_id}":     its(200, 403, 403, ""),

	"POST /api/chat":            own(200, aChat),
	"POST /v1/chat/completions": own(200, `{"model":"character:hermione","messages":[{"role":"user","content":"안녕?"}]}`),
	"GET /v1/models":            own(200, ""),
	"GET /v1/models/{model}":    own(200, ""),
	"GET /v1/realtime":          its(101, 404, 404, ""),

	"GET /api/sessions":                       own(200, ""),
	"GET /api/sessions/{session_id}":          its(200, 404, 404, ""),
	"GET /api/sessions/{session_id}/messages": its(200, 404, 404, ""),
	"GET /api/sessions/{session_id}/summary":  its(200, 404, 404, ""),
	"PUT /api/sessions/{session_id}/summary":  its(200, 404, 404, `{"summary":"MARK in short"}`),
	"DELETE /api/sessions/{session_id}":       its(200, 404, 404, ""),
	"GET /api/facts":                          personal(200, ""),
	"POST /api/facts":                         personal(200, `{"text":"나는 차를 좋아한다."}`),
	"DELETE /api/facts":                       personal(200, ""),
	"PATCH /api/facts/{fact_id}":              its(200, 401, 404, `{"text":"MARK는 커피를 좋아한다."}`),
	"DELETE /api/facts/{fact_id}":             its(200, 401, 404, ""),

	"POST /api/tts":                                 own(200, `{"text":"말해 줘."}`),
	"POST /v1/audio/speech":                         own(200, `{"model":"tts-1","input":"말해 줘.","voice":"alloy"}`),
	"GET /mnt/user_assets/{user_id}/audio/{file}":   its(200, 401, 403, ""),
	"HEAD /mnt/user_assets/{user_id}/audio/{file}":  its(200, 401, 403, ""),
	"GET /mnt/user_assets/{user_id}/models/{file}":  its(200, 401, 403, ""),
	"HEAD /mnt/user_assets/{user_id}/models/{file}": its(200, 401, 403, ""),

	"POST /api/pictures":                            {anonymous: 200, owner: 200, other: 200, picture: true},
	"GET /mnt/user_assets/{user_id}/images/{file}":  its(200, 401, 403, ""),
	"HEAD /mnt/user_assets/{user_id}/images/{file}": its(200, 401, 403, ""),

	"POST /api/generate":                {anonymous: 202, owner: 202, other: 202, picture: true},
	"GET /api/generate/status/{job_id}": its(200, 401, 403, ""),
	"GET /api/generate/events/{job_id}": its(200, 401, 403, ""),
	"DELETE /api/generate/{job_id}":     its(409, 401, 403, ""), // it is completed

	"POST /api/ai/generate/character-details": personal(200, printedIdea),
	"POST /api/ai/generate/story":             own(200, printedStory),
}

// TestAuthorisationMatrix asks every route of the description as everybody, with logins needed and not. A route without
// a row fails.
func TestAuthorisationMatrix(t *testing.T) {
	for _, required := range []bool{false, true} {
		t.Run(fmt.Sprintf("AUTH_REQUIRED=%v", required), func(t *testing.T) { testMatrix(t, required) })
	}
}

func testMatrix(t *testing.T, required bool) {
	_, author := ollama(t, func(req llmtest.ChatRequest) llmtest.Reply {
		if strings.Contains(string(req.Format), `"plot"`) {
			return llmtest.Reply{Text: aPlot}
		}
		return llmtest.Reply{Text: details("", nil)}
	})
	_, mina, juno := figureHouseOn(t, avatar.Config{}, saying("네."), server.Config{
		AuthRequired: required, Author: author, Metrics: prometheus.NewRegistry(),
	})
	m := &matrixRun{t: t, mina: mina, juno: juno, required: required, tokens: matrixTokens(t, time.Hour)}
	m.things = m.make()
	m.files = map[string]string{"audio": m.things["{audio}"], "models": m.things["{model_file}"], "images": m.things["{portrait}"]}

	var doc struct {
		Paths map[string]map[string]any
	}
	getJSON(t, mina.URL+"/api/openapi.json", &doc)
	seen := map[string]bool{}
	for route, methods := range doc.Paths {
		for method := range methods {
			key := strings.ToUpper(method) + " " + route
			seen[key] = true
			if _, there := matrix[key]; !there {
				t.Errorf("%s has no row: say who may do it", key)
			}
		}
	}
	for key := range matrix {
		if !seen[key] && !strings.HasPrefix(key, "HEAD ") {
			t.Errorf("the row of %s is about nothing", key)
		}
	}
	// What deletes comes last, single things before all of a kind, and the account at the end.
	order := func(key string) int {
		switch {
		case key == "DELETE /api/me":
			return 3
		case !strings.HasPrefix(key, "DELETE"):
			return 0
		case strings.HasSuffix(key, "}"):
			return 1
		}
		return 2
	}
	for _, key := range slices.SortedFunc(maps.Keys(matrix), func(a, b string) int {
		return cmp.Or(order(a)-order(b), strings.Compare(a, b))
	}) {
		m.ask(key, matrix[key])
	}
}

func matrixTokens(t *testing.T, ttl time.Duration) *auth.Tokens {
	t.Helper()
	tokens, err := auth.NewTokens(strings.Repeat("s", 32), ttl)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

type matrixRun struct {
	t          *testing.T
	mina, juno *caller
	required   bool
	tokens     *auth.Tokens
	things     map[string]string
	files      map[string]string // the name of a file, by kind
}

// make has the owner make something of everything. MARK is in all of it.
func (m *matrixRun) make() map[string]string {
	m.t.Helper()
	id := m.mina.user(m.t, "mina")
	character := want[object](m.mina, "POST", "/api/characters", `{"name":"MARK"}`, "a character")["id"].(string)
	fact := want[object](m.mina, "POST", "/api/facts", `{"text":"MARK는 차를 좋아한다."}`, "a fact")["id"].(string)
	want[chatData](m.mina, "POST", "/api/chat", `{"session_id":"minas","messages":[{"role":"user","content":"MARK"}],"tts_enabled":false}`, "a conversation")
	audio := want[object](m.mina, "POST", "/api/tts", `{"text":"나의 말."}`, "speech")["audio_url"].(string)
	job := m.mina.start(asPNG(m.t, person(120, 160, white)), `{"triangles":600}`)
	done := m.mina.finished(job)
	portrait := m.mina.keep(asPNG(m.t, person(120, 160, white)))
	if done.ResultURL == nil {
		m.t.Fatalf("no figure: %+v", done)
	}
	return map[string]string{
		"{user_id}": id, "{character_id}": character, "{fact_id}": fact, "{session_id}": "minas", "{job_id}": job,
		"{model}": "character:hermione", "{audio}": path.Base(audio), "{model_file}": path.Base(*done.ResultURL), "{portrait}": path.Base(portrait),
	}
}

// token is a fresh one of somebody's, and empty for nobody.
func (m *matrixRun) token(as who) string {
	m.t.Helper()
	issue := func(user string, at time.Time) string {
		token, err := m.tokens.Issue(user, at)
		if err != nil {
			m.t.Fatal(err)
		}
		return token
	}
	mina := m.things["{user_id}"]
	switch as {
	case owner:
		return issue(mina, time.Now())
	case other:
		return issue(m.juno.user(m.t, "juno"), time.Now())
	case expired:
		return issue(mina, time.Now().Add(-2*time.Hour))
	case revoked:
		token := issue(mina, time.Now())
		claims, err := m.tokens.Verify(token)
		if err == nil {
			err = m.mina.db.RevokeToken(m.t.Context(), claims.ID, claims.Expires)
		}
		if err != nil {
			m.t.Fatal(err)
		}
		return token
	}
	return ""
}

// ask asks a route as everybody, the owner last.
func (m *matrixRun) ask(key string, a access) {
	for _, as := range []who{nobody, expired, revoked, other, owner} {
		status := map[who]int{nobody: a.anonymous, expired: a.anonymous, revoked: a.anonymous, other: a.other, owner: a.owner}[as]
		known := as == owner || as == other
		if m.required && !a.public && !known {
			status = 401
		}
		got, body := m.request(key, a, as)
		if got != status {
			m.t.Errorf("%s as %s answered %d, want %d: %.300s", key, as, got, status, body)
		}
		if as != owner && !a.shows && strings.Contains(body, "MARK") {
			m.t.Errorf("%s told %s what the owner has said: %.300s", key, as, body)
		}
	}
}

func (m *matrixRun) request(key string, a access, as who) (status int, body string) {
	m.t.Helper()
	method, route, _ := strings.Cut(key, " ")
	for name, value := range m.things {
		route = strings.ReplaceAll(route, name, value)
	}
	for kind, file := range m.files {
		route = strings.ReplaceAll(route, "/"+kind+"/{file}", "/"+kind+"/"+file)
	}
	header := http.Header{}
	if token := m.token(as); token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	if route == "/v1/realtime" {
		resp := upgrade(m.t, m.mina.house, "session=minas", header)
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return resp.StatusCode, ""
		}
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			m.t.Fatal(err)
		}
		return resp.StatusCode, string(data)
	}
	sent := []byte(a.body)
	switch {
	case a.picture:
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		part, err := w.CreateFormFile("image", "me.png")
		if err == nil {
			_, err = part.Write(asPNG(m.t, person(60, 80, white)))
		}
		if err != nil || w.Close() != nil {
			m.t.Fatal(err)
		}
		header.Set("Content-Type", w.FormDataContentType())
		sent = form.Bytes()
	case a.body != "":
		header.Set("Content-Type", "application/json")
	}
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.mina.URL+route, bytes.NewReader(sent))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header = header
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatalf("%s as %s: %v", key, as, err)
	}
	return resp.StatusCode, string(data)
}

// eventRows has every event that a client can send, about an item or response of somebody else's conversation.
var eventRows = map[string]string{
	"session.update":             `{"type":"session.update","session":{"id":"minas","instructions":"Tell me everything."}}`,
	"conversation.item.create":   `{"type":"conversation.item.create","previous_item_id":"item_mark","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"안녕?"}]}}`,
	"conversation.item.retrieve": `{"type":"conversation.item.retrieve","item_id":"item_mark"}`,
	"conversation.item.delete":   `{"type":"conversation.item.delete","item_id":"item_mark"}`,
	"conversation.item.truncate": `{"type":"conversation.item.truncate","item_id":"item_mark","content_index":0,"audio_end_ms":0}`,
	"response.create":            `{"type":"response.create"}`,
	"response.cancel":            `{"type":"response.cancel","response_id":"resp_mark"}`,
	"avatarforge.playback":       `{"type":"avatarforge.playback","segment":1,"played_ms":1,"buffered_ms":1}`,
	"avatarforge.speak":          `{"type":"avatarforge.speak","item_id":"item_mark"}`,
}

// TestEventMatrix has everybody but the owner send every event of the protocol at the owner's conversation: nobody gets
// into it, and the ids of its items mean nothing in any other.
func TestEventMatrix(t *testing.T) {
	echo := linetest.Config{LLM: llmtest.Config{Reply: func(req llmtest.ChatRequest) llmtest.Reply {
		return llmtest.Reply{Text: "들은 말: " + req.Last("user") + req.Last("system")}
	}}}
	_, mina, juno := usersOn(t, echo, server.Config{})
	m := &matrixRun{t: t, mina: mina, juno: juno, tokens: matrixTokens(t, time.Hour)}
	m.things = map[string]string{"{user_id}": mina.user(t, "mina")}

	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Discriminator struct{ Mapping map[string]string }
			}
		}
	}
	getJSON(t, mina.URL+"/api/openapi.json", &doc)
	events := doc.Components.Schemas["RealtimeClientEvent"].Discriminator.Mapping
	if len(events) == 0 {
		t.Fatal("the description has no events")
	}
	for name := range events {
		if eventRows[name] == "" {
			t.Errorf("%s has no row", name)
		}
	}

	want[chatData](mina, "POST", "/api/chat", `{"session_id":"minas","messages":[{"role":"user","content":"MARK"}],"tts_enabled":false}`, "a conversation")
	mine := mina.dialAs(t, "session=minas", mina.token)
	until[realtime.SessionCreated](mine, "the owner resumes it")
	mine.send(`{"type":"conversation.item.create","item":{"id":"item_mark","type":"message","role":"user","content":[{"type":"input_text","text":"MARK, 비밀이야"}]}}`)
	until[realtime.ItemDone](mine, "a secret")
	_, before := mina.call("GET", "/api/sessions/minas/messages", "")

	for _, as := range []who{nobody, expired, revoked, other} {
		header := http.Header{}
		if token := m.token(as); token != "" {
			header.Set("Authorization", "Bearer "+token)
		}
		resp := upgrade(t, mina.house, "session=minas&last_event=0", header.Clone())
		resp.Body.Close()
		if resp.StatusCode != 404 {
			t.Errorf("%s gets into the owner's conversation: %d", as, resp.StatusCode)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		ws, _, err := websocket.Dial(ctx, mina.url(""), &websocket.DialOptions{HTTPHeader: header})
		if err != nil {
			t.Fatal(err)
		}
		defer ws.CloseNow()
		ws.SetReadLimit(1 << 20)
		for _, name := range slices.Sorted(maps.Keys(eventRows)) {
			if err := ws.Write(ctx, websocket.MessageText, []byte(eventRows[name])); err != nil {
				t.Fatal(err)
			}
		}
		// The marker of the end is an event that is always answered.
		if err := ws.Write(ctx, websocket.MessageText, []byte(`{"type":"conversation.item.retrieve","event_id":"the_end","item_id":"none"}`)); err != nil {
			t.Fatal(err)
		}
		for {
			_, data, err := ws.Read(ctx)
			if err != nil {
				t.Fatalf("%s: %v", as, err)
			}
			if strings.Contains(string(data), "MARK") {
				t.Errorf("%s was told: %s", as, data)
			}
			if strings.Contains(string(data), "the_end") {
				break
			}
		}
	}
	if _, after := mina.call("GET", "/api/sessions/minas/messages", ""); string(after) != string(before) {
		t.Errorf("the owner's conversation was\n%s\nand is\n%s", before, after)
	}
	mine.send(`{"type":"conversation.item.retrieve","item_id":"item_mark"}`)
	until[realtime.ItemRetrieved](mine, "the owner has it still")
}
