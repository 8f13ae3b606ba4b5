package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"avatarforge/auth"
	"avatarforge/realtime"
	"avatarforge/session"
)

// Client events that a connection may send: 50 a second, in bursts of 100.
const (
	eventRate  = 50
	eventBurst = 100
)

// writeBatch is how many frames the writer takes from the session at once.
const writeBatch = 16

// conn is one WebSocket: a listener of one session. Two goroutines serve it, read and
// write; the first to end brings the other down, and serve returns when both have.
type conn struct {
	// Immutable after newConn.
	srv     *Server
	ws      *websocket.Conn
	net     *frameConn
	session *session.Session
	att     *session.Attachment
	login   auth.Claims     // by which it was opened; without an id for nobody's
	leaving <-chan struct{} // closed when the instance that the client came to goes away; nil where that is this one
	log     *slog.Logger

	// Owned by read.
	limiter *rate.Limiter
	buf     []byte // of the frame being read

	written atomic.Uint64 // frames
	writing atomic.Bool   // whether one is on its way

	once   sync.Once
	ending session.Ending // set once, by end
}

func newConn(s *Server, ws *websocket.Conn, nc *frameConn, sess *session.Session, att *session.Attachment, login auth.Claims) *conn {
	ws.SetReadLimit(realtime.MaxFrameBytes)
	c := &conn{
		srv: s, ws: ws, net: nc, session: sess, att: att, login: login,
		log:     s.log.With(slog.String("session", sess.ID())),
		limiter: rate.NewLimiter(eventRate, eventBurst),
	}
	if peer, ok := nc.Conn.(PeerConn); ok {
		c.leaving = peer.Leaving()
	}
	return c
}

// serve runs the connection until it is over.
func (c *conn) serve() {
	c.srv.metrics.connections.Inc()
	defer c.srv.metrics.connections.Dec()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	var reader sync.WaitGroup
	reader.Go(func() {
		if c.read() {
			cancel() // ends write
		}
	})
	if c.leaving != nil {
		reader.Go(func() {
			select {
			case <-c.leaving:
				c.end(session.Ending{Code: realtime.CloseGoingAway, Reason: "the server is going away"})
				cancel()
			case <-ctx.Done():
			}
		})
	}
	stopPing := c.startPing(ctx)
	c.write(ctx)
	cancel()
	stopPing()
	c.close()
	reader.Wait()
}

// read hands the client's events to the session until the connection ends. lost is false
// where the session has ended instead: its last frames are still to be written.
func (c *conn) read() (lost bool) {
	for {
		// A context that cannot end costs no timer; the connection's close ends the call.
		kind, r, err := c.ws.Reader(context.Background())
		if err == nil {
			c.buf, err = readAll(r, c.buf[:0])
		}
		if err != nil {
			c.readEnded(err)
			return true
		}
		if err := c.take(kind, c.buf); err != nil {
			return false
		}
	}
}

// take hands one frame to the session. The error is the session's end.
func (c *conn) take(kind websocket.MessageType, data []byte) error {
	ctx := context.Background()
	if !c.limiter.Allow() {
		c.srv.metrics.eventsIn.WithLabelValues(string(eventLimited)).Inc()
		return c.session.Report(ctx, &realtime.Error{
			Type: realtime.RateLimitError, Code: realtime.CodeRateLimit, EventID: eventID(data),
			Message: fmt.Sprintf("A client may send %d events a second, in bursts of %d; this one was dropped.", eventRate, eventBurst),
		})
	}
	var bad *realtime.Error
	var event realtime.ClientEvent
	if kind == websocket.MessageText {
		event, bad = realtime.DecodeClient(data)
	} else {
		bad = realtime.Invalid(realtime.CodeUnsupported, "", "Binary frames are not taken from clients; send JSON text.")
	}
	if bad != nil {
		c.srv.metrics.eventsIn.WithLabelValues(string(eventRefused)).Inc()
		return c.session.Report(ctx, bad)
	}
	c.srv.metrics.eventsIn.WithLabelValues(string(eventTaken)).Inc()
	return c.session.Do(ctx, event)
}

// eventID is the client's own name for an event that is not taken up.
func eventID(data []byte) string {
	event, bad := realtime.DecodeClient(data)
	if bad != nil {
		return bad.EventID
	}
	return event.ID()
}

// readEnded says what the end of reading means for the session.
func (c *conn) readEnded(err error) {
	switch code := websocket.CloseStatus(err); {
	case code == websocket.StatusNormalClosure:
		// The client is done: its slot is for somebody else, at once.
		c.end(session.Ending{Code: realtime.CloseNormal, Reason: "the client closed"})
		c.session.End(session.Ending{Code: realtime.CloseNormal, Reason: "the client closed"})
	case errors.Is(err, websocket.ErrMessageTooBig):
		c.end(session.Ending{Code: realtime.CloseTooBig, Reason: fmt.Sprintf("a frame may have %d bytes at most", realtime.MaxFrameBytes)})
	default:
		c.end(session.Ending{Reason: "the connection was lost"})
	}
}

// write sends the session's frames until the attachment is over, the connection breaks,
// or ctx ends.
func (c *conn) write(ctx context.Context) {
	frames := make([]session.Frame, 0, writeBatch)
	m := c.srv.metrics
	text, binary := m.framesOut.WithLabelValues(string(frameText)), m.framesOut.WithLabelValues(string(frameBinary))
	defer c.net.more.Store(false) // the closing frame is the last
	for {
		var ok bool
		if frames, ok = c.att.Next(ctx, frames); !ok {
			if ctx.Err() == nil {
				c.end(c.att.Ending())
			}
			return
		}
		for i, f := range frames {
			c.net.more.Store(i < len(frames)-1)
			kind := websocket.MessageText
			if f.Binary {
				kind = websocket.MessageBinary
				binary.Inc()
			} else {
				text.Inc()
			}
			m.bytesOut.Add(float64(len(f.Data)))
			c.writing.Store(true)
			if err := c.ws.Write(context.Background(), kind, f.Data); err != nil {
				c.end(session.Ending{Reason: "the listener stopped reading"})
				return
			}
			c.writing.Store(false)
			c.written.Add(1)
		}
	}
}

// startPing looks now and then whether the client is still there, and still logged in. stop
// ends that, once ctx has ended, and waits for a ping under way.
func (c *conn) startPing(ctx context.Context) (stop func()) {
	var (
		mu      sync.Mutex // so that the timer is not set again after stop
		timer   *time.Timer
		pending sync.WaitGroup // done when the timer will not be set again
	)
	every, patience := c.srv.cfg.PingInterval, c.srv.cfg.WriteTimeout
	pending.Add(1)
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(every, func() {
		answered := c.stillIn(ctx, patience) && c.ping(ctx, patience)
		mu.Lock()
		defer mu.Unlock()
		if answered && ctx.Err() == nil {
			timer.Reset(every)
			return
		}
		pending.Done()
	})
	return func() {
		mu.Lock()
		if timer.Stop() {
			pending.Done()
		}
		mu.Unlock()
		pending.Wait()
	}
}

// loggedOut is how a connection ends whose login is over: the session waits, for whoever
// logs in again.
var loggedOut = session.Ending{Code: realtime.ClosePolicyViolation, Reason: "the login is over: log in again, and resume"}

// stillIn says whether the login that the connection was opened with still counts, and ends
// the connection where it does not. What cannot be found out changes nothing.
func (c *conn) stillIn(ctx context.Context, patience time.Duration) bool {
	if c.login.ID == "" {
		return true
	}
	timed, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := c.srv.valid(timed, c.login)
	if !errors.Is(err, auth.ErrInvalid) {
		return true
	}
	c.session.Detach(c.att, loggedOut) // which ends write
	return false
}

// ping waits for the client's answer, and gives the connection up where none comes.
func (c *conn) ping(ctx context.Context, patience time.Duration) (answered bool) {
	timed, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before := c.written.Load()
	if c.ws.Ping(timed) == nil {
		return true
	}
	if c.written.Load() != before || c.writing.Load() {
		return true // it takes what is sent, slowly: the ping waits behind that, and the write has its own deadline
	}
	if ctx.Err() == nil {
		c.end(session.Ending{Reason: "the client answered no ping"})
		c.net.Close()
	}
	return false
}

// end notes why the connection ends; the first reason counts.
func (c *conn) end(e session.Ending) {
	c.once.Do(func() { c.ending = e })
}

// close detaches from the session and closes the WebSocket, in a way that fits the
// reason.
func (c *conn) close() {
	c.end(session.Ending{Reason: "the connection was lost"})
	c.session.Detach(c.att, c.ending)
	c.srv.metrics.closes.WithLabelValues(strconv.Itoa(int(c.ending.Code))).Inc()
	c.log.Debug("connection closed", slog.Int("code", int(c.ending.Code)), slog.String("reason", c.ending.Reason))
	if c.ending.Code == 0 {
		c.ws.CloseNow() //nolint:errcheck // it is over either way
		return
	}
	// The peer's answer is waited for, but not for long.
	if err := c.net.SetDeadline(time.Now().Add(c.srv.cfg.WriteTimeout)); err == nil {
		c.ws.Close(websocket.StatusCode(c.ending.Code), c.ending.Reason)
	}
	c.ws.CloseNow() //nolint:errcheck // the same
}

// readAll is io.ReadAll into a buffer that is used again.
func readAll(r io.Reader, buf []byte) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
