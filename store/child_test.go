package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a child process does, see TestMain.
const (
	childOpens  = "opens"  // the database, and says so
	childWrites = "writes" // items until it is killed, and prints the id of each that is confirmed
)

// child is the other process of a test. It waits for the end of its input before it begins, so that
// several can begin at once.
func child(what string) {
	ctx := context.Background()
	run := os.Getenv("STORE_TEST_RUN")
	_, _ = io.Copy(io.Discard, os.Stdin)
	s, err := Open(ctx, Config{Dir: os.Getenv("STORE_TEST_DIR"), URL: os.Getenv("STORE_TEST_URL")})
	if err != nil {
		fail(err)
	}
	if err := s.SaveSession(ctx, Session{ID: run, Owner: Anonymous}); err != nil {
		fail(err)
	}
	if what == childOpens {
		if err := s.Close(); err != nil {
			fail(err)
		}
		fmt.Println("opened")
		return
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			last := ""
			for i := 0; ; i++ {
				at, err := PositionBetween(last, "")
				if err != nil {
					fail(err)
				}
				last = at
				it := Item{Session: run, ID: fmt.Sprint(w, "-", i), Position: last, Status: "in_progress"}
				if err := s.SaveItem(ctx, it); err != nil {
					fail(err)
				}
				it.Status, it.Text = "completed", unicodeText
				if err := s.SaveItem(ctx, it); err != nil {
					fail(err)
				}
				fmt.Println(it.ID) // one write, so that no line is cut by another's
			}
		})
	}
	wg.Wait()
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// process is a child that runs.
type process struct {
	cmd   *exec.Cmd
	begin io.Closer
	lines *bufio.Scanner
	said  strings.Builder // its complaints; read after Wait
}

func startChild(tb testing.TB, what, run string, cfg Config) *process {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	p := &process{cmd: exec.Command(exe)}
	p.cmd.Env = append(os.Environ(),
		"STORE_TEST_CHILD="+what, "STORE_TEST_RUN="+run, "STORE_TEST_DIR="+cfg.Dir, "STORE_TEST_URL="+cfg.URL)
	p.cmd.Stderr = &p.said
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if p.begin, err = p.cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// TestKill kills a process that writes, again and again at a moment of chance: what it was told is
// written is there afterwards, once, and the database opens. (A process's death does not take the
// system's page cache along; what a power cut leaves is SQLite's promise for synchronous=FULL.)
func TestKill(t *testing.T) {
	const rounds = 24
	for _, db := range databases {
		if db.name == "sqlite-alone" {
			continue
		}
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			cfg := db.config(t)
			random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
			total := 0
			for round := range rounds {
				if round%4 == 3 {
					killOpening(t, random, db.config(t))
				}
				total += killWriting(t, random, fmt.Sprint("run", round), cfg)
			}
			t.Logf("%d items were confirmed in %d lives", total, rounds)
			if total < rounds {
				t.Error("too few to say anything")
			}
			if cfg.Dir == "" {
				return
			}
			s := mustOpen(t, cfg)
			var verdict string
			if err := s.read.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
				t.Errorf("integrity check: %s, %v", verdict, err)
			}
		})
	}
}

// killWriting lets a process live for some milliseconds of writing and says how many items it had
// confirmed.
func killWriting(t *testing.T, random *rand.Rand, run string, cfg Config) int {
	t.Helper()
	p := startChild(t, childWrites, run, cfg)
	p.begin.Close()
	var confirmed []string
	for p.lines.Scan() {
		if len(confirmed) == 0 { // it writes
			time.AfterFunc(time.Duration(random.IntN(40_000))*time.Microsecond, func() { _ = p.cmd.Process.Kill() })
		}
		confirmed = append(confirmed, p.lines.Text())
	}
	if err := p.cmd.Wait(); err == nil || p.said.Len() > 0 {
		t.Fatalf("%s ended by itself: %v: %s", run, err, p.said.String())
	}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("after %s: %v", run, err)
	}
	defer s.Close()
	list, err := s.Items(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	status := map[string]string{}
	for _, it := range list {
		if _, twice := status[it.ID]; twice {
			t.Errorf("%s: %s is there twice", run, it.ID)
		}
		status[it.ID] = it.Status + it.Text
	}
	for _, id := range confirmed {
		if status[id] != "completed"+unicodeText {
			t.Errorf("%s: %s was confirmed and is %q", run, id, status[id])
		}
	}
	return len(confirmed)
}

// killOpening kills a process while it makes a new database.
func killOpening(t *testing.T, random *rand.Rand, cfg Config) {
	t.Helper()
	p := startChild(t, childOpens, "opening", cfg)
	p.begin.Close()
	timer := time.AfterFunc(time.Duration(random.IntN(300_000))*time.Microsecond, func() { _ = p.cmd.Process.Kill() })
	for p.lines.Scan() { // to the end of its output
	}
	_ = p.cmd.Wait() // it was killed, or was done before
	timer.Stop()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("after a process that was killed while it made the database: %v", err)
	}
	defer s.Close()
	if err := s.SaveSession(t.Context(), Session{ID: "after", Owner: Anonymous}); err != nil {
		t.Fatal(err)
	}
}

// Several instances start at once on a database that is not there yet.
func TestInstancesStartAtOnce(t *testing.T) {
	for _, db := range databases {
		if db.name == "sqlite-alone" {
			continue
		}
		t.Run(db.name, func(t *testing.T) {
			const instances = 6
			cfg := db.config(t)
			var children []*process
			for i := range instances {
				children = append(children, startChild(t, childOpens, fmt.Sprint("instance", i), cfg))
			}
			for _, p := range children {
				p.begin.Close()
			}
			for i, p := range children {
				opened := p.lines.Scan() && p.lines.Text() == "opened"
				if err := p.cmd.Wait(); err != nil || !opened {
					t.Errorf("instance %d: %v: %s", i, err, p.said.String())
				}
			}
			s := mustOpen(t, cfg)
			list, _, err := s.Sessions(t.Context(), Anonymous, "", 0)
			if err != nil || len(list) != instances {
				t.Errorf("%d of %d instances have written: %v", len(list), instances, err)
			}
		})
	}
}

// Two processes on one SQLite file is not how it is meant to run, but a rolling restart does it.
func TestProcessesWriteToOneFile(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}
	s := mustOpen(t, cfg)
	if err := s.SaveSession(t.Context(), Session{ID: "s", Owner: Anonymous}); err != nil {
		t.Fatal(err)
	}
	p := startChild(t, childWrites, "other", cfg)
	defer func() { _ = p.cmd.Wait() }()
	defer p.cmd.Process.Kill()
	p.begin.Close()
	last, theirs := "", 0
	for p.lines.Scan() {
		if theirs++; theirs > 50 {
			break
		}
		var err error
		if last, err = PositionBetween(last, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.SaveItem(t.Context(), Item{Session: "s", ID: last, Position: last}); err != nil {
			t.Fatalf("while another process writes: %v", err)
		}
	}
	if theirs <= 50 {
		t.Errorf("the other process stopped after %d items", theirs)
	}
}
