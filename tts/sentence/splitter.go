package sentence

import "unicode/utf8"

// Splitter cuts streamed text into sentences. The zero value splits into sentences
// only. A Splitter belongs to one goroutine at a time.
type Splitter struct {
	// FirstClause lets the first fragment end at a clause boundary, if what is before
	// it has 6 syllables or more. Set it before the first Push of a text.
	FirstClause bool

	// buf[start:] is the text not handed out yet, and buf[pos:] that part of it which
	// has not been read: a rune that is not whole, or what a run waits for.
	buf        []byte
	start, pos int

	piece piece   // the piece that begins at start
	line  line    // the line that is being read
	nest  nesting // the marks that are open
	run   run     // the terminators just read, while their verdict is open
	feed  feed

	prev      rune // last rune read, combining marks left out
	prevClass class
	solid     class // class of the last one that was not white space
	link      bool  // the word being read is a URL or an e-mail address
	syllables int   // of the text so far
	vowel     bool  // the last letter has been counted as a syllable
	cries     bool  // a run like ?! has been seen
	trails    bool  // a run like ... has been seen
	emitted   bool  // a piece has been handed out
	list      int   // number of the last list mark
}

// New makes a Splitter with room for a piece of usual length, so that even its first
// tokens need no allocation.
func New() *Splitter { return &Splitter{buf: make([]byte, 0, 1024)} }

// Push adds a token and returns the pieces that it ended: nil, without an
// allocation, if there are none. A token may be cut anywhere, even inside a rune.
func (s *Splitter) Push(token string) []string {
	s.feed.observe(token)
	s.buf = append(s.buf, token...)
	return s.scan(more)
}

// Pause says that the stream has brought nothing for 80 ms, and returns the piece
// that only waited to see what follows; nil if nothing did.
func (s *Splitter) Pause() []string {
	if !s.run.open {
		return nil
	}
	return s.scan(paused)
}

// Held tells whether the text so far ends in something that only waits for what
// follows, so that Pause would return it.
func (s *Splitter) Held() bool {
	return s.run.open && s.judge(lookAt(s.buf[s.pos:], paused)) == ends
}

// Flush says that the stream has ended and returns everything that is left. The
// Splitter is then ready for a new text.
func (s *Splitter) Flush() []string {
	out := s.scan(ended)
	if s.start < len(s.buf) {
		rest := string(s.buf[s.start:])
		if n := len(out); n > 0 && !s.piece.letters {
			out[n-1] += rest // white space or marks: no piece of their own
		} else {
			out = append(out, rest)
		}
	}
	*s = Splitter{FirstClause: s.FirstClause, buf: s.buf[:0]}
	return out
}

// scan reads what is known of the text, up to the end of it or to a run whose
// verdict has to wait.
func (s *Splitter) scan(e edge) (out []string) {
	for {
		r, size := s.peek(e)
		if s.run.open {
			if size > 0 && s.extend(r) {
				s.pos += size
				s.run.end = s.pos
				continue
			}
			v := s.judge(lookAt(s.buf[s.pos:], e))
			if v == undecided || v == goesOn && e == paused {
				break
			}
			if v == ends {
				out = append(out, s.cut())
			} else {
				s.pass()
			}
			s.run = run{}
			continue
		}
		if size == 0 {
			break
		}
		s.pos += size
		s.read(r)
		if at, ok := s.overlong(); ok {
			out = append(out, s.cutAt(at))
		}
	}
	s.compact()
	return out
}

// peek gives the next rune and its size, zero if it is not there or not whole.
func (s *Splitter) peek(e edge) (rune, int) {
	rest := s.buf[s.pos:]
	if len(rest) == 0 {
		return 0, 0
	}
	if rest[0] < utf8.RuneSelf {
		return rune(rest[0]), 1
	}
	if e != ended && !utf8.FullRune(rest) {
		return 0, 0
	}
	return utf8.DecodeRune(rest)
}

// cut hands out the piece up to the end of the run.
func (s *Splitter) cut() string {
	text := string(s.buf[s.start:s.run.end])
	s.start = s.run.end
	s.piece = piece{}
	s.emitted = true
	return text
}

// cutAt hands out the piece up to a boundary inside it.
func (s *Splitter) cutAt(b boundary) string {
	text := string(s.buf[s.start:b.at])
	s.start = b.at
	s.piece.leave(b)
	s.emitted = true
	return text
}

// compact moves what is left to the front of the buffer.
func (s *Splitter) compact() {
	if s.start == 0 {
		return
	}
	n := s.start
	s.buf = s.buf[:copy(s.buf, s.buf[n:])]
	s.start = 0
	s.pos -= n
	s.run.end -= n
	s.run.start -= n
	s.piece.clause.at -= n
	s.piece.space.at -= n
}
