package server

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
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

// frameConn writes a frame at once, several that are ready together, and gives up a peer that
// does not take what it is sent.
//
// A frame that is larger than the write buffer, as those with sound are, comes from it in
// two pieces: the buffer, full, and the rest. The first waits for the second here. While more is
// set, whole frames wait as well, up to batchBytes, and all of them are one write.
//
// Each write has the whole time, also the library's own pings, pongs and closing frames: a
// deadline that was left from an earlier frame would break the connection at the first of
// them. A context's would cost a timer a frame.
//
// Write is called by one goroutine at a time, which the library sees to.
type frameConn struct {
	net.Conn
	timeout time.Duration

	// more says that another frame is about to be written.
	more atomic.Bool

	half   bool                      // what waits ends with the beginning of a frame
	wait   net.Buffers               // to be written
	bytes  int                       // of wait
	copies []*[writeBufferBytes]byte // those of wait that lie in spare memory
}

// batchBytes is how much may wait to be written together: little enough for a slow peer to take
// in its time.
const batchBytes = 64 << 10

// spares are what frameConn copies the library's buffer to.
var spares = sync.Pool{New: func() any { return new([writeBufferBytes]byte) }}

// Write takes what the write buffer hands down: the library's buffer itself, or the rest of a
// frame, which is larger.
func (c *frameConn) Write(p []byte) (int, error) {
	begins := !c.half && len(p) == writeBufferBytes && frameBytes(p) > uint64(len(p))
	if !begins && len(c.wait) == 0 && !c.more.Load() {
		if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
			return 0, err
		}
		return c.Conn.Write(p)
	}
	piece := p
	if len(p) <= writeBufferBytes { // the buffer, which is used again
		spare := spares.Get().(*[writeBufferBytes]byte)
		c.copies = append(c.copies, spare)
		piece = spare[:copy(spare[:], p)]
	}
	c.wait, c.bytes, c.half = append(c.wait, piece), c.bytes+len(p), begins
	if begins || c.more.Load() && c.bytes < batchBytes {
		return len(p), nil
	}
	return len(p), c.flush()
}

// flush writes what waits.
func (c *frameConn) flush() error {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return err
	}
	all := c.wait
	_, err := all.WriteTo(c.Conn)
	for i, spare := range c.copies {
		spares.Put(spare)
		c.copies[i] = nil
	}
	clear(c.wait)
	c.wait, c.bytes, c.copies = c.wait[:0], 0, c.copies[:0]
	return err
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
