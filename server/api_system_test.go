package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"avatarforge/server"
)

// ask sends a GET without a network, so that time can be simulated.
func ask(ctx context.Context, s *server.Server, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx))
	return w
}

// healthIn reads the answer of GET /api/health.
func healthIn(t *testing.T, w *httptest.ResponseRecorder) map[string]string {
	t.Helper()
	var got struct {
		Success bool
		Data    map[string]string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || !got.Success {
		t.Fatalf("status %d, %v: %s", w.Code, err, w.Body)
	}
	return got.Data
}

func well(context.Context) error { return nil }

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := server.New(server.Config{
			Log: slog.New(slog.NewTextHandler(&log, nil)),
			Probes: map[server.Part]server.Probe{
				server.PartLLM:      well,
				server.PartTTS:      func(context.Context) error { return fmt.Errorf("%w: one of two", server.ErrDegraded) },
				server.PartGen3D:    func(context.Context) error { return errors.New("connection refused") },
				server.PartDatabase: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
			},
		})
		begun := time.Now()
		w := ask(t.Context(), s, "/api/health")
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("it took %v: one that hangs has two seconds", took)
		}
		want := map[string]string{
			"backend": "healthy", "llm": "healthy", "tts": "degraded", "gen3d": "unhealthy", "style": "disabled",
			"timestamp": begun.UTC().Format(time.RFC3339),
			"database":  "unhealthy", "redis": "disabled", "blobs": "disabled",
		}
		got := healthIn(t, w)
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %q, want %q", name, got[name], value)
			}
		}
		if len(got) != len(want) {
			t.Errorf("it says %v", got)
		}
		// As the specification prints it, in that order.
		last := -1
		for _, name := range []string{"backend", "llm", "tts", "gen3d", "style", "timestamp", "database"} {
			at := strings.Index(w.Body.String(), `"`+name+`"`)
			if at < last {
				t.Errorf("%s comes too early", name)
			}
			last = at
		}
		for _, line := range []string{`part=gen3d health=unhealthy error="connection refused"`, "part=tts health=degraded"} {
			if !strings.Contains(log.String(), line) {
				t.Errorf("the operator is not told %s:\n%s", line, &log)
			}
		}
		if head := request(s, "HEAD", "/api/health"); head.StatusCode != http.StatusOK {
			t.Errorf("HEAD: %d", head.StatusCode)
		}
		if strings.Contains(log.String(), "part=llm") {
			t.Error("what is well from the start is not news")
		}
	})
}

// The parts are asked at once: each waits here until all have been.
func TestHealthAsksAllAtOnce(t *testing.T) {
	var all sync.WaitGroup
	all.Add(3)
	meet := func(context.Context) error { all.Done(); all.Wait(); return nil }
	s := server.New(server.Config{Probes: map[server.Part]server.Probe{
		server.PartLLM: meet, server.PartTTS: meet, server.PartStyle: meet,
	}})
	if got := healthIn(t, ask(t.Context(), s, "/api/health")); got["llm"] != "healthy" || got["style"] != "healthy" {
		t.Errorf("got %v", got)
	}
}

func TestHealthIsKeptForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		s := server.New(server.Config{Probes: map[server.Part]server.Probe{server.PartLLM: func(context.Context) error {
			asked.Add(1)
			time.Sleep(time.Second)
			return nil
		}}})
		// The first to ask leaves; those behind get what it was waiting for.
		leaving, leave := context.WithCancel(t.Context())
		var crowd sync.WaitGroup
		crowd.Go(func() { ask(leaving, s, "/api/health") })
		synctest.Wait()
		for range 50 {
			crowd.Go(func() {
				if got := healthIn(t, ask(t.Context(), s, "/api/health")); got["llm"] != "healthy" {
					t.Errorf("got %v", got)
				}
			})
		}
		synctest.Wait()
		leave()
		crowd.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("51 monitors at once made %d probes", n)
		}
		time.Sleep(time.Second - 1)
		ask(t.Context(), s, "/api/health")
		if n := asked.Load(); n != 1 {
			t.Error("it was asked again within the second")
		}
		time.Sleep(time.Nanosecond)
		ask(t.Context(), s, "/api/health")
		if n := asked.Load(); n != 2 {
			t.Error("after a second it was not asked again")
		}
	})
}

func TestReadiness(t *testing.T) {
	broken := errors.New("dial tcp 10.0.0.7:5432: connection refused")
	var database error
	s := server.New(server.Config{
		Ready:  func(context.Context) error { return database },
		Probes: map[server.Part]server.Probe{server.PartLLM: func(context.Context) error { return errors.New("gone") }},
	})
	if w := ask(t.Context(), s, "/readyz"); w.Code != http.StatusOK || w.Body.String() != "ready" {
		t.Errorf("without a model: %d %s; presets, speech and transcripts work", w.Code, w.Body)
	}
	database = broken
	w := ask(t.Context(), s, "/readyz")
	if ct := w.Header().Get("Content-Type"); w.Code != http.StatusServiceUnavailable || ct != "application/problem+json" {
		t.Errorf("without a database: %d %s", w.Code, ct)
	}
	if body := w.Body.String(); !strings.Contains(body, `"code":"upstream_unavailable"`) || strings.Contains(body, "10.0.0.7") {
		t.Errorf("it says %s", body)
	}
	if w.Header().Get("Retry-After") == "" {
		t.Error("it does not say when to try again")
	}
	if w := ask(t.Context(), s, "/livez"); w.Code != http.StatusOK {
		t.Errorf("a server without a database lives: %d; a restart would not mend it", w.Code)
	}
}

func TestReadinessIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server.New(server.Config{Ready: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		begun := time.Now()
		if w := ask(t.Context(), s, "/readyz"); w.Code != http.StatusServiceUnavailable || time.Since(begun) != 2*time.Second {
			t.Errorf("a database that hangs: %d after %v", w.Code, time.Since(begun))
		}
	})
}

// A server that goes away says so, and lives.
func TestHealthWhileDraining(t *testing.T) {
	h := build(t, saying("네."), server.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.srv.Drain(ctx)
	if got := healthIn(t, ask(t.Context(), h.srv, "/api/health")); got["backend"] != "degraded" {
		t.Errorf("got %v", got)
	}
	if w := ask(t.Context(), h.srv, "/readyz"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "shutting_down") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
