package servertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is a running PostgreSQL.
type PostgresServer struct {
	*process
	// Socket is the folder of its Unix socket, Port the port on 127.0.0.1 and of the socket's name.
	Socket string
	Port   int
}

// URL names one of the server's databases. The user is a superuser and needs no password.
func (s *PostgresServer) URL(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Host: "127.0.0.1:" + strconv.Itoa(s.Port), Path: database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

var postgres = sync.OnceValues(startPostgres)

// databases numbers those that tests have asked for.
var databases atomic.Int64

// Postgres gives the test an empty database of its own and returns its URL. The database goes with
// the test; connections that are still open then are cut.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return PostgresWith(tb, "")
}

// PostgresWith is Postgres with more words for CREATE DATABASE, such as a collation's.
func PostgresWith(tb testing.TB, options string) string {
	tb.Helper()
	if !running.inMain {
		tb.Fatal("the package's TestMain has to call servertest.Main")
	}
	server, err := postgres()
	require(tb, err)
	name := fmt.Sprintf("test_%d", databases.Add(1))
	admin(tb, server, `CREATE DATABASE `+name+` `+options)
	tb.Cleanup(func() { admin(tb, server, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return server.URL(name)
}

// admin runs one statement in the server's own database.
func admin(tb testing.TB, server *PostgresServer, statement string) {
	tb.Helper()
	ctx := context.Background() // a test's own is over when Cleanup runs
	conn, err := pgx.Connect(ctx, server.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

func startPostgres() (*PostgresServer, error) {
	const pattern, pkg = "/usr/lib/postgresql/*/bin", "postgresql"
	initdb, err := find("initdb", pattern, pkg)
	if err != nil {
		return nil, err
	}
	program, err := find("postgres", filepath.Dir(initdb), pkg)
	if err != nil {
		return nil, err
	}
	as, err := postgresUser()
	if err != nil {
		return nil, err
	}
	dir, err := tempDir("pg", as)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	//nolint:gosec // a program that find has found
	cmd := exec.CommandContext(context.Background(), initdb, "--pgdata", data, "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := sparePort()
	if err != nil {
		return nil, err
	}
	s := &PostgresServer{Socket: dir, Port: port}
	ready := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		defer cancel()
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
	// Without fsync: the tests ask what the server does, not what a disk does.
	s.process, err = start(dir, as, syscall.SIGQUIT, ready, program, "-D", data,
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port), "-c", "unix_socket_directories="+dir,
		"-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB")
	return s, err
}

// postgresUser is whom the server runs as: it refuses to be root. Nil means ourselves.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
