package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/internal/servertest"
	"avatarforge/realtime"
	"avatarforge/tts/ttstest"
)

func TestMain(m *testing.M) {
	servertest.Main(m, os.Getenv("CI") == "true")
}

// knock asks for a conversation and says what comes of it: 101 where it begins.
func (p *program) knock(query string) (status int, ws *websocket.Conn) {
	p.t.Helper()
	ws, resp, err := websocket.Dial(p.t.Context(), "ws"+strings.TrimPrefix(p.address, "http")+"/v1/realtime"+query, nil)
	if resp == nil {
		p.t.Fatal(err)
	}
	if ws != nil {
		p.t.Cleanup(func() { ws.CloseNow() })
	}
	return resp.StatusCode, ws
}

// next is the next event that comes.
func next(t testing.TB, ws *websocket.Conn) realtime.ServerEvent {
	t.Helper()
	_, data, err := ws.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, e, err := realtime.DecodeServer(data)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Instances that share a Redis share the slots.
func TestInstancesShareTheSlots(t *testing.T) {
	t.Parallel()
	args := []string{"--redis-url", servertest.Redis(t), "--max-concurrent-sessions", "1", "--slots-queue", "1"}
	first, second := launch(t, t.TempDir(), args...), launch(t, t.TempDir(), args...)
	status, ws := first.knock("")
	if status != 101 {
		t.Fatalf("status %d: the slot is free", status)
	}
	if status, _ := second.knock(""); status != 503 {
		t.Errorf("status %d, want 503: the slot is taken at the other instance", status)
	}
	resp, err := http.Get(second.address + "/api/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var health struct{ Data struct{ Redis string } }
	if err := json.NewDecoder(resp.Body).Decode(&health); err != nil || health.Data.Redis != "healthy" {
		t.Errorf("Redis is %q, %v", health.Data.Redis, err)
	}
	status, queued := second.knock("?queue=1")
	if status != 101 {
		t.Fatalf("status %d: there is room in the line", status)
	}
	if e, ok := next(t, queued).(realtime.Queue); !ok || e != (realtime.Queue{Position: 1, Waiting: 1}) {
		t.Fatalf("got %+v, want the first place in the line", e)
	}
	if status, _ := first.knock("?queue=1"); status != 503 {
		t.Errorf("status %d, want 503: the line is full", status)
	}
	ws.Close(websocket.StatusNormalClosure, "")
	if e, ok := next(t, queued).(realtime.SessionCreated); !ok {
		t.Errorf("got %+v, want a session: the slot is free", e)
	}
}

// Instances that share a Redis take turns at a synthesis server.
func TestInstancesShareASynthesisServer(t *testing.T) {
	t.Parallel()
	sounds := ttstest.New(ttstest.Config{FirstChunkDelay: 20 * time.Millisecond})
	t.Cleanup(sounds.Close)
	sovits := httptest.NewServer(sounds)
	t.Cleanup(sovits.Close)
	args := []string{"--redis-url", servertest.Redis(t), "--tts-service", "gpt-sovits", "--tts-base-url", sovits.URL}
	var talks sync.WaitGroup
	for range 2 {
		p := launch(t, t.TempDir(), args...)
		for range 3 {
			talks.Go(func() {
				if text, audio := p.converse(p.dial(nil)); text == "" || audio == 0 {
					t.Errorf("%q with %d bytes of audio", text, audio)
				}
			})
		}
	}
	talks.Wait()
	if n, all := sounds.Overlaps(), len(sounds.Records()); n != 0 || all < 6 {
		t.Errorf("%d of %d requests met another at work", n, all)
	}
}
