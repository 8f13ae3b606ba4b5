package servertest

import (
	"bufio"
	"context"
	"fmt"
	"net"
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

// Stop ends the server, as an operator or a power cut would.
func (s *RedisServer) Stop() error { return s.stop() }

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
	return fmt.Sprintf("redis://%s/%d", s.Addr, number)
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
	program, err := find("redis-server", "", "redis-server")
	if err != nil {
		return nil, err
	}
	dir, err := tempDir("redis", nil)
	if err != nil {
		return nil, err
	}
	port, err := sparePort()
	if err != nil {
		return nil, err
	}
	s := &RedisServer{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	s.process, err = start(dir, nil, syscall.SIGTERM, s.ping, program,
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--save", "", "--appendonly", "no",
		"--databases", strconv.Itoa(redisDatabases), "--daemonize", "no")
	return s, err
}

// ping asks the server for a sign of life, in its own protocol.
func (s *RedisServer) ping() error {
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
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if strings.TrimSpace(line) != "+PONG" {
		return fmt.Errorf("answers %q", line)
	}
	return nil
}
