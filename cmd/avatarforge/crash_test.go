package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/realtime"
)

// kills is how often the server is killed. More of it is a matter of patience.
const kills = 6

// asServer makes the test's binary the program itself, so that it can be killed.
const asServer = "AVATARFORGE_TEST_SERVE"

// victim is the program as a process of its own.
type victim struct {
	cmd     *exec.Cmd
	address string
}

func startVictim(t *testing.T, dataDir string, args ...string) *victim {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"serve", "--listen-addr", "127.0.0.1:0", "--data-dir", dataDir,
		"--llm-service", "demo", "--tts-service", "demo", "--log-level", "error", "--resume-grace", "1s"}, args...)...)
	cmd.Env = append(os.Environ(), asServer+"=1")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v := &victim{cmd: cmd}
	lines := bufio.NewScanner(out)
	for v.address == "" && lines.Scan() {
		if m := addressLine.FindStringSubmatch(lines.Text()); m != nil {
			v.address = m[1]
		}
	}
	if v.address == "" {
		v.kill()
		t.Fatal("the server did not start")
	}
	go func() { // ends with the process
		for lines.Scan() {
		}
	}()
	return v
}

// kill ends the process as a power cut would.
func (v *victim) kill() {
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait()
}

// seen is what a client was told is done.
type seen struct {
	session string
	last    uint64
	items   []realtime.Item
}

// converse talks until the connection breaks, and keeps what it was told.
func (s *seen) converse(v *victim) error {
	query := ""
	if s.session != "" {
		query = fmt.Sprintf("?session=%s&last_event=%d", s.session, s.last)
	}
	ws, resp, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(v.address, "http")+"/v1/realtime"+query, nil)
	if err != nil {
		if resp == nil {
			return nil // the server was killed meanwhile
		}
		return fmt.Errorf("the handshake was answered %s: %w", resp.Status, err)
	}
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 20)
	say := func() error {
		for _, e := range []string{
			`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"오늘 뭐 했어? 짧게 말해 줘."}]}}`,
			`{"type":"response.create"}`,
		} {
			if err := ws.Write(context.Background(), websocket.MessageText, []byte(e)); err != nil {
				return err
			}
		}
		return nil
	}
	for begun := false; ; {
		_, data, err := ws.Read(context.Background())
		if err != nil {
			return nil // the server has been killed, which is the point
		}
		n, event, err := realtime.DecodeServer(data)
		if err != nil {
			return err
		}
		if n <= s.last {
			return fmt.Errorf("frame %d came after %d", n, s.last)
		}
		s.last = n
		switch e := event.(type) {
		case realtime.SessionCreated:
			s.session = e.Session.ID
		case realtime.ItemDone:
			s.items = append(s.items, e.Item)
		case realtime.ResponseDone:
			begun = false
		case realtime.ErrorEvent:
			return fmt.Errorf("told of an error: %s", e.Err.Message)
		}
		if s.session != "" && !begun {
			begun = true
			if err := say(); err != nil {
				return nil // as above
			}
		}
	}
}

// Whatever a client was told is done is there after the server was killed at any moment,
// once and in order, and the conversation goes on.
func TestKilledServerLosesNothingItTold(t *testing.T) {
	dir := t.TempDir()
	clients := make([]seen, 3)
	for range kills {
		v := startVictim(t, dir)
		ended := make(chan error, len(clients))
		for i := range clients {
			go func() { ended <- clients[i].converse(v) }()
		}
		time.Sleep(time.Duration(300+rand.IntN(1500)) * time.Millisecond) // any moment will do
		v.kill()
		for range clients {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
	}
	v := startVictim(t, dir)
	defer v.kill()
	told := 0
	for i := range clients {
		kept := transcript(t, v, clients[i].session)
		at := 0
		for _, it := range clients[i].items {
			told++
			for at < len(kept) && kept[at].ID != it.ID {
				at++
			}
			if at == len(kept) {
				t.Errorf("client %d was told of item %s, which is gone, or out of order", i, it.ID)
				break
			}
			if kept[at].Content != it.Text() || kept[at].Status != string(it.Status) {
				t.Errorf("item %s came back as %+v, want %q, %s", it.ID, kept[at], it.Text(), it.Status)
			}
		}
		ids := map[string]bool{}
		for _, m := range kept {
			if ids[m.ID] {
				t.Errorf("item %s is there twice", m.ID)
			}
			ids[m.ID] = true
		}
	}
	if told == 0 {
		t.Error("nothing was told between the kills: the test shows nothing")
	}
	t.Logf("%d kills, %d items told", kills, told)
}

type message struct{ ID, Role, Content, Status string }

func transcript(t *testing.T, v *victim, id string) []message {
	t.Helper()
	var all []message
	for cursor := ""; ; {
		resp, err := http.Get(v.address + "/api/sessions/" + id + "/messages?limit=200&cursor=" + cursor)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Data struct {
				Messages   []message
				NextCursor string `json:"next_cursor"`
			}
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("the transcript of %q: %d, %v", id, resp.StatusCode, err)
		}
		all = append(all, page.Data.Messages...)
		if cursor = page.Data.NextCursor; cursor == "" {
			return all
		}
	}
}
