package cluster

import (
	"encoding/binary"
	"errors"
)

// A segment is what one end of a Conn says to the other, in one message. Each carries how
// far its sender has come, so that any of them may be lost.
type segment struct {
	conn   connID
	from   string // the instance that sends it
	flags  flags
	offset uint64 // of data's first byte among all that the sender sends; without data, what it has sent up to
	ack    uint64 // the offset that is received up to
	limit  uint64 // the offset that may be sent up to
	data   []byte
}

// connID names a Conn to both ends.
type connID [16]byte

type flags uint8

const (
	flagOpen  flags = 1 << iota // asks for a new Conn
	flagEnd                     // data is the last
	flagReset                   // the Conn is over, whatever is on its way
	flagAgain                   // something may have been missed: send again from ack
	flagAway                    // the sender's instance is going away
)

// maxSegment is how much data a segment holds. A message is one allocation in Redis, and
// one write.
const maxSegment = 64 << 10

// append encodes a segment.
func (s *segment) append(b []byte) []byte {
	b = append(b, s.conn[:]...)
	b = append(b, byte(len(s.from)))
	b = append(b, s.from...)
	b = append(b, byte(s.flags))
	b = binary.AppendUvarint(b, s.offset)
	b = binary.AppendUvarint(b, s.ack)
	b = binary.AppendUvarint(b, s.limit)
	return append(b, s.data...)
}

var errSegment = errors.New("not a segment")

// parseSegment decodes a segment; its data lies in b.
func parseSegment(b []byte) (s segment, err error) {
	if len(b) < len(s.conn)+1 {
		return s, errSegment
	}
	b = b[copy(s.conn[:], b):]
	n := int(b[0])
	if b = b[1:]; len(b) < n+1 {
		return s, errSegment
	}
	s.from, s.flags, b = string(b[:n]), flags(b[n]), b[n+1:]
	for _, v := range [...]*uint64{&s.offset, &s.ack, &s.limit} {
		var size int
		if *v, size = binary.Uvarint(b); size <= 0 {
			return s, errSegment
		}
		b = b[size:]
	}
	s.data = b
	return s, nil
}
