package llm

import (
	"bytes"
	"errors"
	"io"
)

const (
	// firstLineBuffer holds the lines of a usual stream, of about 150 bytes.
	firstLineBuffer = 2 << 10
	// maxLine is what Ollama's own client allows a line to be.
	maxLine = 8 << 20
)

var errLineTooLong = errors.New("a line is over 8 MiB")

// lineReader cuts a stream of bytes into lines, wherever the reads break it. Its
// buffer grows with the longest line and is never copied out of.
type lineReader struct {
	r    io.Reader
	max  int
	buf  []byte
	read int // where the next line begins in buf
	seen int // up to where buf holds no line end
	err  error
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: r, max: maxLine, buf: make([]byte, 0, firstLineBuffer)}
}

// next returns a line without its end ("\n" or "\r\n"), valid until the call after.
// What follows the last line end counts as a line; then comes io.EOF. If reading
// fails otherwise, the unfinished line is not returned.
func (l *lineReader) next() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.seen:], '\n'); i >= 0 {
			line := l.buf[l.read : l.seen+i]
			l.read = l.seen + i + 1
			l.seen = l.read
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		l.seen = len(l.buf)
		if l.err != nil {
			rest := l.buf[l.read:]
			l.read = len(l.buf)
			if errors.Is(l.err, io.EOF) && len(rest) > 0 {
				return bytes.TrimSuffix(rest, []byte("\r")), nil
			}
			return nil, l.err
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
}

// exhausted says that nothing follows the line returned last.
func (l *lineReader) exhausted() bool { return l.err != nil && l.read == len(l.buf) }

// fill reads once, after having made room.
func (l *lineReader) fill() error {
	if l.read > 0 {
		n := copy(l.buf, l.buf[l.read:])
		l.buf = l.buf[:n]
		l.seen -= l.read
		l.read = 0
	}
	if len(l.buf) >= l.max {
		l.err = errLineTooLong
		return l.err
	}
	if len(l.buf) == cap(l.buf) {
		bigger := make([]byte, len(l.buf), min(2*cap(l.buf), l.max))
		copy(bigger, l.buf)
		l.buf = bigger
	}
	n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
	l.buf = l.buf[:len(l.buf)+n]
	l.err = err
	return nil
}
