package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"image/color"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/auth"
	"avatarforge/avatar"
	"avatarforge/realtime"
	"avatarforge/server"
	"avatarforge/store"
)

// dialAs opens a WebSocket with a token.
func (h *house) dialAs(t *testing.T, query, token string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	ws, _, err := websocket.Dial(ctx, h.url(query), &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	t.Cleanup(func() { ws.CloseNow() })
	return &client{t: t, ws: ws, ctx: ctx}
}

// blobsOf are the names of an owner's files.
func (c *caller) blobsOf(owner string) (names []string) {
	c.t.Helper()
	for info, err := range c.blobs.List(c.t.Context(), "") {
		if err != nil {
			c.t.Fatal(err)
		}
		if strings.Contains(info.Name, "/"+owner+"/") {
			names = append(names, info.Name)
		}
	}
	return names
}

// TestEverythingOfMineAndNothingAfterwards is a person who makes something of everything, takes it home, and leaves.
func TestEverythingOfMineAndNothingAfterwards(t *testing.T) {
	anonymous, mina, juno := figureHouse(t, avatar.Config{})
	id := mina.user(t, "mina")

	character := want[object](mina, "POST", "/api/characters", `{"name":"미나의 MARK"}`, "a character")["id"].(string)
	want[chatData](mina, "POST", "/api/chat", `{"session_id":"chat-1","messages":[{"role":"user","content":"채팅 MARK"}]}`, "a chat, spoken")
	want[object](mina, "POST", "/api/tts", `{"text":"파일로 말해 줘."}`, "a speech file")
	want[object](juno, "POST", "/api/characters", `{"name":"주노의 것"}`, "somebody else's")
	resp, body := mina.sendPicture(asPNG(t, person(120, 160, color.NRGBA{240, 240, 240, 255})), `{"character_id":"`+character+`","triangles":600}`)
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("a figure: %d %s", resp.StatusCode, body)
	}
	ws := mina.dialAs(t, "character="+character, mina.token)
	until[realtime.SessionCreated](ws, "a conversation begins")
	ws.say("소켓 MARK")
	until[realtime.ResponseDone](ws, "it answers")

	resp, body = mina.get("/api/me/export")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/zip" ||
		!strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the export: %d %v", resp.StatusCode, resp.Header)
	}
	whole, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var all strings.Builder
	for _, f := range whole.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, words := range []string{"미나의 MARK", "채팅 MARK", "소켓 MARK", id} {
		if !strings.Contains(all.String(), words) {
			t.Errorf("the export has no %q", words)
		}
	}
	if strings.Contains(all.String(), "주노의 것") {
		t.Error("the export has something of somebody else's")
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "audio/") }) {
		t.Errorf("no speech in the export: %q", names)
	}

	for _, c := range []*caller{anonymous, {mina.house, t, "sk-stock"}} {
		c.refused("GET", "/api/me/export", "", 401, "unauthenticated", "anonymous has nothing of its own")
		c.refused("DELETE", "/api/me", "", 401, "unauthenticated", "and cannot be deleted")
	}
	resp, body = mina.send("DELETE", "/api/me", http.Header{}, nil)
	if resp.StatusCode != 200 {
		t.Fatalf("delete: %d %s", resp.StatusCode, body)
	}
	if cookie := resp.Header.Get("Set-Cookie"); !strings.Contains(cookie, "access_token=;") || !strings.Contains(cookie, "Max-Age=0") {
		t.Errorf("the cookie is not cleared: %q", cookie)
	}
	if code := ws.closed(); code != websocket.StatusPolicyViolation {
		t.Errorf("the WebSocket of who has left was closed with %d, want 1008", code)
	}
	for _, path := range []string{"/api/auth/me", "/api/me/export"} {
		mina.refused("GET", path, "", 401, "unauthenticated", "the token is no good any more")
	}
	mina.refused("DELETE", "/api/me", "", 401, "unauthenticated", "nobody can leave twice")
	mina.refused("GET", "/api/sessions/chat-1", "", 404, "not_found", "the conversation is gone")
	mina.refused("GET", "/api/characters/"+character, "", 404, "not_found", "and the character")
	if left := mina.blobsOf(id); len(left) > 0 {
		// A model that was just being written: its maker takes it away when it finds no figure.
		for i := 0; len(mina.blobsOf(id)) > 0; i++ {
			if i == 3000 {
				t.Fatalf("files are left: %q", mina.blobsOf(id))
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	if _, err := mina.db.User(t.Context(), id); err == nil {
		t.Error("the user is there still")
	}
	if n := len(want[charactersPage](juno, "GET", "/api/characters", "", "list").Characters); n != 1 {
		t.Errorf("somebody else has %d characters, want 1", n)
	}
}

// A WebSocket does not outlast the login that it was opened with.
func TestAWebSocketEndsWithItsLogin(t *testing.T) {
	tokens, err := auth.NewTokens(loginSecret, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	lasting, err := auth.NewTokens(loginSecret, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	user, err := db.UpsertUser(t.Context(), store.Profile{Provider: "test", Subject: "mina"})
	if err != nil {
		t.Fatal(err)
	}
	issue := func(by *auth.Tokens) string {
		token, err := by.Issue(user.ID, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	patient := buildWith(t, db, saying("네."), server.Config{Tokens: lasting})
	h := buildWith(t, db, saying("네."), server.Config{Tokens: lasting, PingInterval: 100 * time.Millisecond})

	token, other := issue(lasting), issue(lasting)
	at, stays := patient.dialAs(t, "", token), patient.dialAs(t, "", other)
	id := until[realtime.SessionCreated](at, "begun").Session.ID
	until[realtime.SessionCreated](stays, "begun")
	elsewhere := h.dialAs(t, "", token)
	until[realtime.SessionCreated](elsewhere, "begun at another instance")
	expiring := h.dialAs(t, "", issue(tokens))
	until[realtime.SessionCreated](expiring, "begun with a login that soon expires")
	anonymous := h.dial(t, "")
	until[realtime.SessionCreated](anonymous, "begun by nobody")

	c := &caller{patient, t, token}
	if resp, body := c.send("POST", "/api/auth/logout", http.Header{"Sec-Fetch-Dest": {"empty"}}, nil); resp.StatusCode >= 400 {
		t.Fatalf("logout: %d %s", resp.StatusCode, body)
	}
	for name, ws := range map[string]*client{"where one logs out": at, "at another instance": elsewhere, "when it expires": expiring} {
		ws.t = t
		if code := ws.closed(); code != websocket.StatusPolicyViolation {
			t.Errorf("%s the WebSocket was closed with %d, want 1008", name, code)
		}
	}
	stays.say("아직 있니?")
	until[realtime.ResponseDone](stays, "another login of the same user goes on")
	anonymous.say("나도 있어.")
	until[realtime.ResponseDone](anonymous, "and so does nobody's conversation")

	// Whoever logs in again goes on.
	again := patient.dialAs(t, "session="+id, issue(lasting))
	again.say("다시 왔어.")
	until[realtime.ResponseDone](again, "the conversation has waited")
}
