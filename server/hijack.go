package server

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
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
	conn         *frameConn // set by Hijack
}

// Hijack takes the connection over from net/http, with what it has read ahead.
func (h *smallHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	raw, rw, err := h.ResponseWriter.Hijack()
	if err != nil {
		return nil, nil, err
	}
	conn := &frameConn{Conn: raw, timeout: h.writeTimeout}
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

// frameConn writes a frame at once, and gives up a peer that does not take what it is sent.
//
// A frame that is larger than the write buffer, as those with sound are, comes from it in
// two pieces: the buffer, full, and the rest. The first waits for the second here, and both
// are one write.
//
// Each write has the whole time, also the library's own pings, pongs and closing frames: a
// deadline that was left from an earlier frame would break the connection at the first of
// them. A context's would cost a timer a frame.
//
// Write is called by one goroutine at a time, which the library sees to.
type frameConn struct {
	net.Conn
	timeout time.Duration

	held   *[writeBufferBytes]byte // the beginning of a frame; nil for none
	pieces [2][]byte               // scratch of Write
}

// heads are spare frameConn.held.
var heads = sync.Pool{New: func() any { return new([writeBufferBytes]byte) }}

// Write takes what the write buffer hands down. It is at the beginning of a frame, unless
// one is held.
func (c *frameConn) Write(p []byte) (int, error) {
	if c.held == nil && len(p) == writeBufferBytes && frameBytes(p) > uint64(len(p)) {
		c.held = heads.Get().(*[writeBufferBytes]byte)
		return copy(c.held[:], p), nil
	}
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	if c.held == nil {
		return c.Conn.Write(p)
	}
	c.pieces = [2][]byte{c.held[:], p}
	both := net.Buffers(c.pieces[:])
	n, err := both.WriteTo(c.Conn)
	heads.Put(c.held)
	c.held, c.pieces = nil, [2][]byte{}
	return max(0, int(n)-writeBufferBytes), err
}

// frameBytes is the length of the unmasked frame (RFC 6455, section 5.2) that begins with
// p, of ten bytes or more.
func frameBytes(p []byte) uint64 {
	switch n := uint64(p[1] & 0x7f); n {
	case 126:
		return 4 + uint64(binary.BigEndian.Uint16(p[2:]))
	case 127:
		return 10 + binary.BigEndian.Uint64(p[2:])
	default:
		return 2 + n
	}
}
