package cluster

// stream is one end of a connection over messages that may be lost, come twice or out of
// order: what is written at one end is read at the other, once and in order. It has no
// clock, no goroutine and does no I/O: whoever owns it hands it the segments that come,
// and sends those that it wants sent. Not safe for concurrent use.
//
// It works as TCP does. Every byte has an offset, and so has the end, behind the last. The
// receiver says how far it has come (ack) and how far the sender may go (limit), which
// moves as bytes are read, so that a reader who is slow holds the writer back.
type stream struct {
	// What is sent.
	out     []byte // written, and not known to be received
	written uint64 // offset behind the last byte of out
	closed  bool   // whether nothing more will be written: the end follows
	sent    uint64 // offset that has been sent up to
	acked   uint64 // offset that the other end has received up to
	allowed uint64 // offset that bytes may be sent up to

	// What is received.
	in       []byte // to be read
	received uint64 // offset received up to
	ended    bool   // whether the end is among that
	told     uint64 // limit that the other end was told last

	// What the other end is to be told: how far this one has come, with what is sent next
	// or by itself, and that something was missed.
	ackDue, ackNow, missed bool
}

// window is how much one end may send ahead of what the other has read, and how much it
// keeps of what was written: about as much as a socket's buffers.
const window = 128 << 10

// newStream is an end whose other end is new as well.
func newStream() stream { return stream{allowed: window, told: window} }

// write takes what there is room for.
func (s *stream) write(b []byte) int {
	n := min(len(b), window-len(s.out))
	s.out = append(s.out, b[:n]...)
	s.written += uint64(n)
	return n
}

// read hands over what has come.
func (s *stream) read(b []byte) int {
	n := copy(b, s.in)
	s.consume(n)
	return n
}

func (s *stream) consume(n int) {
	if s.in = s.in[n:]; len(s.in) == 0 {
		s.in = nil // an idle connection holds no buffer
	}
	if s.limit()-s.told >= window/4 {
		s.ackNow = true // worth a message of its own
	}
}

// close says that nothing more is written or read.
func (s *stream) close() {
	s.closed = true
	s.consume(len(s.in))
}

// limit is the offset that the other end may send up to.
func (s *stream) limit() uint64 { return s.received - uint64(len(s.in)) + window }

// end is the offset behind all that there is to send.
func (s *stream) end() uint64 {
	if s.closed {
		return s.written + 1
	}
	return s.written
}

// unacked says whether something is on its way that the other end may not have.
func (s *stream) unacked() bool { return s.sent > s.acked }

// finished says whether the other end has received the end.
func (s *stream) finished() bool { return s.closed && s.acked == s.end() }

// resend sends again what the other end may not have.
func (s *stream) resend() { s.sent = s.acked }

// receive takes up what the other end says.
func (s *stream) receive(g *segment) {
	if g.ack > s.acked && g.ack <= s.end() {
		s.acked = g.ack
		s.sent = max(s.sent, s.acked)
		// The end takes no room in out.
		if s.out = s.out[len(s.out)-int(s.written-min(s.acked, s.written)):]; len(s.out) == 0 {
			s.out = nil
		}
	}
	s.allowed = max(s.allowed, g.limit)
	if g.flags&flagAgain != 0 {
		s.resend()
	}
	if g.offset > s.received {
		// It has sent more than has come. The sender's own clock may not tell it so while it
		// sends on, be it only answers.
		s.missed, s.ackNow = true, true
		return
	}
	last := g.flags&flagEnd != 0
	if len(g.data) == 0 && !last {
		return
	}
	s.ackDue = true
	if s.ended {
		return
	}
	fresh := g.data[min(s.received-g.offset, uint64(len(g.data))):]
	if most := s.limit() - s.received; uint64(len(fresh)) > most {
		fresh, last = fresh[:most], false // it sends more than it may
	}
	s.received += uint64(len(fresh))
	s.in = append(s.in, fresh...)
	if s.closed {
		s.consume(len(s.in))
	}
	if last && s.received == g.offset+uint64(len(g.data)) {
		s.received++
		s.ended = true
	}
}

// next is what is to be sent now; ok is false where that is nothing. Its data is valid
// until the stream is used again.
func (s *stream) next() (g segment, ok bool) {
	g.offset = s.sent
	if s.sent < s.written && s.sent < s.allowed {
		from := len(s.out) - int(s.written-s.sent)
		n := min(len(s.out)-from, maxSegment)
		n = int(min(uint64(n), s.allowed-s.sent))
		g.data = s.out[from : from+n]
		s.sent += uint64(n)
	}
	if s.closed && s.sent == s.written {
		g.flags |= flagEnd
		s.sent++
	}
	if len(g.data) == 0 && g.flags == 0 && !s.ackNow {
		return g, false
	}
	s.sign(&g)
	return g, true
}

// sign adds to a segment how far this end has come.
func (s *stream) sign(g *segment) {
	if s.missed {
		g.flags |= flagAgain
	}
	g.ack, g.limit = s.received, s.limit()
	s.told, s.ackDue, s.ackNow, s.missed = g.limit, false, false, false
}
