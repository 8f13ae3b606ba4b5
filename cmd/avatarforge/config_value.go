package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// value is how an option's text becomes part of a Config.
type value struct {
	kind    string // in the help: "duration"
	allowed string // completes "must be"
	boolean bool   // a flag without a value means true
	// set fails with errNotAllowed, or with a reason that completes the option's name.
	// It is never called with an empty text.
	set func(c *Config, text string) error
	// mask hides what nobody should see; nil where there is nothing to hide.
	mask func(text string) string
	// private values are not repeated in errors, even masked: a text that is not
	// what it should be may hold a password anywhere.
	private bool
}

// kindWord is the kind of words that are too many for a line of the help.
const kindWord = "word"

// errNotAllowed means that what is allowed says enough.
var errNotAllowed = errors.New("not allowed")

// masked is text without its secrets, empty where all of it may be one.
func (v value) masked(text string) string {
	switch {
	case v.private:
		return ""
	case v.mask != nil:
		return v.mask(text)
	}
	return text
}

// secret is a text that does not show up in logs by accident.
type secret string

// stars stand for a secret, whatever its length.
const stars = "********"

// String is stars, or nothing for nothing. Convert to string for the secret itself.
func (s secret) String() string { return hide(string(s)) }

// GoString is for %#v what String is for %v.
func (s secret) GoString() string { return strconv.Quote(s.String()) }

// LogValue is for slog what String is for %v.
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is for JSON what String is for %v.
func (s secret) MarshalText() ([]byte, error) { //nolint:unparam // encoding.TextMarshaler has it so
	return []byte(s.String()), nil
}

func hide(text string) string {
	if text == "" {
		return ""
	}
	return stars
}

// maskURL hides passwords: the one before the host, and those among the parameters.
func maskURL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, rest := rest[:end], rest[end:]
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		if user, _, ok := strings.Cut(authority[:at], ":"); ok {
			authority = user + ":" + stars + authority[at:]
		}
	}
	path, query, ok := strings.Cut(rest, "?")
	if ok {
		parameters := strings.Split(query, "&")
		for i, parameter := range parameters {
			name, _, _ := strings.Cut(parameter, "=")
			if looksSecret(name) {
				parameters[i] = name + "=" + stars
			}
		}
		path += "?" + strings.Join(parameters, "&")
	}
	return scheme + "://" + authority + path
}

// maskURLs is maskURL of several, joined.
func maskURLs(list []string, separator string) string {
	masked := make([]string, len(list))
	for i, entry := range list {
		masked[i] = maskURL(entry)
	}
	return strings.Join(masked, separator)
}

// looksSecret goes by what PostgreSQL, Redis and S3 call their secrets.
func looksSecret(parameter string) bool {
	parameter = strings.ToLower(parameter)
	return slices.ContainsFunc([]string{"password", "passwd", "secret", "token", "key", "credential"},
		func(word string) bool { return strings.Contains(parameter, word) })
}

// text is any text on one line.
func text[T ~string](kind, allowed string, field func(*Config) *T) value {
	return value{kind: kind, allowed: allowed, set: func(c *Config, s string) error {
		if strings.ContainsFunc(s, unicode.IsControl) || strings.TrimSpace(s) == "" {
			return errNotAllowed
		}
		*field(c) = T(s)
		return nil
	}}
}

// hidden is a text that is a secret.
func hidden(field func(*Config) *secret) value {
	v := text("secret", "a text without line breaks", field)
	v.mask, v.private = hide, true
	return v
}

// truth is true or false.
func truth(field func(*Config) *bool) value {
	return value{kind: "true|false", allowed: "true or false", boolean: true, set: func(c *Config, s string) error {
		b, err := strconv.ParseBool(s) // 1 and 0 too, as container files have them
		if err != nil {
			return errNotAllowed
		}
		*field(c) = b
		return nil
	}}
}

// number is a whole number from low to high.
func number(low, high int, field func(*Config) *int) value {
	allowed := fmt.Sprintf("a whole number from %d to %d", low, high)
	return value{kind: "number", allowed: allowed, set: func(c *Config, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < low || n > high {
			return errNotAllowed
		}
		*field(c) = n
		return nil
	}}
}

// fraction is a number from low to high.
func fraction(low, high float64, field func(*Config) *float64) value {
	allowed := fmt.Sprintf("a number from %g to %g", low, high)
	return value{kind: "number", allowed: allowed, set: func(c *Config, s string) error {
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || !(x >= low && x <= high) { // NaN is in no range
			return errNotAllowed
		}
		*field(c) = x
		return nil
	}}
}

// duration is a time of low or more.
func duration(low time.Duration, field func(*Config) *time.Duration) value {
	allowed := fmt.Sprintf("a duration of %s or more, such as 500ms, 60s, 5m, 24h or 30d", low)
	return value{kind: "duration", allowed: allowed, set: func(c *Config, s string) error {
		d, err := parseDuration(s)
		if err != nil || d < low {
			return errNotAllowed
		}
		*field(c) = d
		return nil
	}}
}

// parseDuration is time.ParseDuration that also takes whole days, "30d".
func parseDuration(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	const day = 24 * time.Hour
	n, err := strconv.ParseUint(days, 10, 32)
	if err != nil || n > uint64(math.MaxInt64/day) {
		return 0, errNotAllowed
	}
	return time.Duration(n) * day, nil
}

// size is a number of bytes of low or more.
func size(low int64, field func(*Config) *int64) value {
	allowed := fmt.Sprintf("a number of bytes, at least %d: a whole number, or one with KiB, MiB, GiB, TiB, kB, MB, GB or TB", low)
	return value{kind: "size", allowed: allowed, set: func(c *Config, s string) error {
		n, err := parseSize(s)
		if err != nil || n < low {
			return errNotAllowed
		}
		*field(c) = n
		return nil
	}}
}

// units are IEC's powers of 1,024 and SI's of 1,000. A bare "B" is last because all
// others end in it.
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

func parseSize(s string) (int64, error) {
	unit := int64(1)
	for _, u := range units {
		if cut := len(s) - len(u.name); cut > 0 && strings.EqualFold(s[cut:], u.name) {
			s, unit = strings.TrimSpace(s[:cut]), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/unit {
		return 0, errNotAllowed
	}
	return int64(n) * unit, nil
}

// oneOf is one of a few words.
func oneOf[T ~string](field func(*Config) *T, words ...T) value {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = string(w)
	}
	allowed := strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
	kind := strings.Join(names, "|")
	if len(kind) > 40 {
		kind = kindWord
	}
	return value{kind: kind, allowed: allowed, set: func(c *Config, s string) error {
		if !slices.Contains(names, s) {
			return errNotAllowed
		}
		*field(c) = T(s)
		return nil
	}}
}

// The words of the enumerations.
type (
	llmService      string
	ttsService      string
	safetyThreshold string
	logFormat       string
)

const (
	llmAuto   llmService = "auto"
	llmOllama llmService = "ollama"
	llmVLLM   llmService = "vllm"
	llmDemo   llmService = "demo"

	ttsAuto      ttsService = "auto"
	ttsGPTSoVITS ttsService = "gpt-sovits"
	ttsDemo      ttsService = "demo"

	blockNone           safetyThreshold = "BLOCK_NONE"
	blockOnlyHigh       safetyThreshold = "BLOCK_ONLY_HIGH"
	blockMediumAndAbove safetyThreshold = "BLOCK_MEDIUM_AND_ABOVE"
	blockLowAndAbove    safetyThreshold = "BLOCK_LOW_AND_ABOVE"

	logText logFormat = "text"
	logJSON logFormat = "json"
)

// logLevel is one of slog's.
func logLevel(field func(*Config) *slog.Level) value {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	return value{kind: "debug|info|warn|error", allowed: "debug, info, warn or error", set: func(c *Config, s string) error {
		level, ok := levels[strings.ToLower(s)]
		if !ok {
			return errNotAllowed
		}
		*field(c) = level
		return nil
	}}
}

// address is where a server listens.
func address(field func(*Config) *string) value {
	allowed := "host:port, such as 127.0.0.1:8000, or :8000 for all addresses"
	return value{kind: "host:port", allowed: allowed, set: func(c *Config, s string) error {
		host, port, err := net.SplitHostPort(s)
		if err != nil || strings.ContainsAny(host, " /") {
			return errNotAllowed
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return errNotAllowed
		}
		*field(c) = s
		return nil
	}}
}

// privateAddress is one that strangers do not reach: this machine's own, or a private network's.
func privateAddress(field func(*Config) *string) value {
	allowed := "host:port of this machine or a private network, such as 127.0.0.1:6060"
	return value{kind: "host:port", allowed: allowed, set: func(c *Config, s string) error {
		host, port, err := net.SplitHostPort(s)
		if err != nil {
			return errNotAllowed
		}
		ip, err := netip.ParseAddr(host)
		private := err == nil && (ip.IsLoopback() || ip.IsPrivate())
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || !private && host != "localhost" {
			return errNotAllowed
		}
		*field(c) = s
		return nil
	}}
}

// webURL is an HTTP base URL, kept without the slash at its end.
func webURL(field func(*Config) *string) value {
	allowed := "an http or https URL, such as http://localhost:9880, without ? or #"
	return value{kind: "url", allowed: allowed, mask: maskURL, set: func(c *Config, s string) error {
		u, err := parseWebURL(s)
		if err != nil {
			return err
		}
		*field(c) = u
		return nil
	}}
}

// webURLs is a list of them, none twice.
func webURLs(field func(*Config) *[]string) value {
	v := value{kind: "url,url", allowed: "one or more http or https URLs without ? or #, separated by commas, none twice"}
	v.mask = func(s string) string { return maskURLs(strings.Split(s, ","), ",") }
	v.set = func(c *Config, s string) error {
		var urls []string
		for _, entry := range list(s) {
			u, err := parseWebURL(entry)
			if err != nil {
				return err
			}
			if slices.Contains(urls, u) {
				return errNotAllowed
			}
			urls = append(urls, u)
		}
		if urls == nil {
			return errNotAllowed
		}
		*field(c) = urls
		return nil
	}
	return v
}

func parseWebURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(s, "?#") {
		return "", errNotAllowed
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", errNotAllowed
		}
	}
	return strings.TrimRight(s, "/"), nil
}

// storeURL is a URL of one of the schemes, which may hold a password.
func storeURL(field func(*Config) *secret, schemes ...string) value {
	allowed := "a URL that begins with " + strings.Join(schemes, ":// or ") + "://"
	return value{kind: "url", allowed: allowed, mask: maskURL, private: true, set: func(c *Config, s string) error {
		u, err := url.Parse(s)
		if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" && u.Path == "" {
			return errNotAllowed
		}
		*field(c) = secret(s)
		return nil
	}}
}

// origins is a list of what a browser sends as Origin.
func origins(field func(*Config) *[]string) value {
	allowed := "origins such as https://example.com or http://localhost:3000, separated by commas"
	return value{kind: "origin,origin", allowed: allowed, set: func(c *Config, s string) error {
		var all []string
		for _, entry := range list(s) {
			base, err := parseWebURL(entry)
			if err != nil {
				return err
			}
			u, err := url.Parse(base)
			if err != nil || u.Path != "" || u.User != nil {
				return errNotAllowed
			}
			all = append(all, strings.ToLower(base)) // browsers send them so
		}
		*field(c) = all
		return nil
	}}
}

// proxies is a list of networks.
func proxies(field func(*Config) *[]netip.Prefix) value {
	allowed := "addresses or networks such as 10.0.0.0/8, separated by commas, loopback for this machine, or none"
	return value{kind: "network,network", allowed: allowed, set: func(c *Config, s string) error {
		var all []netip.Prefix
		for _, entry := range list(s) {
			switch entry {
			case "none":
				if len(list(s)) > 1 {
					return errNotAllowed
				}
				continue
			case "loopback":
				all = append(all, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
				continue
			}
			prefix, err := netip.ParsePrefix(entry)
			if err != nil {
				address, err := netip.ParseAddr(entry)
				if err != nil || address.Zone() != "" {
					return errNotAllowed
				}
				prefix = netip.PrefixFrom(address, address.BitLen())
			}
			all = append(all, prefix.Masked())
		}
		*field(c) = all
		return nil
	}}
}

// rateLimit is how often a client may ask. The zero value is no limit.
type rateLimit struct {
	PerSecond float64
	Burst     int // at least 1 unless there is no limit
}

// rate is a number a second, minute or hour, and how many may come at once.
func rate(field func(*Config) *rateLimit) value {
	allowed := `a rate such as "10/s, burst 50" or "100/m", or off`
	return value{kind: "rate", allowed: allowed, set: func(c *Config, s string) error {
		r, err := parseRate(s)
		if err != nil {
			return err
		}
		*field(c) = r
		return nil
	}}
}

// parseRate reads "10/s, burst 50". Without a burst it is what comes in a second, and
// at least one.
func parseRate(s string) (rateLimit, error) {
	if s == "off" {
		return rateLimit{}, nil
	}
	head, tail, hasBurst := strings.Cut(s, ",")
	count, per, ok := strings.Cut(strings.TrimSpace(head), "/")
	seconds, known := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
	n, err := strconv.ParseFloat(count, 64)
	if !ok || !known || err != nil || !(n > 0 && n <= 1e6) {
		return rateLimit{}, errNotAllowed
	}
	r := rateLimit{PerSecond: n / seconds, Burst: max(1, int(n/seconds))}
	if hasBurst {
		burst, ok := strings.CutPrefix(strings.TrimSpace(tail), "burst ")
		r.Burst, err = strconv.Atoi(strings.TrimSpace(burst))
		if !ok || err != nil || r.Burst < 1 || r.Burst > 1e6 {
			return rateLimit{}, errNotAllowed
		}
	}
	return r, nil
}

// urlPath is a path below a base URL, kept without the slashes at its ends.
func urlPath(field func(*Config) *string) value {
	return value{kind: "path", allowed: "a path without spaces, ? or #", set: func(c *Config, s string) error {
		if strings.ContainsAny(s, " ?#") || strings.Contains(s, "://") {
			return errNotAllowed
		}
		*field(c) = strings.Trim(s, "/")
		return nil
	}}
}

// list splits at commas and leaves out what is blank.
func list(s string) []string {
	var entries []string
	for _, entry := range strings.Split(s, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}
