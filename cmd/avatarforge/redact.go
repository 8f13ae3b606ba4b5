package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// leastSecret is from how many bytes on a secret is looked for: what is shorter stands in
// half of all words.
const leastSecret = 6

// redactor takes the configuration's secrets out of texts: errors can repeat what a server was
// sent, and servers do in theirs.
type redactor struct{ *strings.Replacer }

// newRedactor knows the secrets that cfg has, in all the ways in which they travel.
func newRedactor(cfg *Config) redactor {
	var pairs []string
	add := func(text string) {
		for _, form := range []string{text, url.QueryEscape(text), url.PathEscape(text)} {
			if len(form) >= leastSecret {
				pairs = append(pairs, form, stars)
			}
		}
	}
	for _, s := range []secret{cfg.Auth.JWTSecret, cfg.Auth.GoogleClientSecret, cfg.Gemini.APIKey} {
		add(string(s))
	}
	for _, address := range append([]string{
		string(cfg.Storage.DatabaseURL), string(cfg.Storage.RedisURL), string(cfg.Storage.BlobURL),
		cfg.LLM.OllamaBaseURL, cfg.LLM.VLLMBaseURL, cfg.Avatar.Gen3DBaseURL, cfg.Avatar.StyleBaseURL,
		cfg.Gemini.Endpoint, cfg.Auth.OIDCIssuerURL, cfg.Telemetry.OTLPEndpoint,
	}, cfg.TTS.BaseURLs...) {
		u, err := url.Parse(address)
		if err != nil {
			continue // it was refused
		}
		if password, has := u.User.Password(); has {
			name := u.User.Username()
			add(base64.StdEncoding.EncodeToString([]byte(name + ":" + password))) // as HTTP sends both
			add(password)
			if u.Scheme == "s3" {
				add(name) // the key's id goes with every request
			}
		}
		for name, values := range u.Query() {
			if looksSecret(name) {
				for _, v := range values {
					add(v)
				}
			}
		}
	}
	return redactor{strings.NewReplacer(pairs...)}
}

// fail is an error without secrets. One that has none stays as it is.
func (h redactor) fail(err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); h.Replace(text) != text {
		return errors.New(h.Replace(text))
	}
	return err
}

// log is a log without secrets.
func (h redactor) log(to *slog.Logger) *slog.Logger {
	return slog.New(redacted{to.Handler(), h})
}

// redacted is a log's handler that is told no secrets.
type redacted struct {
	slog.Handler
	redactor redactor
}

// Handle implements slog.Handler.
func (h redacted) Handle(ctx context.Context, r slog.Record) error {
	quiet := slog.NewRecord(r.Time, r.Level, h.redactor.Replace(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		quiet.AddAttrs(h.redactor.attr(a))
		return true
	})
	return h.Handler.Handle(ctx, quiet)
}

// WithAttrs implements slog.Handler.
func (h redacted) WithAttrs(attrs []slog.Attr) slog.Handler {
	quiet := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		quiet[i] = h.redactor.attr(a)
	}
	return redacted{h.Handler.WithAttrs(quiet), h.redactor}
}

// WithGroup implements slog.Handler.
func (h redacted) WithGroup(name string) slog.Handler {
	return redacted{h.Handler.WithGroup(name), h.redactor}
}

func (h redactor) attr(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(h.Replace(a.Value.String()))
	case slog.KindGroup:
		group := a.Value.Group()
		quiet := make([]slog.Attr, len(group))
		for i, in := range group {
			quiet[i] = h.attr(in)
		}
		a.Value = slog.GroupValue(quiet...)
	case slog.KindAny:
		if text := fmt.Sprint(a.Value.Any()); h.Replace(text) != text {
			a.Value = slog.StringValue(h.Replace(text))
		}
	default: // numbers and times
	}
	return a
}
