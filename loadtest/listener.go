package loadtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// listener is one simulated listener with a WebSocket. Its run is the one goroutine that
// acts; a second one reads while there is a connection.
type listener struct {
	// Immutable.
	cfg     *Config
	rec     *recorder
	client  *http.Client
	begin   context.Context // ends when no more turns begin
	slow    bool
	gone    chan struct{}
	signals chan signal // many more than may wait at once

	// Owned by run.
	rand      *rand.Rand
	conn      *connection // nil while there is none
	line      int         // of the script, said next
	heard     time.Duration
	silent    time.Duration
	stuttered bool

	mu sync.Mutex
	// Guarded by mu:
	session   string
	last      uint64 // number of the last frame
	turnsLeft int    // of the session; negative: no limit
	turn      *turn  // nil before the first
}

// errGone says that the run is over for a listener.
var errGone = errors.New("the run is over")

func newListener(begin context.Context, n int, cfg *Config, rec *recorder, client *http.Client) *listener {
	r := rand.New(rand.NewPCG(cfg.Seed, uint64(n)))
	return &listener{
		cfg: cfg, rec: rec, client: client, begin: begin, gone: make(chan struct{}), signals: make(chan signal, 64),
		rand: r, slow: r.Float64() < cfg.Slow, line: n,
	}
}

// run is a listener's life, from its arrival on.
func (l *listener) run(ctx context.Context, arrival time.Time) {
	defer close(l.gone)
	if !sleepUntil(l.begin, arrival) || l.arrive(ctx, arrival) != nil {
		return
	}
	l.rec.connection(time.Now(), 1)
	defer func() { l.rec.connection(time.Now(), -1) }()
	defer l.leave()
	defer func() { l.rec.listener(l.heard, l.silent, l.stuttered) }()

	intended := l.firstQuestion(arrival)
	for n := 0; l.cfg.Turns == 0 || n < l.cfg.Turns; n++ {
		if l.think(intended) != nil {
			return
		}
		if l.exhausted() {
			l.leave()
			if l.arrive(ctx, time.Now()) != nil {
				return
			}
		}
		heard, err := l.take(ctx, intended)
		if err != nil {
			return
		}
		intended = l.nextQuestion(intended, heard)
	}
}

// firstQuestion is when the listener means to ask first.
func (l *listener) firstQuestion(arrival time.Time) time.Time {
	if l.cfg.Every > 0 {
		return arrival
	}
	return time.Now().Add(l.thinking())
}

func (l *listener) nextQuestion(last, heard time.Time) time.Time {
	if l.cfg.Every > 0 {
		return last.Add(l.cfg.Every)
	}
	return heard.Add(l.thinking())
}

func (l *listener) thinking() time.Duration {
	return time.Duration((0.5 + l.rand.Float64()) * float64(l.cfg.Think))
}

// think waits until the listener means to ask. A connection that is lost meanwhile is
// made again.
func (l *listener) think(until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return nil
		case <-l.begin.Done():
			return errGone
		case s := <-l.signals:
			if s.kind == signalLost && s.conn == l.conn {
				l.rec.fault(time.Now(), FaultLost)
				if err := l.resume(l.begin); err != nil {
					return err
				}
			}
		}
	}
}

// exhausted says whether the session has had all its turns.
func (l *listener) exhausted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turnsLeft == 0
}

// arrive opens a new session, and tries until the run ends.
func (l *listener) arrive(ctx context.Context, intended time.Time) error {
	l.mu.Lock()
	l.session, l.last, l.turn, l.turnsLeft = "", 0, nil, -1
	l.mu.Unlock()
	for {
		err := l.connect(ctx, "", 0)
		if err == nil {
			if err = l.admitted(intended); err == nil {
				return l.send(ctx, update(l.cfg))
			}
			l.conn.close()
			l.conn = nil
		}
		if errors.Is(err, errGone) || !sleepUntil(l.begin, time.Now().Add(retryAfter(err))) {
			return errGone
		}
	}
}

// admitted waits for the session, in the line if need be.
func (l *listener) admitted(intended time.Time) error {
	for {
		select {
		case s := <-l.signals:
			switch {
			case s.conn != l.conn:
			case s.kind == signalReady:
				now := time.Now()
				l.rec.wait(now, Admission, now.Sub(intended))
				return nil
			case s.kind == signalLost:
				l.rec.fault(time.Now(), FaultLost)
				return s.err
			}
		case <-l.begin.Done():
			return errGone
		}
	}
}

// refusal is a server's answer in place of a connection.
type refusal struct {
	status int
	after  time.Duration // before the next try
	err    error
}

func (r *refusal) Error() string { return r.err.Error() }

// retryAfter is how long to wait before the next try: what the server says, else a second.
func retryAfter(err error) time.Duration {
	var r *refusal
	if errors.As(err, &r) && r.after > 0 {
		return r.after
	}
	return time.Second
}

// connect dials and begins to read.
func (l *listener) connect(ctx context.Context, session string, last uint64) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Patience)
	defer cancel()
	header := http.Header{}
	if l.cfg.Token != "" {
		header.Set("Authorization", "Bearer "+l.cfg.Token)
	}
	ws, answer, err := websocket.Dial(ctx, l.cfg.socket(session, last), &websocket.DialOptions{ //nolint:bodyclose // the library closes it
		HTTPClient: l.client, HTTPHeader: header, Subprotocols: []string{"realtime"},
	})
	if err != nil {
		r := &refusal{err: err}
		fault := FaultConnect
		if answer != nil {
			r.status = answer.StatusCode
			if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
				r.after = time.Duration(seconds) * time.Second
			}
			if r.status == http.StatusServiceUnavailable {
				fault = FaultRefused
			}
		}
		l.rec.fault(time.Now(), fault)
		return r
	}
	ws.SetReadLimit(16 << 20)
	l.conn = &connection{ws: ws, done: make(chan struct{})}
	go l.read(l.conn) //nolint:gosec // it outlives the dialling; connection.close waits for it
	return nil
}

// resume comes back to the session after the connection has ended.
func (l *listener) resume(ctx context.Context) error {
	if l.conn != nil {
		l.conn.close()
		l.conn = nil
	}
	l.mu.Lock()
	session, last := l.session, l.last
	if l.turn != nil {
		l.turn.cutOff = true
	}
	l.mu.Unlock()
	for {
		begun := time.Now()
		err := l.connect(ctx, session, last)
		if err == nil {
			now := time.Now()
			l.rec.wait(now, Resumption, now.Sub(begun))
			return nil
		}
		if !sleepUntil(ctx, time.Now().Add(retryAfter(err))) {
			return errGone
		}
	}
}

// leave ends the session in good order.
func (l *listener) leave() {
	if l.conn == nil {
		return
	}
	_ = l.conn.ws.Close(websocket.StatusNormalClosure, "")
	l.conn.close()
	l.conn = nil
}

// send sends one event. A connection that breaks is noticed by whoever reads it.
func (l *listener) send(ctx context.Context, event []byte) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Patience)
	defer cancel()
	if l.conn == nil {
		return errGone
	}
	_ = l.conn.ws.Write(ctx, websocket.MessageText, event)
	return nil
}

// sleepUntil reports whether it came to that, rather than to ctx's end.
func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
