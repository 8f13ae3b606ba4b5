package tts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"avatarforge/internal/tracing"
)

// SoVITSConfig says where a GPT-SoVITS server is and how long it may take. Only BaseURL
// must be given.
type SoVITSConfig struct {
	// BaseURL is the server's, "http://localhost:9880" for instance. It may have a path.
	BaseURL string
	// APIPath is where it synthesises, below BaseURL; empty means "tts".
	APIPath string
	// Timeout is how long the server may take to the first sample, and again from one
	// piece of sound to the next; zero means 30 s. Time that the caller takes over a
	// chunk does not count.
	Timeout time.Duration
	// WeightsTimeout is how long it may take to load a voice's weights; zero means two
	// minutes.
	WeightsTimeout time.Duration
	// HTTPClient makes the requests; nil means one made for this server: no proxy, no
	// compression, and connections kept no longer than the server keeps them.
	HTTPClient *http.Client
	// Log gets what an operator should know; nil means nothing is logged.
	Log *slog.Logger
}

const (
	defaultTimeout        = 30 * time.Second
	defaultWeightsTimeout = 2 * time.Minute
	probeTimeout          = 5 * time.Second

	// A first piece is passed on as soon as it holds this much: net/http fills a buffer
	// up to the end of a transfer chunk, and one of the server's is 40 KB. The size is
	// 32 ms of sound at 32,000 Hz.
	firstReadBytes = 2 << 10
	readBytes      = 16 << 10
)

// SoVITS is a client for one GPT-SoVITS server that runs api_v2.py. It implements
// Synthesizer. All methods may be called from several goroutines at once, but the
// server has one pipeline and no lock: two syntheses under way on it can mix their
// voices and corrupt both. Keeping to one is the caller's task, and so is SettleTime.
type SoVITS struct {
	// Immutable after NewSoVITS.
	server         string // host and port, for logs
	base           *url.URL
	ttsURL         string
	timeout        time.Duration
	weightsTimeout time.Duration
	http           *http.Client
	log            *slog.Logger
	buffers        sync.Pool // of *soundBuffers

	mu sync.Mutex
	// boolModes is set once the server has shown that it knows streaming_mode as a
	// boolean only. It is never asked again: a new release means a restart of ours.
	boolModes bool
	// gptWeights and sovitsWeights were last loaded by this client; empty when unknown.
	gptWeights, sovitsWeights string
	pace                      pace
	settled                   time.Time // when the server is done with what was given up
	inFlight                  int
	lastSuccess               time.Time
	lastErr                   error // of the latest synthesis that ended; nil if it succeeded
}

var _ Synthesizer = (*SoVITS)(nil)

// soundBuffers are what a synthesis reads into and passes on from.
type soundBuffers struct {
	in  [readBytes]byte
	out []byte
}

// NewSoVITS returns a client. It makes no request; an error means that BaseURL is no
// HTTP URL.
func NewSoVITS(cfg SoVITSConfig) (*SoVITS, error) {
	base, err := url.Parse(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("GPT-SoVITS base URL: %w", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("GPT-SoVITS base URL %q: want http://host:port", cfg.BaseURL)
	}
	if cfg.APIPath == "" {
		cfg.APIPath = "tts"
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.WeightsTimeout <= 0 {
		cfg.WeightsTimeout = defaultWeightsTimeout
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Transport: newSoVITSTransport()}
	}
	client := *cfg.HTTPClient
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = tracing.Transport(client.Transport)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &SoVITS{
		server:         base.Host,
		base:           base,
		ttsURL:         base.JoinPath(cfg.APIPath).String(),
		timeout:        cfg.Timeout,
		weightsTimeout: cfg.WeightsTimeout,
		http:           &client,
		log:            cfg.Log.With(slog.String("tts_server", base.Host)),
		buffers:        sync.Pool{New: func() any { return new(soundBuffers) }},
	}, nil
}

func newSoVITSTransport() *http.Transport {
	return &http.Transport{
		// The server is ours and near; an environment's proxy would only buffer.
		Proxy:               nil,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		DisableCompression:  true,
		MaxIdleConnsPerHost: 2,
		// uvicorn closes an idle connection after 5 s; a request sent at that moment
		// would be lost.
		IdleConnTimeout: 4 * time.Second,
	}
}

// Close closes idle connections. The client can still be used.
func (c *SoVITS) Close() { c.http.CloseIdleConnections() }

// Synthesize implements Synthesizer. Its errors are *Error, or wrap context.Cause(ctx)
// when ctx ended. What was yielded before an error is good sound; before an
// ErrorImplausible it is as much as the text can plausibly take, or all of too little.
func (c *SoVITS) Synthesize(ctx context.Context, req Request) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		err := c.synthesize(ctx, req, func(chunk Chunk) bool { return yield(chunk, nil) })
		if err != nil && !errors.Is(err, errLeft) {
			yield(Chunk{}, err)
		}
	}
}

func (c *SoVITS) synthesize(ctx context.Context, req Request, emit func(Chunk) bool) (err error) {
	if req.Encoding != PCM {
		// As a whole, a server that cannot encode says so; in pieces it breaks the
		// connection, and each piece is a file of its own with a seam to the next.
		req.StreamingMode = 0
	}
	s := &synthesis{c: c, req: req, phase: time.Now()}
	c.begin(s)
	err = errLeft // what it is if the caller's loop panics
	defer func() { c.end(s, err) }()
	return s.run(ctx, emit)
}

// errLeft is the end of a synthesis whose caller has left the loop.
var errLeft = errors.New("the caller has left")

// errTimeout is the cause with which a synthesis ends its own context.
var errTimeout = errors.New("no sound in time")

func (c *SoVITS) begin(s *synthesis) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight++
	c.pace.begin(s)
}

func (c *SoVITS) end(s *synthesis, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	now := time.Now()
	if s.gaveUp {
		c.settled = now.Add(c.pace.rest(s, now.Sub(s.phase)))
	}
	var failure *Error
	switch {
	case err == nil:
		c.lastSuccess, c.lastErr = now, nil
	case errors.As(err, &failure) && failure.Kind != ErrorRefused:
		c.lastErr = err
		if failure.Kind == ErrorUnreachable {
			// Another process may answer next, with other weights.
			c.gptWeights, c.sovitsWeights = "", ""
		}
	case failure == nil && s.heard: // given up, but the server was well
		c.lastErr = nil
	}
}

// SettleTime is how long the server is probably still at work on a synthesis that was
// given up: it notices that a client has left only when its chunk is done, in mode 0
// not at all. A request sent earlier overlaps with that work. It is 0 after syntheses
// that ended by themselves, and otherwise the most that can be expected of how slow the
// server was.
func (c *SoVITS) SettleTime() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, time.Until(c.settled))
}

// Busy reports whether a synthesis is under way.
func (c *SoVITS) Busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inFlight > 0
}

// LastSuccess returns when a synthesis last ended well; the zero time means never.
func (c *SoVITS) LastSuccess() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastSuccess
}

// Probe reports whether the server answers. There is no health endpoint, and what there
// is hangs while mode 0 is at work: so a server that is busy, or settling, is judged by
// how its last synthesis ended.
func (c *SoVITS) Probe(ctx context.Context) error {
	c.mu.Lock()
	busy, lastErr := c.inFlight > 0 || time.Now().Before(c.settled), c.lastErr
	c.mu.Unlock()
	if busy {
		return lastErr
	}
	return c.get(ctx, probeTimeout, c.base.JoinPath("openapi.json"))
}

// get makes a request of which only the status counts.
func (c *SoVITS) get(ctx context.Context, timeout time.Duration, u *url.URL) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("GET %s: %w", u.Path, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.transportError(ctx, err, ErrorUnreachable)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return c.statusError(resp)
	}
	// Read to the end, so that the connection can be used again.
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return c.transportError(ctx, err, ErrorTruncated)
	}
	return nil
}
