package server

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// recording is a connection that keeps what is written.
type recording struct {
	net.Conn
	bytes.Buffer
}

func (r *recording) Write(p []byte) (int, error)      { return r.Buffer.Write(p) }
func (r *recording) Read(p []byte) (int, error)       { return r.Buffer.Read(p) }
func (r *recording) SetWriteDeadline(time.Time) error { return nil }

// writeFrame writes a frame as the library does: the header, the payload, and then all of
// it is to be sent.
func writeFrame(w *bufio.Writer, payload []byte) error {
	header := []byte{0x82, byte(len(payload))}
	switch {
	case len(payload) > 1<<16-1:
		header = binary.BigEndian.AppendUint64([]byte{0x82, 127}, uint64(len(payload)))
	case len(payload) > 125:
		header = binary.BigEndian.AppendUint16([]byte{0x82, 126}, uint16(len(payload)))
	}
	for _, p := range [][]byte{header, payload} {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Flush()
}

// Whatever the sizes of the frames, what leaves is what was written, and nothing of a frame
// that has been flushed is kept back.
func TestFrameConn(t *testing.T) {
	var plain bytes.Buffer
	r := &recording{}
	conn := &frameConn{Conn: r, timeout: time.Second}
	want, got := bufio.NewWriter(&plain), bufio.NewWriterSize(conn, writeBufferBytes)
	for round := range 2 {
		for _, size := range []int{0, 1, 125, 126, 1018, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 2040, 2044, 2048, 12812, 65535, 65536, 70000, 262144} {
			payload := bytes.Repeat([]byte{byte(size + round)}, size)
			if err := writeFrame(want, payload); err != nil {
				t.Fatal(err)
			}
			if err := writeFrame(got, payload); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(r.Bytes(), plain.Bytes()) {
				t.Fatalf("after a frame of %d bytes, %d bytes have left, which are not the %d that were written", size, r.Len(), plain.Len())
			}
		}
	}
}

// Frames that are ready together leave together, in order, and in writes that a slow peer can
// take; what comes between them, as a pong does, leaves with them.
func TestFrameConnBatches(t *testing.T) {
	var plain bytes.Buffer
	r := &recording{}
	conn := &frameConn{Conn: r, timeout: time.Second}
	want, got := bufio.NewWriter(&plain), bufio.NewWriterSize(conn, writeBufferBytes)
	for round := range 50 {
		sizes := []int{300, 12812, 1020, 2, 2044, 5000 + round, 1024, 90}
		for i, size := range sizes {
			conn.more.Store(i < len(sizes)-1)
			payload := bytes.Repeat([]byte{byte(size + round)}, size)
			for _, w := range []*bufio.Writer{want, got} {
				if err := writeFrame(w, payload); err != nil {
					t.Fatal(err)
				}
			}
			clear(got.AvailableBuffer()[:writeBufferBytes]) // it is used again
			if i < len(sizes)-1 && r.Len() == plain.Len() {
				t.Fatalf("frame %d of a batch left by itself", i)
			}
		}
		if !bytes.Equal(r.Bytes(), plain.Bytes()) {
			t.Fatalf("round %d: %d bytes have left, which are not the %d that were written", round, r.Len(), plain.Len())
		}
	}
	before := r.Len()
	conn.more.Store(true)
	for range 10 {
		if err := writeFrame(got, make([]byte, 12812)); err != nil {
			t.Fatal(err)
		}
	}
	if waits := 10*12816 - (r.Len() - before); waits >= batchBytes {
		t.Errorf("%d bytes wait", waits)
	}
}

// A frame of 200 ms of sound over TCP: as one write, which is the floor, through the small
// buffer, and through the small buffer and frameConn.
func BenchmarkSoundFrame(b *testing.B) {
	payload := make([]byte, 12+32000*2/5)
	for _, bb := range []struct {
		name  string
		write func(conn net.Conn) func() error
	}{
		{"floor", func(conn net.Conn) func() error {
			frame := append([]byte{0x82, 126, byte(len(payload) >> 8), byte(len(payload))}, payload...)
			return func() error { _, err := conn.Write(frame); return err }
		}},
		{"small buffer", func(conn net.Conn) func() error {
			w := bufio.NewWriterSize(conn, writeBufferBytes)
			return func() error { return writeFrame(w, payload) }
		}},
		{"frameConn", func(conn net.Conn) func() error {
			w := bufio.NewWriterSize(&frameConn{Conn: conn, timeout: time.Minute}, writeBufferBytes)
			return func() error { return writeFrame(w, payload) }
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			go func() {
				if c, err := l.Accept(); err == nil {
					_, _ = io.Copy(io.Discard, c)
					c.Close()
				}
			}()
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			write := bb.write(conn)
			b.ReportAllocs()
			for b.Loop() {
				if err := write(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
