package server_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"avatarforge/server"
)

// Whatever address a client names, the server does not ask it: there is nothing to reach through it.
func TestWallsNothingThatAClientNamesIsFetched(t *testing.T) {
	var asked atomic.Int32
	bait := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer bait.Close()
	c := &caller{build(t, saying("네."), server.Config{}), t, ""}
	made := want[object](c, "POST", "/api/characters", fmt.Sprintf(`{"name":"미끼","image_url":"%s/a.png"}`, bait.URL), "an address of a picture is stored")
	at := fmt.Sprint("/api/characters/", made["id"])
	c.call("PUT", at, fmt.Sprintf(`{"model_url":"%s/a.glb"}`, bait.URL)) // refused or not
	c.call("POST", "/api/characters/import", fmt.Sprintf(`{"spec":"chara_card_v3","spec_version":"3.0","data":{"name":"카드","assets":[{"type":"icon","uri":"%s/b.png","name":"main","ext":"png"}]}}`, bait.URL))
	c.call("GET", at+"/export", "")
	c.call("POST", "/api/chat", fmt.Sprintf(`{"character_id":%q,"messages":[{"role":"user","content":"%s"}]}`, made["id"], bait.URL))
	c.call("POST", "/api/tts", fmt.Sprintf(`{"text":"말해 줘.","ref_audio_path":"%s/c.wav","ref_audio":"%s/c.wav","voice_id":"default"}`, bait.URL, bait.URL))
	for _, r := range c.line.TTS[0].Records() {
		if strings.Contains(fmt.Sprint(r.Params), bait.URL) && !strings.Contains(r.Params.Text, "http") {
			t.Errorf("the synthesis server was told of the address: %+v", r.Params)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server has asked the address %d times", n)
	}
}

// Nothing compressed is unpacked, so there is nothing to explode.
func TestWallsCompressedBodies(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	w.Write([]byte(`{"name":"`))
	for range 64 {
		w.Write(bytes.Repeat([]byte("a"), 1<<20))
	}
	w.Write([]byte(`"}`))
	w.Close()
	c := &caller{build(t, saying("네."), server.Config{}), t, ""}
	resp, data := c.send("POST", "/api/characters", http.Header{
		"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"},
	}, &bomb)
	c.problem(resp, data, 400, "invalid_request", "a compressed body is not read")

	up := upgrade(t, c.house, "", http.Header{"Sec-WebSocket-Extensions": {"permessage-deflate; client_max_window_bits"}})
	defer up.Body.Close()
	if got := up.Header.Get("Sec-WebSocket-Extensions"); up.StatusCode != 101 || got != "" {
		t.Errorf("%d, extensions %q: frames could be bombs", up.StatusCode, got)
	}
}

// No path leads out of an owner's files, and no header can be made up, however they are written.
func TestWallsPathsAndHeaders(t *testing.T) {
	c := &caller{build(t, saying("네."), server.Config{}), t, ""}
	for _, target := range []string{
		"/mnt/user_assets/anonymous/audio/..%2f..%2fsecret.wav", "/mnt/user_assets/anonymous/audio/..%5c..%5csecret.wav",
		"/mnt/user_assets/../../etc/passwd", "/mnt/user_assets/anonymous%2f../x/audio/a.wav", "/mnt/user_assets/anonymous/audio/%2e%2e/%2e%2e/x.wav",
		"/mnt/user_assets/anonymous/audio/a.wav%00.png", "/mnt/user_assets/anonymous/audio//a.wav", "//etc/passwd", "/images/..%2f..%2fgo.mod",
		"/auth/callback?a=%0d%0aSet-Cookie:%20access_token=x", "/api/characters/%0d%0aX-Made-Up:%20yes",
	} {
		conn, err := net.Dial("tcp", c.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		// As it stands here: a client of the library would tidy it.
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: a\tb\r\n\r\n", target)
		var answer bytes.Buffer
		if _, err := answer.ReadFrom(conn); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		conn.Close()
		head, body, _ := strings.Cut(answer.String(), "\r\n\r\n")
		if strings.Contains(head, " 200 ") || strings.Contains(body, "root:") || strings.Contains(body, "module avatarforge") {
			t.Errorf("%s answered\n%.500s", target, answer.String())
		}
		if strings.Contains(head, "\r\nSet-Cookie") || strings.Contains(head, "\r\nX-Made-Up") || strings.Contains(head, "a\tb") {
			t.Errorf("%s: a header was made up:\n%s", target, head)
		}
	}
}
