package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/oauth2-proxy/mockoidc"

	"avatarforge/auth"
)

// counter counts in memory.
type counter struct {
	mu     sync.Mutex
	counts map[string]int
	err    error
}

func (c *counter) Count(_ context.Context, name string, _ time.Duration) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	c.counts[name]++
	return c.counts[name], c.err
}

// provider starts an OpenID Connect provider, whose answers pass the middleware.
func provider(t *testing.T, middleware func(http.Handler) http.Handler) *mockoidc.MockOIDC {
	t.Helper()
	m, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if middleware != nil {
		if err := m.AddMiddleware(middleware); err != nil {
			t.Fatal(err)
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Start(ln, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// login is a login with that provider; change, where it is given, changes its configuration.
func login(t *testing.T, m *mockoidc.MockOIDC, change func(*auth.LoginConfig)) *auth.Login {
	t.Helper()
	cfg := auth.LoginConfig{Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, Secret: secret, Used: &counter{}}
	if change != nil {
		change(&cfg)
	}
	l, err := auth.NewLogin(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

const redirect = "http://127.0.0.1:1/back"

// begin begins a login and has the provider agree. It returns what the browser keeps, and
// what the provider sends it back with.
func begin(t *testing.T, l *auth.Login) (kept string, answer url.Values) {
	t.Helper()
	address, kept, err := l.Begin(t.Context(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	to, err := resp.Location()
	if err != nil || !strings.HasPrefix(to.String(), redirect+"?") {
		t.Fatalf("the provider answered %d to %v, %v", resp.StatusCode, to, err)
	}
	return kept, to.Query()
}

// reason checks why a login has failed.
func reason(t *testing.T, err error, want auth.LoginReason, why string) {
	t.Helper()
	var failed *auth.LoginError
	if !errors.As(err, &failed) || failed.Reason != want {
		t.Errorf("%s: %v, want %s", why, err, want)
	}
}

// quiet is somebody whom the ID token hardly names.
type quiet struct{ *mockoidc.MockUser }

func (quiet) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) { return base, nil }

func TestPersonIsAskedFor(t *testing.T) {
	m := provider(t, nil)
	l := login(t, m, nil)
	m.QueueUser(quiet{&mockoidc.MockUser{Subject: "mina", Email: "mina@example.com", PreferredUsername: "미나"}})
	kept, answer := begin(t, l)
	got, err := l.Finish(t.Context(), kept, answer)
	want := auth.Person{Issuer: m.Issuer(), Subject: "mina", Email: "mina@example.com", Name: "미나"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// What the provider says of somebody else when asked does not count.
func TestPersonIsAnother(t *testing.T) {
	m := provider(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != mockoidc.UserinfoEndpoint {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"sub":"jun","email":"jun@example.com","name":"준"}`)
		})
	})
	l := login(t, m, nil)
	m.QueueUser(quiet{&mockoidc.MockUser{Subject: "mina"}})
	kept, answer := begin(t, l)
	got, err := l.Finish(t.Context(), kept, answer)
	if want := (auth.Person{Issuer: m.Issuer(), Subject: "mina"}); got != want || err != nil {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// A provider that says nothing of how it knows its clients knows them by Basic.
func TestProviderTakesBasic(t *testing.T) {
	var spent int
	m := provider(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case mockoidc.DiscoveryEndpoint:
				answer := httptest.NewRecorder()
				next.ServeHTTP(answer, r)
				var document map[string]any
				if err := json.Unmarshal(answer.Body.Bytes(), &document); err != nil {
					t.Error(err)
				}
				delete(document, "token_endpoint_auth_methods_supported")
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(document)
			case mockoidc.TokenEndpoint:
				spent++
				id, key, ok := r.BasicAuth()
				r.ParseForm()
				if !ok || r.Form.Has("client_secret") {
					t.Errorf("the client is not known by Basic alone: %v", r.Form)
				}
				r.Form.Set("client_id", id)
				r.Form.Set("client_secret", key)
				next.ServeHTTP(w, r)
			default:
				next.ServeHTTP(w, r)
			}
		})
	})
	l := login(t, m, nil)
	kept, answer := begin(t, l)
	if _, err := l.Finish(t.Context(), kept, answer); err != nil || spent != 1 {
		t.Errorf("after %d tries: %v", spent, err)
	}
}

func TestIssuer(t *testing.T) {
	m := provider(t, nil)
	slash := login(t, m, func(c *auth.LoginConfig) { c.Issuer += "/" })
	kept, answer := begin(t, slash)
	if p, err := slash.Finish(t.Context(), kept, answer); err != nil || p.Issuer != m.Issuer() {
		t.Errorf("a slash too many: %+v, %v", p, err)
	}
	// The same provider by another name: its tokens would be another's.
	other := login(t, m, func(c *auth.LoginConfig) { c.Issuer = strings.Replace(c.Issuer, "127.0.0.1", "localhost", 1) })
	_, _, err := other.Begin(t.Context(), redirect)
	reason(t, err, auth.ReasonUnavailable, "another issuer's name")
	if !strings.Contains(err.Error(), m.Issuer()) {
		t.Errorf("the operator is not told the right name: %v", err)
	}
}

func TestLoginTakesTooLong(t *testing.T) {
	now := time.Now()
	m := provider(t, nil)
	l := login(t, m, func(c *auth.LoginConfig) { c.Now = func() time.Time { return now } })
	kept, answer := begin(t, l)
	now = now.Add(auth.LoginTTL - time.Minute)
	if _, err := l.Finish(t.Context(), kept, answer); err != nil {
		t.Errorf("nine minutes later: %v", err)
	}
	kept, answer = begin(t, l)
	now = now.Add(auth.LoginTTL)
	_, err := l.Finish(t.Context(), kept, answer)
	reason(t, err, auth.ReasonStale, "ten minutes later")
}

func TestLoginOfAnotherInstance(t *testing.T) {
	m := provider(t, nil)
	used := &counter{}
	one := login(t, m, func(c *auth.LoginConfig) { c.Used = used })
	two := login(t, m, func(c *auth.LoginConfig) { c.Used = used })
	kept, answer := begin(t, one)
	if _, err := two.Finish(t.Context(), kept, answer); err != nil {
		t.Errorf("another instance with the same secret: %v", err)
	}
	_, err := one.Finish(t.Context(), kept, answer)
	reason(t, err, auth.ReasonStale, "finished at the other")
	stranger := login(t, m, func(c *auth.LoginConfig) { c.Secret = strings.Repeat("x", 32) })
	kept, answer = begin(t, one)
	_, err = stranger.Finish(t.Context(), kept, answer)
	reason(t, err, auth.ReasonStale, "an instance with another secret")
}

// Where it cannot be found out whether a login has been finished, it is not finished.
func TestLoginWithoutADatabase(t *testing.T) {
	m := provider(t, nil)
	gone := errors.New("the database is gone")
	l := login(t, m, func(c *auth.LoginConfig) { c.Used = &counter{err: gone} })
	kept, answer := begin(t, l)
	if _, err := l.Finish(t.Context(), kept, answer); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

// A provider that takes connections and says nothing is given up.
func TestProviderHangs(t *testing.T) {
	hangs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangs.Close()
	m := provider(t, nil)
	l := login(t, m, func(c *auth.LoginConfig) {
		c.Issuer, c.Timeout = "http://"+hangs.Addr().String(), 50*time.Millisecond
	})
	_, _, err = l.Begin(t.Context(), redirect)
	reason(t, err, auth.ReasonUnavailable, "it hangs")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the timeout", err)
	}
}

// A failure that passes is not noticed.
func TestProviderStumbles(t *testing.T) {
	m := provider(t, nil)
	l := login(t, m, nil)
	m.QueueError(&mockoidc.ServerError{Code: http.StatusServiceUnavailable, Error: "busy"})
	if _, _, err := l.Begin(t.Context(), redirect); err != nil {
		t.Error(err)
	}
}

func TestLoginConfig(t *testing.T) {
	for name, cfg := range map[string]auth.LoginConfig{
		"no client":  {Secret: secret, Used: &counter{}},
		"no secret":  {ClientID: "id", Secret: secret, Used: &counter{}},
		"no counter": {ClientID: "id", ClientSecret: "s", Secret: secret},
	} {
		if _, err := auth.NewLogin(cfg); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}
