package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/realtime"
)

// chances is how many damaged requests are sent; events are a fourth, as their rate is limited. A fuzzing engine would need
// everything that the server links instrumented.
var chances = flag.Int("chances", 200, "how many damaged requests to send; a fourth as many events")

// seedOf gives a test other damage with each run, and says which.
func seedOf(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// hurts are what decoders trip over.
var hurts = []string{
	"\x00", "\xff\xfe", "\xed\xa0\x80", `\ud800`, `"`, `\`, "{", "[", "]", "}", "null", "true", "-1", "1e999", "0.1e-400",
	"99999999999999999999999999", `""`, "\r\n", "--", "%s", "../../../etc/passwd", "'; DROP TABLE items; --",
	strings.Repeat("[", 2000), strings.Repeat(`{"a":`, 2000), strings.Repeat("가", 3000), "\u202e", "\u0000",
}

// damage is a text with some of it changed.
func damage(r *rand.Rand, whole []byte) []byte {
	b := bytes.Clone(whole)
	for range 1 + r.IntN(2) {
		at := r.IntN(len(b) + 1)
		end := min(len(b), at+r.IntN(12))
		switch r.IntN(6) {
		case 0: // a byte
			if at < len(b) {
				b[at] = byte(r.Uint32())
			}
		case 1: // something is missing
			b = append(b[:at:at], b[end:]...)
		case 2: // it ends early
			b = b[:at]
		case 3: // something is there twice
			b = append(b[:end:end], b[at:]...)
		default:
			hurt := hurts[r.IntN(len(hurts))]
			b = append(append(b[:at:at], hurt...), b[end:]...)
		}
	}
	return b
}

// Whatever a request holds, it is answered: with a success, or with what is wrong with it,
// and never with an error of the server's.
func TestDamagedRequests(t *testing.T) {
	t.Parallel()
	b := besiege(t)
	form, formType := pictureForm(t)
	const jsonType = "application/json"
	requests := []struct{ method, path, contentType, body string }{
		{"POST", "/api/chat", jsonType, `{"messages":[{"role":"user","content":"안녕?"}],"character_id":"hermione","tts_mode":"on_click","temperature":0.7,"max_tokens":20}`},
		{"POST", "/api/tts", jsonType, `{"text":"네.","voice_id":"default","streaming_mode":0,"media_type":"wav","speed_factor":1.0}`},
		{"POST", "/api/characters", jsonType, `{"name":"지수","description":"친구","category":"일상","personality":"밝다","voice_id":"default"}`},
		{"POST", "/api/characters/import", jsonType, `{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"A","description":"B","first_mes":"C","tags":["d"],"character_book":{"entries":[{"keys":["k"],"content":"v"}]}}}`},
		{"POST", "/api/characters/import", formType, string(form)},
		{"POST", "/api/generate", formType, string(form)},
		{"POST", "/api/ai/generate/story", jsonType, `{"situation":"문이 열린다.","opponent":"고양이","background":"집"}`},
		{"POST", "/v1/chat/completions", jsonType, `{"model":"character:hermione","messages":[{"role":"user","content":"hi"}],"stream":false,"max_tokens":10}`},
		{"POST", "/v1/audio/speech", jsonType, `{"model":"tts-1","input":"네.","voice":"alloy","response_format":"wav","speed":1.0}`},
		{"GET", "/api/characters?limit=20&cursor=abc", "", ""},
		{"GET", "/api/sessions/550e8400-e29b-41d4-a716-446655440000/messages?limit=50&cursor=MTIz", "", ""},
		{"GET", "/mnt/user_assets/anonymous/audio/aaaaaaaaaaaaaaaaaaaaaaaaaa.wav", "", ""},
		{"GET", "/api/generate/status/550e8400-e29b-41d4-a716-446655440000", "", ""},
	}
	r := seedOf(t)
	statuses := map[int]int{}
	for n := range *chances {
		q := requests[n%len(requests)]
		path, body := q.path, []byte(q.body)
		if q.method == "GET" || r.IntN(20) == 0 {
			path = "/" + string(damage(r, []byte(path[1:])))
		}
		if q.body != "" {
			body = damage(r, body)
		}
		status, problem, err := b.send(q.method, path, q.contentType, body)
		if err != nil {
			t.Fatalf("%s %q %q: %v", q.method, path, body, err)
		}
		statuses[status]++
		if status >= 500 {
			t.Errorf("%s %q %.2000q is answered %d %s", q.method, path, body, status, problem)
		}
	}
	t.Logf("%d damaged requests: %v", *chances, statuses)
	b.goesOn("after them")
}

// send writes a request as it is, as no well-behaved client would.
func (b *besieged) send(method, path, contentType string, body []byte) (status int, problem string, err error) {
	c := b.raw(b.t)
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(minute)); err != nil {
		return 0, "", err
	}
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: %d\r\n", method, path, len(body))
	if contentType != "" {
		head += "Content-Type: " + contentType + "\r\n"
	}
	if _, err := c.Write(append([]byte(head+"\r\n"), body...)); err != nil && !reset(err) {
		return 0, "", err
	}
	answer, err := io.ReadAll(c)
	if len(answer) == 0 || err != nil && !reset(err) {
		return 0, "", fmt.Errorf("no answer: %w", err)
	}
	if _, err := fmt.Sscanf(string(answer), "HTTP/1.1 %d", &status); err != nil {
		return 0, "", fmt.Errorf("it answers %.200q", answer)
	}
	_, text, _ := strings.Cut(string(answer), "\r\n\r\n")
	return status, text, nil
}

// reset says that the server has closed a connection on which there was more to come.
func reset(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}

// Whatever an event holds, it is taken up or refused, and the conversation goes on.
func TestDamagedEvents(t *testing.T) {
	t.Parallel()
	b := besiege(t)
	events := []string{
		`{"type":"session.update","event_id":"e1","session":{"type":"realtime","instructions":"짧게","output_modalities":["text"],"audio":{"output":{"voice":"default","speed":1.1,"format":{"type":"audio/pcm","rate":24000}}},"avatarforge":{"tts":{"mode":"delayed","delay_ms":20},"temperature":0.4}}}`,
		`{"type":"conversation.item.create","item":{"id":"i1","type":"message","role":"user","content":[{"type":"input_text","text":"안녕?"}]}}`,
		`{"type":"conversation.item.create","previous_item_id":"root","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"네."}]}}`,
		`{"type":"conversation.item.truncate","item_id":"i1","content_index":0,"audio_end_ms":300}`,
		`{"type":"conversation.item.delete","item_id":"i1"}`,
		`{"type":"response.create","response":{"instructions":"한 마디로","max_output_tokens":5,"temperature":0.2,"metadata":{"a":"b"}}}`,
		`{"type":"response.cancel"}`,
		`{"type":"avatarforge.playback","segment":1,"played_ms":200,"buffered_ms":100}`,
		`{"type":"avatarforge.speak","item_id":"i1"}`,
		`{"type":"input_audio_buffer.append","audio":"AAAA"}`,
	}
	r := seedOf(t)
	ws := b.dial(nil)
	told := make(chan struct{})
	kinds := map[string]int{}
	go func() { // ends with the connection, or with the last answer
		defer close(told)
		for {
			_, data, err := ws.Read(t.Context())
			if err != nil {
				t.Errorf("the connection ends: %v", err)
				return
			}
			if !json.Valid(data) {
				t.Errorf("the server says %q", data)
			}
			_, e, err := realtime.DecodeServer(data)
			if err != nil {
				t.Errorf("the server says %.300q: %v", data, err)
				continue
			}
			kinds[e.Type()]++
			if e, ok := e.(realtime.ErrorEvent); ok && e.Err.EventID == "the last" {
				return
			}
		}
	}()
	count := *chances / 4
	for n := range count {
		kind := websocket.MessageText
		if r.IntN(30) == 0 {
			kind = websocket.MessageBinary
		}
		data := damage(r, []byte(events[n%len(events)]))
		if kind == websocket.MessageText {
			data = bytes.ToValidUTF8(data, []byte("?"))
		}
		if err := ws.Write(t.Context(), kind, data); err != nil {
			t.Fatalf("after %.500q: %v", data, err)
		}
		time.Sleep(22 * time.Millisecond) // those over the rate would be refused unread
	}
	last := `{"type":"conversation.item.retrieve","item_id":"none","event_id":"the last"}`
	for range 100 {
		if err := ws.Write(t.Context(), websocket.MessageText, []byte(last)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-told:
			t.Logf("%d damaged events: %v", count, kinds)
			b.goesOn("after them")
			return
		case <-time.After(time.Second): // it was one too many
		}
	}
	t.Error("nothing more is answered")
}
