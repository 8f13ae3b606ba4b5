package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"
	"github.com/redis/go-redis/v9"

	"avatarforge/internal/servertest"
)

// keysOf is all that a Redis holds: each key, and what is in it.
func keysOf(t *testing.T, address string) []string {
	t.Helper()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	var all []string
	for keys := client.Scan(t.Context(), 0, "*", 1000).Iterator(); keys.Next(t.Context()); {
		key := keys.Val()
		var value any
		switch kind := client.Type(t.Context(), key).Val(); kind {
		case "string":
			value = client.Get(t.Context(), key).Val()
		case "hash":
			value = client.HGetAll(t.Context(), key).Val()
		case "zset":
			value = client.ZRangeWithScores(t.Context(), key, 0, -1).Val()
		case "none": // it has just ended
		default:
			t.Fatalf("the key %s is a %s, which this test cannot look into", key, kind)
		}
		all = append(all, fmt.Sprint(key, " ", value))
	}
	return all
}

// filesWith are the files below a folder that have a text in them.
func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			names = append(names, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Of somebody whose account was deleted nothing is left, not even in the unused parts of
// SQLite's files, nor in what an instance that went away has left in Redis for the next.
func TestNothingIsLeftOfWhoIsGone(t *testing.T) {
	provider, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Shutdown() })
	dir, redisURL := t.TempDir(), servertest.Redis(t)
	start := func() *program {
		return launch(t, dir, "--redis-url", redisURL, "--jwt-secret", testSecret, "--rate-limit", "1/h, burst 50", "--max-sessions-per-user", "5",
			"--google-client-id", provider.ClientID, "--google-client-secret", provider.ClientSecret, "--oidc-issuer-url", provider.Issuer())
	}
	p := start()
	b := newBrowser(t, p.address)
	b.logIn()
	_, me := b.send(t, "GET", "/api/auth/me", "")
	id := strings.Split(strings.SplitN(string(me), `"id":"`, 2)[1], `"`)[0]
	for _, request := range []string{
		`POST /api/characters {"name":"친구","description":"MARK"}`,
		`POST /api/facts {"text":"MARK라고 한다."}`,
		`POST /api/chat {"session_id":"told","messages":[{"role":"user","content":"MARK"}],"tts_enabled":false}`,
		`POST /api/chat {"session_id":"told","messages":[{"role":"user","content":"` + strings.Repeat("MARK 길게. ", 150) + `"}],"tts_enabled":false}`,
	} {
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		if resp, data := b.send(t, method, path, strings.ReplaceAll(body, "MARK", mark)); resp.StatusCode >= 300 {
			t.Fatalf("%s: %d %s", request, resp.StatusCode, data)
		}
	}
	ws := p.dial(b.client)
	p.tell(ws, saying(mark+" 안녕!"), `{"type":"response.create"}`)
	p.end() // with a listener, whose conversation it leaves to whoever comes next

	personal := map[string]string{"what was said": mark, "an address": "jane.doe@example.com", "the user": id}
	in := func(where []string, text string) (found []string) {
		for _, w := range where {
			if strings.Contains(w, text) {
				found = append(found, fmt.Sprintf("%.80q", w))
			}
		}
		return found
	}
	if found := in(keysOf(t, redisURL), mark); len(found) == 0 {
		t.Error("nothing of the conversation is handed over by way of Redis, so this test sees nothing")
	}
	if found := in(keysOf(t, redisURL), id); len(found) < 2 {
		t.Errorf("Redis has the user in %q only: a slot that is kept and a rate limit were to be there", found)
	}
	if len(filesWith(t, dir, mark)) == 0 {
		t.Error("no file has what was said, so this test sees nothing")
	}

	p = start()
	b.address = p.address
	if resp, data := b.send(t, "DELETE", "/api/me", ""); resp.StatusCode != http.StatusOK || strings.Contains(string(data), `"files_pending":true`) {
		t.Fatalf("DELETE /api/me: %d %s", resp.StatusCode, data)
	}
	for what, text := range personal {
		if found := in(keysOf(t, redisURL), text); len(found) > 0 {
			t.Errorf("%s is left in Redis: %q", what, found)
		}
	}
	for _, when := range []string{"while it runs", "after it has ended"} {
		for what, text := range personal {
			if what == "the user" {
				continue // an erasure remembers for an hour whose it is, and looks again
			}
			if found := filesWith(t, dir, text); len(found) > 0 {
				t.Errorf("%s is left in files, %s: %q", what, when, found)
			}
		}
		p.end()
	}
}
