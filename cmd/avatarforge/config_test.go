package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the example file")

// defaults is the configuration when nothing is set, written out by hand.
func defaults() Config {
	return Config{
		Server: ServerConfig{
			ListenAddr:     "127.0.0.1:8000",
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
			RateLimit:      rateLimit{PerSecond: 10, Burst: 50},
			WriteTimeout:   15 * time.Second,
			DrainTimeout:   30 * time.Second,
		},
		Storage: StorageConfig{DataDir: "data"},
		LLM: LLMConfig{
			Service: llmAuto, OllamaBaseURL: "http://localhost:11434", VLLMBaseURL: "http://localhost:8002",
			Model: "gemma-3-27b-it", NumCtx: 8192, Concurrency: 4,
			FirstTokenTimeout: time.Minute, IdleTimeout: 30 * time.Second,
		},
		TTS: TTSConfig{
			Service: ttsAuto, BaseURLs: []string{"http://localhost:9880"}, APIPath: "tts",
			Concurrency: 1, Timeout: 30 * time.Second, CacheBytes: 1073741824,
		},
		Sessions: SessionsConfig{
			MaxConcurrent: 20, SlotsQueue: 100, MaxTurns: 30, ContextTrigger: 0.8, ContextKeepTurns: 16,
			ResumeGrace: time.Minute, ResumeLogBytes: 4194304, MemoryFacts: factsRemembered, TTL: 24 * time.Hour,
		},
		Auth: AuthConfig{OIDCIssuerURL: "https://accounts.google.com", JWTTTL: 24 * time.Hour},
		Gemini: GeminiConfig{
			Model: "gemini-3.5-flash", SafetyThreshold: blockNone,
			Endpoint: "https://generativelanguage.googleapis.com",
		},
		Avatar: AvatarConfig{Concurrency: 1, Timeout: 10 * time.Minute},
	}
}

// each has another value than the default for every option, and what it means.
var each = []struct {
	key, text string
	yaml      string // where it is not text
	edit      func(*Config)
}{
	{"LISTEN_ADDR", ":9000", "", func(c *Config) { c.Server.ListenAddr = ":9000" }},
	{"TLS_CERT_FILE", "/etc/cert.pem", "", func(c *Config) { c.Server.TLSCertFile = "/etc/cert.pem" }},
	{"TLS_KEY_FILE", "/etc/key.pem", "", func(c *Config) { c.Server.TLSKeyFile = "/etc/key.pem" }},
	{"TLS_SELF_SIGNED", "true", "true", func(c *Config) { c.Server.TLSSelfSigned = true }},
	{"ALLOWED_ORIGINS", "http://localhost:3000, https://Example.com/", "[http://localhost:3000, https://Example.com/]",
		func(c *Config) { c.Server.AllowedOrigins = []string{"http://localhost:3000", "https://example.com"} }},
	{"TRUSTED_PROXIES", "10.1.2.3/8,192.0.2.1", "['10.1.2.3/8', 192.0.2.1]", func(c *Config) {
		c.Server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}
	}},
	{"RATE_LIMIT", "off", "off", func(c *Config) { c.Server.RateLimit = rateLimit{} }},
	{"WRITE_TIMEOUT", "2s", "2s", func(c *Config) { c.Server.WriteTimeout = 2 * time.Second }},
	{"DRAIN_TIMEOUT", "0", "0", func(c *Config) { c.Server.DrainTimeout = 0 }},
	{"DATA_DIR", "/var/lib/af", "", func(c *Config) { c.Storage.DataDir = "/var/lib/af" }},
	{"DATABASE_URL", "postgres://u:p@db/af", "", func(c *Config) { c.Storage.DatabaseURL = "postgres://u:p@db/af" }},
	{"REDIS_URL", "rediss://:p@cache:6379/1", "", func(c *Config) { c.Storage.RedisURL = "rediss://:p@cache:6379/1" }},
	{"BLOB_URL", "s3://key:p@minio:9000/af", "", func(c *Config) { c.Storage.BlobURL = "s3://key:p@minio:9000/af" }},
	{"TRANSCRIPT_RETENTION", "30d", "30d", func(c *Config) { c.Sessions.TranscriptRetention = 720 * time.Hour }},
	{"LLM_SERVICE", "vllm", "", func(c *Config) { c.LLM.Service = llmVLLM }},
	{"OLLAMA_BASE_URL", "https://gpu.example/ollama/", "", func(c *Config) { c.LLM.OllamaBaseURL = "https://gpu.example/ollama" }},
	{"VLLM_BASE_URL", "http://gpu.example/vllm", "", func(c *Config) { c.LLM.VLLMBaseURL = "http://gpu.example/vllm" }},
	{"LLM_MODEL", "qwen3:8b", "", func(c *Config) { c.LLM.Model, c.LLM.ModelChosen = "qwen3:8b", true }},
	{"LLM_NUM_CTX", "4096", "4096", func(c *Config) { c.LLM.NumCtx = 4096 }},
	{"LLM_CONCURRENCY", "8", "8", func(c *Config) { c.LLM.Concurrency = 8 }},
	{"LLM_FIRST_TOKEN_TIMEOUT", "90s", "90s", func(c *Config) { c.LLM.FirstTokenTimeout = 90 * time.Second }},
	{"LLM_IDLE_TIMEOUT", "500ms", "500ms", func(c *Config) { c.LLM.IdleTimeout = 500 * time.Millisecond }},
	{"TTS_SERVICE", "gpt-sovits", "", func(c *Config) { c.TTS.Service = ttsGPTSoVITS }},
	{"TTS_BASE_URL", "http://a:9880, http://b:9880/", "[http://a:9880, http://b:9880/]",
		func(c *Config) { c.TTS.BaseURLs = []string{"http://a:9880", "http://b:9880"} }},
	{"TTS_API_PATH", "/v2/tts/", "", func(c *Config) { c.TTS.APIPath = "v2/tts" }},
	{"TTS_CONCURRENCY", "2", "2", func(c *Config) { c.TTS.Concurrency = 2 }},
	{"TTS_TIMEOUT", "1m", "1m", func(c *Config) { c.TTS.Timeout = time.Minute }},
	{"TTS_CACHE_BYTES", "500 MB", "500000000", func(c *Config) { c.TTS.CacheBytes = 500_000_000 }},
	{"VOICES_FILE", "voices.json", "", func(c *Config) { c.Content.VoicesFile = "voices.json" }},
	{"CHARACTERS_DIR", "characters", "", func(c *Config) { c.Content.CharactersDir = "characters" }},
	{"MAX_CONCURRENT_SESSIONS", "4000", "4000", func(c *Config) { c.Sessions.MaxConcurrent = 4000 }},
	{"SLOTS_QUEUE", "0", "0", func(c *Config) { c.Sessions.SlotsQueue = 0 }},
	{"MAX_SESSIONS_PER_USER", "3", "3", func(c *Config) { c.Sessions.MaxPerUser = 3 }},
	{"MAX_TURNS", "0", "0", func(c *Config) { c.Sessions.MaxTurns = 0 }},
	{"CONTEXT_TRIGGER", "0.75", "0.75", func(c *Config) { c.Sessions.ContextTrigger = 0.75 }},
	{"CONTEXT_KEEP_TURNS", "18", "18", func(c *Config) { c.Sessions.ContextKeepTurns = 18 }},
	{"RESUME_GRACE", "5m", "5m", func(c *Config) { c.Sessions.ResumeGrace = 5 * time.Minute }},
	{"RESUME_LOG_BYTES", "64KiB", "65536", func(c *Config) { c.Sessions.ResumeLogBytes = 65536 }},
	{"SESSION_TTL", "2d", "2d", func(c *Config) { c.Sessions.TTL = 48 * time.Hour }},
	{"MEMORY_FACTS", "0", "false", func(c *Config) { c.Sessions.MemoryFacts = factsForgotten }},
	{"AUTH_REQUIRED", "1", "true", func(c *Config) { c.Auth.Required = true }},
	{"GOOGLE_CLIENT_ID", "id.apps", "", func(c *Config) { c.Auth.GoogleClientID = "id.apps" }},
	{"GOOGLE_CLIENT_SECRET", "hush", "", func(c *Config) { c.Auth.GoogleClientSecret = "hush" }},
	{"OIDC_ISSUER_URL", "http://127.0.0.1:9998/oidc", "", func(c *Config) { c.Auth.OIDCIssuerURL = "http://127.0.0.1:9998/oidc" }},
	{"JWT_SECRET", "hush", "", func(c *Config) { c.Auth.JWTSecret = "hush" }},
	{"JWT_TTL", "1h", "1h", func(c *Config) { c.Auth.JWTTTL = time.Hour }},
	{"FRONTEND_URL", "http://localhost:3000/", "", func(c *Config) { c.Auth.FrontendURL = "http://localhost:3000" }},
	{"GOOGLE_API_KEY", "hush", "", func(c *Config) { c.Gemini.APIKey = "hush" }},
	{"GOOGLE_API_MODEL", "gemini-flash-latest", "", func(c *Config) { c.Gemini.Model = "gemini-flash-latest" }},
	{"GOOGLE_SAFETY_THRESHOLD", "BLOCK_ONLY_HIGH", "", func(c *Config) { c.Gemini.SafetyThreshold = blockOnlyHigh }},
	{"GOOGLE_API_ENDPOINT", "http://127.0.0.1:1", "", func(c *Config) { c.Gemini.Endpoint = "http://127.0.0.1:1" }},
	{"GEN3D_BASE_URL", "http://gpu:8081", "", func(c *Config) { c.Avatar.Gen3DBaseURL = "http://gpu:8081" }},
	{"STYLE_BASE_URL", "http://gpu:7860", "", func(c *Config) { c.Avatar.StyleBaseURL = "http://gpu:7860" }},
	{"GEN3D_CONCURRENCY", "2", "2", func(c *Config) { c.Avatar.Concurrency = 2 }},
	{"GEN3D_TIMEOUT", "90s", "1m30s", func(c *Config) { c.Avatar.Timeout = 90 * time.Second }},
	{"LOG_LEVEL", "DEBUG", "", func(c *Config) { c.Telemetry.LogLevel = slog.LevelDebug }},
	{"LOG_FORMAT", "json", "", func(c *Config) { c.Telemetry.LogFormat = logJSON }},
	{"PPROF_ADDR", "127.0.0.1:6060", "", func(c *Config) { c.Telemetry.PprofAddr = "127.0.0.1:6060" }},
	{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318", "", func(c *Config) { c.Telemetry.OTLPEndpoint = "http://otel:4318" }},
}

// partners are options that are only allowed together with another.
var partners = map[string]string{
	"TLS_CERT_FILE": "TLS_KEY_FILE", "TLS_KEY_FILE": "TLS_CERT_FILE",
	"GOOGLE_CLIENT_ID": "GOOGLE_CLIENT_SECRET", "GOOGLE_CLIENT_SECRET": "GOOGLE_CLIENT_ID",
}

func flagOf(key string) string { return strings.ReplaceAll(strings.ToLower(key), "_", "-") }

func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "avatarforge.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, args, environ []string) (Config, sources) {
	t.Helper()
	c, s, err := loadConfig(args, environ)
	if err != nil {
		t.Fatalf("args %q, environment %q: %v", args, environ, err)
	}
	return c, s
}

func (s sources) of(t *testing.T, key string) setting {
	t.Helper()
	for _, setting := range s {
		if setting.option.key == key {
			return setting
		}
	}
	t.Fatalf("no setting %s", key)
	return setting{}
}

func TestDefaults(t *testing.T) {
	c, s := load(t, nil, nil)
	if diff := cmp.Diff(defaults(), c, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-documented +loaded):\n%s", diff)
	}
	if len(s) != len(each) {
		t.Errorf("%d options, %d of them in this test", len(s), len(each))
	}
	for _, e := range each {
		if got := s.of(t, e.key); got.source != fromDefault || got.name != "" {
			t.Errorf("%s comes from %s %s, want default", e.key, got.source, got.name)
		}
	}
}

func TestEachOptionFromEachSource(t *testing.T) {
	values := map[string]int{}
	for i, e := range each {
		values[e.key] = i
	}
	for i, e := range each {
		all := []int{i}
		if partner, ok := partners[e.key]; ok {
			all = append(all, values[partner])
		}
		want := defaults()
		var environ, args []string
		var file strings.Builder
		for _, i := range all {
			e := each[i]
			e.edit(&want)
			environ = append(environ, e.key+"="+e.text)
			args = append(args, "--"+flagOf(e.key)+"="+e.text)
			yaml := e.yaml
			if yaml == "" {
				yaml = fmt.Sprintf("%q", e.text)
			}
			fmt.Fprintf(&file, "%s: %s\n", strings.ToLower(e.key), yaml)
		}
		path := writeFile(t, file.String())
		for _, from := range []struct {
			source        source
			name          string
			args, environ []string
		}{
			{fromEnv, e.key, nil, environ},
			{fromFlag, "--" + flagOf(e.key), args, nil},
			{fromFile, path, []string{"--config", path}, nil},
		} {
			t.Run(e.key+"/"+string(from.source), func(t *testing.T) {
				c, s := load(t, from.args, from.environ)
				if diff := cmp.Diff(want, c, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if got := s.of(t, e.key); got.source != from.source || got.name != from.name {
					t.Errorf("comes from %s %s, want %s %s", got.source, got.name, from.source, from.name)
				}
			})
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := writeFile(t, "llm_model: file\nmax_turns: 1\n")
	empty := writeFile(t, "llm_model:\nllm_service: ''\n")
	tests := []struct {
		why           string
		args, environ []string
		model         string
		turns         int
	}{
		{"the file wins over the default", []string{"--config", file}, nil, "file", 1},
		{"the variable over the file", []string{"--config", file}, []string{"LLM_MODEL=env", "MAX_TURNS=2"}, "env", 2},
		{"the flag over all", []string{"--config", file, "--llm-model", "flag", "--max-turns=3"}, []string{"LLM_MODEL=env", "MAX_TURNS=2"}, "flag", 3},
		{"an empty variable is unset", []string{"--config", file}, []string{"LLM_MODEL=", "MAX_TURNS= "}, "file", 1},
		{"an empty key too", []string{"--config", empty}, nil, "gemma-3-27b-it", 30},
		{"the frontend's variable counts", nil, []string{"NEXT_PUBLIC_MAX_TURNS=4"}, "gemma-3-27b-it", 4},
		{"more than the file", []string{"--config", file}, []string{"NEXT_PUBLIC_MAX_TURNS=4"}, "file", 4},
		{"less than our own, wherever it stands", nil, []string{"MAX_TURNS=2", "NEXT_PUBLIC_MAX_TURNS=4"}, "gemma-3-27b-it", 2},
		{"our own being empty, it counts", nil, []string{"NEXT_PUBLIC_MAX_TURNS=4", "MAX_TURNS="}, "gemma-3-27b-it", 4},
		{"the last of two flags", []string{"--llm-model", "a", "--llm-model", "b"}, nil, "b", 30},
		{"other variables are none of ours", nil, []string{"HOME=/", "llm_model=x", "nonsense"}, "gemma-3-27b-it", 30},
	}
	for _, tt := range tests {
		c, _ := load(t, tt.args, tt.environ)
		if c.LLM.Model != tt.model || c.Sessions.MaxTurns != tt.turns {
			t.Errorf("%s: model %s, turns %d, want %s, %d", tt.why, c.LLM.Model, c.Sessions.MaxTurns, tt.model, tt.turns)
		}
	}

	c, s := load(t, nil, []string{"NEXT_PUBLIC_GEMINI_API_KEY=hush"})
	if got := s.of(t, "GOOGLE_API_KEY"); c.Gemini.APIKey != "hush" || got.name != "NEXT_PUBLIC_GEMINI_API_KEY" {
		t.Errorf("Gemini's key has a fallback: %q from %s", string(c.Gemini.APIKey), got.name)
	}
	if c, _ := load(t, []string{"--redis-url="}, []string{"REDIS_URL=redis://cache"}); c.Storage.RedisURL != "" {
		t.Error("an empty flag takes back what the environment says, where empty means something")
	}
	if c, _ := load(t, []string{"--tls-self-signed"}, nil); !c.Server.TLSSelfSigned {
		t.Error("a switch needs no value")
	}
}

func TestBadValues(t *testing.T) {
	bad := map[string][]string{
		"LISTEN_ADDR":             {"8000", "host:", "host:http", "host:70000", "a/b:1"},
		"TLS_SELF_SIGNED":         {"yes please", "2"},
		"ALLOWED_ORIGINS":         {"*", "example.com", "https://example.com/path", "https://u@example.com"},
		"TRUSTED_PROXIES":         {"localhost", "10.0.0.0/33", "none,10.0.0.1", "fe80::1%eth0"},
		"RATE_LIMIT":              {"10", "10/d", "0/s", "-1/s", "10/s, burst", "10/s, burst 0", "10/s, 50", "NaN/s", "OFF!"},
		"WRITE_TIMEOUT":           {"0", "-1s", "15", "soon", "1.5d"},
		"TRANSCRIPT_RETENTION":    {"-1h", "110000d", "d"},
		"DATABASE_URL":            {"mysql://h/d", "postgres:", "host=db user=u", "postgres://[::1"},
		"REDIS_URL":               {"http://cache"},
		"BLOB_URL":                {"https://minio/bucket"},
		"LLM_SERVICE":             {"openai", "Ollama"},
		"OLLAMA_BASE_URL":         {"localhost:11434", "ftp://h", "http://", "http://h?x=1", "http://h:99999", "http://h#a"},
		"LLM_MODEL":               {"a\nb"},
		"LLM_NUM_CTX":             {"511", "8k", "8192.0"},
		"LLM_CONCURRENCY":         {"0", "-1", "many"},
		"TTS_BASE_URL":            {",", "http://a,b", "http://a,http://a/"},
		"TTS_API_PATH":            {"a b", "tts?x", "http://h/tts"},
		"TTS_CACHE_BYTES":         {"-1", "1GB2", "1.5GiB", "GiB", "9000000TiB", "17000000TiB", "99999999999999999999"},
		"RESUME_LOG_BYTES":        {"0"},
		"CONTEXT_TRIGGER":         {"0", "1.1", "NaN", "80%"},
		"JWT_SECRET":              {"a\tb"},
		"LOG_LEVEL":               {"trace"},
		"LOG_FORMAT":              {"logfmt"},
		"GOOGLE_SAFETY_THRESHOLD": {"none"},
	}
	allowed := map[string]string{}
	for _, o := range allOptions() {
		allowed[o.key] = o.value.allowed
	}
	for key, texts := range bad {
		for _, text := range texts {
			_, _, err := loadConfig(nil, []string{key + "=" + text})
			if err == nil {
				t.Errorf("%s=%q is taken", key, text)
				continue
			}
			if !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), allowed[key]) {
				t.Errorf("%s=%q: %q names the key and what is allowed", key, text, err)
			}
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]rateLimit{
		"off":              {},
		"10/s, burst 50":   {PerSecond: 10, Burst: 50},
		"10/s,burst 50":    {PerSecond: 10, Burst: 50},
		"90/m":             {PerSecond: 1.5, Burst: 1},
		"0.5/s":            {PerSecond: 0.5, Burst: 1},
		"5/s":              {PerSecond: 5, Burst: 5},
		"3600/h, burst 10": {PerSecond: 1, Burst: 10},
	} {
		got, err := parseRate(text)
		if err != nil || got != want {
			t.Errorf("parseRate(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1048576": 1 << 20, "7B": 7, "2KiB": 2048, "4 mib": 4 << 20, "1GiB": 1 << 30, "1TiB": 1 << 40,
		"1kB": 1000, "3MB": 3e6, "1GB": 1e9, "1TB": 1e12,
	} {
		got, err := parseSize(text)
		if err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	path := writeFile(t, "listen_adr: ':1'\nllm:\n  model: x\nslots_queue: -1\ndata_dir: {a: b}\nmax_turns: 2026-01-26\n")
	_, _, err := loadConfig(
		[]string{"--config", path, "--max-tuns=3", "--colour", "red", "--tts-service", "loud", "extra", "-x", "-", "--llm-model=", "--", "--more"},
		[]string{"LLM_CONCURRENCY=many", "GOOGLE_CLIENT_ID=id", "TLS_KEY_FILE=k"})
	var problems configError
	if !errors.As(err, &problems) {
		t.Fatalf("not a configError: %v", err)
	}
	want := []string{
		`unknown flag --max-tuns: did you mean --max-turns?`,
		`unknown flag --colour: "avatarforge serve --help" lists what there is`,
		`unexpected argument "extra"`,
		`unknown flag -x: "avatarforge serve --help" lists what there is`,
		`unexpected argument "-"`,
		`unexpected argument "--more"`,
		`unknown key data_dir.a in ` + path + `: did you mean data_dir?`,
		`unknown key listen_adr in ` + path + `: did you mean listen_addr?`,
		`unknown key llm.model in ` + path + `: did you mean llm_model?`,
		`SLOTS_QUEUE (slots_queue in ` + path + `) is "-1"; it must be a whole number from 0 to 1000000`,
		`MAX_TURNS (max_turns in ` + path + `) is a time.Time; it must be a whole number from 0 to 1000000`,
		`LLM_MODEL (--llm-model) is empty; it must be the name of a model`,
		`LLM_CONCURRENCY is "many"; it must be a whole number from 1 to 4096`,
		`TTS_SERVICE (--tts-service) is "loud"; it must be auto, gpt-sovits or demo`,
		`TLS_CERT_FILE and TLS_KEY_FILE must be set together`,
		`GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET must be set together`,
	}
	for _, text := range want {
		if n := strings.Count(err.Error(), "\n  "+text); n != 1 {
			// max_turns: 2026-01-26 may be told either way.
			if strings.HasPrefix(text, "MAX_TURNS") && strings.Contains(err.Error(), "max_turns") {
				continue
			}
			t.Errorf("%q is said %d times, want once", text, n)
		}
	}
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d: %v", len(problems), len(want), err)
	}
}

func TestConfigFileProblems(t *testing.T) {
	for why, tt := range map[string]struct{ path, says string }{
		"missing":       {filepath.Join(t.TempDir(), "none.yaml"), "no such file"},
		"not YAML":      {writeFile(t, "llm_model: [x\n"), "yaml"},
		"not a mapping": {writeFile(t, "- a\n- b\n"), "yaml"},
		"a key twice":   {writeFile(t, "llm_model: a\nllm_model: b\n"), "llm_model"},
	} {
		_, _, err := loadConfig([]string{"--config", tt.path}, nil)
		if err == nil || !strings.Contains(err.Error(), tt.path) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want the file's name and %q", why, err, tt.says)
		}
	}
	if c, _ := load(t, []string{"--config", writeFile(t, "# nothing\n")}, nil); c.LLM.Model == "" {
		t.Error("an empty file changes nothing")
	}
	if _, _, err := loadConfig([]string{"--llm-model"}, nil); err == nil || !strings.Contains(err.Error(), "--llm-model") {
		t.Errorf("a flag without its value: %v", err)
	}
	if _, _, err := loadConfig([]string{"--help"}, nil); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}
