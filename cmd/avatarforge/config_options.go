package main

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// option is one thing that can be set.
type option struct {
	// key is the environment variable; the flag and the YAML key are made from it.
	key string
	// def is the default as text. Empty is what help says it is.
	def   string
	value value
	// help says what it is for, and what empty means where it may be.
	help string
	// fallback is a variable that is read where key is not set, empty for most.
	fallback string
	// later is set for what is accepted and checked, but used by nothing yet: whoever
	// sets it is told so.
	later bool
}

// describe is the help, and whether it is of any use yet.
func (o *option) describe() string {
	if o.later {
		return o.help + " (Nothing uses it yet.)"
	}
	return o.help
}

// flag is "listen-addr" for LISTEN_ADDR.
func (o *option) flag() string { return strings.ReplaceAll(o.yaml(), "_", "-") }

// yaml is "listen_addr" for LISTEN_ADDR.
func (o *option) yaml() string { return strings.ToLower(o.key) }

// section is options that belong together, in the help and in the example file.
type section struct {
	title   string
	options []option
}

// sections is the table of all options. Never changed.
var sections = []section{
	{"Reaching the server", []option{
		{key: "LISTEN_ADDR", def: "127.0.0.1:8000",
			value: address(func(c *Config) *string { return &c.Server.ListenAddr }),
			help:  "Where to listen."},
		{key: "TLS_CERT_FILE",
			value: path(func(c *Config) *string { return &c.Server.TLSCertFile }),
			help:  "Certificate chain in PEM for HTTPS and WSS; empty: plain HTTP. Browsers insist on HTTPS for the microphone, stock Realtime clients on WSS."},
		{key: "TLS_KEY_FILE",
			value: path(func(c *Config) *string { return &c.Server.TLSKeyFile }),
			help:  "Private key in PEM of TLS_CERT_FILE."},
		{key: "TLS_SELF_SIGNED", def: "false",
			value: truth(func(c *Config) *bool { return &c.Server.TLSSelfSigned }),
			help:  "Make a certificate in DATA_DIR for the addresses of this machine and print its fingerprint."},
		{key: "ALLOWED_ORIGINS",
			value: origins(func(c *Config) *[]string { return &c.Server.AllowedOrigins }),
			help:  "Origins that browsers may connect from besides the server's own host."},
		{key: "TRUSTED_PROXIES", def: "loopback",
			value: proxies(func(c *Config) *[]netip.Prefix { return &c.Server.TrustedProxies }),
			help:  "Whose X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host count."},
		{key: "RATE_LIMIT", def: "10/s, burst 50",
			value: rate(func(c *Config) *rateLimit { return &c.Server.RateLimit }),
			help:  "How often a client may ask for chat, speech and generation, at all instances together where REDIS_URL is set; off: as often as it likes."},
		{key: "WRITE_TIMEOUT", def: "15s",
			value: duration(time.Millisecond, func(c *Config) *time.Duration { return &c.Server.WriteTimeout }),
			help:  "After how long without reading a listener is disconnected."},
		{key: "DRAIN_TIMEOUT", def: "30s",
			value: duration(0, func(c *Config) *time.Duration { return &c.Server.DrainTimeout }),
			help:  "How long running responses may go on after SIGTERM."},
	}},
	{"Keeping things", []option{
		{key: "DATA_DIR", def: "data",
			value: path(func(c *Config) *string { return &c.Storage.DataDir }),
			help:  "Folder of the embedded database, audio, 3D files and secrets."},
		{key: "DATABASE_URL",
			value: storeURL(func(c *Config) *secret { return &c.Storage.DatabaseURL }, "postgres", "postgresql"),
			help:  "PostgreSQL; empty: SQLite in DATA_DIR."},
		{key: "REDIS_URL",
			value: storeURL(func(c *Config) *secret { return &c.Storage.RedisURL }, "redis", "rediss", "unix"),
			help:  "Redis, which several instances share: the slots, and messages between them; empty: there is one instance."},
		{key: "BLOB_URL",
			value: storeURL(func(c *Config) *secret { return &c.Storage.BlobURL }, "s3"),
			help:  "S3 for audio and 3D files; empty: files in DATA_DIR."},
		{key: "TRANSCRIPT_RETENTION", def: "0",
			value: duration(0, func(c *Config) *time.Duration { return &c.Sessions.TranscriptRetention }),
			help:  "How long transcripts are kept; 0: for ever."},
	}},
	{"The language model", []option{
		{key: "LLM_SERVICE", def: "auto",
			value: oneOf(func(c *Config) *llmService { return &c.LLM.Service }, llmAuto, llmOllama, llmVLLM, llmDemo),
			help:  "What generates replies; auto: Ollama if it answers, else the built-in demo."},
		{key: "OLLAMA_BASE_URL", def: "http://localhost:11434",
			value: webURL(func(c *Config) *string { return &c.LLM.OllamaBaseURL }),
			help:  "Ollama. A path in it is kept."},
		{key: "VLLM_BASE_URL", def: "http://localhost:8002",
			value: webURL(func(c *Config) *string { return &c.LLM.VLLMBaseURL }),
			help:  "vLLM, without /v1. A path in it is kept."},
		{key: "LLM_MODEL", def: "gemma-3-27b-it",
			value: text("name", "the name of a model", func(c *Config) *string { return &c.LLM.Model }),
			help:  "The model's name at that server. While this is not set and Ollama does not have the default, the first that it has replies."},
		{key: "LLM_NUM_CTX", def: "8192",
			value: number(512, 16<<20, func(c *Config) *int { return &c.LLM.NumCtx }),
			help:  "The context window in tokens, sent to Ollama as num_ctx."},
		{key: "LLM_CONCURRENCY", def: "4",
			value: number(1, 4096, func(c *Config) *int { return &c.LLM.Concurrency }),
			help:  "Generations at once; the rest wait in fair order."},
		{key: "LLM_FIRST_TOKEN_TIMEOUT", def: "60s",
			value: duration(time.Millisecond, func(c *Config) *time.Duration { return &c.LLM.FirstTokenTimeout }),
			help:  "How long the first token may take. A model that has to be loaded takes its time."},
		{key: "LLM_IDLE_TIMEOUT", def: "30s",
			value: duration(time.Millisecond, func(c *Config) *time.Duration { return &c.LLM.IdleTimeout }),
			help:  "How long each further token may take."},
	}},
	{"Speech", []option{
		{key: "TTS_SERVICE", def: "auto",
			value: oneOf(func(c *Config) *ttsService { return &c.TTS.Service }, ttsAuto, ttsGPTSoVITS, ttsDemo),
			help:  "What speaks; auto: GPT-SoVITS if it answers, else the built-in demo."},
		{key: "TTS_BASE_URL", def: "http://localhost:9880",
			value: webURLs(func(c *Config) *[]string { return &c.TTS.BaseURLs }),
			help:  "GPT-SoVITS. Several, separated by commas, make a pool."},
		{key: "TTS_API_PATH", def: "tts",
			value: urlPath(func(c *Config) *string { return &c.TTS.APIPath }),
			help:  "The path of synthesis below TTS_BASE_URL; / for none."},
		{key: "TTS_CONCURRENCY", def: "1",
			value: number(1, 64, func(c *Config) *int { return &c.TTS.Concurrency }),
			help:  "Syntheses at once for each base URL. GPT-SoVITS mixes voices up with more than 1."},
		{key: "TTS_TIMEOUT", def: "30s",
			value: duration(time.Millisecond, func(c *Config) *time.Duration { return &c.TTS.Timeout }),
			help:  "How long the first byte of audio may take, and each further one."},
		{key: "TTS_CACHE_BYTES", def: "1GiB",
			value: size(0, func(c *Config) *int64 { return &c.TTS.CacheBytes }),
			help:  "Room for finished speech; the least recently used goes first, ten minutes after its last use at the earliest. 0: none is used twice."},
	}},
	{"Characters and voices", []option{
		{key: "VOICES_FILE",
			value: path(func(c *Config) *string { return &c.Content.VoicesFile }),
			help:  "The voices, as configs/voices.json has them; empty: those built in."},
		{key: "CHARACTERS_DIR",
			value: path(func(c *Config) *string { return &c.Content.CharactersDir }),
			help:  "Folder of preset characters, as configs/characters is one; empty: those built in."},
	}},
	{"Conversations", []option{
		{key: "MAX_CONCURRENT_SESSIONS", def: "20",
			value: number(1, 1e6, func(c *Config) *int { return &c.Sessions.MaxConcurrent }),
			help:  "Slots: conversations at once."},
		{key: "SLOTS_QUEUE", def: "100",
			value: number(0, 1e6, func(c *Config) *int { return &c.Sessions.SlotsQueue }),
			help:  "How many clients may wait for a slot; 0: none."},
		{key: "MAX_SESSIONS_PER_USER", def: "0",
			value: number(0, 1e6, func(c *Config) *int { return &c.Sessions.MaxPerUser }),
			help:  "Conversations at once of one user who is logged in, waiting ones included; 0: no cap."},
		{key: "MAX_TURNS", def: "30", fallback: "NEXT_PUBLIC_MAX_TURNS",
			value: number(0, 1e6, func(c *Config) *int { return &c.Sessions.MaxTurns }),
			help:  "Turns of one conversation; 0: no limit."},
		{key: "CONTEXT_TRIGGER", def: "0.8",
			value: fraction(0.1, 1, func(c *Config) *float64 { return &c.Sessions.ContextTrigger }),
			help:  "The part of the context window from which on older turns are summarised."},
		{key: "CONTEXT_KEEP_TURNS", def: "16",
			value: number(1, 1000, func(c *Config) *int { return &c.Sessions.ContextKeepTurns }),
			help:  "How many of the last turns are kept word for word, 15 to 18 being good values."},
		{key: "RESUME_GRACE", def: "60s",
			value: duration(0, func(c *Config) *time.Duration { return &c.Sessions.ResumeGrace }),
			help:  "How long a conversation waits for a connection that dropped."},
		{key: "RESUME_LOG_BYTES", def: "4MiB",
			value: size(1, func(c *Config) *int64 { return &c.Sessions.ResumeLogBytes }),
			help:  "How much of what was sent is kept to be sent again, for each conversation."},
		{key: "SESSION_TTL", def: "24h",
			value: duration(time.Millisecond, func(c *Config) *time.Duration { return &c.Sessions.TTL }),
			help:  "How long an idle conversation's working state is kept. Transcripts stay in the database."},
		{key: "MEMORY_FACTS", def: "true",
			value: facts(func(c *Config) *memoryFacts { return &c.Sessions.MemoryFacts }),
			help:  "Remember facts about a listener from one conversation to the next; whoever is not logged in only where nobody can log in and LISTEN_ADDR is this machine's own. everyone: wherever nobody can log in, all of them as one."},
	}},
	{"Logging in", []option{
		{key: "AUTH_REQUIRED", def: "false",
			value: truth(func(c *Config) *bool { return &c.Auth.Required }),
			help:  "Whether conversations, speech and everything of one's own need a login."},
		{key: "GOOGLE_CLIENT_ID",
			value: text("id", "a client id", func(c *Config) *string { return &c.Auth.GoogleClientID }),
			help:  "Google OAuth client, see docs/accounts.md; empty: login answers not_configured."},
		{key: "GOOGLE_CLIENT_SECRET",
			value: hidden(func(c *Config) *secret { return &c.Auth.GoogleClientSecret }),
			help:  "Its secret."},
		{key: "OIDC_ISSUER_URL", def: "https://accounts.google.com",
			value: webURL(func(c *Config) *string { return &c.Auth.OIDCIssuerURL }),
			help:  "Who issues ID tokens: Google, or an OpenID Connect provider of one's own."},
		{key: "JWT_SECRET",
			value: hidden(func(c *Config) *secret { return &c.Auth.JWTSecret }),
			help:  "Signs our own tokens, 32 random characters or more; empty: made at the first start and kept in DATA_DIR. Several instances need the same."},
		{key: "JWT_TTL", def: "24h",
			value: duration(time.Second, func(c *Config) *time.Duration { return &c.Auth.JWTTTL }),
			help:  "How long a login lasts."},
		{key: "FRONTEND_URL",
			value: webURL(func(c *Config) *string { return &c.Auth.FrontendURL }),
			help:  "Where browsers are sent after login (/auth/callback) and logout (/); empty: the server's own host. Its pages may do what those of ALLOWED_ORIGINS may."},
	}},
	{"Writing characters with Gemini", []option{
		{key: "GOOGLE_API_KEY", fallback: "NEXT_PUBLIC_GEMINI_API_KEY",
			value: hidden(func(c *Config) *secret { return &c.Gemini.APIKey }),
			help:  "Gemini's key; empty: the language model above does it."},
		{key: "GOOGLE_API_MODEL", def: "gemini-3.5-flash",
			value: text("name", "the name of a model", func(c *Config) *string { return &c.Gemini.Model }),
			help:  "Gemini's model."},
		{key: "GOOGLE_SAFETY_THRESHOLD", def: "BLOCK_NONE",
			value: oneOf(func(c *Config) *safetyThreshold { return &c.Gemini.SafetyThreshold },
				blockNone, blockOnlyHigh, blockMediumAndAbove, blockLowAndAbove),
			help: "What Gemini blocks."},
		{key: "GOOGLE_API_ENDPOINT", def: "https://generativelanguage.googleapis.com",
			value: webURL(func(c *Config) *string { return &c.Gemini.Endpoint }),
			help:  "Gemini's address."},
	}},
	{"3D avatars", []option{
		{key: "GEN3D_BASE_URL",
			value: webURL(func(c *Config) *string { return &c.Avatar.Gen3DBaseURL }),
			help:  "Hunyuan3D-2; empty: the built-in mesher makes a relief."},
		{key: "STYLE_BASE_URL",
			value: webURL(func(c *Config) *string { return &c.Avatar.StyleBaseURL }),
			help:  "Stable Diffusion WebUI for the style step; empty: none."},
		{key: "GEN3D_CONCURRENCY", def: "1",
			value: number(1, 64, func(c *Config) *int { return &c.Avatar.Concurrency }),
			help:  "3D jobs at once, of all instances on one database."},
		{key: "GEN3D_TIMEOUT", def: "10m",
			value: duration(time.Second, func(c *Config) *time.Duration { return &c.Avatar.Timeout }),
			help:  "How long one try at a figure may take. Hunyuan3D-2 never says that a job has failed: this ends it."},
	}},
	{"Watching it", []option{
		{key: "LOG_LEVEL", def: "info",
			value: logLevel(func(c *Config) *slog.Level { return &c.Telemetry.LogLevel }),
			help:  "The least severe messages to log. What people said appears at debug only."},
		{key: "LOG_FORMAT",
			value: oneOf(func(c *Config) *logFormat { return &c.Telemetry.LogFormat }, logText, logJSON),
			help:  "How logs are written; empty: text on a terminal, else json."},
		{key: "OTEL_EXPORTER_OTLP_ENDPOINT",
			value: webURL(func(c *Config) *string { return &c.Telemetry.OTLPEndpoint }),
			help:  "Where traces go, by OTLP over HTTP; empty: nowhere."},
		{key: "PPROF_ADDR",
			value: privateAddress(func(c *Config) *string { return &c.Telemetry.PprofAddr }),
			help:  "Where profiles are served, at /debug/pprof/, for go tool pprof; empty: nowhere. Loopback and private addresses only: profiles hold what is in memory."},
	}},
}

// allOptions is the table without its sections.
func allOptions() []*option {
	var all []*option
	for _, s := range sections {
		for i := range s.options {
			all = append(all, &s.options[i])
		}
	}
	return all
}

// path is a file or folder on disk. Whether it is there is found out where it is read.
func path(field func(*Config) *string) value {
	return text("path", "a path", field)
}
