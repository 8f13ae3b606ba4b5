package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// slowBody sends the head of a request and the beginning of its body, and then a byte now and
// then, or nothing more. It returns the answer, after which the connection has to be closed.
func slowBody(t *testing.T, h *house, head, begin string, trickle bool) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the connection
		if _, err := io.WriteString(conn, head+"\r\nHost: x\r\n\r\n"+begin); err != nil {
			return
		}
		for trickle {
			if _, err := io.WriteString(conn, "a"); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("%s: no answer: %v", head, err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", head, err)
	}
	if _, err := in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: the connection stays open: %v", head, err)
	}
	return resp, string(body)
}

// A body that stops or trickles is ended, and what had come of it is given back; a large one
// that comes fast is not.
func TestWallsSlowBodies(t *testing.T) {
	c := &caller{build(t, saying("네."), server.Config{BodyTimeout: 300 * time.Millisecond}), t, ""}
	const form = "POST /api/characters/import HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 20000000"
	const part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n"
	const chat = "POST /api/chat HTTP/1.1\r\nContent-Type: application/json\r\n"
	for _, head := range []string{
		chat + "Content-Length: 500000", chat + "Transfer-Encoding: chunked", form,
		"POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 500000",
	} {
		for _, trickle := range []bool{false, true} {
			begin := `{"messages":`
			switch {
			case head == form:
				begin = part + strings.Repeat("x", 1<<20)
			case strings.Contains(head, "chunked"):
				begin = "7000\r\n" + begin
			}
			resp, body := slowBody(t, c.house, head, begin, trickle)
			if resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(body, `"code":"request_timeout"`) {
				t.Errorf("%s (trickling: %v) answered %d %s, want 408 request_timeout", head, trickle, resp.StatusCode, body)
			}
		}
	}
	// Where nobody reads it, it is not waited for without end.
	for head, status := range map[string]int{
		"POST /nowhere HTTP/1.1\r\nContent-Length: 100000":          http.StatusNotFound,
		"POST /api/auth/logout HTTP/1.1\r\nContent-Length: 100000":  http.StatusSeeOther,
		"GET /livez HTTP/1.1\r\nContent-Length: 100000":             http.StatusOK,
		"DELETE /api/sessions/a HTTP/1.1\r\nContent-Length: 100000": http.StatusNotFound,
		"POST /api/generate HTTP/1.1\r\nTransfer-Encoding: chunked": http.StatusNotFound,
		"PATCH /api/health HTTP/1.1\r\nTransfer-Encoding: chunked":  http.StatusMethodNotAllowed,
		"DELETE /api/me HTTP/1.1\r\nContent-Length: 100000":         http.StatusUnauthorized,
		"POST /v1/realtime HTTP/1.1\r\nContent-Length: 100000":      http.StatusMethodNotAllowed,
		"GET /v1/realtime?a=b HTTP/1.1\r\nContent-Length: 100000":   http.StatusBadRequest,
		"OPTIONS /api/chat HTTP/1.1\r\nTransfer-Encoding: chunked":  http.StatusMethodNotAllowed,
	} {
		if resp, body := slowBody(t, c.house, head, "", false); resp.StatusCode != status {
			t.Errorf("%s answered %d %s, want %d", head, resp.StatusCode, body, status)
		}
	}

	held := func() uint64 {
		runtime.GC()
		runtime.GC() // what a pool has is given back by the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if resp, body := slowBody(t, c.house, form, part+strings.Repeat("x", 8<<20), true); resp.StatusCode != http.StatusRequestTimeout {
				t.Errorf("8 MiB of an upload, then a trickle: %d %s", resp.StatusCode, body)
			}
		})
	}
	all.Wait()
	for until := time.Now().Add(30 * time.Second); held() > before+(16<<20); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d MiB of uploads that were ended are still held", (held()-before)>>20)
		}
	}

	patient := &caller{build(t, saying("네."), server.Config{}), t, ""}
	large := part + strings.Repeat("x", 19<<20) + "\r\n--b--\r\n"
	resp, data := patient.send("POST", "/api/characters/import", http.Header{"Content-Type": {"multipart/form-data; boundary=b"}}, strings.NewReader(large))
	patient.problem(resp, data, 415, "unsupported_media_type", "19 MiB that come fast are read, and looked at")
}
