package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/oauth2-proxy/mockoidc"
	"github.com/redis/go-redis/v9"

	"avatarforge/avatar/avatartest"
	"avatarforge/internal/logtest"
	"avatarforge/internal/servertest"
	"avatarforge/llm/llmtest"
	"avatarforge/tts/ttstest"
)

// safe is every secret that the program can be given, by the option or header that has it.
type safe map[string]string

// newSafe makes secrets that nothing else looks like.
func newSafe(names ...string) safe {
	s := safe{}
	for _, name := range names {
		s[name] = "zq7" + strings.ToLower(strings.ReplaceAll(name, "_", "")) + "kept4secret0123456789"
		s[name+", as HTTP sends it"] = base64.StdEncoding.EncodeToString([]byte("af:" + s[name]))
	}
	return s
}

// keeps fails the test where a text has one of the secrets.
func (s safe) keeps(t *testing.T, where, text string) {
	t.Helper()
	for name, secret := range s {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%s tells the secret of %s: …%.400s", where, name, text[max(0, i-200):])
		}
	}
}

// withPassword is an address with a user's name and password in it.
func withPassword(t *testing.T, address, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	name := u.User.Username()
	if u.Scheme == "http" {
		name = "af"
	}
	u.User = url.UserPassword(name, password)
	return u.String()
}

// telltale fails requests, with what the client has sent in the error. Before that it answers so
// many as they should be.
type telltale struct {
	http.Handler
	broken chan struct{} // closed when it is to fail
}

func (h *telltale) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-h.broken:
	default:
		h.Handler.ServeHTTP(w, r)
		return
	}
	user, password, _ := r.BasicAuth()
	message := strconv.Quote("no: " + r.URL.String() + " " + user + " " + password + " " + r.Header.Get("Authorization") + " " + r.Header.Get("X-Goog-Api-Key"))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"error":{"code":400,"message":` + message + `,"status":"INVALID_ARGUMENT"},"message":` + message + `}`))
}

// Whatever the program is given to keep, it tells nobody: not in its log, where all of it is
// logged, nor in what it prints, answers, counts and traces, while all goes well and while
// everything that it leans on fails.
func TestSecretsAreNowhere(t *testing.T) {
	secrets := newSafe("GOOGLE_API_KEY", "JWT_SECRET", "DATABASE_URL", "REDIS_URL", "BLOB_URL_ID", "BLOB_URL",
		"GOOGLE_CLIENT_SECRET", "OTLP_HEADERS", "OTLP_ENDPOINT", "OLLAMA_BASE_URL", "TTS_BASE_URL", "GEN3D_BASE_URL", "STYLE_BASE_URL", "GOOGLE_API_ENDPOINT")

	broken := make(chan struct{})
	serve := func(h http.Handler) string {
		server := httptest.NewServer(&telltale{h, broken})
		t.Cleanup(server.Close)
		return server.URL
	}
	brain := llmtest.NewOllama(llmtest.Config{Reply: func(llmtest.ChatRequest) llmtest.Reply { return llmtest.Reply{Text: stormReply} }})
	mouth := ttstest.New(ttstest.Config{})
	t.Cleanup(mouth.Close)
	writer := llmtest.NewGemini(llmtest.GeminiConfig{Key: secrets["GOOGLE_API_KEY"], Reply: func(llmtest.ChatRequest) llmtest.GeminiReply {
		return llmtest.GeminiReply{Reply: llmtest.Reply{Text: `{"plot":"당신은 문 앞에 선다."}`}}
	}})
	sculptor := avatartest.NewHunyuan(avatartest.HunyuanConfig{})
	t.Cleanup(sculptor.Close)
	provider, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	provider.ClientSecret = secrets["GOOGLE_CLIENT_SECRET"]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := provider.Start(listener, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Shutdown() })
	kv := servertest.StartRedis(t)
	options, err := redis.ParseURL(kv.URL(0))
	if err != nil {
		t.Fatal(err)
	}
	admin := redis.NewClient(options)
	if err := admin.ConfigSet(t.Context(), "requirepass", secrets["REDIS_URL"]).Err(); err != nil {
		t.Fatal(err)
	}
	admin.Close()
	bucket, err := url.Parse(servertest.S3(t))
	if err != nil {
		t.Fatal(err)
	}
	bucket.User = url.UserPassword(secrets["BLOB_URL_ID"], secrets["BLOB_URL"])
	bucket.RawQuery = "secure=false"
	traces := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer "+secrets["OTLP_HEADERS"])

	settings := map[string]string{
		"google-api-key": secrets["GOOGLE_API_KEY"], "jwt-secret": secrets["JWT_SECRET"],
		"database-url": withPassword(t, servertest.Postgres(t), secrets["DATABASE_URL"]),
		"redis-url":    withPassword(t, kv.URL(0), secrets["REDIS_URL"]), "blob-url": bucket.String(),
		"google-client-id": provider.ClientID, "google-client-secret": secrets["GOOGLE_CLIENT_SECRET"], "oidc-issuer-url": provider.Issuer(),
		"otel-exporter-otlp-endpoint": withPassword(t, traces.URL, secrets["OTLP_ENDPOINT"]),
		"llm-service":                 "ollama", "ollama-base-url": withPassword(t, serve(brain), secrets["OLLAMA_BASE_URL"]), "llm-model": llmtest.DefaultModel,
		"tts-service": "gpt-sovits", "tts-base-url": withPassword(t, serve(mouth), secrets["TTS_BASE_URL"]),
		"gen3d-base-url":      withPassword(t, serve(sculptor.Config.Handler), secrets["GEN3D_BASE_URL"]),
		"style-base-url":      withPassword(t, serve(http.NotFoundHandler()), secrets["STYLE_BASE_URL"]),
		"google-api-endpoint": withPassword(t, serve(writer), secrets["GOOGLE_API_ENDPOINT"]),
		"rate-limit":          "off", "drain-timeout": "5s",
	}
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "--"+name, settings[name])
	}
	var log logtest.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := launchLogged(t, logger, t.TempDir(), args...)
	secrets.keeps(t, "what it prints", p.printed)
	b := newBrowser(t, p.address)
	b.logIn()
	ws := p.dial(nil)
	var jobs []string
	everything := func(when string, failing bool) {
		t.Helper()
		for _, request := range []string{
			`POST /api/chat {"messages":[{"role":"user","content":"안녕?"}],"tts_mode":"realtime"}`,
			`POST /api/chat {"messages":[`,
			`POST /api/tts {"text":"말해 봐. ` + when + `"}`,
			`POST /api/ai/generate/story {"situation":"비가 온다. ` + when + `","opponent_name":"지수","character_persona":"친구"}`,
			`POST /api/ai/generate/character-details {"name":"나루토"}`,
			`POST /api/characters {"name":"친구"}`,
			`POST /v1/chat/completions {"model":"character:hermione","messages":[{"role":"user","content":"안녕"}]}`,
			`POST /v1/audio/speech {"model":"tts-1","input":"말해 봐. ` + when + `","voice":"alloy"}`,
			"POST /api/generate ", "GET /metrics ", "GET /api/health ", "GET /readyz ", "GET /livez ", "GET /api/chat/models ", "GET /v1/models ",
			"GET /api/auth/me ", "GET /api/auth/google/login ", "GET /api/auth/google/callback?state=a&code=b ", "GET /api/sessions/none ",
			"GET /mnt/user_assets/anonymous/audio/none.wav ", "GET /api/openapi.json ", "GET /nowhere ",
		} {
			method, rest, _ := strings.Cut(request, " ")
			path, body, _ := strings.Cut(rest, " ")
			resp, data := b.send(t, method, path, body)
			head := new(bytes.Buffer)
			for name, values := range resp.Header {
				if name != "Set-Cookie" { // signed by a secret, which does not show
					head.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
				}
			}
			secrets.keeps(t, when+": "+request, head.String()+string(data))
			var made struct {
				Data struct {
					JobID string `json:"job_id"`
				}
			}
			if path == "/api/generate" && json.Unmarshal(data, &made) == nil {
				jobs = append(jobs, made.Data.JobID)
			}
			if failing && resp.StatusCode < 500 && method == "POST" && strings.HasPrefix(path, "/v1/") {
				t.Errorf("%s: %s answered %d %s: nothing fails, so this test sees nothing", when, request, resp.StatusCode, data)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, e := range []string{saying("안녕!"), `{"type":"response.create"}`, `{"type":"nonsense"}`} {
			if err := ws.Write(ctx, websocket.MessageText, []byte(e)); err != nil {
				t.Fatal(err)
			}
		}
		for done, refused := false, false; !done || !refused; {
			_, data, err := ws.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			secrets.keeps(t, when+": an event", string(data))
			done = done || bytes.Contains(data, []byte(`"response.done"`))
			refused = refused || bytes.Contains(data, []byte(`nonsense`)) || bytes.Contains(data, []byte(`"unknown_event"`)) || bytes.Contains(data, []byte(`"error"`))
		}
	}
	everything("all is well", false)
	if !strings.Contains(log.String(), "response ended") {
		t.Error("the log does not tell of the responses, so this test sees nothing")
	}
	// What Redis holds is read by whoever may look into it.
	for _, key := range keysOf(t, settings["redis-url"]) {
		secrets.keeps(t, "a key of Redis", key)
	}
	close(broken)
	everything("servers fail", true)
	if err := kv.Stop(); err != nil {
		t.Fatal(err)
	}
	everything("and Redis is gone", true)
	for _, job := range jobs {
		_, data := b.send(t, "GET", "/api/generate/status/"+job, "")
		secrets.keeps(t, "a job", string(data))
	}
	p.end()
	secrets.keeps(t, "the log", log.String())
	traces.mu.Lock()
	exported := traces.raw.String()
	traces.mu.Unlock()
	if len(exported) == 0 {
		t.Error("no traces have come, so this test sees nothing")
	}
	secrets.keeps(t, "a trace", exported)

	var printed bytes.Buffer
	for _, command := range []string{"config", "config --json"} {
		if err := runConfig(append(strings.Fields(command)[1:], args...), nil, &printed); err != nil {
			t.Fatal(err)
		}
	}
	delete(secrets, "BLOB_URL_ID") // whoever runs the program may see which key it uses
	secrets.keeps(t, "avatarforge config", printed.String())
}

// What is wrong with a setting, or with what it leads to, is said without the secret in it.
func TestStartFailuresKeepSecrets(t *testing.T) {
	kv := servertest.StartRedis(t)
	options, err := redis.ParseURL(kv.URL(0))
	if err != nil {
		t.Fatal(err)
	}
	admin := redis.NewClient(options)
	if err := admin.ConfigSet(t.Context(), "requirepass", "another").Err(); err != nil {
		t.Fatal(err)
	}
	admin.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	gone := strings.TrimPrefix(closed.URL, "http://")
	wrong := httptest.NewServer(&telltale{broken: func() chan struct{} { c := make(chan struct{}); close(c); return c }()})
	defer wrong.Close()
	there := strings.TrimPrefix(wrong.URL, "http://")
	secrets := safe{"the option": "zq7kept4secret"}
	const secret = "zq7kept4secret"
	for name, args := range map[string][]string{
		"a port that is no number":     {"--database-url", "postgres://af:" + secret + "@h:x/af"},
		"an unknown parameter":         {"--database-url", "postgres://af:" + secret + "@127.0.0.1:1/af?sslmode=nonsense"},
		"a password as a parameter":    {"--database-url", "postgres://127.0.0.1:1/af?user=af&password=" + secret + "&sslmode=disable"},
		"a broken escape":              {"--database-url", "postgres://af:" + secret + "%zz@h/af"},
		"no PostgreSQL":                {"--database-url", "postgres://af:" + secret + "@" + there + "/af?sslmode=disable&connect_timeout=2"},
		"a Redis that wants another":   {"--redis-url", "redis://:" + secret + "@" + kv.Addr + "/0"},
		"a Redis user":                 {"--redis-url", "redis://af:" + secret + "@" + kv.Addr + "/0"},
		"a Redis database of no use":   {"--redis-url", "redis://:" + secret + "@" + kv.Addr + "/zero"},
		"a Redis database of two":      {"--redis-url", "redis://:" + secret + "@" + kv.Addr + "/0/1"},
		"a Redis parameter of no use":  {"--redis-url", "redis://:" + secret + "@" + kv.Addr + "/0?nonsense=" + secret},
		"no Redis":                     {"--redis-url", "redis://:" + secret + "@" + there + "/0"},
		"a bucket that is not there":   {"--blob-url", "s3://" + secret + ":" + secret + "@" + gone + "/files?secure=false"},
		"a bucket that says no":        {"--blob-url", "s3://" + secret + ":" + secret + "@" + there + "/files?secure=false"},
		"a bucket without a name":      {"--blob-url", "s3://key:" + secret + "@" + there},
		"a bucket, secure or not":      {"--blob-url", "s3://key:" + secret + "@" + there + "/files?secure=" + secret},
		"a provider that is not there": {"--google-client-id", "id", "--google-client-secret", secret, "--oidc-issuer-url", "ftp://af:" + secret + "@" + gone},
		"a client without an id":       {"--google-client-secret", secret},
		"a secret of two lines":        {"--jwt-secret", secret + "\n" + secret},
		"a short secret":               {"--jwt-secret", secret},
		"a key of two words":           {"--google-api-key", secret + " " + secret},
		"an LLM server of no use":      {"--llm-service", "ollama", "--ollama-base-url", "http://af:" + secret + "@h:x"},
		"synthesis servers of no use":  {"--tts-service", "gpt-sovits", "--tts-base-url", "http://af:" + secret + "@h,http://af:" + secret + "@h"},
		"a collector of no use":        {"--otel-exporter-otlp-endpoint", "http://af:" + secret + "@h:x"},
		"a flag that is not there":     {"--jwt-secrets", secret},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			args := append([]string{"serve", "--llm-service", "demo", "--tts-service", "demo", "--listen-addr", "127.0.0.1:0", "--log-level", "debug", "--data-dir", t.TempDir()}, args...)
			if status := run(args, nil, &out, &errs); status == 0 {
				t.Fatalf("it has started: %s", out.String())
			}
			secrets.keeps(t, "it", out.String()+errs.String())
			if !strings.Contains(errs.String(), "avatarforge: ") {
				t.Errorf("it does not say why: %s", errs.String())
			}
		})
	}
	for name, environ := range map[string][]string{
		"in the environment": {"JWT_SECRET=" + secret},
		"as a store":         {"DATABASE_URL=" + secret, "REDIS_URL=" + secret, "BLOB_URL=" + secret},
	} {
		var errs bytes.Buffer
		if status := run([]string{"serve", "--listen-addr", "127.0.0.1:0", "--llm-service", "demo", "--tts-service", "demo", "--data-dir", t.TempDir()}, environ, io.Discard, &errs); status == 0 {
			t.Errorf("%s: it has started", name)
		}
		secrets.keeps(t, name, errs.String())
	}
}
