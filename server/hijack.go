package server

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"time"

	"github.com/gin-gonic/gin"
)

// Buffers of a WebSocket. net/http's own are 4 KiB each way, which a thousand idle
// listeners would hold for nothing: a client's events and the server's tokens are a few
// hundred bytes, and what is larger passes a full buffer by.
const (
	readBufferBytes  = 1 << 10
	writeBufferBytes = 1 << 10
)

// smallHijacker hands over a connection with small buffers, and with a time for each
// write.
//
// It embeds gin's writer rather than http's: Accept must find the method by which gin
// sends a status at once.
type smallHijacker struct {
	gin.ResponseWriter
	writeTimeout time.Duration
	conn         net.Conn // set by Hijack
}

// Hijack takes the connection over from net/http, with what it has read ahead.
func (h *smallHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := h.ResponseWriter.Hijack()
	if err != nil {
		return nil, nil, err
	}
	conn = timedConn{conn, h.writeTimeout}
	h.conn = conn
	ahead, err := rw.Peek(rw.Reader.Buffered())
	if err != nil {
		return nil, nil, err
	}
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(ahead)), conn), max(readBufferBytes, len(ahead)))
	// What was read ahead must lie in the new buffer: Accept takes it from there, and the
	// rest straight from the connection.
	if _, err := in.Peek(len(ahead)); err != nil {
		return nil, nil, err
	}
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, writeBufferBytes)), nil
}

// timedConn gives up a peer that does not take what it is sent. Each write has the whole
// time, also the library's own pings, pongs and closing frames: a deadline that was left
// from an earlier frame would break the connection at the first of them. A context's
// would cost a timer a frame.
type timedConn struct {
	net.Conn
	timeout time.Duration
}

func (c timedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
