package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"avatarforge/server"
)

// zipped is a file as a build of the page compresses it.
func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// built is a small page.
func built(t *testing.T) fstest.MapFS {
	const script = "export const word = 'avatar';"
	return fstest.MapFS{
		".gitkeep":                {},
		"index.html":              {Data: []byte("<!doctype html><title>Avatar Forge</title>")},
		"index.html.gz":           {Data: zipped(t, "<!doctype html><title>Avatar Forge</title>")},
		"favicon.svg":             {Data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
		"assets/index-1a2b.js":    {Data: []byte(script)},
		"assets/index-1a2b.js.gz": {Data: zipped(t, script)},
		"assets/index-1a2b.js.br": {Data: []byte("brotli")},
		"docs/swagger.html":       {Data: []byte("<!doctype html><title>swagger</title>")},
		"docs/redoc.html":         {Data: []byte("<!doctype html><title>redoc</title>")},
		"docs/realtime.html":      {Data: []byte("<!doctype html><title>realtime</title>")},
	}
}

// request is a request without a network; headers are name and value by turns.
func request(s *server.Server, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestRoot(t *testing.T) {
	whole, bare := server.New(server.Config{Page: built(t)}), server.New(server.Config{})
	for _, tt := range []struct {
		name   string
		s      *server.Server
		accept string
		page   bool
	}{
		{"a browser", whole, browser, true},
		{"curl", whole, "*/*", false},
		{"a program that says nothing", whole, "", false},
		{"a program that wants JSON", whole, "application/json", false},
		{"a browser, and no page built", bare, browser, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(tt.s, "GET", "/", "Accept", tt.accept)
			body := bodyOf(t, r)
			if r.StatusCode != http.StatusOK || strings.Contains(body, "<title>") != tt.page {
				t.Errorf("%d %s", r.StatusCode, body)
			}
			if !tt.page && body != "Avatar Forge Backend Running" {
				t.Errorf("it says %q", body)
			}
			if vary := r.Header.Values("Vary"); len(vary) == 0 || vary[0] != "Accept" {
				t.Errorf("Vary %q: a cache would mix up the page and the word", vary)
			}
			if r.Header.Get("Cache-Control") != "no-cache" {
				t.Error("an old page would find no assets")
			}
			head := request(tt.s, "HEAD", "/", "Accept", tt.accept)
			if head.StatusCode != http.StatusOK || head.Header.Get("Content-Type") != r.Header.Get("Content-Type") {
				t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
			}
		})
	}
}

func TestPageFiles(t *testing.T) {
	s := server.New(server.Config{Page: built(t)})
	for _, tt := range []struct {
		path, encodings   string
		encoding, content string
		cache             string
	}{
		{"/assets/index-1a2b.js", "", "", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/index-1a2b.js", "gzip, deflate, br, zstd", "br", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/index-1a2b.js", "gzip, deflate", "gzip", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/index-1a2b.js", "br;q=0, gzip;q=0.5", "gzip", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/index-1a2b.js", "br;q=0.0, zstd", "", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/favicon.svg", "gzip, br", "", "image/svg+xml", "no-cache"},
		{"/docs", "gzip", "", "text/html; charset=utf-8", "no-cache"},
	} {
		r := request(s, "GET", tt.path, "Accept-Encoding", tt.encodings)
		body := bodyOf(t, r)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Encoding") != tt.encoding ||
			r.Header.Get("Content-Type") != tt.content || r.Header.Get("Cache-Control") != tt.cache {
			t.Errorf("%s for %q: %d %v", tt.path, tt.encodings, r.StatusCode, r.Header)
		}
		if strings.HasPrefix(tt.path, "/assets/") && r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: Vary %q", tt.path, r.Header.Get("Vary"))
		}
		if tt.encoding == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil || !strings.Contains(string(text), "avatar") {
				t.Errorf("%s: unzipped %q, %v", tt.path, text, err)
			}
		}
		etag := r.Header.Get("ETag")
		if again := request(s, "GET", tt.path, "Accept-Encoding", tt.encodings, "If-None-Match", etag); etag == "" || again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: asked again by ETag %q: %d", tt.path, etag, again.StatusCode)
		}
		if head := request(s, "HEAD", tt.path, "Accept-Encoding", tt.encodings); head.StatusCode != http.StatusOK || bodyOf(t, head) != "" {
			t.Errorf("%s: HEAD %d", tt.path, head.StatusCode)
		}
	}
	plain, small := request(s, "GET", "/assets/index-1a2b.js"), request(s, "GET", "/assets/index-1a2b.js", "Accept-Encoding", "gzip")
	if plain.Header.Get("ETag") == small.Header.Get("ETag") {
		t.Error("two forms of a file have one ETag")
	}
	for _, path := range []string{"/assets/gone.js", "/assets/index-1a2b.js.gz", "/index.html.gz", "/.gitkeep", "/docs/swagger.html", "/assets/", "/assets"} {
		if r := request(s, "GET", path); r.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %d", path, r.StatusCode)
		}
	}
	if r := request(s, "POST", "/"); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d", r.StatusCode)
	}
}

// Without the built page the description is there all the same, and its pages say what to do.
func TestDocsThatWereNotBuilt(t *testing.T) {
	s := server.New(server.Config{})
	for _, path := range []string{"/docs", "/redoc", "/docs/realtime"} {
		r := request(s, "GET", path, "Accept", browser)
		if body := bodyOf(t, r); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "make build") || !strings.Contains(body, `"code":"not_configured"`) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	if r := request(s, "HEAD", "/api/openapi.json"); r.StatusCode != http.StatusOK {
		t.Errorf("the document: %d", r.StatusCode)
	}
}
