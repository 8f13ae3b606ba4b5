package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// On a disk that is really full, which takes root to make.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("mount a small disk: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	}()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	files, err := OpenBlobs(t.Context(), filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	if err := newSession(t, s, "s"); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}

	confirmed := map[string]bool{}
	save := func(id string, n int) error {
		return s.SaveItem(t.Context(), Item{Session: "s", ID: id, Position: whole(n), Text: strings.Repeat("가", 20_000)})
	}
	for n := 1; ; n++ {
		if n > 1000 {
			t.Fatal("6 MB hold more than 60")
		}
		id := fmt.Sprint("i", n)
		if err := save(id, n); err != nil {
			wantErr(t, "the disk is full", err, ErrFull)
			break
		}
		confirmed[id] = true
	}
	big := strings.Repeat("x", 4<<20)
	err = files.Put(t.Context(), "big.wav", strings.NewReader(big), int64(len(big)), "")
	wantErr(t, "a file that does not fit", err, ErrFull)
	if _, err := files.Stat(t.Context(), "big.wav"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a part of it is there: %v", err)
	}
	if _, err := s.Items(t.Context(), "s"); err != nil {
		t.Errorf("what is there can still be read: %v", err)
	}

	if err := os.Remove(ballast); err != nil { // what the operator does
		t.Fatal(err)
	}
	if err := save("after", 5000); err != nil {
		t.Errorf("once there is space it goes on: %v", err)
	}
	list, err := s.Items(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range list {
		delete(confirmed, it.ID)
	}
	if len(confirmed) > 0 {
		t.Errorf("confirmed and lost: %v", confirmed)
	}
}
