package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"
)

// The whole program logs somebody in with a provider that is named by its settings.
func TestProgramLogsIn(t *testing.T) {
	t.Parallel()
	provider, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := provider.Shutdown(); err != nil {
			t.Error(err)
		}
	}()
	p := launch(t, t.TempDir(),
		"--google-client-id", provider.ClientID, "--google-client-secret", provider.ClientSecret, "--oidc-issuer-url", provider.Issuer())
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: transport}
	get := func(path string) (*http.Response, string) {
		resp, err := browser.Get(p.address + path)
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
	resp, body := get("/api/auth/google/login")
	if resp.Request.URL.String() != p.address+"/" || body != "Avatar Forge Backend Running" {
		t.Errorf("the login ended at %s: %s", resp.Request.URL, body)
	}
	if resp, body := get("/api/auth/me"); resp.StatusCode != 200 || !strings.Contains(body, `"email":"jane.doe@example.com"`) {
		t.Errorf("/api/auth/me answered %d: %s", resp.StatusCode, body)
	}
	resp, err = browser.Post(p.address+"/api/auth/logout", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp, body := get("/api/auth/me"); resp.StatusCode != 401 {
		t.Errorf("after the logout /api/auth/me answered %d: %s", resp.StatusCode, body)
	}
}
