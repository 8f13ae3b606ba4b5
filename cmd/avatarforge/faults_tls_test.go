package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avatarforge/internal/faultnet"
	"avatarforge/internal/servertest"
	"avatarforge/llm/llmtest"
	"avatarforge/tts/ttstest"
)

// selfSigned speaks TLS with a certificate that nobody has vouched for.
func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// tlsFaults are what can go wrong before the first byte of a request.
func tlsFaults(t *testing.T) map[string]struct {
	secure *tls.Config
	fault  faultnet.Fault
} {
	type cell = struct {
		secure *tls.Config
		fault  faultnet.Fault
	}
	return map[string]cell{
		"a certificate that nobody vouches for": {selfSigned(t), faultnet.Fault{}},
		"no TLS there":                          {nil, faultnet.Fault{}},
		"cut in the handshake":                  {nil, faultnet.Fault{Kind: faultnet.Cut, After: 3}},
		"hangs in the handshake":                {nil, faultnet.Fault{Kind: faultnet.Hang}},
		"an alert":                              {nil, faultnet.Fault{Kind: faultnet.Answer, Bytes: []byte("\x15\x03\x03\x00\x02\x02\x28")}},
	}
}

func TestTLSFaultsOfUpstreams(t *testing.T) {
	t.Parallel()
	for name, f := range tlsFaults(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &town{said: map[string]string{}, proxies: map[string]*faultnet.Proxy{}}
			serve := func(name string, h http.Handler) string {
				server := httptest.NewServer(h)
				t.Cleanup(server.Close)
				w.proxies[name] = faultnet.Start(t, strings.TrimPrefix(server.URL, "http://"), f.secure)
				w.proxies[name].Break(t, f.fault)
				return "https://" + w.proxies[name].Addr()
			}
			mouth := ttstest.New(ttstest.Config{})
			t.Cleanup(mouth.Close)
			w.program = launch(t, t.TempDir(), "--llm-service", "ollama", "--tts-service", "gpt-sovits",
				"--ollama-base-url", serve("Ollama", llmtest.NewOllama(llmtest.Config{})),
				"--tts-base-url", serve("GPT-SoVITS", mouth),
				"--google-api-key", testKey, "--google-api-endpoint", serve("Gemini", llmtest.NewGemini(llmtest.GeminiConfig{})),
				"--llm-first-token-timeout", "1s", "--tts-timeout", "1s", "--drain-timeout", "5s",
				"--max-turns", "0", "--memory-facts=false", "--jwt-secret", testSecret)
			w.attend()
			if got := w.within(minute, w.turn); !strings.HasPrefix(got, "failed upstream_") {
				t.Errorf("Ollama: %s", got)
			}
			for name, ask := range map[string]func() string{
				"GPT-SoVITS": func() string { return w.within(minute, w.speech) },
				"Gemini":     func() string { return w.within(minute, w.story) },
			} {
				switch got := ask(); got {
				case badGateway, unreachable, "504 upstream_timeout":
				default:
					t.Errorf("%s: %s", name, got)
				}
			}
			w.ws.CloseNow()
		})
	}
}

// A server that keeps things and cannot be reached by TLS keeps the program from starting, in
// words that say which option is wrong.
func TestTLSFaultsAtStart(t *testing.T) {
	t.Parallel()
	postgres, redis, s3 := servertest.Postgres(t), servertest.Redis(t), servertest.S3(t)
	for name, f := range tlsFaults(t) {
		if f.fault.Kind == faultnet.Hang && !*torture {
			continue // ten seconds each, and half a minute of S3
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			front := func(address string) string {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				p := faultnet.Start(t, u.Host, f.secure)
				p.Break(t, f.fault)
				u.Host = p.Addr()
				return u.String()
			}
			for option, address := range map[string]string{
				"DATABASE_URL": strings.Replace(front(postgres), "sslmode=disable", "sslmode=verify-full", 1),
				"REDIS_URL":    strings.Replace(front(redis), "redis://", "rediss://", 1),
				"BLOB_URL":     front(s3),
			} {
				t.Run(option, func(t *testing.T) {
					t.Parallel()
					flag := "--" + strings.ToLower(strings.ReplaceAll(option, "_", "-"))
					cfg, _, err := loadConfig([]string{"--listen-addr", "127.0.0.1:0", "--data-dir", t.TempDir(),
						"--llm-service", "demo", "--tts-service", "demo", flag, address}, nil)
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
					defer cancel()
					err = serve(ctx, &cfg, io.Discard, slog.New(slog.DiscardHandler))
					if err == nil || !strings.Contains(err.Error(), option) || strings.Contains(err.Error(), "sec/ret") {
						t.Errorf("got %v, want an error that names it", err)
					}
					if ctx.Err() != nil {
						t.Error("it does not say so by itself")
					}
				})
			}
		})
	}
}
