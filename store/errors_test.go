package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"avatarforge/internal/servertest"
)

func wantErr(t *testing.T, why string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", why, err, want)
	}
}

func newSession(t *testing.T, s *Store, id string) error {
	t.Helper()
	return s.SaveSession(t.Context(), Session{ID: id, Owner: Anonymous})
}

// pragma runs on SQLite's writing connection, of whose loop it is a statement like any other.
func pragma(t *testing.T, s *Store, text string) {
	t.Helper()
	st := statement{text: text, start: func() {}, scan: func(scanner) error { return nil }}
	if err := s.write.run(t.Context(), &st); err != nil {
		t.Fatal(err)
	}
}

func TestFullDatabase(t *testing.T) {
	s := mustOpen(t, Config{Dir: t.TempDir()})
	if err := newSession(t, s, "before"); err != nil {
		t.Fatal(err)
	}
	pragma(t, s, `PRAGMA max_page_count = 1`) // SQLite makes that: no more pages than there are
	big := Item{Session: "before", ID: "big", Position: whole(1), Text: strings.Repeat("가", 100_000)}
	err := s.SaveItem(t.Context(), big)
	wantErr(t, "no page is left", err, ErrFull)
	if err != nil && !strings.Contains(err.Error(), "free some space") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	if _, err := s.Session(t.Context(), "before"); err != nil {
		t.Errorf("what is there can still be read: %v", err)
	}
	pragma(t, s, `PRAGMA max_page_count = 100000`)
	if err := s.SaveItem(t.Context(), big); err != nil {
		t.Errorf("once there is space it goes on: %v", err)
	}
}

// In one transaction: the one that does not fit fails alone.
func TestFullDatabaseDoesNotFailTheSmall(t *testing.T) {
	s := mustOpen(t, Config{Dir: t.TempDir()})
	if err := newSession(t, s, "s"); err != nil {
		t.Fatal(err)
	}
	pragma(t, s, `PRAGMA max_page_count = 1`)
	update := func() *statement {
		return &statement{text: `UPDATE sessions SET turn = turn + 1 WHERE id = $1`, args: []any{"s"}}
	}
	tooBig := &statement{
		text: `UPDATE sessions SET config = $1 WHERE id = $2`, args: []any{strings.Repeat("x", 1<<20), "s"},
	}
	var batch []*queued
	for _, st := range []*statement{update(), tooBig, update()} {
		batch = append(batch, &queued{[]*statement{st}, make(chan error, 1)})
	}
	w := s.write.(*batchWriter)
	// The loop is idle and stays so: nobody else writes.
	w.commit(t.Context(), batch)
	for i, want := range []error{nil, ErrFull, nil} {
		err := wrap("update", <-batch[i].outcome)
		if !errors.Is(err, want) {
			t.Errorf("statement %d: %v, want %v", i, err, want)
		}
	}
	x, err := s.Session(t.Context(), "s")
	if err != nil || x.Turn != 2 || len(x.Config) != 0 {
		t.Errorf("turn %d, config of %d bytes, %v: want two updates and nothing of the failed", x.Turn, len(x.Config), err)
	}
}

func TestReadOnly(t *testing.T) {
	lite := mustOpen(t, Config{Dir: t.TempDir()})
	// Readers' connections refuse to write.
	locked := &Store{read: lite.read, write: &directWriter{lite.read}, now: lite.now}
	wantErr(t, "SQLite", newSession(t, locked, "s"), ErrReadOnly)

	url := servertest.Postgres(t)
	if err := mustOpen(t, Config{URL: url}).Ping(t.Context()); err != nil { // makes the tables
		t.Fatal(err)
	}
	replica := mustOpen(t, Config{URL: url + "&default_transaction_read_only=on"})
	err := newSession(t, replica, "s")
	wantErr(t, "PostgreSQL", err, ErrReadOnly)
	if err != nil && !strings.Contains(err.Error(), "read-only replica") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	for _, s := range []*Store{lite, replica} {
		if _, _, err := s.Sessions(t.Context(), Anonymous, "", 0); err != nil {
			t.Errorf("reading goes on: %v", err)
		}
	}
}

// A cache hit needs no disk space.
func TestAudioIsFoundOnAReadOnlyDisk(t *testing.T) {
	s := mustOpen(t, Config{Dir: t.TempDir()})
	if _, err := s.AddAudio(t.Context(), Audio{Owner: Anonymous, Key: "k", Blob: "k.wav"}); err != nil {
		t.Fatal(err)
	}
	locked := &Store{read: s.read, write: &directWriter{s.read}, now: s.now}
	a, err := locked.Audio(t.Context(), Anonymous, "k")
	if err != nil || a.Blob != "k.wav" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestBusy(t *testing.T) {
	dir := t.TempDir()
	s, other := mustOpen(t, Config{Dir: dir}), mustOpen(t, Config{Dir: dir})
	pragma(t, s, `PRAGMA busy_timeout = 1`) // in ms, rather than five seconds
	r := &rig{T: t, Store: other}
	finish := r.beginWrite(`UPDATE users SET name = 'x' WHERE id = 'anonymous' RETURNING id`)
	wantErr(t, "another process holds the file", newSession(t, s, "s"), ErrBusy)
	finish()
	if err := newSession(t, s, "s"); err != nil {
		t.Errorf("once it is free it goes on: %v", err)
	}
}

func TestCorrupt(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, sqliteFile), []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Config{Dir: dir})
	wantErr(t, "a file that is something else", err, ErrCorrupt)
	if err != nil && !strings.Contains(err.Error(), dir) {
		t.Errorf("the error does not say which file: %v", err)
	}
}

func TestUnavailable(t *testing.T) {
	url := servertest.Postgres(t)
	for why, bad := range map[string]string{
		"nobody listens":    "postgres://u:hunter2@127.0.0.1:1/db?sslmode=disable",
		"no such database":  strings.Replace(url, "/test_", "/never_", 1),
		"no such user":      strings.Replace(url, "postgres@", "nobody:hunter2@", 1),
		"not a URL":         "postgres://u:hunter2@[bad/db",
		"a port of letters": "postgres://u:hunter2@host:port/db",
	} {
		_, err := Open(t.Context(), Config{URL: bad})
		switch {
		case err == nil:
			t.Errorf("%s: it opens", why)
		case strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: the error tells the password: %v", why, err)
		case !strings.Contains(why, "URL") && !strings.Contains(why, "letters"):
			wantErr(t, why, err, ErrUnavailable)
		}
	}
	if _, err := Open(t.Context(), Config{}); err == nil {
		t.Error("no database is given: it opens")
	}
}

// After PostgreSQL was started anew the connections are dead; the store finds new ones.
func TestPostgresRestart(t *testing.T) {
	s := mustOpen(t, Config{URL: servertest.Postgres(t), MaxConns: 4})
	if err := newSession(t, s, "s"); err != nil {
		t.Fatal(err)
	}
	_, _ = s.read.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	_, _ = s.read.Exec(`SELECT pg_terminate_backend(pg_backend_pid())`) // and the one that asked
	for range 5 {
		err := newSession(t, s, "after")
		if err == nil {
			return
		}
		wantErr(t, "a connection that died", err, ErrUnavailable)
	}
	t.Error("more tries than there were connections, and no success")
}

func TestFolderOfAnyName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "데이터 ?mode=ro&x #1 %41;'")
	if err := newSession(t, mustOpen(t, Config{Dir: dir}), "s"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, sqliteFile)); err != nil {
		t.Errorf("the file is not where it was asked for: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), Config{Dir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file for a folder: %v", err)
	}
}
