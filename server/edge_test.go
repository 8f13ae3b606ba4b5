package server_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"avatarforge/auth"
	"avatarforge/internal/logtest"
	"avatarforge/server"
	"avatarforge/store"
)

// record is a log that is kept.
type record struct {
	logtest.Buffer
	wrote chan struct{} // holds one when there is more
}

func newRecord() *record { return &record{wrote: make(chan struct{}, 1)} }

func (r *record) Write(p []byte) (int, error) {
	n, err := r.Buffer.Write(p)
	select {
	case r.wrote <- struct{}{}:
	default:
	}
	return n, err
}

// requests are the lines of requests to a path. A line is written after its answer has
// gone, so it is waited for.
func (r *record) requests(t *testing.T, path string) []object {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		var found []object
		text := r.String()
		for line := range strings.Lines(text) {
			var o object
			if err := json.Unmarshal([]byte(line), &o); err != nil {
				t.Fatalf("log line %q: %v", line, err)
			}
			if o["msg"] == "request" && o["path"] == path {
				found = append(found, o)
			}
		}
		if found != nil {
			return found
		}
		select {
		case <-r.wrote:
		case <-timeout:
			t.Fatalf("no line about %s in %s", path, text)
		}
	}
}

// logTo is a log at a level.
func logTo(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

func TestRequestsHaveIDs(t *testing.T) {
	log := newRecord()
	h := build(t, saying("네."), server.Config{Log: logTo(log, slog.LevelInfo)})
	c := &caller{h, t, ""}
	ids := map[string]bool{}
	for _, given := range []string{"", "a b", `x"y`, "line\tfeed", strings.Repeat("x", 129), "ö"} {
		resp, _ := c.send("GET", "/api/characters", http.Header{"X-Request-Id": {given}}, nil)
		id := resp.Header.Get("X-Request-Id")
		if id == "" || id == given || ids[id] {
			t.Errorf("for %q the id is %q, which should be a new one", given, id)
		}
		ids[id] = true
	}
	const proxys = "Root=1-67891233-abcdef012345678912345678"
	resp, data := c.send("GET", "/api/characters/nobody?token=hidden", http.Header{"X-Request-Id": {proxys}}, nil)
	if got := resp.Header.Get("X-Request-Id"); got != proxys {
		t.Errorf("a proxy's id came back as %q", got)
	}
	var p struct {
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(data, &p); err != nil || p.RequestID != proxys {
		t.Errorf("the problem's request_id is %q: %s", p.RequestID, data)
	}
	lines := log.requests(t, "/api/characters/nobody")
	if len(lines) != 1 || lines[0]["request_id"] != proxys || lines[0]["status"] != 404.0 || lines[0]["method"] != "GET" || lines[0]["client"] != "127.0.0.1" {
		t.Errorf("logged %v, want one line with its id, method, status and client", lines)
	}
}

// What is logged is enough to find a request by, and holds nothing that lets another in.
func TestAccessLog(t *testing.T) {
	log := newRecord()
	h := build(t, saying("네."), server.Config{Log: logTo(log, slog.LevelDebug)})
	c := &caller{h, t, "sk-secret-bearer"}
	header := http.Header{"Cookie": {"access_token=secret-cookie"}}
	c.send("GET", "/api/tts/voices?access_token=secret-query&code=secret-code", header, nil)
	c.send("GET", "/livez", http.Header{}, nil)
	c.send("GET", "/nowhere/at-all", http.Header{}, nil)
	h.dial(t, "character=hermione&session=").ws.CloseNow()

	for path, level := range map[string]string{"/api/tts/voices": "INFO", "/livez": "DEBUG", "/nowhere/at-all": "INFO", "/v1/realtime": "INFO"} {
		if lines := log.requests(t, path); len(lines) != 1 || lines[0]["level"] != level {
			t.Errorf("%s: logged %v, want one line at %s", path, lines, level)
		}
	}
	if status := log.requests(t, "/v1/realtime")[0]["status"]; status != 101.0 {
		t.Errorf("an upgrade is logged as %v", status)
	}
	if text := log.String(); strings.Contains(text, "secret") {
		t.Errorf("the log tells secrets: %s", text)
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := build(t, saying("네."), server.Config{Page: fstest.MapFS{
		"index.html":        {Data: []byte("<!doctype html><title>Avatar Forge</title>")},
		"assets/app-1a.js":  {Data: []byte("export {}")},
		"docs/swagger.html": {}, "docs/redoc.html": {}, "docs/realtime.html": {},
	}})
	c := &caller{h, t, ""}
	for path, policy := range map[string]string{
		"/":                 "default-src 'self'; ",
		"/assets/app-1a.js": "default-src 'self'; ",
		"/api/tts/voices":   "default-src 'none'; ",
		"/nowhere":          "default-src 'none'; ",
		"/livez":            "default-src 'none'; ",
		"/docs":             "default-src 'self'; ",
		"/redoc":            "default-src 'self'; style-src 'self' 'sha256-",
		"/docs/realtime":    "default-src 'self'; ",
	} {
		resp, _ := c.send("GET", path, http.Header{"Accept": {"text/html"}}, nil)
		got := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(got, policy) || !strings.Contains(got, "frame-ancestors 'none'") || strings.Contains(got, "unsafe-") {
			t.Errorf("%s: Content-Security-Policy %q, want %q and no frames", path, got, policy)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: headers %v", path, resp.Header)
		}
	}
}

func TestPagesOfOtherOrigins(t *testing.T) {
	tokens, err := auth.NewTokens(strings.Repeat("k", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	h := build(t, saying("네."), server.Config{
		Tokens: tokens, AllowedOrigins: []string{"https://friend.example"}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	user, err := h.db.UpsertUser(t.Context(), store.Profile{Provider: "test", Subject: "mina"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := tokens.Issue(user.ID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const path = "/api/characters"
	cookie, key := "access_token="+token, "Bearer "+token
	body := `{"name": "미나"}`

	for _, tt := range []struct {
		name   string
		method string
		header map[string]string
		status int
		reads  bool // the page may read the answer
	}{
		{"a friend asks first", "OPTIONS", map[string]string{"Origin": "https://friend.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-stainless-os"}, 204, true},
		{"a friend asks for a route that is not there", "OPTIONS", map[string]string{"Origin": "https://friend.example", "Access-Control-Request-Method": "PUT"}, 204, true},
		{"a friend creates with the cookie", "POST", map[string]string{"Origin": "https://friend.example", "Cookie": cookie}, 200, true},
		{"a friend reads", "GET", map[string]string{"Origin": "https://friend.example"}, 200, true},
		{"a stranger asks first", "OPTIONS", map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, 403, false},
		{"a stranger creates with the cookie", "POST", map[string]string{"Origin": "https://evil.example", "Cookie": cookie}, 403, false},
		{"a stranger creates with a cookie that is no good", "POST", map[string]string{"Origin": "https://evil.example", "Cookie": "access_token=x"}, 403, false},
		{"a stranger's form without a cookie", "POST", map[string]string{"Origin": "https://evil.example"}, 403, false},
		{"a frame of nowhere", "POST", map[string]string{"Origin": "null", "Cookie": cookie}, 403, false},
		{"a stranger adds the cookie to somebody's token", "POST", map[string]string{"Origin": "https://evil.example", "Cookie": cookie, "Authorization": "Bearer x"}, 403, false},
		{"a program that sends an Origin, and a token", "POST", map[string]string{"Origin": "app://desktop", "Authorization": key}, 200, false},
		{"a stranger reads", "GET", map[string]string{"Origin": "https://evil.example", "Cookie": cookie}, 200, false},
		{"our page", "POST", map[string]string{"Origin": h.URL, "Cookie": cookie}, 200, true},
		{"our page, behind a proxy", "POST", map[string]string{"Origin": "https://talk.example", "X-Forwarded-Host": "talk.example", "X-Forwarded-Proto": "https", "Cookie": cookie}, 200, true},
		{"our page, behind a proxy that hides our name", "POST", map[string]string{"Origin": "https://talk.example", "Sec-Fetch-Site": "same-origin", "Cookie": cookie}, 200, false},
		{"a forged page of ours, without HTTPS", "POST", map[string]string{"Origin": "http://talk.example", "X-Forwarded-Host": "talk.example", "X-Forwarded-Proto": "https", "Cookie": cookie}, 403, false},
		{"another port of ours", "POST", map[string]string{"Origin": "http://127.0.0.1:1", "Cookie": cookie}, 403, false},
		{"a name that begins like a friend's", "POST", map[string]string{"Origin": "https://friend.example.evil.example", "Cookie": cookie}, 403, false},
		{"no page at all, with the cookie", "POST", map[string]string{"Cookie": cookie}, 403, false},
		{"no page at all, with a cookie that is no good", "POST", map[string]string{"Cookie": "access_token=x"}, 200, false},
		{"no page at all, with a token", "POST", map[string]string{"Authorization": key}, 200, false},
		{"a browser that says no more than whose page it is", "POST", map[string]string{"Sec-Fetch-Site": "same-origin", "Cookie": cookie}, 200, false},
		{"a browser that says that it is a stranger's", "POST", map[string]string{"Sec-Fetch-Site": "cross-site", "Cookie": cookie}, 403, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &caller{h, t, ""}
			header := http.Header{"Content-Type": {"application/json"}}
			for name, value := range tt.header {
				header.Set(name, value)
			}
			at, content := path, body
			if tt.method == "OPTIONS" {
				at, content = "/api/characters/x/nothing", ""
			}
			if tt.method == "GET" {
				content = ""
			}
			resp, data := c.send(tt.method, at, header, strings.NewReader(content))
			if resp.StatusCode != tt.status {
				t.Errorf("answered %d: %s, want %d", resp.StatusCode, data, tt.status)
			}
			allowed, credentials := resp.Header.Get("Access-Control-Allow-Origin"), resp.Header.Get("Access-Control-Allow-Credentials")
			if tt.reads && (allowed != tt.header["Origin"] || credentials != "true") || !tt.reads && allowed+credentials != "" {
				t.Errorf("Access-Control-Allow-Origin %q, -Credentials %q", allowed, credentials)
			}
			if tt.header["Origin"] != "" && !strings.Contains(strings.Join(resp.Header.Values("Vary"), ","), "Origin") {
				t.Error("a cache would give the answer to another origin: no Vary")
			}
			if wanted := tt.header["Access-Control-Request-Headers"]; resp.Header.Get("Access-Control-Allow-Headers") != wanted {
				t.Errorf("Access-Control-Allow-Headers %q, want %q", resp.Header.Get("Access-Control-Allow-Headers"), wanted)
			}
			if tt.status == 204 && !strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), tt.header["Access-Control-Request-Method"]) {
				t.Errorf("Access-Control-Allow-Methods %q", resp.Header.Get("Access-Control-Allow-Methods"))
			}
			if tt.status == 403 {
				c.problem(resp, data, 403, "forbidden", tt.name)
			}
		})
	}
}
