package llm

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Kind says what went wrong with an LLM server, see KindOf.
type Kind string

// What can go wrong.
const (
	// KindModelNotFound: the server does not have the model.
	KindModelNotFound Kind = "model not found"
	// KindRefused: the server takes the request for wrong, or the key.
	KindRefused Kind = "request refused"
	// KindBusy: the server takes no more requests for the moment.
	KindBusy Kind = "busy"
	// KindContextOverflow: prompt and reply do not fit the context window.
	KindContextOverflow Kind = "context window exceeded"
	// KindUpstreamFailed: the server gave up, before the reply or in the middle.
	KindUpstreamFailed Kind = "failed"
	// KindTruncated: the reply broke off without its end and without an error.
	KindTruncated Kind = "reply broke off"
	// KindFirstTokenTimeout: nothing came within the FirstTokenTimeout.
	KindFirstTokenTimeout Kind = "no token in time"
	// KindIdleTimeout: nothing more came within the IdleTimeout.
	KindIdleTimeout Kind = "stalled"
	// KindUnreachable: there is no connection to the server.
	KindUnreachable Kind = "unreachable"

	// These are Gemini's alone, the others tell no difference between them.

	// KindBlocked: what was asked, or what was written, is not allowed there.
	KindBlocked Kind = "blocked"
	// KindEmpty: the reply came to its end and there is nothing in it.
	KindEmpty Kind = "nothing was written"
	// KindRateLimited: the key has used up what it may for now, see Error.RetryAfter.
	KindRateLimited Kind = "rate limited"
	// KindKeyRefused: the key is missing, wrong or not good for this.
	KindKeyRefused Kind = "key refused"
)

// Error is a failure of an LLM server. Its text is fit to be shown to a client: it
// names the service and the reason, and neither an address nor a key. The cause that
// it unwraps to may hold an address and belongs in a log only.
type Error struct {
	Kind Kind
	// Service is "ollama", "vllm" or "gemini".
	Service string
	// Status is the HTTP status of a refusal; zero means that there was none.
	Status int
	// Message is the reason, often in the server's own words; it may be empty.
	Message string
	// RetryAfter is how long the server asks to be left alone; zero means that it did
	// not say.
	RetryAfter time.Duration

	cause error
}

// Error says which service failed, how and why.
func (e *Error) Error() string {
	text := e.Service + ": " + string(e.Kind)
	if e.Status != 0 {
		text += " (status " + strconv.Itoa(e.Status) + ")"
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Unwrap returns the cause, syscall.ECONNREFUSED for instance, or nil.
func (e *Error) Unwrap() error { return e.cause }

// KindOf returns the Kind of the *Error in err's chain, or "" if there is none: a
// cancelled request is no failure of the server.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// maxErrorDepth bounds how many layers of JSON an error text is unwrapped from:
// Ollama passes the error of its llama-server on as a string with JSON in it.
const maxErrorDepth = 8

// errorText finds the human words in an error as servers send it: a string, a string
// with JSON in it, {"error": …}, {"message": …} or {"detail": …}. It returns "" if
// there are none.
func errorText(raw []byte) string {
	return strings.TrimSpace(errorTextAt(raw, 0))
}

func errorTextAt(raw []byte, depth int) string {
	if depth == maxErrorDepth {
		return ""
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if inner := errorTextAt([]byte(text), depth+1); inner != "" {
			return inner
		}
		return text
	}
	var object struct {
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(raw, &object) != nil {
		return ""
	}
	for _, field := range []json.RawMessage{object.Error, object.Message, object.Detail} {
		if text := errorTextAt(field, depth+1); text != "" {
			return text
		}
	}
	return ""
}

const maxErrorRunes = 300

var (
	addressPattern = regexp.MustCompile(`(?i)` +
		`[a-z][a-z0-9+.-]*://[^\s"'<>]+` + // a URL
		`|\[[0-9a-f:.]*:[0-9a-f:.]*\](:\d+)?` + // an IPv6 address in brackets
		`|\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b` + // an IPv4 address
		`|\blocalhost(:\d+)?\b` +
		`|\b[a-z0-9-]+(\.[a-z0-9-]+)*:\d{2,5}\b`) // a host with its port
	credentialPattern = regexp.MustCompile(`(?i:\bbearer)\s+\S+|\bBasic\s+\S+`) // as the header has them
)

const redacted = "[redacted]"

// presentable makes a server's own words fit to be shown: on one line, not long,
// without addresses and without the secrets given.
func presentable(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, redacted)
		}
	}
	text = credentialPattern.ReplaceAllString(text, redacted)
	text = addressPattern.ReplaceAllString(text, redacted)
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > maxErrorRunes {
		text = string([]rune(text)[:maxErrorRunes]) + "…"
	}
	return text
}

// overflowing says that an error text speaks of the context window.
func overflowing(text string) bool {
	text = strings.ToLower(text)
	for _, sign := range []string{
		"context length", "exceed_context_size", "context size", "context window",
		"maximum context", "max_model_len",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
