package llm

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"avatarforge/internal/tracing"
)

const (
	defaultFirstToken = 60 * time.Second
	defaultIdle       = 30 * time.Second
	defaultMaxTokens  = 512

	// controlTimeout bounds a request for a list or a version, which a server
	// answers from memory.
	controlTimeout = 10 * time.Second
	// maxControlBody bounds what such an answer may hold.
	maxControlBody = 8 << 20
	// maxErrorBody is how much of an error's body is read.
	maxErrorBody = 64 << 10
	// drainTime is how long a finished stream may take to end its body, so that its
	// connection can be used again. Servers take microseconds.
	drainTime = 100 * time.Millisecond
)

// upstream is what the kinds of server have in common: HTTP, timeouts, errors.
// Immutable after newUpstream.
type upstream struct {
	service    string // as in Error
	base       *url.URL
	apiKey     string
	client     *http.Client
	firstToken time.Duration
	idle       time.Duration
	retryDelay time.Duration
	// explain makes words for a refusal of a request for that model. It may change
	// the error's Kind and Message.
	explain func(e *Error, model string)
}

// upstreamConfig is the part of OllamaConfig, VLLMConfig and GeminiConfig that all have.
type upstreamConfig struct {
	service    string
	baseURL    string
	apiKey     string
	transport  http.RoundTripper
	firstToken time.Duration
	idle       time.Duration
	explain    func(e *Error, model string)
}

func newUpstream(cfg upstreamConfig) (*upstream, error) {
	base, err := url.Parse(cfg.baseURL)
	if err != nil {
		// The error of url.Parse repeats the URL, with the password in it.
		return nil, fmt.Errorf("%s: the base URL cannot be parsed", cfg.service)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("%s: the base URL %q must be http://host or https://host, with a port and a path if need be",
			cfg.service, base.Redacted())
	}
	u := &upstream{
		service:    cfg.service,
		base:       base,
		apiKey:     cfg.apiKey,
		firstToken: orDefault(cfg.firstToken, defaultFirstToken),
		idle:       orDefault(cfg.idle, defaultIdle),
		retryDelay: 250 * time.Millisecond,
		explain:    cfg.explain,
	}
	transport := cfg.transport
	if transport == nil {
		transport = newTransport()
	}
	u.client = &http.Client{
		Transport: tracing.Transport(transport),
		// A redirect would turn the POST into a GET and take the key elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return u, nil
}

// maxTokens is the bound of a reply. There always is one: without it a model that
// repeats itself goes on until its window is full.
func maxTokens(req Request) int {
	if req.MaxTokens <= 0 {
		return defaultMaxTokens
	}
	return req.MaxTokens
}

func orDefault[T comparable](value, instead T) T {
	var zero T
	if value == zero {
		return instead
	}
	return value
}

// newTransport makes one that keeps as many idle connections as there were streams
// at once, and asks for no compression, which would hold tokens back.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     90 * time.Second,
		DisableCompression:  true,
	}
}

// close gives up idle connections. Streams under way go on.
func (u *upstream) close() { u.client.CloseIdleConnections() }

// send makes one request and returns an answer of status 200; any other is an *Error.
func (u *upstream) send(ctx context.Context, method, path string, body []byte, model string) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.base.JoinPath(path).String(), reader)
	if err != nil {
		return nil, fmt.Errorf("%s: make a request: %w", u.service, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if u.apiKey != "" {
		req.Header.Set("Authorization", "Bearer "+u.apiKey)
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return nil, u.broken(ctx, err, KindUnreachable)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil && ctx.Err() != nil {
		return nil, u.broken(ctx, err, KindUpstreamFailed)
	}
	return nil, u.refusal(resp.StatusCode, text, model)
}

// refusal makes an error of an answer that is not a success.
func (u *upstream) refusal(status int, body []byte, model string) *Error {
	e := &Error{
		Kind:    kindOfStatus(status),
		Service: u.service,
		Status:  status,
		Message: u.presentable(errorText(body)),
	}
	if overflowing(e.Message) {
		e.Kind = KindContextOverflow
	}
	u.explain(e, model)
	return e
}

func kindOfStatus(status int) Kind {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return KindBusy
	case status >= 500, status == 499: // 499: Ollama was asked to stop
		return KindUpstreamFailed
	default:
		return KindRefused
	}
}

// midStream makes an error of one that a server put into its stream.
func (u *upstream) midStream(text string) *Error {
	e := &Error{Kind: KindUpstreamFailed, Service: u.service, Message: u.presentable(text)}
	if overflowing(e.Message) {
		e.Kind = KindContextOverflow
	}
	return e
}

// presentable takes the server's address and key out of its words.
func (u *upstream) presentable(text string) string {
	secrets := []string{u.apiKey}
	if u.base.Port() != "" || strings.Contains(u.base.Host, ".") {
		secrets = append(secrets, u.base.Host)
	}
	if host := u.base.Hostname(); strings.Contains(host, ".") {
		secrets = append(secrets, host)
	}
	if password, ok := u.base.User.Password(); ok {
		secrets = append(secrets, password)
	}
	return presentable(text, secrets...)
}

// broken makes an error of a connection that failed. What ended ctx comes first: our
// own timeouts, then the caller's reason, which is returned as it is.
func (u *upstream) broken(ctx context.Context, err error, kind Kind) error {
	if cause := context.Cause(ctx); cause != nil {
		switch {
		case errors.Is(cause, errFirstToken):
			return &Error{Kind: KindFirstTokenTimeout, Service: u.service, Message: "nothing came within " + u.firstToken.String()}
		case errors.Is(cause, errIdle):
			return &Error{Kind: KindIdleTimeout, Service: u.service, Message: "nothing more came within " + u.idle.String()}
		case errors.Is(cause, errNoAnswer):
			return &Error{Kind: KindUnreachable, Service: u.service, Message: "no answer within " + controlTimeout.String()}
		default:
			return fmt.Errorf("%s: %w", u.service, cause)
		}
	}
	var known *Error
	if errors.As(err, &known) {
		return known // without what an HTTP client puts around it, the URL
	}
	e := &Error{Kind: kind, Service: u.service, cause: err}
	var (
		dns  *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Message = "connection refused"
	case errors.As(err, &dns):
		e.Message = "its host name is not known"
	case errors.As(err, &cert):
		e.Message = "its certificate is not trusted"
	case errors.As(err, &op) && op.Op == "dial":
		e.Message = "no connection to it"
	case errors.Is(err, errLineTooLong):
		e.Kind = KindUpstreamFailed
		e.Message = err.Error()
	case kind != KindUnreachable:
		e.Message = "the connection broke before the reply's end"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		e.Kind = KindUpstreamFailed
		e.Message = "it closed the connection without an answer"
	default:
		e.Message = "it does not answer in HTTP as it should"
	}
	return e
}

// sendTwice is send with a second try, after a moment, where the first one cannot
// have begun a generation: the connection was refused, or the server was busy.
func (u *upstream) sendTwice(ctx context.Context, path string, body []byte, model string) (*http.Response, error) {
	resp, err := u.send(ctx, http.MethodPost, path, body, model)
	if err == nil || !unbegun(err) {
		return resp, err
	}
	if err := u.breathe(ctx, err); err != nil {
		return nil, err
	}
	return u.send(ctx, http.MethodPost, path, body, model)
}

// unbegun says that the request which failed like that cannot have begun a generation.
func unbegun(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || isStatus(err, http.StatusServiceUnavailable)
}

// breathe waits for the moment between a try that failed with err and the next, or says
// why there is no time for one.
func (u *upstream) breathe(ctx context.Context, err error) error {
	// The half that varies keeps those who were turned away together apart.
	delay := u.retryDelay/2 + rand.N(u.retryDelay)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < delay {
		return err
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return u.broken(ctx, err, KindUnreachable)
	}
}

func isStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

// decoder turns a stream's bytes into deltas. It calls resume on the stream's watch
// for what it passes over, a thought for instance.
type decoder interface {
	next() (Delta, error)
}

// stream sends a request and yields what comes. See Model.Stream for its contract.
func (u *upstream) stream(ctx context.Context, path, model string, payload any, decode func(io.Reader, *watch) decoder) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		body, err := json.Marshal(payload)
		if err != nil {
			yield(Delta{}, fmt.Errorf("%s: encode the request: %w", u.service, err))
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil) // also ends the request upstream
		clock := newWatch(cancel, u.firstToken, u.idle)
		defer clock.pause()
		resp, err := u.sendTwice(ctx, path, body, model)
		if err != nil {
			clock.pause()
			yield(Delta{}, unquoted(err, string(body)))
			return
		}
		defer func() { _ = resp.Body.Close() }()

		frames := decode(resp.Body, clock)
		for {
			delta, err := frames.next()
			clock.pause()
			if err != nil {
				yield(Delta{}, unquoted(u.broken(ctx, err, KindTruncated), string(body)))
				return
			}
			goOn := yield(delta, nil)
			if delta.Finish != "" {
				drain(resp.Body, cancel)
				return
			}
			if !goOn {
				return
			}
			clock.resume()
		}
	}
}

// drain reads a finished stream to its end, so that its connection can be used again,
// unless that takes long.
func drain(body io.Reader, cancel context.CancelCauseFunc) {
	timer := time.AfterFunc(drainTime, func() { cancel(nil) })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, body, maxErrorBody)
}

// truncated is the error of a stream that ended well before its reply did.
func (u *upstream) truncated() *Error {
	return &Error{Kind: KindTruncated, Service: u.service, Message: "the stream ended before the reply's end"}
}

// malformed is the error of something that is no part of such a stream.
func (u *upstream) malformed(err error) *Error {
	return &Error{Kind: KindUpstreamFailed, Service: u.service, Message: "it sent something that is not a part of a reply", cause: err}
}

// ask makes a control request and decodes the JSON that answers it. A nil in makes it
// a GET, a nil out ignores the answer.
func (u *upstream) ask(ctx context.Context, path, model string, in, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, controlTimeout, errNoAnswer)
	defer cancel()
	return u.exchange(ctx, path, model, in, out)
}

// exchange is ask without a bound on the time.
func (u *upstream) exchange(ctx context.Context, path, model string, in, out any) error {
	method, body := http.MethodGet, []byte(nil)
	if in != nil {
		method = http.MethodPost
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%s: encode the request: %w", u.service, err)
		}
	}
	resp, err := u.send(ctx, method, path, body, model)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxControlBody))
	if err != nil {
		return u.broken(ctx, err, KindUpstreamFailed)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &Error{Kind: KindUpstreamFailed, Service: u.service, Message: "it answered with something else than expected; is the base URL right?", cause: err}
	}
	return nil
}
