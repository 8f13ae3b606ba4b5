package server_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"avatarforge/auth"
	"avatarforge/cluster"
	"avatarforge/internal/logtest"
	"avatarforge/internal/servertest"
	"avatarforge/server"
	"avatarforge/store"
)

// limitedHouse is one of the servers that take three requests at once from each client, and
// one more in 1,000 seconds. They share a database, and a Redis where url is not empty.
func limitedHouse(t *testing.T, db *store.Store, url string, tokens *auth.Tokens, log io.Writer) *house {
	t.Helper()
	cfg := server.Config{
		RateLimit: server.RateLimit{PerSecond: 0.001, Burst: 3}, Tokens: tokens,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	if url != "" {
		options, err := redis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		node, err := cluster.Join(t.Context(), cluster.Config{Options: options, Prefix: t.Name() + ":", Log: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := node.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		cfg.Rates = node
	}
	return buildWith(t, db, saying("네."), cfg)
}

// costly asks for something that counts, which the request then is refused.
func (h *house) costly(t *testing.T, from, token string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/tts", strings.NewReader(`{"text":""}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("X-Request-Id", "the-same")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// A client has one budget, whichever server it comes to, and is refused as by one that is alone.
func TestServersShareRateLimits(t *testing.T) {
	tokens, err := auth.NewTokens(strings.Repeat("k", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	url := servertest.Redis(t)
	first, second := limitedHouse(t, db, url, tokens, io.Discard), limitedHouse(t, db, url, tokens, io.Discard)
	alone := limitedHouse(t, db, "", tokens, io.Discard)
	mina, err := tokens.Issue(first.user(t, "mina"), time.Now())
	if err != nil {
		t.Fatal(err)
	}

	taken := func(h *house, from, token, why string) {
		t.Helper()
		if resp, body := h.costly(t, from, token); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s, want it to be counted and looked at", why, resp.StatusCode, body)
		}
	}
	refused := func(h *house, from, token, why string) (http.Header, string) {
		t.Helper()
		resp, body := h.costly(t, from, token)
		if resp.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s: %d %s, want 429", why, resp.StatusCode, body)
		}
		// All of it comes within some seconds, however busy the machine is.
		if wait, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || wait < 900 || wait > 1000 {
			t.Errorf("%s: Retry-After %q, want the 1000 s in which one more comes", why, resp.Header.Get("Retry-After"))
		}
		resp.Header.Del("Retry-After")
		resp.Header.Del("Date")
		return resp.Header, body
	}
	const address = "198.51.100.1"
	taken(first, address, "", "the first of a burst")
	taken(second, address, "", "the second, at another server")
	taken(first, address, "", "the third")
	head, body := refused(first, address, "", "the fourth")
	refused(second, address, "", "wherever it is asked for")
	taken(second, "198.51.100.2", "", "another address")

	taken(first, address, mina, "somebody who is known, at an address that is at its limit")
	taken(second, "198.51.100.3", mina, "the same, from elsewhere")
	taken(second, "198.51.100.4", mina, "and again")
	refused(first, "198.51.100.5", mina, "a user's limit goes with them")

	for range 3 {
		taken(alone, address, "", "a server that is alone counts for itself")
	}
	aloneHead, aloneBody := refused(alone, address, "", "the fourth at one server")
	if body != aloneBody || fmt.Sprint(head) != fmt.Sprint(aloneHead) {
		t.Errorf("refused with\n%v %s\nbut by a server that is alone with\n%v %s", head, body, aloneHead, aloneBody)
	}
}

// Without Redis each server has its limit to itself, and says so once; when Redis is back, they
// share again.
func TestRateLimitsWithoutRedis(t *testing.T) {
	db, err := store.Open(t.Context(), database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	redis := servertest.StartRedis(t)
	log := &logtest.Buffer{}
	both := []*house{limitedHouse(t, db, redis.URL(0), nil, log), limitedHouse(t, db, redis.URL(0), nil, log)}
	counted := func(h *house, from string) bool {
		t.Helper()
		resp, body := h.costly(t, from, "")
		switch resp.StatusCode {
		case http.StatusUnprocessableEntity:
			return true
		case http.StatusTooManyRequests:
			return false
		}
		t.Fatalf("%d %s", resp.StatusCode, body)
		return false
	}
	const address = "198.51.100.1"
	for i := range 4 {
		if counted(both[i%2], address) != (i < 3) {
			t.Errorf("request %d of a client that may have three", i+1)
		}
	}
	if err := redis.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, h := range both {
		for i := range 4 {
			if counted(h, address) != (i < 3) {
				t.Errorf("without Redis: request %d at a server that takes three", i+1)
			}
		}
	}
	if n := log.Count("each instance counts"); n != 2 {
		t.Errorf("%d warnings, want one of each server", n)
	}
	redis.Start(t, nil)
	for i, until := 0, time.Now().Add(time.Minute); log.Count("are counted for all instances") < 2; i++ {
		for _, h := range both { // others, who have not asked yet
			if !counted(h, fmt.Sprintf("203.0.113.%d", i%256)) && i < 256 {
				t.Fatal("a new client is refused")
			}
		}
		if time.Now().After(until) {
			t.Fatal("the servers have not found Redis again")
		}
		time.Sleep(50 * time.Millisecond)
	}
	for i := range 4 {
		if counted(both[i%2], "192.0.2.1") != (i < 3) {
			t.Errorf("Redis is back: request %d of a client that may have three", i+1)
		}
	}
	if n := log.Count("each instance counts"); n != 2 {
		t.Errorf("%d warnings in the end, want one of each server", n)
	}
}
