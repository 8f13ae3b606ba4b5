package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avatarforge/store"
)

// What keeps the server from starting is said in one line, with the option that mends it, and without a secret.
func TestStartSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := t.TempDir()
	db, err := store.Open(t.Context(), store.Config{Dir: newer})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	raw, err := sql.Open("sqlite", filepath.Join(newer, "avatarforge.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	raw.Close()
	const password = "hunter2secret"
	for name, tt := range map[string]struct {
		args []string
		want []string // in the message
	}{
		"the port is taken":          {[]string{"--listen-addr", taken.Addr().String()}, []string{"LISTEN_ADDR", "another server"}},
		"the data folder is a file":  {[]string{"--data-dir", filepath.Join(file, "data")}, []string{"DATA_DIR"}},
		"the database is newer":      {[]string{"--data-dir", newer}, []string{"newer version", "9999"}},
		"the database is not there":  {[]string{"--database-url", "postgres://af:" + password + "@127.0.0.1:1/af?sslmode=disable"}, []string{"DATABASE_URL", "127.0.0.1"}},
		"Redis is not there":         {[]string{"--redis-url", "redis://:" + password + "@127.0.0.1:1/0"}, []string{"REDIS_URL"}},
		"the bucket is not there":    {[]string{"--blob-url", "s3://key:" + password + "@127.0.0.1:1/bucket?secure=false"}, []string{"BLOB_URL"}},
		"no voices file":             {[]string{"--voices-file", filepath.Join(dir, "none.json")}, []string{"VOICES_FILE", "none.json"}},
		"a voices file of no use":    {[]string{"--voices-file", file}, []string{"VOICES_FILE"}},
		"no characters":              {[]string{"--characters-dir", filepath.Join(dir, "none")}, []string{"CHARACTERS_DIR"}},
		"a secret that is too short": {[]string{"--jwt-secret", "short"}, []string{"JWT_SECRET", "32"}},
		"a key of two words":         {[]string{"--google-api-key", "AIza " + password}, []string{"GOOGLE_API_KEY"}},
		"a certificate without key":  {[]string{"--tls-cert-file", file}, []string{"TLS_KEY_FILE"}},
		"pprof for everybody":        {[]string{"--pprof-addr", "0.0.0.0:6060"}, []string{"PPROF_ADDR"}},
		"an unknown flag":            {[]string{"--listen-adr", "x"}, []string{"listen-adr"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"serve", "--llm-service", "demo", "--tts-service", "demo", "--listen-addr", "127.0.0.1:0"}, tt.args...)
			if !strings.Contains(strings.Join(tt.args, " "), "--data-dir") {
				args = append(args, "--data-dir", t.TempDir())
			}
			var out, errs bytes.Buffer
			if status := run(args, nil, &out, &errs); status == 0 {
				t.Fatalf("it has started: %s", out.String())
			}
			lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
			last := lines[len(lines)-1]
			for _, word := range tt.want {
				if !strings.Contains(last, word) {
					t.Errorf("it does not speak of %q: %s", word, errs.String())
				}
			}
			if strings.Contains(errs.String()+out.String(), password) {
				t.Errorf("it tells a secret: %s", errs.String())
			}
		})
	}
}

func TestPprofAddresses(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:6060": true, "localhost:6060": true, "[::1]:6060": true, "10.1.2.3:6060": true, "192.168.0.2:6060": true, "[fd00::1]:6060": true,
		":6060": false, "0.0.0.0:6060": false, "[::]:6060": false, "203.0.113.7:6060": false, "[2001:db8::1]:6060": false,
		"example.com:6060": false, "127.0.0.1": false, "127.0.0.1.example.com:6060": false, "169.254.169.254:1": false,
	} {
		_, _, err := loadConfig([]string{"--pprof-addr", addr}, nil)
		if (err == nil) != ok {
			t.Errorf("%s: %v, want it taken: %v", addr, err, ok)
		}
	}
}

// Profiles are at an address of their own, and nowhere else.
func TestPprof(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	stop, err := servePprof(t.Context(), addr, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	status := func(url string) (int, string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, ""
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if code, body := status(fmt.Sprintf("http://%s/debug/pprof/goroutine?debug=1", addr)); code != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("%d %.200s", code, body)
	}
	if code, _ := status(fmt.Sprintf("http://%s/debug/pprof/cmdline", addr)); code != 404 {
		t.Errorf("the command line, which may hold secrets, answered %d", code)
	}
	p := launch(t, t.TempDir())
	if code, body := status(p.address + "/debug/pprof/"); code != 404 {
		t.Errorf("the server's own address answered %d %.200s", code, body)
	}
	stop()
	if code, _ := status(fmt.Sprintf("http://%s/debug/pprof/", addr)); code != 0 {
		t.Errorf("it is stopped, and answered %d", code)
	}
}
