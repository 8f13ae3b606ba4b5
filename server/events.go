package server

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// eventPulse is how long a stream of events may be silent: some proxies close one after
// 30 s.
const eventPulse = 15 * time.Second

// eventName is what an event of a stream is called.
type eventName string

// eventStream writes server-sent events to a client, each at once. Owned by the request's
// goroutine.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration // for an event to leave
	leave   context.CancelFunc
	buf     bytes.Buffer
}

func newEventStream(w http.ResponseWriter, timeout time.Duration) *eventStream {
	return &eventStream{w: w, control: http.NewResponseController(w), timeout: timeout, leave: func() {}}
}

// begin sends the headers. The context that it returns ends when the client is gone, or
// does not read.
func (e *eventStream) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, e.leave = context.WithCancel(ctx)
	h := e.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold it back until it is whole
	e.w.WriteHeader(http.StatusOK)
	e.flush()
	return ctx, e.leave
}

// send sends an event. Data is JSON, on one line.
func (e *eventStream) send(name eventName, data any) {
	e.buf.Reset()
	e.buf.WriteString("event: " + string(name) + "\ndata: ")
	encoder := json.NewEncoder(&e.buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(data); err != nil {
		e.leave()
		return
	}
	e.buf.WriteByte('\n') // behind the encoder's own
	e.flush()
}

// pulse shows that the stream lives.
func (e *eventStream) pulse() {
	e.buf.Reset()
	e.buf.WriteString(":\n\n")
	e.flush()
}

// flush writes what has been put together; a client that is gone ends the context.
func (e *eventStream) flush() {
	_ = e.control.SetWriteDeadline(time.Now().Add(e.timeout)) // what has none never waits for its client
	_, err := e.w.Write(e.buf.Bytes())
	if err == nil {
		err = e.control.Flush()
	}
	if err != nil {
		e.leave()
	}
}

// end takes the deadline off: the connection may serve further requests.
func (e *eventStream) end() { _ = e.control.SetWriteDeadline(time.Time{}) }

// prefersEvents says whether a client asks for a stream of events rather than for JSON.
func prefersEvents(accept string) bool {
	weight := map[string]float64{}
	for entry := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(entry)
		if err != nil {
			continue
		}
		q := 1.0
		if text, given := params["q"]; given {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				q = 0
			}
		}
		weight[kind] = max(weight[kind], q)
	}
	events := weight["text/event-stream"]
	return events > 0 && events >= weight["application/json"]
}
