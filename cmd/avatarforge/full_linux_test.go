package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/realtime"
)

// The whole server on a disk that is really full, which takes root to make: clients are
// told, what was confirmed is there, and all goes on once there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	w := &town{said: map[string]string{}}
	w.program = launch(t, dir, "--max-turns", "0", "--rate-limit", "off", "--memory-facts=false", "--drain-timeout", "5s")
	w.attend()
	for name, ask := range w.onDisk() {
		w.becomes(ask.well, ask.do, name+", while there is room")
	}

	ballast := fill(t, dir)
	told := "" // the database's files have some room in them
	for range 300 {
		if told = w.within(minute, w.remember); told != "done" {
			break
		}
	}
	if told != "conversation_not_saved" {
		t.Errorf("a conversation on a full disk: %s", told)
	}
	if got := w.within(minute, w.turn); !strings.HasSuffix(got, "completed") {
		t.Errorf("it does not go on: %s", got)
	}
	for name, ask := range w.onDisk() {
		if got := w.within(minute, ask.do); !slices.Contains(strings.Split(ask.full, "|"), got) {
			t.Errorf("%s on a full disk: %s, want %s", name, got, ask.full)
		}
	}

	if err := os.Remove(ballast); err != nil { // what the operator does
		t.Fatal(err)
	}
	for name, ask := range w.onDisk() {
		w.becomes(ask.well, ask.do, name+", once there is room again")
	}
	w.becomes("completed", w.turn, "once there is room again")
	w.kept(w.session)
	w.ws.CloseNow()
	w.end()
	for _, file := range []string{"avatarforge.db", "jobs.db"} {
		intact(t, filepath.Join(dir, file))
	}
	w.program = launch(t, dir)
	w.kept(w.session)
	w.end()
}

// remember adds a long item to the conversation, and says what the listener is told of it.
func (w *town) remember(ctx context.Context) string {
	e := `{"type":"conversation.item.create","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"` +
		strings.Repeat("가", 7000) + `"}]}}`
	if err := w.ws.Write(ctx, websocket.MessageText, []byte(e)); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(25 * time.Millisecond) // no more than a client may send
	for {
		select {
		case e := <-w.events:
			switch e := e.(type) {
			case realtime.ItemDone:
				w.said[e.Item.ID] = e.Item.Text()
				return "done"
			case realtime.ErrorEvent:
				return string(e.Err.Code)
			}
		case <-ctx.Done():
			return "nothing"
		}
	}
}

// fill takes all the room that a disk has.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	return path
}
