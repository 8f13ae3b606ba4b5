package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/oauth2-proxy/mockoidc"

	"avatarforge/auth"
	"avatarforge/internal/servertest"
	"avatarforge/internal/spareport"
	"avatarforge/server"
	"avatarforge/store"
)

// loginSecret is a server's JWT_SECRET.
var loginSecret = strings.Repeat("k", 32)

// onDatabases runs a test on each of the databases.
func onDatabases(t *testing.T, test func(t *testing.T, database store.Config)) {
	t.Run("SQLite", func(t *testing.T) { test(t, embedded(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, store.Config{URL: servertest.Postgres(t)}) })
}

// issuer is an OpenID Connect provider that can be made to lie.
type issuer struct {
	*mockoidc.MockOIDC
	address string
	// forge, when set, changes each ID token that is handed out.
	forge func(idToken string) string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	mock, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	is := &issuer{MockOIDC: mock}
	if err := mock.AddMiddleware(is.lie); err != nil {
		t.Fatal(err)
	}
	port, release, err := spareport.Hold() // it may be stopped and started again
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	is.start(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	t.Cleanup(func() { is.stop(t) })
	return is
}

func (is *issuer) start(t *testing.T, address string) {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	is.address = ln.Addr().String()
	is.Server = nil
	if err := is.Start(ln, nil); err != nil {
		t.Fatal(err)
	}
}

// stop ends the provider; its address stays its own.
func (is *issuer) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := is.Server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

func (is *issuer) lie(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if is.forge == nil || r.URL.Path != mockoidc.TokenEndpoint {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		var tokens map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &tokens); err != nil || answer.Code != http.StatusOK {
			w.WriteHeader(answer.Code)
			w.Write(answer.Body.Bytes())
			return
		}
		tokens["id_token"] = is.forge(tokens["id_token"].(string))
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(tokens)
	})
}

// resigned is the token with other claims, signed anew by the provider.
func (is *issuer) resigned(t *testing.T, change func(jwt.MapClaims)) func(string) string {
	return func(idToken string) string {
		claims := jwt.MapClaims{}
		if _, _, err := jwt.NewParser().ParseUnverified(idToken, claims); err != nil {
			t.Error(err)
		}
		change(claims)
		signed, err := is.Keypair.SignJWT(claims)
		if err != nil {
			t.Error(err)
		}
		return signed
	}
}

// mina is somebody whom providers know.
func mina() *mockoidc.MockUser {
	return &mockoidc.MockUser{Subject: "sub-mina", Email: "mina@example.com", EmailVerified: true, PreferredUsername: "미나"}
}

// withLogin is a server's configuration with that provider.
func withLogin(t *testing.T, is *issuer, database store.Config, cfg server.Config) *house {
	t.Helper()
	counter, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	login, err := auth.NewLogin(auth.LoginConfig{
		Issuer: "http://" + is.address + mockoidc.IssuerBase, ClientID: is.ClientID, ClientSecret: is.ClientSecret,
		Secret: loginSecret, Used: counter, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := auth.NewTokens(loginSecret, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Tokens, cfg.Login = tokens, login
	h := buildOn(t, database, saying("네."), cfg)
	t.Cleanup(func() { login.Close(); counter.Close() })
	return h
}

// visitor is what a person looks at pages with. It follows no redirect by itself.
type visitor struct {
	*house
	t      *testing.T
	client *http.Client
	accept string
}

func (h *house) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{house: h, t: t, accept: "text/html", client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *visitor) do(method, address string, header http.Header) (*http.Response, string) {
	b.t.Helper()
	req, err := http.NewRequest(method, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header = http.Header{"Accept": {b.accept}}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(body)
}

// redirected goes to an address and returns where it is sent.
func (b *visitor) redirected(address, why string) *url.URL {
	b.t.Helper()
	resp, body := b.do("GET", address, nil)
	to, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusFound {
		b.t.Fatalf("%s: %s answered %d: %s (%v)", why, address, resp.StatusCode, body, err)
	}
	return to
}

// consent begins a login and lets the provider agree; it returns the address of the
// callback, which has not been gone to.
func (b *visitor) consent() *url.URL {
	b.t.Helper()
	provider := b.redirected(b.URL+"/api/auth/google/login", "begin")
	return b.redirected(provider.String(), "the provider")
}

// login logs in, whatever comes of it, and returns where that ends.
func (b *visitor) login() *url.URL {
	b.t.Helper()
	return b.redirected(b.consent().String(), "finish")
}

// cookie is the browser's cookie of that name; empty for none.
func (b *visitor) cookie(name string) string {
	at, err := url.Parse(b.URL + "/api/auth/google/callback")
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// nobody fails unless the browser is not logged in.
func (b *visitor) nobody(why string) {
	b.t.Helper()
	if token := b.cookie("access_token"); token != "" {
		b.t.Errorf("%s: there is a cookie", why)
	}
	if resp, body := b.do("GET", b.URL+"/api/auth/me", nil); resp.StatusCode != 401 || !strings.Contains(body, `"unauthenticated"`) {
		b.t.Errorf("%s: /api/auth/me answered %d: %s", why, resp.StatusCode, body)
	}
}

func TestLogin(t *testing.T) {
	onDatabases(t, func(t *testing.T, database store.Config) {
		is := newIssuer(t)
		b := withLogin(t, is, database, server.Config{}).visitor(t)
		b.nobody("before the login")

		resp, _ := b.do("GET", b.URL+"/api/auth/google/login?redirect=https://evil.example&next=//evil.example", nil)
		to, err := resp.Location()
		if err != nil || resp.StatusCode != 302 {
			t.Fatalf("answered %d, %v", resp.StatusCode, err)
		}
		if address := to.Scheme + "://" + to.Host + to.Path; address != is.AuthorizationEndpoint() {
			t.Errorf("sent to %s, want the provider", address)
		}
		query := to.Query()
		for name, want := range map[string]string{
			"response_type": "code", "client_id": is.ClientID, "code_challenge_method": "S256",
			"redirect_uri": b.URL + "/api/auth/google/callback", "scope": "openid email profile",
		} {
			if got := query.Get(name); got != want {
				t.Errorf("%s=%q, want %q", name, got, want)
			}
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			if len(query.Get(name)) < 22 {
				t.Errorf("%s=%q can be guessed", name, query.Get(name))
			}
		}
		kept := resp.Cookies()
		if len(kept) != 1 || !kept[0].HttpOnly || kept[0].SameSite != http.SameSiteLaxMode || kept[0].Secure || kept[0].MaxAge != 600 ||
			kept[0].Path != "/api/auth/google/callback" {
			t.Errorf("the login's cookie: %v", kept)
		}
		for _, name := range []string{"state", "nonce"} {
			if strings.Contains(kept[0].Value, query.Get(name)) {
				t.Errorf("the cookie shows the %s", name)
			}
		}
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %q: a second login would get the first one's state", got)
		}

		is.QueueUser(mina())
		callback := b.redirected(to.String(), "the provider")
		resp, body := b.do("GET", callback.String(), nil)
		if resp.StatusCode != 302 || resp.Header.Get("Location") != "/auth/callback" {
			t.Fatalf("the callback answered %d to %q: %s", resp.StatusCode, resp.Header.Get("Location"), body)
		}
		var token *http.Cookie
		for _, c := range resp.Cookies() {
			switch {
			case c.Name == "access_token":
				token = c
			case c.Name == "login" && c.MaxAge < 0: // cleared
			default:
				t.Errorf("cookie %v", c)
			}
		}
		if token == nil || !token.HttpOnly || token.SameSite != http.SameSiteLaxMode || token.Secure || token.MaxAge != 3600 || token.Path != "/" {
			t.Fatalf("the token's cookie: %v", token)
		}
		if to := b.redirected(b.URL+"/auth/callback", "the page"); to.String() != b.URL+"/" {
			t.Errorf("the page is at %s", to)
		}

		resp, body = b.do("GET", b.URL+"/api/auth/me", nil)
		var who map[string]string
		if err := json.Unmarshal([]byte(body), &who); err != nil || resp.StatusCode != 200 {
			t.Fatalf("/api/auth/me answered %d: %s", resp.StatusCode, body)
		}
		id := who["id"]
		want := map[string]string{"id": id, "email": "mina@example.com", "username": "미나", "picture": "", "provider": "google"}
		if diff := cmp.Diff(want, who); diff != "" || id == "" {
			t.Errorf("/api/auth/me, bare (-want +got):\n%s", diff)
		}
		if resp, body := b.do("GET", b.URL+"/api/auth/me", http.Header{"Authorization": {"bearer " + token.Value}, "Cookie": {""}}); resp.StatusCode != 200 {
			t.Errorf("as a bearer token: %d %s", resp.StatusCode, body)
		}

		is.QueueUser(&mockoidc.MockUser{Subject: "sub-mina", Email: "new@example.com"})
		b.login()
		if _, body := b.do("GET", b.URL+"/api/auth/me", nil); !strings.Contains(body, id) || !strings.Contains(body, `"username":"new"`) {
			t.Errorf("the same person, with another name: %s", body)
		}
		is.QueueUser(&mockoidc.MockUser{Subject: "sub-other", Email: "mina@example.com"})
		b.login()
		if _, body := b.do("GET", b.URL+"/api/auth/me", nil); strings.Contains(body, id) {
			t.Errorf("an address is no proof of who somebody is: %s", body)
		}
	})
}

func TestLogout(t *testing.T) {
	onDatabases(t, func(t *testing.T, database store.Config) {
		is := newIssuer(t)
		h := withLogin(t, is, database, server.Config{})
		b := h.visitor(t)
		b.login()
		token := b.cookie("access_token")
		if resp, body := b.do("POST", b.URL+"/api/auth/logout", http.Header{"Origin": {"https://evil.example"}}); resp.StatusCode != 403 || b.cookie("access_token") == "" {
			t.Errorf("another's page logged the person out: %d %s", resp.StatusCode, body)
		}
		resp, body := b.do("POST", b.URL+"/api/auth/logout", http.Header{"Origin": {b.URL}})
		if resp.StatusCode != 303 || resp.Header.Get("Location") != "/" {
			t.Errorf("answered %d to %q: %s", resp.StatusCode, resp.Header.Get("Location"), body)
		}
		b.nobody("after the logout")

		known := http.Header{"Authorization": {"Bearer " + token}}
		stolen := h.visitor(t)
		if resp, body := stolen.do("GET", h.URL+"/api/auth/me", known); resp.StatusCode != 401 {
			t.Errorf("the token is still good: %d %s", resp.StatusCode, body)
		}
		if resp, body := stolen.do("GET", h.URL+"/api/characters", known); resp.StatusCode != 200 {
			t.Errorf("where no login is needed it is as none: %d %s", resp.StatusCode, body)
		}
		other := withLogin(t, is, database, server.Config{}).visitor(t)
		if resp, body := other.do("GET", other.URL+"/api/auth/me", known); resp.StatusCode != 401 {
			t.Errorf("at another instance the token is still good: %d %s", resp.StatusCode, body)
		}

		if resp, _ := b.do("POST", b.URL+"/api/auth/logout", nil); resp.StatusCode != 303 {
			t.Errorf("who is not logged in is out as well: %d", resp.StatusCode)
		}
	})
}

// Everything that must not log anybody in, and what the person is told.
func TestLoginRefused(t *testing.T) {
	evil, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := mockoidc.NewKeypair(evil)
	if err != nil {
		t.Fatal(err)
	}
	type attack struct {
		name    string
		prepare func(is *issuer)                           // before the login begins; nil for nothing
		address func(b *visitor, callback *url.URL) string // that is gone to in the callback's place; nil for that
		reason  string
		status  int // for who does not ask for a page
	}
	claim := func(name string, value any) func(is *issuer) {
		return func(is *issuer) {
			is.forge = is.resigned(t, func(c jwt.MapClaims) { c[name] = value })
		}
	}
	without := func(name string) func(is *issuer) {
		return func(is *issuer) {
			is.forge = is.resigned(t, func(c jwt.MapClaims) { delete(c, name) })
		}
	}
	with := func(name, value string) func(*visitor, *url.URL) string {
		return func(_ *visitor, callback *url.URL) string {
			query := callback.Query()
			query.Set(name, value)
			callback.RawQuery = query.Encode()
			return callback.String()
		}
	}
	attacks := []attack{
		{"a forged state", nil, with("state", "forged"), "login_expired", 400},
		{"no state", nil, with("state", ""), "login_expired", 400},
		{"another browser's login", nil, func(b *visitor, callback *url.URL) string {
			b.client.Jar, _ = cookiejar.New(nil)
			return callback.String()
		}, "login_expired", 400},
		{"a cookie of somebody else's making", nil, func(b *visitor, callback *url.URL) string {
			at, _ := url.Parse(b.URL + "/api/auth/google/callback")
			sealed := []byte(b.cookie("login"))
			sealed[len(sealed)/2] ^= 1
			b.client.Jar.SetCookies(at, []*http.Cookie{{Name: "login", Value: string(sealed), Path: at.Path}})
			return callback.String()
		}, "login_expired", 400},
		{"the login that was begun before the last", nil, func(b *visitor, callback *url.URL) string {
			b.consent()
			return callback.String()
		}, "login_expired", 400},
		{"another's code", nil, func(b *visitor, callback *url.URL) string {
			theirs := b.house.visitor(b.t).consent()
			return with("code", theirs.Query().Get("code"))(b, callback)
		}, "login_failed", 401},
		{"no code", nil, with("code", ""), "login_failed", 401},
		{"another nonce", claim("nonce", "another"), nil, "login_failed", 401},
		{"no nonce", without("nonce"), nil, "login_failed", 401},
		{"another issuer", claim("iss", "https://evil.example"), nil, "login_failed", 401},
		{"another audience", claim("aud", "another-client"), nil, "login_failed", 401},
		{"several audiences, and not us", claim("aud", []string{"another-client", "a-third"}), nil, "login_failed", 401},
		{"for us among several, issued to who knows whom", func(is *issuer) { claim("aud", []string{is.ClientID, "another-client"})(is) }, nil, "login_failed", 401},
		{"issued to another", claim("azp", "another-client"), nil, "login_failed", 401},
		{"nobody", claim("sub", ""), nil, "login_failed", 401},
		{"expired", claim("exp", time.Now().Add(-time.Minute).Unix()), nil, "login_failed", 401},
		{"never expiring", without("exp"), nil, "login_failed", 401},
		{"another's signature", func(is *issuer) {
			is.forge = func(idToken string) string {
				claims := jwt.MapClaims{}
				jwt.NewParser().ParseUnverified(idToken, claims)
				signed, err := forged.SignJWT(claims)
				if err != nil {
					t.Error(err)
				}
				return signed
			}
		}, nil, "login_failed", 401},
		{"no signature", func(is *issuer) {
			is.forge = func(idToken string) string {
				claims := jwt.MapClaims{}
				jwt.NewParser().ParseUnverified(idToken, claims)
				unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
				if err != nil {
					t.Error(err)
				}
				return unsigned
			}
		}, nil, "login_failed", 401},
		{"a signature by what both know", func(is *issuer) {
			is.forge = func(idToken string) string {
				claims := jwt.MapClaims{}
				jwt.NewParser().ParseUnverified(idToken, claims)
				signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(is.ClientSecret))
				if err != nil {
					t.Error(err)
				}
				return signed
			}
		}, nil, "login_failed", 401},
		{"no ID token", func(is *issuer) { is.forge = func(string) string { return "" } }, nil, "login_failed", 401},
		{"the person says no", nil, func(_ *visitor, callback *url.URL) string {
			callback.RawQuery = url.Values{"error": {"access_denied"}, "state": {callback.Query().Get("state")}}.Encode()
			return callback.String()
		}, "access_denied", 403},
		{"the provider fails", nil, func(_ *visitor, callback *url.URL) string {
			callback.RawQuery = url.Values{"error": {"server_error"}, "state": {callback.Query().Get("state")}}.Encode()
			return callback.String()
		}, "provider_error", 502},
		{"somebody says that the provider says no", nil, func(_ *visitor, callback *url.URL) string {
			callback.RawQuery = "error=access_denied&error_description=call+this+number&state=x"
			return callback.String()
		}, "login_expired", 400},
	}
	for _, accept := range []string{"text/html", "application/json"} {
		is := newIssuer(t)
		h := withLogin(t, is, embedded(t), server.Config{})
		for _, tt := range attacks {
			t.Run(accept+"/"+tt.name, func(t *testing.T) {
				is.forge = nil
				b := h.visitor(t)
				if tt.prepare != nil {
					tt.prepare(is)
				}
				callback := b.consent()
				address := callback.String()
				if tt.address != nil {
					address = tt.address(b, callback)
				}
				b.accept = accept
				resp, body := b.do("GET", address, nil)
				if accept == "text/html" {
					if want := "/auth/callback?error=" + tt.reason; resp.StatusCode != 302 || resp.Header.Get("Location") != want {
						t.Errorf("answered %d to %q: %s, want %s", resp.StatusCode, resp.Header.Get("Location"), body, want)
					}
				} else {
					(&caller{h, t, ""}).problem(resp, []byte(body), tt.status, map[int]string{
						400: "invalid_request", 401: "unauthenticated", 403: "forbidden", 502: "upstream_failed",
					}[tt.status], tt.name)
					if strings.Contains(body, "this number") {
						t.Error("anybody can make the server say anything")
					}
				}
				b.nobody(tt.name)
			})
		}
	}
}

// A login is finished once, though everything that it takes be kept.
func TestLoginReplayed(t *testing.T) {
	onDatabases(t, func(t *testing.T, database store.Config) {
		is := newIssuer(t)
		h := withLogin(t, is, database, server.Config{})
		b := h.visitor(t)
		callback := b.consent()
		kept := http.Header{"Cookie": {"login=" + b.cookie("login")}}
		b.redirected(callback.String(), "the first time")
		if b.cookie("access_token") == "" {
			t.Fatal("the first time did not count")
		}
		for _, other := range []*house{h, withLogin(t, is, database, server.Config{})} {
			thief := other.visitor(t)
			callback.Host = strings.TrimPrefix(other.URL, "http://")
			resp, _ := thief.do("GET", callback.String(), kept)
			if to := resp.Header.Get("Location"); to != "/auth/callback?error=login_expired" {
				t.Errorf("the second time: %d to %q", resp.StatusCode, to)
			}
			thief.nobody("the second time")
		}
	})
}

// Providers change their keys; what counts is that they publish them.
func TestProviderChangesItsKey(t *testing.T) {
	is := newIssuer(t)
	b := withLogin(t, is, embedded(t), server.Config{}).visitor(t)
	b.login()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if is.Keypair, err = mockoidc.NewKeypair(key); err != nil {
		t.Fatal(err)
	}
	if to := b.login(); to.RawQuery != "" {
		t.Errorf("with a new key the login ended at %s", to)
	}
}

// The server runs without its provider, and does with it as soon as it is there.
func TestProviderIsDown(t *testing.T) {
	is := newIssuer(t)
	is.stop(t)
	h := withLogin(t, is, embedded(t), server.Config{})
	b := h.visitor(t)
	if to := b.redirected(h.URL+"/api/auth/google/login", "the provider is down"); to.RequestURI() != "/auth/callback?error=provider_unavailable" {
		t.Errorf("sent to %s", to)
	}
	program := &caller{h, t, ""}
	program.refused("GET", "/api/auth/google/login", "", 503, "upstream_unavailable", "the provider is down")
	program.refused("GET", "/api/auth/me", "", 401, "unauthenticated", "the provider is down")

	is.start(t, is.address)
	b.login()
	if b.cookie("access_token") == "" {
		t.Error("the provider is there again, and nobody can log in")
	}

	// It goes away between the login's beginning and its end.
	for name, tt := range map[string]struct {
		fail   func()
		reason string
	}{
		"it fails":                       {func() { is.QueueError(&mockoidc.ServerError{Code: 500, Error: "internal_server_error"}) }, "provider_unavailable"},
		"it does not know us any longer": {func() { is.QueueError(&mockoidc.ServerError{Code: 401, Error: "invalid_client"}) }, "provider_error"},
		"it has forgotten the code":      {func() { is.QueueError(&mockoidc.ServerError{Code: 400, Error: "invalid_grant"}) }, "login_failed"},
	} {
		late := h.visitor(t)
		callback := late.consent()
		tt.fail()
		if to := late.redirected(callback.String(), name); to.RequestURI() != "/auth/callback?error="+tt.reason {
			t.Errorf("%s: sent to %s, want %s", name, to, tt.reason)
		}
		late.nobody(name)
	}
	late := h.visitor(t)
	callback := late.consent()
	is.stop(t)
	if to := late.redirected(callback.String(), "it is gone"); to.RequestURI() != "/auth/callback?error=provider_unavailable" {
		t.Errorf("sent to %s", to)
	}
	is.start(t, is.address)
}

func TestLoginIsNotConfigured(t *testing.T) {
	tokens, err := auth.NewTokens(loginSecret, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{build(t, saying("네."), server.Config{Tokens: tokens}), t, ""}
	for _, path := range []string{"/api/auth/google/login", "/api/auth/google/callback?code=x&state=y"} {
		p := c.refused("GET", path, "", 503, "not_configured", "no client")
		if !strings.Contains(p.Detail, "GOOGLE_CLIENT_ID") || !strings.Contains(p.Detail, "GOOGLE_CLIENT_SECRET") {
			t.Errorf("it does not say what to set: %s", p.Detail)
		}
	}
	c.refused("GET", "/api/auth/me", "", 401, "unauthenticated", "nobody can be logged in")
}

// Behind a proxy the browser knows another address than we, and has HTTPS.
func TestLoginBehindAProxy(t *testing.T) {
	is := newIssuer(t)
	proxied := http.Header{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"talk.example"}, "X-Forwarded-For": {"203.0.113.7"}}
	for name, tt := range map[string]struct {
		trusted string
		back    string // where the provider sends the browser
		secure  bool
	}{
		"that is trusted":     {"127.0.0.1/32", "https://talk.example", true},
		"that is not trusted": {"10.0.0.0/8", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := withLogin(t, is, embedded(t), server.Config{
				TrustedProxies: []netip.Prefix{netip.MustParsePrefix(tt.trusted)}, FrontendURL: "https://front.example/app",
			})
			b := h.visitor(t)
			resp, _ := b.do("GET", h.URL+"/api/auth/google/login", proxied)
			to, err := resp.Location()
			if err != nil {
				t.Fatal(err)
			}
			if tt.back == "" {
				tt.back = h.URL
			}
			if got := to.Query().Get("redirect_uri"); got != tt.back+"/api/auth/google/callback" {
				t.Errorf("redirect_uri %q", got)
			}
			if kept := resp.Cookies()[0]; kept.Secure != tt.secure {
				t.Errorf("the login's cookie: %v", kept)
			}
			callback := b.redirected(to.String(), "the provider")
			header := http.Header{"Cookie": {"login=" + resp.Cookies()[0].Value}}
			for name, values := range proxied {
				header[name] = values
			}
			resp, body := b.do("GET", h.URL+callback.RequestURI(), header)
			if resp.StatusCode != 302 || resp.Header.Get("Location") != "https://front.example/app/auth/callback" {
				t.Fatalf("the callback answered %d to %q: %s", resp.StatusCode, resp.Header.Get("Location"), body)
			}
			for _, c := range resp.Cookies() {
				if c.Secure != tt.secure {
					t.Errorf("cookie %v", c)
				}
			}
			resp, _ = b.do("POST", h.URL+"/api/auth/logout", http.Header{"Origin": {"https://front.example"}})
			if resp.StatusCode != 303 || resp.Header.Get("Location") != "https://front.example/app/" {
				t.Errorf("logout answered %d to %q", resp.StatusCode, resp.Header.Get("Location"))
			}
			resp, _ = b.do("POST", h.URL+"/api/auth/logout", http.Header{"Origin": {"https://front.example"}, "Sec-Fetch-Dest": {"empty"}})
			if resp.StatusCode != 204 || resp.Header.Get("Access-Control-Allow-Origin") != "https://front.example" || len(resp.Cookies()) != 1 {
				t.Errorf("a script of the frontend's logs out: %d %v", resp.StatusCode, resp.Header)
			}
		})
	}
}

// What belongs to somebody is theirs alone, by whichever credential they come.
func TestOwnership(t *testing.T) {
	onDatabases(t, func(t *testing.T, database store.Config) {
		is := newIssuer(t)
		h := withLogin(t, is, database, server.Config{})
		is.QueueUser(mina())
		b := h.visitor(t)
		b.login()
		mine := &caller{h, t, b.cookie("access_token")}
		is.QueueUser(&mockoidc.MockUser{Subject: "sub-jun", Email: "jun@example.com"})
		b = h.visitor(t)
		b.login()
		theirs := &caller{h, t, b.cookie("access_token")}
		nobodys := &caller{h, t, ""}

		made := want[object](mine, "POST", "/api/characters", `{"name":"미나의 것"}`, "create")
		at := "/api/characters/" + made["id"].(string)
		for name, c := range map[string]*caller{"another user": theirs, "nobody": nobodys} {
			c.refused("PUT", at, `{"name":"빼앗은 것"}`, 403, "forbidden", name)
			c.refused("DELETE", at, "", 403, "forbidden", name)
			if n := len(want[charactersPage](c, "GET", "/api/characters", "", "list").Characters); n != 0 {
				t.Errorf("%s has %d characters, want none", name, n)
			}
			want[object](c, "GET", at, "", name+" may look at it")
		}
		want[object](mine, "PUT", at, `{"name":"미나의 것이다"}`, "its owner changes it")

		// The owner's cookie counts, though a key that is no good stands before it.
		status, body := (&caller{h, t, ""}).withHeader("PUT", at, `{"name":"쿠키로"}`, http.Header{
			"Authorization": {"Bearer sk-stock"}, "Cookie": {"access_token=" + mine.token},
		})
		if status != 200 {
			t.Errorf("a good cookie behind a bad key: %d %s", status, body)
		}
		// Who comes with two good ones is who the first one says.
		status, body = (&caller{h, t, ""}).withHeader("DELETE", at, "", http.Header{
			"Authorization": {"Bearer " + theirs.token}, "Cookie": {"access_token=" + mine.token},
		})
		if status != 403 {
			t.Errorf("the second credential counted: %d %s", status, body)
		}
		want[object](mine, "DELETE", at, "", "its owner deletes it")

		// A session is its owner's, too.
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		ws, _, err := websocket.Dial(ctx, h.url("character=hermione"), &websocket.DialOptions{
			HTTPHeader: http.Header{"Cookie": {"access_token=" + mine.token}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer ws.CloseNow()
		_, data, err := ws.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var created struct{ Session struct{ ID string } }
		if err := json.Unmarshal(data, &created); err != nil || created.Session.ID == "" {
			t.Fatalf("%s: %v", data, err)
		}
		for _, header := range []http.Header{
			{"Cookie": {"access_token=" + theirs.token}}, {}, {"Authorization": {"Bearer sk-stock"}},
		} {
			resp := upgrade(t, h, "session="+created.Session.ID, header)
			checkProblem(t, resp, 404, "not_found")
			resp.Body.Close()
		}
		resp := upgrade(t, h, "session="+created.Session.ID, http.Header{
			"Sec-WebSocket-Protocol": {"openai-insecure-api-key.sk-stock, openai-insecure-api-key." + mine.token},
		})
		resp.Body.Close()
		if resp.StatusCode != 101 {
			t.Errorf("its owner cannot resume it: %d", resp.StatusCode)
		}
	})
}

// withHeader is call with headers of one's own.
func (c *caller) withHeader(method, path, body string, header http.Header) (int, string) {
	c.t.Helper()
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	resp, data := c.send(method, path, header, strings.NewReader(body))
	return resp.StatusCode, string(data)
}

// A token that was ours once, or never, is as none, or is refused where one is needed.
func TestTokensThatAreNoGood(t *testing.T) {
	tokens, err := auth.NewTokens(loginSecret, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	others, err := auth.NewTokens(strings.Repeat("x", 32), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	open := build(t, saying("네."), server.Config{Tokens: tokens})
	closed := build(t, saying("네."), server.Config{Tokens: tokens, AuthRequired: true})
	issue := func(by *auth.Tokens, at time.Time) string {
		token, err := by.Issue(open.user(t, "user"), at)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for name, token := range map[string]string{
		"expired":       issue(tokens, time.Now().Add(-2*time.Hour)),
		"not yet valid": issue(tokens, time.Now().Add(time.Hour)),
		"another's":     issue(others, time.Now()),
		"a stock key":   "sk-proj-abc",
		"long":          strings.Repeat("x", 60<<10),
	} {
		for _, header := range []http.Header{{"Authorization": {"Bearer " + token}}, {"Cookie": {"access_token=" + token}}} {
			for path, want := range map[string]int{"/api/characters": 200, "/api/auth/me": 401} {
				resp, data := (&caller{open, t, ""}).send("GET", path, header.Clone(), nil)
				if resp.StatusCode != want {
					t.Errorf("%s, where no login is needed: %s answered %d: %s", name, path, resp.StatusCode, data)
				}
			}
			resp, data := (&caller{closed, t, ""}).send("GET", "/api/characters", header.Clone(), nil)
			(&caller{closed, t, ""}).problem(resp, data, 401, "unauthenticated", name+", where a login is needed")
			if got := resp.Header.Get("WWW-Authenticate"); got != "Bearer" {
				t.Errorf("%s: WWW-Authenticate %q", name, got)
			}
		}
	}
	want[object](&caller{open, t, issue(tokens, time.Now())}, "GET", "/api/characters/hermione", "", "one that is good")
}
