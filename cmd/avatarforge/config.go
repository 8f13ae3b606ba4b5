package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Config is all that can be set, checked. Its options are described in the table
// options. A URL has no slash at its end, and empty where it means what the table
// says.
type Config struct {
	Server    ServerConfig
	Storage   StorageConfig
	LLM       LLMConfig
	TTS       TTSConfig
	Content   ContentConfig
	Sessions  SessionsConfig
	Auth      AuthConfig
	Gemini    GeminiConfig
	Avatar    AvatarConfig
	Telemetry TelemetryConfig
}

// ServerConfig is how clients reach the server.
type ServerConfig struct {
	ListenAddr                 string // host:port
	TLSCertFile, TLSKeyFile    string // both or neither
	TLSSelfSigned              bool
	AllowedOrigins             []string // scheme://host[:port]
	TrustedProxies             []netip.Prefix
	RateLimit                  rateLimit
	WriteTimeout, DrainTimeout time.Duration
}

// ContentConfig is what ships with the server and may be replaced; empty means built in.
type ContentConfig struct {
	VoicesFile, CharactersDir string
}

// StorageConfig is where things are kept.
type StorageConfig struct {
	DataDir                        string
	DatabaseURL, RedisURL, BlobURL secret
}

// LLMConfig is the server that generates replies.
type LLMConfig struct {
	Service                        llmService
	OllamaBaseURL, VLLMBaseURL     string
	Model                          string
	ModelChosen                    bool // somebody has set Model
	NumCtx                         int  // tokens
	Concurrency                    int
	FirstTokenTimeout, IdleTimeout time.Duration
}

// TTSConfig is the servers that speak.
type TTSConfig struct {
	Service     ttsService
	BaseURLs    []string // at least one
	APIPath     string   // no slash at its ends
	Concurrency int      // per base URL
	Timeout     time.Duration
	CacheBytes  int64
}

// SessionsConfig is how many conversations there may be, and how long they last.
type SessionsConfig struct {
	MaxConcurrent       int
	SlotsQueue          int
	MaxPerUser          int // 0: no cap
	MaxTurns            int // 0: no limit
	ContextTrigger      float64
	ContextKeepTurns    int
	ResumeGrace         time.Duration
	ResumeLogBytes      int64
	MemoryFacts         memoryFacts
	TranscriptRetention time.Duration // 0: for ever
	TTL                 time.Duration
}

// AuthConfig is logging in.
type AuthConfig struct {
	Required           bool
	GoogleClientID     string // empty: login is not configured
	GoogleClientSecret secret
	OIDCIssuerURL      string
	JWTSecret          secret // empty: made at first start
	JWTTTL             time.Duration
	FrontendURL        string // empty: the server's own host
}

// GeminiConfig is Google's API for writing characters.
type GeminiConfig struct {
	APIKey          secret // empty: the LLM does it
	Model           string
	SafetyThreshold safetyThreshold
	Endpoint        string
}

// AvatarConfig is the servers that turn pictures into 3D models.
type AvatarConfig struct {
	Gen3DBaseURL string // empty: the built-in mesher
	StyleBaseURL string // empty: no style step
	Concurrency  int
	Timeout      time.Duration // for one try
}

// TelemetryConfig is logs and traces.
type TelemetryConfig struct {
	LogLevel     slog.Level
	LogFormat    logFormat // empty: text on a terminal, else json
	OTLPEndpoint string    // empty: no traces
	PprofAddr    string    // empty: no profiles
}

// source says which layer a value comes from. Later layers win.
type source string

const (
	fromDefault source = "default"
	fromFile    source = "file"
	fromEnv     source = "env"
	fromFlag    source = "flag"
)

// setting is one option's value in force.
type setting struct {
	option *option
	text   string // as it was given
	source source
	// name is the file's, variable's or flag's; empty for a default.
	name string
}

// sources is the settings in force, in the order of options.
type sources []setting

// configError is all that is wrong with a configuration.
type configError []string

func (e configError) Error() string {
	if len(e) == 1 {
		return "configuration: " + e[0]
	}
	return fmt.Sprintf("configuration: %d problems:\n  %s", len(e), strings.Join(e, "\n  "))
}

// loadConfig reads the configuration: the flags in args, then the variables in
// environ ("NAME=value", empty ones counting as unset), then the YAML file that
// --config names, then the defaults. It returns pflag.ErrHelp for --help, and a
// configError with everything that is wrong.
func loadConfig(args, environ []string) (Config, sources, error) {
	return loadFlags(newFlagSet(), args, environ)
}

// newFlagSet has a flag for each option, and --config. Flags hold text: what it means
// is found out for all sources alike.
func newFlagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("avatarforge", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	// Unknown ones are collected, to be reported along with bad values.
	fs.ParseErrorsAllowlist.UnknownFlagsHandling = pflag.PassUnknownFlagToArgs
	fs.String("config", "", "")
	for _, o := range allOptions() {
		fs.String(o.flag(), o.def, o.help)
		if o.value.boolean {
			fs.Lookup(o.flag()).NoOptDefVal = "true"
		}
	}
	return fs
}

// loadFlags is loadConfig with the flags of one subcommand.
func loadFlags(fs *pflag.FlagSet, args, environ []string) (Config, sources, error) {
	var problems configError
	if err := fs.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return Config{}, nil, err
	} else if err != nil {
		problems = append(problems, err.Error())
	}
	problems = append(problems, strayArgs(fs)...)

	settings := make(sources, 0, len(allOptions()))
	index := make(map[string]int) // place in settings by YAML key
	for _, o := range allOptions() {
		index[o.yaml()] = len(settings)
		settings = append(settings, setting{option: o, source: fromDefault})
	}
	for _, l := range layers(fs, environ) {
		k := koanf.New(".")
		if err := k.Load(l.provider, l.parser); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", l.what, err))
			continue
		}
		for _, key := range k.Keys() {
			i, known := index[key]
			if !known {
				problems = append(problems, unknown("key", key, " in "+l.what, keys(func(o *option) string { return o.yaml() })))
				continue
			}
			text, err := textOf(k.Get(key))
			if err != nil {
				o := settings[i].option
				problems = append(problems, fmt.Sprintf("%s (%s in %s) %v; it must be %s", o.key, key, l.what, err, o.value.allowed))
				continue
			}
			text = strings.TrimSpace(text)
			if text == "" && (l.source == fromEnv || l.source == fromFile) {
				continue // unset, as a variable passed through by a container file
			}
			settings[i].text, settings[i].source, settings[i].name = text, l.source, l.name(settings[i].option)
		}
	}

	var c Config
	for _, s := range settings {
		if problem := s.apply(&c); problem != "" {
			problems = append(problems, problem)
		}
	}
	c.LLM.ModelChosen = settings[index["llm_model"]].source != fromDefault
	problems = append(problems, contradictions(c)...)
	if problems != nil {
		return Config{}, nil, problems
	}
	return c, settings, nil
}

// layer is one place that values come from.
type layer struct {
	source   source
	what     string // in errors
	provider koanf.Provider
	parser   koanf.Parser
	name     func(*option) string // setting.name
}

// layers are the places that values come from, the weakest first.
func layers(fs *pflag.FlagSet, environ []string) []layer {
	defaults := make(map[string]any)
	byVariable := make(map[string]string) // YAML key by variable
	byFallback := make(map[string]string) // the same by a variable's fallback
	byFlag := make(map[string]string)
	for _, o := range allOptions() {
		defaults[o.yaml()] = o.def
		byVariable[o.key] = o.yaml()
		byFlag[o.flag()] = o.yaml()
		if o.fallback != "" {
			byFallback[o.fallback] = o.yaml()
		}
	}
	variables := func(keys map[string]string) koanf.Provider {
		return env.Provider(".", env.Opt{
			EnvironFunc:   func() []string { return environ },
			TransformFunc: func(name, value string) (string, any) { return keys[name], value },
		})
	}
	ls := []layer{{
		source: fromDefault, what: "the defaults", provider: confmap.Provider(defaults, "."),
		name: func(*option) string { return "" },
	}}
	if path := fs.Lookup("config").Value.String(); path != "" {
		ls = append(ls, layer{
			source: fromFile, what: filepath.Clean(path), provider: file.Provider(path), parser: yaml.Parser(),
			name: func(*option) string { return filepath.Clean(path) },
		})
	}
	return append(ls,
		layer{
			source: fromEnv, what: "the environment", provider: variables(byFallback),
			name: func(o *option) string { return o.fallback },
		},
		layer{
			source: fromEnv, what: "the environment", provider: variables(byVariable),
			name: func(o *option) string { return o.key },
		},
		layer{
			source: fromFlag, what: "the flags",
			provider: posflag.ProviderWithFlag(fs, ".", nil, func(f *pflag.Flag) (string, any) {
				return byFlag[f.Name], f.Value.String()
			}),
			name: func(o *option) string { return "--" + o.flag() },
		})
}

// apply puts a setting into c, or says what is wrong with it.
func (s setting) apply(c *Config) string {
	if s.text == "" && s.option.def == "" {
		return "" // the field's zero value is what empty means
	}
	err := errors.New("is empty")
	if s.text != "" {
		err = s.option.value.set(c, s.text)
	}
	if err == nil {
		return ""
	}
	problem := s.option.key
	switch {
	case s.source == fromFile:
		problem += " (" + s.option.yaml() + " in " + s.name + ")"
	case s.name != s.option.key:
		problem += " (" + s.name + ")"
	}
	// A reason is only given where it adds to what is allowed.
	if !errors.Is(err, errNotAllowed) {
		problem += " " + err.Error() + "; it"
	} else if shown := s.option.value.masked(s.text); shown != "" {
		problem += " is " + strconv.Quote(shown) + "; it"
	}
	return problem + " must be " + s.option.value.allowed
}

// contradictions are values that are allowed, but not together.
func contradictions(c Config) (problems []string) {
	if (c.Server.TLSCertFile == "") != (c.Server.TLSKeyFile == "") {
		problems = append(problems, "TLS_CERT_FILE and TLS_KEY_FILE must be set together")
	}
	if c.Server.TLSSelfSigned && c.Server.TLSCertFile != "" {
		problems = append(problems, "TLS_SELF_SIGNED must be false where TLS_CERT_FILE names a certificate")
	}
	if (c.Auth.GoogleClientID == "") != (c.Auth.GoogleClientSecret == "") {
		problems = append(problems, "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET must be set together")
	}
	return problems
}

// strayArgs reports flags that do not exist, and arguments that belong to no flag.
func strayArgs(fs *pflag.FlagSet) (problems []string) {
	args := fs.Args()
	flags := len(args)
	if n := fs.ArgsLenAtDash(); n >= 0 {
		flags = n
	}
	var flagNames []string
	fs.VisitAll(func(f *pflag.Flag) { flagNames = append(flagNames, "--"+f.Name) })
	for i := 0; i < len(args); i++ {
		if i >= flags || !strings.HasPrefix(args[i], "-") || args[i] == "-" {
			problems = append(problems, fmt.Sprintf("unexpected argument %q", args[i]))
			continue
		}
		name, _, hasValue := strings.Cut(args[i], "=")
		problems = append(problems, unknown("flag", name, "", flagNames))
		if !hasValue && i+1 < flags && !strings.HasPrefix(args[i+1], "-") {
			i++ // most likely its value
		}
	}
	return problems
}

// unknown reports a name that does not exist, with the likeliest one that does.
func unknown(what, name, where string, names []string) string {
	text := fmt.Sprintf("unknown %s %s%s", what, name, where)
	folded := strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	// A hint from further away would mislead.
	best, distance := "", min(4, len(strings.Trim(name, "-"))/3+1)
	for _, candidate := range names {
		if d := editDistance(folded, strings.ReplaceAll(candidate, "-", "_")); d < distance {
			best, distance = candidate, d
		}
	}
	if best != "" {
		return text + ": did you mean " + best + "?"
	}
	return text + `: "avatarforge serve --help" lists what there is`
}

// editDistance counts the insertions, deletions and substitutions of bytes from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// textOf is a YAML value as one would write it in a variable; a list's entries are
// joined by commas, and null is empty.
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case []any:
		texts := make([]string, len(v))
		for i, entry := range v {
			text, err := textOf(entry)
			if err != nil {
				return "", err
			}
			texts[i] = text
		}
		return strings.Join(texts, ","), nil
	default:
		return "", fmt.Errorf("is a %T", v)
	}
}

func keys(name func(*option) string) []string {
	var names []string
	for _, o := range allOptions() {
		names = append(names, name(o))
	}
	return names
}
