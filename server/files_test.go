package server_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"avatarforge/internal/linetest"
	"avatarforge/internal/servertest"
	"avatarforge/server"
	"avatarforge/speech"
	"avatarforge/store"
	"avatarforge/tts/ttstest"
)

func TestSpeechFileFromAFolder(t *testing.T) {
	testSpeechFile(t, filepath.Join(t.TempDir(), "files"))
}

func TestSpeechFileFromABucket(t *testing.T) {
	testSpeechFile(t, servertest.S3(t)+"?secure=false")
}

func testSpeechFile(t *testing.T, files string) {
	db, err := store.Open(t.Context(), embedded(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := &caller{buildAt(t, db, files, linetest.Config{}, server.Config{}), t, ""}
	made := want[speechFile](c, "POST", "/api/tts", spoken, "make one")
	resp, file := c.get(made.AudioURL)
	tag := resp.Header.Get("ETag")
	if resp.StatusCode != 200 || tag == "" || resp.Header.Get("Accept-Ranges") != "bytes" || resp.ContentLength != int64(len(file)) {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	if cc := resp.Header.Get("Cache-Control"); !strings.Contains(cc, "private") {
		t.Errorf("Cache-Control %q: a proxy may keep it", cc)
	}

	part, body := c.get(made.AudioURL, "Range", "bytes=44-143")
	if part.StatusCode != 206 || string(body) != string(file[44:144]) || part.Header.Get("Content-Range") != "bytes 44-143/"+strconv.Itoa(len(file)) {
		t.Errorf("a part: %d %v", part.StatusCode, part.Header)
	}
	if last, body := c.get(made.AudioURL, "Range", "bytes=-10"); last.StatusCode != 206 || string(body) != string(file[len(file)-10:]) {
		t.Errorf("the end: %d", last.StatusCode)
	}
	if beyond, body := c.get(made.AudioURL, "Range", "bytes=99999999-"); beyond.StatusCode != 416 || !strings.Contains(string(body), `"code":"invalid_request"`) ||
		beyond.Header.Get("Content-Type") != "application/problem+json" || beyond.Header.Get("Content-Range") != "bytes */"+strconv.Itoa(len(file)) {
		t.Errorf("beyond the end: %d %v %s", beyond.StatusCode, beyond.Header, body)
	}
	if same, body := c.get(made.AudioURL, "If-None-Match", tag); same.StatusCode != 304 || len(body) > 0 {
		t.Errorf("not modified: %d with %d bytes", same.StatusCode, len(body))
	}
	if other, _ := c.get(made.AudioURL, "If-None-Match", `"other"`); other.StatusCode != 200 {
		t.Errorf("another version: %d", other.StatusCode)
	}
	if still, _ := c.get(made.AudioURL, "If-Range", tag, "Range", "bytes=0-3"); still.StatusCode != 206 {
		t.Errorf("the rest of the same version: %d", still.StatusCode)
	}
	if changed, body := c.get(made.AudioURL, "If-Range", `"other"`, "Range", "bytes=0-3"); changed.StatusCode != 200 || len(body) != len(file) {
		t.Errorf("the rest of another version: %d with %d bytes, want all of it", changed.StatusCode, len(body))
	}
	head, body := c.send("HEAD", made.AudioURL, http.Header{}, nil)
	if head.StatusCode != 200 || len(body) > 0 || head.ContentLength != int64(len(file)) || head.Header.Get("Content-Type") != "audio/wav" || head.Header.Get("ETag") != tag {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}

	id := made.FileID
	for _, path := range []string{
		"/mnt/user_assets/anonymous/audio/" + id + ".ogg", "/mnt/user_assets/anonymous/audio/" + id, "/mnt/user_assets/anonymous/audio/" + id + ".wav.wav",
		"/mnt/user_assets/anonymous/audio/nosuch.wav", "/mnt/user_assets/anonymous/audio/", "/mnt/user_assets/anonymous/audio",
		"/mnt/user_assets/anonymous/", "/mnt/user_assets/", "/mnt/user_assets/anonymous/audio/..%2f" + id + ".wav",
		"/mnt/user_assets/anonymous/audio/%2e%2e%2fanonymous%2f" + id + ".wav", "/mnt/user_assets/anonymous/audio/..%5c" + id + ".wav",
		"/mnt/user_assets/anonymous/audio/" + strings.ToUpper(id) + ".wav", "/mnt/user_assets/anonymous/audio/" + id + ".wav%00",
	} {
		resp, data := c.get(path)
		if resp.StatusCode != 404 || !strings.Contains(resp.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, data)
		}
	}
	if resp, _ := c.send("POST", made.AudioURL, http.Header{}, nil); resp.StatusCode != 405 {
		t.Errorf("POST: %d", resp.StatusCode)
	}
}

func TestSpeechFilesBelongToTheirOwners(t *testing.T) {
	anonymous, mina, juno := users(t)
	hers := want[speechFile](mina, "POST", "/api/tts", spoken, "mina's")
	if strings.Contains(hers.AudioURL, "anonymous") {
		t.Fatalf("mina's file is at %s", hers.AudioURL)
	}
	if resp, _ := mina.get(hers.AudioURL); resp.StatusCode != 200 {
		t.Errorf("mina hears her own: %d", resp.StatusCode)
	}
	if resp, _ := anonymous.get(hers.AudioURL, "Cookie", "access_token="+mina.token); resp.StatusCode != 200 {
		t.Errorf("with a cookie as well: %d", resp.StatusCode)
	}
	nothing := strings.Replace(hers.AudioURL, hers.FileID, "nosuch", 1)
	for _, path := range []string{hers.AudioURL, nothing} {
		juno.refused("GET", path, "", 403, "forbidden", "another's, whether or not it is there")
		anonymous.refused("GET", path, "", 401, "unauthenticated", "nobody's, whether or not it is there")
	}
	mina.refused("GET", nothing, "", 404, "not_found", "her own that is not there")

	open := want[speechFile](anonymous, "POST", "/api/tts", spoken, "without a login")
	if open.FileID == hers.FileID || !open.Cached {
		t.Errorf("the same speech for another owner is a copy: %+v", open)
	}
	for _, c := range []*caller{anonymous, mina, juno} {
		if resp, _ := c.get(open.AudioURL); resp.StatusCode != 200 {
			t.Errorf("what was made without a login is everybody's: %d", resp.StatusCode)
		}
	}
}

func TestPromisedSpeechOverHTTP(t *testing.T) {
	mouth, let := gated()
	c := speaking(t, mouth)
	ask := speech.Request{Text: "곧 말할게요.", Voice: c.line.Voices.Default()}
	url, err := c.studio.Promise(t.Context(), "anonymous", ask, 0)
	if err != nil {
		t.Fatal(err)
	}
	resp, data := c.get(url)
	if resp.StatusCode != 202 || resp.Header.Get("Retry-After") == "" || !strings.Contains(string(data), `"status":"pending"`) {
		t.Fatalf("before it is made: %d %v %s", resp.StatusCode, resp.Header, data)
	}
	let <- struct{}{}
	deadline := time.Now().Add(30 * time.Second)
	for resp.StatusCode == 202 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
		resp, data = c.get(url)
	}
	if resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, data)
	}
	says(t, data, "곧 말할게요.")
	if later, err := c.studio.Promise(t.Context(), "anonymous", ask, 90*time.Second); err != nil {
		t.Error(err)
	} else if resp, _ := c.get(later); resp.StatusCode != 202 || resp.Header.Get("Retry-After") != "90" {
		t.Errorf("due in 90 s: %d, Retry-After %s", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
}

func TestBrokenPromiseOverHTTP(t *testing.T) {
	c := speaking(t, ttstest.Config{References: map[string]time.Duration{}})
	url, err := c.studio.Promise(t.Context(), "anonymous", speech.Request{Text: "못 해요.", Voice: c.line.Voices.Default()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	status, deadline := 202, time.Now().Add(30*time.Second)
	for status == 202 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
		resp, _ := c.get(url)
		status = resp.StatusCode
	}
	p := c.refused("GET", url, "", 502, "upstream_failed", "it could not be made")
	if !strings.Contains(p.Detail, "refused") {
		t.Errorf("it says %q, want why", p.Detail)
	}
}
