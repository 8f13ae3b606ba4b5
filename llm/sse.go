package llm

import (
	"bytes"
	"errors"
	"io"
)

// eventReader cuts a stream of server-sent events into their data. Comments and
// all fields but data are passed over, as is an event without data.
type eventReader struct {
	lines *lineReader
	data  []byte // the event so far, or the one returned last
	begun bool   // this is not the first line of the stream
	ended error
}

func newEventReader(r io.Reader) *eventReader {
	return &eventReader{lines: newLineReader(r)}
}

var (
	byteOrderMark = []byte("\xef\xbb\xbf")
	dataField     = []byte("data")
)

// next returns the data of an event, valid until the call after, then io.EOF. An
// event that the end of the stream cuts off before its blank line still counts, for
// servers leave the last blank line out; one that an error cuts off does not.
func (e *eventReader) next() ([]byte, error) {
	if e.ended != nil {
		return nil, e.ended
	}
	e.data = e.data[:0]
	found := false
	for {
		line, err := e.lines.next()
		switch {
		case errors.Is(err, io.EOF) && found:
			e.ended = err
			return e.data, nil
		case err != nil:
			e.ended = err
			return nil, err
		}
		if !e.begun {
			e.begun = true
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if len(line) == 0 {
			if found {
				return e.data, nil
			}
			continue
		}
		value, ok := dataOf(line)
		if !ok {
			continue
		}
		if found {
			e.data = append(e.data, '\n')
		}
		found = true
		e.data = append(e.data, value...)
		if len(e.data) > e.lines.max {
			e.ended = errLineTooLong
			return nil, e.ended
		}
	}
}

// dataOf returns the value of a data field, without the one space that may follow
// the colon.
func dataOf(line []byte) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(line, dataField)
	if !ok {
		return nil, false
	}
	if len(rest) == 0 {
		return rest, true
	}
	rest, ok = bytes.CutPrefix(rest, []byte(":"))
	if !ok {
		return nil, false
	}
	return bytes.TrimPrefix(rest, []byte(" ")), true
}
