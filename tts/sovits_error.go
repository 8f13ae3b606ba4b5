package tts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// ErrorKind says what went wrong with a synthesis. Its values serve as metric labels.
type ErrorKind string

const (
	// ErrorRefused is a request that the server will not take, now or later: a language
	// it does not know, a reference that is not there, a text with nothing to say.
	ErrorRefused ErrorKind = "refused"
	// ErrorUnreachable is a server that cannot be connected to, that ended the
	// connection before an answer, or in whose place a proxy answered 5xx or 429.
	ErrorUnreachable ErrorKind = "unreachable"
	// ErrorTimeout is no sound in time, at the beginning or in the middle.
	ErrorTimeout ErrorKind = "timeout"
	// ErrorTruncated is a connection that broke before the end. A reference that is
	// missing or not 3 to 10 s long looks the same in streaming modes.
	ErrorTruncated ErrorKind = "truncated"
	// ErrorSilent is an answer without any sound: no bytes, or the silence that the
	// server sends in place of an error.
	ErrorSilent ErrorKind = "silent"
	// ErrorImplausible is far too much or too little sound for the text: the model
	// repeated itself or swallowed most of it.
	ErrorImplausible ErrorKind = "implausible"
	// ErrorMalformed is an answer that is no 16-bit mono WAV: something other than
	// GPT-SoVITS is there.
	ErrorMalformed ErrorKind = "malformed"
)

// Error is a synthesis, or a probe, that failed.
type Error struct {
	Kind ErrorKind
	// Server is the server's host and port. Error does not show it, since the text may
	// reach users; LogValue does.
	Server string
	// Status is the HTTP status, 0 if there was none.
	Status int
	// Err is the cause; its text may name hosts and files. It may be nil.
	Err error
}

// Error tells what happened without naming hosts or files.
func (e *Error) Error() string {
	text := "speech synthesis failed"
	switch e.Kind {
	case ErrorRefused:
		text = "speech server refused the request"
	case ErrorUnreachable:
		text = "speech server unreachable"
	case ErrorTimeout:
		text = "speech server took too long"
	case ErrorTruncated:
		text = "speech broke off"
	case ErrorSilent:
		text = "speech server sent silence"
	case ErrorImplausible:
		text = "speech does not fit its text"
	case ErrorMalformed:
		text = "speech server sent something other than speech"
	}
	if e.Status != 0 && e.Status != http.StatusOK {
		return fmt.Sprintf("%s (status %d)", text, e.Status)
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// LogValue shows everything to the operator.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("kind", string(e.Kind)), slog.String("server", e.Server), slog.Int("status", e.Status),
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	return slog.GroupValue(attrs...)
}

// Temporary reports whether another attempt may succeed, on this server or on another
// one. After ErrorImplausible it should be made with another seed.
func (e *Error) Temporary() bool {
	return e.Kind != ErrorRefused && e.Kind != ErrorMalformed
}

func (c *SoVITS) error(kind ErrorKind, status int, err error) *Error {
	return &Error{Kind: kind, Server: c.server, Status: status, Err: err}
}

// transportError explains an error of net/http: by the end of the caller's context, by
// our own timeout, or as kind.
func (c *SoVITS) transportError(ctx context.Context, err error, kind ErrorKind) error {
	if ctx.Err() == nil {
		return c.error(kind, 0, err)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, errTimeout) {
		return fmt.Errorf("speech request ended: %w", cause)
	}
	return c.error(ErrorTimeout, 0, errTimeout)
}

// statusError explains an answer other than 200. It reads the message in the body and
// leaves closing to the caller.
func (c *SoVITS) statusError(resp *http.Response) *Error {
	message, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	kind := ErrorRefused
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		kind = ErrorUnreachable
	}
	return c.error(kind, resp.StatusCode, errors.New(strings.TrimSpace(string(message))))
}
