package servertest

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) {
	if os.Getenv("SERVERTEST_CHILD") != "" {
		child()
		return
	}
	Main(m, os.Getenv("CI") == "true")
}

func TestPostgresGivesEachTestADatabase(t *testing.T) {
	urls := map[string]bool{}
	for range 2 {
		t.Run("one", func(t *testing.T) {
			u := Postgres(t)
			if urls[u] {
				t.Errorf("%s was given before", u)
			}
			urls[u] = true
			conn, err := pgx.Connect(t.Context(), u)
			if err != nil {
				t.Fatal(err)
			}
			// Left open: the database has to go all the same.
			if _, err := conn.Exec(t.Context(), `CREATE TABLE same_name (id integer)`); err != nil {
				t.Errorf("the other test's table is here: %v", err)
			}
		})
	}
	for u := range urls {
		if _, err := pgx.Connect(t.Context(), u); err == nil {
			t.Errorf("%s outlived its test", u)
		}
	}
}

func TestRedisGivesEachTestADatabase(t *testing.T) {
	first, second := Redis(t), Redis(t)
	if command(t, first, "SET k v") != "+OK" {
		t.Fatal("cannot write")
	}
	if got := command(t, second, "EXISTS k"); got != ":0" {
		t.Errorf("the other database's key is here: %s", got)
	}
}

func TestStopEndsTheServer(t *testing.T) {
	s := StartRedis(t)
	if err := errors.Join(s.Stop(), s.Stop()); err != nil {
		t.Fatal(err)
	}
	if err := s.ping(); err == nil {
		t.Error("it answers after Stop")
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its files are still there: %v", err)
	}
}

func TestRedisStartsAgain(t *testing.T) {
	s := StartRedis(t)
	url := s.URL(3)
	command(t, url, "SET k v")
	snapshot := s.Snapshot(t)
	for _, tt := range []struct {
		snapshot []byte
		keys     string
	}{{snapshot, ":1"}, {nil, ":0"}} {
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		s.Start(t, tt.snapshot)
		if got := command(t, url, "EXISTS k"); got != tt.keys {
			t.Errorf("after a start with %d bytes it holds %s keys, want %s", len(tt.snapshot), got, tt.keys)
		}
	}

}

func TestRedisPauses(t *testing.T) {
	s := StartRedis(t)
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.Pause(t)
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if _, err := r.ReadString('\n'); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("it answers while it is paused: %v", err)
	}
	s.Resume(t)
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); err != nil || line != "+PONG\r\n" {
		t.Errorf("after the pause it answers %q, %v", line, err)
	}
}

// A test process that is killed, as by go test's own timeout, takes its servers along.
func TestServersEndWithTheirProcess(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "SERVERTEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child says %q: %v", line, err)
	}
	pid, err := strconv.Atoi(strings.Fields(line)[0])
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.Fields(line)[1]
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	// Nobody tells us of a grandchild's end: ask.
	deadline := time.Now().Add(30 * time.Second)
	for {
		gone := errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
		_, err := os.Stat(dir)
		if gone && errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d gone: %v; its files: %v", pid, gone, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// child starts a server, says which, and waits to be killed.
func child() {
	s, err := startRedis()
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(strconv.Itoa(s.cmd.Process.Pid) + " " + s.dir + "\n")
	select {}
}

func TestAMissingProgramSaysWhatToInstall(t *testing.T) {
	err := &missingError{"initdb", "postgresql", errors.New("only root can install it")}
	for _, want := range []string{"initdb", "package postgresql", "only root"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	defer func(ci bool) { running.ci = ci }(running.ci)
	for _, tt := range []struct {
		ci, skipped, failed bool
		because             string
	}{
		{true, false, true, "in CI a test that does not run is a test that fails"},
		{false, true, false, "a newcomer's machine need not have every server"},
	} {
		running.ci = tt.ci
		tb := &recorder{TB: t}
		require(tb, err)
		if tb.skipped != tt.skipped || tb.failed != tt.failed {
			t.Errorf("in CI %v: skipped %v, failed %v: %s", tt.ci, tb.skipped, tb.failed, tt.because)
		}
	}
}

// recorder notes how a test would have ended.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper()      {}
func (r *recorder) Skip(...any)  { r.skipped = true }
func (r *recorder) Fatal(...any) { r.failed = true }

// command runs a command in the database of a Redis URL and returns the answer's first line.
func command(t *testing.T, rawURL, cmd string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	var line string
	for _, c := range []string{"SELECT " + strings.TrimPrefix(u.Path, "/"), cmd} {
		if _, err := conn.Write([]byte(c + "\r\n")); err != nil {
			t.Fatal(err)
		}
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	return strings.TrimSpace(line)
}
