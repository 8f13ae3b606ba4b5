package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"avatarforge/realtime"
)

// program is the whole program, started as its main would.
type program struct {
	t       testing.TB
	address string // with its scheme
	dataDir string
	printed string
	stop    context.CancelFunc
	ended   chan error
}

var addressLine = regexp.MustCompile(`Avatar Forge is at (https?://\S+)`)

// launch starts the program on a free port, with the built-in model and voice unless
// args say otherwise, and waits until it says where it is.
func launch(t testing.TB, dataDir string, args ...string) *program {
	t.Helper()
	return launchLogged(t, slog.New(slog.DiscardHandler), dataDir, args...)
}

// launchLogged is launch with a log.
func launchLogged(t testing.TB, log *slog.Logger, dataDir string, args ...string) *program {
	t.Helper()
	args = append([]string{"--listen-addr", "127.0.0.1:0", "--data-dir", dataDir, "--llm-service", "demo", "--tts-service", "demo"}, args...)
	cfg, _, err := loadConfig(args, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	p := &program{t: t, dataDir: dataDir, stop: stop, ended: make(chan error, 1)}
	go func() {
		err := serve(ctx, &cfg, in, log)
		in.CloseWithError(errors.Join(io.EOF, err))
		p.ended <- err
	}()
	t.Cleanup(func() { p.end() })
	buf := make([]byte, 4096)
	for p.address == "" {
		n, err := out.Read(buf)
		p.printed += string(buf[:n])
		if err != nil {
			t.Fatalf("it ended before it said where it is: %v, %s", err, p.printed)
		}
		if m := addressLine.FindStringSubmatch(p.printed); m != nil {
			p.address = m[1]
		}
	}
	go func() {
		rest, _ := io.ReadAll(out)
		_ = rest
	}()
	return p
}

// end ends the program and fails the test if that went wrong. It may be called twice.
func (p *program) end() {
	p.stop()
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Errorf("it ended with %v", err)
		}
		p.ended <- nil
	case <-time.After(90 * time.Second):
		p.t.Error("it did not end")
	}
}

func (p *program) dial(client *http.Client) *websocket.Conn {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(p.address, "http")+"/v1/realtime?character=hermione", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		p.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	p.t.Cleanup(func() { ws.CloseNow() })
	return ws
}

// converse says something and returns the answer and how much audio came with it.
func (p *program) converse(ws *websocket.Conn) (text string, audio int) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for _, event := range []string{
		`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"안녕! 내 이름은 지수야."}]}}`,
		`{"type":"response.create"}`,
	} {
		if err := ws.Write(ctx, websocket.MessageText, []byte(event)); err != nil {
			p.t.Fatal(err)
		}
	}
	for {
		_, data, err := ws.Read(ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		_, e, err := realtime.DecodeServer(data)
		if err != nil {
			p.t.Fatal(err)
		}
		switch e := e.(type) {
		case realtime.TranscriptDelta:
			text += e.Delta
		case realtime.AudioDelta:
			audio += len(e.Delta)
		case realtime.ErrorEvent:
			if e.Err.Code != realtime.CodeNotSaved { // as where others keep the disk busy
				p.t.Errorf("error %v", e.Err)
			}
		case realtime.ResponseDone:
			if e.Response.Status != realtime.StatusCompleted {
				p.t.Errorf("status %s", e.Response.Status)
			}
			return text, audio
		}
	}
}

func TestWholeProgram(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir())
	if !strings.Contains(p.printed, "DEMO MODEL") || !strings.Contains(p.printed, "DEMO VOICE") {
		t.Errorf("it does not say loudly that it is a demo: %s", p.printed)
	}
	ws := p.dial(nil)
	text, audio := p.converse(ws)
	if !strings.Contains(text, "지수") || audio < 24000 {
		t.Errorf("it said %q with %d bytes of audio", text, audio)
	}
	resp, err := http.Get(p.address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "Avatar Forge Backend Running" {
		t.Errorf("GET / says %q to a client that does not ask for HTML", body)
	}
	metrics, err := http.Get(p.address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer metrics.Body.Close()
	if body, _ := io.ReadAll(metrics.Body); !strings.Contains(string(body), `avatarforge_responses_total{status="completed"} 1`) {
		t.Error("the metrics do not know of the response")
	}

	closed := make(chan websocket.StatusCode, 1)
	go func() {
		for {
			if _, _, err := ws.Read(context.Background()); err != nil {
				closed <- websocket.CloseStatus(err)
				return
			}
		}
	}()
	p.end()
	if code := <-closed; code != websocket.StatusGoingAway {
		t.Errorf("the listener was closed with %d, want 1001: come back and resume", code)
	}
}

func TestSelfSignedCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, "--tls-self-signed")
	pem, err := os.ReadFile(filepath.Join(dir, "tls", "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(pem) {
		t.Fatal("the certificate cannot be read")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}
	defer transport.CloseIdleConnections()
	text, audio := p.converse(p.dial(&http.Client{Transport: transport}))
	if text == "" || audio == 0 {
		t.Errorf("over TLS it said %q with %d bytes of audio", text, audio)
	}
	info, err := os.Stat(filepath.Join(dir, "tls", "key.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v", info.Mode(), err)
	}
	fingerprint := regexp.MustCompile(`SHA-256: (\S+)`).FindStringSubmatch(p.printed)
	if fingerprint == nil {
		t.Fatalf("no fingerprint in %s", p.printed)
	}
	p.end()
	again := launch(t, dir, "--tls-self-signed")
	if !strings.Contains(again.printed, fingerprint[1]) {
		t.Error("a second start made another certificate: whoever trusted the first must do so again")
	}
}

// What a newcomer gets wrong is said with what to do, before anything else is tried.
func TestStartErrors(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	broken := filepath.Join(t.TempDir(), "voices.json")
	if err := os.WriteFile(broken, []byte(`{"voices":[`), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"the port is taken", []string{"--listen-addr", taken.Addr().String()}, "LISTEN_ADDR"},
		{"a broken voices file", []string{"--voices-file", broken}, "VOICES_FILE"},
		{"no folder of characters", []string{"--characters-dir", filepath.Join(t.TempDir(), "none")}, "CHARACTERS_DIR"},
		{"a data folder that is a file", []string{"--data-dir", file}, "DATA_DIR"},
		{"a certificate that is not there", []string{"--tls-cert-file", file, "--tls-key-file", file}, "TLS_CERT_FILE"},
		{"a short secret", []string{"--jwt-secret", "abc"}, "JWT_SECRET"},
		{"no Redis there", []string{"--redis-url", "redis://127.0.0.1:1"}, "REDIS_URL"},
		{"half of a key", []string{"--google-api-key", "AIza Sy"}, "GOOGLE_API_KEY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"--listen-addr", "127.0.0.1:0", "--data-dir", t.TempDir(), "--llm-service", "demo", "--tts-service", "demo"}, tt.args...)
			cfg, _, err := loadConfig(args, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = serve(t.Context(), &cfg, io.Discard, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that names %s", err, tt.want)
			}
		})
	}
}
