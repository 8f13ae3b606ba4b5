package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Google is the issuer of Google's ID tokens.
const Google = "https://accounts.google.com"

// LoginTTL is how long a person may take to log in.
const LoginTTL = 10 * time.Minute

// LoginConfig says with whom people log in. ClientID, ClientSecret, Secret and Used are
// needed.
type LoginConfig struct {
	Issuer                 string // of the ID tokens, and where they are discovered; empty means Google
	ClientID, ClientSecret string // of this server, at the provider
	Secret                 string // ours, as of Tokens: what a browser keeps meanwhile is sealed with it
	Used                   Counter
	Timeout                time.Duration     // of each talk with the provider; zero means 10 s
	Transport              http.RoundTripper // nil means one of its own
	Now                    func() time.Time  // nil means time.Now
}

// Counter counts for all instances alike, so that a login is finished only once.
// *store.Store is one.
type Counter interface {
	// Count adds one to the counter of that name and returns what it is then. It lives
	// for ttl.
	Count(ctx context.Context, name string, ttl time.Duration) (int, error)
}

// Person is who has logged in, by the word of an issuer.
type Person struct {
	Issuer, Subject string // together they never change, and are nobody else's
	Email           string // may be empty, or not theirs
	Name            string
	Picture         string // a URL; may be empty
}

// Login is the OAuth 2.0 authorization code flow with PKCE, and OpenID Connect on top.
// Safe for use by several goroutines.
type Login struct {
	cfg    LoginConfig // Immutable after NewLogin.
	sealer *sealer
	client *http.Client

	mu    sync.Mutex
	found *provider // nil until it has been discovered
}

// NewLogin checks the configuration. It makes no request.
func NewLogin(cfg LoginConfig) (*Login, error) {
	if cfg.ClientID == "" || cfg.ClientSecret == "" || cfg.Used == nil {
		return nil, errors.New("a login needs a client's id and secret, and a counter")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Issuer = cmp.Or(cfg.Issuer, Google)
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	sealer, err := newSealer(cfg.Secret, "login")
	if err != nil {
		return nil, fmt.Errorf("seal logins: %w", err)
	}
	return &Login{cfg: cfg, sealer: sealer, client: &http.Client{Transport: cfg.Transport, Timeout: cfg.Timeout}}, nil
}

// Close gives up idle connections. It may be called twice.
func (l *Login) Close() { l.client.CloseIdleConnections() }

// attempt is a login under way, which its browser keeps, sealed: the server remembers
// nothing, so that another instance may finish it.
type attempt struct {
	State    string    `json:"state"`    // by which the provider's answer is known to be of this attempt
	Nonce    string    `json:"nonce"`    // the same for the ID token
	Verifier string    `json:"verifier"` // the same for the code, as the provider sees it (PKCE)
	Redirect string    `json:"redirect"` // the address that the provider sends the browser back to
	Until    time.Time `json:"until"`
}

// Begin says where the browser has to go to log in, and what it has to keep until it is
// back. redirect is where the provider sends it then, an address that the provider knows
// of. The error is a *LoginError.
func (l *Login) Begin(ctx context.Context, redirect string) (address, kept string, err error) {
	p, err := l.provider(ctx)
	if err != nil {
		return "", "", err
	}
	a := attempt{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Redirect: redirect, Until: l.cfg.Now().Add(LoginTTL),
	}
	if kept, err = l.sealer.seal(a); err != nil {
		return "", "", loginError(ReasonFailed, err)
	}
	return p.config(redirect).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), kept, nil
}

// Finish says who has logged in. kept is what Begin gave the browser, answer the query
// that the provider sent it back with. It does so once for each attempt. The error is a
// *LoginError, or the Counter's.
func (l *Login) Finish(ctx context.Context, kept string, answer url.Values) (Person, error) {
	var a attempt
	if kept == "" || l.sealer.open(kept, &a) != nil {
		return Person{}, loginError(ReasonStale, errors.New("the browser has begun no login"))
	}
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(answer.Get("state"))) != 1 {
		return Person{}, loginError(ReasonStale, errors.New("the state is not that of the browser's login"))
	}
	left := a.Until.Sub(l.cfg.Now())
	if left <= 0 {
		return Person{}, loginError(ReasonStale, errors.New("the login took too long"))
	}
	switch n, err := l.cfg.Used.Count(ctx, "login "+a.State, left+time.Minute); {
	case err != nil:
		return Person{}, fmt.Errorf("finish login: %w", err)
	case n > 1:
		return Person{}, loginError(ReasonStale, errors.New("the login has been finished before"))
	}
	if code := answer.Get("error"); code != "" {
		return Person{}, refused(code, answer.Get("error_description"))
	}
	code := answer.Get("code")
	if code == "" {
		return Person{}, loginError(ReasonFailed, errors.New("the provider sent no code"))
	}
	p, err := l.provider(ctx)
	if err != nil {
		return Person{}, err
	}
	return p.identify(ctx, a, code)
}

// provider is where people log in, discovered when it is first needed.
func (l *Login) provider(ctx context.Context) (*provider, error) {
	l.mu.Lock()
	found := l.found
	l.mu.Unlock()
	if found != nil {
		return found, nil
	}
	// Those who come at the same time each ask: it is the first login ever.
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	found, err := l.discover(ctx)
	if err != nil {
		return nil, loginError(ReasonUnavailable, fmt.Errorf("discover %s: %w", l.cfg.Issuer, err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = found
	return found, nil
}

// discoverTries is how often the provider is asked before its first login fails.
const discoverTries = 3

func (l *Login) discover(ctx context.Context) (*provider, error) {
	ctx = oidc.ClientContext(ctx, l.client)
	issuer := l.cfg.Issuer
	found, err := backoff.Retry(ctx, func() (*oidc.Provider, error) {
		found, err := oidc.NewProvider(ctx, issuer)
		var other *oidc.IssuerMismatchError
		if errors.As(err, &other) {
			// A slash at the end is easily lost, and means nobody else.
			if strings.TrimSuffix(other.Discovered, "/") != strings.TrimSuffix(issuer, "/") {
				return nil, backoff.Permanent(err)
			}
			issuer = other.Discovered
		}
		return found, err
	}, backoff.WithMaxTries(discoverTries), backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: 100 * time.Millisecond, Multiplier: 3, RandomizationFactor: 0.5, MaxInterval: time.Second,
	}))
	if err != nil {
		return nil, err
	}
	var metadata struct {
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&metadata); err != nil {
		return nil, err
	}
	p := &provider{
		Provider: found, client: l.client, timeout: l.cfg.Timeout, issuer: issuer,
		id: l.cfg.ClientID, secret: l.cfg.ClientSecret, endpoint: found.Endpoint(),
		verifier: found.Verifier(&oidc.Config{ClientID: l.cfg.ClientID, Now: l.cfg.Now}),
	}
	// Basic is what a provider takes that says nothing (OpenID Connect Discovery 1.0,
	// section 3). Trying both might spend the code.
	p.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if slices.Contains(metadata.AuthMethods, "client_secret_post") {
		p.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return p, nil
}

// provider is a provider as its discovery document describes it. Immutable.
type provider struct {
	*oidc.Provider
	client     *http.Client
	timeout    time.Duration
	issuer     string
	id, secret string
	endpoint   oauth2.Endpoint
	verifier   *oidc.IDTokenVerifier
}

func (p *provider) config(redirect string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.id, ClientSecret: p.secret, Endpoint: p.endpoint, RedirectURL: redirect,
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeEmail, oidc.ScopeProfile},
	}
}

// claims is what an ID token, or the provider when asked, says of a person.
type claims struct {
	Email             string `json:"email"`
	Name              string `json:"name"`
	PreferredUsername string `json:"preferred_username"`
	Picture           string `json:"picture"`
	AuthorizedParty   string `json:"azp"`
}

// identify exchanges the code for an ID token, verifies that, and says whose it is.
func (p *provider) identify(ctx context.Context, a attempt, code string) (Person, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), p.timeout)
	defer cancel()
	tokens, err := p.config(a.Redirect).Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Person{}, exchangeError(err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return Person{}, loginError(ReasonProvider, errors.New("the provider gave no ID token"))
	}
	token, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return Person{}, verifyError(ctx, err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(a.Nonce)) != 1 {
		return Person{}, loginError(ReasonFailed, errors.New("the ID token's nonce is not that of this login"))
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return Person{}, loginError(ReasonFailed, fmt.Errorf("read the ID token: %w", err))
	}
	// OpenID Connect Core 1.0, section 3.1.3.7, points 4 and 5.
	if c.AuthorizedParty != p.id && (c.AuthorizedParty != "" || len(token.Audience) > 1) {
		return Person{}, loginError(ReasonFailed, fmt.Errorf("the ID token was issued to %q", c.AuthorizedParty))
	}
	if token.Subject == "" {
		return Person{}, loginError(ReasonFailed, errors.New("the ID token names nobody"))
	}
	if c.Email == "" || c.Name == "" && c.PreferredUsername == "" {
		c = p.ask(ctx, tokens, token.Subject, c)
	}
	mailbox, _, _ := strings.Cut(c.Email, "@")
	return Person{
		Issuer: p.issuer, Subject: token.Subject, Email: c.Email,
		Name: cmp.Or(c.Name, c.PreferredUsername, mailbox), Picture: webAddress(c.Picture),
	}, nil
}

// ask fills in what the ID token does not say, where the provider tells it when asked:
// many do so only. What cannot be had is done without.
func (p *provider) ask(ctx context.Context, tokens *oauth2.Token, subject string, c claims) claims {
	if p.UserInfoEndpoint() == "" {
		return c
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil || info.Subject != subject {
		return c
	}
	var more claims
	if err := info.Claims(&more); err != nil {
		return c
	}
	return claims{
		Email: cmp.Or(c.Email, more.Email), Name: cmp.Or(c.Name, more.Name),
		PreferredUsername: cmp.Or(c.PreferredUsername, more.PreferredUsername), Picture: cmp.Or(c.Picture, more.Picture),
	}
}

// webAddress is an address that may be shown as a picture, and else empty.
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}
