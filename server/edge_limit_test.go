package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"avatarforge/auth"
	"avatarforge/store"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := newLimiter(RateLimit{PerSecond: 2, Burst: 3})
	take := func(key string, want time.Duration, why string) {
		t.Helper()
		if got := l.take(key, now); got != want {
			t.Errorf("%s: wait %v, want %v", why, got, want)
		}
	}
	for range 3 {
		take("a", 0, "a burst of three")
	}
	take("a", time.Second, "the fourth; Retry-After knows whole seconds only")
	take("b", 0, "another client")
	now = now.Add(500 * time.Millisecond)
	take("a", 0, "half a second gives one, and being refused has cost nothing")
	take("a", time.Second, "and only one")
	now = now.Add(time.Hour)
	for range 3 {
		take("a", 0, "no more than a burst is saved up")
	}
	take("a", time.Second, "even in an hour")
	if len(l.buckets) != 1 {
		t.Errorf("%d buckets are kept, want a's alone: b's has been full for long", len(l.buckets))
	}
	slow := newLimiter(RateLimit{PerSecond: 1.0 / 3600})
	slow.take("a", now)
	if wait := slow.take("a", now); wait != time.Hour {
		t.Errorf("one an hour: wait %v", wait)
	}
	if newLimiter(RateLimit{}) != nil {
		t.Error("no limit has a limiter")
	}
}

// Many addresses at once must not fill the memory, nor give somebody else a new bucket
// who keeps asking.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := newLimiter(RateLimit{PerSecond: 0.001, Burst: 1})
	l.take("busy", now)
	for i := range 2 * maxBuckets {
		l.take(fmt.Sprint(i), now)
		if i%1000 == 0 && l.take("busy", now) == 0 {
			t.Fatalf("after %d others the busy client was forgotten", i)
		}
	}
	if len(l.buckets) != maxBuckets || l.order.Len() != maxBuckets {
		t.Errorf("%d buckets, %d in order, want %d", len(l.buckets), l.order.Len(), maxBuckets)
	}
}

func TestClientIP(t *testing.T) {
	s := &Server{cfg: Config{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("10.0.0.0/8"),
	}}}
	for _, tt := range []struct {
		name      string
		peer      string
		forwarded []string
		want      string
	}{
		{"nobody in between", "203.0.113.7:4000", nil, "203.0.113.7"},
		{"a proxy", "127.0.0.1:4000", []string{"203.0.113.7"}, "203.0.113.7"},
		{"two proxies", "127.0.0.1:4000", []string{"203.0.113.7, 10.1.1.1"}, "203.0.113.7"},
		{"a client that says it is another", "127.0.0.1:4000", []string{"192.0.2.1, 203.0.113.7"}, "203.0.113.7"},
		{"the same, in a header of its own", "127.0.0.1:4000", []string{"192.0.2.1", "203.0.113.7"}, "203.0.113.7"},
		{"a client that says it comes from a proxy", "203.0.113.7:4000", []string{"192.0.2.1"}, "203.0.113.7"},
		{"a client that pretends to be a proxy, behind one", "127.0.0.1:4000", []string{"192.0.2.1, 10.0.0.9, 203.0.113.7"}, "203.0.113.7"},
		{"nothing but proxies", "127.0.0.1:4000", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		{"with ports", "127.0.0.1:4000", []string{"203.0.113.7:5555"}, "203.0.113.7"},
		{"IPv6 with a port", "[::1]:4000", []string{"[2001:db8::1]:5555"}, "2001:db8::1"},
		{"IPv6", "[::1]:4000", []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:127.0.0.1]:4000", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"nonsense", "127.0.0.1:4000", []string{"203.0.113.7, unknown"}, "127.0.0.1"},
		{"nothing", "127.0.0.1:4000", []string{""}, "127.0.0.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.peer
		for _, line := range tt.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		if got := s.clientIP(r); got.String() != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// testCast is nobody, in a database of its own.
func testCast(t *testing.T) *Cast {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return NewCast(nil, db)
}

// testUser is a user of the cast's database.
func testUser(t *testing.T, cast *Cast, name string) string {
	t.Helper()
	u, err := cast.store.UpsertUser(t.Context(), store.Profile{Provider: "test", Subject: name})
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

// An operation that is limited, asked for over HTTP.
func TestLimitedOperation(t *testing.T) {
	tokens, err := auth.NewTokens(strings.Repeat("k", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cast := testCast(t)
	s := New(Config{
		Characters: cast, Tokens: tokens, RateLimit: RateLimit{PerSecond: 0.001, Burst: 2},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}, // httptest's client
	})
	api := humagin.New(s.engine, huma.Config{OpenAPI: &huma.OpenAPI{Info: &huma.Info{}}, Formats: huma.DefaultFormats, DefaultFormat: "application/json"})
	done := func(context.Context, *struct{}) (*answer[string], error) { return ok("done"), nil }
	handle(api, s.limited(s.owned(operation("a", http.MethodPost, "/costly/a", tagSpeech, "Costs something"))), done)
	handle(api, s.owned(s.limited(operation("b", http.MethodPost, "/costly/b", tagSpeech, "Costs something"))), done)

	ask := func(path, from, token string) *http.Response {
		r := httptest.NewRequest(http.MethodPost, path, nil)
		r.Header.Set("X-Forwarded-For", from)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	expect := func(why, path, from, token string, want int) {
		t.Helper()
		resp := ask(path, from, token)
		if resp.StatusCode != want {
			t.Errorf("%s: %s for %s answered %d, want %d", why, path, from, resp.StatusCode, want)
		}
		if want == 429 && resp.Header.Get("Retry-After") != "1000" {
			t.Errorf("%s: Retry-After %q, want the 1000 s in which one more comes", why, resp.Header.Get("Retry-After"))
		}
	}
	expect("the first of a burst", "/costly/a", "198.51.100.1", "", 200)
	expect("the second, elsewhere: it is one limit", "/costly/b", "198.51.100.1", "", 200)
	expect("the third", "/costly/a", "198.51.100.1", "", 429)
	expect("the third, elsewhere", "/costly/b", "198.51.100.1", "", 429)
	expect("another address", "/costly/a", "198.51.100.2", "", 200)

	expect("an IPv6 address", "/costly/a", "2001:db8:1:1::1", "", 200)
	expect("another of its network", "/costly/a", "2001:db8:1:1:ffff::2", "", 200)
	expect("a third: whoever has one has them all", "/costly/a", "2001:db8:1:1:abc::3", "", 429)
	expect("another network", "/costly/a", "2001:db8:1:2::1", "", 200)

	mina, err := tokens.Issue(testUser(t, cast, "mina"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	expect("somebody who is known, at an address that is at its limit", "/costly/a", "198.51.100.1", mina, 200)
	expect("the same, from elsewhere", "/costly/b", "198.51.100.9", mina, 200)
	expect("a user's limit goes with them", "/costly/a", "198.51.100.10", mina, 429)
	expect("a token that is no good counts for its address", "/costly/a", "198.51.100.1", mina+"x", 429)
}

// An operation that needs a login needs it also where others do not.
func TestPersonalOperation(t *testing.T) {
	tokens, err := auth.NewTokens(strings.Repeat("k", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cast := testCast(t)
	s := New(Config{Characters: cast, Tokens: tokens})
	api := humagin.New(s.engine, huma.Config{OpenAPI: &huma.OpenAPI{Info: &huma.Info{}}, Formats: huma.DefaultFormats, DefaultFormat: "application/json"})
	handle(api, s.personal(operation("mine", http.MethodGet, "/mine", tagSpeech, "Whose it is")),
		func(ctx context.Context, _ *struct{}) (*answer[string], error) { return ok(ownerOf(ctx)), nil })
	id := testUser(t, cast, "mina")
	mina, err := tokens.Issue(id, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"":                     `"code":"unauthenticated"`,
		"Bearer x":             `"code":"unauthenticated"`,
		"Basic " + mina:        `"code":"unauthenticated"`,
		"Bearer " + mina:       `"data":"` + id + `"`,
		"bearer " + mina:       `"data":"` + id + `"`,
		" BEARER   " + mina:    `"data":"` + id + `"`,
		"Bearer " + mina + ".": `"code":"unauthenticated"`,
	} {
		r := httptest.NewRequest(http.MethodGet, "/mine", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("Authorization %q: %s, want %s", header, w.Body, want)
		}
	}
}
