package servertest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// RedisServer is a running Redis.
type RedisServer struct {
	*process
	Addr string // host:port
}

// URL names one of the server's databases.
func (s *RedisServer) URL(database int) string { return fmt.Sprintf("redis://%s/%d", s.Addr, database) }

// Stop ends the server, as an operator or a power cut would.
func (s *RedisServer) Stop() error { return s.stop() }

// Pause stops the server's time: it keeps its connections and answers nothing, until Resume.
func (s *RedisServer) Pause(tb testing.TB) {
	tb.Helper()
	s.send(tb, syscall.SIGSTOP)
}

// Resume has a paused server go on, with what it was sent meanwhile.
func (s *RedisServer) Resume(tb testing.TB) {
	tb.Helper()
	s.send(tb, syscall.SIGCONT)
}

func (s *RedisServer) send(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		tb.Fatal(err)
	}
}

// Snapshot is all that the server holds, for Start.
func (s *RedisServer) Snapshot(tb testing.TB) []byte {
	tb.Helper()
	if err := s.ask("SAVE", "+OK"); err != nil {
		tb.Fatalf("save: %v", err)
	}
	dump, err := os.ReadFile(filepath.Join(s.dir, dumpName))
	if err != nil {
		tb.Fatal(err)
	}
	return dump
}

// Start starts a server that was stopped again, at the same address. It holds what the snapshot
// does, nothing where that is nil.
func (s *RedisServer) Start(tb testing.TB, snapshot []byte) {
	tb.Helper()
	if err := s.start(snapshot); err != nil {
		tb.Fatalf("start Redis again: %v", err)
	}
}

// redisDatabases is how many tests of a process can have one of their own.
const redisDatabases = 4096

var (
	redis       = sync.OnceValues(startRedis)
	redisNumber atomic.Int64
)

// Redis gives the test an empty database of its own, on a server shared by the process's tests, and
// returns its URL. Channels of publish and subscribe are the whole server's: give them names of the
// test's own.
func Redis(tb testing.TB) string {
	tb.Helper()
	if !running.inMain {
		tb.Fatal("the package's TestMain has to call servertest.Main")
	}
	s, err := redis()
	require(tb, err)
	number := redisNumber.Add(1)
	if number >= redisDatabases {
		tb.Fatalf("more than %d tests have asked for a Redis database", redisDatabases-1)
	}
	return s.URL(int(number))
}

// StartRedis starts a server for this test alone, which may stop it.
func StartRedis(tb testing.TB) *RedisServer {
	tb.Helper()
	s, err := startRedis()
	require(tb, err)
	tb.Cleanup(func() {
		if err := s.stop(); err != nil {
			tb.Errorf("stop Redis: %v", err)
		}
	})
	return s
}

func startRedis() (*RedisServer, error) {
	port, err := sparePort()
	if err != nil {
		return nil, err
	}
	s := &RedisServer{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	return s, s.start(nil)
}

// dumpName is the file of a Redis that holds what it knows.
const dumpName = "dump.rdb"

func (s *RedisServer) start(snapshot []byte) error {
	program, err := find("redis-server", "", "redis-server")
	if err != nil {
		return err
	}
	dir, err := tempDir("redis", nil)
	if err != nil {
		return err
	}
	if snapshot != nil {
		if err := os.WriteFile(filepath.Join(dir, dumpName), snapshot, 0o600); err != nil {
			return err
		}
	}
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	s.process, err = start(dir, nil, syscall.SIGKILL, s.ping, program,
		"--bind", host, "--port", port, "--dir", dir, "--dbfilename", dumpName, "--save", "", "--appendonly", "no",
		"--databases", strconv.Itoa(redisDatabases), "--daemonize", "no")
	return err
}

// ping asks the server for a sign of life.
func (s *RedisServer) ping() error { return s.ask("PING", "+PONG") }

// ask gives a command, in Redis' own protocol, and compares the first line of the answer.
func (s *RedisServer) ask(command, want string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if strings.TrimSpace(line) != want {
		return fmt.Errorf("answers %q", line)
	}
	return nil
}
