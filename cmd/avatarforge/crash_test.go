package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/internal/servertest"
	"avatarforge/realtime"
)

// kills is how often the server is killed on each database. More of it is a matter of
// patience.
var kills = flag.Int("kills", 3, "how often to kill the server on each database")

// victim is the program as a process of its own.
type victim struct {
	cmd     *exec.Cmd
	address string
}

func startVictim(t *testing.T, dataDir string, args ...string) *victim {
	t.Helper()
	cmd := exec.Command(servertest.Program(t), append([]string{
		"serve", "--listen-addr", "127.0.0.1:0", "--data-dir", dataDir, "--llm-service", "demo", "--tts-service", "demo",
		"--log-level", "error", "--resume-grace", "1s", "--max-turns", "0", "--rate-limit", "off",
	}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()} // none of which is an option's
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
	unsaved int    // how often it was told that nothing is saved at the moment
	told    func() // called for each of the items; may be nil
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
			if s.told != nil {
				s.told()
			}
		case realtime.ResponseDone:
			begun = false
		case realtime.ErrorEvent:
			if e.Err.Code == realtime.CodeNotSaved {
				s.unsaved++
				return nil // the disk is too slow at the moment: what is told from here on is no promise
			}
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

// figures are the jobs that the server has taken.
type figures struct{ jobs []string }

// order has a figure made.
func (f *figures) order(v *victim, picture []byte, contentType string, told func()) error {
	resp, err := http.Post(v.address+"/api/generate", contentType, bytes.NewReader(picture))
	if err != nil {
		return nil // the server has been killed, which is the point
	}
	defer resp.Body.Close()
	var job struct {
		Data struct {
			JobID string `json:"job_id"`
		}
	}
	switch err := json.NewDecoder(resp.Body).Decode(&job); {
	case resp.StatusCode != http.StatusAccepted:
		return fmt.Errorf("a figure is answered %s", resp.Status)
	case err != nil:
		return nil // as above
	}
	f.jobs = append(f.jobs, job.Data.JobID)
	told()
	return nil
}

// done wants every job to be completed, but for those, one in twenty kills at the most, that were at work in so
// many of them that they are taken to be the reason.
func (f *figures) done(t *testing.T, v *victim) (givenUp int) {
	t.Helper()
	for _, id := range f.jobs {
		// Figures are made one after another, in the order in which they came but for those that are tried again.
		deadline := time.Now().Add(3 * time.Minute)
		status := ""
		for status != "completed" && status != "failed" {
			resp, err := http.Get(v.address + "/api/generate/status/" + id)
			if err != nil {
				t.Fatal(err)
			}
			var is struct {
				Data struct{ Status string }
			}
			err = json.NewDecoder(resp.Body).Decode(&is)
			resp.Body.Close()
			if status = is.Data.Status; err != nil || resp.StatusCode != http.StatusOK || time.Now().After(deadline) {
				t.Fatalf("figure %s: %s, %q, %v", id, resp.Status, status, err)
			}
			if status == "failed" {
				givenUp++
			} else if status != "completed" {
				time.Sleep(50 * time.Millisecond)
			}
		}
	}
	return givenUp
}

// Whatever a client was told is done is there after the server was killed at any moment,
// once and in order; the conversation goes on, and so do the jobs.
func TestKilledServerLosesNothingItTold(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		killAgainAndAgain(t, dir)
		for _, file := range []string{"avatarforge.db", "jobs.db"} {
			intact(t, filepath.Join(dir, file))
		}
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		killAgainAndAgain(t, t.TempDir(), "--database-url", servertest.Postgres(t))
	})
}

// intact has SQLite look for damage.
func intact(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("%s: %s, %v", path, verdict, err)
	}
}

func killAgainAndAgain(t *testing.T, dir string, args ...string) {
	t.Helper()
	picture, contentType := pictureForm(t)
	clients := make([]seen, 3)
	var orders figures
	for i := range *kills {
		v := startVictim(t, dir, args...)
		news := make(chan struct{}, 1000)
		told := func() { news <- struct{}{} }
		ended := make(chan error, len(clients)+1)
		for j := range clients {
			clients[j].told = told
			go func() { ended <- clients[j].converse(v) }()
		}
		go func() {
			// A figure takes longer to make than a server lives here: more of them would be a long queue at the end.
			if i%4 != 0 {
				ended <- nil
				return
			}
			ended <- orders.order(v, picture, contentType, told)
		}()
		// Any moment will do, but for those when nothing has happened yet.
		for range rand.IntN(12) {
			select {
			case <-news:
			case <-time.After(10 * time.Second):
			}
		}
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		v.kill()
		for range len(clients) + 1 {
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
		}
	}
	v := startVictim(t, dir, args...)
	defer v.kill()
	told, unsaved := 0, 0
	for i := range clients {
		told += len(clients[i].items)
		unsaved += clients[i].unsaved
		clients[i].compare(t, transcript(t, v, clients[i].session))
	}
	if told == 0 || len(orders.jobs) == 0 {
		t.Errorf("%d items and %d figures were told of between the kills: the test shows nothing", told, len(orders.jobs))
	}
	t.Logf("%d kills, %d items told; %d times the disk was too slow to save", *kills, told, unsaved)
	givenUp := orders.done(t, v)
	if givenUp > *kills/20 {
		t.Errorf("%d of %d figures were given up", givenUp, len(orders.jobs))
	}
	t.Logf("%d figures taken, %d of them given up", len(orders.jobs), givenUp)
}

// compare wants all that the client was told in the transcript, in order, and nothing twice.
func (s *seen) compare(t *testing.T, kept []message) {
	t.Helper()
	at := 0
	for _, it := range s.items {
		for at < len(kept) && kept[at].ID != it.ID {
			at++
		}
		if at == len(kept) {
			t.Errorf("a client of %s was told of item %s, which is gone, or out of order", s.session, it.ID)
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

type message struct{ ID, Role, Content, Status string }

func transcript(t testing.TB, v *victim, id string) []message {
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
