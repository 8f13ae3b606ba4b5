package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"avatarforge/account"
	"avatarforge/auth"
	"avatarforge/avatar"
	"avatarforge/configs"
	"avatarforge/internal/linetest"
	"avatarforge/internal/servertest"
	"avatarforge/llm/llmtest"
	"avatarforge/persona"
	"avatarforge/realtime"
	"avatarforge/server"
	"avatarforge/slots"
	"avatarforge/speech"
	"avatarforge/store"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	servertest.Main(m, os.Getenv("CI") == "true", func() error { return goleak.Find() })
}

// house is a server with everything behind it.
type house struct {
	*httptest.Server
	line *linetest.Line
	srv  *server.Server
	db   *store.Store

	studio   *speech.Studio
	blobs    store.Blobs
	accounts *account.Accounts
}

func build(t testing.TB, line linetest.Config, cfg server.Config) *house {
	t.Helper()
	return buildOn(t, database(t), line, cfg)
}

// buildOn is build with a database that may be another house's too.
func buildOn(t testing.TB, database store.Config, line linetest.Config, cfg server.Config) *house {
	t.Helper()
	db, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return buildWith(t, db, line, cfg)
}

// buildWith is build with a database that is open already; the caller closes it.
func buildWith(t testing.TB, db *store.Store, line linetest.Config, cfg server.Config) *house {
	t.Helper()
	return buildAt(t, db, filepath.Join(t.TempDir(), "files"), line, cfg)
}

// buildAt is buildWith with files in a place of store.OpenBlobs.
func buildAt(t testing.TB, db *store.Store, files string, line linetest.Config, cfg server.Config) *house {
	t.Helper()
	presets, err := persona.NewPresets(configs.Characters(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cast := server.NewCast(presets, db)
	transcripts := server.NewTranscripts(db)
	memories := server.NewMemories(db, line.Session.Remember)
	line.Characters, line.Kept, line.Remembered = cast, transcripts, memories
	h := &house{line: linetest.Start(t, line), db: db}
	h.studio, h.blobs = studio(t, files, h.line, db)
	cfg.Registry, cfg.Characters, cfg.Voices, cfg.Speech = h.line.Registry, cast, h.line.Voices, h.studio
	cfg.Transcripts, cfg.Memories = transcripts, memories
	h.accounts = account.New(account.Config{
		Store: db, Blobs: h.blobs, Folders: append(avatar.Folders(), speech.Folder),
	})
	cfg.Accounts = h.accounts
	h.srv = server.New(cfg)
	h.Server = httptest.NewUnstartedServer(h.srv)
	h.Listener = shallow{h.Listener}
	h.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		h.srv.Drain(ctx)
		h.Close()
	})
	return h
}

// studio keeps speech.
func studio(t testing.TB, files string, line *linetest.Line, db *store.Store) (*speech.Studio, store.Blobs) {
	t.Helper()
	blobs, err := store.OpenBlobs(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	made, err := speech.New(speech.Config{Scheduler: line.Speech, Store: db, Blobs: blobs, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		made.Close(gone)
		blobs.Close()
	})
	return made, blobs
}

// shallow accepts connections that the kernel buffers little of, so that a listener who
// stops reading is noticed.
type shallow struct{ net.Listener }

func (l shallow) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(16 << 10)
	}
	return c, err
}

// saying is a model that always answers the same.
func saying(text string) linetest.Config {
	return linetest.Config{LLM: llmtest.Config{Reply: func(llmtest.ChatRequest) llmtest.Reply { return llmtest.Reply{Text: text} }}}
}

// user is the id of a user of the house's.
func (h *house) user(t testing.TB, name string) string {
	t.Helper()
	u, err := h.db.UpsertUser(t.Context(), store.Profile{Provider: "test", Subject: name, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func (h *house) url(query string) string {
	return "ws" + strings.TrimPrefix(h.URL, "http") + "/v1/realtime?" + query
}

// client is a WebSocket as a program of somebody else's has it.
type client struct {
	t    testing.TB
	ws   *websocket.Conn
	last uint64
	ctx  context.Context
}

func (h *house) dial(t testing.TB, query string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	ws, resp, err := websocket.Dial(ctx, h.url(query), &websocket.DialOptions{Subprotocols: []string{"realtime"}})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	if got := resp.Header.Get("Sec-WebSocket-Protocol"); got != "realtime" {
		t.Errorf("subprotocol %q, want realtime", got)
	}
	ws.SetReadLimit(1 << 20)
	t.Cleanup(func() { ws.CloseNow() })
	return &client{t: t, ws: ws, ctx: ctx}
}

func (c *client) send(format string, args ...any) {
	c.t.Helper()
	if err := c.ws.Write(c.ctx, websocket.MessageText, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

func (c *client) say(text string) {
	c.t.Helper()
	c.send(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}}`, text)
	c.send(`{"type":"response.create"}`)
}

// read takes the next frame; the event is nil for audio.
func (c *client) read() (realtime.ServerEvent, *realtime.AudioFrame, error) {
	kind, data, err := c.ws.Read(c.ctx)
	if err != nil {
		return nil, nil, err
	}
	var n uint64
	var e realtime.ServerEvent
	var audio *realtime.AudioFrame
	if kind == websocket.MessageBinary {
		f, err := realtime.DecodeAudioFrame(data)
		if err != nil {
			c.t.Fatal(err)
		}
		n, audio = uint64(f.Event), &f
	} else if n, e, err = realtime.DecodeServer(data); err != nil {
		c.t.Fatal(err)
	}
	if c.last != 0 && n != c.last+1 {
		c.t.Fatalf("frame %d came after %d", n, c.last)
	}
	c.last = n
	return e, audio, nil
}

func until[E realtime.ServerEvent](c *client, why string) E {
	c.t.Helper()
	for {
		e, _, err := c.read()
		if err != nil {
			var want E
			c.t.Fatalf("%s: no %T came: %v", why, want, err)
		}
		if e, ok := e.(E); ok {
			return e
		}
	}
}

// closed reads to the end and says with which code it came.
func (c *client) closed() websocket.StatusCode {
	for {
		if _, _, err := c.read(); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func TestConversationOverWebSocket(t *testing.T) {
	h := build(t, saying("안녕하세요! 반가워요."), server.Config{})
	c := h.dial(t, "character=hermione")
	created := until[realtime.SessionCreated](c, "a session begins")
	if c.last != 1 || created.Session.Avatarforge.CharacterID != "hermione" {
		t.Errorf("frame %d, %+v", c.last, created.Session)
	}
	c.send(`{"type":"session.update","session":{"avatarforge":{"transport":"binary"}}}`)
	c.say("안녕?")
	var text strings.Builder
	audio := 0
	for {
		e, f, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		if f != nil {
			audio += len(f.PCM)
		}
		if d, ok := e.(realtime.TranscriptDelta); ok {
			text.WriteString(d.Delta)
		}
		if d, ok := e.(realtime.ResponseDone); ok {
			if d.Response.Status != realtime.StatusCompleted {
				t.Errorf("status %s", d.Response.Status)
			}
			break
		}
	}
	if text.String() != "안녕하세요! 반가워요." || audio < 24000 {
		t.Errorf("text %q and %d bytes of audio", text.String(), audio)
	}
}

func TestHandshakeRefusals(t *testing.T) {
	tokens, err := auth.NewTokens(strings.Repeat("s", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	open := build(t, saying("네."), server.Config{Tokens: tokens, AllowedOrigins: []string{"https://friend.example"}})
	closed := build(t, saying("네."), server.Config{Tokens: tokens, AuthRequired: true})
	token, err := tokens.Issue(closed.user(t, "user-1"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	expired, err := tokens.Issue(closed.user(t, "user-1"), time.Now().Add(-2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	own := "http://" + strings.TrimPrefix(open.URL, "http://")
	for _, tt := range []struct {
		name   string
		house  *house
		query  string
		header http.Header
		status int // 101: taken
		code   string
	}{
		{"a plain client", open, "", nil, 101, ""},
		{"a queue of 2", open, "queue=2", nil, 400, "invalid_request"},
		{"a last event that is no number", open, "session=x&last_event=-1", nil, 400, "invalid_request"},
		{"a last event of no session", open, "last_event=3", nil, 400, "invalid_request"},
		{"an unreadable query", open, "model=%zz", nil, 400, "invalid_request"},
		{"an unknown character", open, "character=nobody", nil, 404, "not_found"},
		{"an unknown character as a model", open, "model=character:nobody", nil, 404, "not_found"},
		{"a character as a model", open, "model=character:hermione", nil, 101, ""},
		{"an unknown session", open, "session=nowhere", nil, 404, "not_found"},
		{"our own page", open, "", http.Header{"Origin": {own}}, 101, ""},
		{"an allowed page", open, "", http.Header{"Origin": {"https://friend.example"}}, 101, ""},
		{"somebody's page", open, "", http.Header{"Origin": {"https://evil.example"}}, 403, "forbidden"},
		{"our host over another scheme's port", open, "", http.Header{"Origin": {"http://127.0.0.1"}}, 403, "forbidden"},
		{"a key that is not ours, where none is needed", open, "", http.Header{"Authorization": {"Bearer sk-stock"}}, 101, ""},
		{"no key where one is needed", closed, "", nil, 401, "unauthenticated"},
		{"a key that is not ours", closed, "", http.Header{"Authorization": {"Bearer sk-stock"}}, 401, "unauthenticated"},
		{"an expired key", closed, "", http.Header{"Authorization": {"Bearer " + expired}}, 401, "unauthenticated"},
		{"our key", closed, "", http.Header{"Authorization": {"Bearer " + token}}, 101, ""},
		{"our key as a cookie", closed, "", http.Header{"Cookie": {"access_token=" + token}}, 101, ""},
		{"our key as a subprotocol", closed, "", http.Header{"Sec-WebSocket-Protocol": {"realtime, openai-insecure-api-key." + token}}, 101, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := tt.header.Clone()
			if header == nil {
				header = http.Header{}
			}
			resp := upgrade(t, tt.house, tt.query, header)
			defer resp.Body.Close()
			if resp.StatusCode != tt.status {
				t.Fatalf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if tt.status == 101 {
				return
			}
			checkProblem(t, resp, tt.status, tt.code)
		})
	}
	if resp, err := http.Get(open.URL + "/v1/realtime"); err != nil || resp.StatusCode != 400 {
		t.Errorf("without an upgrade: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
}

// upgrade makes the handshake by hand, as a stranger's client would.
func upgrade(t *testing.T, h *house, query string, header http.Header) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, h.URL+"/v1/realtime?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	for k, v := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		req.Header.Set(k, v)
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func checkProblem(t *testing.T, resp *http.Response, status int, code string) {
	t.Helper()
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	var p struct {
		Type, Title, Detail, Instance, Code string
		Status                              int
		Success                             *bool
	}
	body, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if p.Status != status || p.Code != code || p.Detail == "" || p.Title == "" || p.Type == "" || p.Success == nil || *p.Success {
		t.Errorf("problem %s, want status %d and code %q", body, status, code)
	}
}

func TestNoSlot(t *testing.T) {
	cfg := saying("네.")
	cfg.Slots = slots.Config{Limit: 1, Queue: 1}
	h := build(t, cfg, server.Config{})
	first := h.dial(t, "")
	until[realtime.SessionCreated](first, "there is a slot")

	resp := upgrade(t, h, "", http.Header{})
	defer resp.Body.Close()
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	checkProblem(t, resp, 503, "slot_limit")

	second := h.dial(t, "queue=1")
	if q := until[realtime.Queue](second, "its place is told at once"); q != (realtime.Queue{Position: 1, Waiting: 1}) || second.last != 1 {
		t.Errorf("place %+v in frame %d", q, second.last)
	}
	full := upgrade(t, h, "queue=1", http.Header{})
	defer full.Body.Close()
	checkProblem(t, full, 503, "slot_limit")

	first.ws.Close(websocket.StatusNormalClosure, "") // gives the slot back at once
	until[realtime.SessionCreated](second, "its turn has come")
}

func TestUserLimit(t *testing.T) {
	tokens, err := auth.NewTokens(strings.Repeat("s", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cfg := saying("네.")
	cfg.Slots = slots.Config{PerUser: 1}
	h := build(t, cfg, server.Config{Tokens: tokens})
	token, err := tokens.Issue(h.user(t, "user-1"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		token, query string
		status       int
		because      string
	}{
		{token, "", 101, "it is the user's first"},
		{token, "", 429, "it is the user's second"},
		{token, "queue=1", 429, "waiting would not help: a slot is free"},
		{"", "", 101, "who is not logged in has no limit"},
		{"", "", 101, "who is not logged in may be somebody else"},
	} {
		header := http.Header{}
		if tt.token != "" {
			header.Set("Authorization", "Bearer "+tt.token)
		}
		resp := upgrade(t, h, tt.query, header)
		if resp.StatusCode != tt.status {
			t.Errorf("status %d, want %d: %s", resp.StatusCode, tt.status, tt.because)
		}
		if tt.status == 429 {
			if resp.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			checkProblem(t, resp, 429, "slot_limit")
		}
		defer resp.Body.Close()
	}
}

func TestDroppedConnectionResumes(t *testing.T) {
	h := build(t, saying("하나. 둘. 셋. 넷. 다섯."), server.Config{})
	c := h.dial(t, "")
	id := until[realtime.SessionCreated](c, "begun").Session.ID
	c.say("세어 봐.")
	until[realtime.SentenceDone](c, "it speaks")
	c.ws.CloseNow() // no close frame: the network has gone
	again := h.dial(t, fmt.Sprintf("session=%s&last_event=%d", id, c.last))
	again.last = c.last // read fails the test if a frame is missing or comes twice
	if d := until[realtime.ResponseDone](again, "the rest comes").Response; d.Status != realtime.StatusCompleted {
		t.Errorf("status %s", d.Status)
	}
}

func TestTakenOver(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	c := h.dial(t, "")
	id := until[realtime.SessionCreated](c, "begun").Session.ID
	h.dial(t, "session="+id+"&last_event=1")
	if code := c.closed(); code != websocket.StatusCode(realtime.CloseTakenOver) {
		t.Errorf("closed with %d, want 4409", code)
	}
}

func TestFrameOverTheLimit(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	c := h.dial(t, "")
	until[realtime.SessionCreated](c, "begun")
	c.send(`{"type":"response.cancel","pad":"%s"}`, strings.Repeat("x", realtime.MaxFrameBytes-100))
	until[realtime.ErrorEvent](c, "a frame just under the limit is read")
	c.ws.Write(c.ctx, websocket.MessageText, make([]byte, realtime.MaxFrameBytes+1))
	if code := c.closed(); code != websocket.StatusMessageTooBig {
		t.Errorf("closed with %d, want 1009", code)
	}
}

func TestMalformedEventsDoNotEndTheConnection(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	c := h.dial(t, "")
	for _, bad := range []string{`{`, `null`, `{"type":"nonsense","event_id":"e1"}`, `{"type":"session.update","event_id":"e2","session":{"x":1}}`} {
		c.send("%s", bad)
		if e := until[realtime.ErrorEvent](c, bad).Err; e.Type != realtime.InvalidRequestError {
			t.Errorf("%s: %+v", bad, e)
		}
	}
	c.ws.Write(c.ctx, websocket.MessageBinary, []byte{1, 2, 3})
	if e := until[realtime.ErrorEvent](c, "binary").Err; e.Code != realtime.CodeUnsupported {
		t.Errorf("binary: %+v", e)
	}
	c.say("안녕?")
	until[realtime.ResponseDone](c, "the conversation goes on")
}

func TestTooManyEvents(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	c := h.dial(t, "")
	until[realtime.SessionCreated](c, "begun")
	const sent = 1000 // so many that they are too many also where to send them takes some seconds
	for range sent {
		c.send(`{"type":"conversation.item.retrieve","item_id":"none"}`)
	}
	taken, limited := 0, 0
	for taken+limited < sent {
		switch e := until[realtime.ErrorEvent](c, "each is answered").Err; e.Code {
		case realtime.CodeItemNotFound:
			taken++
		case realtime.CodeRateLimit:
			limited++
		default:
			t.Fatalf("%+v", e)
		}
	}
	if taken < 100 || limited == 0 {
		t.Errorf("%d taken and %d limited; a burst is 100", taken, limited)
	}
	c.send(`{"type":"conversation.item.retrieve","item_id":"none"}`)
	until[realtime.ErrorEvent](c, "the connection stays")
}

func TestListenerWhoStopsReadingIsDropped(t *testing.T) {
	h := build(t, linetest.Config{
		LLM: llmtest.Config{Reply: func(llmtest.ChatRequest) llmtest.Reply {
			return llmtest.Reply{Text: strings.Repeat("가나다라마바사아. ", 3000)}
		}},
	}, server.Config{WriteTimeout: 200 * time.Millisecond, Metrics: prometheus.NewRegistry()})
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	ws, _, err := websocket.Dial(t.Context(), h.url(""), &websocket.DialOptions{HTTPClient: &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	c := &client{t: t, ws: ws, ctx: t.Context()}
	id := until[realtime.SessionCreated](c, "begun").Session.ID
	c.send(`{"type":"session.update","session":{"max_output_tokens":8000}}`)
	for range 2 {
		c.say("말해.")
	}
	// It reads nothing more. The server gives it up, and it can come back.
	h.await(t, "avatarforge_websocket_connections 0")
	again := h.dial(t, fmt.Sprintf("session=%s&last_event=%d", id, c.last))
	until[realtime.TranscriptDelta](again, "it can come back")
}

// await waits until the server's metrics have the line.
func (h *house) await(t *testing.T, line string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(25 * time.Millisecond) {
		resp, err := http.Get(h.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), "\n"+line+"\n") {
			return
		}
	}
	t.Fatalf("the metrics never said %q", line)
}

func TestServerGoingAway(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	c := h.dial(t, "")
	until[realtime.SessionCreated](c, "begun")
	closed := make(chan websocket.StatusCode, 1)
	go func() { closed <- c.closed() }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	h.srv.Drain(ctx)
	if code := <-closed; code != websocket.StatusGoingAway {
		t.Errorf("closed with %d, want 1001", code)
	}
	resp, err := http.Get(h.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	checkProblem(t, resp, 503, "shutting_down")
	late := upgrade(t, h, "", http.Header{})
	defer late.Body.Close()
	checkProblem(t, late, 503, "shutting_down")
}

func TestSilentClientIsPinged(t *testing.T) {
	h := build(t, saying("네."), server.Config{PingInterval: 20 * time.Millisecond, WriteTimeout: time.Minute})
	pinged := make(chan struct{}, 64)
	ws, _, err := websocket.Dial(t.Context(), h.url(""), &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		pinged <- struct{}{}
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	c := &client{t: t, ws: ws, ctx: t.Context()}
	go c.closed() // reads, so that pings are answered
	for range 3 {
		<-pinged
	}
}

// A connection on which nothing is said for longer than a write may take is as good as any
// other: pings go both ways, and a closing frame.
func TestSilentConnectionLasts(t *testing.T) {
	h := build(t, saying("네."), server.Config{PingInterval: 20 * time.Millisecond, WriteTimeout: 3 * time.Second})
	begun, pinged := time.Now(), make(chan struct{}, 1)
	ws, _, err := websocket.Dial(t.Context(), h.url(""), &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		if time.Since(begun) > 4*time.Second {
			select {
			case pinged <- struct{}{}:
			default:
			}
		}
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	read := make(chan error, 1)
	go func() {
		for {
			if _, _, err := ws.Read(context.Background()); err != nil {
				read <- err
				return
			}
		}
	}()
	select {
	case <-pinged:
	case err := <-read:
		t.Fatalf("the silent connection ended: %v", err)
	}
	if err := ws.Ping(t.Context()); err != nil {
		t.Errorf("the server does not answer a ping: %v", err)
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("the server does not answer the close: %v", err)
	}
	<-read
}

func TestForwardedHostCountsFromTrustedProxiesOnly(t *testing.T) {
	proxied := http.Header{"Origin": {"https://chat.example"}, "X-Forwarded-Host": {"chat.example"}}
	behind := build(t, saying("네."), server.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	resp := upgrade(t, behind, "", proxied.Clone())
	defer resp.Body.Close()
	if resp.StatusCode != 101 {
		t.Errorf("through a trusted proxy: status %d", resp.StatusCode)
	}
	bare := build(t, saying("네."), server.Config{})
	resp = upgrade(t, bare, "", proxied.Clone())
	defer resp.Body.Close()
	if resp.StatusCode != 403 {
		t.Errorf("from nobody we trust: status %d", resp.StatusCode)
	}
}

func TestPresetsAndVoices(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	var presets struct {
		Success bool
		Data    struct{ Characters []map[string]any }
	}
	getJSON(t, h.URL+"/api/characters/presets", &presets)
	if !presets.Success || len(presets.Data.Characters) != 9 {
		t.Errorf("%d presets, want nine", len(presets.Data.Characters))
	}
	var voices struct {
		Data struct {
			Voices         []map[string]any
			DefaultVoiceID string `json:"default_voice_id"`
		}
	}
	getJSON(t, h.URL+"/api/tts/voices", &voices)
	if voices.Data.DefaultVoiceID != "default" || len(voices.Data.Voices) == 0 {
		t.Errorf("voices %+v", voices)
	}
	for _, v := range voices.Data.Voices {
		if _, leaked := v["ref_audio_path"]; leaked {
			t.Error("a voice shows the synthesiser's paths")
		}
	}
	resp, err := http.Get(h.URL + "/nothing/here")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	checkProblem(t, resp, 404, "not_found")
}

func getJSON(t *testing.T, address string, into any) {
	t.Helper()
	if _, err := url.Parse(address); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
}

// linetestReply is a model that answers what reply makes of each request.
func linetestReply(reply func(llmtest.ChatRequest) string) linetest.Config {
	return linetest.Config{LLM: llmtest.Config{Reply: func(r llmtest.ChatRequest) llmtest.Reply {
		return llmtest.Reply{Text: reply(r)}
	}}}
}

// A request that cannot be upgraded takes no slot, and no session from its listener.
func TestBrokenUpgradeTakesNothing(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	c := h.dial(t, "")
	id := until[realtime.SessionCreated](c, "begun").Session.ID
	for name, change := range map[string]func(http.Header){
		"no key":              func(h http.Header) { h.Del("Sec-WebSocket-Key") },
		"a short key":         func(h http.Header) { h.Set("Sec-WebSocket-Key", "AAAA") },
		"an old version":      func(h http.Header) { h.Set("Sec-WebSocket-Version", "12") },
		"no connection token": func(h http.Header) { h.Set("Connection", "keep-alive") },
	} {
		req, err := http.NewRequest(http.MethodGet, h.URL+"/v1/realtime?session="+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			req.Header.Set(k, v)
		}
		change(req.Header)
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkProblem(t, resp, http.StatusBadRequest, "invalid_request")
		resp.Body.Close()
	}
	c.say("안녕?")
	until[realtime.ResponseDone](c, "the listener was left alone")
}
